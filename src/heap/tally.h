/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tallies: bytes of blocks that a layer above counts for the owner of a heap. Each thread adds to its
 * own part, in its cache of the heap, and settles it with the owner's total before it gets large. The
 * count is what callers make of it; the heap does none itself.
 */
#ifndef MK_HEAP_TALLY_H
#define MK_HEAP_TALLY_H

#include "heap/types.h"

/*
 * What a thread may keep to itself, that is, by how much the total alone is wrong for each thread: a
 * MK_TALLY_SHARE-th of it, and never more than MK_TALLY_LIMIT bytes.
 */
#define MK_TALLY_SHARE 4096
#define MK_TALLY_LIMIT (16 * MK_KIB)

/* The calling thread's part, after SIZE was added to it. */
MK_INLINE
int64_t mk_tally_sum(struct mk_cache *cache, int64_t size)
{
	int64_t sum = atomic_load_explicit(&cache->tally.size, memory_order_relaxed) + size;

	atomic_store_explicit(&cache->tally.size, sum, memory_order_relaxed);
	return sum;
}

/*
 * Counts SIZE bytes more, or less, in the calling thread's cache of a heap, which is not one that
 * misses everything. True: mk_tally_settle() is due.
 */
MK_INLINE
bool mk_tally_add(struct mk_cache *cache, uint32_t size)
{
	return mk_tally_sum(cache, size) > cache->tally.limit;
}

MK_INLINE
bool mk_tally_subtract(struct mk_cache *cache, uint32_t size)
{
	return mk_tally_sum(cache, -(int64_t)size) + cache->tally.limit < 0;
}

/* Adds the thread's part to the total, and sets how much it may keep to itself from now on. */
void mk_tally_settle(struct mk_cache *cache);

/*
 * Counts bytes of a block that has not come out of the thread's cache or gone there, in the way that
 * the thread has for it. True: the total has changed.
 */
bool mk_tally_count(struct mk_heap *heap, int64_t size);

/* A total with what all threads have not settled. */
int64_t mk_tally_exact(_Atomic int64_t *total);

#endif
