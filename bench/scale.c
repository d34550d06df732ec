/* SPDX-License-Identifier: BSD-2-Clause */
/* Cost of an operation (a free and a malloc) as pools, threads and blocks become many. */
#include <pthread.h>

#include "work.h"

enum { OPERATION_COUNT = 1000000, KEPT_COUNT = 4, RING_COUNT = 100, SIZE = 16 };

static pthread_barrier_t barrier;

/* Blocks of many pools, in turn by chance. */
static void run_pools(unsigned number)
{
	struct {
		void *pool;
		void *kept[KEPT_COUNT];
	} *rows = bench_own(number * sizeof(*rows));
	uint64_t state = 1;
	double start = 0;

	if (bench_allocator.create == NULL)
		bench_lack("it creates no pools");
	for (unsigned i = 0; i < number; i++) {
		rows[i].pool = i == 0 ? bench_allocator.pool : bench_allocator.create(16 << 20);
		if (rows[i].pool == NULL)
			bench_lack("it has not so many pools");
		for (int slot = 0; slot < KEPT_COUNT; slot++)
			rows[i].kept[slot] = bench_allocator.pool_malloc(rows[i].pool, SIZE);
	}
	for (int i = -(int)number * 16; i < OPERATION_COUNT; i++) {
		unsigned row = bench_random(&state) % number;
		void **slot = &rows[row].kept[i & (KEPT_COUNT - 1)];

		/* What comes before warms the pools up. */
		if (i == 0)
			start = bench_ns(CLOCK_THREAD_CPUTIME_ID);
		bench_allocator.pool_free(rows[row].pool, *slot);
		*slot = bench_allocator.pool_malloc(rows[row].pool, SIZE);
		if (*slot == NULL)
			bench_die("malloc");
	}
	start = bench_ns(CLOCK_THREAD_CPUTIME_ID) - start;
	bench_report("cost", start / OPERATION_COUNT);
}

static void replace_oldest(void **ring, size_t ring_count, size_t count)
{
	for (size_t i = 0, slot = 0; i < count; i++) {
		bench_free(ring[slot]);
		ring[slot] = bench_malloc(SIZE);
		slot = slot + 1 == ring_count ? 0 : slot + 1;
	}
}

struct worker {
	pthread_t thread;
	size_t count;
	double ns;
};

static void *work(void *argument)
{
	struct worker *worker = argument;
	void *ring[RING_COUNT];

	for (int i = 0; i < RING_COUNT; i++)
		ring[i] = bench_malloc(SIZE);
	replace_oldest(ring, RING_COUNT, (size_t)4 * RING_COUNT);
	pthread_barrier_wait(&barrier);
	worker->ns = bench_ns(CLOCK_THREAD_CPUTIME_ID);
	replace_oldest(ring, RING_COUNT, worker->count);
	worker->ns = bench_ns(CLOCK_THREAD_CPUTIME_ID) - worker->ns;
	for (int i = 0; i < RING_COUNT; i++)
		bench_free(ring[i]);
	return NULL;
}

/* All of them are there at once, and share a fixed amount of work. */
static void run_threads(unsigned number)
{
	struct worker *workers = bench_own(number * sizeof(*workers));
	size_t count = 4 * (size_t)OPERATION_COUNT / number;
	double sum = 0;

	pthread_barrier_init(&barrier, NULL, number);
	for (unsigned i = 0; i < number; i++) {
		workers[i].count = count;
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			bench_die("pthread_create");
	}
	for (unsigned i = 0; i < number; i++) {
		pthread_join(workers[i].thread, NULL);
		sum += workers[i].ns;
	}
	bench_report("cost", sum / (double)(count * number));
}

/* NUMBER blocks are there; always the oldest goes. */
static void run_blocks(unsigned number)
{
	void **ring = bench_own((size_t)number * sizeof(*ring));
	size_t count = number < OPERATION_COUNT ? OPERATION_COUNT : number;
	double start;

	for (unsigned i = 0; i < number; i++)
		ring[i] = bench_malloc(SIZE);
	start = bench_ns(CLOCK_THREAD_CPUTIME_ID);
	replace_oldest(ring, number, count);
	start = bench_ns(CLOCK_THREAD_CPUTIME_ID) - start;
	bench_report("cost", start / (double)count);
}

const struct bench_workload bench_scale_workloads[] = {
	{"pools", run_pools},
	{"many-threads", run_threads},
	{"blocks", run_blocks},
	{NULL, NULL},
};
