/* SPDX-License-Identifier: BSD-2-Clause */
/* Thread caches: objects go back to their owner, and nothing is lost when threads end. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "heap/cache.h"
#include "heap/depot.h"
#include "heap/fast.h"
#include "heap/fork.h"
#include "heap/heap.h"
#include "heap/magazine.h"
#include "heap/meta.h"
#include "support/heap_invariants.h"
#include "support/plain_backing.h"

static struct mk_heap *new_heap(size_t reservation_size, size_t limit)
{
	/* A heap refers to its backing until the process ends. */
	static struct plain_backing backings[24];
	static size_t count;
	struct plain_backing *backing = &backings[count++];
	struct mk_heap *heap;

	assert_true(count <= MK_ARRAY_SIZE(backings));
	plain_start(backing, reservation_size);
	backing->commit_limit = limit;
	assert_int_equal(mk_heap_create(&backing->head, NULL, &heap), 0);
	return heap;
}

static void run_threads(unsigned count, void *(*body)(void *), void *argument)
{
	pthread_t threads[512];

	assert_true(count <= MK_ARRAY_SIZE(threads));
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, body, argument), 0);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void the_hot_path_misses_what_it_must(void **state)
{
	(void)state;
	assert_null(mk_fast_take(0, mk_class_of_small(64)));
	assert_null(mk_fast_take(0, MK_CLASS_NONE));
	assert_null(mk_fast_take(MK_HEAP_LIMIT - 1, mk_class_of_small(64)));
	assert_false(mk_fast_free(NULL));
	assert_false(mk_fast_free((void *)UINTPTR_MAX));
	assert_false(mk_fast_free(&state));
}

static void a_freed_object_is_served_again_by_the_hot_path(void **state)
{
	struct mk_heap *heap = new_heap(64 * MK_MIB, SIZE_MAX);
	unsigned number = mk_heap_number(heap);

	(void)state;
	for (size_t size = 1; size <= MK_SMALL_SIZE; size += 13) {
		void *block = mk_heap_malloc(heap, size);

		assert_non_null(block);
		mk_heap_free(block);
		assert_ptr_equal(mk_fast_take(number, mk_class_of_small(size)), block);
		assert_true(mk_fast_free(block));
	}
}

static void *free_all(void *argument)
{
	void **blocks = argument;

	for (; *blocks != NULL; blocks++)
		mk_heap_free(*blocks);
	return NULL;
}

static void objects_freed_elsewhere_go_back_to_their_own_heap(void **state)
{
	enum { COUNT = 5000 };
	static void *blocks[COUNT + 1];
	struct mk_heap *heaps[2] = {new_heap(64 * MK_MIB, SIZE_MAX),
				    new_heap(64 * MK_MIB, SIZE_MAX)};

	(void)state;
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < COUNT; i++) {
			blocks[i] = mk_heap_malloc(heaps[i % 2], 1 + i % 3000);
			assert_ptr_equal(mk_heap_of(blocks[i]), heaps[i % 2]);
		}
		run_threads(1, free_all, blocks);
	}
}

static void allocate_and_free(struct mk_heap *heap, void **blocks, size_t count, size_t size)
{
	for (size_t i = 0; i < count; i++)
		blocks[i] = mk_heap_malloc(heap, size);
	for (size_t i = 0; i < count; i++)
		mk_heap_free(blocks[i]);
}

/* As if the last trim were long ago. */
static void trim_now(struct mk_heap *heap)
{
	heap->trim_ms = 0;
	mk_depot_give_idle(heap);
}

