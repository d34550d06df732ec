/* SPDX-License-Identifier: BSD-2-Clause */
/* Nodes in stripes by weights: which page is to be where depends on its address alone. */
#ifndef MK_KIND_STRIPES_H
#define MK_KIND_STRIPES_H

#include <stddef.h>

#include "kind/backing.h"

/* The placement is set; its order has the nodes that the weights are of, its stripe_size their size. */
void mk_stripes_start(struct mk_anonymous *anonymous);

/*
 * Mappings that had their first page while they were apart stay apart. So a range without pages has
 * one for a moment, from wherever, before the first stripes of its mapping are filled.
 */
void mk_stripes_keep_whole(void *base, size_t size);

/* In the order of the placement: the node that the page at ADDRESS is of, as long as none is full. */
unsigned mk_stripes_place(const struct mk_anonymous *anonymous, const void *address);

/*
 * Gets the pages of a committed range that has none, each from the node of its stripe; where that one
 * is full from the others, by their weights. What it returns are the bytes from the start that have
 * their pages; *ret_error says why they are not all: no node has room for more (-EIO, -ENOMEM), or an
 * error of mbind. The policy is that of the placement as far as pages are, and anything behind.
 */
size_t mk_stripes_fill(struct mk_anonymous *anonymous, void *base, size_t size, int *ret_error);

#endif
