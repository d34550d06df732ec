/* SPDX-License-Identifier: BSD-2-Clause */
/* What backings may be like: holes, old bytes, one area, scarce, given back at once. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "heap/cache.h"
#include "heap/heap.h"
#include "heap/pages.h"
#include "os/thread.h"
#include "support/heap_invariants.h"
#include "support/plain_backing.h"

struct fixture {
	struct plain_backing plain; /* must be first */
	struct mk_backing_ops ops;
	size_t refilled;
	int refill_error;
	char *area; /* the one that there is, and its size */
	size_t area_size;
	struct mk_heap *heap;
};

static int refill(struct mk_backing *backing, void *base, size_t size)
{
	struct fixture *fixture = (struct fixture *)backing;

	(void)base;
	if (fixture->refill_error != 0)
		return fixture->refill_error;
	fixture->refilled += size;
	return 0;
}

static int reserve_area(struct mk_backing *backing, size_t size, void **ret_base, size_t *ret_size)
{
	struct fixture *fixture = (struct fixture *)backing;

	(void)size;
	if (fixture->area == NULL)
		return -ENOMEM;
	*ret_base = fixture->area;
	*ret_size = fixture->area_size;
	fixture->area = NULL;
	return 0;
}

static void release_area(struct mk_backing *backing, void *base, size_t size)
{
	struct fixture *fixture = (struct fixture *)backing;

	fixture->area = base;
	fixture->area_size = size;
}

/* The backing has 64 MiB at a time, and its own operations, which the test may change. */
static void start(struct fixture *fixture)
{
	*fixture = (struct fixture){.ops = plain_ops};
	plain_start(&fixture->plain, 64 * MK_MIB);
	fixture->plain.head.ops = &fixture->ops;
	assert_int_equal(mk_heap_create(&fixture->plain.head, NULL, &fixture->heap), 0);
}

static void end(struct fixture *fixture)
{
	const char *fault = heap_fault(fixture->heap, NULL);

	if (fault != NULL)
		fail_msg("%s", fault);
	mk_heap_destroy(fixture->heap);
}

static void what_was_purged_is_refilled_before_it_is_used(void **state)
{
	struct fixture fixture;
	void *block;

	(void)state;
	start(&fixture);
	fixture.ops.refill = refill;
	fixture.plain.head.purges_at_once = true;
	block = mk_heap_malloc(fixture.heap, 4 * MK_MIB);
	assert_int_equal(fixture.refilled, 0);
	mk_heap_free(block);
	assert_int_equal(fixture.plain.purged, 4 * MK_MIB);
	assert_ptr_equal(mk_heap_malloc(fixture.heap, 3 * MK_MIB), block);
	assert_int_equal(fixture.refilled, 3 * MK_MIB);
	/* The rest has its holes still; a block that grows gets them filled, too. */
	assert_true(mk_heap_resize(block, 3 * MK_MIB + 4 * MK_PAGE_SIZE));
	assert_int_equal(fixture.refilled, 3 * MK_MIB + 4 * MK_PAGE_SIZE);
	end(&fixture);
}

static void holes_that_cannot_be_filled_are_no_memory(void **state)
{
	struct fixture fixture;
	char *block;

	(void)state;
	start(&fixture);
	fixture.ops.refill = refill;
	fixture.plain.head.purges_at_once = true;
	block = mk_heap_malloc(fixture.heap, 4 * MK_MIB);
	fixture.plain.commit_limit = fixture.plain.committed;
	assert_true(mk_heap_resize(block, 2 * MK_MIB));
	fixture.refill_error = -ENOSPC;
	assert_null(mk_heap_malloc(fixture.heap, 2 * MK_MIB));
	assert_false(mk_heap_resize(block, 4 * MK_MIB));
	assert_null(heap_fault(fixture.heap, NULL));
	fixture.refill_error = 0;
	assert_true(mk_heap_resize(block, 4 * MK_MIB));
	assert_true(fixture.refilled >= 2 * MK_MIB);
	end(&fixture);
}

static void old_bytes_are_cleared(void **state)
{
	struct fixture fixture;
	size_t size = 4 * MK_MIB;
	char *block, *area = malloc(size);

	(void)state;
	memset(area, 0xd1, size);
	start(&fixture);
	fixture.ops.reserve = reserve_area;
	fixture.ops.release = release_area;
	fixture.ops.purge = NULL;
	fixture.area = (char *)mk_align_up((uintptr_t)area, mk_vm_page_size());
	fixture.area_size = size - mk_vm_page_size();
	fixture.plain.head.holds_old_bytes = true;
	block = mk_heap_malloc_zeroed(fixture.heap, MK_MIB);
	for (size_t i = 0; i < MK_MIB; i++)
		assert_int_equal(block[i], 0);
	/* All of it can be had, though it is no multiple of anything. */
	assert_non_null(mk_heap_malloc(fixture.heap, size - MK_MIB - mk_vm_page_size()));
	assert_null(mk_heap_malloc(fixture.heap, 1));
	assert_int_equal(mk_heap_usable_size(block), MK_MIB);
	end(&fixture);
	free(area);
}

