/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does the library know on which nodes the memory of a kind lies, and does it give idle memory back?
 *
 *	resident -c CPU -o NODES KIND
 *
 *   -c  run there only
 *   -o  nodes on which every page must be
 *
 * Prints "resident kind=K cpu=N blocks=BYTES sum=BYTES stat=BYTES after=BYTES nodeN=BYTES ..."; exits
 * with 0 where all was as it must be, with 1 if not.
 */
#include "probe.h"

#include <memkind_ng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* libmemkind 1.14, with which all programs of this folder link, too, has none of these. */
#pragma weak memkind_ng_get_resident
#pragma weak memkind_ng_trim

#define MIB	    (1UL << 20)
#define SMALL_COUNT 4000
#define SMALL_SIZE  1000
#define LARGE_SIZE  (20 * MIB)
/* Of pages that are idle, or came with a huge page. */
#define SLACK (4 * MIB)

static void *blocks[SMALL_COUNT + 1];
static int failures;

static void complain(const char *what)
{
	printf("# %s\n", what);
	failures++;
}

static void allocate(memkind_t kind, struct probe_count *count)
{
	for (size_t i = 0; i <= SMALL_COUNT; i++) {
		size_t size = i == SMALL_COUNT ? LARGE_SIZE : SMALL_SIZE;

		blocks[i] = memkind_malloc(kind, size);
		if (blocks[i] == NULL)
			probe_die("%zu bytes", size);
		memset(blocks[i], 1, size);
	}
	probe_locate(blocks[SMALL_COUNT], LARGE_SIZE, count);
}

static size_t ask(memkind_t kind, size_t *sizes)
{
	size_t sum = 0;

	if (memkind_ng_get_resident(kind, sizes, PROBE_NODES) != 0)
		complain("no answer");
	for (int node = 0; node < PROBE_NODES; node++)
		sum += sizes[node];
	return sum;
}

static void check_nodes(const size_t *sizes, const struct probe_count *count, unsigned long nodes)
{
	for (int node = 0; node < PROBE_NODES; node++) {
		size_t least = count->on_node[node] * PROBE_PAGE_SIZE;
		size_t most = least + SMALL_COUNT * SMALL_SIZE + SLACK;

		if ((nodes >> node & 1) == 0 && sizes[node] != 0)
			complain("bytes on a node that the kind does not use");
		else if (sizes[node] < least || ((nodes >> node & 1) != 0 && sizes[node] > most))
			complain("another number of bytes than the blocks have there");
	}
}

static size_t free_and_trim(memkind_t kind)
{
	size_t sizes[PROBE_NODES];

	for (size_t i = 0; i <= SMALL_COUNT; i++)
		memkind_free(kind, blocks[i]);
	if (memkind_ng_trim(kind) != 1)
		complain("nothing was given back");
	return ask(kind, sizes);
}

int main(int argc, char **argv)
{
	struct probe_count count = {0};
	size_t sizes[PROBE_NODES];
	size_t sum, stat, after;
	memkind_t kind;

	if (argc != 6 || strcmp(argv[1], "-c") != 0 || strcmp(argv[3], "-o") != 0)
		probe_die("usage: resident -c CPU -o NODES KIND");
	if (memkind_ng_trim == NULL || memkind_ng_get_resident == NULL)
		return 1;
	probe_pin(atoi(argv[2]));
	kind = probe_kind(argv[5]);
	allocate(kind, &count);
	sum = ask(kind, sizes);
	check_nodes(sizes, &count, probe_parse_nodes(argv[4]));
	memkind_update_cached_stats();
	memkind_get_stat(kind, MEMKIND_STAT_TYPE_RESIDENT, &stat);
	if (sum != stat)
		complain("the sum is not what is resident");
	after = free_and_trim(kind);
	if (after > SLACK)
		complain("idle memory stays");
	printf("resident kind=%s cpu=%s blocks=%lu sum=%zu stat=%zu after=%zu", argv[5], argv[2],
	       LARGE_SIZE + SMALL_COUNT * SMALL_SIZE, sum, stat, after);
	for (int node = 0; node < PROBE_NODES; node++)
		if (sizes[node] > 0)
			printf(" node%d=%zu", node, sizes[node]);
	puts("");
	return failures == 0 ? 0 : 1;
}
