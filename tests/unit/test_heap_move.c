/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks that are at another heap's place: whose they are, and what happens to their pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "heap/heap.h"
#include "heap/limit.h"
#include "heap/pagemap.h"
#include "support/heap_invariants.h"
#include "support/plain_backing.h"

/* A backing whose blocks can move: notes what it was told last. */
struct moving_backing {
	struct plain_backing plain; /* must be first */
	struct mk_backing_ops ops;
	size_t adopt_count;
	void *base;
	size_t size;
	struct mk_backing *as;
	bool takes_pages;
	int adopt_error;
};

struct fixture {
	struct moving_backing backing, other;
	struct mk_heap *heap, *place;
};

static char owner, other_owner;

static int note_adoption(struct mk_backing *backing, void *base, size_t size, struct mk_backing *as,
			 bool takes_pages)
{
	struct moving_backing *moving = (struct moving_backing *)backing;

	moving->adopt_count++;
	moving->base = base;
	moving->size = size;
	moving->as = as;
	moving->takes_pages = takes_pages;
	return moving->adopt_error;
}

static void start_backing(struct moving_backing *backing)
{
	*backing = (struct moving_backing){.adopt_error = 0};
	plain_start(&backing->plain, 32 * MK_MIB);
	backing->ops = plain_ops;
	backing->ops.adopt = note_adoption;
	backing->plain.head.ops = &backing->ops;
}

static void start(struct fixture *fixture)
{
	start_backing(&fixture->backing);
	start_backing(&fixture->other);
	assert_int_equal(mk_heap_create(&fixture->backing.plain.head, &owner, &fixture->heap), 0);
	assert_int_equal(mk_heap_create(&fixture->other.plain.head, &other_owner, &fixture->place),
			 0);
}

static void finish(struct fixture *fixture)
{
	assert_null(heap_fault(fixture->heap, NULL));
	mk_heap_destroy(fixture->heap);
	if (fixture->place != NULL)
		mk_heap_destroy(fixture->place);
}

static void assert_adopted(const struct moving_backing *backing, void *base, size_t size,
			   const struct moving_backing *as, bool takes_pages)
{
	assert_ptr_equal(backing->base, base);
	assert_int_equal(backing->size, size);
	assert_ptr_equal(backing->as, as);
	assert_int_equal(backing->takes_pages, takes_pages);
}

/* A block at the other heap's place. */
static char *moved_block(struct fixture *fixture, size_t size)
{
	char *block = mk_heap_malloc(fixture->heap, size);
	struct mk_move move;

	assert_non_null(block);
	memset(block, 1, size);
	assert_int_equal(mk_heap_begin_move(block, fixture->place, &move), 0);
	assert_ptr_equal(move.base, block);
	assert_ptr_equal(move.home, fixture->heap);
	assert_null(move.from);
	assert_int_equal(mk_heap_end_move(&move, fixture->place, true), 0);
	assert_adopted(&fixture->backing, block, move.size, &fixture->other, false);
	assert_null(heap_fault(fixture->heap, NULL));
	return block;
}

static void what_can_not_move_is_refused(void **state)
{
	struct fixture fixture;
	struct mk_move move = {.size = 7};
	char *small, *large, local;

	(void)state;
	start(&fixture);
	small = mk_heap_malloc(fixture.heap, 32 * MK_KIB);
	large = mk_heap_malloc(fixture.heap, 5 * MK_MIB);
	assert_int_equal(mk_heap_begin_move(&local, fixture.place, &move), -EINVAL);
	assert_int_equal(mk_heap_begin_move(large + MK_PAGE_SIZE, fixture.place, &move), -EINVAL);
	assert_int_equal(mk_heap_begin_move(large + 2 * MK_MIB, fixture.place, &move), -EINVAL);
	assert_int_equal(mk_heap_begin_move(small + 16, fixture.place, &move), -EINVAL);
	assert_int_equal(mk_heap_begin_move(small, fixture.place, &move), -EMSGSIZE);
	fixture.backing.adopt_error = -EPERM;
	assert_int_equal(mk_heap_begin_move(large, fixture.place, &move), -EPERM);
	fixture.backing.adopt_error = -EINVAL;
	assert_int_equal(mk_heap_begin_move(large, fixture.place, &move), -ENODEV);
	assert_null(fixture.heap->pages.moved);
	fixture.backing.ops.adopt = NULL;
	assert_int_equal(mk_heap_begin_move(large, fixture.place, &move), -EOPNOTSUPP);
	assert_int_equal(move.size, 7);
	assert_ptr_equal(mk_heap_owner_of(large), &owner);
	mk_heap_free(small);
	mk_heap_free(large);
	assert_int_equal(mk_heap_begin_move(large, fixture.place, &move), -EINVAL);
	finish(&fixture);
}

