/* SPDX-License-Identifier: BSD-2-Clause */
/* What it means that the nodes of a kind are full, or that several are equally close. */
#ifndef MK_KIND_EXHAUSTION_H
#define MK_KIND_EXHAUSTION_H

#include "kind/kind.h"

struct mk_placement;

/* All of these are called under the lock of MK_RANK_KIND. */

/* Why the environment's word on this kind is refused, static; NULL: it is not. */
const struct mk_reason *mk_exhaustion_refusal(const struct memkind *kind);

/* True: a kind whose nodes are full gives NULL. */
bool mk_exhaustion_is_null(const struct memkind *kind);

/* True: the kind may be told to. */
bool mk_exhaustion_can_be_null(const struct memkind *kind);

/* True: where several nodes are equally close, a kind that needs one uses all of them first. */
bool mk_exhaustion_takes_ties(const struct memkind *kind);

/*
 * When the pages of a placement come, and from which nodes. Its mode, nodes and home are set; where
 * the nodes are asked in an order that the kernel does not know, the first of them is left.
 */
void mk_exhaustion_place(const struct memkind *kind, const struct mk_topology *topology,
			 unsigned cpu_node, struct mk_placement *placement);

#endif
