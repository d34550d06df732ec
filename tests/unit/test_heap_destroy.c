/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a heap: nothing of it is left, whoever holds a cache of it. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <cmocka.h>

#include "heap/cache.h"
#include "heap/fast.h"
#include "heap/heap.h"
#include "heap/meta.h"
#include "heap/registry.h"
#include "support/heap_invariants.h"
#include "support/plain_backing.h"

enum {
	BLOCK_COUNT = 600,
	ROUND_COUNT = 250, /* magazines left in depots would add up to a region of metadata */
	VISITED_ROUNDS = 500,
};

static struct mk_heap *new_heap(struct plain_backing *backing)
{
	struct mk_heap *heap;

	*backing = (struct plain_backing){0};
	plain_start(backing, 32 * MK_MIB);
	assert_int_equal(mk_heap_create(&backing->head, NULL, &heap), 0);
	return heap;
}

/* Slabs, caches, depots and large blocks; every third block is left. */
static void use(struct mk_heap *heap, void *blocks[BLOCK_COUNT])
{
	for (size_t size = 8; size <= 2 * MK_MIB; size *= 8) {
		for (size_t i = 0; i < BLOCK_COUNT; i++)
			blocks[i] = mk_heap_malloc(heap, size);
		for (size_t i = 0; i < BLOCK_COUNT; i++) {
			assert_non_null(blocks[i]);
			if (i % 3 != 0)
				mk_heap_free(blocks[i]);
		}
	}
}

static void nothing_of_it_is_left(void **state)
{
	struct plain_backing backing;
	void *blocks[BLOCK_COUNT];
	size_t mapped = 0;

	(void)state;
	for (int round = 0; round < ROUND_COUNT; round++) {
		struct mk_heap *heap = new_heap(&backing);
		unsigned number = mk_heap_number(heap);
		size_t reserved = 0;

		use(heap, blocks);
		for (const struct mk_reservation *at = heap->pages.reservations; at != NULL;
		     at = at->next)
			reserved += at->size;
		mk_heap_destroy(heap);
		assert_int_equal(backing.released, reserved);
		assert_null(mk_heap_by_number(number));
		for (size_t i = 0; i < BLOCK_COUNT; i += 3) {
			assert_null(mk_heap_of(blocks[i]));
			assert_int_equal(mk_pagemap_entry((uintptr_t)blocks[i]), 0);
		}
		if (round == 1)
			mapped = mk_meta_mapped_size();
	}
	assert_int_equal(mk_meta_mapped_size(), mapped);
}

static void a_heap_after_it_starts_empty(void **state)
{
	struct plain_backing first, second;
	struct mk_heap *heap = new_heap(&first);
	unsigned number = mk_heap_number(heap);
	void *blocks[BLOCK_COUNT];

	(void)state;
	use(heap, blocks);
	mk_heap_free(mk_heap_malloc(heap, 64));
	assert_non_null(mk_fast_take(number, mk_class_of_small(64)));
	mk_heap_destroy(heap);
	assert_null(mk_fast_take(number, mk_class_of_small(64)));
	heap = new_heap(&second);
	assert_int_equal(mk_heap_number(heap), number);
	assert_null(mk_fast_take(number, mk_class_of_small(64)));
	assert_int_equal(second.committed, 0);
	assert_ptr_equal(mk_heap_of(mk_heap_malloc(heap, 64)), heap);
	assert_null(heap_fault(heap, NULL));
	mk_heap_destroy(heap);
}

static pthread_barrier_t barrier;
static struct mk_heap *shared;

static void *hold_a_cache(void *blocks)
{
	unsigned number = mk_heap_number(shared);

	use(shared, blocks);
	pthread_barrier_wait(&barrier); /* caches are full */
	pthread_barrier_wait(&barrier); /* the heap is gone */
	for (size_t size = 8; size <= MK_SMALL_SIZE; size *= 2)
		assert_null(mk_fast_take(number, mk_class_of_small(size)));
	return NULL;
}

static void caches_of_other_threads_go_with_it(void **state)
{
	enum { COUNT = 4 };
	static void *blocks[COUNT][BLOCK_COUNT];
	struct plain_backing backing;
	pthread_t threads[COUNT];

	(void)state;
	pthread_barrier_init(&barrier, NULL, COUNT + 1);
	for (int round = 0; round < 10; round++) {
		shared = new_heap(&backing);
		for (size_t i = 0; i < COUNT; i++)
			pthread_create(&threads[i], NULL, hold_a_cache, blocks[i]);
		pthread_barrier_wait(&barrier);
		mk_heap_destroy(shared);
		pthread_barrier_wait(&barrier);
		for (size_t i = 0; i < COUNT; i++)
			pthread_join(threads[i], NULL);
	}
	pthread_barrier_destroy(&barrier);
}

static _Atomic bool must_stop;

static void *visit_all(void *unused)
{
	while (!must_stop)
		mk_registry_visit(mk_pages_purge_idle);
	return unused;
}

static void *end_at_once(void *unused)
{
	mk_heap_free(mk_heap_malloc(shared, 100));
	return unused;
}

/* What the background thread does, without its pauses; and threads that end. */
static void it_goes_while_heaps_are_purged_and_threads_end(void **state)
{
	struct plain_backing backings[3], kept;
	pthread_t visitor, guest;

	(void)state;
	shared = new_heap(&kept);
	must_stop = false;
	assert_int_equal(pthread_create(&visitor, NULL, visit_all, NULL), 0);
	for (int round = 0; round < VISITED_ROUNDS; round++) {
		struct mk_heap *heaps[3];

		for (size_t i = 0; i < 3; i++) {
			heaps[i] = new_heap(&backings[i]);
			mk_heap_free(mk_heap_malloc(heaps[i], 100000));
		}
		if (round % 10 == 0)
			assert_int_equal(pthread_create(&guest, NULL, end_at_once, NULL), 0);
		/* The number in the middle is free while those around it are taken. */
		for (size_t i = 0; i < 3; i++)
			mk_heap_destroy(heaps[(i + 1) % 3]);
		if (round % 10 == 0)
			assert_int_equal(pthread_join(guest, NULL), 0);
	}
	must_stop = true;
	assert_int_equal(pthread_join(visitor, NULL), 0);
	mk_heap_destroy(shared);
}

static void numbers_are_used_again(void **state)
{
	struct plain_backing backing;

	(void)state;
	for (unsigned i = 0; i < 2 * MK_HEAP_LIMIT; i++)
		mk_heap_destroy(new_heap(&backing));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_of_it_is_left),
		cmocka_unit_test(a_heap_after_it_starts_empty),
		cmocka_unit_test(caches_of_other_threads_go_with_it),
		cmocka_unit_test(it_goes_while_heaps_are_purged_and_threads_end),
		cmocka_unit_test(numbers_are_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
