/* SPDX-License-Identifier: BSD-2-Clause */
#include "block.h"

#include <memkind_ng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libmemkind 1.14, with which all programs of this folder link, too, does not have them. */
#pragma weak memkind_ng_move
#pragma weak memkind_ng_where

enum {
	LINE_SIZE = 64, /* blocks are multiples of it */
};

void check(bool is_right, const char *what, long number)
{
	if (is_right)
		return;
	printf("wrong: %s: %ld\n", what, number);
	exit(1);
}

void block_write(struct block *block, unsigned char mark)
{
	block->mark = mark;
	for (size_t i = 0; i < block->size; i += LINE_SIZE)
		memset(block->start + i, (unsigned char)(mark + i / LINE_SIZE % 251), LINE_SIZE);
}

void block_check_bytes(const struct block *block)
{
	for (size_t i = 0; i < block->size; i += LINE_SIZE)
		check(block->start[i + LINE_SIZE - 1] ==
			      (unsigned char)(block->mark + i / LINE_SIZE % 251),
		      "byte", (long)i);
}

struct block *block_get(memkind_t kind, size_t size)
{
	struct block *block = calloc(1, sizeof(*block));

	if (block == NULL)
		probe_die("a record");
	block->size = size;
	block->start = memkind_malloc(kind, size);
	if (block->start == NULL)
		probe_die("a block of %zu bytes", size);
	return block;
}

struct block *block_take(memkind_t kind, size_t size, unsigned char mark)
{
	struct block *block = block_get(kind, size);

	block_write(block, mark);
	return block;
}

/* What the kernel says of each page. */
static void read_nodes(const struct block *block, short *nodes)
{
	size_t count = block->size / PROBE_PAGE_SIZE;

	if (count > PAGE_LIMIT)
		probe_die("too many pages");
	for (size_t done = 0; done < count; done += PROBE_PAGES_AT_ONCE) {
		size_t part =
			count - done < PROBE_PAGES_AT_ONCE ? count - done : PROBE_PAGES_AT_ONCE;
		void *pages[PROBE_PAGES_AT_ONCE];
		int found[PROBE_PAGES_AT_ONCE];

		for (size_t i = 0; i < part; i++)
			pages[i] = block->start + (done + i) * PROBE_PAGE_SIZE;
		probe_nodes_of(pages, part, found);
		for (size_t i = 0; i < part; i++)
			nodes[done + i] = (short)found[i];
	}
}

void block_note_nodes(struct block *block)
{
	read_nodes(block, block->nodes);
}

/* A page of zeroes may have become one that is nowhere. */
void block_check_nodes(const struct block *block, const char *what)
{
	static short nodes[PAGE_LIMIT];

	read_nodes(block, nodes);
	for (size_t i = 0; i < block->size / PROBE_PAGE_SIZE; i++)
		check(nodes[i] == block->nodes[i] || nodes[i] < 0, what, (long)i);
	block_check_bytes(block);
}

void block_show_place(const struct block *block, size_t bytes[PROBE_NODES + 2])
{
	check(memkind_ng_where(block->start, block->size, bytes, PROBE_NODES) == 0, "where", 0);
	for (unsigned i = 0; i < PROBE_NODES + 2; i++)
		if (bytes[i] != 0)
			printf("# %zu KiB on %u\n", bytes[i] / KIB, i);
}

/* All of it is on one node. Pages that NUMA balancing looks after are nowhere (6.1) until they are read. */
void block_check_place(const struct block *block, unsigned node, const char *what)
{
	size_t bytes[PROBE_NODES + 2];

	block_check_bytes(block);
	check(memkind_ng_where(block->start, block->size, bytes, PROBE_NODES) == 0, "where", 0);
	if (bytes[node] != block->size)
		block_show_place(block, bytes);
	check(bytes[node] == block->size, what, (long)bytes[node]);
}

void block_check_error(const struct block *block, int error, int wanted, const char *what)
{
	size_t bytes[PROBE_NODES + 2];

	if (error != wanted)
		block_show_place(block, bytes);
	check(error == wanted, what, error);
}

void block_move(const struct block *block, memkind_t kind, unsigned node, const char *what)
{
	int error = memkind_ng_move(block->start, kind);

	check(error == 0, what, error);
	check(memkind_detect_kind(block->start) == kind, "kind", 0);
	block_check_place(block, node, what);
}
