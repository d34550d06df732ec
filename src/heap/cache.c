/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Thread caches: one or two magazines a class, exchanged with the heap's depot. What a cache keeps is
 * bounded in bytes, and classes that the thread does not use any more are given back bit by bit.
 */
#include "heap/cache.h"

#include "base/options.h"
#include "heap/annotate.h"
#include "heap/depot.h"
#include "heap/fast.h"
#include "heap/magazine.h"
#include "heap/tally.h"
#include "heap/threads.h"
#include "os/thread.h"

enum {
	CACHE_SIZE = 4 << 20,	/* bytes of objects in one cache, as far as it has looked */
	DIRECT_FREES = 64,	/* of a thread, before it gets a cache without allocating */
	FIRST_REFILL_SHARE = 8, /* a cache's first refill of a class is an eighth of a magazine */
};

#define ALL_CLASSES [0 ... MK_CLASS_COUNT - 1]

/* NULL in every slot. */
struct mk_magazine mk_magazine_none;

static struct mk_thread thread_none = {
	.no_cache = {.top = {ALL_CLASSES = MK_MAGAZINE_NONE_TOP}},
};

/* As thread_none, from mk_cache_start() on. */
static struct mk_thread thread_ended;

static bool is_bypassed;

__thread struct mk_thread *mk_thread_self = &thread_none;

static bool has_magazine(const struct mk_cache *cache, unsigned class)
{
	return cache->top[class] != MK_MAGAZINE_NONE_TOP;
}

void *mk_cache_take_direct(struct mk_heap *heap, unsigned class)
{
	void *object = NULL;

	mk_depot_take_objects(heap, class, &object, 1);
	return object;
}

void mk_cache_give_direct(struct mk_heap *heap, unsigned class, void *object)
{
	mk_depot_give_objects(heap, class, &object, 1);
}

/*
 * A magazine whose last object is at TOP, and its objects, leave the cache. They go to their slabs
 * even from a full magazine: there a double free is found.
 */
static void put_away(struct mk_cache *cache, unsigned class, void **top)
{
	struct mk_magazine *magazine = mk_magazine_of(top);
	void **bottom = mk_magazine_bottom(magazine, class);

	mk_depot_give_objects(cache->heap, class, bottom + 1, (size_t)(top - bottom));
	mk_meta_free(MK_META_MAGAZINE, magazine);
}

/* Sets what a class counts for in the cache's size. */
static void count_class(struct mk_cache *cache, unsigned class, size_t object_count)
{
	uint32_t size = (uint32_t)object_count * mk_classes[class].stride;

	cache->size += (size_t)size - cache->seen_size[class];
	cache->seen_size[class] = size;
}

/* True where the thread seems not to have used the class since the last look. */
static bool look_at_class(struct mk_cache *cache, unsigned class)
{
	void **top = cache->top[class];
	bool is_idle = top == cache->seen_top[class];
	size_t count = 0;

	if (has_magazine(cache, class))
		count = (size_t)(top - mk_magazine_bottom(mk_magazine_of(top), class));
	if (cache->spare[class] != NULL && cache->spare_is_full[class])
		count += mk_classes[class].magazine_count;
	cache->seen_top[class] = top;
	count_class(cache, class, count);
	return is_idle;
}

static void flush_class(struct mk_cache *cache, unsigned class)
{
	struct mk_magazine *spare = cache->spare[class];
	void **top = cache->top[class];

	if (has_magazine(cache, class)) {
		cache->top[class] = MK_MAGAZINE_NONE_TOP;
		put_away(cache, class, top);
	}
	if (spare != NULL) {
		cache->spare[class] = NULL;
		put_away(cache, class,
			 cache->spare_is_full[class] ? mk_magazine_full_top(spare)
						     : mk_magazine_bottom(spare, class));
	}
	cache->refill_count[class] = 0;
	count_class(cache, class, 0);
}

static void flush(struct mk_cache *cache)
{
	for (unsigned class = 1; class < MK_CLASS_LARGE; class ++)
		flush_class(cache, class);
}

/*
 * At each exchange of magazines of a class, keeps the cache in its bounds: a hand goes on to the next
 * class and flushes it where it is idle, and further ones where all together are too large. What the
 * class itself has too much of goes to the depot in the exchange.
 */
