/* SPDX-License-Identifier: BSD-2-Clause */
/* Environment variables, each read once. */
#include "base/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/parse.h"

struct option_row {
	const char *name;
	const char *values;
};

static const struct option_row rows[MK_OPTION_COUNT] = {
#define OPTION_ROW(id, variable, values) [MK_OPTION_##id] = {variable, values},
	MK_OPTIONS(OPTION_ROW)
#undef OPTION_ROW
};

/* NULL: not read yet; `absent`: read, and not set. */
static _Atomic(const char *) texts[MK_OPTION_COUNT];
static const char absent[] = "";

/* Copies of texts, one behind the other. */
static char kept[8192];
static _Atomic size_t kept_size;

bool mk_options_are_there(void)
{
	return environ != NULL;
}

/* Programs put other things where their environment was. A text that is too long stays where it is. */
static const char *keep(const char *text)
{
	size_t size = strlen(text) + 1;
	size_t start = atomic_fetch_add_explicit(&kept_size, size, memory_order_relaxed);

	if (start + size > sizeof(kept))
		return text;
	return memcpy(kept + start, text, size);
}

const char *mk_option_text(enum mk_option option)
{
	const char *text = atomic_load_explicit(&texts[option], memory_order_acquire);

	if (text == NULL && mk_options_are_there()) {
		text = secure_getenv(rows[option].name);
		text = text == NULL ? absent : keep(text);
		/* Pairs with the acquire above: another thread finds the copy complete. */
		atomic_store_explicit(&texts[option], text, memory_order_release);
	}
	return text == absent ? NULL : text;
}

const char *mk_option_name(enum mk_option option)
{
	return rows[option].name;
}

const char *mk_option_values(enum mk_option option)
{
	return rows[option].values;
}

void mk_option_log_refusal(enum mk_option option)
{
	mk_log_error("%s=\"%.64s\" refused: allowed is %s", mk_option_name(option),
		     mk_option_text(option), mk_option_values(option));
}

bool mk_option_is_on(enum mk_option option)
{
	const char *text = mk_option_text(option);

	return text != NULL && strcmp(text, "1") == 0;
}

bool mk_option_begins(enum mk_option option, char character)
{
	const char *text = mk_option_text(option);

	return text != NULL && text[0] == character;
}

int mk_option_number(enum mk_option option, uint64_t *ret_number)
{
	const char *text = mk_option_text(option);
	uint64_t number = 0;

	if (text == NULL)
		return 0;
	if (text[0] != '\0' && (!isdigit((unsigned char)text[strlen(text) - 1]) ||
				mk_parse_number(text, 10, &number) != 0 || number > UINT32_MAX))
		return -EINVAL;
	*ret_number = number;
	return 0;
}

static void say_what_has_no_effect(void)
{
	const char *debug = mk_option_text(MK_OPTION_DEBUG);

	if (debug != NULL && !mk_option_debug())
		mk_log_warning("debug option \"%.64s\" is not known: %s is 1, or off", debug,
			       mk_option_name(MK_OPTION_DEBUG));
	for (enum mk_option option = MK_OPTION_NONE + 1; option < MK_OPTION_COUNT; option++)
		if (mk_option_text(option) != NULL && mk_option_values(option) == NULL)
			mk_log_info("%s has no effect.", mk_option_name(option));
}

void mk_options_check(void)
{
	static atomic_flag is_checked = ATOMIC_FLAG_INIT;
	const enum mk_option option = MK_OPTION_BACKGROUND_THREAD_LIMIT;
	uint64_t limit;

	if (!mk_options_are_there() || atomic_flag_test_and_set(&is_checked))
		return;
	say_what_has_no_effect();
	if (mk_option_number(option, &limit) != 0)
		mk_die("MEMKIND_FATAL: %s=\"%.64s\" refused: allowed is %s", mk_option_name(option),
		       mk_option_text(option), mk_option_values(option));
}
