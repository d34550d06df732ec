/* SPDX-License-Identifier: BSD-2-Clause */
/* Weights of nodes: as a description has them, or after their bandwidth. */
#include "kind/weights.h"

#include "base/bits.h"

enum {
	SMALL_STRIPE = 256 << 10,
	HUGE_STRIPE = 2 << 20,
	PERCENT = 100,
};

static const struct mk_reason no_bandwidth = {
	"the bandwidth of a node is not known (HMAT), and weights=auto goes by it",
	"give weights by number; memkind bench measures what they could be", MK_DETAIL_NONE};
static const struct mk_reason too_many = {"it has more than 64 nodes, too many for weights",
					  "name fewer of them", MK_DETAIL_NONE};

bool mk_weights_refuse_huge_pages(const struct mk_spec *spec)
{
	return spec->pages != MEMKIND_NG_PAGES_HUGE &&
	       (spec->step == 0 || spec->step % HUGE_STRIPE != 0);
}

const struct mk_reason *mk_weights_refusal(const struct mk_spec *spec,
					   const struct mk_topology *topology,
					   const struct mk_nodeset *nodes)
{
	if (!spec->has_auto_weights)
		return NULL;
	if (mk_nodeset_count(nodes) > MK_WEIGHT_COUNT)
		return &too_many;
	mk_nodeset_for_each (id, nodes)
		if (mk_topology_bandwidth(topology, id) == 0)
			return &no_bandwidth;
	return NULL;
}

/* Nodes in an order, each once, and what each has of the whole: any numbers. */
struct shares {
	struct mk_node_order *order;
	uint64_t size[MK_WEIGHT_COUNT];
};

static void add(struct shares *shares, unsigned node, uint64_t size)
{
	unsigned i = 0;

	while (i < shares->order->count && shares->order->node[i] != node)
		i++;
	if (i == shares->order->count)
		mk_node_order_append(shares->order, node);
	shares->size[i] += size;
}

static void add_listed(struct shares *shares, const struct mk_spec *spec,
		       const struct mk_nodeset *nodes)
{
	for (unsigned i = 0; i < spec->weight_count; i++)
		if (mk_nodeset_has(nodes, spec->listed[i]))
			add(shares, spec->listed[i], spec->weights[i]);
}

/* At least 1. */
static uint64_t percent_of(uint64_t part, uint64_t sum)
{
	return sum == 0 ? 1 : mk_max_size((part * PERCENT + sum / 2) / sum, 1);
}

/* In percent: with smaller numbers a ratio is reached sooner. */
static void add_bandwidths(struct shares *shares, const struct mk_topology *topology,
			   const struct mk_nodeset *nodes)
{
	uint64_t sum = 0;

	mk_nodeset_for_each (id, nodes)
		sum += mk_topology_bandwidth(topology, id);
	mk_nodeset_for_each (id, nodes)
		add(shares, id, percent_of(mk_topology_bandwidth(topology, id), sum));
}

/* The smallest whole numbers that are in the same ratio. */
static void reduce(const struct shares *shares, struct mk_weights *ret_weights)
{
	uint64_t divisor = 0;

	for (unsigned i = 0; i < shares->order->count; i++)
		divisor = mk_common_divisor(shares->size[i], divisor);
	ret_weights->count = divisor == 0 ? 0 : shares->order->count;
	for (unsigned i = 0; i < ret_weights->count; i++)
		ret_weights->weight[i] = (uint16_t)(shares->size[i] / divisor);
}

static bool is_kernels_ratio(const struct mk_placement *placement,
			     const struct mk_topology *topology)
{
	const struct mk_weights *weights = &placement->weights;
	unsigned first = mk_topology_find_node(topology, placement->order.node[0])->kernel_weight;

	for (unsigned i = 0; i < weights->count; i++) {
		const struct mk_node *node =
			mk_topology_find_node(topology, placement->order.node[i]);

		if (node->kernel_weight == 0 ||
		    node->kernel_weight * weights->weight[0] != first * weights->weight[i])
			return false;
	}
	return true;
}

void mk_weights_place(const struct mk_spec *spec, const struct mk_topology *topology, bool is_null,
		      struct mk_placement *placement)
{
	struct shares shares = {.order = &placement->order};

	if (spec->has_auto_weights)
		add_bandwidths(&shares, topology, &placement->nodes);
	else
		add_listed(&shares, spec, &placement->nodes);
	reduce(&shares, &placement->weights);
	if (spec->step == 0 && !is_null && is_kernels_ratio(placement, topology)) {
		placement->mode = MK_POLICY_WEIGHTED;
		placement->fill = MK_FILL_ON_TOUCH;
		return;
	}
	placement->mode = MK_POLICY_INTERLEAVE;
	placement->fill = MK_FILL_IN_STRIPES;
	placement->refuses_when_full = is_null;
	placement->stripe_size = spec->step;
	if (spec->step == 0)
		placement->stripe_size =
			mk_weights_refuse_huge_pages(spec) ? SMALL_STRIPE : HUGE_STRIPE;
}
