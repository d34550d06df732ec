/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stripes on nodes that are made up here: the system calls that place pages, and the file that tells
 * what a node has free, are replaced by a table of pages. No memory is used.
 */
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
#include "kind/fill.h"
#include "os/sysfs.h"
#include "os/vm.h"

enum {
	NODES = 4,
	ELSEWHERE = NODES, /* a node that is none of the kind's */
	NOWHERE = -1,
	UNITS = 4096,
};

/* The largest page there is. */
#define UNIT	  (64 * MK_KIB)
#define STRIPE	  (256 * MK_KIB)
#define HUGE_PAGE (2 * MK_MIB)
#define START	  ((uintptr_t)1 << 40)
#define SIZE	  (UNITS * UNIT)

static struct {
	int node[UNITS];	/* where each page is */
	int preferred[UNITS];	/* where it would come from; NOWHERE: interleaved */
	size_t room[NODES + 1]; /* units */
	bool has_huge_pages;
	size_t apart_count; /* units whose policy is not that of the kind */
	size_t call_count;  /* of what costs */
} machine;

static struct mk_anonymous anonymous;
static _Atomic int trouble;

static size_t unit_of(const void *base)
{
	return ((uintptr_t)base - START) / UNIT;
}

static size_t count_of(size_t size)
{
	return (size + UNIT - 1) / UNIT;
}

/* Called instead of what they are named after (-Wl,--wrap). */
int __wrap_mk_policy_set(void *base, size_t size, int mode, const struct mk_nodeset *nodes);
int __wrap_mk_policy_set_strictly(void *base, size_t size, int mode,
				  const struct mk_nodeset *nodes);
int __wrap_mk_vm_fault_in(void *base, size_t size);
int __wrap_mk_vm_purge(void *base, size_t size);
int __wrap_mk_sysfs_line(int root, const char *path, const char *key, char *ret_rest, size_t size);

int __wrap_mk_policy_set(void *base, size_t size, int mode, const struct mk_nodeset *nodes)
{
	machine.call_count++;
	for (size_t i = 0; i < count_of(size); i++) {
		int *preferred = &machine.preferred[unit_of(base) + i];

		machine.apart_count -= *preferred != NOWHERE;
		*preferred = mode == MK_POLICY_PREFERRED ? (int)mk_nodeset_next(nodes, 0) : NOWHERE;
		machine.apart_count += *preferred != NOWHERE;
	}
	/* A process has so many mappings and no more: they are joined again, step by step. */
	assert_true(machine.apart_count <= 4 * MK_MIB / UNIT);
	return 0;
}

int __wrap_mk_policy_set_strictly(void *base, size_t size, int mode, const struct mk_nodeset *nodes)
{
	assert_int_equal(mode, MK_POLICY_BIND);
	machine.call_count++;
	for (size_t i = 0; i < count_of(size); i++) {
		int node = machine.node[unit_of(base) + i];

		if (node != NOWHERE && !mk_nodeset_has(nodes, (unsigned)node))
			return -EIO;
	}
	return 0;
}

int __wrap_mk_vm_fault_in(void *base, size_t size)
{
	bool is_huge = machine.has_huge_pages && size >= HUGE_PAGE;

	machine.call_count++;
	for (size_t i = 0; i < count_of(size); i++) {
		size_t unit = unit_of(base) + i;
		int node = machine.preferred[unit];

		if (machine.node[unit] != NOWHERE)
			continue;
		if (node == NOWHERE || machine.room[node] == 0 || is_huge)
			node = ELSEWHERE;
		machine.room[node]--;
		machine.node[unit] = node;
	}
	return 0;
}

int __wrap_mk_vm_purge(void *base, size_t size)
{
	for (size_t i = 0; i < count_of(size); i++) {
		int *node = &machine.node[unit_of(base) + i];

		if (*node != NOWHERE)
			machine.room[*node]++;
		*node = NOWHERE;
	}
	return 0;
}

int __wrap_mk_sysfs_line(int root, const char *path, const char *key, char *ret_rest, size_t size)
{
	unsigned node;

	machine.call_count++;
	(void)root;
	(void)key;
	node = (unsigned)strtoul(path + strlen("sys/devices/system/node/node"), NULL, 10);
	assert_true(node < NODES);
	snprintf(ret_rest, size, "%zu kB", machine.room[node] * (UNIT / MK_KIB));
	return 0;
}

