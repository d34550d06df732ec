/* SPDX-License-Identifier: BSD-2-Clause */
/* The gate: a fork gets its turn before threads that take locks all the time. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/lock.h"

enum { TIME_LIMIT_S = 20 };

static struct mk_lock outer, inner;
static _Atomic bool holds_outer, may_go_on, is_done;
static _Atomic pid_t thread_id;

static void *take_one(void *argument)
{
	thread_id = gettid();
	mk_lock_acquire(&outer, MK_RANK_CLASS);
	mk_lock_release(&outer, MK_RANK_CLASS);
	is_done = true;
	return argument;
}

static void *take_another_when_told(void *argument)
{
	mk_lock_acquire(&outer, MK_RANK_CLASS);
	holds_outer = true;
	while (!may_go_on)
		sched_yield();
	mk_lock_acquire(&inner, MK_RANK_PAGES);
	mk_lock_release(&inner, MK_RANK_PAGES);
	mk_lock_release(&outer, MK_RANK_CLASS);
	return argument;
}

static bool is_asleep(pid_t thread)
{
	char path[64], text[512] = "", *state;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)thread);
	file = fopen(path, "r");
	if (file == NULL)
		return false;
	if (fread(text, 1, sizeof(text) - 1, file) == 0)
		text[0] = '\0';
	fclose(file);
	state = strrchr(text, ')');
	return state != NULL && state[1] == ' ' && state[2] == 'S';
}

static void the_lock_of_a_class_waits_for_the_gate(void **state)
{
	pthread_t thread;

	(void)state;
	mk_lock_close_gate(MK_RANK_CLASS);
	assert_int_equal(pthread_create(&thread, NULL, take_one, NULL), 0);
	while (!is_done && (thread_id == 0 || !is_asleep(thread_id)))
		sched_yield();
	assert_false(is_done);
	mk_lock_open_gate();
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(is_done);
}

/* Else the fork would wait for its lock for ever. */
static void whoever_has_the_lock_of_a_class_goes_on(void **state)
{
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, take_another_when_told, NULL), 0);
	while (!holds_outer)
		sched_yield();
	mk_lock_close_gate(MK_RANK_CLASS);
	may_go_on = true;
	mk_lock_acquire_for_fork(&outer);
	mk_lock_release_for_fork(&outer);
	mk_lock_open_gate();
	assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lock_of_a_class_waits_for_the_gate),
		cmocka_unit_test(whoever_has_the_lock_of_a_class_goes_on),
	};

	alarm(TIME_LIMIT_S);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
