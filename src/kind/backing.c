/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Anonymous memory under a memory policy. The kernel remaps plain BIND and INTERLEAVE masks when
 * nodes come and go, so each commit reads the policy back and repairs what was changed.
 */
#include "kind/backing.h"

#include <errno.h>

#include "base/bits.h"
#include "kind/fill.h"
#include "kind/stripes.h"
#include "os/vm.h"

enum {
	RESERVATION_ALIGNMENT = 2 << 20,
};

static struct mk_anonymous *anonymous_of(struct mk_backing *backing)
{
	return (struct mk_anonymous *)backing;
}

static bool has_policy(const struct mk_anonymous *anonymous)
{
	return anonymous->placement.mode != MK_POLICY_DEFAULT;
}

/* The kernel never remaps PREFERRED; the flag would only show to those who compare modes. */
static int wanted_mode(struct mk_anonymous *anonymous)
{
	int mode = (int)anonymous->placement.mode;

	if (mode == MK_POLICY_PREFERRED)
		return mode;
	return mode | atomic_load_explicit(&anonymous->mode_flags, memory_order_relaxed);
}

/*
 * The policy of a placement, and then its home node, which setting a policy drops. Kernels before 5.17
 * have none: pages then come from the side of the toucher.
 */
static int apply(const struct mk_placement *placement, const struct mk_range *range, int mode,
		 bool takes_pages)
{
	int (*set)(void *, size_t, int, const struct mk_nodeset *) =
		takes_pages ? mk_policy_move : mk_policy_set;
	int error = set(range->base, range->size, mode, &placement->nodes);

	if (error == 0 && placement->home >= 0)
		mk_policy_set_home(range->base, range->size, (unsigned)placement->home);
	return error;
}

int mk_anonymous_bind(struct mk_anonymous *anonymous, void *base, size_t size)
{
	struct mk_range range = {base, size};
	int error = apply(&anonymous->placement, &range, wanted_mode(anonymous), false);

	if (error != 0 && error != -ENOMEM)
		atomic_store_explicit(anonymous->trouble, error, memory_order_relaxed);
	return error;
}

/*
 * What moved is in no reservation whose policy is read back and repaired, so its nodes are named for
 * good. At home it has the mode of what lies beside it, with which it is one mapping again.
 */
int mk_anonymous_adopt(struct mk_anonymous *anonymous, void *base, size_t size,
		       struct mk_anonymous *as, bool takes_pages)
{
	struct mk_range range = {base, size};
	int mode = MK_POLICY_DEFAULT;

	if (has_policy(as))
		mode = wanted_mode(as);
	if (as != anonymous && mode != MK_POLICY_DEFAULT && mode != MK_POLICY_PREFERRED)
		mode |= MK_POLICY_STATIC_NODES;
	return apply(&as->placement, &range, mode, takes_pages);
}

/* Fixed node ids stay as they are; when none of them is left, the kernel takes any node. */
static bool has_no_node_left(int mode, const struct mk_nodeset *nodes)
{
	struct mk_nodeset allowed;

	if ((mode & MK_POLICY_STATIC_NODES) == 0 || mk_policy_get_allowed(&allowed) != 0)
		return false;
	mk_nodeset_intersect(&allowed, nodes);
	return mk_nodeset_is_empty(&allowed);
}

/*
 * Asked of pages that no block has: one that moved has a policy of its own. Where the policy can't be
 * read back (seccomp), it is taken to be as it was set.
 */
static bool was_remapped(struct mk_anonymous *anonymous, const void *base)
{
	struct mk_nodeset nodes;
	int mode;

	if (mk_policy_get(base, &mode, &nodes) != 0)
		return false;
	return mode != wanted_mode(anonymous) ||
	       !mk_nodeset_is_equal(&nodes, &anonymous->placement.nodes) ||
	       has_no_node_left(mode, &nodes);
}

/* A remapping hits all reservations at once: purged pages of the others would go astray, too. */
static int repair(struct mk_anonymous *anonymous, void *reservation, size_t reserved)
{
	int error = mk_anonymous_bind(anonymous, reservation, reserved);

	anonymous->backing.was_rebound = true;
	for (size_t i = 0; i < anonymous->range_count && error == 0; i++) {
		const struct mk_range *range = &anonymous->ranges[i];

		if (range->base != NULL && range->base != reservation)
			error = mk_anonymous_bind(anonymous, range->base, range->size);
	}
	return error;
}

/*
 * What fails is met again by the next commit. A reservation whose first block has moved is repaired
 * each time.
 */
void mk_anonymous_repair(struct mk_anonymous *anonymous)
{
	for (size_t i = 0; i < anonymous->range_count; i++) {
		const struct mk_range *range = &anonymous->ranges[i];

		if (range->base == NULL || !was_remapped(anonymous, range->base))
			continue;
		apply(&anonymous->placement, range, wanted_mode(anonymous), false);
		anonymous->backing.was_rebound = true;
	}
}

static void note_range(struct mk_anonymous *anonymous, void *base, size_t size)
{
	size_t i = 0;

	while (i < anonymous->range_count && anonymous->ranges[i].base != NULL)
		i++;
	if (i == anonymous->range_limit)
		return;
	anonymous->ranges[i] = (struct mk_range){base, size};
	if (i == anonymous->range_count)
		anonymous->range_count++;
}

