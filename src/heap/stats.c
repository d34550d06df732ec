/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statistics without counters on the hot path: what slabs and pages have handed out, less what lies
 * in depots and caches, which are looked at when somebody asks.
 */
#include "heap/stats.h"

#include <string.h>

#include "heap/class.h"
#include "heap/magazine.h"
#include "heap/pages.h"
#include "heap/registry.h"
#include "heap/threads.h"
#include "os/vm.h"

/* So much is asked about at a time, lest others wait for the page lock long. */
#define RESIDENT_STEP (64 * MK_MIB)

/*
 * Objects of one class in another thread's cache. Its owner writes without atomics, which would cost
 * the hot path an instruction; aligned words do not tear, and an old one is as good as a new one.
 * Nothing that they point to is read.
 */
static __attribute__((no_sanitize("thread"))) size_t cached_count(const struct mk_cache *cache,
								  unsigned class)
{
	void **top = __atomic_load_n(&cache->top[class], __ATOMIC_RELAXED);
	size_t room = (MK_MAGAZINE_SIZE - (uintptr_t)top % MK_MAGAZINE_SIZE) / sizeof(void *) - 1;
	size_t capacity = mk_classes[class].magazine_count;
	size_t count = top == MK_MAGAZINE_NONE_TOP ? 0 : capacity - room;

	return count + capacity * __atomic_load_n(&cache->full_count[class], __ATOMIC_RELAXED);
}

/* The lists of threads and caches do not change: their lock is held. */
static size_t cached_by_threads(const struct mk_heap *heap, unsigned class)
{
	size_t count = 0;

	for (const struct mk_thread *thread = mk_threads_first(); thread != NULL;
	     thread = thread->next)
		for (const struct mk_cache *cache = thread->caches; cache != NULL;
		     cache = cache->next)
			if (cache->heap == heap)
				count += cached_count(cache, class);
	return count;
}

static struct mk_used used_by_class(struct mk_heap *heap, unsigned class)
{
	struct mk_used used;

	mk_lock_acquire(&heap->pages.lock, MK_RANK_PAGES);
	used = heap->pages.used[class];
	mk_lock_release(&heap->pages.lock, MK_RANK_PAGES);
	return used;
}

/* With the lock of the class nothing moves between slabs, depot and caches meanwhile. */
static void read_class(struct mk_heap *heap, unsigned number, struct mk_class_stats *ret_stats)
{
	struct mk_heap_class *class = &heap->class[number];
	struct mk_used used;
	size_t taken_count;

	mk_lock_acquire(&class->lock, MK_RANK_CLASS);
	used = used_by_class(heap, number);
	taken_count = mk_class_is_small(number) ? class->taken_count : used.span_count;
	ret_stats->cached_count = (size_t) class->full_count * mk_classes[number].magazine_count +
				  cached_by_threads(heap, number);
	/* Threads that allocate meanwhile may have been seen with more than they had. */
	ret_stats->cached_count = mk_min_size(ret_stats->cached_count, taken_count);
	ret_stats->live_count = taken_count - ret_stats->cached_count;
	ret_stats->slot_count = mk_class_is_small(number) ? class->object_count : used.span_count;
	ret_stats->span_count = used.span_count;
	ret_stats->page_count = used.page_count;
	ret_stats->acquire_count = class->lock.acquire_count;
	ret_stats->wait_count = class->lock.wait_count;
	mk_lock_release(&class->lock, MK_RANK_CLASS);
}

static void read_large(struct mk_heap *heap, struct mk_class_stats *ret_stats)
{
	struct mk_used used = used_by_class(heap, MK_CLASS_LARGE);

	ret_stats->live_count = used.span_count;
	ret_stats->slot_count = used.span_count;
	ret_stats->span_count = used.span_count;
	ret_stats->page_count = used.page_count;
}

static void read_classes(struct mk_heap *heap, struct mk_heap_stats *stats)
{
	struct mk_stats *total = &stats->total;

	mk_threads_lock();
	for (unsigned class = 1; class < MK_CLASS_LARGE; class ++)
		read_class(heap, class, &stats->class[class]);
	mk_threads_unlock();
	read_large(heap, &stats->class[MK_CLASS_LARGE]);
	total->allocated_size = stats->class[MK_CLASS_LARGE].page_count << MK_PAGE_SHIFT;
	for (unsigned class = 1; class < MK_CLASS_LARGE; class ++)
		total->allocated_size += stats->class[class].live_count * mk_classes[class].size;
	for (unsigned class = 1; class < MK_CLASS_COUNT; class ++)
		total->active_size += stats->class[class].page_count << MK_PAGE_SHIFT;
}

static void read_pages(struct mk_heap *heap, struct mk_heap_stats *stats)
{
	struct mk_pages *pages = &heap->pages;

	mk_lock_acquire(&pages->lock, MK_RANK_PAGES);
	stats->committed_size = pages->committed_size;
	stats->dirty_size = pages->dirty_size;
	stats->acquire_count = pages->lock.acquire_count;
	stats->wait_count = pages->lock.wait_count;
	mk_lock_release(&pages->lock, MK_RANK_PAGES);
}

