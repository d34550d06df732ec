/* SPDX-License-Identifier: BSD-2-Clause */
/* Cases: statistics, background threads, variables that are read at load. */
#include "compat.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MIB	     ((size_t)1 << 20)

static void say_stat(const char *key, memkind_t kind, memkind_stat_type type)
{
	size_t value = 12345;
	int code = api.memkind_get_stat(kind, type, &value);

	say(key, "%d, %s", code, value == 12345 ? "untouched" : value == 0 ? "0" : "a number");
}

static void say_stats_of(memkind_t kind, const char *name)
{
	char key[64];

	for (memkind_stat_type type = 0; type <= MEMKIND_STAT_TYPE_MAX_VALUE; type++) {
		snprintf(key, sizeof(key), "%s/%u", name, type);
		say_stat(key, kind, type);
	}
	snprintf(key, sizeof(key), "%s/-1", name);
	say_stat(key, kind, (memkind_stat_type)-1);
}

/* How much a statistic grows by what FILL allocates: "less" than asked for, "exact", or "more". */
static const char *growth(memkind_t kind, size_t block_size, size_t block_count)
{
	size_t wanted = block_size * block_count, before = 0, after = 0;
	void **blocks = calloc(block_count, sizeof(*blocks));

	api.memkind_update_cached_stats();
	api.memkind_get_stat(kind, MEMKIND_STAT_TYPE_ALLOCATED, &before);
	for (size_t i = 0; i < block_count; i++)
		blocks[i] = api.memkind_malloc(kind, block_size);
	api.memkind_update_cached_stats();
	api.memkind_get_stat(kind, MEMKIND_STAT_TYPE_ALLOCATED, &after);
	for (size_t i = 0; i < block_count; i++)
		api.memkind_free(kind, blocks[i]);
	free(blocks);
	if (after - before == wanted)
		return "exact";
	return after - before < wanted ? "less" : "more";
}

static void say_growth(const void *unused)
{
	static const char *const names[] = {"DEFAULT", "REGULAR"};
	char key[64];

	(void)unused;
	for (size_t i = 0; i < COUNT(names); i++) {
		memkind_t kind = kind_of(names[i]);

		api.memkind_free(kind, api.memkind_malloc(kind, 1));
		snprintf(key, sizeof(key), "%s/1024x1000", names[i]);
		say(key, "%s", growth(kind, 1024, 1000));
		snprintf(key, sizeof(key), "%s/32_MiB", names[i]);
		say(key, "%s", growth(kind, 32 * MIB, 1));
	}
}

static void say_new_kind(const void *unused)
{
	static char area[4 << 20];
	memkind_t kind = NULL;

	(void)unused;
	api.memkind_update_cached_stats();
	say("create", "%d", api.memkind_create_fixed(area, sizeof(area), &kind));
	say_stats_of(kind, "before_update");
	api.memkind_malloc(kind, 1000);
	say("update", "%d", api.memkind_update_cached_stats());
	say_stats_of(kind, "after_update");
}

/* What was printed: the whole of it, cut where there is no more room. */
static char printed[1 << 20];

static void take(void *opaque, const char *text)
{
	size_t length = strlen(printed);

	snprintf(printed + length, sizeof(printed) - length, "%s", text);
	++*(int *)opaque;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text);

	return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static void say_print(unsigned options)
{
	static const char *const parts[] = {"\"version\"", "\"merged\"",   "\"destroyed\"",
					    "\"bins\"",	   "\"lextents\"", "\"mutex",
					    "\"extents\""};
	bool is_json = (options & MEMKIND_STAT_PRINT_JSON_FORMAT) != 0;
	char found[COUNT(parts) + 1] = "";
	int calls = 0;
	char key[64];
	int code;

	printed[0] = '\0';
	code = api.memkind_stats_print(take, &calls, options);
	for (size_t i = 0; i < COUNT(parts); i++)
		found[i] = is_json && strstr(printed, parts[i]) != NULL ? '1' : '0';
	snprintf(key, sizeof(key), "print/%#x", options);
	say(key, "%d, printed %d, ends %d, parts %s", code, calls > 0,
	    is_json ? ends_with(printed, "}") || ends_with(printed, "}\n")
		    : ends_with(printed, "--- End jemalloc statistics ---\n"),
	    found);
}

