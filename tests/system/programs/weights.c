/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is memory of a kind on its nodes in the ratio that was asked for?
 *
 *	weights [-c CPU] [-l] [-m MIB] [-f] [-u CPU -t SECONDS] [-p POLICY] -s SHARES KIND
 *
 * Takes MIB (64 without -m) from the kind, in blocks of 1,000 bytes, or with -l in one, and writes
 * them. With -f the half of them is freed, the kind trimmed, and as much taken again. With -u the
 * program then reads them on another CPU for so many seconds. SHARES, such as "2=4,3=1", is how the
 * bytes of touched pages have to be, off by one percent of all at most. POLICY as probe_policy() has it.
 * Blocks lie in at most 8 mappings. Exits with 0 if all of that is so, else with 1 after a line that
 * says what is wrong.
 */
#include "probe.h"

#include <memkind_ng.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* libmemkind 1.14, with which all programs of this folder link, too, does not have it. */
#pragma weak memkind_ng_trim

#define MIB	      (1UL << 20)
#define SMALL_SIZE    1000UL
#define MAPPING_LIMIT 8

struct options {
	int cpu, user_cpu;
	unsigned seconds;
	bool is_large, frees;
	size_t size;
	const char *policy, *shares, *kind_name;
};

struct block {
	unsigned char *start;
	size_t size;
};

static struct block *blocks;
static size_t block_count;

static struct options parse(int argc, char **argv)
{
	struct options options = {.user_cpu = -1, .size = 64 * MIB, .policy = ""};
	int option;

	while ((option = getopt(argc, argv, "c:lm:fu:t:p:s:")) != -1) {
		switch (option) {
		case 'c':
			options.cpu = atoi(optarg);
			break;
		case 'l':
			options.is_large = true;
			break;
		case 'm':
			options.size = strtoul(optarg, NULL, 10) * MIB;
			break;
		case 'f':
			options.frees = true;
			break;
		case 'u':
			options.user_cpu = atoi(optarg);
			break;
		case 't':
			options.seconds = (unsigned)atoi(optarg);
			break;
		case 'p':
			options.policy = optarg;
			break;
		case 's':
			options.shares = optarg;
			break;
		default:
			exit(2);
		}
	}
	if (optind + 1 != argc || options.shares == NULL)
		probe_die("usage: weights [-c CPU] [-l] [-m MIB] [-f] [-u CPU -t SECONDS] "
			  "[-p POLICY] -s SHARES KIND");
	options.kind_name = argv[optind];
	return options;
}

static void take(memkind_t kind, struct block *block)
{
	block->start = memkind_malloc(kind, block->size);
	if (block->start == NULL)
		probe_die("no block of %zu bytes", block->size);
	memset(block->start, 1, block->size);
}

static void take_all(memkind_t kind, const struct options *options)
{
	size_t block_size = options->is_large ? options->size : SMALL_SIZE;

	block_count = options->size / block_size;
	blocks = calloc(block_count, sizeof(*blocks));
	if (blocks == NULL)
		probe_die("list of blocks");
	for (size_t i = 0; i < block_count; i++) {
		blocks[i].size = block_size;
		take(kind, &blocks[i]);
	}
}

/* Neighbours, so that pages become idle. */
static void free_and_take_again(memkind_t kind)
{
	size_t first = block_count / 2;

	for (size_t i = first; i < block_count; i++)
		memkind_free(kind, blocks[i].start);
	memkind_ng_trim(kind);
	for (size_t i = first; i < block_count; i++)
		take(kind, &blocks[i]);
}

static void use(const struct options *options)
{
	long end_ms = probe_ms() + options->seconds * 1000L;
	unsigned long sum = 0;

	probe_pin(options->user_cpu);
	while (probe_ms() < end_ms)
		for (size_t i = 0; i < block_count; i++)
			for (size_t at = 0; at < blocks[i].size; at += 64)
				sum += ((volatile unsigned char *)blocks[i].start)[at];
	if (sum == 0)
		probe_die("a block lost what was written");
}

