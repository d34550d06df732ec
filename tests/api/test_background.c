/* SPDX-License-Identifier: BSD-2-Clause */
/* The background thread: started, ended, forked; and what a bad limit does. */
#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "memkind.h"

static int thread_count(void)
{
	DIR *tasks = opendir("/proc/self/task");
	int count = 0;

	assert_non_null(tasks);
	while (readdir(tasks) != NULL)
		count++;
	closedir(tasks);
	return count - 2;
}

static void one_thread_is_started_and_ended(void **state)
{
	int before;

	(void)state;
	/* A sanitizer starts a thread of its own with the first that it sees. */
	memkind_set_bg_threads(true);
	memkind_set_bg_threads(false);
	before = thread_count();
	for (int round = 0; round < 3; round++) {
		assert_int_equal(memkind_set_bg_threads(true), 0);
		assert_int_equal(memkind_set_bg_threads(true), 0);
		assert_int_equal(thread_count(), before + 1);
		assert_int_equal(memkind_set_bg_threads(false), 0);
		assert_int_equal(memkind_set_bg_threads(false), 0);
		/* The kernel takes a moment to forget a thread that was joined. */
		while (thread_count() != before)
			;
	}
}

static size_t resident_pages(void *block, size_t size)
{
	static unsigned char pages[1 << 12];
	size_t count = 0;

	assert_int_equal(mincore(block, size, pages), 0);
	for (size_t i = 0; i < size / 4096; i++)
		count += pages[i] & 1;
	return count;
}

/* Bound to 30 seconds by the alarm; the decay is 10. */
static void idle_memory_is_given_back(void **state)
{
	const size_t size = (size_t)8 << 20;
	char *block = memkind_malloc(MEMKIND_DEFAULT, size);
	char *other = memkind_malloc(MEMKIND_DEFAULT, size);
	struct timespec pause = {.tv_nsec = 50000000};

	(void)state;
	assert_non_null(block);
	assert_non_null(other);
	memset(block, 1, size);
	assert_int_equal(resident_pages(block, size), size / 4096);
	memkind_free(MEMKIND_DEFAULT, block);
	assert_int_equal(memkind_set_bg_threads(true), 0);
	alarm(30);
	while (resident_pages(block, size) != 0)
		nanosleep(&pause, NULL);
	alarm(0);
	assert_int_equal(memkind_set_bg_threads(false), 0);
	memkind_free(MEMKIND_DEFAULT, other);
}

static void a_fork_child_starts_its_own(void **state)
{
	int status;
	pid_t child;

	(void)state;
#ifdef __SANITIZE_THREAD__
	skip(); /* it knows no threads of a child that was forked from many */
#endif
	assert_int_equal(memkind_set_bg_threads(true), 0);
	child = fork();
	if (child == 0) {
		alarm(20);
		if (thread_count() != 1 || memkind_set_bg_threads(true) != 0 ||
		    thread_count() != 2 || memkind_set_bg_threads(false) != 0)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(memkind_set_bg_threads(false), 0);
}

/* A stack that no address space has room for. */
static void without_a_thread_it_is_refused(void **state)
{
	pthread_attr_t usual, huge;

	(void)state;
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
	skip(); /* they end the process then */
#endif
	assert_int_equal(pthread_getattr_default_np(&usual), 0);
	assert_int_equal(pthread_getattr_default_np(&huge), 0);
	assert_int_equal(pthread_attr_setstacksize(&huge, (size_t)1 << 47), 0);
	assert_int_equal(pthread_setattr_default_np(&huge), 0);
	assert_int_equal(memkind_set_bg_threads(true), MEMKIND_ERROR_INVALID);
	assert_int_equal(pthread_setattr_default_np(&usual), 0);
	assert_int_equal(memkind_set_bg_threads(true), 0);
	assert_int_equal(memkind_set_bg_threads(false), 0);
}

static int first_use_with_limit(const char *limit)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		setenv("MEMKIND_BACKGROUND_THREAD_LIMIT", limit, 1);
		fclose(stderr);
		execl("/proc/self/exe", "test", "use", (char *)NULL);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

/* Scripts of users, and a test of the old library, expect status 134. */
static void a_bad_limit_ends_the_process_at_first_use(void **state)
{
	static const char *const good[] = {"", "0", "1", "4294967295"};
	static const char *const bad[] = {"-1", "abc", "2x", "4294967296"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(first_use_with_limit(good[i]), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int status = first_use_with_limit(bad[i]);

		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_thread_is_started_and_ended),
		cmocka_unit_test(idle_memory_is_given_back),
		cmocka_unit_test(a_fork_child_starts_its_own),
		cmocka_unit_test(without_a_thread_it_is_refused),
		cmocka_unit_test(a_bad_limit_ends_the_process_at_first_use),
	};

	if (argc > 1 && strcmp(argv[1], "emulated") == 0) {
		printf("SKIP: an emulator has threads of its own, and no mincore\n");
		return 77;
	}
	if (argc > 1 && strcmp(argv[1], "use") == 0) {
		memkind_free(MEMKIND_DEFAULT, memkind_malloc(MEMKIND_DEFAULT, 1));
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
