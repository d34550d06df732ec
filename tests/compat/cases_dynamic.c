/* SPDX-License-Identifier: BSD-2-Clause */
/* Cases: kinds that the program makes itself, on files and on areas. */
#include "compat.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MIB	     ((size_t)1 << 20)
#define STALE_KIND   ((memkind_t)1)

/* Where files of kinds are made. */
static const char *folder(void)
{
	const char *name = getenv("COMPAT_FOLDER");

	return name != NULL ? name : "/tmp";
}

static const char *outcome_of(memkind_t kind)
{
	if (kind == STALE_KIND)
		return "untouched";
	return kind == NULL ? "NULL" : "a kind";
}

/* Makes a kind, says what came of it, and ends it. */
static void say_pmem(const char *key, const char *directory, size_t size)
{
	memkind_t kind = STALE_KIND;
	int code;

	code = api.memkind_create_pmem(directory, size, &kind);
	if (code != MEMKIND_SUCCESS) {
		say(key, "%d, %s, errno %d", code, outcome_of(kind), errno);
		return;
	}
	say(key, "0, available %d, limit %zd", api.memkind_check_available(kind),
	    size == 0 || size >= SIZE_MAX - MIB ? -1 : api.memkind_get_capacity(kind));
	api.memkind_destroy_kind(kind);
}

static void say_sizes_of_pmem(const void *unused)
{
	static const size_t sizes[] = {
		0,
		1,
		4096,
		MIB,
		16 * MIB - 1,
		16 * MIB,
		16 * MIB + 1,
		16 * MIB + 4096,
		18 * MIB,
		64 * MIB,
		(size_t)1 << 40,
		SIZE_MAX - 1,
		SIZE_MAX,
	};
	char key[64];

	(void)unused;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		snprintf(key, sizeof(key), "%zu", sizes[i]);
		say_pmem(key, folder(), sizes[i]);
	}
}

static void say_folders(const void *unused)
{
	char text[PATH_MAX + 16];

	(void)unused;
	say_pmem("missing", "/nowhere/at/all", 16 * MIB);
	say_pmem("a_file", "/proc/self/exe", 16 * MIB);
	say_pmem("both_wrong", "/nowhere/at/all", 1);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	text[0] = '/';
	say_pmem("too_long", text, 16 * MIB);
	text[300] = '\0';
	say_pmem("name_too_long", text, 16 * MIB);
	say_pmem("read_only", "/proc", 16 * MIB);
}

static void say_null_folder(const void *unused)
{
	(void)unused;
	say_pmem("result", NULL, 16 * MIB);
}

static void say_limits(const void *unused)
{
	memkind_t kind = NULL;
	void *block;

	(void)unused;
	say("create", "%d", api.memkind_create_pmem(folder(), 16 * MIB + 4096, &kind));
	block = api.memkind_malloc(kind, 16 * MIB);
	say("16_MiB_of_16_MiB_and_a_page", "%d", block != NULL);
	say_block("2_MiB_more", api.memkind_malloc(kind, 2 * MIB));
	api.memkind_free(kind, block);
	block = api.memkind_malloc(kind, 16 * MIB);
	say("16_MiB_again", "%d", block != NULL);
	api.memkind_free(NULL, block);
	api.memkind_destroy_kind(kind);
	say("create_32", "%d", api.memkind_create_pmem(folder(), 32 * MIB, &kind));
	say("31_MiB_of_32", "%d", api.memkind_malloc(kind, 31 * MIB) != NULL);
	api.memkind_destroy_kind(kind);
	say("create_32_again", "%d", api.memkind_create_pmem(folder(), 32 * MIB, &kind));
	say_block("33_MiB_of_32", api.memkind_malloc(kind, 33 * MIB));
	say("destroy", "%d", api.memkind_destroy_kind(kind));
}

/* Sizes, contents, owners, zero sizes and overflow, in a kind of the program's own. */
static void say_use(memkind_t kind, bool is_pmem)
{
	static const size_t sizes[] = {1, 8, 100, 1000, 5000, 40000, MIB, 3 * MIB};
	char key[64];
	char *block;

	for (size_t i = 0; i < COUNT(sizes); i++) {
		memkind_t owner;

		block = api.memkind_malloc(kind, sizes[i]);
		if (block == NULL) {
			snprintf(key, sizeof(key), "use/%zu", sizes[i]);
			say(key, "NULL, errno %d", errno);
			continue;
		}
		memset(block, 3, sizes[i]);
		owner = api.memkind_detect_kind(block);
		snprintf(key, sizeof(key), "use/%zu", sizes[i]);
		say(key, "own %d, usable enough %d", owner == kind,
		    api.memkind_malloc_usable_size(NULL, block) >= sizes[i]);
		block = api.memkind_realloc(NULL, block, sizes[i] * 2);
		owner = api.memkind_detect_kind(block);
		snprintf(key, sizeof(key), "use/%zu/twice", sizes[i]);
		say(key, "own %d, kept %d", owner == kind,
		    block != NULL && block[sizes[i] - 1] == 3);
		api.memkind_free(i % 2 == 0 ? NULL : kind, block);
	}
	errno = ERRNO_BEFORE;
	say_block("use/malloc_0", api.memkind_malloc(kind, 0));
	say("use/overflow", "%d", api.memkind_calloc(kind, SIZE_MAX / 2 + 2, 2) != NULL);
	block = api.memkind_malloc(kind, 2 * MIB);
	if (block != NULL && !is_pmem)
		memset(block, 9, 2 * MIB);
	api.memkind_free(kind, block);
	block = api.memkind_calloc(kind, 2, MIB);
	say("use/calloc", "zero %d", block != NULL && block[0] == 0 && block[MIB] == 0);
	api.memkind_free(kind, block);
}

