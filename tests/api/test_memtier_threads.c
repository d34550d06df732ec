/* SPDX-License-Identifier: BSD-2-Clause */
/* Tiers used by many threads: the ratio holds, and the counts are exact when all is quiet. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <memkind_memtier.h>

enum { THREAD_COUNT = 8, OPERATION_COUNT = 1000000, SLOT_COUNT = 60000, HELD_COUNT = 10 };

#define HELD_SIZE ((size_t)112)

static _Atomic(void *) slots[SLOT_COUNT];
static struct memtier_memory *memory;
static pthread_barrier_t barrier;
static _Atomic unsigned failures;

static struct memtier_memory *new_memory(memtier_policy_t policy, unsigned first, unsigned second)
{
	struct memtier_builder *builder = memtier_builder_new(policy);
	struct memtier_memory *made;

	assert_int_equal(memtier_builder_add_tier(builder, MEMKIND_DEFAULT, first), 0);
	assert_int_equal(memtier_builder_add_tier(builder, MEMKIND_REGULAR, second), 0);
	made = memtier_builder_construct_memtier_memory(builder);
	memtier_builder_delete(builder);
	assert_non_null(made);
	return made;
}

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static size_t random_size(uint32_t *seed)
{
	uint32_t value = next_random(seed);

	return 1 + value % (value >> 16 & 7 ? 512 : 4096);
}

/* One of the family, all of which count; the block is from any thread. */
static void *operate(uint32_t *seed, void *old)
{
	size_t size = random_size(seed);
	void *block = NULL;

	switch (next_random(seed) % 8) {
	case 0:
		memtier_free(old);
		return NULL;
	case 1:
		return memtier_realloc(memory, old, size);
	case 2:
		block = memtier_calloc(memory, size, 1);
		break;
	case 3:
		failures += memtier_posix_memalign(memory, &block, 64, size) != 0;
		break;
	default:
		block = memtier_malloc(memory, size);
	}
	memtier_free(old);
	failures += block == NULL;
	return block;
}

static void *work(void *argument)
{
	uint32_t seed = 77u + 2654435761u * (uint32_t)(uintptr_t)argument;

	pthread_barrier_wait(&barrier);
	for (unsigned i = 0; i < OPERATION_COUNT / THREAD_COUNT; i++) {
		_Atomic(void *) *slot = &slots[next_random(&seed) % SLOT_COUNT];
		void *old = atomic_exchange(slot, NULL);

		old = atomic_exchange(slot, operate(&seed, old));
		memtier_free(old);
	}
	return NULL;
}

/* Every other thread only takes away, of one tier more than of the other. */
static void *work_unevenly(void *argument)
{
	uintptr_t number = (uintptr_t)argument;
	uint32_t seed = 99u + 2654435761u * (uint32_t)number;

	if (number % 2 == 0)
		return work(argument);
	pthread_barrier_wait(&barrier);
	for (unsigned i = 0; i < OPERATION_COUNT / THREAD_COUNT; i++) {
		_Atomic(void *) *slot = &slots[next_random(&seed) % SLOT_COUNT];
		void *old = atomic_exchange(slot, NULL);

		if (memkind_detect_kind(old) == MEMKIND_REGULAR && next_random(&seed) % 4 != 0)
			old = atomic_exchange(slot, old);
		memtier_free(old);
	}
	return NULL;
}

static void run(void *(*body)(void *))
{
	pthread_t threads[THREAD_COUNT];

	pthread_barrier_init(&barrier, NULL, THREAD_COUNT);
	for (uintptr_t i = 0; i < THREAD_COUNT; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, body, (void *)i), 0);
	for (unsigned i = 0; i < THREAD_COUNT; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	pthread_barrier_destroy(&barrier);
	assert_int_equal(failures, 0);
}

/* What the counts should be: each block that is left, by its kind. */
static void check_counts(void)
{
	size_t size = 0, regular_size = 0;

	for (unsigned i = 0; i < SLOT_COUNT; i++) {
		size_t usable = memtier_usable_size(slots[i]);

		size += usable;
		if (memkind_detect_kind(slots[i]) == MEMKIND_REGULAR)
			regular_size += usable;
	}
	assert_int_equal(memtier_kind_allocated_size(MEMKIND_REGULAR), regular_size);
	assert_int_equal(memtier_kind_allocated_size(MEMKIND_DEFAULT), size - regular_size);
}

/* By threads that have ended meanwhile, freed by one that allocated nothing. */
static void free_all(void)
{
	for (unsigned i = 0; i < SLOT_COUNT; i++)
		memtier_free(atomic_exchange(&slots[i], NULL));
	assert_int_equal(memtier_kind_allocated_size(MEMKIND_DEFAULT), 0);
	assert_int_equal(memtier_kind_allocated_size(MEMKIND_REGULAR), 0);
}

static void check_ratio(unsigned first, unsigned second, double limit)
{
	double ratio = (double)memtier_kind_allocated_size(MEMKIND_REGULAR) /
		       (double)memtier_kind_allocated_size(MEMKIND_DEFAULT);
	double error = ratio * first / second - 1;

	printf("%u:%u is 1:%.4f, off by %.3f %%\n", first, second, ratio, 100 * error);
	assert_true(fabs(error) < limit);
}