static void depots_are_bounded_and_trimmed(void **state)
{
	enum { COUNT = 50000, SIZE = 1024, DEPOT_LIMIT = 32 << 20 };
	static void *blocks[COUNT];
	struct mk_heap *heap = new_heap(256 * MK_MIB, SIZE_MAX);
	size_t before;

	(void)state;
	allocate_and_free(heap, blocks, COUNT, SIZE);
	assert_in_range(heap->depot_size, DEPOT_LIMIT - MK_MIB, DEPOT_LIMIT);
	/* All but the depot, two magazines and a slab is one span again. */
	assert_true(heap->pages.dirty_size > COUNT * (size_t)SIZE - DEPOT_LIMIT - MK_MIB);

	/* What was used since the last trim stays, the rest goes. */
	trim_now(heap);
	before = heap->depot_size;
	allocate_and_free(heap, blocks, COUNT / 10, SIZE);
	trim_now(heap);
	assert_in_range(heap->depot_size, COUNT / 10 * SIZE / 2, before / 2);
	trim_now(heap);
	assert_int_equal(heap->depot_size, 0);
}

static void a_heap_empties_its_depots_before_it_grows(void **state)
{
	enum { COUNT = 15000, SIZE = 1024 };
	static void *blocks[COUNT];
	struct mk_heap *heap = new_heap(256 * MK_MIB, SIZE_MAX);
	size_t before;

	(void)state;
	allocate_and_free(heap, blocks, COUNT, SIZE);
	assert_true(heap->depot_size > COUNT / 2 * (size_t)SIZE);
	before = heap->pages.committed_size;
	for (size_t i = 0; i < COUNT / 3; i++)
		assert_non_null(blocks[i] = mk_heap_malloc(heap, 2 * SIZE));
	assert_int_equal(heap->pages.committed_size, before);
	for (size_t i = 0; i < COUNT / 3; i++)
		mk_heap_free(blocks[i]);
}

static struct mk_cache *own_cache(struct mk_heap *heap)
{
	return mk_cache_of(mk_heap_number(heap));
}

/* As many frees and allocations of a class as it takes to exchange COUNT magazines with the depot. */
static void exchange_magazines(struct mk_heap *heap, size_t size, size_t count)
{
	static void *blocks[64 * MK_MAGAZINE_SLOTS];
	size_t block_count = count * mk_classes[mk_class_of(size)].magazine_count;

	assert_true(block_count <= MK_ARRAY_SIZE(blocks));
	allocate_and_free(heap, blocks, block_count, size);
}

static void a_cache_gives_back_classes_that_are_not_used(void **state)
{
	struct mk_heap *heap = new_heap(256 * MK_MIB, SIZE_MAX);
	unsigned idle_class = mk_class_of(1024), class = mk_class_of(64);

	(void)state;
	exchange_magazines(heap, 1024, 1);
	assert_ptr_not_equal(own_cache(heap)->top[idle_class], MK_MAGAZINE_NONE_TOP);
	/* The hand comes round twice, a class at every eighth exchange. */
	for (int turn = 0; turn < 2 * 8; turn++)
		exchange_magazines(heap, 64, 64);
	assert_ptr_equal(own_cache(heap)->top[idle_class], MK_MAGAZINE_NONE_TOP);
	assert_null(own_cache(heap)->full[idle_class]);
	assert_null(own_cache(heap)->empty[idle_class]);
	assert_ptr_not_equal(own_cache(heap)->top[class], MK_MAGAZINE_NONE_TOP);
}

/* Batches that fit into its magazines, small and full, cost a thread neither a lock nor the depot. */
static void a_batch_stays_with_its_thread(void **state)
{
	struct mk_heap *heap = new_heap(256 * MK_MIB, SIZE_MAX);
	unsigned class = mk_class_of(128);
	uint64_t acquire_count;

	(void)state;
	exchange_magazines(heap, 128, mk_classes[class].full_limit);
	acquire_count = heap->class[class].lock.acquire_count;
	for (int turn = 0; turn < 100; turn++)
		exchange_magazines(heap, 128, mk_classes[class].full_limit);
	assert_int_equal(heap->class[class].lock.acquire_count, acquire_count);
}

