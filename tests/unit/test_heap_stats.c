/* SPDX-License-Identifier: BSD-2-Clause */
/* What a heap says it holds, against what the test knows that it holds. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "heap/class.h"
#include "heap/heap.h"
#include "heap/registry.h"
#include "heap/stats.h"
#include "support/heap_invariants.h"
#include "support/plain_backing.h"

enum { BLOCK_COUNT = 4000 };

static int owner;

static struct mk_heap *new_heap(struct plain_backing *backing)
{
	struct mk_heap *heap;

	*backing = (struct plain_backing){0};
	plain_start(backing, 256 * MK_MIB);
	assert_int_equal(mk_heap_create(&backing->head, &owner, &heap), 0);
	return heap;
}

static void read_stats(struct mk_heap *heap, struct mk_heap_stats *ret_stats)
{
	mk_registry_lock();
	mk_stats_read(heap, ret_stats);
	mk_registry_unlock();
}

/* All sizes, small ones more often. */
static size_t size_of(size_t i)
{
	return i % 100 == 0 ? i * 1000 + 1 : i % 10 == 0 ? i * 20 + 1 : i % 700 + 1;
}

/* Returns their usable bytes. */
static size_t allocate(struct mk_heap *heap, void **blocks)
{
	size_t usable = 0;

	for (size_t i = 0; i < BLOCK_COUNT; i++) {
		blocks[i] = mk_heap_malloc(heap, size_of(i));
		assert_non_null(blocks[i]);
		usable += mk_heap_usable_size(blocks[i]);
	}
	return usable;
}

static void check_sums(struct mk_heap *heap, size_t usable)
{
	struct mk_heap_stats stats;
	size_t used, free_size = 0;

	read_stats(heap, &stats);
	assert_null(heap_fault(heap, &used));
	assert_int_equal(stats.total.allocated_size, usable);
	assert_int_equal(stats.total.active_size, used);
	assert_int_equal(stats.committed_size, heap->pages.committed_size);
	assert_in_range(stats.total.resident_size, 0, stats.committed_size);
	for (unsigned group = 0; group < MK_FREE_GROUP_COUNT; group++)
		free_size += stats.free[group].size[MK_SPAN_FRESH] +
			     stats.free[group].size[MK_SPAN_DIRTY];
	assert_int_equal(free_size + used, stats.committed_size);
}

static void blocks_count_and_what_caches_hold_does_not(void **state)
{
	static void *blocks[BLOCK_COUNT];
	struct plain_backing backing;
	struct mk_heap *heap = new_heap(&backing);
	size_t usable;

	(void)state;
	check_sums(heap, 0);
	for (int round = 0; round < 3; round++) {
		usable = allocate(heap, blocks);
		check_sums(heap, usable);
		for (size_t i = 0; i < BLOCK_COUNT; i++) {
			usable -= mk_heap_usable_size(blocks[i]);
			mk_heap_free(blocks[i]);
			if (i % 500 == 0)
				check_sums(heap, usable);
		}
		check_sums(heap, 0);
	}
	mk_heap_destroy(heap);
}

static void each_class_counts_its_own(void **state)
{
	struct plain_backing backing;
	struct mk_heap *heap = new_heap(&backing);
	struct mk_heap_stats stats;

	(void)state;
	for (unsigned class = 1; class < MK_CLASS_LARGE; class ++)
		for (unsigned i = 0; i < class; i++)
			assert_non_null(mk_heap_malloc(heap, mk_classes[class].size));
	for (unsigned i = 0; i < 7; i++)
		assert_non_null(mk_heap_malloc(heap, MK_MIB + 1));
	read_stats(heap, &stats);
	for (unsigned class = 1; class < MK_CLASS_LARGE; class ++) {
		assert_int_equal(stats.class[class].live_count, class);
		assert_true(stats.class[class].slot_count >=
			    stats.class[class].live_count + stats.class[class].cached_count);
		assert_true(stats.class[class].span_count >= 1);
		assert_true(stats.class[class].acquire_count >= 1);
	}
	assert_int_equal(stats.class[MK_CLASS_LARGE].live_count, 7);
	assert_int_equal(stats.class[MK_CLASS_LARGE].page_count, 7 * (MK_MIB / MK_PAGE_SIZE + 1));
	mk_heap_destroy(heap);
}

