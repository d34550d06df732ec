/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What kinds are to do when nodes are full, with MEMKIND_EXHAUSTION=null and MEMKIND_DAX_KMEM_TIES=all,
 * on machines that are written down here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bits.h"
#include "base/reason.h"
#include "kind/choice.h"
#include "kind/exhaustion.h"
#include "written_machine.h"

static const struct written_machine tied_at_0 = {
	{"0-1", "2-3"},
	{"10 21 17 17", "21 10 28 17", "17 28 10 28", "17 17 28 10"},
	"0-3",
	"0-3",
};

struct row {
	enum mk_kind_id id;
	enum mk_fill fill;
	enum mk_policy_mode mode;
	uint64_t nodes;
	const char *order;
};

static void assert_order(const struct mk_node_order *order, const char *expected)
{
	char text[64] = "";

	for (unsigned i = 0; i < order->count; i++) {
		size_t length = strlen(text);

		snprintf(text + length, sizeof(text) - length, "%s%u", i == 0 ? "" : " ",
			 (unsigned)order->node[i]);
	}
	assert_string_equal(text, expected);
}

static void assert_rows(const struct mk_topology *topology, unsigned cpu_node,
			const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct mk_reason *reason = NULL;
		struct memkind *kind = &mk_kinds[rows[i].id];
		struct mk_placement placement;

		assert_int_equal(mk_choice_judge(kind, topology, &reason), 0);
		assert_int_equal(mk_choice_place(kind, topology, cpu_node, &placement), 0);
		assert_int_equal(placement.fill, rows[i].fill);
		assert_int_equal(placement.mode, rows[i].mode);
		assert_int_equal(placement.nodes.word[0], rows[i].nodes);
		assert_order(&placement.order, rows[i].order);
	}
}

static void kinds_that_bind_or_interleave_refuse(void **state)
{
	static const struct row at_0[] = {
		{MK_KIND_DEFAULT, MK_FILL_ON_TOUCH, MK_POLICY_DEFAULT, 0, ""},
		{MK_KIND_REGULAR, MK_FILL_OR_REFUSE, MK_POLICY_BIND, 3, "0 1"},
		{MK_KIND_INTERLEAVE, MK_FILL_OR_REFUSE, MK_POLICY_INTERLEAVE, 15, "0 2 1 3"},
		{MK_KIND_DAX_KMEM, MK_FILL_OR_REFUSE, MK_POLICY_BIND, 4, "2"},
		{MK_KIND_DAX_KMEM_ALL, MK_FILL_OR_REFUSE, MK_POLICY_BIND, 12, "2 3"},
		{MK_KIND_DAX_KMEM_PREFERRED, MK_FILL_ON_TOUCH, MK_POLICY_PREFERRED, 4, ""},
		{MK_KIND_DAX_KMEM_INTERLEAVE, MK_FILL_OR_REFUSE, MK_POLICY_INTERLEAVE, 12, "2 3"},
	};
	static const struct row at_1[] = {
		{MK_KIND_DAX_KMEM, MK_FILL_OR_REFUSE, MK_POLICY_BIND, 8, "3"},
		{MK_KIND_DAX_KMEM_ALL, MK_FILL_OR_REFUSE, MK_POLICY_BIND, 12, "3 2"},
	};
	const struct mk_topology *topology = build(&four_nodes);

	(void)state;
	assert_rows(topology, 0, at_0, MK_ARRAY_SIZE(at_0));
	assert_rows(topology, 1, at_1, MK_ARRAY_SIZE(at_1));
}

static void far_nodes_come_before_dram(void **state)
{
	static const struct row at_0 = {MK_KIND_NG_DAX_KMEM_FIRST, MK_FILL_IN_ORDER,
					MK_POLICY_PREFERRED, 4, "2 3 0 1"};
	static const struct row at_1 = {MK_KIND_NG_DAX_KMEM_FIRST, MK_FILL_IN_ORDER,
					MK_POLICY_PREFERRED, 8, "3 2 1 0"};
	const struct mk_topology *topology = build(&four_nodes);

	(void)state;
	assert_rows(topology, 0, &at_0, 1);
	assert_rows(topology, 1, &at_1, 1);
}

/* Of the tie set first all nodes, then the others by distance from its first node. */
static void ties_are_used_where_there_are_some(void **state)
{
	static const struct row at_0 = {MK_KIND_DAX_KMEM_PREFERRED, MK_FILL_IN_ORDER,
					MK_POLICY_PREFERRED, 4, "2 3 0 1"};
	static const struct row at_1 = {MK_KIND_DAX_KMEM_PREFERRED, MK_FILL_ON_TOUCH,
					MK_POLICY_PREFERRED, 8, ""};
	const struct mk_topology *topology = build(&tied_at_0);

	(void)state;
	assert_rows(topology, 0, &at_0, 1);
	assert_rows(topology, 1, &at_1, 1);
	/* The variable is about the DAX_KMEM kind alone. */
	assert_false(mk_exhaustion_takes_ties(&mk_kinds[MK_KIND_HBW_PREFERRED]));
}

static void what_a_kind_was_told_counts_for_more(void **state)
{
	static const struct row swaps = {MK_KIND_HBW_ALL, MK_FILL_ON_TOUCH, MK_POLICY_BIND, 12, ""};
	static const struct row refuses = {MK_KIND_HBW_ALL, MK_FILL_OR_REFUSE, MK_POLICY_BIND, 12,
					   "2 3"};
	const struct mk_topology *topology = build(&four_nodes);

	(void)state;
	assert_int_equal(mk_kind_set_exhaustion(&mk_kinds[MK_KIND_HBW_ALL], MK_EXHAUSTION_SWAP), 0);
	assert_rows(topology, 0, &swaps, 1);
	assert_int_equal(mk_kind_set_exhaustion(&mk_kinds[MK_KIND_HBW_ALL], MK_EXHAUSTION_NULL), 0);
	assert_rows(topology, 0, &refuses, 1);
	assert_int_equal(mk_kind_set_exhaustion(&mk_kinds[MK_KIND_DEFAULT], MK_EXHAUSTION_NULL),
			 MEMKIND_ERROR_OPERATION_FAILED);
	assert_int_equal(mk_kind_set_exhaustion(&mk_kinds[MK_KIND_HUGETLB], MK_EXHAUSTION_NULL),
			 MEMKIND_ERROR_OPERATION_FAILED);
	assert_int_equal(
		mk_kind_set_exhaustion(&mk_kinds[MK_KIND_DAX_KMEM_PREFERRED], MK_EXHAUSTION_NULL),
		MEMKIND_ERROR_OPERATION_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_that_bind_or_interleave_refuse),
		cmocka_unit_test(far_nodes_come_before_dram),
		cmocka_unit_test(ties_are_used_where_there_are_some),
		cmocka_unit_test(what_a_kind_was_told_counts_for_more),
	};

	if (mkdtemp(root) == NULL)
		return 99;
	setenv("MEMKIND_DAX_KMEM_NODES", "2,3", 1);
	setenv("MEMKIND_HBW_NODES", "2,3", 1);
	setenv("MEMKIND_EXHAUSTION", "null", 1);
	setenv("MEMKIND_DAX_KMEM_TIES", "all", 1);
	mk_choice_assume_mbind();
	return cmocka_run_group_tests(tests, NULL, remove_root);
}
