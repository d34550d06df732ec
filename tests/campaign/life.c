/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Forks and exits of a process whose threads are in the middle of everything.
 *
 *	life fork COUNT [SEED]   COUNT children; each finds all blocks as they were, goes on, and exits
 *	life exit COUNT [SEED]   COUNT processes that exit while their threads allocate and free
 *
 * Prints a line of counts; exits with 0 if all ended well, and each in time.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "soak/kinds.h"
#include "soak/shadow.h"

enum {
	THREAD_COUNT = 16,
	BEFORE_COUNT = 2000, /* operations of all threads before a process exits */
	CHILD_COUNT = 100,
	LIMIT_S = 60,
};

static _Atomic unsigned long *operation_count; /* of all processes */
static unsigned survived_count, hang_count;

static void operate(uint32_t *seed)
{
	shadow_operate(seed);
	atomic_fetch_add_explicit(operation_count, 1, memory_order_relaxed);
}

static void *run_thread(void *argument)
{
	uint32_t seed = (uint32_t)(uintptr_t)argument;

	for (;;)
		operate(&seed);
	return NULL;
}

static void start_threads(uint32_t *seed)
{
	for (unsigned i = 0; i < THREAD_COUNT; i++) {
		pthread_t thread;

		SHADOW_CHECK(pthread_create(&thread, NULL, run_thread,
					    (void *)(uintptr_t)shadow_random(seed)) == 0);
		SHADOW_CHECK(pthread_detach(thread) == 0);
	}
}

static void let_run(unsigned long count)
{
	unsigned long until = atomic_load(operation_count) + count;

	while (atomic_load(operation_count) < until)
		sched_yield();
}

/* Destructors of a program run while its threads do. */
static void operate_at_exit(void)
{
	uint32_t seed = shadow_seed;

	for (unsigned i = 0; i < CHILD_COUNT; i++)
		operate(&seed);
}

static void run_fork_child(uint32_t seed)
{
	alarm(LIMIT_S);
	shadow_begin_child();
	shadow_check_all();
	for (unsigned i = 0; i < CHILD_COUNT; i++)
		operate(&seed);
	shadow_empty();
	exit(0);
}

static void run_exit_child(uint32_t seed)
{
	alarm(LIMIT_S);
	shadow_make_kinds();
	SHADOW_CHECK(atexit(operate_at_exit) == 0);
	start_threads(&seed);
	let_run(BEFORE_COUNT);
	exit(0);
}

static void run_child(void (*run)(uint32_t seed), uint32_t seed)
{
	int status = 0;
	pid_t child = fork();

	SHADOW_CHECK(child >= 0);
	if (child == 0)
		run(seed);
	while (waitpid(child, &status, 0) != child)
		SHADOW_CHECK(errno == EINTR);
	survived_count += status == 0;
	hang_count += WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
	if (status != 0)
		printf("# a process ended with the status %d, from seed %u\n", status, seed);
}

int main(int argc, char **argv)
{
	bool is_fork = argc > 1 && strcmp(argv[1], "fork") == 0;
	unsigned count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	uint32_t seed;

	SHADOW_CHECK(count > 0 && (is_fork || strcmp(argv[1], "exit") == 0));
	shadow_seed = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 1;
	seed = shadow_seed += shadow_seed == 0;
	operation_count = mmap(NULL, sizeof(*operation_count), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	SHADOW_CHECK(operation_count != MAP_FAILED);
	setvbuf(stdout, NULL, _IONBF, 0);
	if (is_fork) {
		shadow_make_kinds();
		start_threads(&seed);
		let_run(BEFORE_COUNT);
	}
	for (unsigned i = 0; i < count; i++)
		run_child(is_fork ? run_fork_child : run_exit_child, shadow_random(&seed));
	printf("counts operations=%lu faults=%u survived=%u lost=0 wrong=0 hangs=%u\n",
	       atomic_load(operation_count), count, survived_count, hang_count);
	fflush(stdout);
	/* Its threads run, and so they do when it exits. */
	return survived_count == count ? 0 : 1;
}
