/* SPDX-License-Identifier: BSD-2-Clause */
/* Heaps: blocks by size, and the way of a free to its owner. */
#include "heap/heap.h"

#include <string.h>

#include "heap/annotate.h"
#include "heap/cache.h"
#include "heap/class.h"
#include "heap/depot.h"
#include "heap/fast.h"
#include "heap/misuse.h"
#include "heap/pages.h"
#include "heap/slab.h"

/* From here on used pages are given back for new ones, which are zero: few programs use them all. */
#define PURGE_TO_ZERO (2 * MK_MIB)

/* Pages of a medium or large block. */
static size_t page_count(unsigned class, size_t size)
{
	if (class < MK_CLASS_LARGE)
		return mk_classes[class].size >> MK_PAGE_SHIFT;
	return mk_align_up(size, MK_PAGE_SIZE) >> MK_PAGE_SHIFT;
}

static void *large_block(struct mk_heap *heap, size_t alignment, size_t size, bool *ret_zeroed)
{
	struct mk_span *span;

	if (size > PTRDIFF_MAX)
		return NULL;
	span = mk_pages_alloc(heap, page_count(MK_CLASS_LARGE, size), alignment, MK_CLASS_LARGE,
			      ret_zeroed);
	return span == NULL ? NULL : (void *)span->base;
}

static void *small_block(struct mk_heap *heap, unsigned class)
{
	struct mk_cache *cache = mk_cache_get(heap);
	void *object = cache == NULL ? NULL : mk_cache_take(cache, class);

	return object != NULL ? object : mk_cache_take_direct(heap, class);
}

/* One that is not cached comes straight from the pages, which know if it is zero. */
static void *medium_block(struct mk_heap *heap, unsigned class, bool *ret_zeroed)
{
	struct mk_cache *cache = mk_cache_get(heap);
	void *object = cache == NULL ? NULL : mk_cache_take(cache, class);
	struct mk_span *span;

	if (object != NULL)
		return object;
	span = mk_pages_alloc(heap, page_count(class, 0), MK_PAGE_SIZE, class, ret_zeroed);
	return span == NULL ? NULL : (void *)span->base;
}

static void *take_block(struct mk_heap *heap, unsigned class, size_t alignment, size_t size,
			bool *ret_zeroed)
{
	*ret_zeroed = false;
	if (class < MK_CLASS_SMALL_END)
		return small_block(heap, class);
	if (class < MK_CLASS_LARGE)
		return medium_block(heap, class, ret_zeroed);
	return large_block(heap, alignment, size, ret_zeroed);
}

/*
 * A heap does not grow as long as its depots hold much: they are emptied first. Then the caches are,
 * which is all that is left where it can't grow.
 */
static void *take_hurriedly(struct mk_heap *heap, unsigned class, size_t alignment, size_t size,
			    bool *ret_zeroed)
{
	void *found;

	atomic_fetch_add_explicit(&heap->hurry, 1, memory_order_relaxed);
	mk_depot_drain(heap);
	found = take_block(heap, class, alignment, size, ret_zeroed);
	if (found == NULL) {
		mk_cache_drain(heap);
		found = take_block(heap, class, alignment, size, ret_zeroed);
	}
	atomic_fetch_sub_explicit(&heap->hurry, 1, memory_order_relaxed);
	return found;
}

static void *get_block(struct mk_heap *heap, unsigned class, size_t alignment, size_t size,
		       bool *ret_zeroed)
{
	void *found = take_block(heap, class, alignment, size, ret_zeroed);

	if (found == NULL && size <= PTRDIFF_MAX)
		found = take_hurriedly(heap, class, alignment, size, ret_zeroed);
	return found;
}

void *mk_heap_malloc(struct mk_heap *heap, size_t size)
{
	bool zeroed;
	void *found = get_block(heap, mk_class_of(size), MK_PAGE_SIZE, size, &zeroed);

	mk_annotate_malloc(found, size, false);
	return found;
}

void *mk_heap_malloc_zeroed(struct mk_heap *heap, size_t size)
{
	bool zeroed;
	void *found = get_block(heap, mk_class_of(size), MK_PAGE_SIZE, size, &zeroed);

	if (found != NULL && !zeroed && size >= PURGE_TO_ZERO)
		zeroed = mk_pages_zero(heap, found);
	mk_annotate_malloc(found, size, zeroed);
	if (found != NULL && !zeroed)
		memset(found, 0, size);
	return found;
}

