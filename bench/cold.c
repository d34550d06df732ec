/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks whose payload is not in the caches: half of them are freed at random, then allocated again.
 * The working set is four times the last-level cache. An allocator that keeps its lists in freed
 * blocks misses the caches at each step. And memory that nobody had before: a GiB of it in blocks that
 * are written to, and a GiB that is just touched.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "work.h"

enum { BLOCK_SIZE = 256, LEAST_CACHE_SIZE = 8 << 20, PAGE_SIZE = 4096 };
#define FRESH_SIZE ((size_t)1 << 30)

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

static void touch(char *memory, size_t size)
{
	for (size_t at = 0; at < size; at += PAGE_SIZE)
		memory[at] = 1;
}

static void run_touch(void)
{
	double start = bench_ns(CLOCK_THREAD_CPUTIME_ID);
	char *memory =
		mmap(NULL, FRESH_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		bench_die("mmap");
	touch(memory, FRESH_SIZE);
	bench_report("touch", since(start, 1));
	munmap(memory, FRESH_SIZE);
}

/* Blocks of NUMBER KiB, which are kept. */
static void run_fresh(unsigned number)
{
	size_t size = (size_t)number << 10;
	double start;

	run_touch();
	start = bench_ns(CLOCK_THREAD_CPUTIME_ID);
	for (size_t done = 0; done < FRESH_SIZE; done += size)
		touch(bench_take(size), size);
	bench_report("fresh", since(start, 1));
}

const struct bench_workload bench_cold_workloads[] = {
	{"cold", run_cold},
	{"fresh", run_fresh},
	{NULL, NULL},
};