static void it_is_of_the_other_heap_and_counts_for_its_own(void **state)
{
	struct mk_stats before, after;
	struct fixture fixture;
	char *block, *beside;

	(void)state;
	start(&fixture);
	beside = mk_heap_malloc(fixture.heap, 100 * MK_KIB);
	mk_heap_free(mk_heap_malloc(fixture.heap, 100 * MK_KIB));
	mk_stats_get_now(&owner, &before);
	block = moved_block(&fixture, 100 * MK_KIB);
	assert_ptr_equal(mk_heap_owner_of(block), &other_owner);
	assert_ptr_equal(mk_heap_owner_of(block + 100 * MK_KIB - 1), &other_owner);
	assert_ptr_equal(mk_heap_owner_of(beside), &owner);
	assert_ptr_equal(mk_heap_of(block), fixture.heap);
	mk_stats_get_now(&owner, &after);
	assert_int_equal(after.allocated_size, before.allocated_size + mk_heap_usable_size(block));
	mk_heap_free(block);
	mk_heap_free(beside);
	assert_null(mk_heap_owner_of(block));
	finish(&fixture);
}

/* No thread keeps it, as it would a medium one; its pages go and its place is the backing's again. */
static void a_free_gives_the_pages_back_at_once(void **state)
{
	static const size_t sizes[] = {33 * MK_KIB, 700 * MK_KIB, 3 * MK_MIB};
	struct fixture fixture;

	(void)state;
	for (size_t i = 0; i < MK_ARRAY_SIZE(sizes); i++) {
		size_t usable;
		char *block;

		start(&fixture);
		block = moved_block(&fixture, sizes[i]);
		usable = mk_heap_usable_size(block);
		mk_heap_free(block);
		assert_int_equal(fixture.backing.plain.purged, usable);
		assert_adopted(&fixture.backing, block, usable, &fixture.backing, false);
		assert_null(heap_fault(fixture.heap, NULL));
		assert_null(fixture.heap->pages.moved);
		block = mk_heap_malloc_zeroed(fixture.heap, sizes[i]);
		assert_non_null(block);
		assert_int_equal(block[0], 0);
		assert_int_equal(fixture.backing.adopt_count, 3);
		mk_heap_free(block);
		finish(&fixture);
	}
}

static void pages_that_can_not_be_given_back_go_home(void **state)
{
	struct fixture fixture;
	char *block;

	(void)state;
	start(&fixture);
	block = moved_block(&fixture, 3 * MK_MIB);
	fixture.backing.plain.purge_error = -EINVAL;
	mk_heap_free(block);
	assert_adopted(&fixture.backing, block, 3 * MK_MIB, &fixture.backing, true);
	/* They hold old bytes. */
	block = mk_heap_malloc_zeroed(fixture.heap, 3 * MK_MIB);
	assert_non_null(block);
	for (size_t i = 0; i < 3 * MK_MIB; i++)
		assert_int_equal(block[i], 0);
	mk_heap_free(block);
	finish(&fixture);
}

static void addresses_that_can_not_go_home_wait(void **state)
{
	struct fixture fixture;
	char *block;

	(void)state;
	start(&fixture);
	block = moved_block(&fixture, 3 * MK_MIB);
	fixture.backing.adopt_error = -ENOMEM;
	mk_heap_free(block);
	assert_null(mk_heap_of(block));
	assert_null(fixture.heap->pages.moved);
	assert_null(heap_fault(fixture.heap, NULL));
	/* Nobody gets them under the policy that they have. */
	assert_null(mk_heap_malloc(fixture.heap, 3 * MK_MIB));
	fixture.backing.adopt_error = 0;
	assert_ptr_equal(mk_heap_malloc(fixture.heap, 3 * MK_MIB), block);
	assert_adopted(&fixture.backing, block, 3 * MK_MIB, &fixture.backing, false);
	mk_heap_free(block);
	finish(&fixture);
}

static void it_shrinks_where_it_is_and_does_not_grow(void **state)
{
	struct fixture fixture;
	char *block;

	(void)state;
	start(&fixture);
	block = moved_block(&fixture, 6 * MK_MIB);
	assert_false(mk_heap_resize(block, 7 * MK_MIB));
	assert_true(mk_heap_resize(block, 4 * MK_MIB));
	assert_int_equal(mk_heap_usable_size(block), 4 * MK_MIB);
	assert_int_equal(fixture.backing.plain.purged, 2 * MK_MIB);
	assert_adopted(&fixture.backing, block + 4 * MK_MIB, 2 * MK_MIB, &fixture.backing, false);
	/* Also to what is a medium size: it stays a large block. */
	assert_true(mk_heap_resize(block, 100 * MK_KIB));
	assert_int_equal(mk_pagemap_find(block)->class, MK_CLASS_LARGE);
	assert_ptr_equal(mk_heap_owner_of(block), &other_owner);
	assert_null(heap_fault(fixture.heap, NULL));
	mk_heap_free(block);
	assert_int_equal(fixture.backing.plain.purged, 6 * MK_MIB);
	finish(&fixture);
}

