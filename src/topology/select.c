/* SPDX-License-Identifier: BSD-2-Clause */
/* Which nodes are closest: pure functions of a snapshot. */
#include "topology/snapshot.h"

/*
 * What orders the candidates for one CPU node. Distance comes first because the kernel, too, knows
 * only that when it places a page; the rest decides where distances are equal.
 */
struct rank {
	unsigned distance;
	unsigned is_not_local; /* HMAT: the CPU node is none of its best initiators */
	unsigned affinity;     /* distance from the CPU node to the one beside the device */
	uint32_t latency, bandwidth;
};

/* A row that is the same to all nodes says nothing about where the node is. */
static bool is_row_flat(const struct mk_topology *topology, unsigned id)
{
	unsigned common = 0;

	for (unsigned i = 0; i < topology->node_count; i++) {
		unsigned to = topology->nodes[i].node.id;
		unsigned distance = mk_topology_distance(topology, id, to);

		if (to == id)
			continue;
		if (common != 0 && distance != common)
			return false;
		common = distance;
	}
	return true;
}

static unsigned affinity(const struct mk_topology *topology, const struct mk_node_facts *facts,
			 unsigned cpu_node)
{
	int device_node = facts->device_node;

	if (facts->cxl_node != MK_NO_NODE)
		return mk_topology_distance(topology, cpu_node, (unsigned)facts->cxl_node);
	/* The driver derives it from the distances: where these are flat it is a guess. */
	if (device_node == MK_NO_NODE ||
	    !mk_nodeset_has(mk_topology_set(topology, MK_SET_CPU), (unsigned)device_node) ||
	    is_row_flat(topology, facts->node.id))
		return MK_DISTANCE_UNKNOWN;
	return mk_topology_distance(topology, cpu_node, (unsigned)device_node);
}

static struct rank rank_of(const struct mk_topology *topology, unsigned id, unsigned cpu_node)
{
	int index = mk_snapshot_index(topology, id);
	struct rank rank = {
		.distance = mk_topology_distance(topology, cpu_node, id),
		.is_not_local = 1,
		.affinity = MK_DISTANCE_UNKNOWN,
	};

	if (index >= 0) {
		const struct mk_node_facts *facts = &topology->nodes[index];

		rank.is_not_local = !mk_nodeset_has(&facts->initiators, cpu_node);
		rank.affinity = affinity(topology, facts, cpu_node);
		rank.latency = facts->node.read_latency;
		rank.bandwidth = facts->node.read_bandwidth;
	}
	return rank;
}

static int compare(unsigned a, unsigned b)
{
	return (a > b) - (a < b);
}

/* As compare, but a figure that is not known decides nothing. */
static int compare_known(uint32_t a, uint32_t b)
{
	return a == 0 || b == 0 ? 0 : compare(a, b);
}

/* Below 0: A is closer. */
static int compare_ranks(const struct rank *a, const struct rank *b)
{
	int order = compare(a->distance, b->distance);

	if (order == 0)
		order = compare(a->is_not_local, b->is_not_local);
	if (order == 0)
		order = compare(a->affinity, b->affinity);
	if (order == 0)
		order = compare_known(a->latency, b->latency);
	return order != 0 ? order : compare_known(b->bandwidth, a->bandwidth);
}

void mk_topology_closest(const struct mk_topology *topology, const struct mk_nodeset *candidates,
			 unsigned cpu_node, struct mk_nodeset *ret_closest)
{
	struct mk_nodeset closest;
	struct rank best = {0};

	mk_nodeset_clear(&closest);
	mk_nodeset_for_each (node, candidates) {
		struct rank rank = rank_of(topology, node, cpu_node);
		int order = mk_nodeset_is_empty(&closest) ? -1 : compare_ranks(&rank, &best);

		if (order < 0) {
			mk_nodeset_clear(&closest);
			best = rank;
		}
		if (order <= 0)
			mk_nodeset_add(&closest, node);
	}
	*ret_closest = closest;
}

