/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets of nodes: members at the edges of words, and the operations on whole sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bits.h"
#include "base/nodeset.h"

static const unsigned edges[] = {0, 1, 63, 64, 127, 128, 512, 1022, 1023};

static struct mk_nodeset set_of(const unsigned *members, size_t count)
{
	struct mk_nodeset set;

	mk_nodeset_clear(&set);
	for (size_t i = 0; i < count; i++)
		mk_nodeset_add(&set, members[i]);
	return set;
}

static void members_come_back_in_order(void **state)
{
	struct mk_nodeset set = set_of(edges, MK_ARRAY_SIZE(edges));
	size_t seen = 0;

	(void)state;
	assert_int_equal(mk_nodeset_count(&set), MK_ARRAY_SIZE(edges));
	mk_nodeset_for_each (node, &set) {
		assert_true(seen < MK_ARRAY_SIZE(edges));
		assert_int_equal(node, edges[seen]);
		seen++;
	}
	assert_int_equal(seen, MK_ARRAY_SIZE(edges));
	assert_int_equal(mk_nodeset_next(&set, 1024), MK_NODE_LIMIT);
	assert_int_equal(mk_nodeset_next(&set, 65), 127);
	assert_int_equal(mk_nodeset_next(&set, UINT32_MAX), MK_NODE_LIMIT);
}

static void members_are_removed_one_by_one(void **state)
{
	struct mk_nodeset set = set_of(edges, MK_ARRAY_SIZE(edges));

	(void)state;
	for (size_t i = 0; i < MK_ARRAY_SIZE(edges); i++) {
		assert_false(mk_nodeset_is_empty(&set));
		assert_true(mk_nodeset_has(&set, edges[i]));
		mk_nodeset_remove(&set, edges[i]);
		assert_false(mk_nodeset_has(&set, edges[i]));
	}
	assert_true(mk_nodeset_is_empty(&set));
	assert_int_equal(mk_nodeset_next(&set, 0), MK_NODE_LIMIT);
}

static void ids_beyond_the_limit_are_ignored(void **state)
{
	struct mk_nodeset set = set_of(edges, 1);
	struct mk_nodeset same = set;

	(void)state;
	mk_nodeset_add(&set, MK_NODE_LIMIT);
	mk_nodeset_add(&set, UINT32_MAX);
	mk_nodeset_remove(&set, MK_NODE_LIMIT);
	assert_true(mk_nodeset_is_equal(&set, &same));
	assert_false(mk_nodeset_has(&set, MK_NODE_LIMIT));
	assert_false(mk_nodeset_has(&set, UINT32_MAX));
}

static void operations_on_whole_sets(void **state)
{
	static const unsigned low[] = {0, 1, 64, 1023};
	static const unsigned high[] = {1, 64, 512};
	struct mk_nodeset a = set_of(low, MK_ARRAY_SIZE(low));
	struct mk_nodeset b = set_of(high, MK_ARRAY_SIZE(high));
	struct mk_nodeset both = a, either = a, only_a = a;

	(void)state;
	mk_nodeset_intersect(&both, &b);
	mk_nodeset_unite(&either, &b);
	mk_nodeset_subtract(&only_a, &b);
	assert_int_equal(mk_nodeset_count(&both), 2);
	assert_int_equal(mk_nodeset_count(&either), 5);
	assert_int_equal(mk_nodeset_count(&only_a), 2);
	assert_true(mk_nodeset_has(&both, 64));
	assert_true(mk_nodeset_has(&either, 512));
	assert_true(mk_nodeset_has(&only_a, 1023));
	assert_true(mk_nodeset_is_subset(&both, &a));
	assert_true(mk_nodeset_is_subset(&both, &b));
	assert_true(mk_nodeset_is_subset(&a, &a));
	assert_false(mk_nodeset_is_subset(&a, &b));
	assert_false(mk_nodeset_is_equal(&a, &b));
	mk_nodeset_unite(&only_a, &both);
	assert_true(mk_nodeset_is_equal(&only_a, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_come_back_in_order),
		cmocka_unit_test(members_are_removed_one_by_one),
		cmocka_unit_test(ids_beyond_the_limit_are_ignored),
		cmocka_unit_test(operations_on_whole_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
