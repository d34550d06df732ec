/* SPDX-License-Identifier: BSD-2-Clause */
/* The snapshot of this machine: first use by many threads, looking again, fork. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "topology/topology.h"

enum {
	THREAD_COUNT = 16,
	MARK = 4711, /* errno before every call, and after it */
	CHILD_SECONDS = 60,
};

static pthread_barrier_t barrier;

static void *get_at_once(void *result)
{
	const struct mk_topology **ret_topology = result;

	pthread_barrier_wait(&barrier);
	errno = MARK;
	*ret_topology = mk_topology_get();
	return errno == MARK ? result : NULL;
}

/* Goes first: there is one first use in a process. */
static void first_use_by_many_threads_gives_one_snapshot(void **state)
{
	const struct mk_topology *found[THREAD_COUNT] = {NULL};
	pthread_t threads[THREAD_COUNT];

	(void)state;
	pthread_barrier_init(&barrier, NULL, THREAD_COUNT);
	for (int i = 0; i < THREAD_COUNT; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, get_at_once, &found[i]), 0);
	for (int i = 0; i < THREAD_COUNT; i++) {
		void *result;

		pthread_join(threads[i], &result);
		assert_non_null(result);
	}
	pthread_barrier_destroy(&barrier);
	assert_non_null(found[0]);
	for (int i = 0; i < THREAD_COUNT; i++)
		assert_ptr_equal(found[i], found[0]);
	assert_ptr_equal(mk_topology_get(), found[0]);
}

static void looking_again_finds_nothing_new(void **state)
{
	const struct mk_topology *topology = mk_topology_get();

	(void)state;
	for (int i = 0; i < 100; i++) {
		errno = MARK;
		assert_ptr_equal(mk_topology_rescan(), topology);
		assert_int_equal(errno, MARK);
	}
	assert_ptr_equal(mk_topology_get(), topology);
}

static void the_cpu_that_runs_this_belongs_to_a_node(void **state)
{
	const struct mk_topology *topology = mk_topology_get();
	int cpu = sched_getcpu();
	int node = mk_topology_node_of_cpu(topology, (unsigned)cpu);

	(void)state;
	assert_true(cpu >= 0 && (unsigned)cpu < mk_topology_cpu_limit(topology));
	assert_true(node >= 0);
	assert_true(mk_topology_is_cpu_of_node(topology, (unsigned)cpu, (unsigned)node));
	assert_true(mk_nodeset_has(mk_topology_set(topology, MK_SET_CPU), (unsigned)node));
	assert_true(mk_nodeset_has(mk_topology_set(topology, MK_SET_RUNNABLE), (unsigned)node));
	assert_int_equal(mk_topology_distance(topology, (unsigned)node, (unsigned)node), 10);
}

static void sets_are_within_those_they_are_taken_from(void **state)
{
	static const enum mk_topology_set within_allowed[] = {MK_SET_FAR, MK_SET_HBW,
							      MK_SET_REGULAR};
	const struct mk_topology *topology = mk_topology_get();
	const struct mk_nodeset *online = mk_topology_set(topology, MK_SET_ONLINE);
	const struct mk_nodeset *memory = mk_topology_set(topology, MK_SET_MEMORY);
	const struct mk_nodeset *allowed = mk_topology_set(topology, MK_SET_ALLOWED);

	(void)state;
	assert_int_equal(mk_nodeset_count(online), mk_topology_node_count(topology));
	assert_true(mk_nodeset_is_subset(memory, online));
	assert_true(mk_nodeset_is_subset(mk_topology_set(topology, MK_SET_CPU), online));
	assert_true(mk_nodeset_is_subset(allowed, memory));
	assert_false(mk_nodeset_is_empty(allowed));
	for (int i = 0; i < 3; i++)
		assert_true(mk_nodeset_is_subset(mk_topology_set(topology, within_allowed[i]),
						 allowed));
	assert_true(mk_nodeset_is_empty(mk_topology_set(topology, MK_SET_FAR)) ==
		    (mk_topology_far_reason(topology) != NULL));
}

static _Atomic int has_rescanned;

static void *rescan(void *context)
{
	mk_topology_rescan();
	has_rescanned = 1;
	return context;
}

static int run_child(void)
{
	alarm(CHILD_SECONDS);
	mk_topology_reset_in_child();
	return mk_topology_rescan() == mk_topology_get() ? 0 : 1;
}

/* The lock is held across the fork while another thread waits for it. */
static void parent_and_child_look_again_after_fork(void **state)
{
	const struct mk_topology *topology = mk_topology_get();
	pthread_t thread;
	int status;
	pid_t child;

	(void)state;
	mk_topology_lock_for_fork();
	assert_int_equal(pthread_create(&thread, NULL, rescan, NULL), 0);
	child = fork();
	if (child == 0)
		_exit(run_child());
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(has_rescanned, 0);
	mk_topology_unlock_for_fork();
	pthread_join(thread, NULL);
	assert_int_equal(has_rescanned, 1);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_ptr_equal(mk_topology_rescan(), topology);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_use_by_many_threads_gives_one_snapshot),
		cmocka_unit_test(looking_again_finds_nothing_new),
		cmocka_unit_test(the_cpu_that_runs_this_belongs_to_a_node),
		cmocka_unit_test(sets_are_within_those_they_are_taken_from),
		cmocka_unit_test(parent_and_child_look_again_after_fork),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