static int count_fds(bool *ret_are_inherited)
{
	DIR *list = opendir("/proc/self/fd");
	const struct dirent *entry;
	int count = 0;

	*ret_are_inherited = false;
	while (list != NULL && (entry = readdir(list)) != NULL) {
		int fd = atoi(entry->d_name);

		count++;
		if (fd > 2 && fd != dirfd(list))
			*ret_are_inherited |= (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0;
	}
	if (list != NULL)
		closedir(list);
	return count;
}

static void say_life_of_pmem(const void *unused)
{
	bool were_inherited, are_inherited;
	int before = count_fds(&were_inherited);
	memkind_t kind = NULL;
	void *blocks[3];
	int after;

	(void)unused;
	say("create", "%d", api.memkind_create_pmem(folder(), 64 * MIB, &kind));
	say_use(kind, true);
	count_fds(&are_inherited);
	say("inherited_by_exec", "%d", are_inherited && !were_inherited);
	for (size_t i = 0; i < COUNT(blocks); i++)
		blocks[i] = api.memkind_malloc(kind, 100 * i + 1);
	say("blocks", "%d", blocks[0] != NULL && blocks[1] != NULL && blocks[2] != NULL);
	say("destroy", "%d", api.memkind_destroy_kind(kind));
	after = count_fds(&are_inherited);
	say("descriptors_left", "%d", after - before);
}

static struct memkind_config *new_config(const char *path, size_t size, unsigned policy)
{
	struct memkind_config *config = api.memkind_config_new();

	api.memkind_config_set_path(config, path);
	api.memkind_config_set_size(config, size);
	api.memkind_config_set_memory_usage_policy(config, policy);
	return config;
}

static void say_policy(const void *argument)
{
	const unsigned *policy = argument;
	struct memkind_config *config = new_config(folder(), 32 * MIB, *policy);
	memkind_t kind = STALE_KIND;
	int code = api.memkind_create_pmem_with_config(config, &kind);

	api.memkind_config_delete(config);
	say("create", "%d, %s", code, outcome_of(kind));
	if (code == MEMKIND_SUCCESS) {
		say_use(kind, true);
		say("destroy", "%d", api.memkind_destroy_kind(kind));
	}
}

static void say_config(const void *unused)
{
	memkind_t kind = NULL;
	char key[32];

	(void)unused;
	for (unsigned policy = 0; policy <= MEMKIND_MEM_USAGE_POLICY_MAX_VALUE + 1; policy++) {
		snprintf(key, sizeof(key), "policy/%u", policy);
		attempt(key, say_policy, &policy);
	}
	say("size_1", "%d", api.memkind_create_pmem_with_config(new_config(folder(), 1, 0), &kind));
	say("bad_path", "%d",
	    api.memkind_create_pmem_with_config(new_config("/nowhere", 0, 0), &kind));
	api.memkind_config_delete(NULL);
	say("delete", "returns");
}

static void say_dax_path(const char *key, const char *path)
{
	int code;

	code = api.memkind_check_dax_path(path);
	say(key, "%d, errno %d", code, errno);
}

static void say_dax_paths(const void *unused)
{
	(void)unused;
	say_dax_path("ordinary", folder());
	say_dax_path("missing", "/nowhere/at/all");
	say_dax_path("a_file", "/proc/self/exe");
}

static void say_null_config(const void *unused)
{
	memkind_t kind = STALE_KIND;
	int code = api.memkind_create_pmem_with_config(NULL, &kind);

	(void)unused;
	say("result", "%d, %s", code, outcome_of(kind));
}

static void say_static_end(const void *unused)
{
	memkind_t kind = kind_of("REGULAR");

	(void)unused;
	say("static", "%d", api.memkind_destroy_kind(kind));
	say("static_still_works", "%d", api.memkind_malloc(kind, 10) != NULL);
}

static void say_double_end(const void *unused)
{
	memkind_t kind = NULL;

	(void)unused;
	say("create", "%d", api.memkind_create_pmem(folder(), 0, &kind));
	say("first", "%d", api.memkind_destroy_kind(kind));
	say("second", "%d", api.memkind_destroy_kind(kind));
}

void run_pmem(const void *unused)
{
	(void)unused;
	attempt("size", say_sizes_of_pmem, NULL);
	attempt("folder", say_folders, NULL);
	attempt("null_folder", say_null_folder, NULL);
	attempt("limit", say_limits, NULL);
	attempt("life", say_life_of_pmem, NULL);
	attempt("config", say_config, NULL);
	attempt("null_config", say_null_config, NULL);
	attempt("dax_path", say_dax_paths, NULL);
	attempt("destroy", say_static_end, NULL);
	attempt("destroy_twice", say_double_end, NULL);
}

static char *new_area(size_t size, char value)
{
	char *area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED)
		exit(2);
	if (value != 0)
		memset(area, value, size);
	return area;
}