static void a_resized_block_counts_as_it_is(void **state)
{
	struct plain_backing backing;
	struct mk_heap *heap = new_heap(&backing);
	void *block = mk_heap_malloc(heap, 4 * MK_MIB);

	(void)state;
	assert_true(mk_heap_resize(block, 6 * MK_MIB));
	check_sums(heap, 6 * MK_MIB);
	assert_true(mk_heap_resize(block, MK_MIB / 2));
	check_sums(heap, MK_MIB / 2);
	assert_true(mk_heap_resize(block, 3 * MK_MIB));
	check_sums(heap, 3 * MK_MIB);
	mk_heap_free(block);
	check_sums(heap, 0);
	mk_heap_destroy(heap);
}

/* R4 */
static void resident_is_what_was_touched(void **state)
{
	struct plain_backing backing;
	struct mk_heap *heap = new_heap(&backing);
	struct mk_heap_stats stats;
	size_t unit = mk_vm_page_size();
	size_t dummy;
	char *block = mk_heap_malloc(heap, 8 * MK_MIB);

	(void)state;
	if (mk_vm_resident(block, unit, &dummy) != 0)
		skip(); /* an emulator without mincore */
	mk_vm_refuse_huge_pages(block, 8 * MK_MIB);
	read_stats(heap, &stats);
	assert_int_equal(stats.total.resident_size, 0);
	for (size_t i = 0; i < 10; i++)
		block[i * unit] = 1;
	read_stats(heap, &stats);
	assert_int_equal(stats.total.resident_size, 10 * unit);
	assert_int_equal(mk_vm_purge(block, 5 * unit), 0);
	read_stats(heap, &stats);
	assert_int_equal(stats.total.resident_size, 5 * unit);
	mk_heap_destroy(heap);
}

static void a_snapshot_stays_and_a_new_heap_gets_one(void **state)
{
	struct plain_backing backings[2];
	struct mk_heap *first = new_heap(&backings[0]), *second;
	struct mk_stats stats, all;

	(void)state;
	mk_stats_get(&owner, &stats);
	assert_int_equal(stats.allocated_size, 0);
	assert_non_null(mk_heap_malloc(first, 512));
	mk_stats_get(&owner, &stats);
	assert_int_equal(stats.allocated_size, 0);
	mk_stats_update();
	mk_stats_get(&owner, &stats);
	assert_int_equal(stats.allocated_size, 512);
	second = new_heap(&backings[1]);
	assert_non_null(mk_heap_malloc(second, 1024));
	mk_stats_get(&owner, &stats);
	mk_stats_get(NULL, &all);
	assert_int_equal(stats.allocated_size, 512 + 1024);
	assert_memory_equal(&stats, &all, sizeof(all));
	mk_stats_get(&backings, &stats);
	assert_int_equal(stats.allocated_size + stats.active_size + stats.resident_size, 0);
	mk_heap_destroy(first);
	mk_stats_get(&owner, &stats);
	assert_int_equal(stats.allocated_size, 1024);
	mk_heap_destroy(second);
}

static struct mk_heap *shared;
static _Atomic bool must_stop;
static pthread_barrier_t barrier;

static void *hold_blocks(void *usable)
{
	static _Thread_local void *blocks[BLOCK_COUNT];

	*(size_t *)usable = allocate(shared, blocks);
	for (size_t i = 0; i < BLOCK_COUNT; i += 2) {
		*(size_t *)usable -= mk_heap_usable_size(blocks[i]);
		mk_heap_free(blocks[i]);
	}
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	for (size_t i = 1; i < BLOCK_COUNT; i += 2)
		mk_heap_free(blocks[i]);
	return NULL;
}

