/* SPDX-License-Identifier: BSD-2-Clause */
/* From the weights of a description, or the bandwidth of a machine written down here, to a placement. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bits.h"
#include "kind/weights.h"
#include "written_machine.h"

static const char *const bandwidths[NODE_COUNT] = {"111000", "111000", "205000", "50000"};

/* NULL: none is known. */
static const struct mk_topology *build_with(const char *const figures[NODE_COUNT],
					    const char *const kernel_weights[NODE_COUNT])
{
	char path[128];

	for (unsigned node = 0; node < NODE_COUNT; node++) {
		snprintf(path, sizeof(path),
			 "sys/devices/system/node/node%u/access1/initiators/read_bandwidth", node);
		put(path, figures != NULL ? figures[node] : "0");
		snprintf(path, sizeof(path), "sys/kernel/mm/mempolicy/weighted_interleave/node%u",
			 node);
		put(path, kernel_weights != NULL ? kernel_weights[node] : "0");
	}
	return build(&four_nodes);
}

static struct mk_placement on(uint64_t nodes)
{
	return (struct mk_placement){.mode = MK_POLICY_INTERLEAVE, .nodes = {{nodes}}};
}

static void assert_weights(const struct mk_placement *placement, unsigned count,
			   const uint16_t *nodes, const uint16_t *weights)
{
	assert_int_equal(placement->order.count, count);
	assert_int_equal(placement->weights.count, count);
	assert_memory_equal(placement->order.node, nodes, count * sizeof(*nodes));
	assert_memory_equal(placement->weights.weight, weights, count * sizeof(*weights));
}

/* The reason is there where the code is none. */
static int judge(const struct mk_spec *spec, const struct mk_topology *topology,
		 const struct mk_nodeset *nodes)
{
	const struct mk_reason *reason = NULL;
	int code = mk_weights_judge(spec, topology, nodes, &reason);

	assert_int_equal(code == 0, reason == NULL);
	return code;
}

static void weights_are_made_as_small_as_they_can_be(void **state)
{
	const struct mk_spec spec = {.policy = MEMKIND_NG_POLICY_WEIGHTED,
				     .listed_count = 3,
				     .listed = {3, 0, 2},
				     .weight_count = 3,
				     .weights = {65532, 16383, 32766}};
	const struct mk_topology *topology = build_with(NULL, NULL);
	struct mk_placement placement = on(13), without = on(12);

	(void)state;
	mk_weights_place(&spec, topology, false, &placement);
	assert_weights(&placement, 3, (uint16_t[]){3, 0, 2}, (uint16_t[]){4, 1, 2});
	assert_int_equal(placement.fill, MK_FILL_IN_STRIPES);
	assert_int_equal(placement.mode, MK_POLICY_INTERLEAVE);
	assert_false(placement.refuses_when_full);
	/* A node that the process may not use leaves the others their ratio. */
	mk_weights_place(&spec, topology, true, &without);
	assert_weights(&without, 2, (uint16_t[]){3, 2}, (uint16_t[]){2, 1});
	assert_true(without.refuses_when_full);
}

static void a_node_that_is_named_again_has_both_weights(void **state)
{
	const struct mk_spec spec = {.policy = MEMKIND_NG_POLICY_WEIGHTED,
				     .listed_count = 4,
				     .listed = {2, 3, 2, 3},
				     .weight_count = 4,
				     .weights = {1, 1, 4, 1}};
	struct mk_placement placement = on(12);

	(void)state;
	mk_weights_place(&spec, build_with(NULL, NULL), false, &placement);
	assert_weights(&placement, 2, (uint16_t[]){2, 3}, (uint16_t[]){5, 2});
}

static void bandwidths_are_weights_in_percent(void **state)
{
	const struct mk_spec spec = {.policy = MEMKIND_NG_POLICY_WEIGHTED,
				     .has_auto_weights = true};
	const struct mk_topology *topology = build_with(bandwidths, NULL);
	struct mk_placement two = on(5), equal = on(3);

	(void)state;
	assert_int_equal(judge(&spec, topology, &two.nodes), 0);
	mk_weights_place(&spec, topology, false, &two);
	assert_weights(&two, 2, (uint16_t[]){0, 2}, (uint16_t[]){7, 13});
	mk_weights_place(&spec, topology, false, &equal);
	assert_weights(&equal, 2, (uint16_t[]){0, 1}, (uint16_t[]){1, 1});
}

static void a_node_without_bandwidth_is_a_reason(void **state)
{
	const struct mk_spec by_bandwidth = {.policy = MEMKIND_NG_POLICY_WEIGHTED,
					     .has_auto_weights = true};
	const struct mk_spec by_number = {.policy = MEMKIND_NG_POLICY_WEIGHTED,
					  .weight_count = 1,
					  .weights = {1},
					  .listed_count = 1,
					  .listed = {3}};
	const char *const some[NODE_COUNT] = {"111000", "0", "205000", "0"};
	const struct mk_topology *topology = build_with(some, NULL);
	struct mk_placement known = on(5), unknown = on(13);

	(void)state;
	assert_int_equal(judge(&by_bandwidth, topology, &known.nodes), 0);
	assert_int_equal(judge(&by_bandwidth, topology, &unknown.nodes), MEMKIND_ERROR_UNAVAILABLE);
	assert_int_equal(judge(&by_number, topology, &unknown.nodes), 0);
}

