/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages of a heap: growth in steps, refusals, coalescing, purging, releasing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "heap/heap.h"
#include "heap/pages.h"
#include "os/thread.h"
#include "support/heap_invariants.h"
#include "support/plain_backing.h"

struct fixture {
	struct plain_backing backing;
	struct mk_heap *heap;
};

static struct fixture *new_fixture(size_t reservation_size)
{
	/* A heap refers to its backing until the process ends. */
	static struct fixture fixtures[32];
	static size_t count;
	struct fixture *fixture = &fixtures[count++];

	assert_true(count <= MK_ARRAY_SIZE(fixtures));
	plain_start(&fixture->backing, reservation_size);
	assert_int_equal(mk_heap_create(&fixture->backing.head, NULL, &fixture->heap), 0);
	return fixture;
}

static void purge_all(struct mk_heap *heap)
{
	uint64_t deadline = 1000000;

	/* Spans freed in this millisecond are left alone: until the clock moves on. */
	do {
		mk_lock_acquire(&heap->pages.lock, MK_RANK_PAGES);
		mk_pages_purge(heap, 0);
		mk_lock_release(&heap->pages.lock, MK_RANK_PAGES);
	} while (heap->pages.dirty_size != 0 && --deadline > 0);
}

static void check_invariants(const struct mk_heap *heap)
{
	const char *fault = heap_fault(heap, NULL);

	if (fault != NULL)
		fail_msg("%s", fault);
}

static void nothing_is_reserved_before_the_first_block(void **state)
{
	struct fixture *fixture = new_fixture(64 * MK_MIB);

	(void)state;
	assert_null(fixture->heap->pages.reservations);
	assert_non_null(mk_heap_malloc(fixture->heap, 1));
	assert_int_equal(fixture->heap->pages.reservations->size, 64 * MK_MIB);
	assert_true(fixture->backing.committed <= MK_MIB);
}

static void commit_steps_double(void **state)
{
	struct fixture *fixture = new_fixture(MK_GIB);
	size_t commits = 0, before = 0;

	(void)state;
	for (int i = 0; i < 500; i++) {
		assert_non_null(mk_heap_malloc(fixture->heap, MK_MIB));
		commits += fixture->backing.committed != before;
		before = fixture->backing.committed;
	}
	assert_true(commits < 20);
	assert_true(before < 2 * 500 * MK_MIB);
	check_invariants(fixture->heap);
}

static void refused_reservations_are_halved_and_leave_room(void **state)
{
	struct fixture *fixture = new_fixture(MK_GIB);

	(void)state;
	fixture->backing.reserve_limit = 40 * MK_MIB;
	assert_non_null(mk_heap_malloc(fixture->heap, 3 * MK_MIB));
	/* 32 MiB would be granted, and a quarter is taken. */
	assert_int_equal(fixture->heap->pages.reservations->size, 8 * MK_MIB);
	assert_int_equal(fixture->backing.released, 32 * MK_MIB);
	assert_non_null(mk_heap_malloc(fixture->heap, 39 * MK_MIB));
	assert_null(mk_heap_malloc(fixture->heap, 41 * MK_MIB));
	check_invariants(fixture->heap);
}

static void refused_commits_are_halved_down_to_what_is_asked(void **state)
{
	struct fixture *fixture = new_fixture(64 * MK_MIB);
	size_t got = 0;

	(void)state;
	fixture->backing.commit_limit = 17 * MK_MIB;
	while (mk_heap_malloc(fixture->heap, MK_MIB) != NULL)
		got++;
	assert_int_equal(got, 17);
	check_invariants(fixture->heap);
	fixture->backing.commit_limit = 18 * MK_MIB;
	assert_non_null(mk_heap_malloc(fixture->heap, MK_MIB));
}

static void a_small_limited_heap_is_nearly_all_usable(void **state)
{
	static const size_t sizes[] = {16, 64, 1000, 32 * MK_KIB, 100 * MK_KIB, MK_MIB};

	(void)state;
	for (size_t i = 0; i < MK_ARRAY_SIZE(sizes); i++) {
		struct fixture *fixture = new_fixture(16 * MK_MIB);
		size_t got = 0;

		fixture->backing.commit_limit = 16 * MK_MIB;
		while (mk_heap_malloc(fixture->heap, sizes[i]) != NULL)
			got += sizes[i];
		assert_true(got >= 16 * MK_MIB * 88 / 100);
	}
}

