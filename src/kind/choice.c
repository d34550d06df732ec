/* SPDX-License-Identifier: BSD-2-Clause */
/* From a row of the table and a snapshot of the machine to nodes, a verdict and placements. */
#include "kind/choice.h"

#include <errno.h>

#include "base/log.h"
#include "base/options.h"
#include "base/parse.h"

enum {
	NO_OPTION = -1,
	MODE_COUNT = MK_POLICY_INTERLEAVE + 1,
	NOT_PROBED = 1,
};

struct source_row {
	enum mk_topology_set set;
	int option; /* the environment variable that replaces the set, or NO_OPTION */
	const char *bad_list, *bad_node, *gone; /* of that variable */
	/* Why the set is empty. */
	const char *(*empty)(const struct mk_topology *topology);
};

static const char *no_memory(const struct mk_topology *topology)
{
	(void)topology;
	return "the process may use no memory of these nodes";
}

static const struct source_row sources[MK_SOURCE_COUNT] = {
	[MK_SOURCE_ALLOWED] = {MK_SET_ALLOWED, NO_OPTION, NULL, NULL, NULL, no_memory},
	[MK_SOURCE_REGULAR] = {MK_SET_REGULAR, NO_OPTION, NULL, NULL, NULL, no_memory},
	[MK_SOURCE_FAR] = {MK_SET_FAR, MK_OPTION_DAX_KMEM_NODES,
			   "MEMKIND_DAX_KMEM_NODES is empty or not a list of nodes",
			   "MEMKIND_DAX_KMEM_NODES names a node without memory for this process",
			   "the process may no longer use the nodes of MEMKIND_DAX_KMEM_NODES",
			   mk_topology_far_reason},
};

/* The lists of environment variables: read once, and what was bad stays bad. */
static struct {
	bool is_read;
	int error;
	struct mk_nodeset nodes;
} lists[MK_SOURCE_COUNT];

static int probed[MODE_COUNT] = {NOT_PROBED, NOT_PROBED, NOT_PROBED, NOT_PROBED};

static void read_list(enum mk_kind_source source, const char *text,
		      const struct mk_topology *topology)
{
	enum mk_option option = (enum mk_option)sources[source].option;

	if (lists[source].is_read)
		return;
	lists[source].is_read = true;
	lists[source].error = mk_parse_node_string(text, mk_topology_set(topology, MK_SET_ALLOWED),
						   &lists[source].nodes);
	if (lists[source].error != 0)
		mk_log_error("%s=\"%.64s\" refused: allowed is %s, of nodes with memory that the "
			     "process may use",
			     mk_option_name(option), text, mk_option_values(option));
}

/* The nodes of a source, within those that the process may use: 0 or a MEMKIND code. */
static int find_nodes(enum mk_kind_source source, const struct mk_topology *topology,
		      struct mk_nodeset *ret_nodes, const char **ret_reason)
{
	const struct source_row *row = &sources[source];
	const char *text = NULL;

	if (row->option != NO_OPTION)
		text = mk_option_text((enum mk_option)row->option);
	if (text != NULL) {
		read_list(source, text, topology);
		if (lists[source].error != 0) {
			*ret_reason =
				lists[source].error == -ENODEV ? row->bad_node : row->bad_list;
			return MEMKIND_ERROR_ENVIRON;
		}
		*ret_nodes = lists[source].nodes;
	} else {
		*ret_nodes = *mk_topology_set(topology, row->set);
	}
	mk_nodeset_intersect(ret_nodes, mk_topology_set(topology, MK_SET_ALLOWED));
	if (!mk_nodeset_is_empty(ret_nodes))
		return 0;
	*ret_reason = text != NULL ? row->gone : row->empty(topology);
	return MEMKIND_ERROR_UNAVAILABLE;
}

/* Only a refusal counts: what is wrong with the nodes shows when memory is reserved. */
static bool is_mbind_denied(enum mk_policy_mode mode, const struct mk_topology *topology)
{
	if (mode == MK_POLICY_DEFAULT)
		return false;
	if (probed[mode] == NOT_PROBED)
		probed[mode] = mk_anonymous_probe((int)mode | mk_choice_mode_flags(topology),
						  mk_topology_set(topology, MK_SET_ALLOWED));
	return probed[mode] != 0 && probed[mode] != -ENOMEM && probed[mode] != -EINVAL;
}

static bool needs_one_node(const struct memkind *kind)
{
	return kind->row->choice == MK_CHOICE_CLOSEST_ONE;
}

static bool is_tied_at(const struct memkind *kind, const struct mk_topology *topology,
		       unsigned cpu_node)
{
	struct mk_nodeset closest;

	mk_topology_closest(topology, &kind->nodes, cpu_node, &closest);
	return mk_nodeset_count(&closest) != 1;
}

static bool is_tied(const struct memkind *kind, const struct mk_topology *topology)
{
	mk_nodeset_for_each (node, mk_topology_set(topology, MK_SET_RUNNABLE))
		if (is_tied_at(kind, topology, node))
			return true;
	return false;
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

int mk_choice_judge(struct memkind *kind, const struct mk_topology *topology,
		    const char **ret_reason)
{
	enum mk_policy_mode mode = kind->row->mode;
	int error;

	kind->is_unbound = false;
	mk_nodeset_clear(&kind->nodes);
	if (kind->row->source == MK_SOURCE_NONE)
		return 0;
	error = find_nodes(kind->row->source, topology, &kind->nodes, ret_reason);
	if (error != 0)
		return error;
	if (needs_one_node(kind) && is_tied(kind, topology)) {
		*ret_reason = "several nodes are equally close to a CPU of this process";
		return MEMKIND_ERROR_RUNTIME;
	}
	if (!is_mbind_denied(mode, topology))
		return 0;
	/* Interleaving is for speed only and spills anyway: it may be plain memory. */
	kind->is_unbound = mode == MK_POLICY_INTERLEAVE || is_everything(kind, topology);
	if (kind->is_unbound)
		return 0;
	*ret_reason = "mbind is denied: allow it in the seccomp filter, or add CAP_SYS_NICE";
	return MEMKIND_ERROR_MBIND;
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
	case MK_CHOICE_ALL:
	case MK_CHOICE_ALL_NEAR_FIRST:
		*ret_nodes = kind->nodes;
	}
}

int mk_choice_place(const struct memkind *kind, const struct mk_topology *topology,
		    unsigned cpu_node, struct mk_placement *ret_placement)
{
	struct mk_placement placement = {.mode = MK_POLICY_DEFAULT, .home = -1};

	if (needs_one_node(kind) && is_tied_at(kind, topology, cpu_node))
		return MEMKIND_ERROR_RUNTIME;
	if (kind->row->mode != MK_POLICY_DEFAULT && !kind->is_unbound) {
		placement.mode = kind->row->mode;
		mk_choice_serving_nodes(kind, topology, cpu_node, &placement.nodes);
		if (kind->row->choice == MK_CHOICE_ALL_NEAR_FIRST)
			placement.home = (int)cpu_node;
	}
	*ret_placement = placement;
	return 0;
}

int mk_choice_mode_flags(const struct mk_topology *topology)
{
	return mk_topology_is_all_allowed(topology) ? 0 : MK_POLICY_STATIC_NODES;
}

void mk_choice_forget_probes(void)
{
	for (unsigned mode = 0; mode < MODE_COUNT; mode++)
		probed[mode] = NOT_PROBED;
}
