/* SPDX-License-Identifier: BSD-2-Clause */
/* The heaps by number: a number is used again when its heap was destroyed. */
#ifndef MK_HEAP_REGISTRY_H
#define MK_HEAP_REGISTRY_H

#include "heap/types.h"

/* The lock of MK_RANK_HEAPS: no heap comes or goes while it is held. */
void mk_registry_lock(void);
void mk_registry_unlock(void);

/* Under the lock: the first heap of an owner, or of all where OWNER is NULL, from a number on. */
struct mk_heap *mk_registry_next(const void *owner, unsigned number);

/* Under the lock: the heap's number is free again. */
void mk_registry_remove(struct mk_heap *heap);

/* How many were removed so far. */
size_t mk_registry_removed_count(void);

/* Calls VISIT for every heap in turn, each time under the lock. */
void mk_registry_visit(void (*visit)(struct mk_heap *heap));

#endif
