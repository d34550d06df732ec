/* SPDX-License-Identifier: BSD-2-Clause */
/* The heaps by number, and their locks around a fork. */
#include <errno.h>
#include <pthread.h>

#include "heap/cache.h"
#include "heap/class.h"
#include "heap/fork.h"
#include "heap/meta.h"
#include "heap/pages.h"

/* Written once under heaps_lock, with release: a reader finds a heap whole, or none. */
static struct mk_heap *heaps[MK_HEAP_LIMIT];
static unsigned heap_count = 1; /* number 0 is no heap */
static struct mk_lock heaps_lock;

static pthread_once_t started = PTHREAD_ONCE_INIT;

static void start(void)
{
	mk_class_start();
	mk_cache_start();
}

static int add(struct mk_heap *heap)
{
	int error = 0;

	mk_lock_acquire(&heaps_lock, MK_RANK_HEAPS);
	if (heap_count < MK_HEAP_LIMIT) {
		heap->number = heap_count;
		__atomic_store_n(&heaps[heap_count], heap, __ATOMIC_RELEASE);
		heap_count++;
	} else {
		error = -ENFILE;
	}
	mk_lock_release(&heaps_lock, MK_RANK_HEAPS);
	return error;
}

int mk_heap_create(struct mk_backing *backing, void *owner, struct mk_heap **ret_heap)
{
	struct mk_heap *heap;
	int error;

	pthread_once(&started, start);
	heap = mk_meta_alloc(MK_META_HEAP);
	if (heap == NULL)
		return -ENOMEM;
	heap->backing = backing;
	heap->owner = owner;
	mk_pages_start(&heap->pages);
	error = add(heap);
	if (error != 0) {
		mk_meta_free(MK_META_HEAP, heap);
		return error;
	}
	*ret_heap = heap;
	return 0;
}

unsigned mk_heap_number(const struct mk_heap *heap)
{
	return heap->number;
}

void *mk_heap_owner(const struct mk_heap *heap)
{
	return heap->owner;
}

struct mk_heap *mk_heap_by_number(unsigned number)
{
	return number < MK_HEAP_LIMIT ? __atomic_load_n(&heaps[number], __ATOMIC_ACQUIRE) : NULL;
}

static void for_each_class_lock(void (*visit)(struct mk_lock *lock))
{
	for (unsigned number = 1; number < heap_count; number++)
		for (unsigned class = 1; class < MK_CLASS_SMALL_END; class ++)
			visit(&heaps[number]->class[class].lock);
}

static void for_each_pages_lock(void (*visit)(struct mk_lock *lock))
{
	for (unsigned number = 1; number < heap_count; number++)
		visit(&heaps[number]->pages.lock);
}

void mk_heap_lock_all_for_fork(void)
{
	mk_lock_acquire_for_fork(&heaps_lock);
	mk_lock_close_gate(MK_RANK_CLASS);
	for_each_class_lock(mk_lock_acquire_for_fork);
	mk_lock_close_gate(MK_RANK_PAGES);
	for_each_pages_lock(mk_lock_acquire_for_fork);
	mk_meta_lock_for_fork();
}

void mk_heap_unlock_all_for_fork(void)
{
	mk_meta_unlock_for_fork();
	for_each_pages_lock(mk_lock_release_for_fork);
	for_each_class_lock(mk_lock_release_for_fork);
	mk_lock_open_gate();
	mk_lock_release_for_fork(&heaps_lock);
}

void mk_heap_reset_all_in_child(void)
{
	mk_meta_reset_in_child();
	for_each_pages_lock(mk_lock_reset_in_child);
	for_each_class_lock(mk_lock_reset_in_child);
	mk_lock_reset_gate_in_child();
	mk_lock_reset_in_child(&heaps_lock);
}
