/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory under a policy: bound as a whole, and bound again when the kernel changed it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bits.h"
#include "kind/backing.h"
#include "os/vm.h"

enum {
	RANGE_LIMIT = 4,
	SIZE = 4 << 20,
};

struct fixture {
	struct mk_anonymous anonymous;
	struct mk_range ranges[RANGE_LIMIT];
	_Atomic int trouble;
};

static struct mk_nodeset node_set(unsigned node)
{
	struct mk_nodeset nodes;

	mk_nodeset_clear(&nodes);
	mk_nodeset_add(&nodes, node);
	return nodes;
}

static struct fixture *start(enum mk_policy_mode mode, unsigned node)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct mk_placement placement = {.mode = mode, .home = -1, .nodes = node_set(node)};

	assert_non_null(fixture);
	mk_anonymous_start(&fixture->anonymous, &placement, false, fixture->ranges, RANGE_LIMIT);
	fixture->anonymous.trouble = &fixture->trouble;
	return fixture;
}

static int reserve(struct fixture *fixture, void **ret_base)
{
	struct mk_backing *backing = &fixture->anonymous.backing;

	size_t size;
	int error = backing->ops->reserve(backing, SIZE, ret_base, &size);

	assert_true(error != 0 || size == SIZE);
	return error;
}

static void release(struct fixture *fixture, void *base)
{
	struct mk_backing *backing = &fixture->anonymous.backing;

	backing->ops->release(backing, base, SIZE);
}

static int commit_page(struct fixture *fixture, void *base, size_t offset)
{
	struct mk_backing *backing = &fixture->anonymous.backing;

	return backing->ops->commit(backing, base, SIZE, (char *)base + offset, mk_vm_page_size());
}

static void assert_policy(const void *address, int mode)
{
	struct mk_nodeset nodes, expected = node_set(0);
	int actual = -1;

	assert_int_equal(mk_policy_get(address, &actual, &nodes), 0);
	assert_int_equal(actual, mode);
	assert_true(mk_nodeset_is_equal(&nodes, &expected));
}

/* What the kernel does to a plain mask when nodes come: other nodes, or another mode. */
static void change_policy(void *base)
{
	struct mk_nodeset nodes = node_set(0);

	assert_int_equal(mk_policy_set(base, SIZE, MK_POLICY_PREFERRED, &nodes), 0);
}

static void a_reservation_is_aligned_and_bound_to_its_end(void **state)
{
	struct fixture *fixture = start(MK_POLICY_BIND, 0);
	void *base = NULL;

	(void)state;
	assert_int_equal(reserve(fixture, &base), 0);
	assert_int_equal((uintptr_t)base % (2 * MK_MIB), 0);
	assert_policy(base, MK_POLICY_BIND);
	assert_policy((char *)base + SIZE - 1, MK_POLICY_BIND);
	release(fixture, base);
	free(fixture);
}

static bool has_mapping(const char *name)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[4096];
	bool is_found = false;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL)
		is_found |= strstr(line, name) != NULL;
	fclose(maps);
	return is_found;
}

static void a_reservation_has_the_name_of_its_kind(void **state)
{
	struct fixture *fixture = start(MK_POLICY_BIND, 0);
	void *base = NULL, *other = NULL;

	(void)state;
	assert_int_equal(mk_vm_reserve(SIZE, mk_vm_page_size(), &other), 0);
	mk_vm_name(other, SIZE, "memkind_other");
	fixture->anonymous.backing.kind_name = "memkind_mine";
	errno = 77;
	assert_int_equal(reserve(fixture, &base), 0);
	assert_int_equal(errno, 77);
	/* Kernels keep names or not: of all mappings, then. */
	assert_true(has_mapping("[anon:memkind_mine]") == has_mapping("[anon:memkind_other]"));
	mk_vm_release(other, SIZE);
	release(fixture, base);
	free(fixture);
}

