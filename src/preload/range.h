/* SPDX-License-Identifier: BSD-2-Clause */
/* A range of sizes, as users write it. */
#ifndef MK_PRELOAD_RANGE_H
#define MK_PRELOAD_RANGE_H

#include <stdbool.h>
#include <stddef.h>

struct mk_range {
	size_t least, most; /* both belong to it */
};

/*
 * A number of bytes at *TEXT, which moves behind it, with K, M or G in any case where they follow.
 * What is too much is SIZE_MAX. False: there is no digit.
 */
bool mk_take_bytes(const char **text, size_t *ret_bytes);

/* "A:B", "A:" or ":B". False: TEXT is no range, or no size is in it; *ret_range is untouched. */
bool mk_range_parse(const char *text, struct mk_range *ret_range);

static inline bool mk_range_has(const struct mk_range *range, size_t size)
{
	return size - range->least <= range->most - range->least;
}

#endif
