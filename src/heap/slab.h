/* SPDX-License-Identifier: BSD-2-Clause */
/* Slabs: objects of one small class, free ones in bitmaps. */
#ifndef MK_HEAP_SLAB_H
#define MK_HEAP_SLAB_H

#include "heap/types.h"

/*
 * Takes up to COUNT free objects into slots[0] and up; returns how many: 0 means out of memory. A
 * cache uses the last one first, so that addresses descend: blocks that are allocated one after the
 * other ascend, which processors prefetch best. The caller holds the lock of the class.
 */
unsigned mk_slab_take(struct mk_heap *heap, unsigned class, void **slots, unsigned count);

/*
 * Gives objects back, which may be of any slabs of the class. An object that is free already, or not
 * at an object's start, dies with one line. The caller holds the lock of the class.
 */
void mk_slab_give(struct mk_heap *heap, unsigned class, void *const *slots, unsigned count);

/*
 * A free object that one of SLAB's may move to, so that in the end SLAB is empty: of another slab, at
 * least as full. NULL: the other slabs have no room for all objects of SLAB, or none that is as full
 * was found soon. The caller holds the lock of the class.
 */
void *mk_slab_take_fuller(struct mk_heap *heap, const struct mk_span *slab);

/* Gives the pages of empty slabs back. The caller holds the lock of the class. */
void mk_slab_trim(struct mk_heap *heap, unsigned class);

/* Dies unless OBJECT is at the start of an object of the slab; returns its index. */
unsigned mk_slab_index(const struct mk_span *slab, const void *object);

#endif