/* A kind on nodes 0 and up, and a machine whose nodes have much. */
static void start(const struct mk_weights *weights, size_t stripe_size, bool refuses)
{
	struct mk_placement placement = {
		.mode = MK_POLICY_INTERLEAVE,
		.home = -1,
		.fill = MK_FILL_IN_STRIPES,
		.refuses_when_full = refuses,
		.stripe_size = stripe_size,
		.weights = *weights,
	};

	for (unsigned i = 0; i < weights->count; i++) {
		mk_nodeset_add(&placement.nodes, i);
		mk_node_order_append(&placement.order, i);
	}
	memset(&anonymous, 0, sizeof(anonymous));
	memset(machine.node, NOWHERE, sizeof(machine.node));
	memset(machine.preferred, NOWHERE, sizeof(machine.preferred));
	for (unsigned i = 0; i <= NODES; i++)
		machine.room[i] = SIZE / UNIT;
	machine.call_count = machine.apart_count = 0;
	machine.has_huge_pages = stripe_size >= HUGE_PAGE;
	mk_anonymous_start(&anonymous, &placement, !machine.has_huge_pages, NULL, 0);
	anonymous.trouble = &trouble;
}

static int fill(size_t offset, size_t size)
{
	return mk_fill_range(&anonymous, (char *)START + offset, size);
}

static int refill(size_t offset, size_t size)
{
	struct mk_backing *backing = &anonymous.backing;

	return backing->ops->refill(backing, (char *)START + offset, size);
}

static size_t count_on(int node, size_t offset, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size / UNIT; i++)
		count += machine.node[offset / UNIT + i] == node;
	return count * UNIT;
}

static void assert_shares(const struct mk_weights *weights, size_t offset, size_t size,
			  size_t tolerance)
{
	size_t sum = 0;

	for (unsigned i = 0; i < weights->count; i++)
		sum += weights->weight[i];
	for (unsigned i = 0; i < weights->count; i++) {
		size_t wanted = size / sum * weights->weight[i];
		size_t held = count_on((int)i, offset, size);

		assert_true(held <= wanted + tolerance && wanted <= held + tolerance);
	}
}

static void any_part_of_any_size_has_the_ratio(void **state)
{
	static const struct mk_weights rows[] = {
		{2, {4, 1}}, {2, {3, 1}}, {2, {2, 5}}, {3, {5, 2, 3}}, {4, {1, 1, 1, 1}}};

	(void)state;
	for (size_t i = 0; i < MK_ARRAY_SIZE(rows); i++) {
		start(&rows[i], STRIPE, false);
		/* As a heap grows: small commits first, large blocks then. */
		for (size_t done = 0, step = UNIT; done < SIZE; done += step) {
			if (done >= step)
				step *= 2;
			assert_int_equal(fill(done, mk_min_size(step, SIZE - done)), 0);
		}
		assert_shares(&rows[i], 0, SIZE, 2 * STRIPE);
		assert_shares(&rows[i], 37 * UNIT, 64 * MK_MIB, 2 * STRIPE);
		assert_shares(&rows[i], SIZE / 2, 16 * MK_MIB, 2 * STRIPE);
		for (size_t unit = 0; unit < UNITS; unit++)
			assert_int_equal(machine.preferred[unit], NOWHERE);
	}
}

static void what_was_purged_comes_back_where_it_was(void **state)
{
	static int before[UNITS];

	(void)state;
	start(&(struct mk_weights){2, {2, 5}}, STRIPE, false);
	assert_int_equal(fill(0, SIZE), 0);
	memcpy(before, machine.node, sizeof(before));
	for (size_t offset = 3 * UNIT; offset < SIZE; offset += 8 * MK_MIB)
		__wrap_mk_vm_purge((char *)START + offset, 5 * MK_MIB);
	assert_int_equal(refill(UNIT, SIZE - 2 * UNIT), 0);
	assert_memory_equal(before, machine.node, sizeof(before));
}

