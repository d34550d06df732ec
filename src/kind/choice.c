/* SPDX-License-Identifier: BSD-2-Clause */
/* From a row of the table and a snapshot of the machine to nodes, a verdict and placements. */
#include "kind/choice.h"

#include <errno.h>
#include <inttypes.h>

#include "base/bits.h"
#include "base/log.h"
#include "base/options.h"
#include "base/parse.h"
#include "kind/exhaustion.h"
#include "kind/spec.h"
#include "kind/weights.h"

enum {
	MODE_COUNT = MK_POLICY_INTERLEAVE + 1,
	NOT_PROBED = 1,
};

/* What is wrong with a node list in an environment variable. */
struct list_reasons {
	struct mk_reason bad_list, bad_node, gone;
};

struct source_row {
	enum mk_topology_set set;
	enum mk_option list;  /* the environment variable that replaces the set */
	enum mk_option limit; /* one with a number that the set depends on */
	struct list_reasons reasons;
	int absent, tied; /* MEMKIND codes: there is no node, or there is more than one */
	struct mk_reason bad_limit;
	struct mk_reason empty; /* why there is none; without a text: the snapshot knows */
	struct mk_reason tie;
};

#define LIST_REASONS(variable)                                                                     \
	{                                                                                          \
		{variable " is empty or not a list of nodes",                                      \
		 "set it to nodes out of *, such as 2,3 or 2-3, or unset it", MK_DETAIL_ALLOWED},  \
			{variable " names a node without memory for this process",                 \
			 "name nodes out of *, or unset it", MK_DETAIL_ALLOWED},                   \
			{"the process may no longer use the nodes of " variable,                   \
			 "add them to cpuset.mems of its cgroup again; now it may use *",          \
			 MK_DETAIL_ALLOWED},                                                       \
	}

#define NOT_ALLOWED                                                                                \
	{                                                                                          \
		"the process may use no memory of these nodes",                                    \
			"add nodes to cpuset.mems of its cgroup; now it may use *",                \
			MK_DETAIL_ALLOWED                                                          \
	}

#define NO_SIZE                                                                                    \
	{                                                                                          \
		"the size of no node is known", "let the process read /sys/devices/system/node",   \
			MK_DETAIL_NONE                                                             \
	}

#define NO_FIGURE(figure)                                                                          \
	{                                                                                          \
		"the " figure " of no node is known (HMAT)",                                       \
			"the firmware has to tell it: look for an HMAT setting or an update",      \
			MK_DETAIL_NONE                                                             \
	}

/* REMEDY: what to do about it. */
#define TIE(remedy)                                                                                \
	{                                                                                          \
		"several nodes are equally close to a CPU of this process", "*: " remedy,          \
			MK_DETAIL_TIE                                                              \
	}

