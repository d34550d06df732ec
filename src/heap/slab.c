/* SPDX-License-Identifier: BSD-2-Clause */
/* Slabs: bitmaps out of band, so that neither taking nor giving touches an object. */
#include "heap/slab.h"

#include <string.h>

#include "heap/class.h"
#include "heap/misuse.h"
#include "heap/pagemap.h"
#include "heap/pages.h"

enum { SCAN_LIMIT = 16 };

static void link_partial(struct mk_heap_class *class, struct mk_span *slab)
{
	slab->list_next = class->partial;
	slab->list_link = &class->partial;
	if (slab->list_next != NULL)
		slab->list_next->list_link = &slab->list_next;
	class->partial = slab;
}

static void unlink_partial(struct mk_span *slab)
{
	*slab->list_link = slab->list_next;
	if (slab->list_next != NULL)
		slab->list_next->list_link = slab->list_link;
}

static void fill_bits(struct mk_span *slab)
{
	unsigned left = slab->object_count;

	for (unsigned word = 0; word < MK_ARRAY_SIZE(slab->free_bits); word++) {
		unsigned bits = left < 64 ? left : 64;

		slab->free_bits[word] = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
		left -= bits;
	}
}

/* Where memory is short a slab of half as many objects will do, down to one. */
static struct mk_span *make_slab(struct mk_heap *heap, unsigned class)
{
	size_t stride = mk_classes[class].stride;
	struct mk_span *slab = NULL;
	bool zeroed;

	for (size_t objects = mk_classes[class].slab_objects; objects > 0 && slab == NULL;
	     objects /= 2)
		slab = mk_pages_alloc(heap,
				      mk_align_up(objects * stride, MK_PAGE_SIZE) >> MK_PAGE_SHIFT,
				      MK_PAGE_SIZE, class, &zeroed);
	if (slab == NULL)
		return NULL;
	slab->object_count =
		(uint16_t)mk_min_size(mk_classes[class].slab_objects, mk_span_size(slab) / stride);
	slab->free_count = slab->object_count;
	fill_bits(slab);
	heap->class[class].object_count += slab->object_count;
	link_partial(&heap->class[class], slab);
	return slab;
}

/* Into the slots below END, the lowest address into the last one. */
static unsigned take_from(struct mk_span *slab, size_t stride, void **end, unsigned count)
{
	unsigned taken = 0;

	for (unsigned word = 0; word < MK_ARRAY_SIZE(slab->free_bits) && taken < count; word++) {
		uint64_t bits = slab->free_bits[word];

		while (bits != 0 && taken < count) {
			size_t index = word * 64 + (unsigned)__builtin_ctzll(bits);

			*--end = (void *)(slab->base + index * stride);
			taken++;
			bits &= bits - 1;
		}
		slab->free_bits[word] = bits;
	}
	slab->free_count = (uint16_t)(slab->free_count - taken);
	return taken;
}

unsigned mk_slab_take(struct mk_heap *heap, unsigned class, void **slots, unsigned count)
{
	unsigned taken = 0;

	while (taken < count) {
		struct mk_span *slab = heap->class[class].partial;

		if (slab == NULL)
			slab = make_slab(heap, class);
		if (slab == NULL)
			break;
		taken += take_from(slab, mk_classes[class].stride, slots + count - taken,
				   count - taken);
		if (slab->free_count == 0)
			unlink_partial(slab);
	}
	if (taken < count)
		memmove(slots, slots + count - taken, taken * sizeof(*slots));
	heap->class[class].taken_count += taken;
	return taken;
}

/* The fullest of the first slabs with free objects. NULL: none of them is as full as SLAB. */
static struct mk_span *find_fuller(struct mk_span *list, const struct mk_span *slab)
{
	struct mk_span *fullest = NULL;
	unsigned free_limit = slab->free_count;
	unsigned scan_count = SCAN_LIMIT;

	for (struct mk_span *other = list; other != NULL && scan_count > 0;
	     other = other->list_next, scan_count--)
		if (other != slab && other->free_count <= free_limit) {
			fullest = other;
			free_limit = other->free_count;
		}
	return fullest;
}

/*
 * Each move makes the fuller slab fuller and the emptier one emptier: it is never moved back, and
 * going over all blocks again and again comes to an end.
 */
void *mk_slab_take_fuller(struct mk_heap *heap, const struct mk_span *slab)
{
	struct mk_heap_class *class = &heap->class[slab->class];
	size_t free_elsewhere = class->object_count - class->taken_count - slab->free_count;
	struct mk_span *fuller;
	void *object;

	if (free_elsewhere < (size_t)slab->object_count - slab->free_count)
		return NULL;
	fuller = find_fuller(class->partial, slab);
	if (fuller == NULL)
		return NULL;
	take_from(fuller, mk_classes[slab->class].stride, &object + 1, 1);
	if (fuller->free_count == 0)
		unlink_partial(fuller);
	class->taken_count++;
	return object;
}

unsigned mk_slab_index(const struct mk_span *slab, const void *object)
{
	const struct mk_class *class = &mk_classes[slab->class];
	uintptr_t offset = (uintptr_t)object - slab->base;
	unsigned index = (unsigned)((uint64_t)offset * class->inverse >> 32);

	if (index * (uintptr_t) class->stride != offset || index >= slab->object_count)
		mk_misuse_interior(object);
	return index;
}

static void free_slab(struct mk_heap_class *class, struct mk_span *slab)
{
	unlink_partial(slab);
	class->object_count -= slab->object_count;
	mk_pages_free(slab);
}

/* One empty slab stays, so that a loop at a slab's edge does not make and free it every time. */
static void give_slab_back(struct mk_heap_class *class, struct mk_span *slab)
{
	if (class->partial == slab && slab->list_next == NULL)
		return;
	free_slab(class, slab);
}

static void give_one(struct mk_heap *heap, unsigned class, void *object)
{
	uint64_t entry = mk_pagemap_entry((uintptr_t)object);
	struct mk_span *slab = mk_entry_span(entry);
	unsigned index;
	uint64_t bit;

	/* Another owner of the page by now: the object's slab was freed with the object in it. */
	if (mk_entry_class(entry) != class || mk_entry_heap(entry) != heap->number)
		mk_misuse_double_free(object);
	index = mk_slab_index(slab, object);
	bit = UINT64_C(1) << (index % 64);
	if (slab->free_bits[index / 64] & bit)
		mk_misuse_double_free(object);
	slab->free_bits[index / 64] |= bit;
	if (slab->free_count++ == 0)
		link_partial(&heap->class[class], slab);
	if (slab->free_count == slab->object_count)
		give_slab_back(&heap->class[class], slab);
}

void mk_slab_give(struct mk_heap *heap, unsigned class, void *const *slots, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		give_one(heap, class, slots[i]);
	heap->class[class].taken_count -= count;
}

void mk_slab_trim(struct mk_heap *heap, unsigned class)
{
	struct mk_span *slab = heap->class[class].partial;

	while (slab != NULL) {
		struct mk_span *next = slab->list_next;

		if (slab->free_count == slab->object_count)
			free_slab(&heap->class[class], slab);
		slab = next;
	}
}