static void a_cache_keeps_no_more_magazines_than_it_needs(void **state)
{
	struct mk_heap *heap = new_heap(256 * MK_MIB, SIZE_MAX);
	unsigned class = mk_class_of(128);
	unsigned limit = mk_classes[class].full_limit;

	(void)state;
	exchange_magazines(heap, 128, 2 * (size_t)limit);
	assert_int_equal(own_cache(heap)->full_count[class], limit);
	assert_true(heap->class[class].full_count > 0);
	/* The hand comes round twice while two magazines are enough. */
	for (int turn = 0; turn < 8 * MK_CLASS_COUNT; turn++)
		exchange_magazines(heap, 128, 3);
	assert_in_range(own_cache(heap)->full_count[class], 1, 4);
}

static void a_cache_is_bounded_in_bytes(void **state)
{
	enum { CACHE_LIMIT = 4 << 20, MOST_OF_ONE_CLASS = 2 << 20 };
	struct mk_heap *heap = new_heap(MK_GIB, SIZE_MAX);

	(void)state;
	for (int round = 0; round < 3; round++)
		for (size_t size = 20 * MK_KIB; size <= MK_MIB; size += size / 4) {
			exchange_magazines(heap, size, 3);
			assert_in_range(own_cache(heap)->size, 0, CACHE_LIMIT + MOST_OF_ONE_CLASS);
		}
	assert_true(own_cache(heap)->size > CACHE_LIMIT / 4);
}

static pthread_barrier_t flush_barrier;

static bool holds(struct mk_heap *heap, size_t size)
{
	return own_cache(heap)->top[mk_class_of(size)] != MK_MAGAZINE_NONE_TOP;
}

/* Returns the heap if its cache was full and then was flushed. */
static void *hold_and_flush(void *argument)
{
	struct mk_heap *heap = argument;
	bool was_full, is_empty;

	mk_heap_free(mk_heap_malloc(heap, 1024));
	was_full = holds(heap, 1024);
	pthread_barrier_wait(&flush_barrier); /* the cache is full */
	pthread_barrier_wait(&flush_barrier); /* the heap was out of memory */
	mk_heap_free(mk_heap_malloc(heap, 64));
	is_empty = !holds(heap, 1024);
	return was_full && is_empty ? heap : NULL;
}

static void a_heap_out_of_memory_has_other_threads_flush(void **state)
{
	struct mk_heap *heap = new_heap(64 * MK_MIB, 8 * MK_MIB);
	pthread_t thread;
	void *result;

	(void)state;
	pthread_barrier_init(&flush_barrier, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, hold_and_flush, heap), 0);
	pthread_barrier_wait(&flush_barrier);
	assert_null(mk_heap_malloc(heap, 16 * MK_MIB));
	pthread_barrier_wait(&flush_barrier);
	pthread_join(thread, &result);
	pthread_barrier_destroy(&flush_barrier);
	assert_ptr_equal(result, heap);
}

static void *free_then_allocate(void *block)
{
	struct mk_heap *heap = mk_heap_of(block);
	char *own;

	mk_heap_free(block);
	own = mk_heap_malloc(heap, 8);
	return own;
}

static void a_threads_first_free_is_not_its_first_block(void **state)
{
	struct mk_heap *heap = new_heap(64 * MK_MIB, SIZE_MAX);
	char *ours = mk_heap_malloc(heap, 8), *passed = mk_heap_malloc(heap, 8);
	pthread_t thread;
	void *theirs;

	(void)state;
	assert_int_equal((uintptr_t)ours / 64, (uintptr_t)passed / 64);
	assert_int_equal(pthread_create(&thread, NULL, free_then_allocate, passed), 0);
	pthread_join(thread, &theirs);
	assert_int_not_equal((uintptr_t)ours / 64, (uintptr_t)theirs / 64);
	mk_heap_free(theirs);
	mk_heap_free(ours);
}

