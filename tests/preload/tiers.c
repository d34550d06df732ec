/* SPDX-License-Identifier: BSD-2-Clause */
/* What libmemtier is tried with. The first argument says what is to be done. */
#include <dlfcn.h>
#include <malloc.h>
#include <memkind.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	BLOCK_COUNT = 4096,
	STEP_COUNT = 200000,
	KEPT_SIZE = 100000,
	LARGE_SIZE = 20 << 20,
};

extern void *bystander_early;
extern char *bystander_kept;

static void *blocks[BLOCK_COUNT];

static const char *name_of(void *block)
{
	memkind_t kind = memkind_detect_kind(block);

	if (kind == NULL)
		return "none";
	if (kind == MEMKIND_DEFAULT)
		return "DRAM";
	return kind == MEMKIND_DAX_KMEM ? "KMEM_DAX" : "FS_DAX";
}

static void *take(unsigned step, size_t size)
{
	void *block = NULL;

	switch (step % 4) {
	case 0:
		return malloc(size);
	case 1:
		return calloc(size / 8, 8);
	case 2:
		return posix_memalign(&block, 64, size) == 0 ? block : NULL;
	default:
		return realloc(NULL, size);
	}
}

/* Bytes in use by tier, after blocks of up to SIZE bytes came and went. */
static int divide(size_t size)
{
	static const char *const names[] = {"DRAM", "KMEM_DAX", "FS_DAX"};
	size_t used[3] = {0, 0, 0};
	uint32_t random = 1;

	for (unsigned step = 0; step < STEP_COUNT; step++) {
		void **block = &blocks[(random = random * 1664525 + 1013904223) % BLOCK_COUNT];

		free(*block);
		*block = take(step, 8 + (random >> 8) % size);
		if (*block == NULL)
			return 1;
	}
	for (size_t i = 0; i < BLOCK_COUNT; i++)
		for (size_t tier = 0; tier < 3; tier++)
			if (strcmp(name_of(blocks[i]), names[tier]) == 0)
				used[tier] += malloc_usable_size(blocks[i]);
	for (size_t tier = 0; tier < 3; tier++)
		printf("%s %zu\n", names[tier], used[tier]);
	return 0;
}

/* The tier of a block of each size. */
static int show_tiers(char **sizes)
{
	for (; *sizes != NULL; sizes++)
		printf("%s %s\n", *sizes, name_of(malloc(strtoul(*sizes, NULL, 10))));
	return 0;
}

/* Each function that gives a block; free must know it. */
static int use_family(void)
{
	void *given[] = {aligned_alloc(64, 640), memalign(256, 100), valloc(100),
			 pvalloc(100),		 malloc(0),	     reallocarray(NULL, 10, 10)};

	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		if (given[i] == NULL)
			return 1;
		puts(name_of(given[i]));
		free(given[i]);
	}
	return 0;
}

/* The six other names, which the old library exports, too. */
static int use_other_names(void)
{
	static const char *const names[] = {"malloc", "calloc",		"realloc",
					    "free",   "posix_memalign", "malloc_usable_size"};

	for (size_t i = 0; i < 6; i++) {
		char name[64];

		snprintf(name, sizeof(name), "je_%s", names[i]);
		if (dlsym(RTLD_DEFAULT, name) == NULL ||
		    dlsym(RTLD_DEFAULT, name) != dlsym(RTLD_DEFAULT, names[i]))
			return 1;
	}
	puts("the same");
	return 0;
}

/* For the destructor of the bystander. */
static int keep(void)
{
	printf("early: %s\n", name_of(bystander_early));
	bystander_kept = malloc(KEPT_SIZE);
	printf("kept: %s\n", name_of(bystander_kept));
	memset(bystander_kept, 5, KEPT_SIZE);
	fflush(stdout);
	return 0;
}

/* Writes, and a child that writes the same blocks, to the fourth generation. */
static int fork_often(unsigned depth, char *text)
{
	char *more;
	int status;
	pid_t child = depth == 0 ? -1 : fork();

	if (child == 0) {
		snprintf(text, KEPT_SIZE, "generation %u", depth);
		_exit(fork_often(depth - 1, text));
	}
	if (child > 0 && (waitpid(child, &status, 0) != child || status != 0))
		return 1;
	if (atoi(text + strlen("generation ")) != (int)depth + 1)
		return 2;
	more = malloc(LARGE_SIZE);
	if (more == NULL || strcmp(name_of(more), "FS_DAX") != 0)
		return 3;
	memset(more, 1, LARGE_SIZE);
	free(more);
	return 0;
}

static int use_forks(void)
{
	char *text = malloc(KEPT_SIZE);
	int result;

	snprintf(text, KEPT_SIZE, "generation 4");
	result = fork_often(3, text);
	printf("%s, result %d\n", text, result);
	return result;
}

/* Takes all space of a tier, and forks. */
static int fork_without_space(void)
{
	size_t count = 0;
	int status;
	pid_t child;

	while (count < BLOCK_COUNT && (blocks[count] = malloc(1 << 20)) != NULL)
		memset(blocks[count++], 1, 1 << 20);
	child = fork();
	if (child == 0) {
		*(char *)blocks[0] = 2;
		_exit(0);
	}
	if (waitpid(child, &status, 0) != child)
		return 1;
	free(blocks[--count]);
	printf("signal %d, still %d\n", WTERMSIG(status), *(char *)blocks[0]);
	return 0;
}

/* How much is in use of the filesystem of PATH while there is a large block. */
static int show_space(const char *path)
{
	struct statvfs status;

	blocks[0] = malloc(LARGE_SIZE);
	memset(blocks[0], 1, LARGE_SIZE);
	if (statvfs(path, &status) != 0)
		return 1;
	printf("%zu\n", (size_t)(status.f_blocks - status.f_bfree) * status.f_frsize);
	return 0;
}

int main(int argument_count, char **arguments)
{
	const char *wanted = argument_count > 1 ? arguments[1] : "";

	if (strcmp(wanted, "divide") == 0)
		return divide(strtoul(arguments[2], NULL, 10));
	if (strcmp(wanted, "tiers") == 0)
		return show_tiers(arguments + 2);
	if (strcmp(wanted, "family") == 0)
		return use_family();
	if (strcmp(wanted, "names") == 0)
		return use_other_names();
	if (strcmp(wanted, "keep") == 0)
		return keep();
	if (strcmp(wanted, "fork") == 0)
		return use_forks();
	if (strcmp(wanted, "full") == 0)
		return fork_without_space();
	if (strcmp(wanted, "space") == 0)
		return show_space(arguments[2]);
	return 2;
}