static void say_fixed(const char *key, void *area, size_t size)
{
	memkind_t kind = STALE_KIND;
	int code = api.memkind_create_fixed(area, size, &kind);
	char more[64];

	say(key, "%d, %s", code, outcome_of(kind));
	if (code != MEMKIND_SUCCESS)
		return;
	snprintf(more, sizeof(more), "%s/capacity", key);
	say(more, "%zd, available %d", api.memkind_get_capacity(kind),
	    api.memkind_check_available(kind));
	snprintf(more, sizeof(more), "%s/malloc", key);
	say_block(more, api.memkind_malloc(kind, 100));
	api.memkind_destroy_kind(kind);
}

static void say_areas(const void *unused)
{
	char *area = new_area(4 * MIB, 0);

	(void)unused;
	say_fixed("0", area, 0);
	say_fixed("1", area, 1);
	say_fixed("4095", area, 4095);
	say_fixed("4_MiB", area, 4 * MIB);
	say_fixed("unaligned", area + 100, 4 * MIB - 300);
}

static void say_null_area(const void *unused)
{
	(void)unused;
	say_fixed("result", NULL, 4 * MIB);
}

static void say_wrapping_area(const void *unused)
{
	(void)unused;
	say_fixed("result", new_area(MIB, 0), SIZE_MAX);
}

static void say_shared_area(const void *unused)
{
	char *area = new_area(8 * MIB, 0);
	memkind_t first = NULL, second = STALE_KIND;
	int code;

	(void)unused;
	say("first", "%d", api.memkind_create_fixed(area, 8 * MIB, &first));
	code = api.memkind_create_fixed(area, 8 * MIB, &second);
	say("same", "%d, %s", code, outcome_of(second));
	second = STALE_KIND;
	code = api.memkind_create_fixed(area + 4 * MIB, 4 * MIB, &second);
	say("overlapping", "%d", code);
	api.memkind_destroy_kind(first);
	say("again", "%d", api.memkind_create_fixed(area, 8 * MIB, &first));
}

/* MiB that blocks of this size get out of an area of 64 MiB; then one of 50 MiB after all are freed. */
static void say_exhaustion(const void *unused)
{
	static void *blocks[64];
	memkind_t kind = NULL;
	size_t count = 0;

	(void)unused;
	say("create", "%d", api.memkind_create_fixed(new_area(64 * MIB, 1), 64 * MIB, &kind));
	while (count < COUNT(blocks) && (blocks[count] = api.memkind_malloc(kind, MIB)) != NULL)
		count++;
	say("more_than_60_of_64_MiB", "%d", count > 60);
	say_block("then", api.memkind_malloc(kind, 8 * MIB));
	while (count > 0)
		api.memkind_free(kind, blocks[--count]);
	say("50_MiB_after_free", "%d", api.memkind_malloc(kind, 50 * MIB) != NULL);
}

static void say_dirty_area(const void *unused)
{
	memkind_t kind = NULL;
	char *block;

	(void)unused;
	api.memkind_create_fixed(new_area(16 * MIB, 5), 16 * MIB, &kind);
	block = api.memkind_calloc(kind, 1, 200000);
	say("large_is_zero", "%d", block != NULL && block[0] == 0 && block[199999] == 0);
	block = api.memkind_calloc(kind, 1, 100);
	say("small_is_zero", "%d", block != NULL && block[0] == 0 && block[99] == 0);
}

static void say_life_of_area(const void *unused)
{
	memkind_t kind = NULL;

	(void)unused;
	say("create", "%d", api.memkind_create_fixed(new_area(64 * MIB, 0), 64 * MIB, &kind));
	say_use(kind, false);
	say("destroy", "%d", api.memkind_destroy_kind(kind));
}

void run_fixed(const void *unused)
{
	(void)unused;
	attempt("size", say_areas, NULL);
	attempt("null", say_null_area, NULL);
	attempt("wrapping", say_wrapping_area, NULL);
	attempt("shared", say_shared_area, NULL);
	attempt("exhaustion", say_exhaustion, NULL);
	attempt("dirty", say_dirty_area, NULL);
	attempt("life", say_life_of_area, NULL);
}

/* As many kinds as there can be. */
void run_many_kinds(const void *unused)
{
	char *area = new_area(MEMKIND_MAX_KIND * MIB, 0);
	memkind_t kind = NULL;
	int count = 0;
	int code;

	(void)unused;
	while ((code = api.memkind_create_fixed(area + (size_t)count * MIB, MIB, &kind)) == 0)
		count++;
	say("count", "%d", count);
	say("then", "%d, %s", code, kind == NULL ? "NULL" : "not NULL");
}
