/* SPDX-License-Identifier: BSD-2-Clause */
/* The page map: from any address to the span, class and heap number of the page it lies in. */
#ifndef MK_HEAP_PAGEMAP_H
#define MK_HEAP_PAGEMAP_H

#include "heap/types.h"

/*
 * Two levels over 48-bit addresses: a root with one pointer a GiB, leaves with one entry a page.
 * An entry is 0, or packs heap number (bits 63-50), span address / 64 (49-8) and class (7-0).
 * Entries are written under the page lock of their heap and read without a lock: whoever holds a
 * block that was handed to it properly sees the entry of that block.
 */
#define MK_PAGEMAP_ROOT_SHIFT 30
#define MK_PAGEMAP_ROOT_COUNT ((size_t)1 << (48 - MK_PAGEMAP_ROOT_SHIFT))
#define MK_PAGEMAP_LEAF_COUNT ((size_t)1 << (MK_PAGEMAP_ROOT_SHIFT - MK_PAGE_SHIFT))
#define MK_ENTRY_HEAP_SHIFT   50
#define MK_ENTRY_SPAN_SHIFT   8

/*
 * All pages of a span up to this many have an entry; of a larger one the pages after it have one
 * only at multiples of this many, so that a GiB costs hundreds of writes and not 262,144.
 */
#define MK_PAGEMAP_DENSE_PAGES ((size_t)256)

extern uint64_t *mk_pagemap_root[MK_PAGEMAP_ROOT_COUNT] MK_HIDDEN;

/* The entry of the page at ADDRESS; 0 where there is none. */
MK_INLINE
uint64_t mk_pagemap_entry(uintptr_t address)
{
	size_t root = address >> MK_PAGEMAP_ROOT_SHIFT;
	const uint64_t *leaf;

	if (MK_UNLIKELY(root >= MK_PAGEMAP_ROOT_COUNT))
		return 0;
	leaf = __atomic_load_n(&mk_pagemap_root[root], __ATOMIC_RELAXED);
	if (MK_UNLIKELY(leaf == NULL))
		return 0;
	return __atomic_load_n(&leaf[address >> MK_PAGE_SHIFT & (MK_PAGEMAP_LEAF_COUNT - 1)],
			       __ATOMIC_RELAXED);
}

MK_INLINE
unsigned mk_entry_class(uint64_t entry)
{
	return (uint8_t)entry;
}

MK_INLINE
unsigned mk_entry_heap(uint64_t entry)
{
	return (unsigned)(entry >> MK_ENTRY_HEAP_SHIFT);
}

MK_INLINE
struct mk_span *mk_entry_span(uint64_t entry)
{
	return (struct mk_span *)((entry >> MK_ENTRY_SPAN_SHIFT &
				   ((UINT64_C(1) << (MK_ENTRY_HEAP_SHIFT - MK_ENTRY_SPAN_SHIFT)) -
				    1))
				  << 6);
}

/* Makes leaves for a range: 0 or -ENOMEM. */
int mk_pagemap_cover(uintptr_t base, size_t size);

/* Enters a used span, and removes it before it is freed. */
void mk_pagemap_enter(const struct mk_span *span);
void mk_pagemap_remove(const struct mk_span *span);

/* The used span that ADDRESS lies in, also in its middle; NULL: none. */
struct mk_span *mk_pagemap_find(const void *address);

#endif
