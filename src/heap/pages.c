/* SPDX-License-Identifier: BSD-2-Clause */
/* Spans: found, split, merged, given back. */
#include "heap/pages.h"

#include "base/options.h"
#include "heap/bins.h"
#include "heap/limit.h"
#include "heap/meta.h"
#include "heap/misuse.h"
#include "heap/pagemap.h"
#include "heap/refused.h"
#include "os/thread.h"

enum {
	FIRST_STEP = 256 << 10,
	DECAY_MS = 10000,
	PURGE_CHECK_MS = 1000,
	DEPOT_SHARE = 4, /* depots of more than a quarter of the heap are worth emptying */
};

/* 48 bits of address space: keeps sums and products of sizes from wrapping. */
#define PAGES_LIMIT ((size_t)1 << (48 - MK_PAGE_SHIFT))
/* An aligned block takes as much address space again; no machine has pages of this size. */
#define ALIGNMENT_LIMIT ((size_t)64 << 30)

void mk_pages_start(struct mk_pages *pages)
{
	pages->step = FIRST_STEP;
}

static void age_append(struct mk_pages *pages, struct mk_span *span)
{
	span->age_next = NULL;
	span->age_previous = pages->newest;
	if (pages->newest != NULL)
		pages->newest->age_next = span;
	else
		pages->oldest = span;
	pages->newest = span;
	pages->dirty_size += mk_span_size(span);
}

static void age_remove(struct mk_pages *pages, struct mk_span *span)
{
	if (span->age_previous != NULL)
		span->age_previous->age_next = span->age_next;
	else
		pages->oldest = span->age_next;
	if (span->age_next != NULL)
		span->age_next->age_previous = span->age_previous;
	else
		pages->newest = span->age_previous;
	pages->dirty_size -= mk_span_size(span);
}

void mk_pages_take_free(struct mk_heap *heap, struct mk_span *span)
{
	mk_bins_remove(&heap->pages.bins[span->state], span);
	if (span->state == MK_SPAN_DIRTY)
		age_remove(&heap->pages, span);
}

struct mk_span *mk_pages_split(struct mk_span *span, size_t pages)
{
	struct mk_span *rest = mk_meta_alloc(MK_META_SPAN);

	if (rest == NULL)
		return NULL;
	rest->base = span->base + (pages << MK_PAGE_SHIFT);
	rest->page_count = span->page_count - pages;
	rest->heap = span->heap;
	rest->reservation = span->reservation;
	rest->below = span;
	rest->above = span->above;
	rest->freed_ms = span->freed_ms;
	rest->has_holes = span->has_holes;
	rest->state = span->state;
	atomic_init(&rest->moved_to, NULL);
	if (rest->above != NULL)
		rest->above->below = rest;
	else
		rest->reservation->top = rest;
	span->above = rest;
	span->page_count = pages;
	return rest;
}

/* UPPER, which is in no list, becomes part of LOWER, which is its neighbour and in no list. */
static void merge(struct mk_span *lower, struct mk_span *upper)
{
	lower->page_count += upper->page_count;
	lower->above = upper->above;
	if (upper->above != NULL)
		upper->above->below = lower;
	else
		lower->reservation->top = lower;
	if (lower->freed_ms < upper->freed_ms)
		lower->freed_ms = upper->freed_ms;
	lower->has_holes = lower->has_holes || upper->has_holes;
	mk_meta_free(MK_META_SPAN, upper);
}

struct mk_span *mk_pages_add_free(struct mk_heap *heap, struct mk_span *span)
{
	struct mk_span *below = span->below;
	struct mk_span *above = span->above;

	if (above != NULL && above->state == span->state) {
		mk_pages_take_free(heap, above);
		merge(span, above);
	}
	if (below != NULL && below->state == span->state) {
		mk_pages_take_free(heap, below);
		merge(below, span);
		span = below;
	}
	mk_bins_insert(&heap->pages.bins[span->state], span);
	if (span->state == MK_SPAN_DIRTY)
		age_append(&heap->pages, span);
	return span;
}