static const struct source_row sources[MK_SOURCE_COUNT] = {
	[MK_SOURCE_ALLOWED] = {.set = MK_SET_ALLOWED,
			       .absent = MEMKIND_ERROR_UNAVAILABLE,
			       .tied = MEMKIND_ERROR_RUNTIME,
			       .tie = TIE("name one of them, or use policy=bind"),
			       .empty = NOT_ALLOWED},
	[MK_SOURCE_REGULAR] = {.set = MK_SET_REGULAR,
			       .absent = MEMKIND_ERROR_UNAVAILABLE,
			       .tied = MEMKIND_ERROR_RUNTIME,
			       .tie = TIE("name one of them, or use policy=bind"),
			       .empty = NOT_ALLOWED},
	[MK_SOURCE_FAR] = {.set = MK_SET_FAR,
			   .list = MK_OPTION_DAX_KMEM_NODES,
			   .reasons = LIST_REASONS("MEMKIND_DAX_KMEM_NODES"),
			   .absent = MEMKIND_ERROR_UNAVAILABLE,
			   .tied = MEMKIND_ERROR_RUNTIME,
			   .tie = TIE(
				   "name one of them in MEMKIND_DAX_KMEM_NODES, set "
				   "MEMKIND_DAX_KMEM_TIES=all, run on other CPUs (taskset), or use "
				   "MEMKIND_DAX_KMEM, which takes them all")},
	[MK_SOURCE_HBW] = {.set = MK_SET_HBW,
			   .list = MK_OPTION_HBW_NODES,
			   .limit = MK_OPTION_HBW_THRESHOLD,
			   .bad_limit = {"MEMKIND_HBW_THRESHOLD is no number up to 4294967295",
					 "set it to MB/s, such as 204800, or unset it",
					 MK_DETAIL_NONE},
			   .reasons = LIST_REASONS("MEMKIND_HBW_NODES"),
			   .absent = MEMKIND_ERROR_MEMTYPE_NOT_AVAILABLE,
			   .tied = MEMKIND_ERROR_RUNTIME,
			   .empty = {"no node that the process may use is proven fast (HMAT)",
				     "where there is fast memory, name its nodes, out of *, in "
				     "MEMKIND_HBW_NODES, or lower MEMKIND_HBW_THRESHOLD",
				     MK_DETAIL_ALLOWED},
			   .tie = TIE("name one of them in MEMKIND_HBW_NODES, run on other CPUs "
				      "(taskset), or use MEMKIND_HBW, which takes them all")},
	[MK_SOURCE_CAPACITY] = {.set = MK_SET_CAPACITY,
				.absent = MEMKIND_ERROR_MEMTYPE_NOT_AVAILABLE,
				.empty = NO_SIZE},
	[MK_SOURCE_LARGEST] = {.set = MK_SET_LARGEST,
			       .absent = MEMKIND_ERROR_MEMTYPE_NOT_AVAILABLE,
			       .tied = MEMKIND_ERROR_MEMTYPE_NOT_AVAILABLE,
			       .empty = NO_SIZE,
			       .tie = TIE("run on other CPUs (taskset), or use "
					  "MEMKIND_HIGHEST_CAPACITY, which takes them all")},
	[MK_SOURCE_LATENCY] = {.set = MK_SET_LATENCY,
			       .absent = MEMKIND_ERROR_MEMTYPE_NOT_AVAILABLE,
			       .empty = NO_FIGURE("latency")},
	[MK_SOURCE_BANDWIDTH] = {.set = MK_SET_BANDWIDTH,
				 .absent = MEMKIND_ERROR_MEMTYPE_NOT_AVAILABLE,
				 .empty = NO_FIGURE("bandwidth")},
	[MK_SOURCE_KMEM] = {.set = MK_SET_KMEM,
			    .absent = MEMKIND_ERROR_UNAVAILABLE,
			    .tied = MEMKIND_ERROR_RUNTIME,
			    .empty = {"the process may use no node of a dax device on kmem",
				      "memkind setup tells how a device becomes one, or name nodes "
				      "out of *",
				      MK_DETAIL_ALLOWED},
			    .tie = TIE("name one of them, or use policy=bind")},
	[MK_SOURCE_CXL] =
		{.set = MK_SET_CXL,
		 .absent = MEMKIND_ERROR_UNAVAILABLE,
		 .tied = MEMKIND_ERROR_RUNTIME,
		 .empty = {"the process may use no node of CXL memory",
			   "memkind setup tells how it becomes one, or name nodes out of *",
			   MK_DETAIL_ALLOWED},
		 .tie = TIE("name one of them, or use policy=bind")},
	[MK_SOURCE_LIST] =
		{.absent = MEMKIND_ERROR_UNAVAILABLE,
		 .tied = MEMKIND_ERROR_RUNTIME,
		 .empty = {"the process may use none of the nodes that the kind names",
			   "name nodes out of *, or add others to cpuset.mems of its cgroup",
			   MK_DETAIL_ALLOWED},
		 .tie = TIE("name one of them, or use policy=bind")},
};

static const struct mk_reason no_huge_pages = {"these nodes have no huge pages (vm.nr_hugepages)",
					       "fill a pool: echo NUMBER > *", MK_DETAIL_POOL};
static const struct mk_reason no_node = {"no node with memory is known",
					 "let the process read /sys/devices/system/node",
					 MK_DETAIL_NONE};