static void committed_bytes_are_zero_and_purging_clears(void **state)
{
	struct fixture *fixture = start(MK_POLICY_BIND, 0);
	struct mk_backing *backing = &fixture->anonymous.backing;
	char *page;
	void *base = NULL;

	(void)state;
	assert_int_equal(reserve(fixture, &base), 0);
	assert_int_equal(commit_page(fixture, base, 0), 0);
	page = base;
	assert_int_equal(page[0], 0);
	page[0] = 1;
	assert_int_equal(backing->ops->purge(backing, base, mk_vm_page_size()), 0);
	assert_int_equal(page[0], 0);
	release(fixture, base);
	free(fixture);
}

static void a_commit_repairs_every_reservation(void **state)
{
	struct fixture *fixture = start(MK_POLICY_BIND, 0);
	void *bases[RANGE_LIMIT];

	(void)state;
	for (unsigned i = 0; i < RANGE_LIMIT; i++)
		assert_int_equal(reserve(fixture, &bases[i]), 0);
	for (unsigned i = 0; i < RANGE_LIMIT; i++)
		change_policy(bases[i]);
	assert_int_equal(commit_page(fixture, bases[2], SIZE / 2), 0);
	for (unsigned i = 0; i < RANGE_LIMIT; i++) {
		assert_policy(bases[i], MK_POLICY_BIND);
		assert_policy((char *)bases[i] + SIZE - 1, MK_POLICY_BIND);
		release(fixture, bases[i]);
	}
	free(fixture);
}

static void repair_without_a_commit_changes_what_was_changed(void **state)
{
	struct fixture *fixture = start(MK_POLICY_BIND, 0);
	void *bases[RANGE_LIMIT];

	(void)state;
	for (unsigned i = 0; i < RANGE_LIMIT; i++)
		assert_int_equal(reserve(fixture, &bases[i]), 0);
	change_policy(bases[0]);
	change_policy(bases[2]);
	release(fixture, bases[1]);
	mk_anonymous_repair(&fixture->anonymous);
	for (unsigned i = 0; i < RANGE_LIMIT; i += 2) {
		assert_policy((char *)bases[i] + SIZE - 1, MK_POLICY_BIND);
		release(fixture, bases[i]);
	}
	assert_int_equal(fixture->trouble, 0);
	release(fixture, bases[3]);
	free(fixture);
}

static void a_reservation_beyond_the_list_repairs_itself(void **state)
{
	struct fixture *fixture = start(MK_POLICY_INTERLEAVE, 0);
	void *bases[RANGE_LIMIT + 2];

	(void)state;
	for (unsigned i = 0; i < RANGE_LIMIT + 2; i++)
		assert_int_equal(reserve(fixture, &bases[i]), 0);
	change_policy(bases[RANGE_LIMIT + 1]);
	assert_int_equal(commit_page(fixture, bases[RANGE_LIMIT + 1], 0), 0);
	assert_policy(bases[RANGE_LIMIT + 1], MK_POLICY_INTERLEAVE);
	for (unsigned i = 0; i < RANGE_LIMIT + 2; i++)
		release(fixture, bases[i]);
	free(fixture);
}

static void what_was_released_is_not_bound_again(void **state)
{
	struct fixture *fixture = start(MK_POLICY_BIND, 0);
	void *first = NULL, *second = NULL, *other = NULL;

	(void)state;
	assert_int_equal(reserve(fixture, &first), 0);
	assert_int_equal(reserve(fixture, &second), 0);
	release(fixture, first);
	/* Somebody else's memory is there now, as likely as not. */
	assert_int_equal(mk_vm_reserve(SIZE, 2 * MK_MIB, &other), 0);
	change_policy(other);
	change_policy(second);
	assert_int_equal(commit_page(fixture, second, 0), 0);
	assert_policy(other, MK_POLICY_PREFERRED);
	assert_policy(second, MK_POLICY_BIND);
	/* The place in the list is used again. */
	assert_int_equal(reserve(fixture, &first), 0);
	assert_int_equal(fixture->anonymous.range_count, 2);
	release(fixture, first);
	release(fixture, second);
	mk_vm_release(other, SIZE);
	free(fixture);
}

