/* SPDX-License-Identifier: BSD-2-Clause */
/* What a heap holds, in detail: by class, and what is free by size. */
#ifndef MK_HEAP_STATS_H
#define MK_HEAP_STATS_H

#include "heap/types.h"

/* Free spans of 2^n to 2^(n+1) - 1 pages. */
#define MK_FREE_GROUP_COUNT 36

struct mk_class_stats {
	size_t live_count;   /* blocks */
	size_t cached_count; /* objects in caches and depots */
	size_t slot_count;   /* small: objects of all slabs; else: as span_count */
	size_t span_count;   /* slabs or, of other classes, blocks, live or cached */
	size_t page_count;
	uint64_t acquire_count, wait_count; /* of the lock of the class */
};

struct mk_free_stats {
	size_t span_count[MK_SPAN_FREE_STATES];
	size_t size[MK_SPAN_FREE_STATES];
};

struct mk_heap_stats {
	struct mk_stats total;
	size_t committed_size;
	size_t dirty_size;
	uint64_t acquire_count, wait_count; /* of the page lock */
	struct mk_class_stats class[MK_CLASS_COUNT];
	struct mk_free_stats free[MK_FREE_GROUP_COUNT];
};

/*
 * What a heap holds now, as exact as a snapshot is (heap/heap.h). The caller holds the lock of
 * MK_RANK_HEAPS; this takes those of higher ranks in turn.
 */
void mk_stats_read(struct mk_heap *heap, struct mk_heap_stats *ret_stats);

/* Adds what PART counts to SUM. */
void mk_stats_add(struct mk_heap_stats *sum, const struct mk_heap_stats *part);

#endif
