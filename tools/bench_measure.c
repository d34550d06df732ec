/* SPDX-License-Identifier: BSD-2-Clause */
/* Latency and bandwidth of memory, in a given time. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bits.h"
#include "bench.h"

enum {
	LINE_SIZE = 64, /* what a load brings; where lines are longer some are met twice */
	LOADS_A_BATCH = 1024,
	BATCH_LIMIT = 1 << 18,
	VECTOR_SIZE = 64,
};

/* What is read or written between two looks at the clock. */
#define CHUNK_SIZE (256 * MK_KIB)

typedef uint64_t vector __attribute__((vector_size(VECTOR_SIZE), may_alias));

/* Threads that do the same. */
struct team {
	enum mk_bench_measure measure;
	_Atomic bool may_start, must_stop;
};

/* One thread of a CPU, and its part of the memory. */
struct worker {
	pthread_t thread;
	struct team *team;
	int cpu;
	char *base;
	size_t size;
	double *times; /* of pieces of CHUNK_SIZE */
	size_t count;
};

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The Nth line of the way, as a number below 1 << BITS: each once, in an order that none guesses. */
static size_t line_of(size_t n, unsigned bits)
{
	size_t mask = ((size_t)1 << bits) - 1;

	for (int round = 0; round < 3; round++) {
		n = (n * 0x9e3779b97f4a7c15 + 0x2545f4914f6cdd1d) & mask;
		n ^= n >> (bits / 2);
	}
	return n;
}

/* Where it is: what it holds is the address of the next one. */
static void *address_of(char *base, size_t n, unsigned bits)
{
	return base + line_of(n, bits) * LINE_SIZE;
}

/* The last one leads to the first. */
static void make_cycle(char *base, unsigned bits)
{
	size_t mask = ((size_t)1 << bits) - 1;

	for (size_t n = 0; n <= mask; n++) {
		void **line = address_of(base, n, bits);

		*line = address_of(base, (n + 1) & mask, bits);
	}
}

static int compare_times(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* That of the middle: those that were interrupted do not move it. */
static double median(double *times, size_t count)
{
	qsort(times, count, sizeof(*times), compare_times);
	return times[count / 2];
}

/* Follows the cycle; the time of each batch of loads. Returns how many batches were made. */
static size_t time_batches(void **at, double seconds, double *ret_times)
{
	double start_s = now_s(), after_s = start_s;
	size_t count = 0;

	while (count < BATCH_LIMIT && (count == 0 || after_s - start_s < seconds)) {
		double before_s = now_s();

		for (int i = 0; i < LOADS_A_BATCH; i++)
			at = *at;
		/* The loads have to be made, and before the clock is read. */
		__asm__ volatile("" : "+r"(at) : : "memory");
		after_s = now_s();
		ret_times[count++] = after_s - before_s;
	}
	return count;
}

/* Nanoseconds a load. */
static bool chase(const struct mk_bench_memory *memory, double seconds, double *ret_figure)
{
	double *times = malloc(BATCH_LIMIT * sizeof(*times));
	size_t count;

	if (times == NULL)
		return false;
	make_cycle(memory->base, mk_log2(memory->size / LINE_SIZE));
	count = time_batches(memory->base, seconds, times);
	*ret_figure = median(times, count) / LOADS_A_BATCH * 1e9;
	free(times);
	return true;
}

static void read_chunk(const void *base)
{
	const vector *at = base, *end = at + CHUNK_SIZE / VECTOR_SIZE;
	vector sums[4] = {{0}};

	for (; at < end; at += MK_ARRAY_SIZE(sums))
		for (size_t i = 0; i < MK_ARRAY_SIZE(sums); i++)
			sums[i] += at[i];
	__asm__ volatile("" : : "m"(sums));
}

/* A copy is of one half of the part to the other; its bytes count once. */
static void work_on_chunk(const struct worker *worker, size_t offset)
{
	char *at = worker->base + offset;

	if (worker->team->measure == MK_BENCH_READ)
		read_chunk(at);
	else if (worker->team->measure == MK_BENCH_WRITE)
		memset(at, 1, CHUNK_SIZE);
	else
		memcpy(at + worker->size / 2, at, CHUNK_SIZE);
	/* What nobody reads is written all the same. */
	__asm__ volatile("" : : "r"(at) : "memory");
}

static void *work(void *context)
{
	struct worker *worker = context;
	size_t end = worker->team->measure == MK_BENCH_COPY ? worker->size / 2 : worker->size;
	size_t offset = 0;
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(worker->cpu, &cpu);
	pthread_setaffinity_np(pthread_self(), sizeof(cpu), &cpu);
	while (!atomic_load_explicit(&worker->team->may_start, memory_order_relaxed))
		sched_yield();
	do {
		double start_s = now_s();

		work_on_chunk(worker, offset);
		if (worker->count < BATCH_LIMIT)
			worker->times[worker->count++] = now_s() - start_s;
		offset = offset + 2 * CHUNK_SIZE <= end ? offset + CHUNK_SIZE : 0;
	} while (!atomic_load_explicit(&worker->team->must_stop, memory_order_relaxed));
	return NULL;
}

static void wait_s(double seconds)
{
	struct timespec time = {.tv_sec = (time_t)seconds};

	time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
	nanosleep(&time, NULL);
}

/* Starts a thread on each CPU, and gives how many there are. */
static size_t start(struct worker *workers, struct team *team, const cpu_set_t *cpus,
		    const struct mk_bench_memory *memory)
{
	size_t share = mk_align_down(memory->size / (size_t)CPU_COUNT(cpus), 2 * CHUNK_SIZE);
	size_t count = 0;

	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		struct worker *worker = &workers[count];

		if (!CPU_ISSET(cpu, cpus))
			continue;
		*worker = (struct worker){.team = team,
					  .cpu = cpu,
					  .base = (char *)memory->base + count * share,
					  .size = share,
					  .times = malloc(BATCH_LIMIT * sizeof(double))};
		if (worker->times == NULL ||
		    pthread_create(&worker->thread, NULL, work, worker) != 0) {
			free(worker->times);
			break;
		}
		count++;
	}
	return count;
}

/* Bytes a second of all threads together. False: they are not all there. */
static bool run_team(enum mk_bench_measure measure, const struct mk_bench_memory *memory,
		     const cpu_set_t *cpus, double seconds, double *ret_figure)
{
	size_t wanted = (size_t)CPU_COUNT(cpus);
	struct worker *workers = calloc(wanted, sizeof(*workers));
	struct team team = {.measure = measure};
	double rate = 0;
	size_t count;

	if (workers == NULL)
		return false;
	count = start(workers, &team, cpus, memory);
	team.may_start = true;
	if (count == wanted)
		wait_s(seconds);
	team.must_stop = true;
	for (size_t i = 0; i < count; i++) {
		pthread_join(workers[i].thread, NULL);
		rate += (double)CHUNK_SIZE / median(workers[i].times, workers[i].count);
		free(workers[i].times);
	}
	free(workers);
	if (count == wanted)
		*ret_figure = rate;
	return count == wanted;
}

bool mk_bench_measure(enum mk_bench_measure measure, const struct mk_bench_memory *memory,
		      const cpu_set_t *cpus, double seconds, double *ret_figure)
{
	if (measure == MK_BENCH_LATENCY)
		return chase(memory, seconds, ret_figure);
	return run_team(measure, memory, cpus, seconds, ret_figure);
}