static void back_home_it_is_as_any_other(void **state)
{
	struct fixture fixture;
	struct mk_move move;
	char *block;

	(void)state;
	start(&fixture);
	block = moved_block(&fixture, 3 * MK_MIB);
	assert_int_equal(mk_heap_begin_move(block, fixture.heap, &move), 0);
	assert_ptr_equal(move.from, fixture.place);
	assert_int_equal(mk_heap_end_move(&move, fixture.heap, true), 0);
	assert_ptr_equal(mk_heap_owner_of(block), &owner);
	assert_null(fixture.heap->pages.moved);
	assert_true(mk_heap_resize(block, 4 * MK_MIB));
	mk_heap_free(block);
	assert_int_equal(fixture.backing.plain.purged, 0);
	finish(&fixture);
}

/* The pages may be anywhere: a move that failed, or one that a fork child sees half done. */
static void what_moved_in_part_is_its_heaps_and_goes_back_when_it_is_freed(void **state)
{
	struct fixture fixture;
	struct mk_move move;
	char *block;

	(void)state;
	start(&fixture);
	for (int ends = 0; ends < 2; ends++) {
		block = mk_heap_malloc(fixture.heap, 3 * MK_MIB);
		assert_int_equal(mk_heap_begin_move(block, fixture.place, &move), 0);
		if (ends == 1)
			assert_int_equal(mk_heap_end_move(&move, fixture.heap, false), 0);
		assert_ptr_equal(mk_heap_owner_of(block), &owner);
		assert_false(mk_heap_resize(block, 4 * MK_MIB));
		mk_heap_free(block);
		assert_int_equal(fixture.backing.plain.purged, (ends + 1) * 3 * MK_MIB);
	}
	finish(&fixture);
}

static void the_end_of_the_place_leaves_the_block_to_its_heap(void **state)
{
	struct fixture fixture;
	char *blocks[2], *other;

	(void)state;
	start(&fixture);
	for (int i = 0; i < 2; i++)
		blocks[i] = moved_block(&fixture, 3 * MK_MIB);
	other = mk_heap_malloc(fixture.place, 100);
	assert_non_null(other);
	mk_heap_destroy(fixture.place);
	fixture.place = NULL;
	for (int i = 0; i < 2; i++) {
		assert_ptr_equal(mk_heap_owner_of(blocks[i]), &owner);
		assert_int_equal(blocks[i][3 * MK_MIB - 1], 1);
		mk_heap_free(blocks[i]);
		assert_adopted(&fixture.backing, blocks[i], 3 * MK_MIB, &fixture.backing, false);
	}
	finish(&fixture);
}

/* A commit may put whole reservations under their policy anew. */
static void its_policy_outlives_a_repair(void **state)
{
	struct fixture fixture;
	size_t count;
	char *block;

	(void)state;
	start(&fixture);
	block = moved_block(&fixture, 3 * MK_MIB);
	count = fixture.backing.adopt_count;
	fixture.backing.plain.head.was_rebound = true;
	mk_heap_free(mk_heap_malloc(fixture.heap, 20 * MK_MIB));
	assert_false(fixture.backing.plain.head.was_rebound);
	assert_int_equal(fixture.backing.adopt_count, count + 1);
	assert_adopted(&fixture.backing, block, 3 * MK_MIB, &fixture.other, false);
	mk_heap_free(block);
	finish(&fixture);
}

static struct mk_limit home_limit, other_limit;

static void start_limited(struct fixture *fixture, size_t home_size, size_t other_size)
{
	home_limit = (struct mk_limit){.size = home_size};
	other_limit = (struct mk_limit){.size = other_size};
	start(fixture);
	fixture->backing.plain.head.limit = &home_limit;
	fixture->other.plain.head.limit = &other_limit;
}

static void assert_used(size_t at_home, size_t elsewhere)
{
	assert_int_equal(home_limit.used, at_home);
	assert_int_equal(other_limit.used, elsewhere);
}

