/* SPDX-License-Identifier: BSD-2-Clause */
/* Many threads: first use by all at once, blocks freed elsewhere, forks in between. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <memkind_ng.h>

#include "kinds.h"

enum {
	THREAD_COUNT = 32,
	ROUND_COUNT = 2000,
	SLOT_COUNT = 512,
	FORK_COUNT = 50,
	FORK_THREAD_COUNT = 4, /* each wait of the fork for a lock costs a turn of all threads */
};

/* Blocks change hands here; each starts with its kind and size. */
struct block {
	memkind_t kind;
	size_t size;
};

static _Atomic(struct block *) slots[SLOT_COUNT];
static pthread_barrier_t barrier;
static _Atomic unsigned failures;

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
	unsigned shift = value % 100 == 0 ? 20 : value % 10 == 0 ? 14 : 9;

	return sizeof(struct block) + (next_random(seed) & ((1u << shift) - 1));
}

static struct block *new_block(uint32_t *seed)
{
	memkind_t kind = *all_kinds[next_random(seed) % KIND_COUNT].handle;
	size_t size = random_size(seed);
	struct block *block = memkind_malloc(kind, size);

	if (block == NULL)
		return NULL;
	memset(block, 0xa5, size);
	block->kind = kind;
	block->size = size;
	return block;
}

static void check_and_free(struct block *block, uint32_t *seed)
{
	const unsigned char *bytes = (unsigned char *)block;

	if (memkind_detect_kind(block) != block->kind ||
	    (block->size > sizeof(*block) && bytes[block->size - 1] != 0xa5))
		failures++;
	memkind_free(next_random(seed) % 2 == 0 ? NULL : block->kind, block);
}

static void *exchange_blocks(void *argument)
{
	uint32_t seed = 12345u + 2654435761u * (uint32_t)(uintptr_t)argument;

	pthread_barrier_wait(&barrier);
	for (unsigned i = 0; i < ROUND_COUNT; i++) {
		struct block *block = new_block(&seed);

		if (block == NULL)
			failures++;
		block = atomic_exchange(&slots[next_random(&seed) % SLOT_COUNT], block);
		if (block != NULL)
			check_and_free(block, &seed);
	}
	return NULL;
}

static void run(pthread_t *threads, unsigned count, void *(*body)(void *))
{
	for (uintptr_t i = 0; i < count; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, body, (void *)i), 0);
}

static void join(pthread_t *threads, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void blocks_may_be_freed_by_any_thread(void **state)
{
	pthread_t threads[THREAD_COUNT];
	uint32_t seed = 1;

	(void)state;
	pthread_barrier_init(&barrier, NULL, THREAD_COUNT);
	run(threads, THREAD_COUNT, exchange_blocks);
	join(threads, THREAD_COUNT);
	assert_int_equal(failures, 0);
	/* Their threads are gone. */
	for (unsigned i = 0; i < SLOT_COUNT; i++)
		if (slots[i] != NULL)
			check_and_free(atomic_exchange(&slots[i], NULL), &seed);
	assert_int_equal(failures, 0);
}

static void rescans_do_not_disturb_allocations(void **state)
{
	pthread_t threads[THREAD_COUNT];

	(void)state;
	run(threads, THREAD_COUNT, exchange_blocks);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(memkind_ng_rescan(), 0);
	join(threads, THREAD_COUNT);
	assert_int_equal(failures, 0);
}

static _Atomic int must_stop;

static void *allocate_until_told(void *argument)
{
	uint32_t seed = 99u + (uint32_t)(uintptr_t)argument;

	while (!must_stop) {
		struct block *block = new_block(&seed);

		if (block != NULL)
			check_and_free(block, &seed);
		memkind_check_available(MEMKIND_DAX_KMEM);
	}
	return NULL;
}

static int use_all_kinds_in_child(void)
{
	uint32_t seed = 7;

	alarm(60); /* a lock that nobody will release ends the child */
	memkind_ng_rescan();
	for (unsigned i = 0; i < 300; i++) {
		struct block *block = new_block(&seed);

		if (block == NULL)
			return 1;
		check_and_free(block, &seed);
	}
	return failures != 0;
}

static void a_forked_child_can_allocate(void **state)
{
	pthread_t threads[FORK_THREAD_COUNT];

	(void)state;
	run(threads, FORK_THREAD_COUNT, allocate_until_told);
	for (unsigned i = 0; i < FORK_COUNT; i++) {
		int status = 0;
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0)
			_exit(use_all_kinds_in_child());
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
	must_stop = 1;
	join(threads, FORK_THREAD_COUNT);
	assert_int_equal(failures, 0);
}

int main(void)
{
	/* The first one is the first use of the library, by all threads at once. */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_may_be_freed_by_any_thread),
		cmocka_unit_test(rescans_do_not_disturb_allocations),
		cmocka_unit_test(a_forked_child_can_allocate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