static void shrink(struct mk_cache *cache, unsigned class)
{
	unsigned call = atomic_load_explicit(&cache->heap->flush_call, memory_order_relaxed);
	unsigned looks = 1;

	if (cache->flush_call != call) {
		cache->flush_call = call;
		flush(cache);
		return;
	}
	look_at_class(cache, class);
	do {
		cache->hand = cache->hand + 1 < MK_CLASS_LARGE ? cache->hand + 1 : 1;
		if ((look_at_class(cache, cache->hand) || cache->size > CACHE_SIZE) &&
		    cache->hand != class)
			flush_class(cache, cache->hand);
	} while (cache->size > CACHE_SIZE && looks++ < MK_CLASS_LARGE);
}

/* The loaded magazine is empty and the spare full, or the other way round: exchange them. */
static void swap_spare(struct mk_cache *cache, unsigned class)
{
	struct mk_magazine *loaded = mk_magazine_of(cache->top[class]);
	struct mk_magazine *spare = cache->spare[class];

	cache->top[class] = cache->spare_is_full[class] ? mk_magazine_full_top(spare)
							: mk_magazine_bottom(spare, class);
	cache->spare[class] = loaded;
	cache->spare_is_full[class] = !cache->spare_is_full[class];
}

static bool load_empty(struct mk_cache *cache, unsigned class)
{
	struct mk_magazine *magazine = mk_magazine_make(class);

	if (magazine == NULL)
		return false;
	cache->top[class] = mk_magazine_bottom(magazine, class);
	return true;
}

/* A full magazine of the depot takes the place of the loaded one, which is empty or not there. */
static bool load_full(struct mk_cache *cache, unsigned class)
{
	struct mk_magazine *empty =
		has_magazine(cache, class) ? mk_magazine_of(cache->top[class]) : NULL;
	struct mk_magazine *full = mk_depot_take(cache->heap, class, empty);

	if (full != NULL)
		cache->top[class] = mk_magazine_full_top(full);
	return full != NULL;
}

/* Takes more each time, so that a thread that wants little leaves the rest to others. */
static unsigned next_refill(struct mk_cache *cache, unsigned class)
{
	unsigned count = cache->refill_count[class];
	unsigned most = mk_classes[class].magazine_count;

	if (count == 0)
		count = 1 + most / (FIRST_REFILL_SHARE + 1);
	cache->refill_count[class] = (uint8_t)mk_min_size(2 * (size_t)count, most);
	return count;
}

static void refill(struct mk_cache *cache, unsigned class)
{
	if (cache->spare[class] != NULL && cache->spare_is_full[class]) {
		swap_spare(cache, class);
		return;
	}
	shrink(cache, class);
	if (load_full(cache, class) || !mk_class_is_small(class))
		return;
	if (has_magazine(cache, class) || load_empty(cache, class))
		cache->top[class] += mk_depot_take_objects(
			cache->heap, class, cache->top[class] + 1, next_refill(cache, class));
}

void *mk_cache_take(struct mk_cache *cache, unsigned class)
{
	void *object;

	if (*cache->top[class] == NULL)
		refill(cache, class);
	object = *cache->top[class];
	if (object != NULL)
		cache->top[class]--;
	return object;
}

/* The loaded magazine, which is full, becomes the spare. False: no metadata memory for another. */
static bool start_spare(struct mk_cache *cache, unsigned class)
{
	struct mk_magazine *full = mk_magazine_of(cache->top[class]);

	if (!load_empty(cache, class))
		return false;
	cache->spare[class] = full;
	cache->spare_is_full[class] = true;
	return true;
}

/* Makes room in the loaded magazine, which is full or not there. False: no metadata memory. */
static bool make_room(struct mk_cache *cache, unsigned class)
{
	shrink(cache, class);
	if (!has_magazine(cache, class))
		return load_empty(cache, class);
	if (cache->spare[class] == NULL)
		return start_spare(cache, class);
	if (cache->spare_is_full[class]) {
		cache->spare_is_full[class] = false;
		cache->spare[class] = mk_depot_put(cache->heap, class, cache->spare[class]);
		if (cache->spare[class] == NULL)
			return start_spare(cache, class);
	}
	swap_spare(cache, class);
	return true;
}

