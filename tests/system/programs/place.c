/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks of a kind, small, medium and large, by every function that makes them: is each page on a
 * node of the set, does each block have the policy, and does the library know its kind?
 *
 *	place [-c CPU] [-q] [-s] -o NODES -p POLICY KIND
 *
 *   -c  run there only
 *   -q  no block above 1 MiB, for memory that is very slow
 *   -o  nodes on which every page must be
 *   -p  policy that every block must have, as probe_policy() writes it
 *   -s  each of the nodes must have a fair part of the pages (interleaving)
 *
 * Prints "place kind=K cpu=N blocks=N pages=N wrong=N policy_wrong=N lost=N nodeN=PAGES ...";
 * exits with 0 if nothing was wrong, with 1 if something was.
 */
#include "probe.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_LIMIT 4000
#define QUICK_LIMIT (1UL << 20)
#define SAY_LIMIT   4 /* details of that many wrong blocks are printed */

static const struct {
	size_t size;
	int count;
} sizes[] = {
	/* small */ {8, 300},
	{100, 300},
	{512, 300},
	{1000, 200},
	{4096, 100},
	/* medium */ {5000, 60},
	{16384, 40},
	{40000, 30},
	{262144, 6},
	/* large */ {1 << 20, 3},
	{(3 << 20) + 5, 1},
	{9 << 20, 1},
	{20 << 20, 1},
};

struct options {
	int cpu;
	bool is_quick;
	bool is_spread;
	unsigned long nodes;
	const char *policy;
	const char *kind_name;
	memkind_t kind;
};

struct tally {
	size_t blocks;
	size_t pages;
	size_t wrong;	     /* pages on other nodes */
	size_t policy_wrong; /* blocks with another policy */
	size_t lost;	     /* blocks the library takes for another kind's, or too small */
	size_t failed;	     /* blocks not given at all */
	struct probe_count count;
};

static void *blocks[BLOCK_LIMIT];
static size_t block_count;

static void check_policy(const struct options *options, struct tally *tally, const char *block,
			 size_t size)
{
	char first[PROBE_POLICY_SIZE];
	char last[PROBE_POLICY_SIZE];

	probe_policy(block, first);
	probe_policy(block + size - 1, last);
	if (strcmp(first, options->policy) == 0 && strcmp(last, options->policy) == 0)
		return;
	if (tally->policy_wrong++ < SAY_LIMIT)
		printf("# %zu bytes: policy %s and %s, not %s\n", size, first, last,
		       options->policy);
}

static void check_block(const struct options *options, struct tally *tally, char *block,
			size_t size)
{
	struct probe_count count = {0};
	size_t outside;

	if (block == NULL) {
		if (tally->failed++ < SAY_LIMIT)
			printf("# %zu bytes: %s\n", size, strerror(errno));
		return;
	}
	blocks[block_count++] = block;
	memset(block, 0x5a, size);
	probe_locate(block, size, &count);
	outside = probe_outside(&count, options->nodes);
	if (outside > 0 && tally->wrong < SAY_LIMIT)
		printf("# %zu bytes at %p: %zu pages on other nodes\n", size, (void *)block,
		       outside);
	tally->blocks++;
	tally->wrong += outside;
	for (int node = 0; node < PROBE_NODES; node++) {
		tally->count.on_node[node] += count.on_node[node];
		tally->pages += count.on_node[node];
	}
	check_policy(options, tally, block, size);
	if (memkind_detect_kind(block) != options->kind ||
	    memkind_malloc_usable_size(options->kind, block) < size)
		tally->lost++;
}

/* Zeroed memory that is not zero counts as a lost block. */
static void check_calloc(const struct options *options, struct tally *tally, size_t size)
{
	char *block = memkind_calloc(options->kind, size, 1);

	for (size_t i = 0; block != NULL && i < size; i++) {
		if (block[i] != 0) {
			printf("# calloc of %zu bytes: byte %zu is %#x\n", size, i, block[i]);
			tally->lost++;
			break;
		}
	}
	check_block(options, tally, block, size);
}