static const struct mk_reason mbind_denied = {
	"mbind is denied", "allow it in the seccomp filter, or add CAP_SYS_NICE", MK_DETAIL_NONE};

/* What environment variables say: read once, and what was bad stays bad. */
static struct {
	bool is_read;
	bool is_given;			/* by a list */
	const struct mk_reason *reason; /* why it was refused; NULL: it was not */
	struct mk_nodeset nodes;
} lists[MK_SOURCE_COUNT];

static int probed[MODE_COUNT] = {NOT_PROBED, NOT_PROBED, NOT_PROBED, NOT_PROBED};

static void refuse(enum mk_kind_source source, enum mk_option option,
		   const struct mk_reason *reason)
{
	lists[source].reason = reason;
	mk_option_log_refusal(option);
}

static void read_list(enum mk_kind_source source, const struct mk_topology *topology)
{
	const struct source_row *row = &sources[source];
	int error = mk_parse_node_string(mk_option_text(row->list),
					 mk_topology_set(topology, MK_SET_ALLOWED),
					 &lists[source].nodes);

	lists[source].is_given = true;
	if (error != 0)
		refuse(source, row->list,
		       error == -ENODEV ? &row->reasons.bad_node : &row->reasons.bad_list);
}

/* Nobody asks for the limit where there is a list. */
static void read_options(enum mk_kind_source source, const struct mk_topology *topology)
{
	const struct source_row *row = &sources[source];
	uint64_t limit;

	if (lists[source].is_read)
		return;
	lists[source].is_read = true;
	if (row->list != MK_OPTION_NONE && mk_option_text(row->list) != NULL)
		read_list(source, topology);
	else if (row->limit != MK_OPTION_NONE && mk_option_number(row->limit, &limit) != 0)
		refuse(source, row->limit, &row->bad_limit);
}

/* The nodes of the kind, within those that the process may use: 0 or a MEMKIND code. */
static int find_nodes(const struct memkind *kind, const struct mk_topology *topology,
		      struct mk_nodeset *ret_nodes, const struct mk_reason **ret_reason)
{
	enum mk_kind_source source = kind->row->source;
	const struct source_row *row = &sources[source];

	/* Where nothing could be read, no list is judged for good. */
	if (mk_nodeset_is_empty(mk_topology_set(topology, MK_SET_ALLOWED))) {
		*ret_reason = &no_node;
		return row->absent;
	}
	read_options(source, topology);
	if (lists[source].reason != NULL) {
		*ret_reason = lists[source].reason;
		return MEMKIND_ERROR_ENVIRON;
	}
	if (source == MK_SOURCE_LIST)
		*ret_nodes = kind->spec->nodes;
	else
		*ret_nodes = lists[source].is_given ? lists[source].nodes
						    : *mk_topology_set(topology, row->set);
	mk_nodeset_intersect(ret_nodes, mk_topology_set(topology, MK_SET_ALLOWED));
	if (!mk_nodeset_is_empty(ret_nodes))
		return 0;
	if (lists[source].is_given)
		*ret_reason = &row->reasons.gone;
	else
		*ret_reason =
			row->empty.text != NULL ? &row->empty : mk_topology_far_reason(topology);
	return row->absent;
}

/* Only a refusal counts: what is wrong with the nodes shows when memory is reserved. */
static bool is_mbind_denied(enum mk_policy_mode mode, const struct mk_topology *topology)
{
	if (mode == MK_POLICY_DEFAULT)
		return false;
	/* The kernel need not know the mode: others come to the same. */
	if (mode == MK_POLICY_WEIGHTED)
		mode = MK_POLICY_INTERLEAVE;
	if (probed[mode] == NOT_PROBED)
		probed[mode] = mk_anonymous_probe((int)mode | mk_choice_mode_flags(topology),
						  mk_topology_set(topology, MK_SET_ALLOWED));
	return probed[mode] != 0 && probed[mode] != -ENOMEM && probed[mode] != -EINVAL;
}

static bool needs_one_node(const struct memkind *kind)
{
	return kind->row->choice == MK_CHOICE_CLOSEST_ONE && !mk_exhaustion_takes_ties(kind);
}

