/* SPDX-License-Identifier: BSD-2-Clause */
/* The heaps by number, and their locks around a fork. */
#include <errno.h>
#include <pthread.h>

#include "heap/cache.h"
#include "heap/class.h"
#include "heap/fork.h"
#include "heap/meta.h"
#include "heap/pages.h"
#include "heap/registry.h"
#include "heap/threads.h"

/* Written under heaps_lock, with release: a reader finds a heap whole, or none. */
static struct mk_heap *heaps[MK_HEAP_LIMIT];
static unsigned heap_end = 1; /* above all numbers ever used; number 0 is no heap */
static size_t removed_count;
static struct mk_lock heaps_lock;

static pthread_once_t started = PTHREAD_ONCE_INIT;

static void start(void)
{
	mk_class_start();
	mk_cache_start();
}

void mk_registry_lock(void)
{
	mk_lock_acquire(&heaps_lock, MK_RANK_HEAPS);
}

void mk_registry_unlock(void)
{
	mk_lock_release(&heaps_lock, MK_RANK_HEAPS);
}

struct mk_heap *mk_registry_next(const void *owner, unsigned number)
{
	for (; number < heap_end; number++)
		if (heaps[number] != NULL && (owner == NULL || heaps[number]->owner == owner))
			return heaps[number];
	return NULL;
}

static int add(struct mk_heap *heap)
{
	unsigned number = 1;
	int error = 0;

	mk_registry_lock();
	while (number < heap_end && heaps[number] != NULL)
		number++;
	if (number < MK_HEAP_LIMIT) {
		heap->number = number;
		__atomic_store_n(&heaps[number], heap, __ATOMIC_RELEASE);
		if (number == heap_end)
			heap_end++;
	} else {
		error = -ENFILE;
	}
	mk_registry_unlock();
	return error;
}

void mk_registry_remove(struct mk_heap *heap)
{
	__atomic_store_n(&heaps[heap->number], NULL, __ATOMIC_RELEASE);
	removed_count++;
}

size_t mk_registry_removed_count(void)
{
	size_t count;

	mk_registry_lock();
	count = removed_count;
	mk_registry_unlock();
	return count;
}

void mk_registry_visit(void (*visit)(struct mk_heap *heap))
{
	bool is_at_end = false;

	for (unsigned number = 1; !is_at_end; number++) {
		mk_registry_lock();
		is_at_end = number >= heap_end;
		if (!is_at_end && heaps[number] != NULL)
			visit(heaps[number]);
		mk_registry_unlock();
	}
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

void mk_heap_tally_to(struct mk_heap *heap, _Atomic int64_t *total)
{
	heap->total = total;
}

unsigned mk_heap_number(const struct mk_heap *heap)
{
	return heap->number;
}

void *mk_heap_owner(const struct mk_heap *heap)
{
	return heap->owner;
}

struct mk_backing *mk_heap_backing(const struct mk_heap *heap)
{
	return heap->backing;
}

struct mk_heap *mk_heap_by_number(unsigned number)
{
	return number < MK_HEAP_LIMIT ? __atomic_load_n(&heaps[number], __ATOMIC_ACQUIRE) : NULL;
}

static void for_each_class_lock(void (*visit)(struct mk_lock *lock))
{
	for (unsigned number = 1; number < heap_end; number++)
		for (unsigned class = 1; heaps[number] != NULL && class < MK_CLASS_LARGE; class ++)
			visit(&heaps[number]->class[class].lock);
}

static void for_each_pages_lock(void (*visit)(struct mk_lock *lock))
{
	for (unsigned number = 1; number < heap_end; number++)
		if (heaps[number] != NULL)
			visit(&heaps[number]->pages.lock);
}

void mk_heap_lock_all_for_fork(void)
{
	mk_lock_acquire_for_fork(&heaps_lock);
	mk_threads_lock_for_fork();
	mk_lock_close_gate(MK_RANK_CLASS);
	for_each_class_lock(mk_lock_acquire_for_fork);
	mk_lock_close_gate(MK_RANK_PAGES);
	for_each_pages_lock(mk_lock_acquire_for_fork);
	mk_meta_lock_for_fork();
}

void mk_heap_unlock_all_for_fork(void)
{
	/* First: whoever gets the lock of a class must not wait at the gate, which the next fork closes. */
	mk_lock_open_gate();
	mk_meta_unlock_for_fork();
	for_each_pages_lock(mk_lock_release_for_fork);
	for_each_class_lock(mk_lock_release_for_fork);
	mk_threads_unlock_for_fork();
	mk_lock_release_for_fork(&heaps_lock);
}

void mk_heap_reset_all_in_child(void)
{
	mk_meta_reset_in_child();
	for_each_pages_lock(mk_lock_reset_in_child);
	for_each_class_lock(mk_lock_reset_in_child);
	mk_threads_reset_in_child();
	/* Whoever was in a hurry is not here. */
	for (unsigned number = 1; number < heap_end; number++)
		if (heaps[number] != NULL)
			atomic_store_explicit(&heaps[number]->hurry, 0, memory_order_relaxed);
	mk_lock_reset_gate_in_child();
	mk_lock_reset_in_child(&heaps_lock);
}