static int compare_blocks(const void *left, const void *right)
{
	const struct block *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

/* The address of every page that has a block, in order; their number. */
static size_t list_pages(uintptr_t *pages)
{
	size_t count = 0;

	qsort(blocks, block_count, sizeof(*blocks), compare_blocks);
	for (size_t i = 0; i < block_count; i++) {
		uintptr_t page = (uintptr_t)blocks[i].start & ~(PROBE_PAGE_SIZE - 1);

		for (; page < (uintptr_t)blocks[i].start + blocks[i].size; page += PROBE_PAGE_SIZE)
			if (count == 0 || page > pages[count - 1])
				pages[count++] = page;
	}
	return count;
}

static void locate(const uintptr_t *pages, size_t page_count, struct probe_count *count)
{
	for (size_t first = 0, end = 0; first < page_count; first = end) {
		while (end < page_count &&
		       pages[end] - pages[first] == (end - first) * PROBE_PAGE_SIZE)
			end++;
		probe_locate((void *)pages[first], (end - first) * PROBE_PAGE_SIZE, count);
	}
}

/* Those of /proc/self/maps that hold pages of the list, which is sorted. */
static size_t count_mappings(const uintptr_t *pages, size_t count)
{
	unsigned long first, end;
	FILE *file = fopen("/proc/self/maps", "re");
	size_t mappings = 0, at = 0;
	char line[512];

	if (file == NULL)
		probe_die("/proc/self/maps");
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "%lx-%lx", &first, &end) != 2)
			continue;
		while (at < count && pages[at] < first)
			at++;
		mappings += at < count && pages[at] < end;
	}
	fclose(file);
	return mappings;
}

static unsigned long share_of(const char *shares, unsigned node, unsigned long *ret_sum)
{
	unsigned long found = 0;

	*ret_sum = 0;
	for (const char *at = shares; *at != '\0';) {
		char *end;
		unsigned long number = strtoul(at, &end, 10);
		unsigned long share = *end == '=' ? strtoul(end + 1, &end, 10) : 0;

		if (share == 0 || (*end != ',' && *end != '\0'))
			probe_die("bad shares: %s", shares);
		*ret_sum += share;
		if (number == node)
			found = share;
		at = *end == ',' ? end + 1 : end;
	}
	return found;
}

/* False, and a line, where a node has another share than wanted. */
static bool has_shares(const struct probe_count *count, size_t pages, const char *shares)
{
	bool is_right = count->elsewhere == 0;

	printf("%zu pages:", pages);
	for (unsigned node = 0; node < PROBE_NODES; node++) {
		unsigned long sum, share = share_of(shares, node, &sum);
		double wanted = 100.0 * (double)share / (double)sum;
		double held = 100.0 * (double)count->on_node[node] / (double)pages;

		if (count->on_node[node] != 0)
			printf(" %.2f%% on %u", held, node);
		is_right = is_right && held <= wanted + 1 && wanted <= held + 1;
	}
	printf(", %zu elsewhere\n", count->elsewhere);
	return is_right;
}

static bool is_right(const struct options *options)
{
	size_t most = block_count * (blocks[0].size / PROBE_PAGE_SIZE + 2);
	uintptr_t *pages = malloc(most * sizeof(*pages));
	struct probe_count count = {.elsewhere = 0};
	char policy[PROBE_POLICY_SIZE];
	size_t page_count, mappings;

	if (pages == NULL)
		probe_die("list of pages");
	page_count = list_pages(pages);
	mappings = count_mappings(pages, page_count);
	locate(pages, page_count, &count);
	free(pages);
	probe_policy(blocks[0].start, policy);
	printf("%zu mappings, %s\n", mappings, policy);
	return has_shares(&count, page_count, options->shares) && mappings <= MAPPING_LIMIT &&
	       (options->policy[0] == '\0' || strcmp(policy, options->policy) == 0);
}

int main(int argc, char **argv)
{
	struct options options = parse(argc, argv);
	memkind_t kind;

	probe_pin(options.cpu);
	kind = probe_kind(options.kind_name);
	take_all(kind, &options);
	if (options.frees)
		free_and_take_again(kind);
	if (options.user_cpu >= 0)
		use(&options);
	return is_right(&options) ? 0 : 1;
}
