/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages that move while they are in use. The kernel says that they have moved also where it left them
 * (those of a living fork child), so each step is looked at before the next. A step prefers one node,
 * as in fill.c: what finds no room there lands elsewhere, and nothing is swapped for it.
 */
#include "kind/migrate.h"

#include <errno.h>

#include "base/bits.h"
#include "kind/fill.h"
#include "kind/stripes.h"
#include "os/vm.h"

enum {
	BATCH_COUNT = 512, /* pages a system call */
	ATTEMPT_COUNT = 3,
};

/* Some pages of the block, and the nodes that they are on now. */
struct batch {
	size_t first, count; /* by number */
	void *pages[BATCH_COUNT];
	int nodes[BATCH_COUNT]; /* below 0: on none */
};

static size_t page_count(const struct mk_migration *migration)
{
	return migration->size / mk_vm_page_size();
}

/*
 * Linux 6.1 to 6.5 does not tell where pages are that NUMA balancing has taken the access from, to see who
 * comes for them. True: there were some, and they can be asked about now.
 */
static bool reach_hidden(const struct batch *batch)
{
	bool is_present[BATCH_COUNT];
	bool is_changed = false;
	size_t i = 0;

	while (i < batch->count && batch->nodes[i] >= 0)
		i++;
	if (i == batch->count ||
	    mk_vm_find_present((uintptr_t)batch->pages[0], batch->count, is_present) != 0)
		return false;
	for (; i < batch->count; i++)
		if (batch->nodes[i] < 0 && is_present[i])
			is_changed |=
				mk_vm_fault_in_to_read(batch->pages[i], mk_vm_page_size()) == 0;
	return is_changed;
}

/* The pages from FIRST to below END, or as many as are asked about at a time: 0 or -errno. */
static int look(const struct mk_migration *migration, size_t first, size_t end,
		struct batch *ret_batch)
{
	int error;

	ret_batch->first = first;
	ret_batch->count = mk_min_size(end - first, BATCH_COUNT);
	for (size_t i = 0; i < ret_batch->count; i++)
		ret_batch->pages[i] = (char *)migration->base + (first + i) * mk_vm_page_size();
	error = mk_policy_locate(ret_batch->pages, ret_batch->count, ret_batch->nodes);
	if (error != 0 || !reach_hidden(ret_batch))
		return error;
	return mk_policy_locate(ret_batch->pages, ret_batch->count, ret_batch->nodes);
}

static size_t origins_size(const struct mk_migration *migration)
{
	return mk_align_up(page_count(migration) * sizeof(migration->origins[0]),
			   mk_vm_page_size());
}

/* Notes where the pages from FIRST to below END are: 0 or -errno. */
static int note_origins(struct mk_migration *migration, size_t first, size_t end)
{
	struct batch batch;

	for (; first < end; first += batch.count) {
		int error = look(migration, first, end, &batch);

		if (error != 0)
			return error;
		for (size_t i = 0; i < batch.count; i++)
			migration->origins[first + i] =
				(int16_t)(batch.nodes[i] < 0 ? -1 : batch.nodes[i]);
	}
	return 0;
}

int mk_migrate_start(struct mk_migration *migration)
{
	void *origins;
	int error;

	if (mk_vm_map(origins_size(migration), &origins) != 0)
		return -ENOMEM;
	migration->origins = origins;
	error = note_origins(migration, 0, page_count(migration));
	if (error != 0)
		mk_migrate_finish(migration);
	return error;
}

void mk_migrate_finish(struct mk_migration *migration)
{
	mk_vm_release(migration->origins, origins_size(migration));
}

/* Kinds whose nodes are filled have all pages of a block at once. */
static bool needs_all_pages(const struct mk_migration *migration)
{
	return migration->to->placement.fill != MK_FILL_ON_TOUCH;
}

/* Bytes that have to find room on the nodes. */
static uint64_t missing_size(const struct mk_migration *migration)
{
	const struct mk_nodeset *nodes = &migration->to->placement.nodes;
	uint64_t count = 0;

	for (size_t i = 0; i < page_count(migration); i++) {
		int node = migration->origins[i];

		if (node < 0 ? needs_all_pages(migration) : !mk_nodeset_has(nodes, (unsigned)node))
			count++;
	}
	return count * mk_vm_page_size();
}

static bool has_room(const struct mk_migration *migration)
{
	const struct mk_placement *placement = &migration->to->placement;
	uint64_t room = 0;

	if (placement->mode == MK_POLICY_DEFAULT || placement->fill == MK_FILL_IN_ORDER)
		return true;
	for (unsigned i = 0; i < migration->order.count; i++)
		room += mk_fill_free_size(migration->order.node[i]);
	return room >= missing_size(migration);
}