static void *allocate_and_leave(void *argument)
{
	struct mk_heap *heap = argument;
	void *blocks[200];

	for (size_t i = 0; i < MK_ARRAY_SIZE(blocks); i++) {
		blocks[i] = mk_heap_malloc(heap, 8 + i * 100);
		assert_non_null(blocks[i]);
		memset(blocks[i], 1, 8 + i * 100);
	}
	for (size_t i = 0; i < MK_ARRAY_SIZE(blocks); i++)
		mk_heap_free(blocks[i]);
	return NULL;
}

static void threads_that_end_leave_nothing_behind(void **state)
{
	struct mk_heap *heap = new_heap(64 * MK_MIB, 12 * MK_MIB);
	size_t metadata = 0;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		run_threads(1, allocate_and_leave, heap);
		if (i == 10)
			metadata = mk_meta_mapped_size();
	}
	assert_int_equal(mk_meta_mapped_size(), metadata);
	/* All of the heap is there again, in one piece. */
	assert_non_null(mk_heap_malloc(heap, 11 * MK_MIB));
}

struct small_heap {
	struct mk_heap *heap;
	pthread_barrier_t barrier;
	_Atomic unsigned served;
};

static void *want_64_bytes(void *argument)
{
	struct small_heap *small = argument;

	small->served += mk_heap_malloc(small->heap, 64) != NULL;
	pthread_barrier_wait(&small->barrier);
	return NULL;
}

static void many_threads_share_a_small_heap(void **state)
{
	struct small_heap small = {.heap = new_heap(16 * MK_MIB, 16 * MK_MIB)};

	(void)state;
	pthread_barrier_init(&small.barrier, NULL, 512);
	run_threads(512, want_64_bytes, &small);
	assert_int_equal(small.served, 512);
}

/* Blocks in flight between threads: each thread replaces random slots. */
static _Atomic(unsigned char *) slots[512];

static void *exchange(void *argument)
{
	struct mk_heap *heap = argument;
	unsigned seed = (unsigned)(uintptr_t)&seed;

	for (int i = 0; i < 30000; i++) {
		size_t size = 1 + (size_t)rand_r(&seed) % ((size_t)1 << (1 + rand_r(&seed) % 18));
		unsigned char *block = mk_heap_malloc(heap, size);

		assert_non_null(block);
		block[0] = block[size - 1] = (unsigned char)size;
		block = atomic_exchange(&slots[rand_r(&seed) % MK_ARRAY_SIZE(slots)], block);
		if (block != NULL) {
			assert_true(mk_heap_usable_size(block) >= 1);
			mk_heap_free(block);
		}
	}
	return NULL;
}

static void blocks_may_change_hands(void **state)
{
	struct mk_heap *heap = new_heap(MK_GIB, SIZE_MAX);

	(void)state;
	run_threads(8, exchange, heap);
	for (size_t i = 0; i < MK_ARRAY_SIZE(slots); i++) {
		mk_heap_free(slots[i]);
		slots[i] = NULL;
	}
}

static _Atomic bool stopping;

static void *allocate_until_stopped(void *argument)
{
	struct mk_heap *heap = argument;

	while (!stopping) {
		allocate_and_leave(heap);
		mk_heap_free(mk_heap_malloc(heap, 2 * MK_MIB));
	}
	return NULL;
}

/* No caches: nearly all the time is spent under locks. */
static void *keep_locks_busy(void *argument)
{
	struct mk_heap *heap = argument;
	unsigned class = mk_class_of(16 << 10);
	void *blocks[64];
	bool zeroed;

	while (!stopping) {
		for (size_t i = 0; i < MK_ARRAY_SIZE(blocks); i++)
			blocks[i] = mk_cache_take_direct(heap, class);
		for (size_t pages = 1; pages < 32; pages++)
			mk_pages_free(
				mk_pages_alloc(heap, pages, MK_PAGE_SIZE, MK_CLASS_LARGE, &zeroed));
		for (size_t i = 0; i < MK_ARRAY_SIZE(blocks); i++)
			mk_cache_give_direct(heap, class, blocks[i]);
	}
	return NULL;
}

