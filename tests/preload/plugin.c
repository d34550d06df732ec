/* SPDX-License-Identifier: BSD-2-Clause */
/* A library that allocates for others: each function calls what its name says. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#pragma GCC visibility push(default)
void *plugin_malloc(size_t size);
void *plugin_calloc(size_t count, size_t size);
void *plugin_realloc(void *block, size_t size);
void *plugin_aligned_alloc(size_t alignment, size_t size);
void *plugin_valloc(size_t size);
int plugin_posix_memalign(void **block, size_t alignment, size_t size);
#pragma GCC visibility pop

/* In each of them, so that none ends in a jump, which would hide this library. */
#define STAY __asm__ volatile("" : : : "memory")

static char *text;

__attribute__((constructor)) static void start(void)
{
	text = strdup("text of the constructor");
}

__attribute__((destructor)) static void end(void)
{
	free(realloc(text, 1 << 20));
}

void *plugin_malloc(size_t size)
{
	void *block = malloc(size);

	STAY;
	return block;
}

void *plugin_calloc(size_t count, size_t size)
{
	void *block = calloc(count, size);

	STAY;
	return block;
}

void *plugin_realloc(void *block, size_t size)
{
	block = realloc(block, size);
	STAY;
	return block;
}

void *plugin_aligned_alloc(size_t alignment, size_t size)
{
	void *block = aligned_alloc(alignment, size);

	STAY;
	return block;
}

void *plugin_valloc(size_t size)
{
	void *block = valloc(size);

	STAY;
	return block;
}

int plugin_posix_memalign(void **block, size_t alignment, size_t size)
{
	int error = posix_memalign(block, alignment, size);

	STAY;
	return error;
}
