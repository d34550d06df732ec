/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a heap: every cache, magazine, span and reservation of it is given back. */
#include <string.h>

#include "heap/annotate.h"
#include "heap/class.h"
#include "heap/heap.h"
#include "heap/magazine.h"
#include "heap/pagemap.h"
#include "heap/pages.h"
#include "heap/registry.h"
#include "heap/threads.h"

static void discard_class(struct mk_cache *cache, unsigned class)
{
	if (cache->top[class] != MK_MAGAZINE_NONE_TOP)
		mk_meta_free(MK_META_MAGAZINE, mk_magazine_of(cache->top[class]));
	mk_magazine_discard(&cache->full[class]);
	mk_magazine_discard(&cache->empty[class]);
}

/* The objects are not given back one by one: the pages under them go as a whole. */
static void discard_cache(struct mk_cache *cache)
{
	for (unsigned class = 1; class < MK_CLASS_LARGE; class ++)
		discard_class(cache, class);
	memset(cache, 0, sizeof(*cache));
	mk_meta_free(MK_META_CACHE, cache);
}

static void detach_thread(struct mk_thread *thread, const struct mk_heap *heap)
{
	struct mk_cache **link = &thread->caches;

	while (*link != NULL && (*link)->heap != heap)
		link = &(*link)->next;
	if (*link != NULL) {
		struct mk_cache *cache = *link;

		thread->cache_offset[heap->number] = 0;
		*link = cache->next;
		discard_cache(cache);
	}
}

static void detach_threads(const struct mk_heap *heap)
{
	mk_threads_lock();
	for (struct mk_thread *thread = mk_threads_first(); thread != NULL; thread = thread->next)
		detach_thread(thread, heap);
	mk_threads_unlock();
}

/* The blocks that the application still has end with the heap. Nothing is in a cache in such builds. */
static void annotate_blocks(const struct mk_span *span)
{
	const struct mk_class *class = &mk_classes[span->class];

	if (span->class >= MK_CLASS_SMALL_END) {
		mk_annotate_free((void *)span->base, mk_span_size(span));
		return;
	}
	for (size_t i = 0; i < span->object_count; i++)
		if ((span->free_bits[i / 64] >> (i % 64) & 1) == 0)
			mk_annotate_free((void *)(span->base + i * class->stride), class->size);
}

static void discard_spans(struct mk_reservation *reservation)
{
	while (reservation->top != NULL) {
		struct mk_span *span = reservation->top;

		if (span->state == MK_SPAN_USED) {
			mk_pagemap_remove(span);
			mk_pages_end_with_heap(span);
		}
		if (MK_ANNOTATES && span->state == MK_SPAN_USED)
			annotate_blocks(span);
		reservation->top = span->below;
		mk_meta_free(MK_META_SPAN, span);
	}
}

void mk_heap_destroy(struct mk_heap *heap)
{
	/* The background thread stays out of it, and its number is taken until it has no cache. */
	mk_registry_lock();
	mk_pages_forget_place(heap);
	detach_threads(heap);
	for (unsigned class = 1; class < MK_CLASS_LARGE; class ++) {
		mk_magazine_discard(&heap->class[class].full);
		mk_magazine_discard(&heap->class[class].empty);
	}
	while (heap->pages.reservations != NULL) {
		discard_spans(heap->pages.reservations);
		mk_pages_release(heap, &heap->pages.reservations);
	}
	mk_registry_remove(heap);
	mk_registry_unlock();
	memset(heap, 0, sizeof(*heap));
	mk_meta_free(MK_META_HEAP, heap);
}
