/* SPDX-License-Identifier: BSD-2-Clause */
/* An area of the program's own: one reservation, all of it usable, nobody to give pages back to. */
#include "kind/fixed.h"

#include <errno.h>

#include "base/bits.h"
#include "heap/pagemap.h"
#include "os/vm.h"

#define ADDRESS_LIMIT ((uintptr_t)1 << 48)
/* Areas with less room than this can't spare what idle threads keep. */
#define SCARCE_SIZE MK_GIB

static int reserve(struct mk_backing *backing, size_t size, void **ret_base, size_t *ret_size)
{
	struct mk_fixed *fixed = (struct mk_fixed *)backing;

	(void)size;
	if (fixed->is_reserved || fixed->first_page >= fixed->last_page_end)
		return -ENOMEM;
	fixed->is_reserved = true;
	*ret_base = (void *)fixed->first_page;
	*ret_size = fixed->last_page_end - fixed->first_page;
	return 0;
}

static int commit(struct mk_backing *backing, void *reservation, size_t reserved, void *base,
		  size_t size)
{
	(void)backing;
	(void)reservation;
	(void)reserved;
	(void)base;
	(void)size;
	return 0;
}

static void release(struct mk_backing *backing, void *base, size_t size)
{
	(void)base;
	(void)size;
	((struct mk_fixed *)backing)->is_reserved = false;
}

static const struct mk_backing_ops fixed_ops = {
	.reserve = reserve,
	.commit = commit,
	.release = release,
};

/*
 * Where the area lies in a block of this library, its first page leads free() to that block. 0: it
 * is too small a block, which shares its pages with others.
 */
static uintptr_t first_page(uintptr_t start)
{
	const struct mk_span *outer = mk_pagemap_find((const void *)start);

	if (outer != NULL && outer->class < MK_CLASS_SMALL_END)
		return 0;
	return mk_align_up(outer != NULL && outer->base == start ? start + 1 : start,
			   mk_vm_page_size());
}

int mk_fixed_start(struct mk_fixed *fixed, void *base, size_t size)
{
	uintptr_t start = (uintptr_t)base;

	if (base == NULL || start >= ADDRESS_LIMIT || size > ADDRESS_LIMIT - start)
		return -EINVAL;
	fixed->base = start;
	fixed->end = start + size;
	fixed->first_page = first_page(start);
	if (fixed->first_page == 0)
		return -EINVAL;
	fixed->last_page_end = mk_align_down(start + size, mk_vm_page_size());
	fixed->backing.ops = &fixed_ops;
	fixed->backing.holds_old_bytes = true;
	fixed->backing.is_scarce = size < SCARCE_SIZE;
	return 0;
}

bool mk_fixed_overlaps(const struct mk_fixed *fixed, const struct mk_fixed *other)
{
	return fixed->base < other->end && other->base < fixed->end;
}

int64_t mk_fixed_capacity(const struct mk_backing *backing)
{
	const struct mk_fixed *fixed = (const struct mk_fixed *)backing;

	return (int64_t)(fixed->end - fixed->base);
}
