/* SPDX-License-Identifier: BSD-2-Clause */
/* What holds for a heap that nobody uses at the moment: a walk over all that it keeps. */
#ifndef MK_TESTS_HEAP_INVARIANTS_H
#define MK_TESTS_HEAP_INVARIANTS_H

#include "heap/pagemap.h"
#include "heap/pages.h"

/* Each function returns NULL, or a phrase that names what does not hold. */

static inline const char *slab_fault(const struct mk_span *slab)
{
	unsigned free_count = 0;

	for (unsigned word = 0; word < MK_ARRAY_SIZE(slab->free_bits); word++)
		free_count += (unsigned)__builtin_popcountll(slab->free_bits[word]);
	if (free_count != slab->free_count || free_count > slab->object_count)
		return "a slab counts its free objects wrongly";
	if (free_count != 0 && *slab->list_link != slab)
		return "a slab with free objects is not in the list of its class";
	return NULL;
}

static inline const char *used_span_fault(const struct mk_heap *heap, const struct mk_span *span)
{
	const char *last = (const char *)span->base + mk_span_size(span) - 1;
	uint64_t entry = mk_pagemap_entry(span->base);

	if (mk_entry_span(entry) != span || mk_entry_class(entry) != span->class ||
	    mk_entry_heap(entry) != heap->number || mk_pagemap_find(last) != span)
		return "the page map does not lead to a used span";
	if (span->moved_to != NULL && (span->class != MK_CLASS_LARGE || *span->list_link != span))
		return "a block that moved is not a large one, or in no list";
	return span->class < MK_CLASS_SMALL_END ? slab_fault(span) : NULL;
}

static inline const char *span_fault(const struct mk_heap *heap,
				     const struct mk_reservation *reservation,
				     const struct mk_span *span)
{
	const struct mk_span *below = span->below;

	if (span->reservation != reservation || span->heap != heap)
		return "a span belongs to another reservation or heap";
	if (below != NULL && below->above != span)
		return "neighbours disagree";
	if (span->state == MK_SPAN_USED)
		return used_span_fault(heap, span);
	if (below != NULL && below->state == span->state)
		return "free neighbours of one state are not merged";
	if (*span->list_link != span)
		return "a free span is in no bin";
	if (mk_pagemap_find((const void *)span->base) != NULL)
		return "the page map leads to a free span";
	return NULL;
}

/* Spans tile what is committed; *ret_sizes gets the bytes of each state. */
static inline const char *reservation_fault(const struct mk_heap *heap,
					    const struct mk_reservation *reservation,
					    size_t ret_sizes[MK_SPAN_USED + 1])
{
	uintptr_t end = reservation->base + reservation->committed;

	if (reservation->committed > reservation->size)
		return "more is committed than was reserved";
	if (reservation->top != NULL && reservation->top->above != NULL)
		return "something is above the top";
	for (const struct mk_span *span = reservation->top; span != NULL; span = span->below) {
		const char *fault = span_fault(heap, reservation, span);

		if (fault != NULL)
			return fault;
		if (span->base + mk_span_size(span) != end)
			return "spans leave a hole or overlap";
		end = span->base;
		ret_sizes[span->state] += mk_span_size(span);
	}
	return end == reservation->base ? NULL : "the lowest pages belong to no span";
}

static inline const char *bins_fault(const struct mk_bins *bins, enum mk_span_state state,
				     size_t size)
{
	size_t found = 0;

	for (unsigned bin = 0; bin < MK_BIN_COUNT; bin++) {
		bool is_used = (bins->used[bin / 64] >> (bin % 64) & 1) != 0;

		if (is_used != (bins->bin[bin] != NULL))
			return "a bin and its bit disagree";
		for (const struct mk_span *span = bins->bin[bin]; span != NULL;
		     span = span->list_next) {
			if (span->state != state)
				return "a span is in a bin of another state";
			found += mk_span_size(span);
		}
	}
	return found == size ? NULL : "bins and spans do not add up";
}

static inline const char *age_fault(const struct mk_pages *pages, size_t size)
{
	const struct mk_span *previous = NULL;
	size_t found = 0;

	for (const struct mk_span *span = pages->oldest; span != NULL; span = span->age_next) {
		if (span->state != MK_SPAN_DIRTY || span->age_previous != previous)
			return "the list by age is broken";
		found += mk_span_size(span);
		previous = span;
	}
	if (pages->newest != previous)
		return "the list by age ends elsewhere";
	return found == size && pages->dirty_size == size ? NULL : "dirty spans do not add up";
}

/* The whole walk; *ret_used_size, which may be NULL, gets the bytes of the used spans. */
static inline const char *heap_fault(const struct mk_heap *heap, size_t *ret_used_size)
{
	const struct mk_pages *pages = &heap->pages;
	size_t sizes[MK_SPAN_USED + 1] = {0};
	const char *fault = NULL;

	for (const struct mk_reservation *reservation = pages->reservations;
	     reservation != NULL && fault == NULL; reservation = reservation->next)
		fault = reservation_fault(heap, reservation, sizes);
	for (unsigned state = 0; state < MK_SPAN_FREE_STATES && fault == NULL; state++)
		fault = bins_fault(&pages->bins[state], (enum mk_span_state)state, sizes[state]);
	if (fault == NULL)
		fault = age_fault(pages, sizes[MK_SPAN_DIRTY]);
	if (fault == NULL && pages->committed_size != sizes[MK_SPAN_FRESH] + sizes[MK_SPAN_DIRTY] +
							      sizes[MK_SPAN_USED])
		fault = "committed bytes do not add up";
	if (ret_used_size != NULL)
		*ret_used_size = sizes[MK_SPAN_USED];
	return fault;
}

#endif
