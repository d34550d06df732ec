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

static void store(uintptr_t address, uint64_t entry)
{
	uint64_t *leaf = __atomic_load_n(&mk_pagemap_root[address >> MK_PAGEMAP_ROOT_SHIFT],
					 __ATOMIC_RELAXED);

	__atomic_store_n(&leaf[address >> MK_PAGE_SHIFT & (MK_PAGEMAP_LEAF_COUNT - 1)], entry,
			 __ATOMIC_RELAXED);
}

static void store_span(const struct mk_span *span, uint64_t entry)
{
	uintptr_t dense_size = mk_min_size(span->page_count, MK_PAGEMAP_DENSE_PAGES)
			       << MK_PAGE_SHIFT;
	uintptr_t sparse_size = MK_PAGEMAP_DENSE_PAGES << MK_PAGE_SHIFT;
	uintptr_t end = span->base + (span->page_count << MK_PAGE_SHIFT);

	for (uintptr_t page = span->base; page < span->base + dense_size; page += MK_PAGE_SIZE)
		store(page, entry);
	for (uintptr_t page = mk_align_up(span->base + dense_size, sparse_size); page < end;
	     page += sparse_size)
		store(page, entry);
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