/* 0 gets twice what 2 gets, also of what would have been of 1. */
static void where_a_node_is_full_the_others_go_on_by_their_weights(void **state)
{
	(void)state;
	start(&(struct mk_weights){3, {4, 9, 2}}, STRIPE, false);
	machine.room[1] = 10 * MK_MIB / UNIT;
	assert_int_equal(fill(0, SIZE), 0);
	assert_in_range(machine.room[1], 0, 2 * MK_MIB / UNIT);
	assert_shares(&(struct mk_weights){3, {2, 0, 1}}, 64 * MK_MIB, 128 * MK_MIB, 3 * STRIPE);
	assert_int_equal(count_on(ELSEWHERE, 0, SIZE), 0);
	/* It has room again: the ratio, too, is what it was. */
	machine.room[1] = SIZE / UNIT;
	assert_int_equal(refill(SIZE / 2, SIZE / 2), 0);
	assert_shares(&(struct mk_weights){3, {4, 9, 2}}, SIZE / 2, SIZE / 2, 2 * STRIPE);
}

static void when_all_are_full_a_commit_is_refused_whole(void **state)
{
	size_t held = 0;

	(void)state;
	start(&(struct mk_weights){2, {3, 1}}, STRIPE, true);
	machine.room[0] = 40 * MK_MIB / UNIT;
	machine.room[1] = 20 * MK_MIB / UNIT;
	assert_int_equal(fill(0, 61 * MK_MIB), -ENOMEM);
	assert_int_equal(count_on(NOWHERE, 0, SIZE), SIZE);
	/* As a heap asks: halved when refused. */
	for (size_t step = 4 * MK_MIB; step >= UNIT;) {
		if (fill(held, step) == 0)
			held += step;
		else
			step /= 2;
	}
	assert_in_range(held, 56 * MK_MIB, 60 * MK_MIB);
	assert_int_equal(count_on(ELSEWHERE, 0, SIZE), 0);
	assert_int_equal(count_on(NOWHERE, 0, SIZE), SIZE - held);
	/* What is given back can be had again. */
	__wrap_mk_vm_purge((void *)START, 16 * MK_MIB);
	assert_int_equal(fill(held, 12 * MK_MIB), 0);
}

static void or_it_is_left_to_the_kernel(void **state)
{
	(void)state;
	start(&(struct mk_weights){2, {3, 1}}, STRIPE, false);
	machine.room[0] = machine.room[1] = 20 * MK_MIB / UNIT;
	assert_int_equal(fill(0, 64 * MK_MIB), 0);
	assert_int_equal(fill(64 * MK_MIB, 4 * MK_MIB), 0);
	assert_int_equal(count_on(ELSEWHERE, 0, SIZE), 0);
	assert_in_range(count_on(NOWHERE, 0, 64 * MK_MIB), 24 * MK_MIB, 28 * MK_MIB);
	assert_int_equal(count_on(NOWHERE, 64 * MK_MIB, 4 * MK_MIB), 4 * MK_MIB);
}

/* Another node's huge page is not taken, this one's small ones are. */
static void a_node_without_huge_pages_gives_small_ones(void **state)
{
	(void)state;
	start(&(struct mk_weights){2, {3, 1}}, HUGE_PAGE, false);
	assert_int_equal(fill(0, SIZE), 0);
	assert_shares(&(struct mk_weights){2, {3, 1}}, 0, SIZE, 2 * HUGE_PAGE);
	assert_int_equal(count_on(ELSEWHERE, 0, SIZE), 0);
}

/* Of 4:1 two pieces in five stripes, each with three calls. */
static void a_commit_makes_few_system_calls(void **state)
{
	(void)state;
	start(&(struct mk_weights){2, {4, 1}}, STRIPE, false);
	assert_int_equal(fill(0, 64 * MK_MIB), 0);
	assert_in_range(machine.call_count, 1, (size_t)6 * (64 * MK_MIB / (5 * STRIPE) + 1) + 64);
	machine.call_count = 0;
	assert_int_equal(fill(64 * MK_MIB, 4 * MK_MIB), 0);
	assert_in_range(machine.call_count, 1, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_part_of_any_size_has_the_ratio),
		cmocka_unit_test(what_was_purged_comes_back_where_it_was),
		cmocka_unit_test(where_a_node_is_full_the_others_go_on_by_their_weights),
		cmocka_unit_test(when_all_are_full_a_commit_is_refused_whole),
		cmocka_unit_test(or_it_is_left_to_the_kernel),
		cmocka_unit_test(a_node_without_huge_pages_gives_small_ones),
		cmocka_unit_test(a_commit_makes_few_system_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
