/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks whose payload is not in the caches: half of them are freed at random, then allocated again.
 * The working set is four times the last-level cache. An allocator that keeps its lists in freed
 * blocks misses the caches at each step.
 */
#include <string.h>
#include <unistd.h>

#include "work.h"

enum { BLOCK_SIZE = 256, LEAST_CACHE_SIZE = 8 << 20 };

static size_t cache_size(void)
{
	long size = sysconf(_SC_LEVEL3_CACHE_SIZE);

	return size < LEAST_CACHE_SIZE ? LEAST_CACHE_SIZE : (size_t)size;
}

static void shuffle(void **blocks, size_t count)
{
	uint64_t state = 1;

	for (size_t i = count - 1; i > 0; i--) {
		size_t other = bench_random(&state) % (i + 1);
		void *block = blocks[i];

		blocks[i] = blocks[other];
		blocks[other] = block;
	}
}

/* CPU time of this thread for each of COUNT steps since START. */
static double since(double start, size_t count)
{
	return (bench_ns(CLOCK_THREAD_CPUTIME_ID) - start) / (double)count;
}

static void run_cold(unsigned number)
{
	size_t count = 4 * cache_size() / BLOCK_SIZE;
	size_t quarter = count / 4;
	void **blocks = bench_own(count * sizeof(*blocks));
	char *other = bench_own(2 * cache_size());
	double start;

	(void)number;
	for (size_t i = 0; i < count; i++)
		blocks[i] = memset(bench_take(BLOCK_SIZE), 1, BLOCK_SIZE);
	shuffle(blocks, count);
	memset(other, 1, 2 * cache_size());
	start = bench_ns(CLOCK_THREAD_CPUTIME_ID);
	for (size_t i = 0; i < 2 * quarter; i++)
		bench_free(blocks[i]);
	bench_report("free", since(start, 2 * quarter));
	memset(other, 2, 2 * cache_size());
	start = bench_ns(CLOCK_THREAD_CPUTIME_ID);
	for (size_t i = 0; i < quarter; i++)
		blocks[i] = bench_take(BLOCK_SIZE);
	bench_report("malloc", since(start, quarter));
	memset(other, 3, 2 * cache_size());
	start = bench_ns(CLOCK_THREAD_CPUTIME_ID);
	for (size_t i = quarter; i < 2 * quarter; i++)
		blocks[i] = memset(bench_take(BLOCK_SIZE), 1, BLOCK_SIZE);
	bench_report("malloc-fill", since(start, quarter));
}

const struct bench_workload bench_cold_workloads[] = {
	{"cold", run_cold},
	{NULL, NULL},
};