void *mk_heap_malloc_aligned(struct mk_heap *heap, size_t alignment, size_t size)
{
	bool zeroed;
	void *found =
		get_block(heap, mk_class_of_aligned(alignment, size), alignment, size, &zeroed);

	mk_annotate_malloc(found, size, false);
	return found;
}

/* The span of a block that is about to be used by its address: dies where that is no block. */
static struct mk_span *span_of_block(const void *address)
{
	struct mk_span *span = mk_pagemap_find(address);

	if (span == NULL)
		mk_misuse_no_block(address);
	if (span->class < MK_CLASS_SMALL_END)
		mk_slab_index(span, address);
	else if (span->base != (uintptr_t)address)
		mk_misuse_interior(address);
	return span;
}

void mk_heap_free(void *block)
{
	uint64_t entry = mk_pagemap_entry((uintptr_t)block);
	unsigned class = mk_entry_class(entry);
	struct mk_span *span;
	struct mk_heap *heap;
	struct mk_cache *cache;

	if (block == NULL)
		return;
	if (class == MK_CLASS_NONE || class == MK_CLASS_LARGE) {
		span = span_of_block(block);
		mk_annotate_free(block, mk_span_size(span));
		mk_pages_free_block(span->heap, MK_CLASS_LARGE, block);
		return;
	}
	mk_annotate_free(block, mk_classes[class].size);
	heap = mk_entry_span(entry)->heap;
	cache = mk_cache_get_for_free(heap);
	if (cache == NULL || (heap->backing->is_scarce && class >= MK_CLASS_SMALL_END))
		mk_cache_give_direct(heap, class, block);
	else if (!mk_fast_free(block))
		mk_cache_overflow(cache, class, block);
}

static size_t usable_size(const struct mk_span *span)
{
	return span->class == MK_CLASS_LARGE ? mk_span_size(span) : mk_classes[span->class].size;
}

size_t mk_heap_block_size(const void *block)
{
	return usable_size(span_of_block(block));
}

size_t mk_heap_usable_size(const void *block)
{
	size_t usable = mk_heap_block_size(block);

	mk_annotate_resize((void *)block, usable, usable);
	return usable;
}

static bool resize(struct mk_span *span, size_t size)
{
	size_t usable = usable_size(span);
	unsigned class = mk_class_of(size);

	if (span->class < MK_CLASS_SMALL_END || class < MK_CLASS_SMALL_END)
		return class == span->class || (size <= usable && size > usable / 2);
	if (mk_span_is_moved(span))
		class = MK_CLASS_LARGE;
	if (class == span->class && class != MK_CLASS_LARGE)
		return true;
	if (size > PTRDIFF_MAX)
		return false;
	/* Before others can get what is cut off. */
	if (size < usable)
		mk_annotate_resize((void *)span->base, usable, size);
	return mk_pages_resize(span, page_count(class, size), class);
}

bool mk_heap_resize(void *block, size_t size)
{
	struct mk_span *span = span_of_block(block);
	bool fits = resize(span, size);

	if (fits)
		mk_annotate_resize(block, usable_size(span), size);
	return fits;
}

/*
 * The old object goes to its slab past the caches: there it would be the next to be handed out, and
 * keep the slab from getting empty.
 */
void *mk_heap_defrag(void *block)
{
	struct mk_span *span = span_of_block(block);
	struct mk_heap *heap = span->heap;
	unsigned class = span->class;
	size_t size = mk_classes[class].size;
	void *moved;

	if (!mk_class_is_small(class))
		return NULL;
	mk_cache_empty_class(heap, class);
	moved = mk_depot_take_fuller(heap, span);
	if (moved == NULL)
		return NULL;
	mk_annotate_malloc(moved, size, false);
	mk_annotate_resize(block, size, size);
	memcpy(moved, block, size);
	mk_annotate_free(block, size);
	mk_cache_give_direct(heap, class, block);
	return moved;
}

struct mk_heap *mk_heap_of(const void *address)
{
	const struct mk_span *span = mk_pagemap_find(address);

	return span == NULL ? NULL : span->heap;
}