/* With MEMKIND_NODE_BANDWIDTHS, of which a process reads one: its run's. */
static void what_was_measured_counts_instead(void **state)
{
	const struct mk_spec spec = {.policy = MEMKIND_NG_POLICY_WEIGHTED,
				     .has_auto_weights = true};
	const struct mk_topology *topology = build_with(bandwidths, NULL);
	struct mk_placement measured = on(5), lacking = on(3);

	(void)state;
	assert_int_equal(judge(&spec, topology, &measured.nodes), 0);
	mk_weights_place(&spec, topology, false, &measured);
	assert_weights(&measured, 2, (uint16_t[]){0, 2}, (uint16_t[]){4, 1});
	/* The firmware's figures are of another measure. */
	assert_int_equal(judge(&spec, topology, &lacking.nodes), MEMKIND_ERROR_UNAVAILABLE);
}

static void a_bad_measure_is_refused(void **state)
{
	const struct mk_spec by_bandwidth = {.policy = MEMKIND_NG_POLICY_WEIGHTED,
					     .has_auto_weights = true};
	const struct mk_spec by_number = {.policy = MEMKIND_NG_POLICY_WEIGHTED};
	const struct mk_topology *topology = build_with(bandwidths, NULL);
	struct mk_placement placement = on(5);

	(void)state;
	assert_int_equal(judge(&by_bandwidth, topology, &placement.nodes), MEMKIND_ERROR_ENVIRON);
	assert_int_equal(judge(&by_number, topology, &placement.nodes), 0);
}

static void the_kernel_does_what_it_does_as_well(void **state)
{
	static const char *const kernel_weights[NODE_COUNT] = {"1", "1", "8", "2"};
	const struct mk_spec plain = {.policy = MEMKIND_NG_POLICY_WEIGHTED,
				      .listed_count = 2,
				      .listed = {2, 3},
				      .weight_count = 2,
				      .weights = {4, 1}};
	const struct mk_topology *topology = build_with(NULL, kernel_weights);
	struct mk_placement same = on(12), null = on(12), striped = on(12), other = on(12);
	struct mk_spec with_step = plain, with_others = plain;

	(void)state;
	mk_weights_place(&plain, topology, false, &same);
	assert_int_equal(same.mode, MK_POLICY_WEIGHTED);
	assert_int_equal(same.fill, MK_FILL_ON_TOUCH);
	mk_weights_place(&plain, topology, true, &null);
	assert_int_equal(null.fill, MK_FILL_IN_STRIPES);
	with_step.step = MK_MIB;
	mk_weights_place(&with_step, topology, false, &striped);
	assert_int_equal(striped.fill, MK_FILL_IN_STRIPES);
	assert_int_equal(striped.mode, MK_POLICY_INTERLEAVE);
	assert_int_equal(striped.stripe_size, MK_MIB);
	with_others.weights[0] = 3;
	mk_weights_place(&with_others, topology, false, &other);
	assert_int_equal(other.fill, MK_FILL_IN_STRIPES);
}

static void stripes_of_whole_huge_pages_have_such(void **state)
{
	static const struct {
		unsigned pages;
		size_t step, stripe_size;
		bool refuses;
	} rows[] = {
		{0, 0, 256 * MK_KIB, true},
		{MEMKIND_NG_PAGES_BASE, 0, 256 * MK_KIB, true},
		{0, MK_MIB, MK_MIB, true},
		{0, 4 * MK_MIB, 4 * MK_MIB, false},
		{MEMKIND_NG_PAGES_HUGE, 0, 2 * MK_MIB, false},
	};
	const struct mk_topology *topology = build_with(NULL, NULL);

	(void)state;
	for (size_t i = 0; i < MK_ARRAY_SIZE(rows); i++) {
		const struct mk_spec spec = {.policy = MEMKIND_NG_POLICY_WEIGHTED,
					     .pages = rows[i].pages,
					     .step = rows[i].step,
					     .listed_count = 1,
					     .listed = {2},
					     .weight_count = 1,
					     .weights = {1}};
		struct mk_placement placement = on(4);

		mk_weights_place(&spec, topology, true, &placement);
		assert_int_equal(placement.stripe_size, rows[i].stripe_size);
		assert_int_equal(mk_weights_refuse_huge_pages(&spec), rows[i].refuses);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights_are_made_as_small_as_they_can_be),
		cmocka_unit_test(a_node_that_is_named_again_has_both_weights),
		cmocka_unit_test(bandwidths_are_weights_in_percent),
		cmocka_unit_test(a_node_without_bandwidth_is_a_reason),
		cmocka_unit_test(the_kernel_does_what_it_does_as_well),
		cmocka_unit_test(stripes_of_whole_huge_pages_have_such),
	};

	const struct CMUnitTest of_measures[] = {
		cmocka_unit_test(what_was_measured_counts_instead)};
	const struct CMUnitTest of_bad_ones[] = {cmocka_unit_test(a_bad_measure_is_refused)};

	if (mkdtemp(root) == NULL)
		return 99;
	if (argc > 1 && strcmp(argv[1], "measured") == 0)
		return cmocka_run_group_tests(of_measures, NULL, remove_root);
	if (argc > 1)
		return cmocka_run_group_tests(of_bad_ones, NULL, remove_root);
	return cmocka_run_group_tests(tests, NULL, remove_root);
}
