/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions about snapshots of machines that are written down here. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "topology/snapshot.h"
#include "written_machine.h"

static int make_root(void **state)
{
	(void)state;
	return mkdtemp(root) == NULL ? -1 : 0;
}

static struct mk_nodeset set_of(unsigned a, unsigned b)
{
	struct mk_nodeset set;

	mk_nodeset_clear(&set);
	mk_nodeset_add(&set, a);
	mk_nodeset_add(&set, b);
	return set;
}

static void assert_set(const struct mk_topology *topology, enum mk_topology_set which,
		       struct mk_nodeset expected)
{
	assert_true(mk_nodeset_is_equal(mk_topology_set(topology, which), &expected));
}

static void roots_that_cannot_be_read(void **state)
{
	const struct mk_topology *untouched = mk_topology_get();
	const struct mk_topology *topology = untouched;

	(void)state;
	errno = 4711;
	assert_int_equal(mk_topology_read("/nowhere/at/all", &topology), -ENOENT);
	assert_int_equal(mk_topology_read("/dev/null", &topology), -ENOTDIR);
	assert_int_equal(mk_topology_read("", &topology), -ENOENT);
	assert_ptr_equal(topology, untouched);
	assert_int_equal(errno, 4711);
}

static void nodes_that_are_there_and_not(void **state)
{
	const struct mk_topology *topology = build(&four_nodes);

	(void)state;
	assert_int_equal(mk_topology_node_count(topology), 4);
	for (unsigned i = 0; i < 4; i++)
		assert_ptr_equal(mk_topology_node(topology, i), mk_topology_find_node(topology, i));
	assert_int_equal(mk_topology_node(topology, 3)->memory_size, (uint64_t)NODE_MIB << 20);
	assert_null(mk_topology_find_node(topology, 4));
	assert_null(mk_topology_find_node(topology, UINT32_MAX));
}

static void distances_are_those_of_the_row(void **state)
{
	const struct mk_topology *topology = build(&four_nodes);

	(void)state;
	assert_int_equal(mk_topology_distance(topology, 0, 0), 10);
	assert_int_equal(mk_topology_distance(topology, 0, 3), 28);
	assert_int_equal(mk_topology_distance(topology, 1, 2), 28);
	assert_int_equal(mk_topology_distance(topology, 1, 3), 17);
	assert_int_equal(mk_topology_distance(topology, 0, 4), 255);
	assert_int_equal(mk_topology_distance(topology, 4, 0), 255);
}

static void cpus_belong_to_nodes(void **state)
{
	const struct mk_topology *topology = build(&four_nodes);

	(void)state;
	assert_int_equal(mk_topology_cpu_limit(topology), 4);
	assert_int_equal(mk_topology_node_of_cpu(topology, 1), 0);
	assert_int_equal(mk_topology_node_of_cpu(topology, 2), 1);
	assert_int_equal(mk_topology_node_of_cpu(topology, 4), -1);
	assert_int_equal(mk_topology_node_of_cpu(topology, UINT32_MAX), -1);
	assert_true(mk_topology_is_cpu_of_node(topology, 3, 1));
	assert_false(mk_topology_is_cpu_of_node(topology, 3, 0));
	assert_false(mk_topology_is_cpu_of_node(topology, 3, 9));
	assert_false(mk_topology_is_cpu_of_node(topology, 4, 1));
}

static void a_cpu_in_several_nodes_is_of_the_first(void **state)
{
	struct written_machine fake = four_nodes;
	const struct mk_topology *topology;

	(void)state;
	fake.cpus[0] = fake.cpus[1] = "0-3";
	topology = build(&fake);
	for (unsigned cpu = 0; cpu < 4; cpu++) {
		assert_int_equal(mk_topology_node_of_cpu(topology, cpu), 0);
		assert_true(mk_topology_is_cpu_of_node(topology, cpu, 1));
	}
}

static void what_the_process_may_use(void **state)
{
	struct written_machine machine = four_nodes;
	const struct mk_topology *topology = build(&machine);

	(void)state;
	assert_true(mk_topology_is_all_allowed(topology));
	assert_set(topology, MK_SET_RUNNABLE, set_of(0, 1));
	machine.allowed_nodes = "1,3-63";
	machine.allowed_cpus = "2-3";
	topology = build(&machine);
	assert_false(mk_topology_is_all_allowed(topology));
	assert_set(topology, MK_SET_ALLOWED, set_of(1, 3));
	assert_set(topology, MK_SET_RUNNABLE, set_of(1, 1));
	assert_set(topology, MK_SET_REGULAR, set_of(1, 1));
	assert_set(topology, MK_SET_CPU, set_of(0, 1));
	machine.allowed_nodes = machine.allowed_cpus = "";
	topology = build(&machine);
	assert_true(mk_topology_is_all_allowed(topology));
	assert_set(topology, MK_SET_RUNNABLE, set_of(0, 1));
}

static void closest_of_all_of_some_and_of_none(void **state)
{
	const struct mk_topology *topology = build(&four_nodes);
	struct mk_nodeset candidates = set_of(2, 3), expected, closest;

	(void)state;
	mk_topology_closest(topology, &candidates, 0, &closest);
	expected = set_of(2, 2);
	assert_true(mk_nodeset_is_equal(&closest, &expected));
	mk_topology_closest(topology, &candidates, 1, &closest);
	expected = set_of(3, 3);
	assert_true(mk_nodeset_is_equal(&closest, &expected));
	/* No such CPU node: all are equally unknown. */
	mk_topology_closest(topology, &candidates, 77, &closest);
	assert_true(mk_nodeset_is_equal(&closest, &candidates));
	candidates = set_of(3, 500);
	mk_topology_closest(topology, &candidates, 0, &closest);
	assert_true(mk_nodeset_is_equal(&closest, &expected));
	mk_nodeset_clear(&candidates);
	mk_topology_closest(topology, &candidates, 0, &closest);
	assert_true(mk_nodeset_is_empty(&closest));
	/* The set may be its own result. */
	candidates = set_of(2, 3);
	mk_topology_closest(topology, &candidates, 1, &candidates);
	assert_true(mk_nodeset_is_equal(&candidates, &expected));
}

/* A rescan compares bytes: none may depend on anything but the machine. */
static void the_same_machine_gives_the_same_bytes(void **state)
{
	struct written_machine other = four_nodes;
	const struct mk_topology *first, *second, *different;

	(void)state;
	put("sys/devices/system/node/node2/access1/initiators/read_bandwidth", "1000");
	put("sys/devices/virtual/memory_tiering/memory_tier22/nodelist", "2-3");
	first = build(&four_nodes);
	second = build(&four_nodes);
	assert_ptr_not_equal(first, second);
	assert_int_equal(first->size, second->size);
	assert_memory_equal(first, second, first->size);
	other.allowed_nodes = "0-2";
	different = build(&other);
	assert_int_equal(first->size, different->size);
	assert_memory_not_equal(first, different, first->size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_that_cannot_be_read),
		cmocka_unit_test(nodes_that_are_there_and_not),
		cmocka_unit_test(distances_are_those_of_the_row),
		cmocka_unit_test(cpus_belong_to_nodes),
		cmocka_unit_test(a_cpu_in_several_nodes_is_of_the_first),
		cmocka_unit_test(what_the_process_may_use),
		cmocka_unit_test(closest_of_all_of_some_and_of_none),
		cmocka_unit_test(the_same_machine_gives_the_same_bytes),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
