/* SPDX-License-Identifier: BSD-2-Clause */
/* Thread caches: magazines exchanged with the heap's depot, then with its slabs. */
#include "heap/cache.h"

#include "base/options.h"
#include "heap/annotate.h"
#include "heap/fast.h"
#include "heap/magazine.h"
#include "heap/pages.h"
#include "heap/slab.h"
#include "os/thread.h"

enum {
	DEPOT_SIZE = 1 << 20, /* bytes of objects in the depot of one class */
	DEPOT_MAGAZINES = 32,
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

static bool is_small(unsigned class)
{
	return class < MK_CLASS_SMALL_END;
}

static void lock_class(struct mk_heap *heap, unsigned class)
{
	mk_lock_acquire(&heap->class[class].lock, MK_RANK_CLASS);
}

static void unlock_class(struct mk_heap *heap, unsigned class)
{
	mk_lock_release(&heap->class[class].lock, MK_RANK_CLASS);
}

void *mk_cache_take_direct(struct mk_heap *heap, unsigned class)
{
	void *object = NULL;

	lock_class(heap, class);
	mk_slab_take(heap, class, &object, 1);
	unlock_class(heap, class);
	return object;
}

/* COUNT objects of one class go back to their slabs or, of a medium class, to the pages. */
static void give(struct mk_heap *heap, unsigned class, void *const *objects, size_t count)
{
	if (is_small(class)) {
		lock_class(heap, class);
		mk_slab_give(heap, class, objects, (unsigned)count);
		unlock_class(heap, class);
		return;
	}
	for (size_t i = 0; i < count; i++)
		mk_pages_free_block(heap, class, objects[i]);
}

void mk_cache_give_direct(struct mk_heap *heap, unsigned class, void *object)
{
	give(heap, class, &object, 1);
}

/* Empties a magazine whose last object is at TOP. */
static void give_magazine(struct mk_heap *heap, unsigned class, void **top)
{
	void **bottom = mk_magazine_bottom(mk_magazine_of(top), class);

	give(heap, class, bottom + 1, (size_t)(top - bottom));
}

static struct mk_magazine *take_from_depot(struct mk_heap_class *depot)
{
	struct mk_magazine *magazine = depot->full;

