/* SPDX-License-Identifier: BSD-2-Clause */
/* Statistics of kinds, against what the program knows that it has. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "kinds.h"

enum {
	MIB = 1 << 20,
	BLOCK_COUNT = 3000,
	THREAD_COUNT = 8,
	AREA_SIZE = 8 * MIB,
};

static size_t stat_of(memkind_t kind, memkind_stat_type type)
{
	size_t value = 1;

	assert_int_equal(memkind_get_stat(kind, type, &value), 0);
	return value;
}

static size_t allocated(memkind_t kind)
{
	assert_int_equal(memkind_update_cached_stats(), 0);
	return stat_of(kind, MEMKIND_STAT_TYPE_ALLOCATED);
}

/* First: no kind was used yet. */
static void an_unused_kind_has_nothing(void **state)
{
	(void)state;
	for (int update = 0; update < 2; update++) {
		for (size_t i = 0; i < KIND_COUNT; i++)
			for (int type = 0; type < MEMKIND_STAT_TYPE_MAX_VALUE; type++)
				assert_int_equal(
					stat_of(*all_kinds[i].handle, (memkind_stat_type)type), 0);
		assert_int_equal(memkind_update_cached_stats(), 0);
	}
}

static void what_is_no_statistic_is_refused(void **state)
{
	static const int bad[] = {3, 4, 1000, -1};
	size_t value = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(
			memkind_get_stat(MEMKIND_DEFAULT, (memkind_stat_type)bad[i], &value),
			MEMKIND_ERROR_INVALID);
		assert_int_equal(memkind_get_stat(NULL, (memkind_stat_type)bad[i], &value),
				 MEMKIND_ERROR_INVALID);
	}
	assert_int_equal(value, 77);
	assert_int_equal(memkind_get_stat(NULL, MEMKIND_STAT_TYPE_ACTIVE, NULL),
			 MEMKIND_ERROR_INVALID);
}

/* Small, medium, large. */
static size_t size_of(size_t i)
{
	return i % 300 == 0 ? i * 2000 + 1 : i % 20 == 0 ? i * 15 + 1 : i % 900 + 1;
}

static void check_kind(memkind_t kind)
{
	static void *blocks[BLOCK_COUNT];
	size_t before = allocated(kind);
	size_t all_before = allocated(NULL);
	size_t sum = 0;

	for (size_t i = 0; i < BLOCK_COUNT; i++) {
		blocks[i] = memkind_malloc(kind, size_of(i));
		assert_non_null(blocks[i]);
		sum += memkind_malloc_usable_size(kind, blocks[i]);
	}
	assert_int_equal(allocated(kind), before + sum);
	assert_int_equal(allocated(NULL), all_before + sum);
	assert_true(stat_of(kind, MEMKIND_STAT_TYPE_ACTIVE) >= before + sum);
	for (size_t i = 0; i < BLOCK_COUNT; i++)
		memkind_free(NULL, blocks[i]);
	/* The snapshot is as it was. */
	assert_int_equal(stat_of(kind, MEMKIND_STAT_TYPE_ALLOCATED), before + sum);
	assert_int_equal(allocated(kind), before);
	assert_int_equal(allocated(NULL), all_before);
}

static void allocated_is_exact_for_every_kind(void **state)
{
	static char area[AREA_SIZE];
	memkind_t pmem, fixed;

	(void)state;
	for (size_t i = 0; i < KIND_COUNT; i++)
		check_kind(*all_kinds[i].handle);
	assert_int_equal(memkind_create_pmem("/tmp", 0, &pmem), 0);
	assert_int_equal(memkind_create_fixed(area, sizeof(area), &fixed), 0);
	check_kind(pmem);
	assert_int_equal(allocated(fixed), 0);
	assert_non_null(memkind_malloc(fixed, 512));
	assert_int_equal(allocated(fixed), 512);
	assert_int_equal(memkind_destroy_kind(pmem), 0);
	assert_int_equal(memkind_destroy_kind(fixed), 0);
	assert_int_equal(allocated(fixed), 0);
}

/* R1: blocks of any size count for MEMKIND_DEFAULT, too. */
static void large_blocks_of_the_default_kind_count(void **state)
{
	size_t before = allocated(MEMKIND_DEFAULT);
	size_t active = stat_of(MEMKIND_DEFAULT, MEMKIND_STAT_TYPE_ACTIVE);
	void *block = memkind_malloc(MEMKIND_DEFAULT, 32 * MIB);

	(void)state;
	assert_int_equal(allocated(MEMKIND_DEFAULT), before + 32 * MIB);
	assert_int_equal(stat_of(MEMKIND_DEFAULT, MEMKIND_STAT_TYPE_ACTIVE), active + 32 * MIB);
	memkind_free(MEMKIND_DEFAULT, block);
}

/* R3: no update is needed for a kind that the last one did not see. */
static void a_new_kind_is_answered_at_once(void **state)
{
	memkind_t kind;

	(void)state;
	assert_int_equal(memkind_update_cached_stats(), 0);
	assert_int_equal(memkind_create_pmem("/tmp", 0, &kind), 0);
	assert_non_null(memkind_malloc(kind, 1024));
	assert_int_equal(stat_of(kind, MEMKIND_STAT_TYPE_ALLOCATED), 1024);
	assert_non_null(memkind_malloc(kind, 1024));
	assert_int_equal(stat_of(kind, MEMKIND_STAT_TYPE_ALLOCATED), 1024);
	assert_int_equal(allocated(kind), 2048);
	assert_int_equal(memkind_destroy_kind(kind), 0);
}

