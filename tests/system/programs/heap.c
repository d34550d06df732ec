/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program that knows malloc alone: where are its blocks, and where its stack and code?
 *
 *	heap -o NODES -d NODES MIB
 *
 *   -o  nodes on which every page of its blocks must be
 *   -d  nodes on which stack and code must be
 *
 * Prints "heap outside=N stack=N code=N", pages on other nodes; exits with 0 where there are none, with
 * 1 if not.
 */
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB (1024UL * 1024)

static const size_t sizes[] = {32, 1000, 64 * 1024, 1024 * 1024};

/* A MiB in blocks of each size by turns. They stay. */
static void allocate(size_t size, struct probe_count *count)
{
	for (size_t done = 0; done < MIB; done += size) {
		char *block = malloc(size);

		if (block == NULL)
			probe_die("%zu bytes", size);
		memset(block, 1, size);
		probe_locate(block, size, count);
	}
}

static size_t outside(const void *address, unsigned long nodes)
{
	struct probe_count count = {0};

	probe_locate(address, 1, &count);
	return probe_outside(&count, nodes);
}

int main(int argc, char **argv)
{
	struct probe_count count = {0};
	unsigned long heap_nodes, other_nodes;
	size_t wrong, stack, code;

	if (argc != 6 || strcmp(argv[1], "-o") != 0 || strcmp(argv[3], "-d") != 0)
		probe_die("usage: heap -o NODES -d NODES MIB");
	heap_nodes = probe_parse_nodes(argv[2]);
	other_nodes = probe_parse_nodes(argv[4]);
	for (int i = 0; i < atoi(argv[5]); i++)
		allocate(sizes[i % 4], &count);
	wrong = probe_outside(&count, heap_nodes);
	stack = outside(&count, other_nodes);
	code = outside((const void *)main, other_nodes);
	printf("heap outside=%zu stack=%zu code=%zu\n", wrong, stack, code);
	return wrong + stack + code == 0 ? 0 : 1;
}