static void an_area_too_small_for_a_block_is_not_lost(void **state)
{
	struct fixture fixture;
	static char area[1 << 20] __attribute__((aligned(1 << 16)));

	(void)state;
	start(&fixture);
	fixture.ops.reserve = reserve_area;
	fixture.ops.release = release_area;
	fixture.ops.purge = NULL;
	fixture.area = area;
	fixture.area_size = sizeof(area);
	assert_null(mk_heap_malloc(fixture.heap, 3 * MK_MIB));
	assert_null(mk_heap_malloc(fixture.heap, MK_MIB + 1));
	assert_ptr_equal(mk_heap_malloc(fixture.heap, MK_MIB), area);
	end(&fixture);
}

static void a_refused_commit_leaves_no_reservation(void **state)
{
	struct fixture fixture;

	(void)state;
	start(&fixture);
	fixture.plain.commit_limit = MK_MIB;
	assert_non_null(mk_heap_malloc(fixture.heap, 1));
	for (int i = 0; i < 10; i++)
		assert_null(mk_heap_malloc(fixture.heap, 2 * MK_MIB));
	assert_non_null(fixture.heap->pages.reservations);
	assert_null(fixture.heap->pages.reservations->next);
	end(&fixture);
}

/* What can't be given back stays dirty, and is used again without a system call. */
static void a_refused_purge_keeps_the_space(void **state)
{
	struct fixture fixture;
	void *block;

	(void)state;
	start(&fixture);
	fixture.ops.refill = refill;
	fixture.plain.head.purges_at_once = true;
	fixture.plain.purge_error = -EOPNOTSUPP;
	block = mk_heap_malloc(fixture.heap, 4 * MK_MIB);
	memset(block, 1, 4 * MK_MIB);
	mk_heap_free(block);
	assert_int_equal(fixture.heap->pages.dirty_size, 4 * MK_MIB);
	assert_ptr_equal(mk_heap_malloc_zeroed(fixture.heap, 4 * MK_MIB), block);
	assert_int_equal(*(char *)block, 0);
	assert_int_equal(fixture.refilled, 0);
	end(&fixture);
}

static void threads_keep_no_large_blocks_of_a_scarce_heap(void **state)
{
	struct fixture fixture;
	size_t used_size;

	(void)state;
	start(&fixture);
	fixture.plain.head.is_scarce = true;
	for (size_t size = MK_SMALL_SIZE + 1; size <= MK_MEDIUM_SIZE; size *= 2) {
		mk_heap_free(mk_heap_malloc(fixture.heap, size));
		assert_null(heap_fault(fixture.heap, &used_size));
		assert_int_equal(used_size, 0);
	}
	end(&fixture);
}

/* What was given back may be committed again. */
static int purge_and_forget(struct mk_backing *backing, void *base, size_t size)
{
	struct fixture *fixture = (struct fixture *)backing;

	(void)base;
	fixture->plain.committed -= size;
	return 0;
}

static void release_and_forget(struct mk_backing *backing, void *base, size_t size)
{
	(void)backing;
	mk_vm_release(base, size);
}

/* Large pages of the backing: 2 MiB each, and what is purged is gone. */
static void start_large(struct fixture *fixture)
{
	start(fixture);
	fixture->plain.head.page_size = 2 * MK_MIB;
	fixture->plain.head.reservation_size = 8 * MK_MIB;
}

static void large_pages_come_as_wholes(void **state)
{
	struct fixture fixture;
	void *block;

	(void)state;
	start_large(&fixture);
	block = mk_heap_malloc(fixture.heap, 100);
	assert_int_equal(fixture.plain.committed, 2 * MK_MIB);
	mk_heap_free(block);
	block = mk_heap_malloc(fixture.heap, 3 * MK_MIB);
	assert_int_equal(fixture.plain.committed % (2 * MK_MIB), 0);
	mk_heap_free(block);
	end(&fixture);
}

static void large_pages_that_are_idle_go_for_good(void **state)
{
	struct fixture fixture;
	char *kept, *block;
	size_t committed;

	(void)state;
	start_large(&fixture);
	kept = mk_heap_malloc(fixture.heap, 64 << 10);
	block = mk_heap_malloc(fixture.heap, 5 * MK_MIB);
	memset(block, 1, 5 * MK_MIB);
	mk_heap_free(block);
	mk_lock_acquire(&fixture.heap->pages.lock, MK_RANK_PAGES);
	mk_pages_purge_all(fixture.heap);
	mk_lock_release(&fixture.heap->pages.lock, MK_RANK_PAGES);
	/* The page of the block that is kept stays, with what lies beside it. */
	assert_int_equal(fixture.plain.purged % (2 * MK_MIB), 0);
	assert_true(fixture.plain.purged >= 4 * MK_MIB);
	assert_null(heap_fault(fixture.heap, NULL));
	committed = fixture.plain.committed;
	block = mk_heap_malloc(fixture.heap, 5 * MK_MIB);
	assert_non_null(block);
	assert_true(fixture.plain.committed >= committed + 4 * MK_MIB);
	/* A block does not grow into what is gone. */
	mk_heap_free(block);
	mk_heap_free(kept);
	mk_lock_acquire(&fixture.heap->pages.lock, MK_RANK_PAGES);
	mk_pages_purge_all(fixture.heap);
	mk_lock_release(&fixture.heap->pages.lock, MK_RANK_PAGES);
	end(&fixture);
}

