/* SPDX-License-Identifier: BSD-2-Clause */
/* The heap: what other layers may ask of it. Knows no NUMA and no kinds. */
#ifndef MK_HEAP_HEAP_H
#define MK_HEAP_HEAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heap/backing.h"

struct mk_heap;

/* Numbers of heaps: 1 to MK_HEAP_LIMIT - 1. Number 0 is no heap: everything asked of it misses. */
#define MK_HEAP_LIMIT 4096

/*
 * A heap over BACKING, which the heap refers to until it is destroyed. OWNER is handed back by
 * mk_heap_owner(). Address space is reserved at the first allocation only. 0 or -errno: -ENOMEM, or
 * -ENFILE where all numbers are taken.
 */
int mk_heap_create(struct mk_backing *backing, void *owner, struct mk_heap **ret_heap);

/*
 * The end of a heap of which no thread uses a block or asks for one: its blocks, caches and address
 * space are given back, and an address in it is no block any more. Its number may be used again.
 */
void mk_heap_destroy(struct mk_heap *heap);

/*
 * Where bytes are added up that are counted for blocks of the heap (heap/tally.h): once, before the
 * first is counted. Heaps may share a total.
 */
void mk_heap_tally_to(struct mk_heap *heap, _Atomic int64_t *total);

unsigned mk_heap_number(const struct mk_heap *heap);
void *mk_heap_owner(const struct mk_heap *heap);

/*
 * Blocks. SIZE is at least 1. NULL: out of memory, errno untouched (the caller sets it). Blocks are
 * aligned to 16 bytes, those above 32 KiB to 4 KiB. ALIGNMENT is a power of two. Contents are
 * undefined unless ZEROED.
 */
void *mk_heap_malloc(struct mk_heap *heap, size_t size);
void *mk_heap_malloc_zeroed(struct mk_heap *heap, size_t size);
void *mk_heap_malloc_aligned(struct mk_heap *heap, size_t alignment, size_t size);

/* Any block of any heap, by any thread; keeps errno. Misuse dies with one line. NULL is allowed. */
void mk_heap_free(void *block);

/* Bytes usable in a live block. An address that is no block's start dies with one line. */
size_t mk_heap_usable_size(const void *block);

/* The same of a block that the program does not get to use beyond what it asked for. */
size_t mk_heap_block_size(const void *block);

/*
 * Makes a live block fit SIZE bytes without moving it. False: it can't, the block is as before. A
 * small block that would shrink by more than half says false as well, and so does a larger one that
 * would be small: the caller moves it.
 */
bool mk_heap_resize(void *block, size_t size);

/* The heap that a page of a live block belongs to, also for interior pointers; NULL: none. */
struct mk_heap *mk_heap_of(const void *address);

/* The owner of the heap that a live block is of, or that it was moved to; NULL: none. */
void *mk_heap_owner_of(const void *address);

struct mk_backing *mk_heap_backing(const struct mk_heap *heap);

/*
 * Moving a live block, whose address stays, to the place of another heap. The layer above moves the
 * pages between begin and end; the heap knows afterwards whose they are, and gives them back when the
 * block is freed. Nobody may free or resize the block meanwhile.
 */
struct mk_move {
	void *base;
	size_t size; /* both multiples of the kernel's page size */
	struct mk_heap *home;
	struct mk_heap *from; /* to whose place it was moved before; NULL: the pages are at home */
};

/*
 * 0; -EINVAL: no live block starts there; -EMSGSIZE: it has no pages of its own; -EOPNOTSUPP: blocks of
 * its heap can't move; -ENOMEM: TO, to which it is to go, has a limit that leaves too little; -ENODEV, or
 * else what the kernel says: it refuses the policies of memory. The block counts as a large one from
 * here on, of which no thread keeps a freed one.
 */
int mk_heap_begin_move(void *block, const struct mk_heap *to, struct mk_move *ret_move);

/*
 * The block is at the place of TO, which may be its home, or the pages may be anywhere where they are
 * not IN_PLACE; the policy of TO is put on all of it. From now on it counts for the limit of TO. 0, or
 * -errno of that; -ENOMEM: others took what the limit left.
 */
int mk_heap_end_move(const struct mk_move *move, struct mk_heap *to, bool in_place);

/* The heap of a number; NULL: no such heap. */
struct mk_heap *mk_heap_by_number(unsigned number);

/*
 * Moves a live small block of which the slab can be emptied, so that its pages get free: to a slab
 * that is at least as full. What lies in the calling thread's cache counts as free. NULL: it does not
 * help, the block is as before.
 */
void *mk_heap_defrag(void *block);

/* What there is of one heap or of several at one moment, in bytes. */
struct mk_stats {
	size_t allocated_size; /* usable in live blocks */
	size_t active_size;    /* pages of live blocks, of slabs, and of what caches hold */
	size_t resident_size;  /* committed pages that are in memory, also those that are free */
};

/*
 * Takes a snapshot of every heap. It is exact for what other threads do not allocate or free while it
 * is taken; of what they do meanwhile up to two magazines a class and thread may be wrong.
 */
void mk_stats_update(void);

/*
 * The sum of the snapshots of the heaps of an owner, or of all heaps where OWNER is NULL. A heap that
 * has none yet gets it now.
 */
void mk_stats_get(const void *owner, struct mk_stats *ret_stats);

/* The sum for the heaps of an owner at this moment; their snapshots stay as they are. */
void mk_stats_get_now(const void *owner, struct mk_stats *ret_stats);

/*
 * Gives back at once what is idle in the heaps of an owner: the calling thread's caches, the depots,
 * empty slabs, and all pages that can be. Other threads flush their caches of these heaps when they
 * exchange magazines next. True: pages went back. False also with MEMKIND_HOG_MEMORY=1.
 */
bool mk_heap_trim(const void *owner);

/* The same, whatever that variable says: others need it. */
bool mk_heap_reclaim(const void *owner);

/* A piece of what heaps have committed. All bytes zero: the way through all pieces begins. */
struct mk_committed {
	uintptr_t start, end;
	size_t page_size; /* of the backing: both are multiples of it */
	unsigned heap_number;
};

/*
 * The piece behind *PIECE, of the heaps of an owner; no lock is held when this returns, so that the
 * piece may be used or given back meanwhile. False: there is none.
 */
bool mk_heap_next_committed(const void *owner, struct mk_committed *piece);

#endif
