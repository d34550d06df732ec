/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind_defrag_reallocate(): when blocks move, for every kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kinds.h"

enum { BLOCK_COUNT = 100000, BLOCK_SIZE = 50 };

static void check_one(memkind_t kind)
{
	for (size_t size = 1; size <= 4 << 20; size += size / 2 + 1) {
		void *block = memkind_malloc(kind, size);

		assert_non_null(block);
		assert_null(memkind_defrag_reallocate(kind, block));
		assert_null(memkind_defrag_reallocate(NULL, block));
		assert_true(memkind_malloc_usable_size(kind, block) >= size);
		memkind_free(kind, block);
	}
}

static void a_single_block_stays(void **state)
{
	memkind_t pmem;

	(void)state;
	assert_null(memkind_defrag_reallocate(NULL, NULL));
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < KIND_COUNT; i++) {
			assert_null(memkind_defrag_reallocate(*all_kinds[i].handle, NULL));
			check_one(*all_kinds[i].handle);
		}
	assert_int_equal(memkind_create_pmem("/tmp", MEMKIND_PMEM_MIN_SIZE, &pmem), 0);
	check_one(pmem);
	assert_int_equal(memkind_destroy_kind(pmem), 0);
}

static size_t active_size(memkind_t kind)
{
	size_t value = 0;

	assert_int_equal(memkind_update_cached_stats(), 0);
	assert_int_equal(memkind_get_stat(kind, MEMKIND_STAT_TYPE_ACTIVE, &value), 0);
	return value;
}

static void free_every_other(memkind_t kind, void **blocks)
{
	for (size_t i = 0; i < BLOCK_COUNT; i++) {
		blocks[i] = memkind_malloc(kind, BLOCK_SIZE);
		assert_non_null(blocks[i]);
		memset(blocks[i], (int)i, BLOCK_SIZE);
	}
	for (size_t i = 0; i < BLOCK_COUNT; i += 2)
		memkind_free(kind, blocks[i]);
}

static void check_alternating(memkind_t kind, memkind_t named_kind)
{
	static void *blocks[BLOCK_COUNT];
	size_t before, moved_count = 0;

	free_every_other(kind, blocks);
	before = active_size(kind);
	for (size_t i = 1; i < BLOCK_COUNT; i += 2) {
		void *moved = memkind_defrag_reallocate(named_kind, blocks[i]);

		if (moved == NULL)
			continue;
		assert_ptr_not_equal(moved, blocks[i]);
		assert_ptr_equal(memkind_detect_kind(moved), kind);
		blocks[i] = moved;
		moved_count++;
	}
	assert_true(moved_count > BLOCK_COUNT / 8);
	assert_true(active_size(kind) < before - (size_t)BLOCK_COUNT * BLOCK_SIZE / 3);
	for (size_t i = 1; i < BLOCK_COUNT; i += 2) {
		char expected[BLOCK_SIZE];

		memset(expected, (int)i, BLOCK_SIZE);
		assert_memory_equal(blocks[i], expected, BLOCK_SIZE);
		memkind_free(kind, blocks[i]);
	}
}

static void blocks_between_freed_ones_move(void **state)
{
	memkind_t pmem;

	(void)state;
	for (size_t i = 0; i < KIND_COUNT; i++)
		check_alternating(*all_kinds[i].handle, i % 2 == 0 ? NULL : *all_kinds[i].handle);
	/* As with memkind_free(), the block's own kind counts. */
	check_alternating(MEMKIND_REGULAR, MEMKIND_DEFAULT);
	assert_int_equal(memkind_create_pmem("/tmp", 0, &pmem), 0);
	check_alternating(pmem, pmem);
	assert_int_equal(memkind_destroy_kind(pmem), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_single_block_stays),
		cmocka_unit_test(blocks_between_freed_ones_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
