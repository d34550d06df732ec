/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that come and go use all kinds, blocks change hands, the process forks, purges run; what
 * the blocks hold is checked all the time, and all of the heaps' records whenever nobody uses them.
 *
 *	soak [-t THREADS] [-n OPERATIONS] MINUTES [SEED]
 *
 * Ends after so many minutes, or after so many operations if that is later.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <memkind_ng.h>

#include "heap/cache.h"
#include "soak/kinds.h"
#include "soak/shadow.h"
#include "support/heap_invariants.h"

enum {
	WORKER_LIMIT = 64,
	ROUND_MS = 2000,    /* from one quiet point to the next */
	RARE_SHARE = 16,    /* what is rare is done each so many threads that end, */
	FORK_PAUSE_MS = 50, /* and a fork, which takes long, not before so much later */
	REST_US = 200,	    /* before it is asked again whether a thread has ended */
	SHORT_LIFE = 64,    /* operations of a thread */
	LONG_LIFE = 32768,
	CHILD_OPERATION_COUNT = 200,
	CHILD_TIME_LIMIT_S = 60,
};

struct worker {
	pthread_t thread;
	uint32_t seed;
	unsigned operation_count;
	_Atomic bool has_ended;
};

static struct worker workers[WORKER_LIMIT];
static unsigned worker_count = 6;
static _Atomic bool must_stop;
static _Atomic unsigned long operation_count;
static unsigned long thread_count, fork_count, walk_count;

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	unsigned done = 0;

	while (done < worker->operation_count && !must_stop) {
		shadow_operate(&worker->seed);
		done++;
	}
	operation_count += done;
	worker->has_ended = true;
	return NULL;
}

static void start_worker(struct worker *worker, uint32_t *seed)
{
	worker->seed = shadow_random(seed);
	worker->operation_count = shadow_random(seed) % 2 == 0 ? SHORT_LIFE : LONG_LIFE;
	worker->has_ended = false;
	SHADOW_CHECK(pthread_create(&worker->thread, NULL, work, worker) == 0);
	thread_count++;
}

static void end_worker(struct worker *worker)
{
	SHADOW_CHECK(pthread_join(worker->thread, NULL) == 0);
}

static void walk_heaps(bool are_empty)
{
	struct mk_heap *heap;

	for (unsigned number = 1; (heap = mk_heap_by_number(number)) != NULL; number++) {
		size_t used_size = 0;
		const char *fault;

		mk_lock_acquire(&heap->pages.lock, MK_RANK_PAGES);
		fault = heap_fault(heap, &used_size);
		mk_lock_release(&heap->pages.lock, MK_RANK_PAGES);
		if (fault != NULL || (are_empty && used_size != 0))
			dprintf(STDERR_FILENO, "heap %u: %s, %zu bytes in use\n", number,
				fault == NULL ? "bytes are lost" : fault, used_size);
		SHADOW_CHECK(fault == NULL);
		SHADOW_CHECK(!are_empty || used_size == 0);
	}
	walk_count++;
}

/* The child finds all blocks as they are, can use and free them, and all records are whole. */
static void run_child(uint32_t seed)
{
	alarm(CHILD_TIME_LIMIT_S);
	walk_heaps(false);
	shadow_begin_child();
	shadow_check_all();
	for (unsigned i = 0; i < CHILD_OPERATION_COUNT; i++)
		shadow_operate(&seed);
	shadow_empty();
	walk_heaps(false);
	_exit(0);
}

static void fork_and_wait(uint32_t *seed)
{
	uint32_t child_seed = shadow_random(seed);
	int status = 0;
	pid_t child = fork();

	SHADOW_CHECK(child >= 0);
	if (child == 0)
		run_child(child_seed);
	while (waitpid(child, &status, 0) != child)
		SHADOW_CHECK(errno == EINTR);
	SHADOW_CHECK(status == 0);
	fork_count++;
}

/* While threads work: others start where some have ended, and this one does what is rare. */
static void run_round(uint32_t *seed)
{
	uint64_t end = now_ms() + ROUND_MS;
	uint64_t next_fork = 0;

	must_stop = false;
	for (unsigned i = 0; i < worker_count; i++)
		start_worker(&workers[i], seed);
	for (unsigned i = 0; now_ms() < end; i = (i + 1) % worker_count) {
		if (!workers[i].has_ended) {
			usleep(REST_US);
			continue;
		}
		end_worker(&workers[i]);
		start_worker(&workers[i], seed);
		if (shadow_random(seed) % RARE_SHARE == 0 && now_ms() >= next_fork) {
			fork_and_wait(seed);
			next_fork = now_ms() + FORK_PAUSE_MS;
		}
		if (shadow_random(seed) % RARE_SHARE == 0)
			SHADOW_CHECK(memkind_ng_rescan() == 0);
	}
	must_stop = true;
	for (unsigned i = 0; i < worker_count; i++)
		end_worker(&workers[i]);
}

static void give_back(void)
{
	struct mk_heap *heap;

	for (unsigned number = 1; (heap = mk_heap_by_number(number)) != NULL; number++) {
		mk_cache_drain(heap);
		mk_lock_acquire(&heap->pages.lock, MK_RANK_PAGES);
		mk_pages_purge(heap, 0);
		mk_lock_release(&heap->pages.lock, MK_RANK_PAGES);
	}
}

/* Nobody allocates. Every other time all is freed, and then nothing may be left. */
static void check_quiet(unsigned round)
{
	shadow_check_all();
	walk_heaps(false);
	if (round % 2 == 0)
		return;
	shadow_empty();
	give_back();
	walk_heaps(true);
	SHADOW_CHECK(memkind_set_bg_threads(round % 4 == 1) == 0);
}

static void take_seed(const char *text)
{
	if (text != NULL)
		shadow_seed = (uint32_t)strtoul(text, NULL, 10);
	else
		SHADOW_CHECK(getentropy(&shadow_seed, sizeof(shadow_seed)) == 0);
	shadow_seed += shadow_seed == 0;
}

/* The minutes. */
static double parse(int argc, char **argv, unsigned long *ret_least)
{
	double minutes;
	int option;

	while ((option = getopt(argc, argv, "t:n:")) != -1) {
		SHADOW_CHECK(option != '?');
		if (option == 't')
			worker_count = (unsigned)strtoul(optarg, NULL, 10);
		else
			*ret_least = strtoul(optarg, NULL, 10);
	}
	SHADOW_CHECK(worker_count > 0 && worker_count <= WORKER_LIMIT);
	minutes = optind < argc ? strtod(argv[optind], NULL) : 0;
	SHADOW_CHECK(minutes > 0);
	take_seed(optind + 1 < argc ? argv[optind + 1] : NULL);
	return minutes;
}

int main(int argc, char **argv)
{
	unsigned long least = 0;
	double minutes = parse(argc, argv, &least);
	uint64_t end = now_ms() + (uint64_t)(minutes * 60000);
	uint32_t seed = shadow_seed;
	unsigned round = 0;

	shadow_make_kinds();
	printf("%g minutes from seed %u, %u kinds\n", minutes, shadow_seed, shadow_kind_count());
	fflush(stdout);
	do {
		run_round(&seed);
		check_quiet(round++);
	} while (now_ms() < end || operation_count < least || round % 2 != 0);
	printf("%lu operations, %lu threads, %lu forks, %lu walks: all well\n", operation_count,
	       thread_count, fork_count, walk_count);
	/* The first byte or block that is not as it should be ends the run. */
	printf("counts operations=%lu lost=0 wrong=0\n", operation_count);
	return 0;
}