static void static_nodes_take_effect_at_the_next_commit(void **state)
{
	struct fixture *fixture = start(MK_POLICY_BIND, 0);
	void *base = NULL;

	(void)state;
	assert_int_equal(reserve(fixture, &base), 0);
	fixture->anonymous.mode_flags = MK_POLICY_STATIC_NODES;
	assert_int_equal(commit_page(fixture, base, 0), 0);
	assert_policy(base, MK_POLICY_BIND | MK_POLICY_STATIC_NODES);
	fixture->anonymous.mode_flags = 0;
	assert_int_equal(commit_page(fixture, base, mk_vm_page_size()), 0);
	assert_policy(base, MK_POLICY_BIND);
	release(fixture, base);
	free(fixture);
}

static void an_impossible_node_is_left_as_trouble(void **state)
{
	struct fixture *fixture = start(MK_POLICY_BIND, MK_NODE_LIMIT - 1);
	struct mk_nodeset nodes = node_set(MK_NODE_LIMIT - 1);
	void *base = fixture;

	(void)state;
	assert_int_equal(reserve(fixture, &base), -EINVAL);
	assert_ptr_equal(base, fixture);
	assert_int_equal(fixture->trouble, -EINVAL);
	assert_int_equal(mk_anonymous_probe(MK_POLICY_BIND, &nodes), -EINVAL);
	free(fixture);
}

static void without_policy_nothing_is_bound(void **state)
{
	struct fixture *fixture = start(MK_POLICY_DEFAULT, 0);
	struct mk_nodeset nodes;
	void *base = NULL;
	int mode = -1;

	(void)state;
	assert_int_equal(reserve(fixture, &base), 0);
	assert_int_equal(mk_policy_get(base, &mode, &nodes), 0);
	assert_int_equal(mode, MK_POLICY_DEFAULT);
	/* A policy that somebody else gave it stays. */
	change_policy(base);
	assert_int_equal(commit_page(fixture, base, 0), 0);
	assert_policy(base, MK_POLICY_PREFERRED);
	release(fixture, base);
	free(fixture);
}

static void the_probe_gives_what_mbind_says(void **state)
{
	struct mk_nodeset nodes = node_set(0);

	(void)state;
	assert_int_equal(mk_anonymous_probe(MK_POLICY_BIND, &nodes), 0);
	assert_int_equal(mk_anonymous_probe(MK_POLICY_PREFERRED, &nodes), 0);
	assert_int_equal(mk_anonymous_probe(MK_POLICY_INTERLEAVE | MK_POLICY_STATIC_NODES, &nodes),
			 0);
	assert_int_equal(mk_anonymous_probe(4711, &nodes), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reservation_is_aligned_and_bound_to_its_end),
		cmocka_unit_test(a_reservation_has_the_name_of_its_kind),
		cmocka_unit_test(committed_bytes_are_zero_and_purging_clears),
		cmocka_unit_test(a_commit_repairs_every_reservation),
		cmocka_unit_test(repair_without_a_commit_changes_what_was_changed),
		cmocka_unit_test(a_reservation_beyond_the_list_repairs_itself),
		cmocka_unit_test(what_was_released_is_not_bound_again),
		cmocka_unit_test(static_nodes_take_effect_at_the_next_commit),
		cmocka_unit_test(an_impossible_node_is_left_as_trouble),
		cmocka_unit_test(without_policy_nothing_is_bound),
		cmocka_unit_test(the_probe_gives_what_mbind_says),
	};
	struct mk_nodeset nodes = node_set(0);

	if (mk_anonymous_probe(MK_POLICY_BIND, &nodes) != 0) {
		printf("SKIP: mbind to node 0 is not possible here\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
