/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does the library know what of a block is on a node, what is swapped out, and what nobody touched?
 *
 *	where -c CPU -o NODE KIND
 *
 * With swap on: a third of the block is written to and stays, a third is swapped out, a third is left
 * alone. Exits with 0 where each third is found, with 1 if not.
 */
#include "probe.h"

#include <memkind_ng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* libmemkind 1.14, with which all programs of this folder link, too, does not have it. */
#pragma weak memkind_ng_where

#define PART_SIZE (16UL << 20)
/* The kernel may leave some pages where they are, and huge pages go beyond a part. */
#define SLACK (PART_SIZE / 8)

static bool is_near(size_t found, size_t wanted)
{
	return found + SLACK >= wanted && found <= wanted + SLACK;
}

int main(int argc, char **argv)
{
	size_t bytes[PROBE_NODES + 2];
	unsigned node = 0;
	char *block;
	int option;

	while ((option = getopt(argc, argv, "c:o:")) != -1) {
		if (option == 'c')
			probe_pin(atoi(optarg));
		else if (option == 'o')
			node = (unsigned)atoi(optarg);
		else
			exit(2);
	}
	if (optind + 1 != argc || node >= PROBE_NODES)
		probe_die("usage: where -c CPU -o NODE KIND");
	if (memkind_posix_memalign(probe_kind(argv[optind]), (void **)&block, PROBE_PAGE_SIZE,
				   3 * PART_SIZE) != 0)
		probe_die("the block");
	memset(block, 1, 2 * PART_SIZE);
	if (madvise(block + PART_SIZE, PART_SIZE, MADV_PAGEOUT) != 0)
		probe_die("MADV_PAGEOUT");
	if (memkind_ng_where(block, 3 * PART_SIZE, bytes, PROBE_NODES) != 0)
		probe_die("no answer");
	printf("where node%u=%zu swapped=%zu untouched=%zu\n", node, bytes[node],
	       bytes[PROBE_NODES], bytes[PROBE_NODES + 1]);
	return is_near(bytes[node], PART_SIZE) && is_near(bytes[PROBE_NODES], PART_SIZE) &&
			       is_near(bytes[PROBE_NODES + 1], PART_SIZE)
		       ? 0
		       : 1;
}