static void check_memalign(const struct options *options, struct tally *tally, size_t alignment,
			   size_t size)
{
	void *block = NULL;

	errno = memkind_posix_memalign(options->kind, &block, alignment, size);
	if ((uintptr_t)block % alignment != 0)
		tally->lost++;
	check_block(options, tally, block, size);
}

static void check_realloc(const struct options *options, struct tally *tally, size_t old_size,
			  size_t size)
{
	char *block = memkind_malloc(options->kind, old_size);
	char *grown = NULL;

	if (block != NULL) {
		memset(block, 0x33, old_size);
		grown = memkind_realloc(options->kind, block, size);
	}
	if (grown != NULL && (grown[0] != 0x33 || grown[old_size - 1] != 0x33))
		tally->lost++;
	check_block(options, tally, grown, size);
}

static void check_all(const struct options *options, struct tally *tally)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (options->is_quick && sizes[i].size > QUICK_LIMIT)
			continue;
		for (int n = 0; n < sizes[i].count; n++)
			check_block(options, tally, memkind_malloc(options->kind, sizes[i].size),
				    sizes[i].size);
	}
	check_calloc(options, tally, 1000);
	check_calloc(options, tally, 600000);
	check_memalign(options, tally, 64, 200);
	check_memalign(options, tally, 4096, 10000);
	check_realloc(options, tally, 100, 3000);
	check_realloc(options, tally, 3000, 300000);
	if (options->is_quick)
		return;
	check_memalign(options, tally, 2 << 20, 3 << 20);
	check_realloc(options, tally, 1 << 20, 5 << 20);
}

static void free_all(const struct options *options)
{
	while (block_count > 0)
		memkind_free(options->kind, blocks[--block_count]);
}

static bool is_fair(const struct options *options, const struct tally *tally)
{
	size_t part = tally->pages / (size_t)__builtin_popcountl(options->nodes);

	for (int node = 0; options->is_spread && node < PROBE_NODES; node++) {
		if ((options->nodes >> node & 1) != 0 && tally->count.on_node[node] < part / 2)
			return false;
	}
	return true;
}

static struct options parse(int argc, char **argv)
{
	struct options options = {.cpu = -1};
	int option;

	while ((option = getopt(argc, argv, "c:qso:p:")) != -1) {
		switch (option) {
		case 'c':
			options.cpu = atoi(optarg);
			break;
		case 'q':
			options.is_quick = true;
			break;
		case 's':
			options.is_spread = true;
			break;
		case 'o':
			options.nodes = probe_parse_nodes(optarg);
			break;
		case 'p':
			options.policy = optarg;
			break;
		default:
			exit(2);
		}
	}
	if (optind + 1 != argc || options.policy == NULL || options.nodes == 0)
		probe_die("usage: place [-c CPU] [-q] [-s] -o NODES -p POLICY KIND");
	options.kind_name = argv[optind];
	options.kind = probe_kind(options.kind_name);
	return options;
}

int main(int argc, char **argv)
{
	struct options options = parse(argc, argv);
	struct tally tally = {0};

	if (options.cpu >= 0)
		probe_pin(options.cpu);
	check_all(&options, &tally);
	free_all(&options);
	/* Once more, of what has been freed. */
	check_all(&options, &tally);
	printf("place kind=%s cpu=%d blocks=%zu pages=%zu wrong=%zu policy_wrong=%zu lost=%zu "
	       "failed=%zu",
	       options.kind_name, options.cpu, tally.blocks, tally.pages, tally.wrong,
	       tally.policy_wrong, tally.lost, tally.failed);
	for (int node = 0; node < PROBE_NODES; node++) {
		if (tally.count.on_node[node] > 0)
			printf(" node%d=%zu", node, tally.count.on_node[node]);
	}
	printf("%s\n", is_fair(&options, &tally) ? "" : " unfair");
	return tally.blocks > 0 &&
			       tally.wrong + tally.policy_wrong + tally.lost + tally.failed == 0 &&
			       is_fair(&options, &tally)
		       ? 0
		       : 1;
}
