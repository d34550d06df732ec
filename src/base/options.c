/* SPDX-License-Identifier: BSD-2-Clause */
/* Environment variables, each read once. */
#include "base/options.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

const char *mk_option_text(enum mk_option option)
{
	const char *text = atomic_load_explicit(&texts[option], memory_order_relaxed);

	if (text == NULL) {
		text = secure_getenv(rows[option].name);
		if (text == NULL)
			text = absent;
		atomic_store_explicit(&texts[option], text, memory_order_relaxed);
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

void mk_options_check(void)
{
	const char *text = mk_option_text(MK_OPTION_BACKGROUND_THREAD_LIMIT);
	uint64_t limit;

	if (text == NULL || text[0] == '\0')
		return;
	if (mk_parse_number(text, 10, &limit) != 0 || limit > UINT32_MAX)
		mk_die("MEMKIND_FATAL: %s=\"%.64s\" refused: allowed is %s",
		       mk_option_name(MK_OPTION_BACKGROUND_THREAD_LIMIT), text,
		       mk_option_values(MK_OPTION_BACKGROUND_THREAD_LIMIT));
}
