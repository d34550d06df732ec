/* SPDX-License-Identifier: BSD-2-Clause */
/* Growth: reservations from the backing, committed in steps that double. */
#include "heap/annotate.h"
#include "heap/bins.h"
#include "heap/limit.h"
#include "heap/meta.h"
#include "heap/pagemap.h"
#include "heap/pages.h"
#include "heap/probe.h"
#include "os/thread.h"

enum {
	STEP_LEAST = 64 << 10, /* but where less is left */
	STEP_LIMIT = 64 << 20,
};

/* Bytes of a free span at the reservation's top, which new pages can be joined to. */
static size_t free_top_size(const struct mk_reservation *reservation, enum mk_span_state state)
{
	const struct mk_span *top = reservation->top;

	return top != NULL && top->state == state ? mk_span_size(top) : 0;
}

/* What was committed becomes a free span. False: no metadata memory; the pages stay unused. */
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
	span->state = mk_pages_new_state(heap);
	atomic_init(&span->moved_to, NULL);
	span->freed_ms = span->state == MK_SPAN_DIRTY ? mk_clock_ms() : 0;
	span->has_holes = heap->backing->fill_limit != 0 && size > heap->backing->fill_limit;
	if (span->below != NULL)
		span->below->above = span;
	reservation->top = span;
	reservation->committed += size;
	heap->pages.committed_size += size;
	mk_pages_add_free(heap, span);
	return true;
}

static size_t step_limit(const struct mk_heap *heap)
{
	return heap->backing->fill_limit != 0 ? heap->backing->fill_limit : STEP_LIMIT;
}

/* What to commit first: large steps end with a chunk, so that it can become a huge page. */
static size_t first_step(const struct mk_heap *heap, const struct mk_reservation *reservation,
			 size_t missing)
{
	size_t room = reservation->size - reservation->committed;
	size_t step = mk_min_size(heap->pages.step, mk_limit_left(heap->backing->limit));
	size_t end = reservation->committed +
		     mk_align_up(mk_max_size(missing, step), mk_pages_unit(heap));

	if (step >= MK_CHUNK_SIZE)
		end = mk_align_up(end, MK_CHUNK_SIZE);
	return mk_min_size(end - reservation->committed, room);
}

/*
 * Pages that are idle from the start count at once, others when they are used. What the backing does
 * for all of a reservation is not for the blocks in it that moved.
 */
static bool ask_to_commit(struct mk_heap *heap, const struct mk_reservation *reservation,
			  void *base, size_t size)
{
	size_t counted_size = mk_pages_new_state(heap) == MK_SPAN_DIRTY ? size : 0;
	struct mk_backing *backing = heap->backing;
	int error;

	if (!mk_limit_take(backing->limit, counted_size))
		return false;
	error = backing->ops->commit(backing, (void *)reservation->base, reservation->size, base,
				     size);
	mk_pages_adopt_if_rebound(heap);
	if (error != 0)
		mk_limit_give(backing->limit, counted_size);
	return error == 0;
}

/* Commits MISSING bytes or more: a step, halved as long as the backing refuses it. */
static bool commit(struct mk_heap *heap, struct mk_reservation *reservation, size_t missing)
{
	size_t room = reservation->size - reservation->committed;
	size_t step = first_step(heap, reservation, missing);
	void *base = (void *)(reservation->base + reservation->committed);

	if (missing > room)
		return false;
	while (!ask_to_commit(heap, reservation, base, step)) {
		if (step == missing)
			return false;
		step = mk_max_size(missing, mk_align_down(step / 2, mk_pages_unit(heap)));
		heap->pages.step = mk_max_size(STEP_LEAST, step);
	}
	if (step >= heap->pages.step)
		heap->pages.step = mk_min_size(heap->pages.step * 2, step_limit(heap));
	mk_annotate_commit(base, step);
	MK_PROBE_COMMIT(heap, base, step);
	return add_committed(heap, reservation, step);
}

struct space {
	void *base;
	size_t size;
};

static int ask_backing(struct mk_heap *heap, size_t size, struct space *ret_space)
{
	return heap->backing->ops->reserve(heap->backing, size, &ret_space->base, &ret_space->size);
}

