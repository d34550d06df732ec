/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine changes while kinds are in use. Which snapshot the library gets is decided here (the
 * link wraps mk_topology_get and mk_topology_rescan); mbind is the real one, and node 0 the only
 * node that really exists.
 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bits.h"
#include "heap/types.h"
#include "kind/backing.h"
#include "kind/chain.h"
#include "kind/dynamic.h"
#include "kind/kind.h"
#include "written_machine.h"

static const struct mk_topology *current;
static const struct mk_topology *only_node_0, *nodes_0_and_1, *unreadable;
static unsigned rescan_count;

const struct mk_topology *__wrap_mk_topology_get(void);
const struct mk_topology *__wrap_mk_topology_rescan(void);

const struct mk_topology *__wrap_mk_topology_get(void)
{
	return current;
}

const struct mk_topology *__wrap_mk_topology_rescan(void)
{
	rescan_count++;
	return current;
}

static void *allocate(enum mk_kind_id id, size_t size)
{
	struct mk_request request = {.size = size};

	return mk_kind_allocate(&mk_kinds[id], &request);
}

static void switch_to(const struct mk_topology *topology)
{
	current = topology;
	mk_kind_rescan();
}

static struct mk_heap *heap_in_use(enum mk_kind_id id)
{
	void *block = allocate(id, 100);
	struct mk_heap *heap = mk_heap_of(block);

	assert_non_null(heap);
	mk_heap_free(block);
	return heap;
}

static void a_heap_follows_its_nodes_and_comes_back(void **state)
{
	struct mk_heap *first, *second;
	void *old;

	(void)state;
	switch_to(only_node_0);
	first = heap_in_use(MK_KIND_INTERLEAVE);
	old = allocate(MK_KIND_INTERLEAVE, 100);
	assert_ptr_equal(mk_heap_of(old), first);
	switch_to(nodes_0_and_1);
	second = heap_in_use(MK_KIND_INTERLEAVE);
	assert_ptr_not_equal(second, first);
	/* The retired heap takes its blocks back and gives none. */
	mk_heap_free(old);
	assert_ptr_equal(heap_in_use(MK_KIND_INTERLEAVE), second);
	switch_to(only_node_0);
	assert_ptr_equal(heap_in_use(MK_KIND_INTERLEAVE), first);
}

static struct memkind *make(const char *text)
{
	struct mk_spec_refusal refusal;
	struct memkind *kind = NULL;
	struct mk_chain chain;

	assert_int_equal(mk_chain_parse(text, &chain, &refusal), 0);
	assert_int_equal(mk_dynamic_create_described(chain.specs, chain.count, chain.last, &kind),
			 0);
	return kind;
}

static struct mk_heap *heap_of(struct memkind *kind)
{
	struct mk_request request = {.size = 100};
	void *block = mk_kind_allocate(kind, &request);
	struct mk_heap *heap = mk_heap_of(block);

	assert_non_null(heap);
	mk_heap_free(block);
	return heap;
}

static void a_described_kind_follows_its_nodes_too(void **state)
{
	struct memkind *kind, *other;
	unsigned first_number, second_number;
	struct mk_heap *first;

	(void)state;
	switch_to(only_node_0);
	kind = make("nodes=0-1;policy=interleave");
	other = make("nodes=1");
	first = heap_of(kind);
	first_number = mk_heap_number(first);
	assert_ptr_equal(mk_heap_owner(first), kind);
	assert_int_equal(mk_kind_check(other, NULL), MEMKIND_ERROR_UNAVAILABLE);
	switch_to(nodes_0_and_1);
	second_number = mk_heap_number(heap_of(kind));
	assert_int_not_equal(second_number, first_number);
	assert_int_equal(mk_kind_check(other, NULL), 0);
	switch_to(only_node_0);
	assert_ptr_equal(heap_of(kind), first);
	assert_int_equal(mk_kind_check(other, NULL), MEMKIND_ERROR_UNAVAILABLE);
	/* The retired heap ends with the kind as well. */
	assert_int_equal(mk_dynamic_destroy(kind), 0);
	assert_int_equal(mk_dynamic_destroy(other), 0);
	switch_to(nodes_0_and_1);
	assert_null(mk_heap_by_number(first_number));
	assert_null(mk_heap_by_number(second_number));
}

static void a_limit_is_that_of_all_heaps_together(void **state)
{
	struct mk_request all = {.size = MK_MIB}, half = {.size = MK_MIB / 2};
	struct memkind *kind;
	void *block;

	(void)state;
	switch_to(only_node_0);
	kind = make("nodes=0-1;policy=interleave;limit=1M");
	block = mk_kind_allocate(kind, &all);
	assert_non_null(block);
	switch_to(nodes_0_and_1);
	/* Another heap serves now, and the one before has all there is. */
	assert_null(mk_kind_allocate(kind, &half));
	mk_heap_free(block);
	/* It is idle there, and given back for the other. */
	block = mk_kind_allocate(kind, &all);
	assert_non_null(block);
	assert_null(mk_kind_allocate(kind, &half));
	assert_int_equal(mk_dynamic_destroy(kind), 0);
}

