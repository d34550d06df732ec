/* SPDX-License-Identifier: BSD-2-Clause */
/* Workloads of one thread, each of one pattern of use. */
#include "work.h"

enum { SLOT_COUNT = 10000 };

static void *slots[SLOT_COUNT];

static void fill(int count, size_t size)
{
	for (int i = 0; i < count; i++)
		slots[i] = bench_malloc(size);
}

static void drain(int count)
{
	for (int i = 0; i < count; i++)
		bench_free(slots[i]);
}

static void run_lifo(unsigned number)
{
	(void)number;
	for (int round = 0; round < 50000; round++) {
		fill(100, 64);
		for (int i = 99; i >= 0; i--)
			bench_free(slots[i]);
	}
}

static void run_fifo(unsigned number)
{
	(void)number;
	for (int round = 0; round < 5000; round++) {
		fill(1000, 64);
		drain(1000);
	}
}

static void run_fifo_16k(unsigned number)
{
	(void)number;
	for (int round = 0; round < 50; round++) {
		fill(1000, 16384);
		drain(1000);
	}
}

static void run_cached_256k(unsigned number)
{
	(void)number;
	for (int round = 0; round < 20000; round++) {
		fill(4, 262144);
		drain(4);
	}
}

/* Sizes are spread evenly over the powers of two from MINIMUM on, OCTAVES of them. */
static size_t random_size(uint64_t *state, size_t minimum, unsigned octaves)
{
	size_t base = minimum << (bench_random(state) % octaves);

	return base + bench_random(state) % base;
}

static void replace_randomly(int slot_count, int count, size_t minimum, unsigned octaves)
{
	uint64_t state = 1;

	for (int i = 0; i < slot_count; i++)
		slots[i] = bench_malloc(random_size(&state, minimum, octaves));
	for (int i = 0; i < count; i++) {
		int slot = (int)(bench_random(&state) % (unsigned)slot_count);

		bench_free(slots[slot]);
		slots[slot] = bench_malloc(random_size(&state, minimum, octaves));
	}
	drain(slot_count);
}

static void run_random_reuse(unsigned number)
{
	(void)number;
	replace_randomly(SLOT_COUNT, 2000000, 16, 6);
}

static void run_mixed_sizes(unsigned number)
{
	(void)number;
	replace_randomly(1000, 500000, 8, 17);
}

static void *zeroed(size_t count, size_t size)
{
	const struct bench_allocator *allocator = &bench_allocator;
	void *block = allocator->pool != NULL ? allocator->pool_calloc(allocator->pool, count, size)
					      : allocator->calloc(count, size);

	if (block == NULL)
		bench_die("calloc");
	return block;
}

static void run_calloc(unsigned number)
{
	uint64_t state = 1;

	(void)number;
	for (int round = 0; round < 15000; round++) {
		for (int i = 0; i < 100; i++)
			slots[i] = zeroed(1, random_size(&state, 16, 7));
		drain(100);
	}
}

/* One page of a large block of zeroes is used. */
static void run_calloc_4m(unsigned number)
{
	(void)number;
	for (int round = 0; round < 300; round++) {
		slots[0] = zeroed(4, 1 << 20);
		*(volatile char *)slots[0] = 1;
		drain(1);
	}
}

static void *resized(void *block, size_t size)
{
	const struct bench_allocator *allocator = &bench_allocator;

	block = allocator->pool != NULL ? allocator->pool_realloc(allocator->pool, block, size)
					: allocator->realloc(block, size);
	if (block == NULL)
		bench_die("realloc");
	return block;
}

static void run_realloc_growth(unsigned number)
{
	(void)number;
	for (int round = 0; round < 1000; round++) {
		void *block = bench_malloc(16);

		for (size_t size = 24; size < (1 << 20); size += size / 2)
			block = resized(block, size);
		bench_free(block);
	}
}

static void run_aligned(unsigned number)
{
	const struct bench_allocator *allocator = &bench_allocator;

	(void)number;
	for (int i = 0; i < 1500000; i++) {
		void **slot = &slots[i % 100];
		size_t alignment = (size_t)64 << (i % 7);
		int error;

		if (i >= 100)
			bench_free(*slot);
		error = allocator->pool != NULL
				? allocator->pool_memalign(allocator->pool, slot, alignment, 200)
				: allocator->memalign(slot, alignment, 200);
		if (error != 0)
			bench_die("posix_memalign");
	}
	drain(100);
}

/* What kinds offer, and malloc always did. */
static void run_free_without_kind(unsigned number)
{
	if (!bench_allocator.frees_without_pool)
		bench_lack("a free has to name the pool");
	bench_allocator.free_pool = NULL;
	run_lifo(number);
}

static void run_detect_kind(unsigned number)
{
	(void)number;
	if (bench_allocator.detect == NULL)
		bench_lack("there is no such question");
	fill(1000, 64);
	for (int i = 0; i < 3000000; i++)
		if (bench_allocator.detect(slots[i % 1000]) == NULL)
			bench_die("memkind_detect_kind");
	drain(1000);
}

const struct bench_workload bench_micro_workloads[] = {
	{"lifo", run_lifo},
	{"fifo", run_fifo},
	{"fifo-16k", run_fifo_16k},
	{"cached-256k", run_cached_256k},
	{"random-reuse", run_random_reuse},
	{"mixed-sizes", run_mixed_sizes},
	{"calloc", run_calloc},
	{"calloc-4m", run_calloc_4m},
	{"realloc-growth", run_realloc_growth},
	{"aligned", run_aligned},
	{"free-no-kind", run_free_without_kind},
	{"detect-kind", run_detect_kind},
	{NULL, NULL},
};
