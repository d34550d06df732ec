/* SPDX-License-Identifier: BSD-2-Clause */
/* Moving blocks in place: to which nodes, whose they are afterwards, and what is told of a failure. */
#include <errno.h>
#include <memkind_ng.h>

#include "kind/kind.h"
#include "kind/look.h"
#include "kind/migrate.h"

static int code_of(int error)
{
	switch (error) {
	case 0:
		return MEMKIND_SUCCESS;
	case -EINVAL:
		return MEMKIND_ERROR_INVALID;
	case -EMSGSIZE:
		return MEMKIND_NG_ERROR_NOT_ITS_PAGES;
	case -ENOMEM:
		return MEMKIND_NG_ERROR_NO_ROOM;
	case -EBUSY:
		return MEMKIND_NG_ERROR_UNMOVABLE;
	case -EIO:
		return MEMKIND_NG_ERROR_PARTLY_MOVED;
	case -ENODEV:
		return MEMKIND_ERROR_UNAVAILABLE;
	case -EPERM:
	case -ENOSYS:
		return MEMKIND_ERROR_MBIND;
	default:
		return MEMKIND_ERROR_OPERATION_FAILED;
	}
}

/* The nodes of a placement, in the order in which they are asked for room. */
static void find_order(const struct mk_placement *placement, struct mk_node_order *ret_order)
{
	unsigned cpu, node;

	*ret_order = placement->order;
	if (placement->mode == MK_POLICY_DEFAULT || placement->fill == MK_FILL_IN_ORDER ||
	    placement->fill == MK_FILL_IN_STRIPES)
		return;
	if (placement->home >= 0)
		node = (unsigned)placement->home;
	else if (mk_thread_cpu(&cpu, &node) != 0)
		node = mk_nodeset_next(&placement->nodes, 0);
	ret_order->count = 0;
	mk_look_lock();
	mk_topology_append_by_distance(mk_look_topology(), &placement->nodes, node, ret_order);
	mk_look_unlock();
}

static struct mk_heap *place_of(const struct mk_move *move)
{
	return move->from != NULL ? move->from : move->home;
}

/* The block is as before: 0; or -EIO, pages are at both places. */
static int undo(const struct mk_move *move, struct mk_migration *migration)
{
	/* First the policy: what is touched from now on need not be moved. */
	bool is_bound = mk_heap_end_move(move, place_of(move), false) == 0;

	if (mk_migrate_back(migration) != 0)
		return -EIO;
	if (is_bound)
		mk_heap_end_move(move, place_of(move), move->from == NULL);
	return 0;
}

static int move_or_undo(const struct mk_move *move, struct mk_heap *to,
			struct mk_migration *migration)
{
	int error = mk_migrate_pages(migration);

	if (error == 0)
		error = mk_heap_end_move(move, to, true);
	if (error != 0 && undo(move, migration) != 0)
		error = -EIO;
	return error;
}

static int move_to(const struct mk_move *move, struct mk_heap *to)
{
	struct mk_migration migration = {
		.base = move->base,
		.size = move->size,
		.from = mk_anonymous_of(mk_heap_backing(place_of(move))),
		.to = mk_anonymous_of(mk_heap_backing(to)),
	};
	int error;

	if (move->from == NULL && move->home == to)
		return mk_heap_end_move(move, to, true);
	find_order(&migration.to->placement, &migration.order);
	error = mk_migrate_start(&migration);
	if (error != 0) {
		mk_heap_end_move(move, place_of(move), move->from == NULL);
		return error;
	}
	error = move_or_undo(move, to, &migration);
	mk_migrate_finish(&migration);
	return error;
}

int mk_kind_move(void *block, struct memkind *to)
{
	int status = mk_kind_check(to, NULL);
	struct mk_heap *heap;
	struct mk_move move;
	int error;

	if (status != 0)
		return status;
	heap = mk_kind_heap(to);
	if (heap == NULL)
		return MEMKIND_ERROR_UNAVAILABLE;
	if (mk_anonymous_of(mk_heap_backing(heap)) == NULL)
		return MEMKIND_ERROR_OPERATION_FAILED;
	error = mk_heap_begin_move(block, heap, &move);
	/* What is idle counts as well. */
	if (error == -ENOMEM && to->limit != NULL && mk_heap_reclaim(to))
		error = mk_heap_begin_move(block, heap, &move);
	if (error != 0)
		return code_of(error);
	error = move_to(&move, heap);
	/* What mbind says to nodes that are gone. */
	return code_of(error == -EINVAL ? -ENODEV : error);
}
