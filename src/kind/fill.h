/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages got with a commit and looked at, instead of when they are touched. */
#ifndef MK_KIND_FILL_H
#define MK_KIND_FILL_H

#include "kind/backing.h"

enum {
	/* Pages are got, or moved, in steps of so many bytes, down to the least where room is short. */
	MK_FILL_STEP = 4 << 20,
	MK_FILL_STEP_LEAST = 64 << 10,
	/* What the kernel keeps of a node for itself is less. */
	MK_FILL_KEPT = 16 << 20,
};

/*
 * Gets the pages of a committed range as the placement's fill says, which is not ON_TOUCH. What was
 * in them may be lost, and reads as zero then. 0; or -ENOMEM: the nodes have no room for all of it,
 * or -errno of mbind, which is left in trouble, too; then the range has no pages. In the end its
 * policy is that of the placement.
 */
int mk_fill_range(struct mk_anonymous *anonymous, void *base, size_t size);

/*
 * The rest is for other ways to fill. mk_fill_pages gets a step's pages as MODE over FROM says, and
 * leaves it bound to WANTED; one is on none of these: none is kept, -EIO.
 */
int mk_fill_pages(struct mk_anonymous *anonymous, const struct mk_range *step, int mode,
		  const struct mk_nodeset *from, const struct mk_nodeset *wanted);

/* Bytes that a node has free: all that pages that prefer it can get. Not told by the kernel: many. */
uint64_t mk_fill_free_size(unsigned node);

/* The same of a node that just refused: with more than that it is worth being asked again. */
uint64_t mk_fill_size_when_full(unsigned node);

#endif
