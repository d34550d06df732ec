/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program that allocates from before the first constructor until after the last destructor, and
 * says where it is. With OTHER_KIND in the environment, blocks are not of MEMKIND_DEFAULT as soon as
 * there is an environment.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memkind.h"

static char *early, *text;

static void say(const char *line)
{
	(void)!write(STDOUT_FILENO, line, strlen(line));
}

static void check(int holds, const char *what)
{
	if (holds)
		return;
	say("FAIL: ");
	say(what);
	say("\n");
	_exit(9);
}

#define CHECK(condition) check(condition, #condition)

static int is_chosen(void *block)
{
	return (memkind_detect_kind(block) != MEMKIND_DEFAULT) == (getenv("OTHER_KIND") != NULL);
}

static void before_all(void)
{
	early = malloc(100);
	CHECK(early != NULL);
	CHECK(memkind_detect_kind(early) == MEMKIND_DEFAULT);
	strcpy(early, "early");
}

/* Runs before every constructor, that of libc too. */
__attribute__((section(".preinit_array"), used)) static void (*const first)(void) = before_all;

__attribute__((constructor)) static void construct(void)
{
	text = calloc(1, 100);
	CHECK(is_chosen(text));
	strcpy(text, "constructor");
}

__attribute__((destructor)) static void destroy(void)
{
	CHECK(strcmp(text, "atexit") == 0);
	CHECK(strcmp(early, "early") == 0);
	free(text);
	free(early);
	CHECK(is_chosen(malloc(100000)));
	say("destructor\n");
}

static void at_exit(void)
{
	CHECK(strcmp(text, "constructor") == 0);
	text = realloc(text, 100000);
	CHECK(is_chosen(text));
	strcpy(text, "atexit");
	say("atexit\n");
}

static void *allocate_for_ever(void *argument)
{
	for (;;) {
		free(malloc(100));
		free(malloc(100000));
	}
	return argument;
}

int main(void)
{
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, allocate_for_ever, NULL) == 0);
	CHECK(atexit(at_exit) == 0);
	say("main\n");
	return 0;
}
