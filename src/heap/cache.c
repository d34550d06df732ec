/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Thread caches: a loaded magazine a class and some full ones besides, exchanged with the heap's depot.
 * What a cache keeps is bounded in bytes, and what the thread does not use is given back bit by bit.
 */
#include "heap/cache.h"

#include <string.h>

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
	LOOK_INTERVAL = 8,	/* exchanges of magazines for each class that is looked at */
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
uint32_t mk_fast_sizes[MK_CLASS_COUNT];

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

/* One of the full magazines besides the loaded one; NULL: there is none. */
static struct mk_magazine *pop_full(struct mk_cache *cache, unsigned class)
{
	struct mk_magazine *full = mk_magazine_pop(&cache->full[class]);

	if (full == NULL)
		return NULL;
	cache->full_count[class]--;
	if (cache->least_count[class] > cache->full_count[class])
		cache->least_count[class] = cache->full_count[class];
	return full;
}

static void give_full(struct mk_cache *cache, unsigned class, struct mk_magazine *full)
{
	struct mk_magazine *empty = mk_depot_put(cache->heap, class, full);

	if (empty != NULL)
		mk_magazine_push(&cache->empty[class], empty);
}

static void give_full_ones(struct mk_cache *cache, unsigned class, unsigned count)
{
	while (count-- > 0)
		give_full(cache, class, pop_full(cache, class));
	cache->least_count[class] = cache->full_count[class];
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
	count += (size_t)cache->full_count[class] * mk_classes[class].magazine_count;
	cache->seen_top[class] = top;
	count_class(cache, class, count);
	return is_idle;
}

static void flush_class(struct mk_cache *cache, unsigned class)
{
	void **top = cache->top[class];

	if (has_magazine(cache, class)) {
		cache->top[class] = MK_MAGAZINE_NONE_TOP;
		put_away(cache, class, top);
	}
	while (cache->full[class] != NULL)
		put_away(cache, class, mk_magazine_full_top(pop_full(cache, class)));
	mk_magazine_discard(&cache->empty[class]);
	cache->refill_count[class] = 0;
	count_class(cache, class, 0);
}

static void flush(struct mk_cache *cache)
{
	for (unsigned class = 1; class < MK_CLASS_LARGE; class ++)
		flush_class(cache, class);
}

/*
 * Full magazines that the thread has not needed since the last look go to the depot; all goes where
 * it seems not to use the class, or the cache is too large.
 */
static void shrink_class(struct mk_cache *cache, unsigned class)
{
	bool is_unused = look_at_class(cache, class) || cache->size > CACHE_SIZE;

	give_full_ones(cache, class,
		       is_unused ? cache->full_count[class] : cache->least_count[class]);
	if (is_unused)
		flush_class(cache, class);
}

/*
 * At each exchange of magazines of a class, keeps the cache in its bounds: now and then a hand goes on
 * to the next class, and to further ones where all together are too large. What the class itself has
 * too much of goes to the depot in the exchange.
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
	if (cache->size <= CACHE_SIZE && ++cache->exchange_count % LOOK_INTERVAL != 0)
		return;
	do {
		cache->hand = cache->hand + 1 < MK_CLASS_LARGE ? cache->hand + 1 : 1;
		if (cache->hand == class)
			give_full_ones(cache, class, cache->least_count[class]);
		else
			shrink_class(cache, cache->hand);
	} while (cache->size > CACHE_SIZE && looks++ < MK_CLASS_LARGE);
}

/* For a class without a loaded magazine. False: no metadata memory. */
static bool load_empty(struct mk_cache *cache, unsigned class)
{
	struct mk_magazine *empty = mk_magazine_pop(&cache->empty[class]);

	if (empty == NULL)
		empty = mk_magazine_make(class);
	if (empty == NULL)
		return false;
	cache->top[class] = mk_magazine_bottom(empty, class);
	return true;
}

/* A full magazine of the cache takes the place of the loaded one, which is empty or not there. */
static bool load_own_full(struct mk_cache *cache, unsigned class)
{
	struct mk_magazine *full = pop_full(cache, class);

	if (full == NULL)
		return false;
	if (has_magazine(cache, class))
		mk_magazine_push(&cache->empty[class], mk_magazine_of(cache->top[class]));
	cache->top[class] = mk_magazine_full_top(full);
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

/* COUNT slots from BOTTOM on. */
static void reverse(void **bottom, unsigned count)
{
	for (unsigned i = 0; i < count / 2; i++) {
		void *object = bottom[i];

		bottom[i] = bottom[count - 1 - i];
		bottom[count - 1 - i] = object;
	}
}

static void take_objects(struct mk_cache *cache, unsigned class)
{
	bool is_first = cache->refill_count[class] == 0;
	void **bottom = cache->top[class] + 1;
	unsigned count =
		mk_depot_take_objects(cache->heap, class, bottom, next_refill(cache, class));

	/*
	 * The lowest object may be one that the thread itself has just freed, beside those of the
	 * thread that allocated it: it is used last, or both would write to the same cache line.
	 */
	if (is_first)
		reverse(bottom, count);
	cache->top[class] += count;
}

static void refill(struct mk_cache *cache, unsigned class)
{
	if (load_own_full(cache, class))
		return;
	shrink(cache, class);
	if (load_full(cache, class) || !mk_class_is_small(class))
		return;
	if (has_magazine(cache, class) || load_empty(cache, class))
		take_objects(cache, class);
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

static unsigned full_limit(const struct mk_cache *cache, unsigned class)
{
	return cache->heap->backing->is_scarce ? 1 : mk_classes[class].full_limit;
}

/* The loaded magazine, which is full, joins the others, or goes to the depot where these suffice. */
static void unload_full(struct mk_cache *cache, unsigned class)
{
	struct mk_magazine *full = mk_magazine_of(cache->top[class]);

	cache->top[class] = MK_MAGAZINE_NONE_TOP;
	if (cache->full_count[class] == full_limit(cache, class)) {
		give_full(cache, class, full);
		return;
	}
	mk_magazine_push(&cache->full[class], full);
	cache->full_count[class]++;
}

/* Makes room in the loaded magazine, which is full or not there. False: no metadata memory. */
static bool make_room(struct mk_cache *cache, unsigned class)
{
	shrink(cache, class);
	if (has_magazine(cache, class))
		unload_full(cache, class);
	return load_empty(cache, class);
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
	if (!is_bypassed)
		memcpy(mk_fast_sizes, mk_class_sizes, sizeof(mk_fast_sizes));
	mk_thread_prepare_exit_watch(end_thread);
}
