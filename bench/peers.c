/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Explicit interfaces of peers, as a user of several pools has to call them: jemalloc's arenas with
 * one tcache per pool and thread, mimalloc's heaps of which each belongs to one thread, TBB's pools.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "allocator.h"

/* As in jemalloc/jemalloc.h. */
#define JEMALLOC_ALIGN(alignment) (__builtin_ctzl(alignment))
#define JEMALLOC_ZERO		  0x40
#define JEMALLOC_TCACHE(number)	  ((int)((number) + 2) << 8)
#define JEMALLOC_ARENA(number)	  ((int)((number) + 1) << 20)

struct pool {
	unsigned number;
	unsigned arena;
};

/* As in oneapi/tbb/scalable_allocator.h: rml::MemPoolPolicy, version 1. */
struct tbb_policy {
	void *(*take)(intptr_t pool, size_t *bytes);
	int (*give)(intptr_t pool, void *area, size_t size);
	size_t granularity;
	int version;
	unsigned fixed : 1;
	unsigned keeps_all : 1;
	unsigned reserved : 30;
};

static struct {
	void *(*mallocx)(size_t size, int flags);
	void *(*rallocx)(void *block, size_t size, int flags);
	void (*dallocx)(void *block, int flags);
	int (*mallctl)(const char *name, void *old, size_t *old_size, void *new, size_t new_size);
	pthread_key_t at_thread_end;
} jemalloc;

static struct {
	void *(*heap_new)(void);
	void *(*heap_malloc)(void *heap, size_t size);
	void *(*heap_calloc)(void *heap, size_t count, size_t size);
	void *(*heap_realloc)(void *heap, void *block, size_t size);
	void *(*heap_malloc_aligned)(void *heap, size_t size, size_t alignment);
	void (*free)(void *block);
	void (*collect)(bool force);
} mimalloc;

static struct {
	void *(*malloc)(void *pool, size_t size);
	void *(*malloc_aligned)(void *pool, size_t size, size_t alignment);
	int (*create)(intptr_t id, const struct tbb_policy *policy, void **ret_pool);
} tbb;

static struct pool pools[BENCH_POOL_LIMIT];
static unsigned pool_count;

/* What the thread has of each pool: its flags (jemalloc), its heap (mimalloc). 0: nothing yet. */
static __thread uintptr_t thread_handles[BENCH_POOL_LIMIT];

static struct pool *new_pool(void)
{
	struct pool *pool = &pools[pool_count];

	if (pool_count == BENCH_POOL_LIMIT)
		return NULL;
	pool->number = pool_count++;
	return pool;
}

static __attribute__((noinline)) int open_tcache(const struct pool *pool)
{
	unsigned tcache;
	size_t size = sizeof(tcache);
	int flags;

	if (jemalloc.mallctl("tcache.create", &tcache, &size, NULL, 0) != 0)
		bench_die("tcache.create");
	flags = JEMALLOC_TCACHE(tcache) | JEMALLOC_ARENA(pool->arena);
	thread_handles[pool->number] = (uintptr_t)flags;
	pthread_setspecific(jemalloc.at_thread_end, thread_handles);
	return flags;
}

static void close_tcaches(void *handles)
{
	(void)handles;
	for (unsigned i = 0; i < pool_count; i++) {
		unsigned tcache = (unsigned)((thread_handles[i] >> 8 & 0xfff) - 2);

		if (thread_handles[i] != 0)
			jemalloc.mallctl("tcache.destroy", NULL, NULL, &tcache, sizeof(tcache));
		thread_handles[i] = 0;
	}
}

static inline int flags_of(const struct pool *pool)
{
	int flags = (int)thread_handles[pool->number];

	return __builtin_expect(flags != 0, 1) ? flags : open_tcache(pool);
}

static void *jemalloc_malloc(void *pool, size_t size)
{
	return jemalloc.mallocx(size, flags_of(pool));
}

static void *jemalloc_calloc(void *pool, size_t count, size_t size)
{
	return jemalloc.mallocx(count * size, flags_of(pool) | JEMALLOC_ZERO);
}

static void *jemalloc_realloc(void *pool, void *block, size_t size)
{
	return jemalloc.rallocx(block, size, flags_of(pool));
}

static int jemalloc_memalign(void *pool, void **ret_block, size_t alignment, size_t size)
{
	*ret_block = jemalloc.mallocx(size, flags_of(pool) | JEMALLOC_ALIGN(alignment));
	return *ret_block == NULL ? ENOMEM : 0;
}

static void jemalloc_free(void *pool, void *block)
{
	jemalloc.dallocx(block, flags_of(pool));
}

static void *new_arena(size_t size)
{
	struct pool *pool = new_pool();

	size = sizeof(pool->arena);
	if (pool == NULL || jemalloc.mallctl("arenas.create", &pool->arena, &size, NULL, 0) != 0)
		return NULL;
	return pool;
}

static void purge_jemalloc(void)
{
	unsigned tcache = (unsigned)((thread_handles[0] >> 8 & 0xfff) - 2);

	jemalloc.mallctl("tcache.flush", NULL, NULL, &tcache, sizeof(tcache));
	jemalloc.mallctl("arena.4096.purge", NULL, NULL, NULL, 0); /* MALLCTL_ARENAS_ALL */
}

