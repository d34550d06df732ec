/* SPDX-License-Identifier: BSD-2-Clause */
/* Free spans of one state, found by size. The caller holds the heap's page lock. */
#ifndef MK_HEAP_BINS_H
#define MK_HEAP_BINS_H

#include "heap/types.h"

void mk_bins_insert(struct mk_bins *bins, struct mk_span *span);
void mk_bins_remove(struct mk_bins *bins, struct mk_span *span);

/*
 * A small span of at least PAGES pages, still in its bin; NULL: none. Without EXHAUSTIVE at most a
 * few spans of the bin that is shared with smaller ones are looked at.
 */
struct mk_span *mk_bins_find(struct mk_bins *bins, size_t pages, bool exhaustive);

#endif
