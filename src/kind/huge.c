/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of the pools of huge pages. A reservation has the pages it needs from the pools, and a
 * commit gets them from the right nodes, before anybody touches them: where there are none left
 * that is a refusal and not SIGBUS. Whole pages that are idle go back for good.
 */
#include "kind/huge.h"

#include "base/bits.h"
#include "os/vm.h"

enum { GROWTH_SHARE = 8 };

static struct mk_anonymous *anonymous_of(struct mk_backing *backing)
{
	return (struct mk_anonymous *)backing;
}

/* An eighth of what there is, so that there are few mappings, and as few pages idle. */
static void note_size(struct mk_anonymous *anonymous, size_t size)
{
	struct mk_backing *backing = &anonymous->backing;

	anonymous->huge_size = size;
	backing->reservation_size = mk_align_up(size / GROWTH_SHARE, backing->page_size);
}

static int reserve(struct mk_backing *backing, size_t size, void **ret_base, size_t *ret_size)
{
	struct mk_anonymous *anonymous = anonymous_of(backing);
	size_t whole_size = mk_align_up(size, backing->page_size);
	void *base = NULL;
	int error = mk_vm_map_huge(whole_size, mk_log2(backing->page_size), &base);

	if (error == 0 && anonymous->placement.mode != MK_POLICY_DEFAULT) {
		error = mk_anonymous_bind(anonymous, base, whole_size);
		if (error != 0)
			mk_vm_release(base, whole_size);
	}
	if (error != 0)
		return error;
	note_size(anonymous, anonymous->huge_size + whole_size);
	*ret_base = base;
	*ret_size = whole_size;
	return 0;
}

/* What a failure leaves is free, and may be populated by another call. */
static int commit(struct mk_backing *backing, void *reservation, size_t reserved, void *base,
		  size_t size)
{
	(void)reservation;
	(void)reserved;
	return mk_vm_populate(base, size, backing->page_size);
}

static int purge(struct mk_backing *backing, void *base, size_t size)
{
	(void)backing;
	return mk_vm_discard(base, size);
}

static void release(struct mk_backing *backing, void *base, size_t size)
{
	struct mk_anonymous *anonymous = anonymous_of(backing);

	mk_vm_release(base, size);
	note_size(anonymous, anonymous->huge_size - size);
}

static const struct mk_backing_ops huge_ops = {
	.reserve = reserve,
	.commit = commit,
	.purge = purge,
	.release = release,
};

void mk_huge_start(struct mk_anonymous *anonymous, const struct mk_placement *placement)
{
	anonymous->backing.ops = &huge_ops;
	anonymous->backing.page_size = placement->page_size;
	anonymous->backing.is_scarce = true;
	anonymous->backing.holds_old_bytes = true;
	anonymous->placement = *placement;
}
