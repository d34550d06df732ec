/* SPDX-License-Identifier: BSD-2-Clause */
/* The heaps of each kind, and the tables that lead a CPU to one of them. */
#ifndef MK_KIND_HEAPS_H
#define MK_KIND_HEAPS_H

#include "kind/kind.h"

/*
 * Under the lock of MK_RANK_KIND, for a kind whose verdict is "available": the heap for a thread at
 * POSITION, made where there is none yet; the next call on this CPU is short. NULL: out of memory,
 * or several nodes are equally close where the kind needs one.
 */
struct mk_heap *mk_heaps_make(struct memkind *kind, struct mk_position position);

/* Under the lock: the nodes that a heap is on; none where no policy is applied to it. */
void mk_heaps_nodes(const struct memkind *kind, const struct mk_heap *heap,
		    struct mk_nodeset *ret_nodes);

/* Without the lock: the number of that heap; 0: ask mk_heaps_make(). */
unsigned mk_heaps_known(struct memkind *kind, struct mk_position position);

/*
 * Under the lock: the end of all heaps and blocks of a kind with a description, of which no thread uses a
 * block or asks for one.
 */
void mk_heaps_end(struct memkind *kind);

/*
 * Under the lock. After forgetting, the next block on each CPU finds its heap anew: the same where
 * the placement is the same. A heap whose placement is not wanted any more only takes frees.
 */
void mk_heaps_forget(struct memkind *kind);
void mk_heaps_set_mode_flags(struct memkind *kind, int mode_flags);

/* Under the lock: sets again what the kernel changed of the policies of the kind's heaps. */
void mk_heaps_repair(struct memkind *kind);

#endif