/*
 * Address space of WANTED bytes, or down to LEAST: halved as long as it is refused, and then once
 * more to a quarter, since where address space is short (ulimit -v) the next heap wants some, too.
 * 0 or -errno.
 */
static int reserve_space(struct mk_heap *heap, size_t least, size_t wanted, struct space *ret_space)
{
	int error = ask_backing(heap, wanted, ret_space);

	if (error == 0)
		return 0;
	while (error != 0 && wanted > least) {
		wanted = mk_max_size(least, mk_align_down(wanted / 2, MK_CHUNK_SIZE));
		error = ask_backing(heap, wanted, ret_space);
	}
	if (error == 0 && wanted > least) {
		heap->backing->ops->release(heap->backing, ret_space->base, ret_space->size);
		wanted = mk_max_size(least, mk_align_down(wanted / 4, MK_CHUNK_SIZE));
		error = ask_backing(heap, wanted, ret_space);
	}
	return error;
}

static struct mk_reservation *reserve(struct mk_heap *heap, size_t size)
{
	size_t least = mk_align_up(size, MK_CHUNK_SIZE);
	size_t wanted = mk_max_size(heap->backing->reservation_size, least);
	struct mk_reservation *reservation;
	struct space space;

	if (reserve_space(heap, least, wanted, &space) != 0)
		return NULL;
	reservation = mk_meta_alloc(MK_META_RESERVATION);
	if (reservation == NULL || mk_pagemap_cover((uintptr_t)space.base, space.size) != 0) {
		heap->backing->ops->release(heap->backing, space.base, space.size);
		if (reservation != NULL)
			mk_meta_free(MK_META_RESERVATION, reservation);
		return NULL;
	}
	mk_annotate_reserve(space.base, space.size);
	MK_PROBE_RESERVE(heap, space.base, space.size);
	reservation->base = (uintptr_t)space.base;
	reservation->size = space.size;
	reservation->committed = 0;
	reservation->top = NULL;
	reservation->next = heap->pages.reservations;
	heap->pages.reservations = reservation;
	return reservation;
}

bool mk_pages_grow_reservation(struct mk_heap *heap, struct mk_reservation *reservation,
			       size_t pages)
{
	return commit(heap, reservation, mk_align_up(pages << MK_PAGE_SHIFT, mk_pages_unit(heap)));
}

void mk_pages_release(struct mk_heap *heap, struct mk_reservation **link)
{
	struct mk_reservation *reservation = *link;

	*link = reservation->next;
	heap->pages.committed_size -= reservation->committed;
	MK_PROBE_RELEASE(heap, reservation->base, reservation->size);
	mk_annotate_release((void *)reservation->base, reservation->size, reservation->committed);
	heap->backing->ops->release(heap->backing, (void *)reservation->base, reservation->size);
	mk_meta_free(MK_META_RESERVATION, reservation);
}

bool mk_pages_grow_top(struct mk_heap *heap, size_t pages, enum mk_span_state state)
{
	size_t unit = mk_pages_unit(heap);
	size_t size = mk_align_up(pages << MK_PAGE_SHIFT, unit);

	for (struct mk_reservation *reservation = heap->pages.reservations; reservation != NULL;
	     reservation = reservation->next) {
		size_t present = mk_align_down(free_top_size(reservation, state), unit);

		if (commit(heap, reservation, size - mk_min_size(present, size - unit)))
			return true;
	}
	return false;
}

bool mk_pages_grow(struct mk_heap *heap, size_t pages)
{
	size_t size = mk_align_up(pages << MK_PAGE_SHIFT, mk_pages_unit(heap));
	struct mk_reservation *reservation;

	if (mk_pages_grow_top(heap, pages, mk_pages_new_state(heap)))
		return true;
	reservation = reserve(heap, size);
	if (reservation == NULL)
		return false;
	if (commit(heap, reservation, size))
		return true;
	/* Each refusal would leave another one behind. */
	mk_pages_release(heap, &heap->pages.reservations);
	return false;
}