static void say_prints(const void *unused)
{
	(void)unused;
	api.memkind_malloc(kind_of("REGULAR"), 100);
	api.memkind_update_cached_stats();
	say_print(MEMKIND_STAT_PRINT_ALL);
	for (unsigned bit = 1; bit <= 0x400; bit <<= 1) {
		say_print(bit);
		say_print(bit | MEMKIND_STAT_PRINT_JSON_FORMAT);
	}
	say_print(0x1ff);
	say_print(0x1fe);
	say_print(0x200);
	say_print((unsigned)-1);
}

void run_stats(const void *unused)
{
	(void)unused;
	if (is_absent(memkind_update_cached_stats))
		return;
	say_stats_of(kind_of("REGULAR"), "never_used");
	say_stats_of(NULL, "all");
	say("update", "%d", api.memkind_update_cached_stats());
	attempt("growth", say_growth, NULL);
	attempt("new_kind", say_new_kind, NULL);
	attempt("text", say_prints, NULL);
}

static int thread_count(void)
{
	DIR *list = opendir("/proc/self/task");
	int count = 0;

	for (const struct dirent *entry; list != NULL && (entry = readdir(list)) != NULL;)
		count += entry->d_name[0] != '.';
	if (list != NULL)
		closedir(list);
	return count;
}

static void say_background(const void *unused)
{
	(void)unused;
	api.memkind_free(NULL, api.memkind_malloc(kind_of("REGULAR"), 1000));
	say("on", "%d", api.memkind_set_bg_threads(true));
	say("has_threads", "%d", thread_count() > 1);
	say("on_again", "%d", api.memkind_set_bg_threads(true));
	say("off", "%d", api.memkind_set_bg_threads(false));
	say("off_again", "%d", api.memkind_set_bg_threads(false));
}

void run_load(const void *unused)
{
	void *block;

	(void)unused;
	block = api.memkind_malloc(kind_of("REGULAR"), 100);
	say("malloc", "%d", block != NULL);
	api.memkind_free(NULL, block);
	say("available", "%d", api.memkind_check_available(kind_of("REGULAR")));
	say("on", "%d", api.memkind_set_bg_threads(true));
	say("off", "%d", api.memkind_set_bg_threads(false));
}

/* Background threads, and the variables that count from the time of load. */
void run_background(const void *unused)
{
	static const char *const settings[] = {
		"MEMKIND_BACKGROUND_THREAD_LIMIT=0",
		"MEMKIND_BACKGROUND_THREAD_LIMIT=1",
		"MEMKIND_BACKGROUND_THREAD_LIMIT=",
		"MEMKIND_BACKGROUND_THREAD_LIMIT=-1",
		"MEMKIND_BACKGROUND_THREAD_LIMIT=abc",
		"MEMKIND_BACKGROUND_THREAD_LIMIT=2x",
		"MEMKIND_BACKGROUND_THREAD_LIMIT=4294967296",
		"MEMKIND_HOG_MEMORY=1",
		"MEMKIND_HOG_MEMORY=x",
		"MEMKIND_HEAP_MANAGER=JEMALLOC",
		"MEMKIND_HEAP_MANAGER=TBB",
		"MEMKIND_ARENA_NUM_PER_KIND=1",
		"MEMKIND_ARENA_NUM_PER_KIND=0",
		"MEMKIND_ARENA_NUM_PER_KIND=x",
		"MEMKIND_DEBUG=1",
		"MEMKIND_DEBUG=2",
		"JEMK_MALLOC_CONF=narenas:1",
	};

	(void)unused;
	attempt("threads", say_background, NULL);
	for (size_t i = 0; i < COUNT(settings); i++)
		attempt_anew(settings[i], "load");
}
