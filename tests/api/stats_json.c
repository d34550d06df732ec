/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program for check_stats_json.py: uses kinds, writes a line a kind of what other functions say of
 * it, and then what memkind_ng_stats_json() writes. With "busy" it writes that again and again while
 * another thread makes and destroys kinds; with "error" to standard error.
 */
#include <memkind_ng.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum {
	NUMBERED_COUNT = 26,
	STATIC_COUNT, /* and MEMKIND_NG_DAX_KMEM_FIRST */
	OWN_COUNT = 2,
	ROUND_COUNT = 40,
	BLOCK_SIZE = 3000000,
	AREA_SIZE = 1 << 20,
};

static memkind_t kinds[STATIC_COUNT + OWN_COUNT];
static char area[AREA_SIZE];
static _Atomic bool must_stop;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static int by_partition(int number, memkind_t *ret_kind)
{
	return memkind_get_kind_by_partition(number, ret_kind);
}
#pragma GCC diagnostic pop

static int use_kinds(void)
{
	for (int i = 0; i < NUMBERED_COUNT; i++)
		if (by_partition(i, &kinds[i]) != 0)
			return 1;
	kinds[NUMBERED_COUNT] = MEMKIND_NG_DAX_KMEM_FIRST;
	if (memkind_create_pmem("/tmp", 64 << 20, &kinds[STATIC_COUNT]) != 0 ||
	    memkind_create_fixed(area, sizeof(area), &kinds[STATIC_COUNT + 1]) != 0)
		return 1;
	for (int i = 0; i < STATIC_COUNT + OWN_COUNT; i += 2) {
		void *block = memkind_malloc(kinds[i], i < STATIC_COUNT ? BLOCK_SIZE : 1000);

		if (block != NULL)
			memset(block, 1, i < STATIC_COUNT ? BLOCK_SIZE : 1000);
	}
	return 0;
}

static void write_expected(memkind_t kind)
{
	size_t allocated = 0, active = 0, resident = 0, on_node_0 = 0;
	const char *reason = memkind_ng_unavailable_reason(kind);

	memkind_get_stat(kind, MEMKIND_STAT_TYPE_ALLOCATED, &allocated);
	memkind_get_stat(kind, MEMKIND_STAT_TYPE_ACTIVE, &active);
	memkind_get_stat(kind, MEMKIND_STAT_TYPE_RESIDENT, &resident);
	memkind_ng_get_resident(kind, &on_node_0, 1);
	printf("%zu %zu %zu %zu %zd %s\n", allocated, active, resident, on_node_0,
	       memkind_get_capacity(kind), reason == NULL ? "" : reason);
}

/* A callback may allocate. */
static void write_out(void *context, const char *text)
{
	memkind_t kind = *(memkind_t *)context;
	char *copy = memkind_malloc(kind, strlen(text) + 1);

	strcpy(copy, text);
	fputs(copy, stdout);
	memkind_free(kind, copy);
}

static void *make_and_destroy(void *unused)
{
	memkind_t kind;

	while (!must_stop)
		if (memkind_create_pmem("/tmp", 0, &kind) == 0) {
			memset(memkind_malloc(kind, BLOCK_SIZE), 1, BLOCK_SIZE);
			memkind_destroy_kind(kind);
		}
	return unused;
}

static int write_while_busy(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, make_and_destroy, NULL) != 0)
		return 1;
	for (int round = 0; round < ROUND_COUNT; round++)
		if (memkind_ng_stats_json(write_out, &kinds[0]) != 0)
			return 1;
	must_stop = true;
	return pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (use_kinds() != 0)
		return 1;
	if (strcmp(mode, "error") == 0)
		return memkind_ng_stats_json(NULL, NULL) != 0;
	if (strcmp(mode, "busy") == 0)
		return write_while_busy();
	/* Another one's numbers are those of the last update. */
	memkind_update_cached_stats();
	for (int i = 0; i < STATIC_COUNT + OWN_COUNT; i++)
		write_expected(kinds[i]);
	return memkind_ng_stats_json(write_out, &kinds[1]) != 0;
}