	if (magazine != NULL) {
		depot->full = mk_magazine_unlink(magazine);
		depot->full_count--;
	}
	return magazine;
}

/* False: the depot is full. */
static bool put_into_depot(struct mk_heap *heap, unsigned class, struct mk_magazine *magazine)
{
	struct mk_heap_class *depot = &heap->class[class];
	size_t magazine_size = (size_t)mk_classes[class].magazine_count * mk_classes[class].stride;
	bool has_room;

	lock_class(heap, class);
	has_room = depot->full_count < DEPOT_MAGAZINES &&
		   depot->full_count * magazine_size < DEPOT_SIZE;
	if (has_room) {
		mk_magazine_link(magazine, depot->full);
		depot->full = magazine;
		depot->full_count++;
	}
	unlock_class(heap, class);
	return has_room;
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

	if (magazine != NULL)
		cache->top[class] = mk_magazine_bottom(magazine, class);
	return magazine != NULL;
}

static bool has_magazine(const struct mk_cache *cache, unsigned class)
{
	return cache->top[class] != MK_MAGAZINE_NONE_TOP;
}

/* The loaded magazine, which is empty, makes way for a full one of the depot. */
static void load_full(struct mk_cache *cache, unsigned class, struct mk_magazine *full)
{
	struct mk_magazine *empty = mk_magazine_of(cache->top[class]);

	cache->top[class] = mk_magazine_full_top(full);
	if (cache->spare[class] != NULL) {
		mk_meta_free(MK_META_MAGAZINE, empty);
		return;
	}
	cache->spare[class] = empty;
	cache->spare_is_full[class] = false;
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

static void refill_small(struct mk_cache *cache, unsigned class)
{
	struct mk_heap *heap = cache->heap;
	void **bottom = cache->top[class];
	struct mk_magazine *full;

	lock_class(heap, class);
	full = take_from_depot(&heap->class[class]);
	if (full == NULL)
		cache->top[class] =
			bottom + mk_slab_take(heap, class, bottom + 1, next_refill(cache, class));
	unlock_class(heap, class);
	if (full != NULL)
		load_full(cache, class, full);
}

static void refill(struct mk_cache *cache, unsigned class)
{
	if (cache->spare[class] != NULL && cache->spare_is_full[class])
		swap_spare(cache, class);
	else if (is_small(class) && (has_magazine(cache, class) || load_empty(cache, class)))
		refill_small(cache, class);
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

/* Both magazines are full: the spare goes to the depot or is emptied. */
static void empty_spare(struct mk_cache *cache, unsigned class)
{
	struct mk_magazine *spare = cache->spare[class];
	struct mk_magazine *empty = is_small(class) ? mk_magazine_make(class) : NULL;

	if (empty != NULL && put_into_depot(cache->heap, class, spare)) {
		cache->spare[class] = empty;
	} else {
		if (empty != NULL)
			mk_meta_free(MK_META_MAGAZINE, empty);
		give_magazine(cache->heap, class, mk_magazine_full_top(spare));
	}
	cache->spare_is_full[class] = false;
}

/* Makes room in the loaded magazine. False: no metadata memory for a magazine. */
static bool make_room(struct mk_cache *cache, unsigned class)
{
	struct mk_magazine *full;

	if (!has_magazine(cache, class))
		return load_empty(cache, class);
	if (cache->spare[class] == NULL) {
		full = mk_magazine_of(cache->top[class]);
		if (!load_empty(cache, class))
			return false;
		cache->spare[class] = full;
		cache->spare_is_full[class] = true;
		return true;
	}
	if (cache->spare_is_full[class])
		empty_spare(cache, class);
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

static void flush_class(struct mk_cache *cache, unsigned class)
{
	struct mk_magazine *spare = cache->spare[class];

	if (has_magazine(cache, class)) {
		give_magazine(cache->heap, class, cache->top[class]);
		mk_meta_free(MK_META_MAGAZINE, mk_magazine_of(cache->top[class]));
		cache->top[class] = MK_MAGAZINE_NONE_TOP;
	}
	if (spare != NULL) {
		if (cache->spare_is_full[class])
			give_magazine(cache->heap, class, mk_magazine_full_top(spare));
		mk_meta_free(MK_META_MAGAZINE, spare);
		cache->spare[class] = NULL;
	}
	cache->refill_count[class] = 0;
}

static void flush(struct mk_cache *cache)
{
	for (unsigned class = 1; class < MK_CLASS_LARGE; class ++)
		flush_class(cache, class);
}

static void drain_class(struct mk_heap *heap, unsigned class)
{
	struct mk_magazine *magazine;

	do {
		lock_class(heap, class);
		magazine = take_from_depot(&heap->class[class]);
		unlock_class(heap, class);
		if (magazine != NULL) {
			give_magazine(heap, class, mk_magazine_full_top(magazine));
			mk_meta_free(MK_META_MAGAZINE, magazine);
		}
	} while (magazine != NULL);
	lock_class(heap, class);
	mk_slab_trim(heap, class);
	unlock_class(heap, class);
}

void mk_cache_drain(struct mk_heap *heap)
{
	struct mk_cache *cache = mk_cache_get(heap);

	if (cache != NULL)
		flush(cache);
	for (unsigned class = 1; class < MK_CLASS_SMALL_END; class ++)
		drain_class(heap, class);
}

/* The thread's exit handler. Frees that come later find no cache and go to the slabs directly. */
static void end_thread(void *value)
{
	struct mk_thread *thread = value;
	struct mk_cache *cache = thread->caches;

	mk_thread_self = &thread_ended;
	while (cache != NULL) {
		struct mk_cache *next = cache->next;

		flush(cache);
		thread->cache_offset[cache->heap->number] = 0;
		mk_meta_free(MK_META_CACHE, cache);
		cache = next;
	}
	thread->caches = NULL;
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
	/* First: to watch the exit may allocate, in a process whose malloc is this library. */
	mk_thread_self = thread;
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
	cache->next = thread->caches;
	thread->caches = cache;
	thread->cache_offset[heap->number] = (char *)cache - (char *)thread;
	return cache;
}

struct mk_cache *mk_cache_get(struct mk_heap *heap)
{
	struct mk_thread *thread = mk_thread_self;

	if (is_bypassed || thread == &thread_ended)
		return NULL;
	if (thread == &thread_none)
		thread = start_thread();
	if (thread == NULL)
		return NULL;
	if (thread->cache_offset[heap->number] != 0)
		return mk_cache_of(heap->number);
	return make_cache(thread, heap);
}

void mk_cache_start(void)
{
	clear_tops(&thread_ended.no_cache);
	is_bypassed = MK_ANNOTATES || mk_option_is_on(MK_OPTION_CHECK);
	mk_thread_prepare_exit_watch(end_thread);
}
