/* SPDX-License-Identifier: BSD-2-Clause */
/* Kinds whose nodes have weights: from a description and a snapshot of the machine to a placement. */
#ifndef MK_KIND_WEIGHTS_H
#define MK_KIND_WEIGHTS_H

#include "base/reason.h"
#include "kind/backing.h"
#include "kind/spec.h"
#include "topology/topology.h"

/* True: pages of a kind with this description must not be huge, for they would be of several stripes. */
bool mk_weights_refuse_huge_pages(const struct mk_spec *spec);

/*
 * Whether these nodes can have the weights that SPEC asks for: 0, or a MEMKIND code and why not.
 * *ret_reason is untouched where they can.
 */
int mk_weights_judge(const struct mk_spec *spec, const struct mk_topology *topology,
		     const struct mk_nodeset *nodes, const struct mk_reason **ret_reason);

/*
 * How the nodes of PLACEMENT take turns, where there is no refusal. The kernel does it where it has the
 * same ratio, the size of stripes does not matter, and the kind swaps where nodes are full.
 */
void mk_weights_place(const struct mk_spec *spec, const struct mk_topology *topology, bool is_null,
		      struct mk_placement *placement);

#endif
