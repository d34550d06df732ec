/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages got with a commit, in small steps. A step prefers one node, so that what finds no room there
 * lands elsewhere for a moment, and nothing is swapped and nobody killed for it; then it is bound to
 * where it should be, which the kernel refuses where a page is not. Preferring several nodes at once
 * would swap on them, and a large step could fill every node before it is looked at.
 */
#include "kind/fill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bits.h"
#include "kind/stripes.h"
#include "os/sysfs.h"
#include "os/thread.h"
#include "os/vm.h"

enum {
	HUGE_PAGE_SIZE = 2 << 20,
	MEMINFO_SIZE = 64,
};

static int with_flags(struct mk_anonymous *anonymous, enum mk_policy_mode mode)
{
	return (int)mode | atomic_load_explicit(&anonymous->mode_flags, memory_order_relaxed);
}

uint64_t mk_fill_free_size(unsigned node)
{
	char path[MEMINFO_SIZE], key[MEMINFO_SIZE], free_kib[MEMINFO_SIZE];
	int root = mk_sysfs_open("/");
	int error;

	if (root < 0)
		return UINT64_MAX / MK_NODE_LIMIT;
	snprintf(path, sizeof(path), "sys/devices/system/node/node%u/meminfo", node);
	snprintf(key, sizeof(key), "Node %u MemFree:", node);
	error = mk_sysfs_line(root, path, key, free_kib, sizeof(free_kib));
	mk_sysfs_close(root);
	return error == 0 ? strtoull(free_kib, NULL, 10) * MK_KIB : UINT64_MAX / MK_NODE_LIMIT;
}

static uint64_t free_size_of_all(const struct mk_node_order *order)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < order->count; i++)
		sum += mk_fill_free_size(order->node[i]);
	return sum;
}

int mk_fill_pages(struct mk_anonymous *anonymous, const struct mk_range *step, int mode,
		  const struct mk_nodeset *from, const struct mk_nodeset *wanted)
{
	int error = mk_policy_set(step->base, step->size, mode, from);

	if (error == 0)
		error = mk_vm_fault_in(step->base, step->size);
	if (error == 0)
		error = mk_policy_set_strictly(step->base, step->size,
					       with_flags(anonymous, MK_POLICY_BIND), wanted);
	if (error != 0)
		mk_vm_purge(step->base, step->size);
	return error;
}

static int get_from_node(struct mk_anonymous *anonymous, const struct mk_range *step, unsigned node)
{
	const struct mk_placement *placement = &anonymous->placement;
	const struct mk_nodeset *wanted = &placement->nodes;
	struct mk_nodeset one;
	int error;

	if (mk_fill_free_size(node) < step->size)
		return -EIO;
	mk_nodeset_clear(&one);
	mk_nodeset_add(&one, node);
	if (placement->fill == MK_FILL_IN_ORDER)
		wanted = &one;
	error = mk_fill_pages(anonymous, step, MK_POLICY_PREFERRED, &one, wanted);
	if (error != -EIO || step->size < HUGE_PAGE_SIZE || anonymous->refuses_huge_pages)
		return error;
	/* The kernel takes a huge page of another node before small ones of this one. */
	mk_vm_refuse_huge_pages(step->base, step->size);
	return mk_fill_pages(anonymous, step, MK_POLICY_PREFERRED, &one, wanted);
}

/*
 * Where to begin in the order: without a home node with the thread's own node, and where nodes take
 * turns with another one for each step.
 */
static unsigned first_of_order(const struct mk_placement *placement, const void *base)
{
	unsigned cpu, node;

	if (placement->mode == MK_POLICY_INTERLEAVE)
		return (unsigned)((uintptr_t)base / MK_FILL_STEP % placement->order.count);
	if (!placement->is_for_any_cpu || mk_thread_cpu(&cpu, &node) != 0)
		return 0;
	for (unsigned i = 0; i < placement->order.count; i++)
		if (placement->order.node[i] == node)
			return i;
	return 0;
}

/* 0, or the error of the last node that was asked. */
static int fill_step(struct mk_anonymous *anonymous, const struct mk_range *step)
{
	const struct mk_placement *placement = &anonymous->placement;
	const struct mk_node_order *order = &placement->order;
	unsigned first = first_of_order(placement, step->base);
	int error = -EIO;

	if (placement->mode == MK_POLICY_INTERLEAVE)
		error = mk_fill_pages(anonymous, step, with_flags(anonymous, MK_POLICY_INTERLEAVE),
				      &placement->nodes, &placement->nodes);
	for (unsigned i = 0; i < order->count && error != 0; i++)
		error = get_from_node(anonymous, step, order->node[(first + i) % order->count]);
	return error;
}

/* As many bytes as the nodes have room for; *ret_error says why they are not all. */
static size_t fill(struct mk_anonymous *anonymous, void *base, size_t size, int *ret_error)
{
	size_t least = mk_max_size(MK_FILL_STEP_LEAST, mk_vm_page_size());
	size_t limit = MK_FILL_STEP;
	size_t done = 0;

	*ret_error = 0;
	while (done < size) {
		struct mk_range step = {(char *)base + done, mk_min_size(limit, size - done)};
		int error = fill_step(anonymous, &step);

		if (error == 0) {
			done += step.size;
		} else if (step.size > least) {
			limit = mk_max_size(least, mk_align_down(step.size / 2, least));
		} else {
			*ret_error = error;
			break;
		}
	}
	return done;
}

static bool may_refuse(const struct mk_placement *placement)
{
	return placement->fill == MK_FILL_OR_REFUSE || placement->refuses_when_full;
}

/* Whoever asks again while the nodes have no more than when they were full is not worth the steps. */
static bool may_have_room(const struct mk_anonymous *anonymous, size_t size)
{
	uint64_t room = free_size_of_all(&anonymous->placement.order);

	if (anonymous->full_size != 0 && room <= anonymous->full_size)
		return false;
	return !may_refuse(&anonymous->placement) || room >= size;
}

/* What the kernel keeps for itself is not much: a refusal that had other reasons is tried again. */
uint64_t mk_fill_size_when_full(unsigned node)
{
	return mk_min_size(mk_fill_free_size(node), MK_FILL_KEPT);
}

static uint64_t size_when_all_full(const struct mk_node_order *order)
{
	uint64_t room = free_size_of_all(order);
	uint64_t limit = (uint64_t)order->count * MK_FILL_KEPT;

	return room < limit ? room : limit;
}

int mk_fill_range(struct mk_anonymous *anonymous, void *base, size_t size)
{
	bool can_refuse = may_refuse(&anonymous->placement);
	int fill_error = -EIO;
	size_t done = 0;
	int error;

	if (may_have_room(anonymous, size)) {
		if (anonymous->placement.fill == MK_FILL_IN_STRIPES)
			done = mk_stripes_fill(anonymous, base, size, &fill_error);
		else
			done = fill(anonymous, base, size, &fill_error);
		if (done < size && can_refuse)
			mk_vm_purge(base, size);
		anonymous->full_size =
			done < size ? size_when_all_full(&anonymous->placement.order) : 0;
	}
	error = mk_anonymous_bind(anonymous, base, size);
	if (error != 0) {
		mk_vm_purge(base, size);
		return error;
	}
	if (done == size || !can_refuse)
		return 0;
	if (fill_error == -EIO || fill_error == -ENOMEM)
		return -ENOMEM;
	atomic_store_explicit(anonymous->trouble, fill_error, memory_order_relaxed);
	return fill_error;
}