struct mk_span *mk_pages_carve(struct mk_heap *heap, struct mk_span *span, size_t pages,
			       size_t alignment)
{
	size_t front = (mk_align_up(span->base, alignment) - span->base) >> MK_PAGE_SHIFT;
	enum mk_span_state state = span->state;

	mk_pages_take_free(heap, span);
	if (front != 0) {
		struct mk_span *rest = mk_pages_split(span, front);

		/* Used: else the front would be merged with what it was just cut from. */
		if (rest != NULL)
			rest->state = MK_SPAN_USED;
		mk_pages_add_free(heap, span);
		if (rest == NULL)
			return NULL;
		span = rest;
	}
	if (span->page_count > pages) {
		struct mk_span *rest = mk_pages_split(span, pages);

		span->state = MK_SPAN_USED;
		if (rest != NULL) {
			rest->state = state;
			mk_pages_add_free(heap, rest);
		}
	}
	span->state = state;
	return span;
}

/* Free spans of both states that touch become one dirty span. */
static void merge_states(struct mk_heap *heap)
{
	for (struct mk_reservation *reservation = heap->pages.reservations; reservation != NULL;
	     reservation = reservation->next) {
		struct mk_span *span = reservation->top;

		while (span != NULL) {
			if (span->state == MK_SPAN_FRESH) {
				mk_pages_take_free(heap, span);
				span->state = MK_SPAN_DIRTY;
				span = mk_pages_add_free(heap, span);
			}
			span = span->below;
		}
	}
}

/* Purged pages of some backings are gone: there they are fresh, and nobody's. */
static bool is_memory(const struct mk_heap *heap, const struct mk_span *span)
{
	return span->state == MK_SPAN_DIRTY ||
	       (span->state == MK_SPAN_FRESH && heap->backing->page_size == 0);
}

/* What is free, joined to pieces whatever their state, and to what can still be committed. */
static struct mk_span *find_by_merging(struct mk_heap *heap, size_t pages)
{
	struct mk_bins *dirty = &heap->pages.bins[MK_SPAN_DIRTY];
	struct mk_span *span;

	merge_states(heap);
	span = mk_bins_find(dirty, pages, true);
	if (span != NULL || !mk_pages_grow_top(heap, pages, MK_SPAN_DIRTY))
		return span;
	merge_states(heap);
	return mk_bins_find(dirty, pages, true);
}

/* Among what is idle, and then what is fresh, but for purged pages that are gone. */
static struct mk_span *find_free(struct mk_heap *heap, size_t pages, bool is_thorough)
{
	struct mk_bins *bins = heap->pages.bins;
	struct mk_span *span = mk_bins_find(&bins[MK_SPAN_DIRTY], pages, is_thorough);

	if (span != NULL || heap->backing->page_size != 0)
		return span;
	return mk_bins_find(&bins[MK_SPAN_FRESH], pages, is_thorough);
}

static struct mk_span *find_by_growing(struct mk_heap *heap, size_t pages)
{
	if (!mk_pages_grow(heap, pages))
		return NULL;
	return mk_bins_find(&heap->pages.bins[mk_pages_new_state(heap)], pages, true);
}

/* Pages that are idle are given back, so that others can be got, in one piece. */
static struct mk_span *find_by_purging(struct mk_heap *heap, size_t pages)
{
	struct mk_span *span;

	mk_pages_purge_all(heap);
	span = find_free(heap, pages, true);
	return span != NULL ? span : find_by_growing(heap, pages);
}

/* Depots that hold a good part of the heap are emptied before it grows: heap.c does it. */
static bool should_empty_depots(struct mk_heap *heap)
{
	size_t idle_size = atomic_load_explicit(&heap->depot_size, memory_order_relaxed);

	return idle_size > heap->pages.committed_size / DEPOT_SHARE &&
	       atomic_load_explicit(&heap->hurry, memory_order_relaxed) == 0;
}

/* Where what is idle is given back, there is more to be had. */
static bool gets_by_giving(const struct mk_heap *heap)
{
	return heap->backing->page_size != 0 || heap->backing->ops->refill != NULL ||
	       heap->backing->limit != NULL;
}

/* A free span with room for PAGES pages; committed or merged from pieces where need be. */
static struct mk_span *find(struct mk_heap *heap, size_t pages)
{
	struct mk_span *span = find_free(heap, pages, false);

	if (span != NULL || should_empty_depots(heap))
		return span;
	span = find_by_growing(heap, pages);
	if (span != NULL)
		return span;
	/* Under a limit pages that were merged with used ones would be counted. */
	if (heap->backing->page_size == 0 && heap->backing->limit == NULL)
		span = find_by_merging(heap, pages);
	if (span == NULL && gets_by_giving(heap))
		span = find_by_purging(heap, pages);
	return span;
}