static void fork_under(void *(*body)(void *), int (*in_child)(struct mk_heap *heap))
{
	struct mk_heap *heap = new_heap(MK_GIB, SIZE_MAX);
	pthread_t threads[4];

	stopping = false;
	for (size_t i = 0; i < MK_ARRAY_SIZE(threads); i++)
		pthread_create(&threads[i], NULL, body, heap);
	for (int i = 0; i < 100; i++) {
		int status;
		pid_t child;

		mk_heap_lock_all_for_fork();
		child = fork();
		if (child == 0) {
			mk_heap_reset_all_in_child();
			alarm(20);
			_exit(in_child(heap));
		}
		mk_heap_unlock_all_for_fork();
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
	stopping = true;
	for (size_t i = 0; i < MK_ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
}

static int allocate_in_child(struct mk_heap *heap)
{
	allocate_and_leave(heap);
	mk_heap_free(mk_heap_malloc(heap, 2 * MK_MIB));
	return 0;
}

static int look_at_records(struct mk_heap *heap)
{
	const char *fault = heap_fault(heap, NULL);

	if (fault != NULL)
		print_message("in the child: %s\n", fault);
	return fault != NULL;
}

static void a_fork_child_can_allocate(void **state)
{
	(void)state;
	fork_under(allocate_until_stopped, allocate_in_child);
}

/* No thread was in the middle of a change. */
static void a_fork_child_finds_all_records_whole(void **state)
{
	(void)state;
	fork_under(keep_locks_busy, look_at_records);
}

static pthread_key_t late_key;
static struct mk_heap *late_heap;

static void use_heap_late(void *value)
{
	static _Atomic int rounds;
	void *block = mk_heap_malloc(late_heap, 100);

	assert_non_null(block);
	mk_heap_free(block);
	mk_heap_free(value);
	if (++rounds < 3)
		pthread_setspecific(late_key, mk_heap_malloc(late_heap, 200));
}

static void *leave_work_to_a_destructor(void *argument)
{
	pthread_setspecific(late_key, mk_heap_malloc(late_heap, 300));
	return argument;
}

static void a_heap_may_be_used_in_destructors_of_thread_data(void **state)
{
	(void)state;
	late_heap = new_heap(64 * MK_MIB, 4 * MK_MIB);
	assert_non_null(mk_heap_malloc(late_heap, 1)); /* our key is older than this one */
	assert_int_equal(pthread_key_create(&late_key, use_heap_late), 0);
	for (int i = 0; i < 3000; i++)
		run_threads(1, leave_work_to_a_destructor, NULL);
	assert_non_null(mk_heap_malloc(late_heap, 3 * MK_MIB));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hot_path_misses_what_it_must),
		cmocka_unit_test(a_freed_object_is_served_again_by_the_hot_path),
		cmocka_unit_test(objects_freed_elsewhere_go_back_to_their_own_heap),
		cmocka_unit_test(depots_are_bounded_and_trimmed),
		cmocka_unit_test(a_heap_empties_its_depots_before_it_grows),
		cmocka_unit_test(a_cache_gives_back_classes_that_are_not_used),
		cmocka_unit_test(a_batch_stays_with_its_thread),
		cmocka_unit_test(a_cache_keeps_no_more_magazines_than_it_needs),
		cmocka_unit_test(a_cache_is_bounded_in_bytes),
		cmocka_unit_test(a_heap_out_of_memory_has_other_threads_flush),
		cmocka_unit_test(a_threads_first_free_is_not_its_first_block),
		cmocka_unit_test(threads_that_end_leave_nothing_behind),
		cmocka_unit_test(many_threads_share_a_small_heap),
		cmocka_unit_test(blocks_may_change_hands),
		cmocka_unit_test(a_fork_child_can_allocate),
		cmocka_unit_test(a_fork_child_finds_all_records_whole),
		cmocka_unit_test(a_heap_may_be_used_in_destructors_of_thread_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
