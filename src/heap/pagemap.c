/* SPDX-License-Identifier: BSD-2-Clause */
/* The page map's leaves and entries. */
#include "heap/pagemap.h"

#include <errno.h>

#include "os/vm.h"

uint64_t *mk_pagemap_root[MK_PAGEMAP_ROOT_COUNT];

static int make_leaf(uint64_t **slot)
{
	size_t size = MK_PAGEMAP_LEAF_COUNT * sizeof(uint64_t);
	uint64_t *none = NULL;
	void *leaf;

	if (__atomic_load_n(slot, __ATOMIC_RELAXED) != NULL)
		return 0;
	if (mk_vm_map(size, &leaf) != 0)
		return -ENOMEM;
	/* Release: a reader that finds the leaf finds it mapped and zero. */
	if (!__atomic_compare_exchange_n(slot, &none, leaf, false, __ATOMIC_RELEASE,
					 __ATOMIC_RELAXED))
		mk_vm_release(leaf, size);
	return 0;
}

int mk_pagemap_cover(uintptr_t base, size_t size)
{
	size_t last = (base + size - 1) >> MK_PAGEMAP_ROOT_SHIFT;

	if (last >= MK_PAGEMAP_ROOT_COUNT)
		return -ENOMEM;
	for (size_t root = base >> MK_PAGEMAP_ROOT_SHIFT; root <= last; root++)
		if (make_leaf(&mk_pagemap_root[root]) != 0)
			return -ENOMEM;
	return 0;
}

/* Writes ENTRY for every STRIDE-th page from START to below END. */
static void store(uintptr_t start, uintptr_t end, size_t stride, uint64_t entry)
{
	while (start < end) {
		uint64_t *leaf = __atomic_load_n(&mk_pagemap_root[start >> MK_PAGEMAP_ROOT_SHIFT],
						 __ATOMIC_RELAXED);
		uintptr_t leaf_end = mk_align_down(start, (size_t)1 << MK_PAGEMAP_ROOT_SHIFT) +
				     ((size_t)1 << MK_PAGEMAP_ROOT_SHIFT);
		uintptr_t stop = leaf_end < end ? leaf_end : end;
		size_t page = start >> MK_PAGE_SHIFT & (MK_PAGEMAP_LEAF_COUNT - 1);

		for (; start < stop; start += stride << MK_PAGE_SHIFT, page += stride)
			__atomic_store_n(&leaf[page], entry, __ATOMIC_RELAXED);
	}
}

static void store_span(const struct mk_span *span, uint64_t entry)
{
	uintptr_t end = span->base + (span->page_count << MK_PAGE_SHIFT);
	uintptr_t sparse_size = MK_PAGEMAP_DENSE_PAGES << MK_PAGE_SHIFT;

	if (span->page_count <= MK_PAGEMAP_DENSE_PAGES) {
		store(span->base, end, 1, entry);
		return;
	}
	store(span->base, span->base + sparse_size, 1, entry);
	store(mk_align_up(span->base + sparse_size, sparse_size), end, MK_PAGEMAP_DENSE_PAGES,
	      entry);
}

void mk_pagemap_enter(const struct mk_span *span)
{
	store_span(span, (uint64_t)span->heap->number << MK_ENTRY_HEAP_SHIFT |
				 (uint64_t)(uintptr_t)span >> 6 << MK_ENTRY_SPAN_SHIFT |
				 span->class);
}

void mk_pagemap_remove(const struct mk_span *span)
{
	store_span(span, 0);
}

struct mk_span *mk_pagemap_find(const void *address)
{
	uintptr_t page = (uintptr_t)address;
	uint64_t entry = mk_pagemap_entry(page);
	struct mk_span *span;

	if (entry == 0)
		entry = mk_pagemap_entry(
			mk_align_down(page, MK_PAGEMAP_DENSE_PAGES << MK_PAGE_SHIFT));
	if (entry == 0)
		return NULL;
	span = mk_entry_span(entry);
	return page - span->base < span->page_count << MK_PAGE_SHIFT ? span : NULL;
}
