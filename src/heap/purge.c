/* SPDX-License-Identifier: BSD-2-Clause */
/* Giving back: pages that were idle for long, and reservations that are empty. */
#include "heap/annotate.h"
#include "heap/meta.h"
#include "heap/pages.h"
#include "os/thread.h"
#include "os/vm.h"

/*
 * Gives back the whole kernel pages of a dirty span: they become a fresh span. What is left at the
 * ends, and all of it where the kernel refuses (mlocked), stays dirty and is not tried again before
 * the next decay.
 */
static void purge_span(struct mk_heap *heap, struct mk_span *span, uint64_t now)
{
	size_t page_size = mk_vm_page_size();
	uintptr_t start = mk_align_up(span->base, page_size);
	uintptr_t end = mk_align_down(span->base + mk_span_size(span), page_size);
	struct mk_span *whole;

	span->freed_ms = now;
	if (start >= end) {
		mk_pages_take_free(heap, span);
		mk_pages_add_free(heap, span);
		return;
	}
	whole = mk_pages_carve(heap, span, (end - start) >> MK_PAGE_SHIFT, page_size);
	if (whole == NULL)
		return;
	if (heap->backing->ops->purge(heap->backing, (void *)whole->base, mk_span_size(whole)) == 0)
		whole->state = MK_SPAN_FRESH;
	mk_pages_add_free(heap, whole);
}

/* Everything committed of it is one fresh span. */
static bool is_empty(const struct mk_reservation *reservation)
{
	const struct mk_span *top = reservation->top;

	return top == NULL || (top->state == MK_SPAN_FRESH && top->below == NULL);
}

/* One empty reservation stays, so that a heap that is used and left in turns keeps its own. */
static void release_empty(struct mk_heap *heap)
{
	struct mk_reservation **link = &heap->pages.reservations;

	while (*link != NULL) {
		struct mk_reservation *reservation = *link;

		if (!is_empty(reservation) || heap->pages.reservations->next == NULL) {
			link = &reservation->next;
			continue;
		}
		*link = reservation->next;
		if (reservation->top != NULL) {
			mk_pages_take_free(heap, reservation->top);
			mk_meta_free(MK_META_SPAN, reservation->top);
		}
		heap->pages.committed_size -= reservation->committed;
		mk_annotate_release((void *)reservation->base, reservation->size,
				    reservation->committed);
		heap->backing->ops->release(heap->backing, (void *)reservation->base,
					    reservation->size);
		mk_meta_free(MK_META_RESERVATION, reservation);
	}
}

void mk_pages_purge(struct mk_heap *heap, uint64_t decay_ms)
{
	uint64_t now = mk_clock_ms();

	/* What a purge leaves dirty is younger than this, so the loop ends. */
	while (heap->pages.oldest != NULL && heap->pages.oldest->freed_ms < now &&
	       now - heap->pages.oldest->freed_ms >= decay_ms)
		purge_span(heap, heap->pages.oldest, now);
	release_empty(heap);
}
