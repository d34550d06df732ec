/* SPDX-License-Identifier: BSD-2-Clause */
/* What the first block costs: of a process, of the library, of a thread, and kinds never used. */
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "work.h"

enum { THREAD_COUNT = 32, SPAWN_COUNT = 9, KIND_COUNT = 16, WORD_LIMIT = 16 };

struct starter {
	pthread_t thread;
	double ns;
};

extern char **environ;

static pthread_barrier_t barrier;

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left;
	double b = *(const double *)right;

	return (a > b) - (a < b);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

/* Says that the first block is there, to the file NUMBER. */
static void run_ready(unsigned number)
{
	if (write((int)number, "\n", 1) != 1)
		bench_die("write");
}

/* From the start of a process until it says so. */
static double spawn_once(void)
{
	char number[16];
	char byte;
	char *words[WORD_LIMIT] = {"/proc/self/exe", "ready", number};
	int ends[2];
	double start;
	pid_t child;

	for (int i = 0; i < bench_word_count && i + 4 < WORD_LIMIT; i++)
		words[i + 3] = bench_words[i];
	if (pipe(ends) != 0)
		bench_die("pipe");
	snprintf(number, sizeof(number), "%d", ends[1]);
	start = bench_ns(CLOCK_MONOTONIC);
	if (posix_spawn(&child, words[0], NULL, NULL, words, environ) != 0 ||
	    read(ends[0], &byte, 1) != 1)
		bench_die("starting a process");
	start = bench_ns(CLOCK_MONOTONIC) - start;
	waitpid(child, NULL, 0);
	close(ends[0]);
	close(ends[1]);
	return start;
}

static void run_process_start(unsigned number)
{
	double samples[SPAWN_COUNT];

	(void)number;
	for (int i = 0; i < SPAWN_COUNT; i++)
		samples[i] = spawn_once();
	bench_report("process-start", median(samples, SPAWN_COUNT));
}

/* Preloaded allocators are loaded already. */
static void run_load(unsigned number)
{
	(void)number;
	if (bench_word_count == 1)
		bench_lack("it is preloaded");
	bench_report("load", bench_first_block_ns);
}

static void *allocate_first(void *argument)
{
	struct starter *starter = argument;
	void *block;

	pthread_barrier_wait(&barrier);
	/* One at a time, main's reading of the memory in between. */
	pthread_barrier_wait(&barrier);
	starter->ns = bench_ns(CLOCK_THREAD_CPUTIME_ID);
	block = bench_malloc(64);
	starter->ns = bench_ns(CLOCK_THREAD_CPUTIME_ID) - starter->ns;
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	bench_free(block);
	return NULL;
}

static void run_new_thread(unsigned number)
{
	struct starter *starters = bench_own(THREAD_COUNT * sizeof(*starters));
	double samples[THREAD_COUNT];
	double before;

	(void)number;
	pthread_barrier_init(&barrier, NULL, THREAD_COUNT + 1);
	for (int i = 0; i < THREAD_COUNT; i++)
		if (pthread_create(&starters[i].thread, NULL, allocate_first, &starters[i]) != 0)
			bench_die("pthread_create");
	pthread_barrier_wait(&barrier);
	before = bench_rss();
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	bench_report("thread-rss", (bench_rss() - before) / THREAD_COUNT / 1024);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < THREAD_COUNT; i++) {
		pthread_join(starters[i].thread, NULL);
		samples[i] = starters[i].ns;
	}
	bench_report("thread-start", median(samples, THREAD_COUNT));
}

/* All are kept: a user of many kinds has them at the same time. */
static void run_unused_kind(unsigned number)
{
	double samples[KIND_COUNT];
	double before = bench_rss();

	(void)number;
	if (bench_allocator.create == NULL)
		bench_lack("it creates no kinds");
	for (int i = 0; i < KIND_COUNT; i++) {
		samples[i] = bench_ns(CLOCK_MONOTONIC);
		if (bench_allocator.create(64 << 20) == NULL)
			bench_die("creating a kind");
		samples[i] = bench_ns(CLOCK_MONOTONIC) - samples[i];
	}
	bench_report("kind-rss", (bench_rss() - before) / KIND_COUNT / 1024);
	bench_report("kind-create", median(samples, KIND_COUNT));
}

const struct bench_workload bench_start_workloads[] = {
	{"ready", run_ready},		{"process-start", run_process_start}, {"load", run_load},
	{"new-thread", run_new_thread}, {"unused-kind", run_unused_kind},     {NULL, NULL},
};
