/* SPDX-License-Identifier: BSD-2-Clause */
/* A library that is loaded before a program, too, and allocates when it begins and when it ends. */
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memkind.h"

static char *text;

static void say(const char *line)
{
	(void)!write(STDOUT_FILENO, line, strlen(line));
}

static void *allocate(void *block)
{
	return realloc(block, 100000);
}

__attribute__((constructor)) static void start(void)
{
	pthread_t thread;
	void *block = memalign(64, 10);

	if (pthread_create(&thread, NULL, allocate, block) == 0 &&
	    pthread_join(thread, &block) == 0 && memkind_detect_kind(block) != NULL)
		text = strdup("companion\n");
	free(block);
}

__attribute__((destructor)) static void end(void)
{
	text = realloc(text, 1 << 20);
	say(text);
	free(text);
}