/* As the kernel changes them when nodes come and go: here nobody commits, and no node changed. */
static void a_rescan_sets_changed_policies_again(void **state)
{
	const struct mk_nodeset node_0 = {.word = {1}};
	const struct mk_reservation *reservation;
	struct mk_nodeset nodes;
	int mode = -1, wanted = -1;

	(void)state;
	switch_to(only_node_0);
	reservation = heap_in_use(MK_KIND_REGULAR)->pages.reservations;
	assert_non_null(reservation);
	assert_int_equal(mk_policy_get((void *)reservation->base, &wanted, &nodes), 0);
	assert_int_equal(mk_policy_set((void *)reservation->base, reservation->size,
				       MK_POLICY_PREFERRED, &node_0),
			 0);
	mk_kind_rescan();
	assert_int_equal(mk_policy_get((void *)reservation->base, &mode, &nodes), 0);
	assert_int_not_equal(wanted, MK_POLICY_PREFERRED);
	assert_int_equal(mode, wanted);
}

/* Which it sets for all of a reservation, and then again for each block in it that has another. */
static void a_rescan_leaves_moved_blocks_their_policy(void **state)
{
	const struct mk_nodeset node_0 = {.word = {1}};
	struct mk_nodeset nodes;
	int mode = -1;
	void *block;

	(void)state;
	switch_to(only_node_0);
	block = allocate(MK_KIND_REGULAR, 3 * MK_MIB);
	assert_non_null(block);
	assert_int_equal(mk_kind_move(block, &mk_kinds[MK_KIND_DEFAULT]), 0);
	assert_int_equal(mk_policy_set((void *)mk_heap_of(block)->pages.reservations->base,
				       mk_heap_of(block)->pages.reservations->size,
				       MK_POLICY_PREFERRED, &node_0),
			 0);
	mk_kind_rescan();
	assert_int_equal(mk_policy_get(block, &mode, &nodes), 0);
	assert_int_equal(mode, MK_POLICY_DEFAULT);
	mk_heap_free(block);
}

/* What is idle may have been moved with its node, and is not to be used again where it lies now. */
static void a_change_gives_back_what_is_idle(void **state)
{
	struct mk_heap *heap;
	void *block;

	(void)state;
	switch_to(only_node_0);
	block = allocate(MK_KIND_REGULAR, 3 * MK_MIB);
	heap = mk_heap_of(block);
	assert_non_null(heap);
	mk_heap_free(block);
	mk_kind_rescan();
	assert_non_null(heap->pages.oldest);
	switch_to(nodes_0_and_1);
	assert_null(heap->pages.oldest);
}

static void a_rescan_without_change_keeps_the_short_way(void **state)
{
	unsigned number;

	(void)state;
	switch_to(only_node_0);
	heap_in_use(MK_KIND_REGULAR);
	number = mk_kind_heap_number(&mk_kinds[MK_KIND_REGULAR]);
	assert_int_not_equal(number, 0);
	mk_kind_rescan();
	assert_int_equal(mk_kind_heap_number(&mk_kinds[MK_KIND_REGULAR]), number);
	switch_to(nodes_0_and_1);
	assert_int_equal(mk_kind_heap_number(&mk_kinds[MK_KIND_REGULAR]), 0);
}

/* The far node is 1: allowed by the snapshot, unknown to the kernel. */
static void a_refused_mbind_makes_the_library_look(void **state)
{
	const struct mk_reason *reason = NULL;

	(void)state;
	switch_to(nodes_0_and_1);
	assert_int_equal(mk_kind_check(&mk_kinds[MK_KIND_DAX_KMEM], NULL), 0);
	rescan_count = 0;
	current = only_node_0;
	assert_null(allocate(MK_KIND_DAX_KMEM, 100));
	assert_int_equal(rescan_count, 1);
	assert_int_equal(mk_kind_check(&mk_kinds[MK_KIND_DAX_KMEM], &reason),
			 MEMKIND_ERROR_UNAVAILABLE);
	assert_non_null(reason);
}

static void fruitless_looks_are_a_second_apart(void **state)
{
	uint64_t start;
	uint64_t seconds;

	(void)state;
	switch_to(nodes_0_and_1);
	rescan_count = 0;
	start = mk_clock_ms();
	for (unsigned i = 0; i < 200; i++)
		assert_null(allocate(MK_KIND_DAX_KMEM, 100));
	seconds = (mk_clock_ms() - start) / 1000;
	assert_in_range(rescan_count, 1, seconds + 1);
}

