/* SPDX-License-Identifier: BSD-2-Clause */
/* An area of the program's own as memory. It is never mapped, protected or given back here. */
#ifndef MK_KIND_FIXED_H
#define MK_KIND_FIXED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heap/backing.h"

struct mk_fixed {
	struct mk_backing backing; /* must be first */
	/* Constant: the area as it was given, and the whole pages in it. */
	uintptr_t base, end;
	uintptr_t first_page, last_page_end;
	bool is_reserved; /* guard: the page lock of its heap */
};

/*
 * The caller gives the memory, zeroed. 0, or -EINVAL: BASE is NULL, or the area does not lie below
 * 2^48, or it is inside a block of up to 32 KiB of this library.
 */
int mk_fixed_start(struct mk_fixed *fixed, void *base, size_t size);

/* Do the two areas have a byte in common? */
bool mk_fixed_overlaps(const struct mk_fixed *fixed, const struct mk_fixed *other);

/* The size given. */
int64_t mk_fixed_capacity(const struct mk_backing *backing);

#endif