static bool is_tied_at(const struct memkind *kind, const struct mk_topology *topology,
		       unsigned cpu_node)
{
	struct mk_nodeset closest;

	mk_topology_closest(topology, &kind->nodes, cpu_node, &closest);
	return mk_nodeset_count(&closest) != 1;
}

int mk_choice_tied_cpu_node(const struct memkind *kind, const struct mk_topology *topology)
{
	mk_nodeset_for_each (node, mk_topology_set(topology, MK_SET_RUNNABLE))
		if (is_tied_at(kind, topology, node))
			return (int)node;
	return -1;
}

/* On every CPU node the kind uses all that the process is allowed: nothing needs to be bound. */
static bool is_everything(const struct memkind *kind, const struct mk_topology *topology)
{
	const struct mk_nodeset *allowed = mk_topology_set(topology, MK_SET_ALLOWED);

	if (!mk_nodeset_is_subset(allowed, &kind->nodes))
		return false;
	mk_nodeset_for_each (node, mk_topology_set(topology, MK_SET_CPU)) {
		struct mk_nodeset serving;

		mk_choice_serving_nodes(kind, topology, node, &serving);
		if (!mk_nodeset_is_subset(allowed, &serving))
			return false;
	}
	return true;
}

/* False: no node has such pages, and the kernel may make none. */
static bool keep_nodes_with_pages(struct memkind *kind, const struct mk_topology *topology,
				  enum mk_huge_size size)
{
	uint64_t overcommit = mk_topology_huge_overcommit(topology, size);
	struct mk_nodeset nodes;

	mk_nodeset_clear(&nodes);
	mk_nodeset_for_each (id, &kind->nodes) {
		const struct mk_node *node = mk_topology_find_node(topology, id);
		uint64_t count = node == NULL ? 0 : node->huge_page_count[size];

		mk_log_info("Number of %zu kB hugepages on node %u equals %" PRIu64 ".",
			    mk_huge_bytes(size) / MK_KIB, id, count);
		if (count + overcommit != 0)
			mk_nodeset_add(&nodes, id);
	}
	mk_log_info("Overcommit limit for %zu kB hugepages equals %" PRIu64 ".",
		    mk_huge_bytes(size) / MK_KIB, overcommit);
	if (mk_nodeset_is_empty(&nodes))
		return false;
	kind->nodes = nodes;
	kind->huge_size = size;
	return true;
}

/* Leaves the kind the nodes that have its pages. False: there are none. */
static bool choose_page_size(struct memkind *kind, const struct mk_topology *topology)
{
	unsigned flags = kind->row->flags;

	kind->huge_size = MK_HUGE_NONE;
	if ((flags & (MK_KIND_ON_HUGE_PAGES | MK_KIND_ON_GIGANTIC_PAGES)) == 0)
		return true;
	if ((flags & MK_KIND_ON_GIGANTIC_PAGES) != 0) {
		bool is_found = keep_nodes_with_pages(kind, topology, MK_HUGE_1G);

		if (is_found || (flags & MK_KIND_ON_THAT_SIZE_ONLY) != 0)
			return is_found;
	}
	return keep_nodes_with_pages(kind, topology, MK_HUGE_2M);
}

/* Interleaving is for speed only and spills anyway: it may be plain memory; a ratio can't be kept. */
static bool can_be_unbound(const struct memkind *kind, const struct mk_topology *topology)
{
	enum mk_policy_mode mode = kind->row->mode;

	if (mk_exhaustion_is_null(kind) || mode == MK_POLICY_WEIGHTED)
		return false;
	return mode == MK_POLICY_INTERLEAVE || is_everything(kind, topology);
}

