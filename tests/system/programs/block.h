/* SPDX-License-Identifier: BSD-2-Clause */
/* A block with a pattern whose pages are looked at, each by itself. What is not right ends the program. */
#ifndef BLOCK_H
#define BLOCK_H

#include "probe.h"

enum {
	KIB = 1 << 10,
	MIB = 1 << 20,
	PAGE_LIMIT = 1 << 16,
};

struct block {
	unsigned char *start;
	size_t size;
	unsigned char mark;
	short nodes[PAGE_LIMIT];
};

/* Exits with 1, after a line that says what is wrong, where it is not right. */
void check(bool is_right, const char *what, long number);

/* A block of the kind, untouched; and one that is written to. */
struct block *block_get(memkind_t kind, size_t size);
struct block *block_take(memkind_t kind, size_t size, unsigned char mark);

void block_write(struct block *block, unsigned char mark);
void block_check_bytes(const struct block *block);

/* Notes where the kernel says each page is; later each has to be there, with what was written. */
void block_note_nodes(struct block *block);
void block_check_nodes(const struct block *block, const char *what);

/* What memkind_ng_where() says, also as lines. */
void block_show_place(const struct block *block, size_t bytes[PROBE_NODES + 2]);

/* All of it is on one node. */
void block_check_place(const struct block *block, unsigned node, const char *what);

/* What a move that had to fail returned. */
void block_check_error(const struct block *block, int error, int wanted, const char *what);

/* Moves it to the kind, to where it has to be on the node. */
void block_move(const struct block *block, memkind_t kind, unsigned node, const char *what);

#endif
