/* SPDX-License-Identifier: BSD-2-Clause */
/* A limit on the pages that several heaps have together. */
#ifndef MK_HEAP_LIMIT_H
#define MK_HEAP_LIMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"

struct mk_limit {
	size_t size;	     /* bytes; constant */
	_Atomic size_t used; /* at most size, but for what came back unasked: mk_limit_add() */
};

/* Bytes that can still be taken; all where there is no limit. */
static inline size_t mk_limit_left(struct mk_limit *limit)
{
	size_t used;

	if (limit == NULL)
		return SIZE_MAX;
	used = atomic_load_explicit(&limit->used, memory_order_relaxed);
	return used < limit->size ? limit->size - used : 0;
}

/* False: not so many are left, and none was taken. */
static inline bool mk_limit_take(struct mk_limit *limit, size_t size)
{
	size_t used;

	if (limit == NULL)
		return true;
	used = atomic_load_explicit(&limit->used, memory_order_relaxed);
	do {
		if (used > limit->size || size > limit->size - used)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		&limit->used, &used, used + size, memory_order_relaxed, memory_order_relaxed));
	return true;
}

/* Whether so many are left or not: more can be taken when as many were given. */
static inline void mk_limit_add(struct mk_limit *limit, size_t size)
{
	if (limit != NULL)
		atomic_fetch_add_explicit(&limit->used, size, memory_order_relaxed);
}

static inline void mk_limit_give(struct mk_limit *limit, size_t size)
{
	if (limit != NULL)
		atomic_fetch_sub_explicit(&limit->used, size, memory_order_relaxed);
}

#endif
