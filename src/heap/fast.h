/* SPDX-License-Identifier: BSD-2-Clause */
/* The hot path: a pop or a push on the calling thread's cache. No lock, no system call. */
#ifndef MK_HEAP_FAST_H
#define MK_HEAP_FAST_H

#include "heap/class.h"
#include "heap/pagemap.h"
#include "heap/types.h"

/*
 * The calling thread's caches: mk_thread_none, which misses everything, before the thread's first
 * miss, and mk_thread_ended after its exit handler. Initial-exec: dlopen finds room for a pointer.
 */
extern __thread struct mk_thread *mk_thread_self MK_HIDDEN
	__attribute__((tls_model("initial-exec")));

MK_INLINE
struct mk_cache *mk_cache_of(size_t heap_number)
{
	struct mk_thread *thread = mk_thread_self;

	return (void *)((char *)thread + thread->cache_offset[heap_number]);
}

/* The calling thread's stack of objects of SIZE bytes, which is at most MK_SMALL_SIZE. */
MK_INLINE
void ***mk_fast_top(unsigned heap_number, size_t size)
{
	return &mk_cache_of(heap_number)->top[mk_class_of_small(size)];
}

/* An object of the class. NULL: the thread's cache has none; for heap number 0 always. */
MK_INLINE
void *mk_fast_take(unsigned heap_number, unsigned class)
{
	void ***top = &mk_cache_of(heap_number)->top[class];
	void *object = **top;

	if (MK_LIKELY(object != NULL))
		(*top)--;
	return object;
}

/* False: the cache has no room, or it is one that misses everything. */
MK_INLINE
bool mk_fast_give(struct mk_cache *cache, unsigned class, void *object)
{
	void **slot = cache->top[class] + 1;

	if (MK_UNLIKELY(((uintptr_t)slot & (MK_MAGAZINE_SIZE - 1)) == 0))
		return false;
	*slot = object;
	cache->top[class] = slot;
	return true;
}

/* The sizes of the classes; 0 for those whose blocks differ, and for all where caches are off. */
extern uint32_t mk_fast_sizes[MK_CLASS_COUNT] MK_HIDDEN;

/*
 * Bytes usable in a block, by its class alone: of its span, which others write to, nothing is read.
 * 0: only the span tells, or BLOCK is not aligned as blocks are; mk_heap_usable_size() knows then.
 */
MK_INLINE
size_t mk_fast_usable_size(const void *block)
{
	uintptr_t address = (uintptr_t)block;

	return address % 16 == 0 ? mk_fast_sizes[mk_entry_class(mk_pagemap_entry(address))] : 0;
}

/*
 * False: the cache is full, there is none, or BLOCK is NULL or no block at all; mk_heap_free() takes
 * it then.
 */
MK_INLINE
bool mk_fast_free(void *block)
{
	uint64_t entry = mk_pagemap_entry((uintptr_t)block);

	return mk_fast_give(mk_cache_of(mk_entry_heap(entry)), mk_entry_class(entry), block);
}

#endif