static void freed_neighbours_become_one_block(void **state)
{
	enum { COUNT = 32 };
	struct fixture *fixture = new_fixture(64 * MK_MIB);
	void *blocks[COUNT];

	(void)state;
	fixture->backing.commit_limit = 33 * MK_MIB;
	for (int round = 0; round < 3; round++) {
		void *whole;

		for (int i = 0; i < COUNT; i++) {
			blocks[i] = mk_heap_malloc(fixture->heap, MK_MIB + 1 - 4096);
			assert_non_null(blocks[i]);
		}
		for (int i = 0; i < COUNT; i += 2)
			mk_heap_free(blocks[i]);
		for (int i = COUNT - 1; i > 0; i -= 2)
			mk_heap_free(blocks[i]);
		whole = mk_heap_malloc(fixture->heap, 30 * MK_MIB);
		assert_non_null(whole);
		check_invariants(fixture->heap);
		mk_heap_free(whole);
	}
}

static void fresh_and_dirty_pieces_join_when_memory_is_short(void **state)
{
	struct fixture *fixture = new_fixture(16 * MK_MIB);
	void *low;

	(void)state;
	fixture->backing.commit_limit = 16 * MK_MIB;
	low = mk_heap_malloc(fixture->heap, 9 * MK_MIB);
	assert_non_null(low);
	memset(low, 1, 9 * MK_MIB);
	mk_heap_free(low);
	low = mk_heap_malloc_zeroed(fixture->heap, 15 * MK_MIB);
	assert_non_null(low);
	for (size_t i = 0; i < 15 * MK_MIB; i += 4096)
		assert_int_equal(((char *)low)[i], 0);
	check_invariants(fixture->heap);
}

static size_t resident_size(void *base, size_t size)
{
	static unsigned char pages[64 * MK_MIB / 4096];
	size_t resident = 0;

	assert_int_equal(mincore(base, size, pages), 0);
	for (size_t i = 0; i < size / 4096; i++)
		resident += (pages[i] & 1) * (size_t)4096;
	return resident;
}

static void purged_pages_leave_memory_and_read_as_zero(void **state)
{
	struct fixture *fixture = new_fixture(64 * MK_MIB);
	char *block = mk_heap_malloc(fixture->heap, 8 * MK_MIB);
	void *base = block;

	(void)state;
	memset(block, 1, 8 * MK_MIB);
	assert_int_equal(resident_size(base, 8 * MK_MIB), 8 * MK_MIB);
	mk_heap_free(block);
	assert_int_equal(fixture->heap->pages.dirty_size, 8 * MK_MIB);
	purge_all(fixture->heap);
	assert_int_equal(fixture->heap->pages.dirty_size, 0);
	assert_int_equal(resident_size(base, 8 * MK_MIB), 0);
	block = mk_heap_malloc_zeroed(fixture->heap, 8 * MK_MIB);
	/* No memset touched it. */
	assert_int_equal(resident_size(block, 8 * MK_MIB), 0);
	check_invariants(fixture->heap);
}

static void a_failed_purge_leaves_the_pages_dirty(void **state)
{
	struct fixture *fixture = new_fixture(64 * MK_MIB);
	char *block = mk_heap_malloc(fixture->heap, 2 * MK_MIB);

	(void)state;
	memset(block, 1, 2 * MK_MIB);
	fixture->backing.purge_error = -EINVAL;
	mk_heap_free(block);
	/* What was freed in this millisecond is left alone. */
	while (fixture->backing.purge_count == 0) {
		mk_lock_acquire(&fixture->heap->pages.lock, MK_RANK_PAGES);
		mk_pages_purge(fixture->heap, 0);
		mk_lock_release(&fixture->heap->pages.lock, MK_RANK_PAGES);
	}
	assert_int_equal(fixture->heap->pages.dirty_size, 2 * MK_MIB);
	block = mk_heap_malloc_zeroed(fixture->heap, 2 * MK_MIB);
	for (size_t i = 0; i < 2 * MK_MIB; i++)
		assert_int_equal(block[i], 0);
	check_invariants(fixture->heap);
}

static void pages_idle_for_long_are_purged_by_a_later_free(void **state)
{
	struct fixture *fixture = new_fixture(64 * MK_MIB);
	char *old = mk_heap_malloc(fixture->heap, 2 * MK_MIB);
	char *between = mk_heap_malloc(fixture->heap, 2 * MK_MIB);
	char *young = mk_heap_malloc(fixture->heap, 2 * MK_MIB);

	(void)state;
	memset(old, 1, 2 * MK_MIB);
	memset(young, 1, 2 * MK_MIB);
	mk_heap_free(old);
	/* As if 11 seconds had passed: the decay is 10. */
	fixture->heap->pages.oldest->freed_ms = mk_clock_ms() - 11000;
	fixture->heap->pages.purge_checked_ms = 0;
	mk_heap_free(young);
	assert_int_equal(resident_size(old, 2 * MK_MIB), 0);
	assert_int_equal(resident_size(young, 2 * MK_MIB), 2 * MK_MIB);
	mk_heap_free(between);
}

