/* SPDX-License-Identifier: BSD-2-Clause */
/* Weights of nodes: as a description has them, or after their bandwidth. */
#include "kind/weights.h"

#include <errno.h>

#include "base/bits.h"
#include "base/options.h"
#include "base/parse.h"

enum {
	SMALL_STRIPE = 256 << 10,
	HUGE_STRIPE = 2 << 20,
	PERCENT = 100,
};

static const struct mk_reason no_bandwidth = {
	"the bandwidth of a node is not known (HMAT), and weights=auto goes by it",
	"give weights by number, or set MEMKIND_NODE_BANDWIDTHS to what memkind bench measured",
	MK_DETAIL_NONE};
static const struct mk_reason no_measured = {
	"MEMKIND_NODE_BANDWIDTHS lacks a node of the kind, and weights=auto goes by it",
	"add what memkind bench measured, or unset it", MK_DETAIL_NONE};
static const struct mk_reason bad_measured = {
	"MEMKIND_NODE_BANDWIDTHS is no list of nodes and MB/s",
	"set it to such as 0:100000,2:25000, or unset it", MK_DETAIL_NONE};
static const struct mk_reason too_many = {"it has more than 64 nodes, too many for weights",
					  "name fewer of them", MK_DETAIL_NONE};

bool mk_weights_refuse_huge_pages(const struct mk_spec *spec)
{
	return spec->pages != MEMKIND_NG_PAGES_HUGE &&
	       (spec->step == 0 || spec->step % HUGE_STRIPE != 0);
}

/* In MB/s: as it was measured, or else as the firmware tells it; 0: not known. */
static uint64_t bandwidth_of(const struct mk_topology *topology, unsigned node)
{
	const char *measured = mk_option_text(MK_OPTION_NODE_BANDWIDTHS);
	uint64_t bandwidth = 0;

	if (measured == NULL)
		return mk_topology_bandwidth(topology, node);
	mk_parse_number_of_node(measured, node, &bandwidth);
	return bandwidth;
}

static int refuse(int code, const struct mk_reason *reason, const struct mk_reason **ret_reason)
{
	*ret_reason = reason;
	return code;
}

int mk_weights_judge(const struct mk_spec *spec, const struct mk_topology *topology,
		     const struct mk_nodeset *nodes, const struct mk_reason **ret_reason)
{
	const enum mk_option option = MK_OPTION_NODE_BANDWIDTHS;
	const char *measured = mk_option_text(option);
	uint64_t bandwidth;

	if (!spec->has_auto_weights)
		return 0;
	if (measured != NULL && mk_parse_number_of_node(measured, 0, &bandwidth) == -EINVAL) {
		mk_option_log_refusal(option);
		return refuse(MEMKIND_ERROR_ENVIRON, &bad_measured, ret_reason);
	}
	if (mk_nodeset_count(nodes) > MK_WEIGHT_COUNT)
		return refuse(MEMKIND_ERROR_UNAVAILABLE, &too_many, ret_reason);
	mk_nodeset_for_each (id, nodes)
		if (bandwidth_of(topology, id) == 0)
			return refuse(MEMKIND_ERROR_UNAVAILABLE,
				      measured == NULL ? &no_bandwidth : &no_measured, ret_reason);
	return 0;
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
		sum += bandwidth_of(topology, id);
	mk_nodeset_for_each (id, nodes)
		add(shares, id, percent_of(bandwidth_of(topology, id), sum));
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