static void forget_range(struct mk_anonymous *anonymous, const void *base)
{
	for (size_t i = 0; i < anonymous->range_count; i++)
		if (anonymous->ranges[i].base == base)
			anonymous->ranges[i].base = NULL;
}

static int reserve(struct mk_backing *backing, size_t size, void **ret_base, size_t *ret_size)
{
	struct mk_anonymous *anonymous = anonymous_of(backing);
	void *base = NULL;
	int error = mk_vm_reserve(size, RESERVATION_ALIGNMENT, &base);

	if (error != 0)
		return error;
	if (has_policy(anonymous)) {
		error = mk_anonymous_bind(anonymous, base, size);
		if (error != 0) {
			mk_vm_release(base, size);
			return error;
		}
		note_range(anonymous, base, size);
	}
	mk_vm_name(base, size, backing->kind_name);
	if (anonymous->refuses_huge_pages)
		mk_vm_refuse_huge_pages(base, size);
	else if (anonymous->asks_huge_pages)
		mk_vm_ask_for_huge_pages(base, size);
	*ret_base = base;
	*ret_size = size;
	return 0;
}

static int commit(struct mk_backing *backing, void *reservation, size_t reserved, void *base,
		  size_t size)
{
	struct mk_anonymous *anonymous = anonymous_of(backing);

	if (has_policy(anonymous) && was_remapped(anonymous, base)) {
		int error = repair(anonymous, reservation, reserved);

		if (error != 0)
			return error;
	}
	return mk_vm_commit(base, size);
}

static int purge(struct mk_backing *backing, void *base, size_t size)
{
	(void)backing;
	return mk_vm_purge(base, size);
}

static void release(struct mk_backing *backing, void *base, size_t size)
{
	forget_range(anonymous_of(backing), base);
	mk_vm_release(base, size);
}

static int adopt(struct mk_backing *backing, void *base, size_t size, struct mk_backing *as,
		 bool takes_pages)
{
	return mk_anonymous_adopt(anonymous_of(backing), base, size, anonymous_of(as), takes_pages);
}

static const struct mk_backing_ops anonymous_ops = {
	.reserve = reserve,
	.commit = commit,
	.purge = purge,
	.adopt = adopt,
	.release = release,
};

static bool is_striped(const struct mk_anonymous *anonymous)
{
	return anonymous->placement.fill == MK_FILL_IN_STRIPES;
}

/* What is committed joins the mapping below it, which has had pages, but in a fork child. */
static int commit_filled(struct mk_backing *backing, void *reservation, size_t reserved, void *base,
			 size_t size)
{
	struct mk_anonymous *anonymous = anonymous_of(backing);
	int error = commit(backing, reservation, reserved, base, size);

	if (error != 0 || size > backing->fill_limit)
		return error;
	if (is_striped(anonymous) && (anonymous->refuses_huge_pages || base == reservation))
		mk_stripes_keep_whole(base, size);
	return mk_fill_range(anonymous, base, size);
}

/*
 * In order, what is there may be of a later node than what will come; in stripes of one that took
 * another's place.
 */
static int refill(struct mk_backing *backing, void *base, size_t size)
{
	struct mk_anonymous *anonymous = anonymous_of(backing);

	if (anonymous->placement.fill != MK_FILL_OR_REFUSE)
		mk_vm_purge(base, size);
	if (is_striped(anonymous))
		mk_stripes_keep_whole(base, size);
	return mk_fill_range(anonymous, base, size);
}

static const struct mk_backing_ops filling_ops = {
	.reserve = reserve,
	.commit = commit_filled,
	.purge = purge,
	.refill = refill,
	.adopt = adopt,
	.release = release,
};

struct mk_anonymous *mk_anonymous_of(struct mk_backing *backing)
{
	bool is_anonymous = backing->ops == &anonymous_ops || backing->ops == &filling_ops;

	return is_anonymous ? anonymous_of(backing) : NULL;
}

void mk_anonymous_start(struct mk_anonymous *anonymous, const struct mk_placement *placement,
			bool refuses_huge_pages, struct mk_range *ranges, size_t range_limit)
{
	anonymous->backing.ops = &anonymous_ops;
	if (placement->fill != MK_FILL_ON_TOUCH) {
		anonymous->backing.ops = &filling_ops;
		/* What is filled ahead is taken from others. */
		anonymous->backing.fill_limit = MK_FILL_STEP;
	}
	anonymous->backing.reservation_size = MK_GIB;
	anonymous->placement = *placement;
	anonymous->refuses_huge_pages = refuses_huge_pages;
	anonymous->ranges = ranges;
	anonymous->range_limit = range_limit;
	if (placement->fill == MK_FILL_IN_STRIPES)
		mk_stripes_start(anonymous);
}

int mk_anonymous_probe(int mode, const struct mk_nodeset *nodes)
{
	size_t size = mk_vm_page_size();
	void *page = NULL;
	int error = mk_vm_reserve(size, size, &page);

	if (error != 0)
		return error;
	error = mk_policy_set(page, size, mode, nodes);
	mk_vm_release(page, size);
	return error;
}