static void a_heap_may_have_a_decay_of_its_own(void **state)
{
	struct fixture *fixture = new_fixture(64 * MK_MIB);
	char *old = mk_heap_malloc(fixture->heap, 2 * MK_MIB);
	char *between = mk_heap_malloc(fixture->heap, 2 * MK_MIB);
	char *young = mk_heap_malloc(fixture->heap, 2 * MK_MIB);

	(void)state;
	fixture->heap->backing->decay_ms = 300;
	memset(old, 1, 2 * MK_MIB);
	memset(young, 1, 2 * MK_MIB);
	mk_heap_free(old);
	fixture->heap->pages.oldest->freed_ms = mk_clock_ms() - 300;
	/* It is looked at as often as that. */
	fixture->heap->pages.purge_checked_ms = mk_clock_ms() - 300;
	mk_heap_free(young);
	assert_int_equal(resident_size(old, 2 * MK_MIB), 0);
	assert_int_equal(resident_size(young, 2 * MK_MIB), 2 * MK_MIB);
	mk_heap_free(between);
}

/* As if what is oldest had been freed so long ago, a purge that a free drives. */
static void purge_after(struct mk_heap *heap, uint64_t age_ms)
{
	heap->pages.oldest->freed_ms = mk_clock_ms() - age_ms;
	heap->pages.purge_checked_ms = 0;
	mk_pages_purge_idle(heap);
}

static void whole_chunks_are_purged_before_pieces(void **state)
{
	struct fixture *fixture = new_fixture(64 * MK_MIB);
	char *before = mk_heap_malloc(fixture->heap, 3 * MK_MIB);
	char *block = mk_heap_malloc(fixture->heap, 6 * MK_MIB);
	char *after = mk_heap_malloc(fixture->heap, 3 * MK_MIB);
	char *chunk = (char *)mk_align_up((uintptr_t)block, MK_CHUNK_SIZE);

	(void)state;
	memset(block, 1, 6 * MK_MIB);
	assert_ptr_not_equal(chunk, block);
	mk_heap_free(block);
	purge_after(fixture->heap, 6000);
	assert_int_equal(resident_size(chunk, 4 * MK_MIB), 0);
	assert_int_equal(resident_size(block, 6 * MK_MIB), 2 * MK_MIB);
	/* Two pieces are left, and go after the whole of the decay. */
	purge_after(fixture->heap, 6000);
	assert_int_equal(resident_size(block, 6 * MK_MIB), 2 * MK_MIB);
	purge_after(fixture->heap, 11000);
	purge_after(fixture->heap, 11000);
	assert_int_equal(resident_size(block, 6 * MK_MIB), 0);
	check_invariants(fixture->heap);
	mk_heap_free(before);
	mk_heap_free(after);
}

static void empty_reservations_are_released_but_one(void **state)
{
	struct fixture *fixture = new_fixture(16 * MK_MIB);
	void *blocks[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		blocks[i] = mk_heap_malloc(fixture->heap, 15 * MK_MIB);
		assert_non_null(blocks[i]);
	}
	for (int i = 0; i < 4; i++)
		mk_heap_free(blocks[i]);
	purge_all(fixture->heap);
	assert_int_equal(fixture->backing.released, 3 * 16 * MK_MIB);
	assert_non_null(fixture->heap->pages.reservations);
	assert_null(fixture->heap->pages.reservations->next);
	assert_null(mk_heap_of(blocks[0]));
	check_invariants(fixture->heap);
	assert_non_null(mk_heap_malloc(fixture->heap, 15 * MK_MIB));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_reserved_before_the_first_block),
		cmocka_unit_test(commit_steps_double),
		cmocka_unit_test(refused_reservations_are_halved_and_leave_room),
		cmocka_unit_test(refused_commits_are_halved_down_to_what_is_asked),
		cmocka_unit_test(a_small_limited_heap_is_nearly_all_usable),
		cmocka_unit_test(freed_neighbours_become_one_block),
		cmocka_unit_test(fresh_and_dirty_pieces_join_when_memory_is_short),
		cmocka_unit_test(purged_pages_leave_memory_and_read_as_zero),
		cmocka_unit_test(a_failed_purge_leaves_the_pages_dirty),
		cmocka_unit_test(pages_idle_for_long_are_purged_by_a_later_free),
		cmocka_unit_test(a_heap_may_have_a_decay_of_its_own),
		cmocka_unit_test(whole_chunks_are_purged_before_pieces),
		cmocka_unit_test(empty_reservations_are_released_but_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
