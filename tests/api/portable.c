/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program of the old library's time: uses what its header offers, and prints what both libraries
 * have to answer alike. check_portable.py runs it with each.
 */
#include <errno.h>
#include <memkind.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define NAMED_KIND(id) .name = #id, .handle = &MEMKIND_##id

static const struct {
	const char *name;
	memkind_t *handle;
} kinds[] = {
	{NAMED_KIND(DEFAULT)},
	{NAMED_KIND(REGULAR)},
	{NAMED_KIND(INTERLEAVE)},
	{NAMED_KIND(DAX_KMEM)},
	{NAMED_KIND(DAX_KMEM_ALL)},
	{NAMED_KIND(DAX_KMEM_PREFERRED)},
	{NAMED_KIND(DAX_KMEM_INTERLEAVE)},
};

enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

static const char *name_of(memkind_t kind)
{
	for (unsigned i = 0; i < KIND_COUNT; i++)
		if (*kinds[i].handle == kind)
			return kinds[i].name;
	return "none";
}

static void print_sizes(memkind_t kind)
{
	for (size_t size = 1; size <= 14336; size += size / 7 + 1) {
		void *block = memkind_malloc(kind, size);

		printf(" %zu:%zu", size, memkind_malloc_usable_size(kind, block));
		memkind_free(size % 2 == 0 ? kind : NULL, block);
	}
	printf("\n");
}

static void print_edges(memkind_t kind)
{
	static const size_t alignments[] = {0, 1, 2, 4, 5, 8, 12, 24, 64, 4096, (size_t)1 << 30};
	void *block;

	errno = 0;
	printf(" zero: %d", memkind_malloc(kind, 0) == NULL);
	printf(" %d errno %d\n", memkind_calloc(kind, 0, 5) == NULL, errno);
	block = memkind_malloc(kind, SIZE_MAX);
	printf(" huge: %d errno %d\n", block == NULL, errno);
	errno = 0;
	printf(" without kind: %d", memkind_realloc(NULL, NULL, 10) == NULL);
	printf(" errno %d\n", errno);
	for (size_t i = 0; i < sizeof(alignments) / sizeof(alignments[0]); i++) {
		int error;

		block = NULL;
		error = memkind_posix_memalign(kind, &block, alignments[i], 100);
		printf(" align %zx: %d %d\n", alignments[i], error,
		       error != 0 || (uintptr_t)block % alignments[i] == 0);
		memkind_free(kind, block);
	}
}

static void print_realloc(memkind_t kind)
{
	char *block = memkind_realloc(kind, NULL, 10);

	strcpy(block, "contents");
	for (size_t size = 20; size < 10000000; size *= 11)
		block = memkind_realloc(NULL, block, size);
	printf(" %s in %s\n", block, name_of(memkind_detect_kind(block)));
	printf(" freed: %d\n", memkind_realloc(kind, block, 0) == NULL);
}

static void print_unavailable(memkind_t kind)
{
	void *block;
	int error = memkind_posix_memalign(kind, &block, 64, 64);

	errno = 0;
	printf(" memalign %d, malloc %d", error, memkind_malloc(kind, 100) == NULL);
	printf(" errno %d\n", errno);
}

static void *use_all_kinds(void *argument)
{
	static void *blocks[KIND_COUNT];

	for (unsigned i = 0; i < KIND_COUNT; i++)
		blocks[i] = memkind_malloc(*kinds[i].handle, 1000);
	return argument != NULL ? argument : (void *)blocks;
}

int main(void)
{
	pthread_t thread;
	void *result = NULL;

	for (unsigned i = 0; i < KIND_COUNT; i++) {
		memkind_t kind = *kinds[i].handle;
		int code = memkind_check_available(kind);

		printf("%s: %d capacity %d\n", kinds[i].name, code, memkind_get_capacity(kind) > 0);
		if (code != 0) {
			print_unavailable(kind);
			continue;
		}
		print_sizes(kind);
		print_edges(kind);
		print_realloc(kind);
	}
	if (pthread_create(&thread, NULL, use_all_kinds, NULL) != 0)
		return 1;
	pthread_join(thread, &result);
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		void *block = ((void **)result)[i];

		printf("%s\n", name_of(memkind_detect_kind(block)));
		memkind_free(NULL, block);
	}
	return 0;
}
