/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Only in builds with -Ddecorators=true: the public heap functions, which call the hooks that the
 * program defines around those of allocate.c.
 */
#include <memkind.h>

#include "api/export.h"

void *mk_plain_malloc(memkind_t kind, size_t size);
void *mk_plain_calloc(memkind_t kind, size_t num, size_t size);
int mk_plain_posix_memalign(memkind_t kind, void **memptr, size_t alignment, size_t size);
void *mk_plain_realloc(memkind_t kind, void *ptr, size_t size);
void mk_plain_free(memkind_t kind, void *ptr);

/* NULL where the program has no such function. */
#pragma weak memkind_malloc_pre
#pragma weak memkind_malloc_post
#pragma weak memkind_calloc_pre
#pragma weak memkind_calloc_post
#pragma weak memkind_posix_memalign_pre
#pragma weak memkind_posix_memalign_post
#pragma weak memkind_realloc_pre
#pragma weak memkind_realloc_post
#pragma weak memkind_free_pre
#pragma weak memkind_free_post

MK_EXPORT void *memkind_malloc(memkind_t kind, size_t size)
{
	void *block;

	if (memkind_malloc_pre != NULL)
		memkind_malloc_pre(&kind, &size);
	block = mk_plain_malloc(kind, size);
	if (memkind_malloc_post != NULL)
		memkind_malloc_post(kind, size, &block);
	return block;
}

MK_EXPORT void *memkind_calloc(memkind_t kind, size_t num, size_t size)
{
	void *block;

	if (memkind_calloc_pre != NULL)
		memkind_calloc_pre(&kind, &num, &size);
	block = mk_plain_calloc(kind, num, size);
	if (memkind_calloc_post != NULL)
		memkind_calloc_post(kind, num, size, &block);
	return block;
}

MK_EXPORT int memkind_posix_memalign(memkind_t kind, void **memptr, size_t alignment, size_t size)
{
	int error;

	if (memkind_posix_memalign_pre != NULL)
		memkind_posix_memalign_pre(&kind, memptr, &alignment, &size);
	error = mk_plain_posix_memalign(kind, memptr, alignment, size);
	if (memkind_posix_memalign_post != NULL)
		memkind_posix_memalign_post(kind, memptr, alignment, size, &error);
	return error;
}

MK_EXPORT void *memkind_realloc(memkind_t kind, void *ptr, size_t size)
{
	void *block;

	if (memkind_realloc_pre != NULL)
		memkind_realloc_pre(&kind, &ptr, &size);
	block = mk_plain_realloc(kind, ptr, size);
	if (memkind_realloc_post != NULL)
		memkind_realloc_post(kind, ptr, size, &block);
	return block;
}

MK_EXPORT void memkind_free(memkind_t kind, void *ptr)
{
	if (memkind_free_pre != NULL)
		memkind_free_pre(&kind, &ptr);
	mk_plain_free(kind, ptr);
	if (memkind_free_post != NULL)
		memkind_free_post(kind, ptr);
}