/* 0: the pages that the step has, and those that it needs, are on nodes of WANTED; -EIO: not all. */
static int check_step(const struct mk_migration *migration, const struct mk_range *step,
		      const struct mk_nodeset *wanted)
{
	int error = mk_policy_set_strictly(step->base, step->size,
					   MK_POLICY_BIND | MK_POLICY_STATIC_NODES, wanted);
	size_t size = 0;

	if (error == 0 && needs_all_pages(migration)) {
		error = mk_vm_resident(step->base, step->size, &size);
		if (error == 0 && size < step->size)
			error = -EIO;
	}
	return error;
}

/* Moves a step's pages as MODE over FROM says: 0, or as check_step(). */
static int try_policy(const struct mk_migration *migration, const struct mk_range *step, int mode,
		      const struct mk_nodeset *from)
{
	const struct mk_placement *placement = &migration->to->placement;
	bool is_for_one_node =
		placement->fill == MK_FILL_IN_ORDER || placement->fill == MK_FILL_IN_STRIPES;
	const struct mk_nodeset *wanted = is_for_one_node ? from : &placement->nodes;
	int error = check_step(migration, step, wanted);

	if (error != -EIO)
		return error;
	if (mode == MK_POLICY_PREFERRED && mk_fill_free_size(mk_nodeset_next(from, 0)) < step->size)
		return -EIO;
	error = mk_policy_move(step->base, step->size, mode, from);
	if (error == 0 && needs_all_pages(migration))
		error = mk_vm_fault_in(step->base, step->size);
	return error != 0 ? error : check_step(migration, step, wanted);
}

static int move_step(const struct mk_migration *migration, const struct mk_range *step)
{
	const struct mk_placement *placement = &migration->to->placement;
	const struct mk_node_order *order = &migration->order;
	unsigned first = 0;
	int error = -EIO;

	if (placement->mode == MK_POLICY_DEFAULT)
		return mk_policy_move(step->base, step->size, MK_POLICY_DEFAULT, &placement->nodes);
	if (placement->fill == MK_FILL_IN_STRIPES) {
		first = mk_stripes_place(migration->to, step->base);
	} else if (placement->mode == MK_POLICY_INTERLEAVE ||
		   placement->mode == MK_POLICY_WEIGHTED) {
		first = (unsigned)((uintptr_t)step->base / MK_FILL_STEP % order->count);
		error = try_policy(migration, step, (int)placement->mode | MK_POLICY_STATIC_NODES,
				   &placement->nodes);
	}
	for (unsigned i = 0; i < order->count && error == -EIO; i++) {
		struct mk_nodeset one;

		mk_nodeset_clear(&one);
		mk_nodeset_add(&one, order->node[(first + i) % order->count]);
		error = try_policy(migration, step, MK_POLICY_PREFERRED, &one);
	}
	return error;
}

/* Up to a multiple of LIMIT, so that huge pages stay whole inside of the block, and within a stripe. */
static struct mk_range next_step(const struct mk_migration *migration, size_t done, size_t limit)
{
	uintptr_t start = (uintptr_t)migration->base + done;
	uintptr_t end = mk_align_down(start, limit) + limit;
	size_t stripe = migration->to->placement.stripe_size;

	if (migration->to->placement.fill == MK_FILL_IN_STRIPES)
		end = mk_min_size(end, (start / stripe + 1) * stripe);
	return (struct mk_range){(void *)start, mk_min_size(end - start, migration->size - done)};
}

/* A page that may be part of a huge one, of which another part must stay, or go elsewhere. */
static int split_at(uintptr_t boundary, void *page_inside)
{
	return boundary % mk_vm_huge_page_size() == 0 ? 0 : mk_vm_split_huge_page(page_inside);
}

static int split_ends(void *base, size_t size)
{
	uintptr_t end = (uintptr_t)base + size;
	int error = split_at((uintptr_t)base, base);

	return error != 0 ? error : split_at(end, (void *)(end - mk_vm_page_size()));
}

/*
 * Whether a page that has to move is another process's, too. Of a huge page that is shared in part some
 * kernels move all, but not back.
 */
static bool has_shared(const struct mk_migration *migration)
{
	const struct mk_nodeset *wanted = &migration->to->placement.nodes;
	bool is_exclusive[BATCH_COUNT];
	size_t count;

	for (size_t first = 0; first < page_count(migration); first += count) {
		char *page = (char *)migration->base + first * mk_vm_page_size();

		count = mk_min_size(page_count(migration) - first, BATCH_COUNT);
		if (mk_vm_find_exclusive((uintptr_t)page, count, is_exclusive) != 0)
			return false;
		for (size_t i = 0; i < count; i++) {
			int node = migration->origins[first + i];

			if (node >= 0 && !is_exclusive[i] &&
			    !mk_nodeset_has(wanted, (unsigned)node))
				return true;
		}
	}
	return false;
}