int mk_choice_judge(struct memkind *kind, const struct mk_topology *topology,
		    const struct mk_reason **ret_reason)
{
	int error;

	kind->is_unbound = false;
	mk_nodeset_clear(&kind->nodes);
	if (kind->row->source == MK_SOURCE_NONE)
		return 0;
	*ret_reason = mk_exhaustion_refusal(kind);
	if (*ret_reason != NULL)
		return MEMKIND_ERROR_ENVIRON;
	error = find_nodes(kind, topology, &kind->nodes, ret_reason);
	if (error != 0)
		return error;
	if (!choose_page_size(kind, topology)) {
		*ret_reason = &no_huge_pages;
		return MEMKIND_ERROR_HUGETLB;
	}
	if (needs_one_node(kind) && mk_choice_tied_cpu_node(kind, topology) >= 0) {
		*ret_reason = &sources[kind->row->source].tie;
		return sources[kind->row->source].tied;
	}
	if (kind->row->mode == MK_POLICY_WEIGHTED)
		error = mk_weights_judge(kind->spec, topology, &kind->nodes, ret_reason);
	if (error != 0)
		return error;
	if (!is_mbind_denied(kind->row->mode, topology))
		return 0;
	kind->is_unbound = can_be_unbound(kind, topology);
	if (kind->is_unbound)
		return 0;
	*ret_reason = &mbind_denied;
	return MEMKIND_ERROR_MBIND;
}

static void best_local(const struct memkind *kind, const struct mk_topology *topology,
		       unsigned cpu_node, enum mk_merit merit, struct mk_nodeset *ret_nodes)
{
	int best = mk_topology_best_local(topology, &kind->nodes, cpu_node, merit);

	mk_nodeset_clear(ret_nodes);
	if (best >= 0)
		mk_nodeset_add(ret_nodes, (unsigned)best);
}

void mk_choice_serving_nodes(const struct memkind *kind, const struct mk_topology *topology,
			     unsigned cpu_node, struct mk_nodeset *ret_nodes)
{
	if (kind->row->source == MK_SOURCE_NONE) {
		*ret_nodes = *mk_topology_set(topology, MK_SET_ALLOWED);
		return;
	}
	switch (kind->row->choice) {
	case MK_CHOICE_CLOSEST:
	case MK_CHOICE_CLOSEST_ONE:
		mk_topology_closest(topology, &kind->nodes, cpu_node, ret_nodes);
		return;
	case MK_CHOICE_LOCAL_LARGEST:
		best_local(kind, topology, cpu_node, MK_MERIT_CAPACITY, ret_nodes);
		return;
	case MK_CHOICE_LOCAL_LATENCY:
		best_local(kind, topology, cpu_node, MK_MERIT_LATENCY, ret_nodes);
		return;
	case MK_CHOICE_LOCAL_BANDWIDTH:
		best_local(kind, topology, cpu_node, MK_MERIT_BANDWIDTH, ret_nodes);
		return;
	case MK_CHOICE_ALL:
	case MK_CHOICE_ALL_NEAR_FIRST:
	case MK_CHOICE_ALL_THEN_NEAR:
		*ret_nodes = kind->nodes;
	}
}

int mk_choice_place(const struct memkind *kind, const struct mk_topology *topology,
		    unsigned cpu_node, struct mk_placement *ret_placement)
{
	struct mk_placement placement = {
		.mode = MK_POLICY_DEFAULT, .home = -1, .page_size = mk_huge_bytes(kind->huge_size)};

	if (needs_one_node(kind) && is_tied_at(kind, topology, cpu_node))
		return sources[kind->row->source].tied;
	if (kind->row->mode != MK_POLICY_DEFAULT && !kind->is_unbound) {
		placement.mode = kind->row->mode;
		mk_choice_serving_nodes(kind, topology, cpu_node, &placement.nodes);
		if (kind->row->choice == MK_CHOICE_ALL_NEAR_FIRST)
			placement.home = (int)cpu_node;
		mk_exhaustion_place(kind, topology, cpu_node, &placement);
	}
	*ret_placement = placement;
	return 0;
}

int mk_choice_mode_flags(const struct mk_topology *topology)
{
	return mk_topology_is_all_allowed(topology) ? 0 : MK_POLICY_STATIC_NODES;
}

static void set_probes(int answer)
{
	for (unsigned mode = 0; mode < MODE_COUNT; mode++)
		probed[mode] = answer;
}

void mk_choice_forget_probes(void)
{
	set_probes(NOT_PROBED);
}

void mk_choice_assume_mbind(void)
{
	set_probes(0);
}