static void ratios_hold_within_a_hundredth(void **state)
{
	static const unsigned ratios[][2] = {{1, 4}, {4, 1}, {1, 1}, {3, 50}};

	(void)state;
	for (size_t i = 0; i < sizeof(ratios) / sizeof(ratios[0]); i++) {
		memory = new_memory(MEMTIER_POLICY_STATIC_RATIO, ratios[i][0], ratios[i][1]);
		run(work);
		check_ratio(ratios[i][0], ratios[i][1], 0.01);
		check_counts();
		free_all();
		memtier_delete_memtier_memory(memory);
	}
}

static void ratios_hold_where_other_threads_free(void **state)
{
	(void)state;
	memory = new_memory(MEMTIER_POLICY_STATIC_RATIO, 1, 4);
	/* In between the threads are new ones. */
	for (int i = 0; i < 3; i++) {
		run(work_unevenly);
		check_counts();
	}
	run(work);
	check_ratio(1, 4, 0.01);
	check_counts();
	free_all();
	memtier_delete_memtier_memory(memory);
}

/* Few blocks, which the thread need not settle; then it waits while the counts are checked. */
static void *hold(void *argument)
{
	void *held[HELD_COUNT];

	(void)argument;
	for (unsigned i = 0; i < HELD_COUNT; i++)
		held[i] = memtier_kind_malloc(MEMKIND_REGULAR, HELD_SIZE);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	for (unsigned i = 0; i < HELD_COUNT; i++)
		memtier_free(held[i]);
	return NULL;
}

static void counts_have_the_parts_of_living_threads(void **state)
{
	void *most = memtier_kind_malloc(MEMKIND_REGULAR, 256 << 20);
	size_t size = memtier_kind_allocated_size(MEMKIND_REGULAR);
	pthread_t threads[THREAD_COUNT];

	(void)state;
	assert_non_null(most);
	pthread_barrier_init(&barrier, NULL, THREAD_COUNT + 1);
	for (unsigned i = 0; i < THREAD_COUNT; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hold, NULL), 0);
	pthread_barrier_wait(&barrier);
	assert_int_equal(memtier_kind_allocated_size(MEMKIND_REGULAR),
			 size + THREAD_COUNT * HELD_COUNT * HELD_SIZE);
	pthread_barrier_wait(&barrier);
	for (unsigned i = 0; i < THREAD_COUNT; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	pthread_barrier_destroy(&barrier);
	assert_int_equal(memtier_kind_allocated_size(MEMKIND_REGULAR), size);
	memtier_free(most);
}

/* M6: thresholds are moved by one thread at a time. */
static void thresholds_move_under_all_threads(void **state)
{
	struct memtier_builder *builder = memtier_builder_new(MEMTIER_POLICY_DYNAMIC_THRESHOLD);
	const size_t min = 16, value = 1000, max = 4096;
	const unsigned count = 1;
	void *block;

	(void)state;
	assert_int_equal(memtier_builder_add_tier(builder, MEMKIND_DEFAULT, 1), 0);
	assert_int_equal(memtier_builder_add_tier(builder, MEMKIND_REGULAR, 4), 0);
	memtier_ctl_set(builder, "policy.dynamic_threshold.thresholds[0].min", &min);
	memtier_ctl_set(builder, "policy.dynamic_threshold.thresholds[0].val", &value);
	memtier_ctl_set(builder, "policy.dynamic_threshold.thresholds[0].max", &max);
	memtier_ctl_set(builder, "policy.dynamic_threshold.check_cnt", &count);
	memory = memtier_builder_construct_memtier_memory(builder);
	memtier_builder_delete(builder);
	run(work);
	/* Wherever the threshold is now, it has kept its bounds. */
	block = memtier_malloc(memory, min - 1);
	assert_ptr_equal(memkind_detect_kind(block), MEMKIND_DEFAULT);
	memtier_free(block);
	block = memtier_malloc(memory, max);
	assert_ptr_equal(memkind_detect_kind(block), MEMKIND_REGULAR);
	memtier_free(block);
	check_counts();
	free_all();
	memtier_delete_memtier_memory(memory);
}

static void a_child_has_the_counts(void **state)
{
	int status;
	pid_t child;

	(void)state;
	memory = new_memory(MEMTIER_POLICY_STATIC_RATIO, 1, 1);
	run(work);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		for (unsigned i = 0; i < SLOT_COUNT; i++)
			memtier_free(slots[i]);
		_exit(memtier_kind_allocated_size(MEMKIND_DEFAULT) +
					      memtier_kind_allocated_size(MEMKIND_REGULAR) ==
				      0
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	check_counts();
	free_all();
	memtier_delete_memtier_memory(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ratios_hold_within_a_hundredth),
		cmocka_unit_test(ratios_hold_where_other_threads_free),
		cmocka_unit_test(counts_have_the_parts_of_living_threads),
		cmocka_unit_test(thresholds_move_under_all_threads),
		cmocka_unit_test(a_child_has_the_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
