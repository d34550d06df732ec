/* SPDX-License-Identifier: BSD-2-Clause */
/* Growth: reservations from the backing, committed in steps that double. */
#include "heap/annotate.h"
#include "heap/bins.h"
#include "heap/meta.h"
#include "heap/pagemap.h"
#include "heap/pages.h"

enum {
	STEP_UNIT = 64 << 10, /* a multiple of every kernel page size */
	STEP_LIMIT = 64 << 20,
};

/* Bytes of a free span at the reservation's top, which new pages can be joined to. */
static size_t free_top_size(const struct mk_reservation *reservation, enum mk_span_state state)
{
	const struct mk_span *top = reservation->top;

	return top != NULL && top->state == state ? mk_span_size(top) : 0;
}

/* What was committed becomes a fresh span. False: no metadata memory; the pages stay unused. */
static bool add_committed(struct mk_heap *heap, struct mk_reservation *reservation, size_t size)
{
	struct mk_span *span = mk_meta_alloc(MK_META_SPAN);

	if (span == NULL)
		return false;
	span->base = reservation->base + reservation->committed;
	span->page_count = size >> MK_PAGE_SHIFT;
	span->heap = heap;
	span->reservation = reservation;
	span->below = reservation->top;
	span->above = NULL;
	span->freed_ms = 0;
	span->state = MK_SPAN_FRESH;
	if (span->below != NULL)
		span->below->above = span;
	reservation->top = span;
	reservation->committed += size;
	heap->pages.committed_size += size;
	mk_pages_add_free(heap, span);
	return true;
}

/* Commits MISSING bytes or more: a step, halved as long as the backing refuses it. */
static bool commit(struct mk_heap *heap, struct mk_reservation *reservation, size_t missing)
{
	size_t room = reservation->size - reservation->committed;
	size_t step = mk_min_size(mk_max_size(missing, heap->pages.step), room);
	void *base = (void *)(reservation->base + reservation->committed);

	if (missing > room)
		return false;
	while (heap->backing->ops->commit(heap->backing, (void *)reservation->base,
					  reservation->size, base, step) != 0) {
		if (step == missing)
			return false;
		step = mk_max_size(missing, mk_align_down(step / 2, STEP_UNIT));
		heap->pages.step = mk_max_size(STEP_UNIT, step);
	}
	if (step >= heap->pages.step)
		heap->pages.step = mk_min_size(heap->pages.step * 2, STEP_LIMIT);
	mk_annotate_commit(base, step);
	return add_committed(heap, reservation, step);
}

static int ask_backing(struct mk_heap *heap, size_t size, void **ret_base)
{
	return heap->backing->ops->reserve(heap->backing, size, ret_base);
}

/*
 * Address space of LEAST bytes, or up to *SIZE: halved as long as it is refused, and then once more
 * to a quarter, since where address space is short (ulimit -v) the next heap wants some, too. *SIZE
 * is what was got. 0 or -errno.
 */
static int reserve_space(struct mk_heap *heap, size_t least, size_t *size, void **ret_base)
{
	size_t wanted = *size;
	int error = ask_backing(heap, wanted, ret_base);

	if (error == 0)
		return 0;
	while (error != 0 && wanted > least) {
		wanted = mk_max_size(least, mk_align_down(wanted / 2, MK_CHUNK_SIZE));
		error = ask_backing(heap, wanted, ret_base);
	}
	if (error == 0 && wanted > least) {
		heap->backing->ops->release(heap->backing, *ret_base, wanted);
		wanted = mk_max_size(least, mk_align_down(wanted / 4, MK_CHUNK_SIZE));
		error = ask_backing(heap, wanted, ret_base);
	}
	*size = wanted;
	return error;
}

static struct mk_reservation *reserve(struct mk_heap *heap, size_t size)
{
	size_t least = mk_align_up(size, MK_CHUNK_SIZE);
	size_t wanted = mk_max_size(heap->backing->reservation_size, least);
	struct mk_reservation *reservation;
	void *base;

	if (reserve_space(heap, least, &wanted, &base) != 0)
		return NULL;
	reservation = mk_meta_alloc(MK_META_RESERVATION);
	if (reservation == NULL || mk_pagemap_cover((uintptr_t)base, wanted) != 0) {
		heap->backing->ops->release(heap->backing, base, wanted);
		if (reservation != NULL)
			mk_meta_free(MK_META_RESERVATION, reservation);
		return NULL;
	}
	mk_annotate_reserve(base, wanted);
	reservation->base = (uintptr_t)base;
	reservation->size = wanted;
	reservation->committed = 0;
	reservation->top = NULL;
	reservation->next = heap->pages.reservations;
	heap->pages.reservations = reservation;
	return reservation;
}

bool mk_pages_grow_top(struct mk_heap *heap, size_t pages, enum mk_span_state state)
{
	size_t size = mk_align_up(pages << MK_PAGE_SHIFT, STEP_UNIT);

	for (struct mk_reservation *reservation = heap->pages.reservations; reservation != NULL;
	     reservation = reservation->next) {
		size_t present = mk_align_down(free_top_size(reservation, state), STEP_UNIT);

		if (commit(heap, reservation, size - mk_min_size(present, size - STEP_UNIT)))
			return true;
	}
	return false;
}

bool mk_pages_grow(struct mk_heap *heap, size_t pages)
{
	size_t size = mk_align_up(pages << MK_PAGE_SHIFT, STEP_UNIT);
	struct mk_reservation *reservation;

	if (mk_pages_grow_top(heap, pages, MK_SPAN_FRESH))
		return true;
	reservation = reserve(heap, size);
	return reservation != NULL && commit(heap, reservation, size);
}