void mk_topology_append_by_distance(const struct mk_topology *topology,
				    const struct mk_nodeset *candidates, unsigned from,
				    struct mk_node_order *order)
{
	struct mk_nodeset rest = *candidates;

	while (!mk_nodeset_is_empty(&rest)) {
		struct mk_nodeset closest;

		mk_topology_closest(topology, &rest, from, &closest);
		mk_nodeset_for_each (node, &closest)
			mk_node_order_append(order, node);
		mk_nodeset_subtract(&rest, &closest);
	}
}

/* A node that is not local to the best initiators is local to nobody else. */
bool mk_topology_is_local(const struct mk_topology *topology, unsigned node, unsigned cpu_node)
{
	const struct mk_nodeset *cpus = &topology->sets[MK_SET_CPU];
	int index = mk_snapshot_index(topology, node);
	struct mk_nodeset initiators;

	if (node == cpu_node)
		return true;
	if (index < 0 || mk_nodeset_has(cpus, node))
		return false;
	initiators = topology->nodes[index].initiators;
	mk_nodeset_intersect(&initiators, cpus);
	if (!mk_nodeset_is_empty(&initiators))
		return mk_nodeset_has(&initiators, cpu_node);
	mk_nodeset_for_each (other, cpus)
		if (mk_topology_distance(topology, other, node) <
		    mk_topology_distance(topology, cpu_node, node))
			return false;
	return true;
}

static void find_local(const struct mk_topology *topology, const struct mk_nodeset *candidates,
		       unsigned cpu_node, struct mk_nodeset *ret_local)
{
	mk_nodeset_clear(ret_local);
	mk_nodeset_for_each (id, candidates)
		if (mk_topology_is_local(topology, id, cpu_node))
			mk_nodeset_add(ret_local, id);
	if (mk_nodeset_is_empty(ret_local))
		mk_topology_closest(topology, candidates, cpu_node, ret_local);
}

/* More is better. */
static uint64_t merit_of(const struct mk_node *node, enum mk_merit merit)
{
	if (merit == MK_MERIT_CAPACITY)
		return node->memory_size;
	if (merit == MK_MERIT_LATENCY)
		return UINT32_MAX - mk_node_latency(node);
	return mk_node_bandwidth(node);
}

uint32_t mk_topology_bandwidth(const struct mk_topology *topology, unsigned id)
{
	const struct mk_node *node = mk_topology_find_node(topology, id);

	return node == NULL ? 0 : mk_node_bandwidth(node);
}

static bool is_as_good(uint64_t merit, uint64_t best, enum mk_merit kind)
{
	return kind == MK_MERIT_CAPACITY ? mk_is_about_as_large(merit, best) : merit == best;
}

/* What decides between nodes that are as good; more is better. */
static uint64_t second_merit_of(const struct mk_topology *topology, const struct mk_node *node,
				unsigned cpu_node, enum mk_merit merit)
{
	if (merit == MK_MERIT_CAPACITY)
		return mk_topology_distance(topology, cpu_node, node->id);
	return UINT64_MAX - node->memory_size;
}

int mk_topology_best_local(const struct mk_topology *topology, const struct mk_nodeset *candidates,
			   unsigned cpu_node, enum mk_merit merit)
{
	struct mk_nodeset local;
	uint64_t best = 0, best_second = 0;
	int found = MK_NO_NODE;

	find_local(topology, candidates, cpu_node, &local);
	mk_nodeset_intersect(&local, &topology->sets[MK_SET_ONLINE]);
	mk_nodeset_for_each (id, &local) {
		uint64_t value = merit_of(mk_topology_find_node(topology, id), merit);

		if (value > best)
			best = value;
	}
	mk_nodeset_for_each (id, &local) {
		const struct mk_node *node = mk_topology_find_node(topology, id);
		uint64_t second = second_merit_of(topology, node, cpu_node, merit);

		if (!is_as_good(merit_of(node, merit), best, merit) ||
		    (found != MK_NO_NODE && second <= best_second))
			continue;
		found = (int)id;
		best_second = second;
	}
	return found;
}
