/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Misuses of ten lines: each must end the process by SIGABRT with its own line. With MEMKIND_CHECK=1
 * at the call; without, those marked `late` when the thread's cache is flushed at its end.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "memkind.h"

struct misuse {
	const char *name;
	void (*commit)(void);
	const char *line;	  /* the address is replaced by @ */
	int late;		  /* by default found at the flush only */
	const char *checked_line; /* with MEMKIND_CHECK=1; NULL: the same */
};

static void free_small_twice(void)
{
	void *block = memkind_malloc(MEMKIND_DEFAULT, 64);

	memkind_free(MEMKIND_DEFAULT, block);
	memkind_free(MEMKIND_DEFAULT, block);
}

static void *free_it(void *block)
{
	memkind_free(NULL, block);
	return NULL;
}

static void free_small_in_two_threads(void)
{
	void *block = memkind_malloc(MEMKIND_REGULAR, 64);
	pthread_t thread;

	pthread_create(&thread, NULL, free_it, block);
	pthread_join(thread, NULL);
	memkind_free(MEMKIND_REGULAR, block);
}

static void free_medium_twice(void)
{
	void *block = memkind_malloc(MEMKIND_DEFAULT, 100000);

	memkind_free(MEMKIND_DEFAULT, block);
	memkind_free(MEMKIND_DEFAULT, block);
}

static void free_large_twice(void)
{
	void *block = memkind_malloc(MEMKIND_DEFAULT, 5000000);

	memkind_free(MEMKIND_DEFAULT, block);
	memkind_free(MEMKIND_DEFAULT, block);
}

static void free_inside_small(void)
{
	char *block = memkind_malloc(MEMKIND_DEFAULT, 64);

	memkind_free(MEMKIND_DEFAULT, block + 16);
}

static void free_inside_large(void)
{
	char *block = memkind_malloc(MEMKIND_DEFAULT, 5000000);

	memkind_free(MEMKIND_DEFAULT, block + 4096);
}

static void free_deep_inside_large(void)
{
	char *block = memkind_malloc(MEMKIND_DEFAULT, 5000000);

	memkind_free(MEMKIND_DEFAULT, block + 4500000);
}

static void free_misaligned(void)
{
	char *block = memkind_malloc(MEMKIND_DEFAULT, 64);

	memkind_free(MEMKIND_DEFAULT, block + 1);
}

static void free_stack(void)
{
	int local = 0;

	memkind_free(MEMKIND_DEFAULT, &local);
}

static void free_libc_block(void)
{
	memkind_free(NULL, malloc(64));
}

static void free_wild(void)
{
	memkind_free(NULL, (void *)(uintptr_t)0xdead0000beef0000);
}

static void resize_freed_large(void)
{
	void *block = memkind_malloc(MEMKIND_DEFAULT, 5000000);

	memkind_free(NULL, block);
	memkind_realloc(NULL, block, 6000000);
}

static int is_checked(void)
{
	const char *check = getenv("MEMKIND_CHECK");

	return check != NULL && strcmp(check, "1") == 0;
}

/* By default only what no block is aligned to is found. */
static void size_of_inside(void)
{
	char *block = memkind_malloc(MEMKIND_DEFAULT, 100);

	memkind_malloc_usable_size(NULL, block + (is_checked() ? 16 : 8));
}

static const struct misuse misuses[] = {
	{"free small twice", free_small_twice, "memkind: double free of @", 1, NULL},
	{"free small in two threads", free_small_in_two_threads, "memkind: double free of @", 1,
	 NULL},
	{"free medium twice", free_medium_twice, "memkind: double free of @", 1,
	 "memkind: @ is no block any more: it was freed before"},
	{"free large twice", free_large_twice,
	 "memkind: @ is no block any more: it was freed before", 0, NULL},
	{"free inside small", free_inside_small, "memkind: @ is inside a block, not at its start",
	 1, NULL},
	{"free misaligned", free_misaligned, "memkind: @ is inside a block, not at its start", 1,
	 NULL},
	{"free inside large", free_inside_large, "memkind: @ is inside a block, not at its start",
	 0, NULL},
	{"free deep inside large", free_deep_inside_large,
	 "memkind: @ is inside a block, not at its start", 0, NULL},
	{"free stack", free_stack, "memkind: @ is no block of this library", 0, NULL},
	{"free libc block", free_libc_block, "memkind: @ is no block of this library", 0, NULL},
	{"free wild", free_wild, "memkind: @ is no block of this library", 0, NULL},
	{"resize freed large", resize_freed_large,
	 "memkind: @ is no block any more: it was freed before", 0, NULL},
	{"size of inside", size_of_inside, "memkind: @ is inside a block, not at its start", 0,
	 NULL},
};

static void *commit_and_end(void *misuse)
{
	((const struct misuse *)misuse)->commit();
	return NULL;
}

static void run_child(const struct misuse *misuse)
{
	pthread_t thread;

	alarm(20);
	if (misuse->late && !is_checked()) {
		pthread_create(&thread, NULL, commit_and_end, (void *)misuse);
		pthread_join(thread, NULL);
	} else {
		misuse->commit();
	}
	_exit(0);
}

/* Replaces the first 0x... by @. */
static void hide_address(char *line)
{
	char *start = strstr(line, "0x");

	if (start == NULL)
		return;
	memmove(start + 1, start + strcspn(start, " \n"),
		strlen(start + strcspn(start, " \n")) + 1);
	*start = '@';
}

static void check_misuse(const struct misuse *misuse)
{
	char line[512] = "";
	char expected[512];
	size_t length = 0;
	ssize_t got;
	int ends[2];
	int status;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		run_child(misuse);
	}
	close(ends[1]);
	while ((got = read(ends[0], line + length, sizeof(line) - 1 - length)) > 0)
		length += (size_t)got;
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	hide_address(line);
	snprintf(expected, sizeof(expected), "%s\n",
		 is_checked() && misuse->checked_line != NULL ? misuse->checked_line
							      : misuse->line);
	print_message("%s: %s", misuse->name, line[0] != '\0' ? line : "(no line)\n");
	assert_string_equal(line, expected);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void every_misuse_dies_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(misuses) / sizeof(misuses[0]); i++)
		check_misuse(&misuses[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_misuse_dies_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