static void caches_of_all_threads_are_seen(void **state)
{
	enum { COUNT = 6 };
	struct plain_backing backing;
	pthread_t threads[COUNT];
	size_t usable[COUNT], sum = 0;

	(void)state;
	shared = new_heap(&backing);
	pthread_barrier_init(&barrier, NULL, COUNT + 1);
	for (size_t i = 0; i < COUNT; i++)
		pthread_create(&threads[i], NULL, hold_blocks, &usable[i]);
	pthread_barrier_wait(&barrier);
	for (size_t i = 0; i < COUNT; i++)
		sum += usable[i];
	check_sums(shared, sum);
	pthread_barrier_wait(&barrier);
	for (size_t i = 0; i < COUNT; i++)
		pthread_join(threads[i], NULL);
	check_sums(shared, 0);
	pthread_barrier_destroy(&barrier);
	mk_heap_destroy(shared);
}

static void *allocate_until_stopped(void *unused)
{
	void *blocks[64] = {NULL};
	unsigned seed = 1;

	while (!must_stop) {
		unsigned i = (seed = seed * 1103515245 + 12345) >> 8 & 63;

		mk_heap_free(blocks[i]);
		blocks[i] = mk_heap_malloc(shared, 1 + (seed >> 14) % 3000);
	}
	for (size_t i = 0; i < MK_ARRAY_SIZE(blocks); i++)
		mk_heap_free(blocks[i]);
	return unused;
}

/* Each thread has no more than 64 blocks of 3 KiB, and moves two magazines at a time. */
static void what_is_said_of_busy_threads_is_near(void **state)
{
	enum { COUNT = 4, LIMIT = 64 * 3072 + 2 * 63 * 3072 };
	struct plain_backing backing;
	pthread_t threads[COUNT];
	struct mk_heap_stats stats;

	(void)state;
	shared = new_heap(&backing);
	must_stop = false;
	for (size_t i = 0; i < COUNT; i++)
		pthread_create(&threads[i], NULL, allocate_until_stopped, NULL);
	for (int round = 0; round < 300; round++) {
		read_stats(shared, &stats);
		assert_in_range(stats.total.allocated_size, 0, COUNT * LIMIT);
		mk_stats_update();
	}
	must_stop = true;
	for (size_t i = 0; i < COUNT; i++)
		pthread_join(threads[i], NULL);
	check_sums(shared, 0);
	mk_heap_destroy(shared);
}

static int deny_mincore(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mincore, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {MK_ARRAY_SIZE(filter), filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* The last one: the filter stays. */
static void without_mincore_what_was_used_counts_as_resident(void **state)
{
	struct plain_backing backing;
	struct mk_heap *heap = new_heap(&backing);
	struct mk_heap_stats stats;
	void *block = mk_heap_malloc(heap, 2 * MK_MIB);

	(void)state;
	if (deny_mincore() != 0)
		skip();
	assert_non_null(mk_heap_malloc(heap, 3 * MK_MIB));
	mk_heap_free(block);
	errno = 77;
	read_stats(heap, &stats);
	assert_int_equal(errno, 77);
	assert_int_equal(stats.total.active_size, 3 * MK_MIB);
	assert_int_equal(stats.total.resident_size, 5 * MK_MIB);
	mk_heap_destroy(heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_count_and_what_caches_hold_does_not),
		cmocka_unit_test(each_class_counts_its_own),
		cmocka_unit_test(a_resized_block_counts_as_it_is),
		cmocka_unit_test(resident_is_what_was_touched),
		cmocka_unit_test(a_snapshot_stays_and_a_new_heap_gets_one),
		cmocka_unit_test(caches_of_all_threads_are_seen),
		cmocka_unit_test(what_is_said_of_busy_threads_is_near),
		cmocka_unit_test(without_mincore_what_was_used_counts_as_resident),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
