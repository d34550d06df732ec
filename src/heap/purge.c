/* SPDX-License-Identifier: BSD-2-Clause */
/* Giving back: pages that were idle for long, and reservations that are empty. */
#include "base/options.h"
#include "heap/cache.h"
#include "heap/limit.h"
#include "heap/meta.h"
#include "heap/pagemap.h"
#include "heap/pages.h"
#include "heap/probe.h"
#include "heap/registry.h"
#include "os/thread.h"

bool mk_pages_zero(struct mk_heap *heap, void *block)
{
	size_t size = mk_span_size(mk_pagemap_find(block));
	int error;

	/* Pages that have to be got again might not be there. */
	if (heap->backing->ops->purge == NULL || heap->backing->ops->refill != NULL ||
	    heap->backing->page_size != 0 || ((uintptr_t)block | size) % mk_vm_page_size() != 0 ||
	    mk_option_begins(MK_OPTION_HOG_MEMORY, '1'))
		return false;
	mk_lock_acquire(&heap->pages.lock, MK_RANK_PAGES);
	error = heap->backing->ops->purge(heap->backing, block, size);
	if (error == 0)
		MK_PROBE_PURGE(heap, block, size);
	mk_lock_release(&heap->pages.lock, MK_RANK_PAGES);
	return error == 0;
}

/*
 * Gives back the pages of a dirty span between multiples of ALIGNMENT: they become a fresh span. What
 * is left at the ends, and all of it where the kernel refuses (mlocked), stays dirty and is not tried
 * again before the next decay.
 */
static void purge_span(struct mk_heap *heap, struct mk_span *span, size_t alignment, uint64_t now)
{
	uintptr_t start = mk_align_up(span->base, alignment);
	uintptr_t end = mk_align_down(span->base + mk_span_size(span), alignment);
	struct mk_span *whole;

	span->freed_ms = now;
	if (start >= end) {
		mk_pages_take_free(heap, span);
		mk_pages_add_free(heap, span);
		return;
	}
	whole = mk_pages_carve(heap, span, (end - start) >> MK_PAGE_SHIFT, alignment);
	if (whole == NULL)
		return;
	if (heap->backing->ops->purge(heap->backing, (void *)whole->base, mk_span_size(whole)) ==
	    0) {
		MK_PROBE_PURGE(heap, whole->base, mk_span_size(whole));
		heap->pages.purged_size += mk_span_size(whole);
		mk_limit_give(heap->backing->limit, mk_span_size(whole));
		whole->state = MK_SPAN_FRESH;
		whole->has_holes = heap->backing->ops->refill != NULL;
	}
	mk_pages_add_free(heap, whole);
}

static bool has_chunk(const struct mk_span *span)
{
	return mk_align_up(span->base, MK_CHUNK_SIZE) + MK_CHUNK_SIZE <=
	       span->base + mk_span_size(span);
}

/* Everything committed of it is one fresh span. */
static bool is_empty(const struct mk_reservation *reservation)
{
	const struct mk_span *top = reservation->top;

	return top == NULL || (top->state == MK_SPAN_FRESH && top->below == NULL);
}

/*
 * One empty reservation stays, so that a heap that is used and left in turns keeps its own; but none
 * whose pages are gone.
 */
static void release_empty(struct mk_heap *heap)
{
	struct mk_reservation **link = &heap->pages.reservations;

	while (*link != NULL) {
		struct mk_reservation *reservation = *link;

		if (!is_empty(reservation) ||
		    (heap->backing->page_size == 0 && heap->pages.reservations->next == NULL)) {
			link = &reservation->next;
			continue;
		}
		if (reservation->top != NULL) {
			mk_pages_take_free(heap, reservation->top);
			mk_meta_free(MK_META_SPAN, reservation->top);
		}
		mk_pages_release(heap, link);
	}
}

/*
 * Whole chunks go first, after half of the time: a piece that is purged out of a chunk costs the
 * kernel its huge page.
 */
void mk_pages_purge(struct mk_heap *heap, uint64_t decay_ms)
{
	size_t unit = mk_pages_unit(heap);
	uint64_t now = mk_clock_ms();
	struct mk_span *span = heap->pages.oldest;

	if (heap->backing->ops->purge == NULL)
		return;
	/* What a purge leaves dirty is younger than this, so the loop ends. */
	while (span != NULL && span->freed_ms < now && now - span->freed_ms >= decay_ms / 2) {
		struct mk_span *next = span->age_next;

		if (now - span->freed_ms >= decay_ms)
			purge_span(heap, span, unit, now);
		else if (has_chunk(span))
			purge_span(heap, span, mk_max_size(MK_CHUNK_SIZE, unit), now);
		span = next;
	}
	release_empty(heap);
}

void mk_pages_purge_all(struct mk_heap *heap)
{
	struct mk_span *span = heap->pages.oldest;
	struct mk_span *last = heap->pages.newest;
	uint64_t now = mk_clock_ms();

	/* What a purge leaves dirty is behind the last. */
	while (span != NULL) {
		struct mk_span *next = span == last ? NULL : span->age_next;

		purge_span(heap, span, mk_pages_unit(heap), now);
		span = next;
	}
	release_empty(heap);
}

void mk_pages_purge_at_once(struct mk_heap *heap, struct mk_span *span)
{
	if (heap->backing->ops->purge == NULL || mk_option_begins(MK_OPTION_HOG_MEMORY, '1'))
		return;
	purge_span(heap, span, mk_pages_unit(heap), mk_clock_ms());
	release_empty(heap);
}

/* Bytes that the heap gave back so far, this time included where it is to purge all that it can. */
static size_t purged_size(struct mk_heap *heap, bool purges)
{
	size_t size;

	mk_lock_acquire(&heap->pages.lock, MK_RANK_PAGES);
	if (purges)
		mk_pages_purge_all(heap);
	size = heap->pages.purged_size;
	mk_lock_release(&heap->pages.lock, MK_RANK_PAGES);
	return size;
}

static bool trim(struct mk_heap *heap)
{
	size_t before = purged_size(heap, false);

	mk_cache_drain(heap);
	return purged_size(heap, heap->backing->ops->purge != NULL) != before;
}

bool mk_heap_reclaim(const void *owner)
{
	struct mk_heap *heap;
	bool is_trimmed = false;

	mk_registry_lock();
	for (heap = mk_registry_next(owner, 1); heap != NULL;
	     heap = mk_registry_next(owner, heap->number + 1))
		is_trimmed |= trim(heap);
	mk_registry_unlock();
	return is_trimmed;
}

bool mk_heap_trim(const void *owner)
{
	return !mk_option_begins(MK_OPTION_HOG_MEMORY, '1') && mk_heap_reclaim(owner);
}
