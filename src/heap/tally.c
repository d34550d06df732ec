/* SPDX-License-Identifier: BSD-2-Clause */
/* Settling of tallies, and sums over all threads. */
#include "heap/tally.h"

#include "heap/fast.h"
#include "heap/threads.h"

void mk_tally_settle(struct mk_cache *cache)
{
	int64_t part = atomic_load_explicit(&cache->tally.size, memory_order_relaxed);
	int64_t total;

	if (part == 0)
		return;
	atomic_store_explicit(&cache->tally.size, 0, memory_order_relaxed);
	total = part + atomic_fetch_add_explicit(cache->heap->total, part, memory_order_relaxed);
	cache->tally.limit =
		total > 0 ? (int64_t)mk_min_size((size_t)total / MK_TALLY_SHARE, MK_TALLY_LIMIT)
			  : 0;
}

bool mk_tally_count(struct mk_heap *heap, int64_t size)
{
	struct mk_cache *cache = mk_cache_of(heap->number);
	int64_t sum;

	if (cache->heap == NULL) {
		atomic_fetch_add_explicit(heap->total, size, memory_order_relaxed);
		return true;
	}
	sum = mk_tally_sum(cache, size);
	if (sum <= cache->tally.limit && sum >= -cache->tally.limit)
		return false;
	mk_tally_settle(cache);
	return true;
}

int64_t mk_tally_exact(_Atomic int64_t *total)
{
	int64_t sum;

	mk_threads_lock();
	sum = atomic_load_explicit(total, memory_order_relaxed);
	for (const struct mk_thread *thread = mk_threads_first(); thread != NULL;
	     thread = thread->next)
		for (struct mk_cache *cache = thread->caches; cache != NULL; cache = cache->next)
			if (cache->heap->total == total)
				sum += atomic_load_explicit(&cache->tally.size,
							    memory_order_relaxed);
	mk_threads_unlock();
	return sum;
}