/* Why pages are not there: nodes that are full have no more than the kernel keeps for itself. */
static int reason_of(const struct mk_migration *migration)
{
	if (has_shared(migration))
		return -EBUSY;
	for (unsigned i = 0; i < migration->order.count; i++)
		if (mk_fill_free_size(migration->order.node[i]) >= MK_FILL_KEPT)
			return -EBUSY;
	return -ENOMEM;
}

/* A page that the kernel has in hand just now does not move, so the smallest steps are tried again. */
static int move_steps(const struct mk_migration *migration)
{
	size_t least = mk_max_size(MK_FILL_STEP_LEAST, mk_vm_page_size());
	size_t limit = MK_FILL_STEP;
	unsigned attempt = 0;
	size_t done = 0;

	while (done < migration->size) {
		struct mk_range step = next_step(migration, done, limit);
		int error;

		split_ends(step.base, step.size);
		error = move_step(migration, &step);
		if (error == 0) {
			done += step.size;
			attempt = 0;
		} else if (error == -EIO && limit > least) {
			limit /= 2;
		} else if (error != -EIO || ++attempt == ATTEMPT_COUNT) {
			return error == -EIO ? reason_of(migration) : error;
		}
	}
	return 0;
}

/*
 * A mapping without a page that is split has parts that never join again when they get pages. So the
 * ends of the block have one.
 */
static int touch_ends(struct mk_migration *migration)
{
	size_t last = page_count(migration) - 1;
	int error;

	mk_vm_fault_in(migration->base, mk_vm_page_size());
	mk_vm_fault_in((char *)migration->base + last * mk_vm_page_size(), mk_vm_page_size());
	error = note_origins(migration, 0, 1);
	return error != 0 ? error : note_origins(migration, last, last + 1);
}

int mk_migrate_pages(struct mk_migration *migration)
{
	int error;

	if (has_shared(migration))
		return -EBUSY;
	if (!has_room(migration))
		return -ENOMEM;
	error = touch_ends(migration);
	if (error != 0)
		return error;
	/* Neighbours in a huge page that is not split would go along. */
	if (split_ends(migration->base, migration->size) != 0)
		return -EBUSY;
	return move_steps(migration);
}

/* Where a page belongs that is on NODE now. */
static int origin_of(const struct mk_migration *migration, size_t page, int node)
{
	const struct mk_placement *placement = &migration->from->placement;

	if (migration->origins[page] >= 0)
		return migration->origins[page];
	/* It came meanwhile. */
	if (placement->mode == MK_POLICY_DEFAULT || placement->mode == MK_POLICY_PREFERRED ||
	    mk_nodeset_has(&placement->nodes, (unsigned)node))
		return node;
	return (int)mk_nodeset_next(&placement->nodes, 0);
}

/* Leaves of a batch those pages that belong elsewhere, and puts where in `nodes`. */
static void keep_strays(const struct mk_migration *migration, struct batch *batch)
{
	size_t count = 0;

	for (size_t i = 0; i < batch->count; i++) {
		int node = batch->nodes[i];
		int origin = node < 0 ? node : origin_of(migration, batch->first + i, node);

		if (origin == node)
			continue;
		batch->pages[count] = batch->pages[i];
		batch->nodes[count++] = origin;
	}
	batch->count = count;
}

/* Whether the nodes have room for all pages of a batch; else others would be swapped for them. */
static bool has_room_for(const struct batch *batch)
{
	struct mk_nodeset asked;

	mk_nodeset_clear(&asked);
	for (size_t i = 0; i < batch->count; i++) {
		unsigned node = (unsigned)batch->nodes[i];
		size_t count = 0;

		if (mk_nodeset_has(&asked, node))
			continue;
		mk_nodeset_add(&asked, node);
		for (size_t j = i; j < batch->count; j++)
			count += batch->nodes[j] == batch->nodes[i];
		if (mk_fill_free_size(node) < count * mk_vm_page_size())
			return false;
	}
	return true;
}

/* Sends the strays of some pages back: 0; -EIO: not all of them. */
static int send_back(const struct mk_migration *migration, size_t first, size_t end)
{
	int answers[BATCH_COUNT];
	struct batch batch;

	for (unsigned attempt = 0; attempt <= ATTEMPT_COUNT; attempt++) {
		if (look(migration, first, end, &batch) != 0)
			break;
		keep_strays(migration, &batch);
		if (batch.count == 0)
			return 0;
		if (attempt == ATTEMPT_COUNT || !has_room_for(&batch) ||
		    mk_policy_send(batch.pages, batch.count, batch.nodes, answers) != 0)
			break;
	}
	return -EIO;
}

int mk_migrate_back(struct mk_migration *migration)
{
	size_t count = page_count(migration);
	int error = 0;

	for (size_t first = 0; first < count; first += BATCH_COUNT)
		if (send_back(migration, first, mk_min_size(count, first + BATCH_COUNT)) != 0)
			error = -EIO;
	return error;
}