static bool refill(struct mk_heap *heap, struct mk_span *span)
{
	struct mk_backing *backing = heap->backing;
	void *base = (void *)span->base;

	if (backing->ops->refill != NULL)
		return backing->ops->refill(backing, base, mk_span_size(span)) == 0;
	/* A block that moved was here, and its policy still is. */
	return backing->ops->adopt(backing, base, mk_span_size(span), backing, false) == 0;
}

/* False: there are no pages for a span, which is as it was. */
static bool take_pages(struct mk_heap *heap, struct mk_span *span)
{
	size_t size = mk_span_size(span);
	size_t counted_size = span->state == MK_SPAN_FRESH ? size : 0;

	if (!mk_limit_take(heap->backing->limit, counted_size))
		return false;
	if (span->has_holes && !refill(heap, span)) {
		mk_limit_give(heap->backing->limit, counted_size);
		return false;
	}
	span->has_holes = false;
	return true;
}

/*
 * False: the limit has no room for the span, or the backing no pages for its holes, not even when
 * everything that is idle was given back. The span is in no list.
 */
static bool obtain(struct mk_heap *heap, struct mk_span *span)
{
	enum mk_span_state state = span->state;

	if (take_pages(heap, span))
		return true;
	if (heap->pages.oldest == NULL)
		return false;
	/* Used: else what is purged beside it would be merged with it. */
	span->state = MK_SPAN_USED;
	mk_pages_purge_all(heap);
	span->state = state;
	return take_pages(heap, span);
}

static struct mk_span *find_and_carve(struct mk_heap *heap, size_t pages, size_t alignment)
{
	size_t alignment_pages = alignment > MK_PAGE_SIZE ? alignment >> MK_PAGE_SHIFT : 1;
	struct mk_span *span = find(heap, pages + alignment_pages - 1);

	if (span != NULL)
		span = mk_pages_carve(heap, span, pages, alignment);
	if (span == NULL || obtain(heap, span))
		return span;
	mk_pages_add_free(heap, span);
	return NULL;
}

/* A span is used from here on, as its class and pages are now. */
static void enter(struct mk_span *span)
{
	struct mk_used *used = &span->heap->pages.used[span->class];

	used->span_count++;
	used->page_count += span->page_count;
	mk_pagemap_enter(span);
}

static void leave(struct mk_span *span)
{
	struct mk_used *used = &span->heap->pages.used[span->class];

	used->span_count--;
	used->page_count -= span->page_count;
	mk_pagemap_remove(span);
}

struct mk_span *mk_pages_alloc(struct mk_heap *heap, size_t pages, size_t alignment, unsigned class,
			       bool *ret_zeroed)
{
	struct mk_span *span;

	if (pages > PAGES_LIMIT || alignment > ALIGNMENT_LIMIT)
		return NULL;
	mk_lock_acquire(&heap->pages.lock, MK_RANK_PAGES);
	span = find_and_carve(heap, pages, alignment);
	if (span != NULL) {
		*ret_zeroed = span->state == MK_SPAN_FRESH && !heap->backing->holds_old_bytes;
		span->state = MK_SPAN_USED;
		span->class = (uint8_t) class;
		enter(span);
	}
	mk_lock_release(&heap->pages.lock, MK_RANK_PAGES);
	return span;
}

static void purge_now_and_then(struct mk_heap *heap, uint64_t now)
{
	uint64_t decay_ms = heap->backing->decay_ms != 0 ? heap->backing->decay_ms : DECAY_MS;

	if (now - heap->pages.purge_checked_ms < mk_min_size(PURGE_CHECK_MS, decay_ms))
		return;
	heap->pages.purge_checked_ms = now;
	if (!mk_option_begins(MK_OPTION_HOG_MEMORY, '1'))
		mk_pages_purge(heap, decay_ms);
}

void mk_pages_purge_idle(struct mk_heap *heap)
{
	mk_lock_acquire(&heap->pages.lock, MK_RANK_PAGES);
	purge_now_and_then(heap, mk_clock_ms());
	mk_lock_release(&heap->pages.lock, MK_RANK_PAGES);
}

/* What is cut off a moved block is whole pages of the kernel, too. */
static size_t shrunk_count(const struct mk_span *span, size_t pages)
{
	size_t unit = mk_vm_page_size() >> MK_PAGE_SHIFT;

	return mk_span_is_moved(span) ? mk_min_size(mk_align_up(pages, unit), span->page_count)
				      : pages;
}

