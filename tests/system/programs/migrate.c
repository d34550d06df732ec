/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that change sockets, and memory that does: is every block on the node closest to the CPU
 * on which malloc ran?
 *
 *	migrate -n NODE0,NODE1 [-r ROUNDS] KIND
 *
 *   -n  the closest node of CPU 0 and of CPU 1
 *
 * Phases, each with blocks of 16 bytes to 1 MiB, of which some are freed and allocated again:
 *   mover    a thread that goes to and fro
 *   late     it allocates on one socket and touches on the other
 *   threads  32 threads on alternating sockets
 *   foreign  blocks freed by the other socket's thread, which then allocates the same sizes
 * A block is wrong when any of its pages is on another node. Prints a line a phase, "migrate kind=K
 * phase=P blocks=N wrong=N", and exits with 0 if none was wrong, with 1 if one was.
 */
#include "probe.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CPUS	      2
#define LIVE_BLOCKS   48
#define THREADS	      32
#define THREAD_LIVE   8
#define FOREIGN_COUNT 64

struct test {
	const char *kind_name;
	memkind_t kind;
	unsigned long near[CPUS]; /* mask of the closest node */
	int rounds;
	atomic_size_t blocks;
	atomic_size_t wrong;
};

struct block {
	char *start;
	size_t size;
};

static struct test test = {.rounds = 400};

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Mostly small, as programs are. */
static size_t random_size(uint32_t *state)
{
	uint32_t choice = next_random(state) % 100;
	uint32_t value = next_random(state);

	if (choice < 60)
		return 16 + value % 1024;
	if (choice < 85)
		return 1024 + value % 16384;
	if (choice < 97)
		return 16384 + value % 200000;
	return (1 << 19) + value % (1 << 19);
}

static struct block get_block(size_t size)
{
	struct block block = {memkind_malloc(test.kind, size), size};

	if (block.start == NULL)
		probe_die("%zu bytes of %s", size, test.kind_name);
	return block;
}

static void put_block(struct block *block)
{
	memkind_free(test.kind, block->start);
	block->start = NULL;
}

/* CPU: where malloc ran. */
static void touch_and_count(const struct block *block, int cpu)
{
	struct probe_count count = {0};

	memset(block->start, cpu, block->size);
	probe_locate(block->start, block->size, &count);
	atomic_fetch_add(&test.blocks, 1);
	if (probe_outside(&count, test.near[cpu]) > 0)
		atomic_fetch_add(&test.wrong, 1);
}

static void put_all(struct block *live, int count)
{
	for (int i = 0; i < count; i++) {
		if (live[i].start != NULL)
			put_block(&live[i]);
	}
}

/* Replaces a random block, so that memory of both sockets is used again and again. */
static void replace(struct block *live, int count, int cpu, uint32_t *random)
{
	struct block *block = &live[next_random(random) % (uint32_t)count];

	if (block->start != NULL)
		put_block(block);
	*block = get_block(random_size(random));
	touch_and_count(block, cpu);
}

static void run_mover(void)
{
	struct block live[LIVE_BLOCKS] = {0};
	uint32_t random = 1;

	for (int round = 0; round < test.rounds; round++) {
		int cpu = round % CPUS;

		probe_pin(cpu);
		for (uint32_t n = next_random(&random) % 6 + 1; n > 0; n--)
			replace(live, LIVE_BLOCKS, cpu, &random);
	}
	put_all(live, LIVE_BLOCKS);
}

static void run_late(void)
{
	struct block live[LIVE_BLOCKS] = {0};
	uint32_t random = 2;

	for (int round = 0; round < test.rounds / 10; round++) {
		int cpu = round % CPUS;

		probe_pin(cpu);
		for (int i = 0; i < LIVE_BLOCKS; i++)
			live[i] = get_block(random_size(&random));
		probe_pin(1 - cpu);
		for (int i = 0; i < LIVE_BLOCKS; i++)
			touch_and_count(&live[i], cpu);
		put_all(live, LIVE_BLOCKS);
	}
}

static void *run_thread(void *argument)
{
	struct block live[THREAD_LIVE] = {0};
	int number = (int)(intptr_t)argument;
	uint32_t random = (uint32_t)number + 100;

	probe_pin(number % CPUS);
	for (int round = 0; round < test.rounds / 8; round++)
		replace(live, THREAD_LIVE, number % CPUS, &random);
	put_all(live, THREAD_LIVE);
	return NULL;
}

static void run_threads(void)
{
	pthread_t threads[THREADS];

	for (intptr_t i = 0; i < THREADS; i++) {
		errno = pthread_create(&threads[i], NULL, run_thread, (void *)i);
		if (errno != 0)
			probe_die("thread");
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static struct block foreign[FOREIGN_COUNT];
static pthread_barrier_t turn;

/* Two threads take turns: each frees what the other allocated, and allocates the same sizes. */
static void *run_foreign_side(void *argument)
{
	int side = (int)(intptr_t)argument;
	uint32_t random = 7;

	probe_pin(side);
	for (int round = 0; round < test.rounds / 10; round++) {
		if (round % CPUS == side) {
			put_all(foreign, FOREIGN_COUNT);
			for (int i = 0; i < FOREIGN_COUNT; i++) {
				foreign[i] = get_block(random_size(&random));
				touch_and_count(&foreign[i], side);
			}
			random = 7;
		}
		pthread_barrier_wait(&turn);
	}
	return NULL;
}

static void run_foreign(void)
{
	pthread_t sides[CPUS];

	pthread_barrier_init(&turn, NULL, CPUS);
	for (intptr_t i = 0; i < CPUS; i++) {
		errno = pthread_create(&sides[i], NULL, run_foreign_side, (void *)i);
		if (errno != 0)
			probe_die("thread");
	}
	for (int i = 0; i < CPUS; i++)
		pthread_join(sides[i], NULL);
	put_all(foreign, FOREIGN_COUNT);
}

static size_t run_phase(const char *name, void (*phase)(void))
{
	atomic_store(&test.blocks, 0);
	atomic_store(&test.wrong, 0);
	phase();
	printf("migrate kind=%s phase=%s blocks=%zu wrong=%zu\n", test.kind_name, name,
	       atomic_load(&test.blocks), atomic_load(&test.wrong));
	fflush(stdout);
	return atomic_load(&test.wrong);
}

static void parse(int argc, char **argv)
{
	int near[CPUS] = {-1, -1};
	int option;

	while ((option = getopt(argc, argv, "n:r:")) != -1) {
		if (option == 'r')
			test.rounds = atoi(optarg);
		else if (option != 'n' || sscanf(optarg, "%d,%d", &near[0], &near[1]) != CPUS)
			exit(2);
	}
	if (optind + 1 != argc || near[0] < 0 || near[1] < 0)
		probe_die("usage: migrate -n NODE0,NODE1 [-r ROUNDS] KIND");
	for (int cpu = 0; cpu < CPUS; cpu++)
		test.near[cpu] = 1UL << near[cpu];
	test.kind_name = argv[optind];
	test.kind = probe_kind(test.kind_name);
}

int main(int argc, char **argv)
{
	size_t wrong = 0;

	parse(argc, argv);
	wrong += run_phase("mover", run_mover);
	wrong += run_phase("late", run_late);
	wrong += run_phase("threads", run_threads);
	wrong += run_phase("foreign", run_foreign);
	return wrong == 0 ? 0 : 1;
}
