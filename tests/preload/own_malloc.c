/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program with a malloc of its own keeps it, also where it calls functions of the family that it
 * does not define, and which are made of those that it does.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SPACE = 1 << 20, HEAD = 16 };

static _Alignas(16) char space[SPACE];
static size_t used;
static int freed_count;

static size_t *size_of(void *block)
{
	return (void *)((char *)block - HEAD);
}

void *malloc(size_t size)
{
	char *block = space + used + HEAD;

	used += HEAD + (size + HEAD - 1) / HEAD * HEAD;
	if (used > SPACE)
		abort();
	*size_of(block) = size;
	return block;
}

void *calloc(size_t count, size_t size)
{
	return memset(malloc(count * size), 0, count * size);
}

void *realloc(void *block, size_t size)
{
	void *moved = malloc(size);

	return block == NULL ? moved : memcpy(moved, block, *size_of(block));
}

void free(void *block)
{
	freed_count += block != NULL;
}

static int is_own(const void *block)
{
	return (const char *)block > space && (const char *)block < space + used;
}

int main(void)
{
	char *text = reallocarray(strdup("text"), 10, 10);
	void (*free_sized)(void *, size_t) = dlsym(RTLD_DEFAULT, "free_sized");
	void (*cfree)(void *) = dlsym(RTLD_DEFAULT, "cfree");
	int before = freed_count;

	if (!is_own(text) || strcmp(text, "text") != 0 || free_sized == NULL || cfree == NULL)
		return 1;
	free_sized(malloc(10), 10);
	cfree(malloc(10));
	return freed_count == before + 2 && write(STDOUT_FILENO, "main\n", 5) == 5 ? 0 : 1;
}