static void an_unavailable_kind_looks_once_a_second(void **state)
{
	uint64_t start;
	int status;

	(void)state;
	switch_to(only_node_0);
	start = mk_clock_ms();
	rescan_count = 0;
	current = nodes_0_and_1;
	do {
		status = mk_kind_check(&mk_kinds[MK_KIND_DAX_KMEM], NULL);
	} while (status != 0 && mk_clock_ms() - start < 20000);
	assert_int_equal(status, 0);
	assert_int_equal(rescan_count, 1);
	assert_in_range(mk_clock_ms() - start, 900, 20000);
	/* One that is available does not look. */
	for (unsigned i = 0; i < 1000; i++)
		mk_kind_check(&mk_kinds[MK_KIND_DAX_KMEM], NULL);
	assert_int_equal(rescan_count, 1);
}

/* The far node is 0. The thread runs there, and the snapshot has CPUs on node 1 only. */
static void a_stranger_to_the_snapshot_is_looked_for(void **state)
{
	struct written_machine machine = four_nodes;
	uint64_t start;
	void *block;

	(void)state;
	machine.cpus[0] = NULL;
	machine.cpus[1] = "0-3";
	switch_to(build(&machine));
	start = mk_clock_ms();
	rescan_count = 0;
	current = nodes_0_and_1;
	/* The look before was too recent until now. */
	while (mk_clock_ms() - start < 1100)
		sched_yield();
	assert_int_equal(mk_kind_check(&mk_kinds[MK_KIND_DAX_KMEM], NULL), 0);
	block = allocate(MK_KIND_DAX_KMEM, 100);
	assert_non_null(block);
	assert_int_equal(rescan_count, 1);
	mk_heap_free(block);
	mk_heap_free(allocate(MK_KIND_DAX_KMEM, 100));
	assert_int_equal(rescan_count, 1);
}

/* The environment is read once a process. */
static int run_with_far_node_0(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stranger_to_the_snapshot_is_looked_for),
	};
	int status = 0;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		setenv("MEMKIND_DAX_KMEM_NODES", "0", 1);
		exit(cmocka_run_group_tests(tests, NULL, NULL));
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 99;
	return status;
}

/* R6: nodes that the process may not use do not count, one that can't be read counts nothing. */
static void capacity_is_that_of_allowed_and_readable_nodes(void **state)
{
	static const enum mk_kind_id kinds[] = {MK_KIND_DEFAULT, MK_KIND_INTERLEAVE,
						MK_KIND_REGULAR};
	const int64_t node_size = NODE_MIB * (int64_t)MK_MIB;

	(void)state;
	for (size_t i = 0; i < MK_ARRAY_SIZE(kinds); i++) {
		switch_to(only_node_0);
		assert_int_equal(mk_kind_capacity(&mk_kinds[kinds[i]]), node_size);
		switch_to(nodes_0_and_1);
		assert_int_equal(mk_kind_capacity(&mk_kinds[kinds[i]]), 2 * node_size);
		switch_to(unreadable);
		assert_int_equal(mk_kind_capacity(&mk_kinds[kinds[i]]), node_size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_heap_follows_its_nodes_and_comes_back),
		cmocka_unit_test(a_described_kind_follows_its_nodes_too),
		cmocka_unit_test(a_limit_is_that_of_all_heaps_together),
		cmocka_unit_test(a_rescan_sets_changed_policies_again),
		cmocka_unit_test(a_rescan_leaves_moved_blocks_their_policy),
		cmocka_unit_test(a_change_gives_back_what_is_idle),
		cmocka_unit_test(a_rescan_without_change_keeps_the_short_way),
		cmocka_unit_test(a_refused_mbind_makes_the_library_look),
		cmocka_unit_test(fruitless_looks_are_a_second_apart),
		cmocka_unit_test(an_unavailable_kind_looks_once_a_second),
		cmocka_unit_test(capacity_is_that_of_allowed_and_readable_nodes),
	};
	struct written_machine machine = four_nodes;
	struct mk_nodeset nodes = {.word = {1}};

	if (access("/sys/devices/system/node/node1", F_OK) == 0 ||
	    mk_anonymous_probe(MK_POLICY_BIND, &nodes) != 0) {
		printf("SKIP: written for a machine with node 0 only, and mbind\n");
		return 77;
	}
	if (mkdtemp(root) == NULL)
		return 99;
	machine.allowed_nodes = "0";
	only_node_0 = build(&machine);
	machine.allowed_nodes = "0-1";
	nodes_0_and_1 = build(&machine);
	put("sys/devices/system/node/node1/meminfo", "nonsense");
	if (mk_topology_read(root, &unreadable) != 0)
		return remove_root(NULL) + 1;
	current = nodes_0_and_1;
	if (run_with_far_node_0() != 0)
		return remove_root(NULL) + 1;
	setenv("MEMKIND_DAX_KMEM_NODES", "1", 1);
	return cmocka_run_group_tests(tests, NULL, remove_root);
}
