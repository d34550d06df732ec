/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages got with a commit and looked at, instead of when they are touched. */
#ifndef MK_KIND_FILL_H
#define MK_KIND_FILL_H

#include "kind/backing.h"

/*
 * Gets the pages of a committed range as the placement's fill says, which is not ON_TOUCH. What was
 * in them may be lost, and reads as zero then. 0; or -ENOMEM: the nodes have no room for all of it,
 * or -errno of mbind, which is left in trouble, too; then the range has no pages. In the end its
 * policy is that of the placement.
 */
int mk_fill_range(struct mk_anonymous *anonymous, void *base, size_t size);

/* What a node has free: all that pages that prefer it can get. Where the kernel does not tell: much. */
uint64_t mk_fill_free_size(unsigned node);

#endif
