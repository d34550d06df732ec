/* SPDX-License-Identifier: BSD-2-Clause */
/* Thread caches: what happens when the hot path misses, and when a thread ends. */
#ifndef MK_HEAP_CACHE_H
#define MK_HEAP_CACHE_H

#include "heap/types.h"

/*
 * The calling thread's cache of a heap, made at its first use. NULL: the thread's exit handler has
 * run, there is no metadata memory, or MEMKIND_CHECK=1 keeps every object out of caches so that
 * misuse is seen at the call. The caller goes to the slabs directly then.
 */
struct mk_cache *mk_cache_get(struct mk_heap *heap);

/*
 * The same for a free. NULL also at the first frees of a thread that has not allocated from the heap:
 * a block that others allocated may share a cache line with theirs, and is not to be what this thread
 * gets and writes to next.
 */
struct mk_cache *mk_cache_get_for_free(struct mk_heap *heap);

/*
 * An object of the class, after a refill if need be. NULL: out of memory or, for a medium class, none
 * is cached.
 */
void *mk_cache_take(struct mk_cache *cache, unsigned class);

/* Takes an object for which the loaded magazine has no room. */
void mk_cache_overflow(struct mk_cache *cache, unsigned class, void *object);

/*
 * Gives back what the thread's cache of the heap, the heap's depots and its empty slabs hold; other
 * threads flush their caches of it when they exchange magazines next.
 */
void mk_cache_drain(struct mk_heap *heap);

/* One object past all caches. Taking is for small classes; NULL: out of memory. */
void *mk_cache_take_direct(struct mk_heap *heap, unsigned class);
void mk_cache_give_direct(struct mk_heap *heap, unsigned class, void *object);

/* What the thread's cache, if it has one, and the depot hold of a class goes back. */
void mk_cache_empty_class(struct mk_heap *heap, unsigned class);

/* Once, before the first heap. */
void mk_cache_start(void);

#endif
