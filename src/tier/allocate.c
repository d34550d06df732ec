/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exported: the malloc family of tiers. Blocks are those of memkind_malloc(), and each is counted with
 * all bytes that it can hold. The hot path is that of src/api/allocate.c and the count: one more call
 * would cost more than both.
 */
#include <errno.h>
#include <stdint.h>

#include "api/export.h"
#include "heap/fast.h"
#include "heap/tally.h"
#include "kind/kind.h"
#include "tier/hooks.h"
#include "tier/plan.h"

static void count(struct mk_heap *heap, int64_t size)
{
	if (mk_tally_count(heap, size))
		mk_plan_drop();
}

/* A new block, or NULL. Returns it. */
static void *count_block(void *block)
{
	if (block != NULL)
		count(mk_heap_of(block), (int64_t)mk_heap_block_size(block));
	return block;
}

static MK_COLD void *settle(struct mk_cache *cache, void *block)
{
	mk_tally_settle(cache);
	mk_plan_drop();
	return block;
}

static MK_COLD void *malloc_slowly(struct memkind *kind, size_t size)
{
	void *block = count_block(memkind_malloc(kind, size));

	MK_HOOK(memtier_kind_malloc_post, kind, size, &block);
	return block;
}

MK_INLINE
void *malloc_of(struct memkind *kind, size_t size)
{
	struct mk_cache *cache;
	unsigned class;
	void *block;

	if (MK_HAS_HOOKS || MK_UNLIKELY(size > MK_SMALL_SIZE))
		return malloc_slowly(kind, size);
	cache = mk_cache_of(mk_kind_heap_number(kind));
	class = mk_class_of_small(size);
	block = *cache->top[class];
	MK_KEEP_IN_REGISTER(block);
	if (MK_UNLIKELY(block == NULL))
		return malloc_slowly(kind, size);
	cache->top[class]--;
	if (MK_UNLIKELY(mk_tally_add(cache, mk_class_sizes[class])))
		return settle(cache, block);
	return block;
}

MK_EXPORT void *memtier_kind_malloc(memkind_t kind, size_t size)
{
	if (MK_UNLIKELY(kind == NULL))
		return malloc_slowly(kind, size);
	return malloc_of(kind, size);
}

static struct memkind *kind_for(struct memtier_memory *memory, size_t size)
{
	if (mk_plan_is_for(memory))
		return mk_plan.kinds[size >= mk_plan.split];
	return mk_plan_choose(memory, size);
}

static MK_COLD void *malloc_unplanned(struct memtier_memory *memory, size_t size)
{
	return malloc_of(mk_plan_choose(memory, size), size);
}

MK_EXPORT void *memtier_malloc(struct memtier_memory *memory, size_t size)
{
	if (!mk_plan_is_for(memory))
		return malloc_unplanned(memory, size);
	return malloc_of(mk_plan.kinds[size >= mk_plan.split], size);
}

MK_EXPORT void *memtier_kind_calloc(memkind_t kind, size_t num, size_t size)
{
	void *block = count_block(memkind_calloc(kind, num, size));

	MK_HOOK(memtier_kind_calloc_post, kind, num, size, &block);
	return block;
}

MK_EXPORT void *memtier_calloc(struct memtier_memory *memory, size_t num, size_t size)
{
	size_t total;

	/* No tier has that much. */
	if (!mk_multiply(num, size, &total))
		total = SIZE_MAX;
	return memtier_kind_calloc(kind_for(memory, total), num, size);
}

MK_EXPORT int memtier_kind_posix_memalign(memkind_t kind, void **memptr, size_t alignment,
					  size_t size)
{
	int error = memkind_posix_memalign(kind, memptr, alignment, size);

	/* Only then *memptr is what the call has stored. */
	if (error == 0)
		count_block(*memptr);
	MK_HOOK(memtier_kind_posix_memalign_post, kind, memptr, alignment, size, &error);
	return error;
}

MK_EXPORT int memtier_posix_memalign(struct memtier_memory *memory, void **memptr, size_t alignment,
				     size_t size)
{
	return memtier_kind_posix_memalign(kind_for(memory, size), memptr, alignment, size);
}

MK_EXPORT void *memtier_kind_realloc(memkind_t kind, void *ptr, size_t size)
{
	struct mk_heap *heap;
	int64_t old_size;
	void *block;

	if (ptr == NULL)
		return memtier_kind_malloc(kind, size);
	if (size == 0) {
		memtier_kind_free(kind, ptr);
		return NULL;
	}
	heap = mk_heap_of(ptr);
	old_size = (int64_t)mk_heap_block_size(ptr);
	block = memkind_realloc(kind, ptr, size);
	if (block != NULL) {
		count(heap, -old_size);
		count_block(block);
	}
	MK_HOOK(memtier_kind_realloc_post, kind, ptr, size, &block);
	return block;
}

MK_EXPORT void *memtier_realloc(struct memtier_memory *memory, void *ptr, size_t size)
{
	return ptr == NULL ? memtier_malloc(memory, size) : memtier_kind_realloc(NULL, ptr, size);
}

static MK_COLD void free_slowly(void *block)
{
	struct mk_heap *heap;
	int64_t size;

	MK_HOOK(memtier_kind_free_pre, &block);
	if (block == NULL)
		return;
	size = (int64_t)mk_heap_block_size(block);
	heap = mk_heap_of(block);
	memkind_free(NULL, block);
	count(heap, -size);
}

MK_EXPORT void memtier_kind_free(memkind_t kind, void *ptr)
{
	uint64_t entry = mk_pagemap_entry((uintptr_t)ptr);
	unsigned class = mk_entry_class(entry);
	struct mk_cache *cache = mk_cache_of(mk_entry_heap(entry));

	(void)kind;
	if (MK_HAS_HOOKS || MK_UNLIKELY(!mk_fast_give(cache, class, ptr))) {
		free_slowly(ptr);
		return;
	}
	if (MK_UNLIKELY(mk_tally_subtract(cache, mk_class_sizes[class])))
		settle(cache, NULL);
}

MK_EXPORT size_t memtier_usable_size(void *ptr)
{
	size_t size = memkind_malloc_usable_size(NULL, ptr);

	MK_HOOK(memtier_kind_usable_size_post, &ptr, size);
	return size;
}

MK_EXPORT size_t memtier_kind_allocated_size(memkind_t kind)
{
	int64_t size = kind == NULL ? 0 : mk_tally_exact(&kind->tallied_size);

	return size > 0 ? (size_t)size : 0;
}