static void free_locked(struct mk_heap *heap, struct mk_span *span, uint64_t now)
{
	span->state = MK_SPAN_DIRTY;
	span->freed_ms = now;
	if (mk_span_is_moved(span))
		mk_pages_bring_home(heap, span);
	span = mk_pages_add_free(heap, span);
	if (heap->backing->purges_at_once && span->state == MK_SPAN_DIRTY)
		mk_pages_purge_at_once(heap, span);
}

static void give_back(struct mk_heap *heap, struct mk_span *span)
{
	uint64_t now = mk_clock_ms();

	mk_refused_forget(heap->backing->refused);
	leave(span);
	free_locked(heap, span, now);
	purge_now_and_then(heap, now);
}

void mk_pages_free(struct mk_span *span)
{
	struct mk_heap *heap = span->heap;

	mk_lock_acquire(&heap->pages.lock, MK_RANK_PAGES);
	give_back(heap, span);
	mk_lock_release(&heap->pages.lock, MK_RANK_PAGES);
}

void mk_pages_free_block(struct mk_heap *heap, unsigned class, void *block)
{
	struct mk_span *span;

	mk_lock_acquire(&heap->pages.lock, MK_RANK_PAGES);
	span = mk_pagemap_find(block);
	if (span == NULL || span->heap != heap || span->class != class) {
		mk_lock_release(&heap->pages.lock, MK_RANK_PAGES);
		mk_misuse_double_free(block);
	}
	if (span->base != (uintptr_t)block)
		mk_misuse_interior(block);
	give_back(heap, span);
	mk_lock_release(&heap->pages.lock, MK_RANK_PAGES);
}

static void shrink(struct mk_heap *heap, struct mk_span *span, size_t pages)
{
	struct mk_span *rest = mk_pages_split(span, pages);

	mk_refused_forget(heap->backing->refused);
	if (rest == NULL)
		return;
	mk_pages_mark_moved(rest, atomic_load_explicit(&span->moved_to, memory_order_relaxed));
	free_locked(heap, rest, mk_clock_ms());
}

/* Whether MISSING pages are free above the span; at the top of what is committed, more is. */
static bool has_room_above(struct mk_heap *heap, const struct mk_span *span, size_t missing)
{
	const struct mk_span *above = span->above;
	size_t free_count = 0;

	while (above != NULL && is_memory(heap, above) && free_count < missing) {
		free_count += above->page_count;
		above = above->above;
	}
	if (free_count >= missing)
		return true;
	return above == NULL && !should_empty_depots(heap) &&
	       mk_pages_grow_reservation(heap, span->reservation, missing - free_count);
}

/* Takes up to MISSING pages of the free span above. False: the backing has none for its holes. */
static bool take_above(struct mk_heap *heap, struct mk_span *span, size_t missing)
{
	struct mk_span *above = span->above;
	enum mk_span_state state = above->state;
	struct mk_span *rest;

	mk_pages_take_free(heap, above);
	if (above->page_count > missing) {
		rest = mk_pages_split(above, missing);
		if (rest != NULL) {
			/* Used: else the rest would be merged with what it was just cut from. */
			above->state = MK_SPAN_USED;
			rest->state = state;
			mk_pages_add_free(heap, rest);
			above->state = state;
		}
	}
	if (!obtain(heap, above)) {
		mk_pages_add_free(heap, above);
		return false;
	}
	merge(span, above);
	return true;
}

static bool extend(struct mk_heap *heap, struct mk_span *span, size_t pages)
{
	if (!has_room_above(heap, span, pages - span->page_count))
		return false;
	while (span->page_count < pages)
		if (!take_above(heap, span, pages - span->page_count))
			return false;
	return true;
}

bool mk_pages_resize(struct mk_span *span, size_t pages, unsigned class)
{
	struct mk_heap *heap = span->heap;
	bool fits = true;

	mk_lock_acquire(&heap->pages.lock, MK_RANK_PAGES);
	leave(span);
	if (pages < span->page_count)
		pages = shrunk_count(span, pages);
	if (pages < span->page_count)
		shrink(heap, span, pages);
	else if (pages > span->page_count)
		/* What is above is not where the block is. */
		fits = !mk_span_is_moved(span) && extend(heap, span, pages);
	if (fits)
		span->class = (uint8_t) class;
	enter(span);
	mk_lock_release(&heap->pages.lock, MK_RANK_PAGES);
	return fits;
}