void bench_use_jemalloc(char **arguments)
{
	(void)arguments;
	jemalloc.mallocx = bench_symbol(RTLD_DEFAULT, "mallocx");
	jemalloc.rallocx = bench_symbol(RTLD_DEFAULT, "rallocx");
	jemalloc.dallocx = bench_symbol(RTLD_DEFAULT, "dallocx");
	jemalloc.mallctl = bench_symbol(RTLD_DEFAULT, "mallctl");
	if (pthread_key_create(&jemalloc.at_thread_end, close_tcaches) != 0)
		bench_die("pthread_key_create");
	bench_allocator = (struct bench_allocator){
		.pool_malloc = jemalloc_malloc,
		.pool_calloc = jemalloc_calloc,
		.pool_realloc = jemalloc_realloc,
		.pool_memalign = jemalloc_memalign,
		.pool_free = jemalloc_free,
		.create = new_arena,
		.purge = purge_jemalloc,
	};
	bench_allocator.pool = bench_allocator.free_pool = new_arena(0);
	if (bench_allocator.pool == NULL)
		bench_die("arenas.create");
}

static __attribute__((noinline)) void *open_heap(const struct pool *pool)
{
	void *heap = mimalloc.heap_new();

	if (heap == NULL)
		bench_die("mi_heap_new");
	thread_handles[pool->number] = (uintptr_t)heap;
	return heap;
}

static inline void *heap_of(const struct pool *pool)
{
	void *heap = (void *)thread_handles[pool->number];

	return __builtin_expect(heap != NULL, 1) ? heap : open_heap(pool);
}

static void *mimalloc_malloc(void *pool, size_t size)
{
	return mimalloc.heap_malloc(heap_of(pool), size);
}

static void *mimalloc_calloc(void *pool, size_t count, size_t size)
{
	return mimalloc.heap_calloc(heap_of(pool), count, size);
}

static void *mimalloc_realloc(void *pool, void *block, size_t size)
{
	return mimalloc.heap_realloc(heap_of(pool), block, size);
}

static int mimalloc_memalign(void *pool, void **ret_block, size_t alignment, size_t size)
{
	*ret_block = mimalloc.heap_malloc_aligned(heap_of(pool), size, alignment);
	return *ret_block == NULL ? ENOMEM : 0;
}

static void mimalloc_free(void *pool, void *block)
{
	(void)pool;
	mimalloc.free(block);
}

static void *new_heap(size_t size)
{
	(void)size;
	return new_pool();
}

static void purge_mimalloc(void)
{
	mimalloc.collect(true);
}

void bench_use_mimalloc(char **arguments)
{
	(void)arguments;
	mimalloc.heap_new = bench_symbol(RTLD_DEFAULT, "mi_heap_new");
	mimalloc.heap_malloc = bench_symbol(RTLD_DEFAULT, "mi_heap_malloc");
	mimalloc.heap_calloc = bench_symbol(RTLD_DEFAULT, "mi_heap_calloc");
	mimalloc.heap_realloc = bench_symbol(RTLD_DEFAULT, "mi_heap_realloc");
	mimalloc.heap_malloc_aligned = bench_symbol(RTLD_DEFAULT, "mi_heap_malloc_aligned");
	mimalloc.free = bench_symbol(RTLD_DEFAULT, "mi_free");
	mimalloc.collect = bench_symbol(RTLD_DEFAULT, "mi_collect");
	bench_allocator = (struct bench_allocator){
		.pool_malloc = mimalloc_malloc,
		.pool_calloc = mimalloc_calloc,
		.pool_realloc = mimalloc_realloc,
		.pool_memalign = mimalloc_memalign,
		.pool_free = mimalloc_free,
		.frees_without_pool = true,
		.create = new_heap,
		.purge = purge_mimalloc,
	};
	bench_allocator.pool = bench_allocator.free_pool = new_heap(0);
}

static void *take_pages(intptr_t pool, size_t *bytes)
{
	void *area = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)pool;
	return area == MAP_FAILED ? NULL : area;
}

static int give_pages(intptr_t pool, void *area, size_t size)
{
	(void)pool;
	return munmap(area, size);
}

static void *tbb_calloc(void *pool, size_t count, size_t size)
{
	void *block = tbb.malloc(pool, count * size);

	return block == NULL ? NULL : memset(block, 0, count * size);
}

static int tbb_memalign(void *pool, void **ret_block, size_t alignment, size_t size)
{
	*ret_block = tbb.malloc_aligned(pool, size, alignment);
	return *ret_block == NULL ? ENOMEM : 0;
}

static void *new_tbb_pool(size_t size)
{
	static const struct tbb_policy policy = {
		.take = take_pages,
		.give = give_pages,
		.version = 1,
	};
	void *pool;

	(void)size;
	return tbb.create(0, &policy, &pool) == 0 ? pool : NULL;
}

void bench_use_tbb(char **arguments)
{
	void *library = bench_load(arguments[0]);

	/* The C++ names of rml::pool_malloc and its like. */
	tbb.malloc = bench_symbol(library, "_ZN3rml11pool_mallocEPNS_10MemoryPoolEm");
	tbb.malloc_aligned =
		bench_symbol(library, "_ZN3rml19pool_aligned_mallocEPNS_10MemoryPoolEmm");
	tbb.create = bench_symbol(
		library, "_ZN3rml14pool_create_v1ElPKNS_13MemPoolPolicyEPPNS_10MemoryPoolE");
	bench_allocator = (struct bench_allocator){
		.pool_malloc = tbb.malloc,
		.pool_calloc = tbb_calloc,
		.pool_realloc = bench_symbol(library, "_ZN3rml12pool_reallocEPNS_10MemoryPoolEPvm"),
		.pool_memalign = tbb_memalign,
		.pool_free = bench_symbol(library, "_ZN3rml9pool_freeEPNS_10MemoryPoolEPv"),
		.create = new_tbb_pool,
	};
	bench_allocator.pool = bench_allocator.free_pool = new_tbb_pool(0);
	if (bench_allocator.pool == NULL)
		bench_die("rml::pool_create_v1");
}
