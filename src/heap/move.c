/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks whose pages are at another heap's place. They stay blocks of their own heap, on a list of its
 * pages, and are large ones: a medium block would go into a thread's cache when it is freed, with pages
 * that are not where those of its heap belong. Their pages count for the limit of where they are.
 */
#include <errno.h>

#include "heap/class.h"
#include "heap/limit.h"
#include "heap/pagemap.h"
#include "heap/pages.h"
#include "heap/probe.h"
#include "heap/registry.h"

static struct mk_heap *moved_to(const struct mk_span *span)
{
	return atomic_load_explicit(&span->moved_to, memory_order_relaxed);
}

static const struct mk_heap *place_of(const struct mk_span *span)
{
	const struct mk_heap *place = moved_to(span);

	return place != NULL ? place : span->heap;
}

static struct mk_limit *limit_at(const struct mk_span *span)
{
	return place_of(span)->backing->limit;
}

void mk_pages_mark_moved(struct mk_span *span, struct mk_heap *to)
{
	struct mk_span **list = &span->heap->pages.moved;

	if (moved_to(span) == NULL && to != NULL) {
		span->list_next = *list;
		span->list_link = list;
		if (*list != NULL)
			(*list)->list_link = &span->list_next;
		*list = span;
	} else if (moved_to(span) != NULL && to == NULL) {
		*span->list_link = span->list_next;
		if (span->list_next != NULL)
			span->list_next->list_link = span->list_link;
	}
	atomic_store_explicit(&span->moved_to, to, memory_order_relaxed);
}

static bool starts_at(const struct mk_span *span, const void *block)
{
	size_t offset = (uintptr_t)block - span->base;

	if (span->class < MK_CLASS_SMALL_END)
		return offset % mk_classes[span->class].stride == 0;
	return offset == 0;
}

/* Whether the block's first and last page are its alone; the kernel's may be larger than ours. */
static bool has_own_pages(const struct mk_span *span)
{
	return span->class >= MK_CLASS_SMALL_END &&
	       (span->base | mk_span_size(span)) % mk_vm_page_size() == 0;
}

/* Where the block is counts as its place, so that this changes nothing, or nothing can be changed. */
static int try_policy(const struct mk_move *move)
{
	struct mk_backing *backing = move->home->backing;
	const struct mk_heap *place = move->from != NULL ? move->from : move->home;

	return backing->ops->adopt(backing, move->base, move->size, place->backing, false);
}

/* So that pages are not moved in vain: only the end of the move takes of the limit. */
static bool is_within_limit(const struct mk_span *span, const struct mk_heap *to)
{
	struct mk_limit *limit = to->backing->limit;

	return limit == limit_at(span) || mk_span_size(span) <= mk_limit_left(limit);
}

int mk_heap_begin_move(void *block, const struct mk_heap *to, struct mk_move *ret_move)
{
	struct mk_span *span = mk_pagemap_find(block);
	struct mk_heap *heap;
	struct mk_move move;
	int error;

	if (span == NULL || !starts_at(span, block))
		return -EINVAL;
	if (!has_own_pages(span))
		return -EMSGSIZE;
	heap = span->heap;
	if (heap->backing->ops->adopt == NULL)
		return -EOPNOTSUPP;
	if (span->class != MK_CLASS_LARGE)
		mk_pages_resize(span, span->page_count, MK_CLASS_LARGE);
	mk_lock_acquire(&heap->pages.lock, MK_RANK_PAGES);
	move = (struct mk_move){block, mk_span_size(span), heap, moved_to(span)};
	error = is_within_limit(span, to) ? try_policy(&move) : -ENOMEM;
	/* So a fork child that sees the move half done will give all pages back. */
	if (error == 0 && move.from == NULL)
		mk_pages_mark_moved(span, heap);
	mk_lock_release(&heap->pages.lock, MK_RANK_PAGES);
	if (error == 0)
		*ret_move = move;
	return error == -EINVAL ? -ENODEV : error;
}

static int put(const struct mk_move *move, struct mk_span *span, struct mk_heap *to, bool in_place)
{
	struct mk_limit *old = limit_at(span), *new = to->backing->limit;
	struct mk_backing *backing = move->home->backing;
	int error;

	if (new != old && !mk_limit_take(new, move->size))
		return -ENOMEM;
	error = backing->ops->adopt(backing, move->base, move->size, to->backing, false);
	if (error == 0)
		mk_pages_mark_moved(span, in_place && to == move->home ? NULL : to);
	if (new != old)
		mk_limit_give(error == 0 ? old : new, move->size);
	return error;
}

int mk_heap_end_move(const struct mk_move *move, struct mk_heap *to, bool in_place)
{
	struct mk_heap *home = move->home;
	struct mk_span *span;
	int error;

	mk_lock_acquire(&home->pages.lock, MK_RANK_PAGES);
	span = mk_pagemap_find(move->base);
	error = span == NULL ? -EINVAL : put(move, span, to, in_place);
	mk_lock_release(&home->pages.lock, MK_RANK_PAGES);
	return error;
}

/* It is at its heap's place again, with room in the limit or without. */
static void count_at_home(struct mk_span *span)
{
	mk_limit_give(limit_at(span), mk_span_size(span));
	mk_limit_add(span->heap->backing->limit, mk_span_size(span));
}

void mk_pages_bring_home(struct mk_heap *heap, struct mk_span *span)
{
	struct mk_backing *backing = heap->backing;
	void *base = (void *)span->base;
	size_t size = mk_span_size(span);
	bool is_purged = backing->ops->purge(backing, base, size) == 0;

	if (is_purged) {
		MK_PROBE_PURGE(heap, base, size);
		heap->pages.purged_size += size;
		mk_limit_give(limit_at(span), size);
		span->state = MK_SPAN_FRESH;
		span->has_holes = backing->ops->refill != NULL;
	} else {
		count_at_home(span);
	}
	mk_pages_mark_moved(span, NULL);
	if (backing->ops->adopt(backing, base, size, backing, !is_purged) != 0)
		span->has_holes = true;
}

void mk_pages_end_with_heap(const struct mk_span *span)
{
	if (mk_span_is_moved(span))
		mk_limit_give(limit_at(span), mk_span_size(span));
}

void mk_pages_adopt_if_rebound(struct mk_heap *heap)
{
	struct mk_backing *backing = heap->backing;

	if (!backing->was_rebound)
		return;
	backing->was_rebound = false;
	for (struct mk_span *span = heap->pages.moved; span != NULL; span = span->list_next)
		backing->ops->adopt(backing, (void *)span->base, mk_span_size(span),
				    moved_to(span)->backing, false);
}

void mk_pages_forget_place(const struct mk_heap *place)
{
	for (struct mk_heap *heap = mk_registry_next(NULL, 1); heap != NULL;
	     heap = mk_registry_next(NULL, heap->number + 1)) {
		mk_lock_acquire(&heap->pages.lock, MK_RANK_PAGES);
		for (struct mk_span *span = heap->pages.moved; span != NULL; span = span->list_next)
			if (moved_to(span) == place) {
				count_at_home(span);
				mk_pages_mark_moved(span, heap);
			}
		mk_lock_release(&heap->pages.lock, MK_RANK_PAGES);
	}
}

void *mk_heap_owner_of(const void *address)
{
	const struct mk_span *span = mk_pagemap_find(address);

	return span != NULL ? place_of(span)->owner : NULL;
}