static void check_residency(memkind_t kind)
{
	size_t size = 8 * MIB;
	char *block = memkind_malloc(kind, size);
	size_t before, touched;

	assert_non_null(block);
	assert_int_equal(memkind_update_cached_stats(), 0);
	before = stat_of(kind, MEMKIND_STAT_TYPE_RESIDENT);
	memset(block, 1, size);
	assert_int_equal(memkind_update_cached_stats(), 0);
	touched = stat_of(kind, MEMKIND_STAT_TYPE_RESIDENT);
	/* Some pages of it may have been used before; a huge page may bring others with it. */
	assert_in_range(touched, size, before + size + 2 * MIB);
	memkind_free(kind, block);
}

/* R4: what was never touched is not resident, and what was is. */
static void resident_is_what_is_in_memory(void **state)
{
	unsigned char in_core;
	size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
	void *untouched = memkind_malloc(MEMKIND_DEFAULT, 256 * (size_t)MIB);
	memkind_t pmem;

	(void)state;
	assert_non_null(untouched);
	if (mincore((void *)((uintptr_t)state & ~(page_size - 1)), page_size, &in_core) != 0)
		skip(); /* an emulator without mincore */
	assert_int_equal(memkind_update_cached_stats(), 0);
	assert_true(stat_of(MEMKIND_DEFAULT, MEMKIND_STAT_TYPE_RESIDENT) < 128 * (size_t)MIB);
	assert_true(stat_of(MEMKIND_DEFAULT, MEMKIND_STAT_TYPE_ACTIVE) >= 256 * (size_t)MIB);
	check_residency(MEMKIND_DEFAULT);
	check_residency(MEMKIND_REGULAR);
	assert_int_equal(memkind_create_pmem("/tmp", 0, &pmem), 0);
	check_residency(pmem);
	assert_int_equal(memkind_destroy_kind(pmem), 0);
	memkind_free(NULL, untouched);
}

static pthread_barrier_t barrier;
static _Atomic size_t usable_sum;
static void *held[THREAD_COUNT][BLOCK_COUNT];
static _Atomic bool must_stop;

static void *hold_blocks(void *argument)
{
	void **blocks = held[(uintptr_t)argument];

	for (size_t i = 0; i < BLOCK_COUNT; i++) {
		memkind_t kind = *all_kinds[i % KIND_COUNT].handle;

		blocks[i] = memkind_malloc(kind, i % 2000 + 1);
		usable_sum += memkind_malloc_usable_size(NULL, blocks[i]);
	}
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	/* Those of another thread. */
	blocks = held[((uintptr_t)argument + 1) % THREAD_COUNT];
	for (size_t i = 0; i < BLOCK_COUNT; i++)
		memkind_free(NULL, blocks[i]);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void blocks_of_all_threads_count(void **state)
{
	pthread_t threads[THREAD_COUNT];
	size_t before = allocated(NULL), sum = 0, sum_before = 0;

	(void)state;
	for (size_t i = 0; i < KIND_COUNT; i++)
		sum_before += allocated(*all_kinds[i].handle);
	pthread_barrier_init(&barrier, NULL, THREAD_COUNT + 1);
	for (uintptr_t i = 0; i < THREAD_COUNT; i++)
		pthread_create(&threads[i], NULL, hold_blocks, (void *)i);
	pthread_barrier_wait(&barrier);
	assert_int_equal(allocated(NULL), before + usable_sum);
	for (size_t i = 0; i < KIND_COUNT; i++)
		sum += stat_of(*all_kinds[i].handle, MEMKIND_STAT_TYPE_ALLOCATED);
	assert_int_equal(sum, sum_before + usable_sum);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	/* All is in caches now. */
	assert_int_equal(allocated(NULL), before);
	pthread_barrier_wait(&barrier);
	for (size_t i = 0; i < THREAD_COUNT; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(allocated(NULL), before);
	pthread_barrier_destroy(&barrier);
}

static void *work(void *unused)
{
	memkind_t kind;

	while (!must_stop) {
		void *block = memkind_malloc(MEMKIND_REGULAR, 100);

		memkind_free(MEMKIND_DEFAULT, memkind_malloc(MEMKIND_DEFAULT, 3 * MIB));
		if (memkind_create_pmem("/tmp", 0, &kind) == 0) {
			memkind_free(kind, memkind_malloc(kind, 1000));
			memkind_destroy_kind(kind);
		}
		memkind_free(NULL, block);
	}
	return unused;
}

static void ignore(void *context, const char *text)
{
	*(size_t *)context += strlen(text);
}

static void kinds_may_come_and_go_meanwhile(void **state)
{
	pthread_t threads[3];
	size_t before = allocated(NULL), length = 0;

	(void)state;
	must_stop = false;
	for (size_t i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (int round = 0; round < 100; round++) {
		assert_int_equal(memkind_update_cached_stats(), 0);
		stat_of(NULL, MEMKIND_STAT_TYPE_RESIDENT);
		if (round % 5 == 0)
			assert_int_equal(
				memkind_stats_print(ignore, &length, MEMKIND_STAT_PRINT_ALL), 0);
	}
	must_stop = true;
	for (size_t i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_true(length > 0);
	assert_int_equal(allocated(NULL), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unused_kind_has_nothing),
		cmocka_unit_test(what_is_no_statistic_is_refused),
		cmocka_unit_test(allocated_is_exact_for_every_kind),
		cmocka_unit_test(large_blocks_of_the_default_kind_count),
		cmocka_unit_test(a_new_kind_is_answered_at_once),
		cmocka_unit_test(resident_is_what_is_in_memory),
		cmocka_unit_test(blocks_of_all_threads_count),
		cmocka_unit_test(kinds_may_come_and_go_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
