/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libautohbw.so.0: blocks of certain sizes are of high bandwidth, or of another kind that the
 * environment names; the rest is of MEMKIND_DEFAULT.
 */
#include <ctype.h>
#include <memkind.h>
#include <memkind_ng.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bits.h"
#include "base/log.h"
#include "base/options.h"
#include "preload/export.h"
#include "preload/names.h"
#include "preload/range.h"
#include "preload/refuse.h"

/* What AUTO_HBW_LOG may be; less is silence. */
enum {
	LOG_WARNINGS = 0,
	LOG_DEFAULT = 1,
	LOG_CALLS = 2,
};

enum { LINE_SIZE = 128, TRIAL_SIZE = 16 };

/*
 * Written by the first call that finds an environment, which is a call of the only thread: to start
 * another one allocates. Until then the kind is NULL.
 */
static memkind_t chosen_kind;
static struct mk_range chosen_sizes = {.least = 0, .most = SIZE_MAX};
static int log_level = LOG_DEFAULT;
static _Atomic bool is_disabled;

static void warn(enum mk_option option, const char *what)
{
	if (log_level >= LOG_WARNINGS)
		mk_log_warning("%s=\"%.64s\": %s", mk_option_name(option), mk_option_text(option),
			       what);
}

static memkind_t read_kind(void)
{
	const char *name = mk_option_text(MK_OPTION_AUTO_HBW_MEM_TYPE);
	char why[1024];
	memkind_t kind = name == NULL ? NULL : mk_kind_named(name, why, sizeof(why));

	if (kind != NULL)
		return kind;
	if (name != NULL)
		warn(MK_OPTION_AUTO_HBW_MEM_TYPE, why);
	if (memkind_check_available(MEMKIND_HBW) == 0)
		return MEMKIND_HBW_PREFERRED;
	if (log_level >= LOG_WARNINGS)
		mk_log_warning("there is no memory of high bandwidth: memkind_default is used");
	return MEMKIND_DEFAULT;
}

/* A number of bytes; a letter other than K, M and G means nothing. */
static bool take_limit(const char **text, size_t *ret_bytes)
{
	if (!mk_take_bytes(text, ret_bytes))
		return false;
	if (isdigit((unsigned char)(*text)[-1]))
		*text += isalpha((unsigned char)**text) != 0;
	return true;
}

/* "x", "x:" or "x:y", from x to y. False: TEXT is no such text. */
static bool parse_sizes(const char *text, struct mk_range *ret_range)
{
	struct mk_range range = {.most = SIZE_MAX};

	if (!take_limit(&text, &range.least))
		return false;
	text += *text == ':';
	if (text[-1] == ':' && *text != '\0' && !take_limit(&text, &range.most))
		return false;
	*ret_range = range;
	return *text == '\0';
}

static struct mk_range read_sizes(void)
{
	static const struct mk_range nothing = {.least = SIZE_MAX, .most = SIZE_MAX};
	struct mk_range range = {.least = MK_MIB, .most = SIZE_MAX};
	const char *text = mk_option_text(MK_OPTION_AUTO_HBW_SIZE);

	if (text != NULL && !parse_sizes(text, &range))
		mk_refuse(MK_OPTION_AUTO_HBW_SIZE, NULL);
	if (range.least < range.most)
		return range;
	warn(MK_OPTION_AUTO_HBW_SIZE, "no size is in this range");
	return nothing;
}

static MK_COLD void read_environment(void)
{
	const char *level = mk_option_text(MK_OPTION_AUTO_HBW_LOG);
	char status[512];
	void *block;

	if (level != NULL)
		log_level = (int)strtol(level, NULL, 10);
	chosen_sizes = read_sizes();
	/* Before anything that might allocate, and come here again. */
	chosen_kind = read_kind();
	block = memkind_malloc(chosen_kind, TRIAL_SIZE);
	if (block == NULL) {
		memkind_ng_kind_status(chosen_kind, status, sizeof(status));
		mk_die("libautohbw: no memory of the kind that AUTO_HBW_MEM_TYPE names: it is %s",
		       status);
	}
	memkind_free(NULL, block);
}

static __attribute__((noinline)) memkind_t choose_kind(size_t size)
{
	if (chosen_kind == NULL && mk_options_are_there())
		read_environment();
	if (chosen_kind == NULL || !mk_range_has(&chosen_sizes, size) ||
	    atomic_load_explicit(&is_disabled, memory_order_relaxed))
		return MEMKIND_DEFAULT;
	return chosen_kind;
}

static inline memkind_t kind_for(size_t size)
{
	return mk_range_has(&chosen_sizes, size) ? choose_kind(size) : MEMKIND_DEFAULT;
}

/* What is wrong with the environment is found in a program that allocates nothing, too. */
__attribute__((constructor)) static void start(void)
{
	if (chosen_kind == NULL)
		choose_kind(1);
}

void mk_enable(void) MK_NAMED("enableAutoHBW");
void mk_enable(void)
{
	atomic_store_explicit(&is_disabled, false, memory_order_relaxed);
}

void mk_disable(void) MK_NAMED("disableAutoHBW");
void mk_disable(void)
{
	atomic_store_explicit(&is_disabled, true, memory_order_relaxed);
}

/* The words are those that programs look for. Returns BLOCK. */
static MK_COLD void *log_call(const char *call, size_t size, void *block)
{
	char line[LINE_SIZE];

	snprintf(line, sizeof(line), "In my memkind %s sz:%zu ptr:%p\n", call, size, block);
	mk_log_write(NULL, line);
	return block;
}

/* EXPRESSION, the block that a call is about; where it is not logged the end of a function. */
#define LOGGED(call, size, expression)                                                             \
	(MK_LIKELY(log_level < LOG_CALLS) ? (expression) : log_call(call, size, expression))

static inline void *mk_take(size_t size, const void *caller)
{
	(void)caller;
	return LOGGED("malloc", size, memkind_malloc(kind_for(size), size));
}

static inline void *mk_take_zeroed(size_t count, size_t size, const void *caller)
{
	size_t total;

	(void)caller;
	if (MK_UNLIKELY(!mk_multiply(count, size, &total)))
		total = SIZE_MAX;
	return LOGGED("calloc", total, memkind_calloc(kind_for(total), count, size));
}

static inline int mk_take_aligned(void **ret_block, size_t alignment, size_t size,
				  const void *caller)
{
	int error = memkind_posix_memalign(kind_for(size), ret_block, alignment, size);

	(void)caller;
	if (error == 0)
		LOGGED("align", size, *ret_block);
	return error;
}

static inline void *mk_resize(void *block, size_t size, const void *caller)
{
	(void)caller;
	return LOGGED("realloc", size, memkind_realloc(kind_for(size), block, size));
}

static inline void mk_give(void *block)
{
	memkind_free(NULL, LOGGED("free", 0, block));
}

static inline size_t mk_usable(void *block)
{
	return memkind_malloc_usable_size(NULL, block);
}

#include "preload/interpose.h"