/* A chunk of 2 MiB would be half of a page. */
static void large_pages_are_not_cut_after_half_the_time(void **state)
{
	struct fixture fixture;
	uint64_t age, start = mk_clock_ms();
	void *block;

	(void)state;
	start_large(&fixture);
	fixture.plain.head.page_size = 4 * MK_MIB;
	block = mk_heap_malloc(fixture.heap, 6 * MK_MIB);
	assert_non_null(mk_heap_malloc(fixture.heap, 64 << 10));
	mk_heap_free(block);
	while (mk_clock_ms() - start < 40)
		sched_yield();
	mk_lock_acquire(&fixture.heap->pages.lock, MK_RANK_PAGES);
	age = mk_clock_ms() - fixture.heap->pages.oldest->freed_ms;
	mk_pages_purge(fixture.heap, 2 * age);
	mk_lock_release(&fixture.heap->pages.lock, MK_RANK_PAGES);
	assert_int_equal(fixture.plain.purged, 4 * MK_MIB);
	end(&fixture);
}

static void a_block_does_not_grow_into_pages_that_are_gone(void **state)
{
	struct fixture fixture;
	size_t released;
	char *block;

	(void)state;
	start_large(&fixture);
	fixture.plain.head.purges_at_once = true;
	block = mk_heap_malloc(fixture.heap, 8 * MK_MIB);
	fixture.plain.commit_limit = fixture.plain.committed;
	assert_true(mk_heap_resize(block, 4 * MK_MIB));
	assert_int_equal(fixture.plain.purged, 4 * MK_MIB);
	assert_false(mk_heap_resize(block, 6 * MK_MIB));
	assert_null(mk_heap_malloc(fixture.heap, 2 * MK_MIB));
	assert_true(mk_heap_resize(block, 3 * MK_MIB));
	released = fixture.plain.released;
	mk_heap_free(block);
	assert_int_equal(fixture.plain.released - released, 8 * MK_MIB);
	end(&fixture);
}

/* What is idle in the wrong pieces is given back for others, within what there is. */
static void idle_large_pages_make_room(void **state)
{
	struct fixture fixture;
	void *blocks[8];

	(void)state;
	start_large(&fixture);
	fixture.ops.purge = purge_and_forget;
	fixture.ops.release = release_and_forget;
	fixture.plain.head.reservation_size = 2 * MK_MIB;
	fixture.plain.commit_limit = 16 * MK_MIB;
	for (unsigned i = 0; i < 8; i++)
		assert_non_null(blocks[i] = mk_heap_malloc(fixture.heap, 2 * MK_MIB));
	assert_null(mk_heap_malloc(fixture.heap, 2 * MK_MIB));
	for (unsigned i = 0; i < 8; i++)
		mk_heap_free(blocks[i]);
	assert_non_null(blocks[0] = mk_heap_malloc(fixture.heap, 16 * MK_MIB));
	mk_heap_free(blocks[0]);
	end(&fixture);
}

static void zeroing_does_not_lose_large_pages(void **state)
{
	struct fixture fixture;
	char *block;

	(void)state;
	start_large(&fixture);
	block = mk_heap_malloc(fixture.heap, 8 * MK_MIB);
	memset(block, 1, 8 * MK_MIB);
	mk_heap_free(block);
	block = mk_heap_malloc_zeroed(fixture.heap, 8 * MK_MIB);
	assert_int_equal(fixture.plain.purged, 0);
	for (size_t i = 0; i < 8 * MK_MIB; i += 4096)
		assert_int_equal(block[i], 0);
	mk_heap_free(block);
	end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_purged_is_refilled_before_it_is_used),
		cmocka_unit_test(holes_that_cannot_be_filled_are_no_memory),
		cmocka_unit_test(old_bytes_are_cleared),
		cmocka_unit_test(an_area_too_small_for_a_block_is_not_lost),
		cmocka_unit_test(a_refused_commit_leaves_no_reservation),
		cmocka_unit_test(a_refused_purge_keeps_the_space),
		cmocka_unit_test(threads_keep_no_large_blocks_of_a_scarce_heap),
		cmocka_unit_test(large_pages_come_as_wholes),
		cmocka_unit_test(large_pages_that_are_idle_go_for_good),
		cmocka_unit_test(large_pages_are_not_cut_after_half_the_time),
		cmocka_unit_test(a_block_does_not_grow_into_pages_that_are_gone),
		cmocka_unit_test(idle_large_pages_make_room),
		cmocka_unit_test(zeroing_does_not_lose_large_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