void mk_cache_overflow(struct mk_cache *cache, unsigned class, void *object)
{
	if (make_room(cache, class))
		*++cache->top[class] = object;
	else
		mk_cache_give_direct(cache->heap, class, object);
}

void mk_cache_drain(struct mk_heap *heap)
{
	atomic_fetch_add_explicit(&heap->flush_call, 1, memory_order_relaxed);
	if (mk_thread_self->cache_offset[heap->number] != 0)
		flush(mk_cache_of(heap->number));
	mk_depot_drain(heap);
}

void mk_cache_empty_class(struct mk_heap *heap, unsigned class)
{
	if (mk_thread_self->cache_offset[heap->number] != 0)
		flush_class(mk_cache_of(heap->number), class);
	mk_depot_empty(heap, class);
}

/* The thread's exit handler. Frees that come later find no cache and go to the slabs directly. */
static void end_thread(void *value)
{
	struct mk_thread *thread = value;
	struct mk_cache *cache;

	mk_thread_self = &thread_ended;
	mk_threads_lock();
	cache = thread->caches;
	while (cache != NULL) {
		struct mk_cache *next = cache->next;

		flush(cache);
		mk_tally_settle(cache);
		thread->cache_offset[cache->heap->number] = 0;
		mk_meta_free(MK_META_CACHE, cache);
		cache = next;
	}
	thread->caches = NULL;
	mk_threads_remove(thread);
	mk_threads_unlock();
	mk_meta_free(MK_META_THREAD, thread);
}

static void clear_tops(struct mk_cache *cache)
{
	for (unsigned class = 0; class < MK_CLASS_COUNT; class ++)
		cache->top[class] = MK_MAGAZINE_NONE_TOP;
}

static struct mk_thread *start_thread(void)
{
	struct mk_thread *thread = mk_meta_alloc(MK_META_THREAD);

	if (thread == NULL)
		return NULL;
	clear_tops(&thread->no_cache);
	thread->direct_free_count = 0;
	/* First: to watch the exit may allocate, in a process whose malloc is this library. */
	mk_thread_self = thread;
	mk_threads_lock();
	mk_threads_add(thread);
	mk_threads_unlock();
	if (mk_thread_watch_exit(thread) == 0)
		return thread;
	end_thread(thread);
	mk_thread_self = &thread_none;
	return NULL;
}

static struct mk_cache *make_cache(struct mk_thread *thread, struct mk_heap *heap)
{
	struct mk_cache *cache = mk_meta_alloc(MK_META_CACHE);

	if (cache == NULL)
		return NULL;
	clear_tops(cache);
	cache->heap = heap;
	cache->tally.limit = 0;
	cache->flush_call = atomic_load_explicit(&heap->flush_call, memory_order_relaxed);
	mk_threads_lock();
	cache->next = thread->caches;
	thread->caches = cache;
	mk_threads_unlock();
	thread->cache_offset[heap->number] = (char *)cache - (char *)thread;
	return cache;
}

/* NULL: it has ended, there is no metadata memory, or caches are bypassed. */
static struct mk_thread *own_thread(void)
{
	struct mk_thread *thread = mk_thread_self;

	if (is_bypassed || thread == &thread_ended)
		return NULL;
	return thread == &thread_none ? start_thread() : thread;
}

static struct mk_cache *cache_of(struct mk_thread *thread, struct mk_heap *heap)
{
	if (thread->cache_offset[heap->number] != 0)
		return mk_cache_of(heap->number);
	return make_cache(thread, heap);
}

struct mk_cache *mk_cache_get(struct mk_heap *heap)
{
	struct mk_thread *thread = own_thread();

	return thread == NULL ? NULL : cache_of(thread, heap);
}

struct mk_cache *mk_cache_get_for_free(struct mk_heap *heap)
{
	struct mk_thread *thread = own_thread();

	if (thread == NULL)
		return NULL;
	if (thread->cache_offset[heap->number] == 0 && thread->direct_free_count < DIRECT_FREES) {
		thread->direct_free_count++;
		return NULL;
	}
	return cache_of(thread, heap);
}

void mk_cache_start(void)
{
	clear_tops(&thread_ended.no_cache);
	is_bypassed = MK_ANNOTATES || mk_option_is_on(MK_OPTION_CHECK);
	mk_thread_prepare_exit_watch(end_thread);
}
