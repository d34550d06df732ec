/* SPDX-License-Identifier: BSD-2-Clause */
/* Which nodes a kind uses, whether it can, and where a thread's blocks are to be. */
#ifndef MK_KIND_CHOICE_H
#define MK_KIND_CHOICE_H

#include "kind/backing.h"
#include "kind/kind.h"

/*
 * All of these are called under the lock of MK_RANK_KIND. mk_choice_judge sets the kind's nodes,
 * huge_size and is_unbound; it gives 0 or a MEMKIND code, and then says why. TOPOLOGY may be NULL for a
 * kind without nodes.
 */
int mk_choice_judge(struct memkind *kind, const struct mk_topology *topology,
		    const struct mk_reason **ret_reason);

/*
 * The placement for a thread on CPU_NODE, of a kind that was judged available: 0, or
 * a MEMKIND code where several nodes are equally close and the kind needs one.
 */
int mk_choice_place(const struct memkind *kind, const struct mk_topology *topology,
		    unsigned cpu_node, struct mk_placement *ret_placement);

/* Nodes whose memory counts as the kind's for a thread on CPU_NODE. */
void mk_choice_serving_nodes(const struct memkind *kind, const struct mk_topology *topology,
			     unsigned cpu_node, struct mk_nodeset *ret_nodes);

/* MK_POLICY_STATIC_NODES where the kernel's remapping must be kept from this process, else 0. */
int mk_choice_mode_flags(const struct mk_topology *topology);

/* The first CPU node of the process to which several of the kind's nodes are equally close; -1: none. */
int mk_choice_tied_cpu_node(const struct memkind *kind, const struct mk_topology *topology);

/* mbind is tried once a mode; forget the answers, because the machine is looked at again. */
void mk_choice_forget_probes(void);

/* Takes it for allowed, untried: on a machine that is only read about. */
void mk_choice_assume_mbind(void);

#endif