static void it_counts_for_the_limit_of_where_it_is(void **state)
{
	struct fixture fixture;
	char *block, *other;
	struct mk_move move;

	(void)state;
	start_limited(&fixture, 4 * MK_MIB, 8 * MK_MIB);
	block = moved_block(&fixture, 3 * MK_MIB);
	assert_used(0, 3 * MK_MIB);
	other = mk_heap_malloc(fixture.heap, 2 * MK_MIB);
	assert_non_null(other);
	assert_used(2 * MK_MIB, 3 * MK_MIB);
	assert_int_equal(mk_heap_begin_move(block, fixture.heap, &move), -ENOMEM);
	assert_ptr_equal(mk_heap_owner_of(block), &other_owner);
	/* What it has is no reason against staying. */
	assert_int_equal(mk_heap_begin_move(block, fixture.place, &move), 0);
	mk_heap_free(other);
	assert_true(mk_heap_reclaim(&owner));
	assert_int_equal(mk_heap_begin_move(block, fixture.heap, &move), 0);
	assert_int_equal(mk_heap_end_move(&move, fixture.heap, true), 0);
	assert_used(3 * MK_MIB, 0);
	mk_heap_free(block);
	block = moved_block(&fixture, 3 * MK_MIB);
	assert_true(mk_heap_resize(block, MK_MIB));
	assert_int_equal(other_limit.used, MK_MIB);
	mk_heap_free(block);
	assert_int_equal(other_limit.used, 0);
	finish(&fixture);
}

static void who_takes_the_rest_of_a_limit_meanwhile_stops_the_move(void **state)
{
	struct fixture fixture;
	struct mk_move move;
	char *block;

	(void)state;
	start_limited(&fixture, 4 * MK_MIB, 4 * MK_MIB);
	block = mk_heap_malloc(fixture.heap, 3 * MK_MIB);
	assert_int_equal(mk_heap_begin_move(block, fixture.place, &move), 0);
	assert_true(mk_limit_take(&other_limit, 2 * MK_MIB));
	assert_int_equal(mk_heap_end_move(&move, fixture.place, true), -ENOMEM);
	assert_used(3 * MK_MIB, 2 * MK_MIB);
	mk_limit_give(&other_limit, 2 * MK_MIB);
	fixture.backing.adopt_error = -EPERM;
	assert_int_equal(mk_heap_end_move(&move, fixture.place, true), -EPERM);
	assert_used(3 * MK_MIB, 0);
	assert_ptr_equal(mk_heap_owner_of(block), &owner);
	fixture.backing.adopt_error = 0;
	mk_heap_free(block);
	assert_used(0, 0);
	finish(&fixture);
}

/* The pages of a block that is at home again unasked count there, and may be more than the limit. */
static void what_comes_home_unasked_may_exceed_the_limit(void **state)
{
	struct fixture fixture;
	char *blocks[2], *other;

	(void)state;
	start_limited(&fixture, 4 * MK_MIB, 8 * MK_MIB);
	for (int i = 0; i < 2; i++)
		blocks[i] = moved_block(&fixture, 3 * MK_MIB);
	assert_used(0, 6 * MK_MIB);
	other = mk_heap_malloc(fixture.heap, 2 * MK_MIB);
	fixture.backing.plain.purge_error = -EINVAL;
	mk_heap_free(blocks[0]);
	assert_used(5 * MK_MIB, 3 * MK_MIB);
	assert_int_equal(mk_limit_left(&home_limit), 0);
	assert_null(mk_heap_malloc(fixture.heap, 4 * MK_MIB));
	mk_heap_destroy(fixture.place);
	fixture.place = NULL;
	assert_used(8 * MK_MIB, 0);
	fixture.backing.plain.purge_error = 0;
	mk_heap_free(blocks[1]);
	mk_heap_free(other);
	assert_true(mk_heap_reclaim(&owner));
	assert_used(0, 0);
	finish(&fixture);
}

static void the_end_of_its_heap_gives_its_part_of_a_limit_back(void **state)
{
	struct fixture fixture;

	(void)state;
	start_limited(&fixture, 8 * MK_MIB, 8 * MK_MIB);
	moved_block(&fixture, 3 * MK_MIB);
	assert_int_equal(other_limit.used, 3 * MK_MIB);
	finish(&fixture);
	assert_int_equal(other_limit.used, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_can_not_move_is_refused),
		cmocka_unit_test(it_is_of_the_other_heap_and_counts_for_its_own),
		cmocka_unit_test(a_free_gives_the_pages_back_at_once),
		cmocka_unit_test(pages_that_can_not_be_given_back_go_home),
		cmocka_unit_test(addresses_that_can_not_go_home_wait),
		cmocka_unit_test(it_shrinks_where_it_is_and_does_not_grow),
		cmocka_unit_test(back_home_it_is_as_any_other),
		cmocka_unit_test(what_moved_in_part_is_its_heaps_and_goes_back_when_it_is_freed),
		cmocka_unit_test(the_end_of_the_place_leaves_the_block_to_its_heap),
		cmocka_unit_test(its_policy_outlives_a_repair),
		cmocka_unit_test(it_counts_for_the_limit_of_where_it_is),
		cmocka_unit_test(who_takes_the_rest_of_a_limit_meanwhile_stops_the_move),
		cmocka_unit_test(what_comes_home_unasked_may_exceed_the_limit),
		cmocka_unit_test(the_end_of_its_heap_gives_its_part_of_a_limit_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
