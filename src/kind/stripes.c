/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nodes in stripes by weights. A step's pages are got stripe by stripe, and then all of it gets one
 * policy, under which the kernel leaves pages where they are: without one it would, in time, move each
 * to the node of the CPU that uses it.
 */
#include "kind/stripes.h"

#include <errno.h>
#include <stdint.h>

#include "base/bits.h"
#include "kind/fill.h"
#include "os/vm.h"

enum {
	PIECE_LIMIT = 2 << 20, /* so much of a node may be left when it is full */
	HUGE_PAGE_SIZE = 2 << 20,
	ALLOWANCE_LIMIT = 64 << 20,
	ALLOWANCE_SHARE = 16,
	NO_PLACE = MK_WEIGHT_COUNT,
};

/* What the nodes may be asked for before it is looked again at how much they have. */
struct allowance {
	uint64_t size[MK_WEIGHT_COUNT];
};

/* Part of a stripe, or of several in a row that are of one node. */
struct piece {
	struct mk_range range;
	unsigned place; /* in the order of the nodes */
};

void mk_stripes_start(struct mk_anonymous *anonymous)
{
	struct mk_stripes *stripes = &anonymous->stripes;

	mk_turns_make(&stripes->turns, &anonymous->placement.weights);
	stripes->rest_turns = stripes->turns;
	stripes->full.count = anonymous->placement.weights.count;
}

unsigned mk_stripes_place(const struct mk_anonymous *anonymous, const void *address)
{
	const struct mk_turns *turns = &anonymous->stripes.turns;

	return turns->place[(uintptr_t)address / anonymous->placement.stripe_size % turns->period];
}

static void note_full(struct mk_anonymous *anonymous, unsigned place, bool is_full)
{
	const struct mk_weights *weights = &anonymous->placement.weights;
	struct mk_stripes *stripes = &anonymous->stripes;
	struct mk_weights rest = *weights;

	stripes->full.weight[place] = is_full ? weights->weight[place] : 0;
	stripes->full_size[place] =
		is_full ? mk_fill_size_when_full(anonymous->placement.order.node[place]) : 0;
	for (unsigned i = 0; i < rest.count; i++)
		if (stripes->full.weight[i] != 0)
			rest.weight[i] = 0;
	mk_turns_make(&stripes->rest_turns, &rest);
}

/* A node that has more than when it was full is asked again. */
static void look_at_full_nodes(struct mk_anonymous *anonymous)
{
	const struct mk_stripes *stripes = &anonymous->stripes;

	for (unsigned i = 0; i < stripes->full.count; i++)
		if (stripes->full.weight[i] != 0 &&
		    mk_fill_free_size(anonymous->placement.order.node[i]) > stripes->full_size[i])
			note_full(anonymous, i, false);
}

/* The stripes of full nodes are dealt out to the others as if there were no others. */
static unsigned place_of(const struct mk_stripes *stripes, uint64_t stripe)
{
	unsigned place = stripes->turns.place[stripe % stripes->turns.period];

	if (stripes->full.weight[place] == 0)
		return place;
	if (stripes->rest_turns.period == 0)
		return NO_PLACE;
	return stripes->rest_turns.place[mk_turns_count(&stripes->turns, stripe, &stripes->full) %
					 stripes->rest_turns.period];
}

static struct piece next_piece(const struct mk_anonymous *anonymous, const struct mk_range *step,
			       size_t done)
{
	size_t stripe_size = anonymous->placement.stripe_size;
	uintptr_t start = (uintptr_t)step->base + done;
	uintptr_t limit = start + mk_min_size(step->size - done, PIECE_LIMIT);
	uint64_t stripe = start / stripe_size;
	unsigned place = place_of(&anonymous->stripes, stripe);

	do {
		stripe++;
	} while (stripe * stripe_size < limit && place_of(&anonymous->stripes, stripe) == place);
	return (struct piece){{(void *)start, mk_min_size(stripe * stripe_size, limit) - start},
			      place};
}

static bool has_room(struct allowance *allowance, const struct piece *piece, unsigned node)
{
	uint64_t *left = &allowance->size[piece->place];

	if (*left < piece->range.size) {
		uint64_t room = mk_fill_free_size(node);

		if (room < piece->range.size)
			return false;
		*left = mk_max_size(piece->range.size,
				    mk_min_size(room / ALLOWANCE_SHARE, ALLOWANCE_LIMIT));
	}
	*left -= piece->range.size;
	return true;
}

/*
 * The kernel takes a huge page of another node before small ones of this one. In a range that ends
 * within a huge page it has to take small ones, and the range does, because its policy ends there.
 */
static int get_in_halves(struct mk_anonymous *anonymous, const struct mk_range *range,
			 const struct mk_nodeset *node)
{
	size_t half = HUGE_PAGE_SIZE / 2;
	int error = 0;

	for (size_t done = 0; done < range->size && error == 0; done += half) {
		struct mk_range part = {(char *)range->base + done,
					mk_min_size(half, range->size - done)};

		error = mk_fill_pages(anonymous, &part, MK_POLICY_PREFERRED, node, node);
	}
	if (error != 0)
		mk_vm_purge(range->base, range->size);
	return error;
}

/* 0; or why its node does not give these pages, then it has none. */
static int get_piece(struct mk_anonymous *anonymous, const struct piece *piece,
		     struct allowance *allowance)
{
	unsigned number = anonymous->placement.order.node[piece->place];
	struct mk_nodeset node;
	int error;

	if (!has_room(allowance, piece, number))
		return -EIO;
	mk_nodeset_clear(&node);
	mk_nodeset_add(&node, number);
	error = mk_fill_pages(anonymous, &piece->range, MK_POLICY_PREFERRED, &node, &node);
	if (error == -EIO && !anonymous->refuses_huge_pages && piece->range.size >= HUGE_PAGE_SIZE)
		error = get_in_halves(anonymous, &piece->range, &node);
	return error;
}

/* As mk_stripes_fill(), and leaves the policies of the pieces. */
static size_t get_step(struct mk_anonymous *anonymous, const struct mk_range *step,
		       struct allowance *allowance, int *ret_error)
{
	size_t done = 0;

	*ret_error = -EIO;
	while (done < step->size) {
		struct piece piece = next_piece(anonymous, step, done);
		int error;

		if (piece.place == NO_PLACE)
			return done;
		error = get_piece(anonymous, &piece, allowance);
		if (error == 0) {
			done += piece.range.size;
			continue;
		}
		*ret_error = error;
		note_full(anonymous, piece.place, true);
	}
	*ret_error = 0;
	return done;
}

/* All of the range is given back: the page may have been a huge one. */
void mk_stripes_keep_whole(void *base, size_t size)
{
	if (mk_vm_fault_in(base, mk_vm_page_size()) == 0)
		mk_vm_purge(base, size);
}

size_t mk_stripes_fill(struct mk_anonymous *anonymous, void *base, size_t size, int *ret_error)
{
	struct allowance allowance = {{0}};
	size_t done = 0;

	look_at_full_nodes(anonymous);
	*ret_error = 0;
	while (done < size && *ret_error == 0) {
		struct mk_range step = {(char *)base + done,
					mk_min_size(MK_FILL_STEP, size - done)};
		size_t got = get_step(anonymous, &step, &allowance, ret_error);
		int error = mk_anonymous_bind(anonymous, step.base, step.size);

		done += got;
		if (error != 0)
			*ret_error = error;
	}
	return done;
}
