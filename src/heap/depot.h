/* SPDX-License-Identifier: BSD-2-Clause */
/* Depots: magazines of one class of a heap, for all threads, and the way of objects to them. */
#ifndef MK_HEAP_DEPOT_H
#define MK_HEAP_DEPOT_H

#include "heap/types.h"

/* All of these take the lock of the class. */

/*
 * A full magazine, in exchange for EMPTY, which may be NULL. NULL: there is none, and EMPTY stays
 * with the caller.
 */
struct mk_magazine *mk_depot_take(struct mk_heap *heap, unsigned class, struct mk_magazine *empty);

/*
 * Takes a full magazine; an empty one comes back, or NULL without metadata memory. Where the depots
 * of the heap are full, FULL itself comes back, emptied.
 */
struct mk_magazine *mk_depot_put(struct mk_heap *heap, unsigned class, struct mk_magazine *full);

/* Up to COUNT objects of a small class from its slabs; 0: out of memory. */
unsigned mk_depot_take_objects(struct mk_heap *heap, unsigned class, void **objects,
			       unsigned count);

/* Objects go back to their slabs or, of a medium class, to the pages. */
void mk_depot_give_objects(struct mk_heap *heap, unsigned class, void *const *objects,
			   size_t count);

/* Empties the depot of a class. */
void mk_depot_empty(struct mk_heap *heap, unsigned class);

/*
 * For a small object that is to move so that its slab gets empty: where to, see
 * mk_slab_take_fuller().
 */
void *mk_depot_take_fuller(struct mk_heap *heap, const struct mk_span *slab);

/* Empties the depots of all classes, and gives the pages of empty slabs back. */
void mk_depot_drain(struct mk_heap *heap);

/*
 * At most once a second: gives back what no thread has taken from the depots since the last time, and
 * then pages that were idle for long. Nothing with MEMKIND_HOG_MEMORY=1.
 */
void mk_depot_give_idle(struct mk_heap *heap);

#endif
