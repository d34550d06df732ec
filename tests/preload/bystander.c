/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A library that knows nothing of libmemtier: its constructor runs before that of a library that is
 * loaded in front, and its destructor after that one's.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EARLY_SIZE = 100, SIZE = 100000, COUNT = 100 };

void *bystander_early;
char *bystander_kept;

static void say(const char *text)
{
	(void)!write(STDOUT_FILENO, text, strlen(text));
}

__attribute__((constructor)) static void start(void)
{
	bystander_early = malloc(EARLY_SIZE);
	if (bystander_early == NULL)
		abort();
	memset(bystander_early, 1, EARLY_SIZE);
}

/* All of the family, on blocks from before and on new ones. */
static const char *use_memory(void)
{
	char *old = bystander_kept;
	void *block = (void *)1;

	for (size_t i = 0; i < SIZE; i++)
		if (old[i] != 5)
			return "a kept block has changed";
	memset(old, 6, SIZE);
	if (posix_memalign(&block, 4096, SIZE) != 0 || block == (void *)1)
		return "posix_memalign gives nothing";
	memset(block, 2, SIZE);
	free(block);
	for (size_t i = 0; i < COUNT; i++) {
		block = malloc(SIZE);
		if (block == NULL)
			return "malloc gives nothing";
		memset(block, 3, SIZE);
		block = realloc(block, 2 * SIZE);
		if (block == NULL)
			return "realloc gives nothing";
		free(block);
	}
	block = calloc(1, SIZE);
	if (block == NULL || *(char *)block != 0)
		return "calloc gives nothing";
	free(block);
	free(old);
	free(bystander_early);
	return "late: all is well";
}

/* Where the program wants it. */
__attribute__((destructor)) static void end(void)
{
	if (bystander_kept == NULL)
		return;
	say(use_memory());
	say("\n");
}