static void read_free(struct mk_heap *heap, struct mk_free_stats *groups)
{
	mk_lock_acquire(&heap->pages.lock, MK_RANK_PAGES);
	for (unsigned state = 0; state < MK_SPAN_FREE_STATES; state++)
		for (unsigned bin = 0; bin < MK_BIN_COUNT; bin++)
			for (const struct mk_span *span = heap->pages.bins[state].bin[bin];
			     span != NULL; span = span->list_next) {
				struct mk_free_stats *group = &groups[mk_log2(span->page_count)];

				group->span_count[state]++;
				group->size[state] += mk_span_size(span);
			}
	mk_lock_release(&heap->pages.lock, MK_RANK_PAGES);
}

/* The committed part at or above an address that comes first; an empty one: there is none. */
static void next_committed(const struct mk_heap *heap, uintptr_t from, uintptr_t *ret_start,
			   uintptr_t *ret_end)
{
	*ret_start = *ret_end = UINTPTR_MAX;
	for (const struct mk_reservation *reservation = heap->pages.reservations;
	     reservation != NULL; reservation = reservation->next) {
		uintptr_t start = reservation->base > from ? reservation->base : from;
		uintptr_t end = reservation->base + reservation->committed;

		if (start < end && start < *ret_start) {
			*ret_start = start;
			*ret_end = end;
		}
	}
}

/* Where the kernel doesn't tell, what was given out and not given back counts. */
static size_t resident_size(struct mk_heap *heap, size_t otherwise)
{
	uintptr_t start = 0, end = 0;
	size_t resident = 0;
	size_t size;
	int error = 0;

	do {
		mk_lock_acquire(&heap->pages.lock, MK_RANK_PAGES);
		next_committed(heap, end, &start, &end);
		if (end - start > RESIDENT_STEP)
			end = start + RESIDENT_STEP;
		if (start < end)
			error = mk_vm_resident((void *)start, end - start, &size);
		mk_lock_release(&heap->pages.lock, MK_RANK_PAGES);
		if (error != 0)
			return otherwise;
		resident += start < end ? size : 0;
	} while (start < end);
	return resident;
}

static void read_totals(struct mk_heap *heap, struct mk_heap_stats *ret_stats)
{
	memset(ret_stats, 0, sizeof(*ret_stats));
	read_classes(heap, ret_stats);
	read_pages(heap, ret_stats);
	ret_stats->total.resident_size =
		resident_size(heap, ret_stats->total.active_size + ret_stats->dirty_size);
}

void mk_stats_read(struct mk_heap *heap, struct mk_heap_stats *ret_stats)
{
	read_totals(heap, ret_stats);
	read_free(heap, ret_stats->free);
}

/* All of it is counts of 64 bits. */
void mk_stats_add(struct mk_heap_stats *sum, const struct mk_heap_stats *part)
{
	_Static_assert(sizeof(size_t) == sizeof(uint64_t), "counts have 64 bits");
	const uint64_t *from = (const uint64_t *)part;
	uint64_t *to = (uint64_t *)sum;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

/* The lock of MK_RANK_HEAPS is held. */
static void take_snapshot(struct mk_heap *heap)
{
	struct mk_heap_stats stats;

	read_totals(heap, &stats);
	heap->snapshot = stats.total;
	heap->has_snapshot = true;
}

void mk_stats_update(void)
{
	mk_registry_visit(take_snapshot);
}

static void add(struct mk_stats *sum, const struct mk_stats *part)
{
	sum->allocated_size += part->allocated_size;
	sum->active_size += part->active_size;
	sum->resident_size += part->resident_size;
}

static void add_snapshot(struct mk_heap *heap, struct mk_stats *sum)
{
	if (!heap->has_snapshot)
		take_snapshot(heap);
	add(sum, &heap->snapshot);
}

static void add_now(struct mk_heap *heap, struct mk_stats *sum)
{
	struct mk_heap_stats stats;

	read_totals(heap, &stats);
	add(sum, &stats.total);
}

static void add_all(const void *owner, void (*add_heap)(struct mk_heap *, struct mk_stats *),
		    struct mk_stats *ret_stats)
{
	struct mk_heap *heap;

	*ret_stats = (struct mk_stats){0};
	mk_registry_lock();
	for (heap = mk_registry_next(owner, 1); heap != NULL;
	     heap = mk_registry_next(owner, heap->number + 1))
		add_heap(heap, ret_stats);
	mk_registry_unlock();
}

void mk_stats_get(const void *owner, struct mk_stats *ret_stats)
{
	add_all(owner, add_snapshot, ret_stats);
}

void mk_stats_get_now(const void *owner, struct mk_stats *ret_stats)
{
	add_all(owner, add_now, ret_stats);
}

/* False: the heap has none from PIECE->end on. */
static bool next_piece_of(struct mk_heap *heap, struct mk_committed *piece)
{
	mk_lock_acquire(&heap->pages.lock, MK_RANK_PAGES);
	next_committed(heap, piece->end, &piece->start, &piece->end);
	mk_lock_release(&heap->pages.lock, MK_RANK_PAGES);
	piece->page_size = mk_pages_unit(heap);
	return piece->start < piece->end;
}

bool mk_heap_next_committed(const void *owner, struct mk_committed *piece)
{
	struct mk_heap *heap;
	bool is_found = false;

	mk_registry_lock();
	for (heap = mk_registry_next(owner, piece->heap_number); heap != NULL && !is_found;
	     heap = mk_registry_next(owner, heap->number + 1)) {
		if (heap->number != piece->heap_number)
			*piece = (struct mk_committed){.heap_number = heap->number};
		is_found = next_piece_of(heap, piece);
	}
	mk_registry_unlock();
	return is_found;
}
