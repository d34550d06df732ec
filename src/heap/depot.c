/* SPDX-License-Identifier: BSD-2-Clause */
/* Depots: bounded in bytes over all classes of a heap; what is not used goes back to the slabs. */
#include "heap/depot.h"

#include "base/options.h"
#include "heap/magazine.h"
#include "heap/pages.h"
#include "heap/refused.h"
#include "heap/slab.h"
#include "os/thread.h"

enum {
	DEPOT_SIZE = 32 << 20, /* bytes of objects in all depots of a heap */
	TRIM_MS = 1000,
};

static void lock_class(struct mk_heap *heap, unsigned class)
{
	mk_lock_acquire(&heap->class[class].lock, MK_RANK_CLASS);
}

static void unlock_class(struct mk_heap *heap, unsigned class)
{
	mk_lock_release(&heap->class[class].lock, MK_RANK_CLASS);
}

static size_t depot_size(struct mk_heap *heap)
{
	return atomic_load_explicit(&heap->depot_size, memory_order_relaxed);
}

static struct mk_magazine *pop_full(struct mk_heap *heap, unsigned class)
{
	struct mk_heap_class *depot = &heap->class[class];
	struct mk_magazine *full = mk_magazine_pop(&depot->full);

	if (full == NULL)
		return NULL;
	depot->full_count--;
	if (depot->idle_count > depot->full_count)
		depot->idle_count = depot->full_count;
	atomic_fetch_sub_explicit(&heap->depot_size, mk_classes[class].magazine_size,
				  memory_order_relaxed);
	return full;
}

struct mk_magazine *mk_depot_take(struct mk_heap *heap, unsigned class, struct mk_magazine *empty)
{
	struct mk_magazine *full;

	lock_class(heap, class);
	full = pop_full(heap, class);
	if (full != NULL && empty != NULL)
		mk_magazine_push(&heap->class[class].empty, empty);
	unlock_class(heap, class);
	return full;
}

struct mk_magazine *mk_depot_put(struct mk_heap *heap, unsigned class, struct mk_magazine *full)
{
	struct mk_heap_class *depot = &heap->class[class];
	size_t size = mk_classes[class].magazine_size;
	struct mk_magazine *empty;

	mk_depot_give_idle(heap);
	mk_refused_forget(heap->backing->refused);
	if (heap->backing->purges_at_once || depot_size(heap) + size > DEPOT_SIZE) {
		mk_depot_give_objects(heap, class, mk_magazine_bottom(full, class) + 1,
				      mk_classes[class].magazine_count);
		return full;
	}
	atomic_fetch_add_explicit(&heap->depot_size, size, memory_order_relaxed);
	lock_class(heap, class);
	mk_magazine_push(&depot->full, full);
	depot->full_count++;
	empty = mk_magazine_pop(&depot->empty);
	unlock_class(heap, class);
	return empty != NULL ? empty : mk_magazine_make(class);
}

unsigned mk_depot_take_objects(struct mk_heap *heap, unsigned class, void **objects, unsigned count)
{
	unsigned taken;

	lock_class(heap, class);
	taken = mk_slab_take(heap, class, objects, count);
	unlock_class(heap, class);
	return taken;
}

void mk_depot_give_objects(struct mk_heap *heap, unsigned class, void *const *objects, size_t count)
{
	if (mk_class_is_small(class)) {
		lock_class(heap, class);
		mk_slab_give(heap, class, objects, (unsigned)count);
		unlock_class(heap, class);
		mk_refused_forget(heap->backing->refused);
		return;
	}
	for (size_t i = 0; i < count; i++)
		mk_pages_free_block(heap, class, objects[i]);
}

/* Gives COUNT full magazines back; and the empty ones, of which there were as many at the most. */
static void give_magazines(struct mk_heap *heap, unsigned class, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct mk_magazine *full, *empty;

		lock_class(heap, class);
		full = pop_full(heap, class);
		empty = mk_magazine_pop(&heap->class[class].empty);
		unlock_class(heap, class);
		if (empty != NULL)
			mk_meta_free(MK_META_MAGAZINE, empty);
		if (full == NULL)
			continue;
		mk_depot_give_objects(heap, class, mk_magazine_bottom(full, class) + 1,
				      mk_classes[class].magazine_count);
		mk_meta_free(MK_META_MAGAZINE, full);
	}
}

static unsigned full_count(struct mk_heap *heap, unsigned class)
{
	unsigned count;

	lock_class(heap, class);
	count = heap->class[class].full_count;
	unlock_class(heap, class);
	return count;
}

/* As many as were in the depot all the time since the last look. */
static unsigned take_idle_count(struct mk_heap *heap, unsigned class)
{
	struct mk_heap_class *depot = &heap->class[class];
	unsigned count;

	lock_class(heap, class);
	count = depot->idle_count;
	depot->idle_count = depot->full_count - count;
	unlock_class(heap, class);
	return count;
}

void mk_depot_empty(struct mk_heap *heap, unsigned class)
{
	give_magazines(heap, class, full_count(heap, class));
}

void *mk_depot_take_fuller(struct mk_heap *heap, const struct mk_span *slab)
{
	void *object;

	lock_class(heap, slab->class);
	object = mk_slab_take_fuller(heap, slab);
	unlock_class(heap, slab->class);
	return object;
}

void mk_depot_drain(struct mk_heap *heap)
{
	for (unsigned class = 1; class < MK_CLASS_LARGE; class ++) {
		mk_depot_empty(heap, class);
		if (!mk_class_is_small(class))
			continue;
		lock_class(heap, class);
		mk_slab_trim(heap, class);
		unlock_class(heap, class);
	}
}

void mk_depot_give_idle(struct mk_heap *heap)
{
	uint64_t now = mk_clock_ms();
	uint64_t last = atomic_load_explicit(&heap->trim_ms, memory_order_relaxed);

	if (now - last < TRIM_MS || mk_option_begins(MK_OPTION_HOG_MEMORY, '1') ||
	    !atomic_compare_exchange_strong_explicit(&heap->trim_ms, &last, now,
						     memory_order_relaxed, memory_order_relaxed))
		return;
	for (unsigned class = 1; class < MK_CLASS_LARGE; class ++)
		give_magazines(heap, class, take_idle_count(heap, class));
	mk_pages_purge_idle(heap);
}
