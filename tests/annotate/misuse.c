/* SPDX-License-Identifier: BSD-2-Clause */
/* Misuses that only a checker sees, one a process. Argument: its name, or "none" for a proper use. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <memkind.h>

enum { SLOT_COUNT = 64, ROUND_COUNT = 4000, THREAD_COUNT = 3 };

/* Keeps a read from being optimised away. */
static volatile char sink;

static void read_after_free(size_t size)
{
	char *block = memkind_calloc(MEMKIND_DEFAULT, 1, size);

	memkind_free(MEMKIND_DEFAULT, block);
	sink = block[size / 2];
}

static void freed_small(void)
{
	read_after_free(64);
}

static void freed_medium(void)
{
	read_after_free(100000);
}

static void freed_large(void)
{
	read_after_free(5000000);
}

static void write_behind(size_t size)
{
	char *block = memkind_malloc(MEMKIND_REGULAR, size);

	block[size] = 1;
	memkind_free(NULL, block);
}

/* Within what is usable, and at its end. */
static void behind_small(void)
{
	write_behind(50);
}

static void behind_whole_small(void)
{
	write_behind(64);
}

static void behind_large(void)
{
	write_behind(5000001);
}

static void before_small(void)
{
	/* Not the first object of a slab, which may have nothing before it. */
	char *first = memkind_malloc(MEMKIND_DEFAULT, 50);
	char *block = memkind_malloc(MEMKIND_DEFAULT, 64);

	block[-1] = 1;
	memkind_free(NULL, block);
	memkind_free(NULL, first);
}

static void behind_shrunk(void)
{
	char *block = memkind_malloc(MEMKIND_DEFAULT, 5000000);

	block = memkind_realloc(MEMKIND_DEFAULT, block, 4000000);
	block[4000000] = 1;
	memkind_free(NULL, block);
}

static void before_moved(void)
{
	char *block = memkind_malloc(MEMKIND_DEFAULT, 100);
	char *moved = memkind_realloc(MEMKIND_DEFAULT, block, 10000);

	block[0] = 1;
	memkind_free(NULL, moved);
}

static void leaked_small(void)
{
	/* Not the first object of a slab, whose address the slab's record holds. */
	char *first = memkind_malloc(MEMKIND_DEFAULT, 200);
	char *block = memkind_malloc(MEMKIND_DEFAULT, 200);

	block[0] = 1;
	memkind_free(NULL, first);
}

static void uninitialized(void)
{
	char *block = memkind_malloc(MEMKIND_DEFAULT, 64);

	if (block[5] == 1)
		sink = 1;
	memkind_free(NULL, block);
}

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 8;
}

static size_t random_size(unsigned *seed)
{
	return 1 + next_random(seed) % (1u << (1 + next_random(seed) % 22));
}

/* All bytes of a block are used, in bounds; the rest as well once it was asked for. */
static void use(char *block, size_t size, unsigned *seed)
{
	if (next_random(seed) % 4 == 0)
		size = memkind_malloc_usable_size(NULL, block);
	memset(block, 1, size);
}

static void use_properly(char **slot, unsigned *seed)
{
	size_t size = random_size(seed);
	void *aligned = NULL;

	switch (next_random(seed) % 4) {
	case 0:
		memkind_free(NULL, *slot);
		*slot = memkind_calloc(MEMKIND_REGULAR, 1, size);
		if ((*slot)[0] + (*slot)[size - 1] + (*slot)[size / 2] != 0)
			abort();
		break;
	case 1:
		memkind_free(NULL, *slot);
		if (memkind_posix_memalign(MEMKIND_DAX_KMEM, &aligned, 256, size) != 0)
			abort();
		*slot = aligned;
		break;
	default:
		*slot = memkind_realloc(*slot == NULL ? MEMKIND_DEFAULT : NULL, *slot, size);
	}
	use(*slot, size, seed);
}

static void *use_in_thread(void *argument)
{
	unsigned seed = 1 + (unsigned)(uintptr_t)argument;
	char *slots[SLOT_COUNT] = {NULL};

	for (unsigned i = 0; i < ROUND_COUNT; i++)
		use_properly(&slots[next_random(&seed) % SLOT_COUNT], &seed);
	for (unsigned i = 0; i < SLOT_COUNT; i++)
		memkind_free(NULL, slots[i]);
	return NULL;
}

/* Blocks end with their kind, and the area is the program's again: the same addresses twice. */
static void destroy_kinds(void)
{
	static char area[8 << 20];

	for (int round = 0; round < 2; round++) {
		memkind_t kind;

		if (memkind_create_fixed(area, sizeof(area), &kind) != 0)
			abort();
		for (size_t size = 8; size < 1000000; size *= 3)
			if (memkind_malloc(kind, size) == NULL)
				abort();
		if (memkind_destroy_kind(kind) != 0)
			abort();
		memset(area, 1, sizeof(area));
	}
}

/* libc's blocks that only a live block leads to are no leaks either. */
static void none(void)
{
	static char **keeper;
	pthread_t threads[THREAD_COUNT];

	destroy_kinds();
	keeper = memkind_malloc(MEMKIND_DEFAULT, 4 * sizeof(*keeper));
	for (unsigned i = 0; i < 4; i++)
		keeper[i] = malloc(100);
	for (uintptr_t i = 0; i < THREAD_COUNT; i++)
		if (pthread_create(&threads[i], NULL, use_in_thread, (void *)i) != 0)
			abort();
	for (unsigned i = 0; i < THREAD_COUNT; i++)
		pthread_join(threads[i], NULL);
}

static const struct {
	const char *name;
	void (*commit)(void);
} misuses[] = {
	{"none", none},
	{"freed_small", freed_small},
	{"freed_medium", freed_medium},
	{"freed_large", freed_large},
	{"behind_small", behind_small},
	{"behind_whole_small", behind_whole_small},
	{"behind_large", behind_large},
	{"before_small", before_small},
	{"behind_shrunk", behind_shrunk},
	{"before_moved", before_moved},
	{"leaked_small", leaked_small},
	{"uninitialized", uninitialized},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(misuses) / sizeof(misuses[0]); i++)
		if (strcmp(argv[1], misuses[i].name) == 0) {
			misuses[i].commit();
			return 0;
		}
	fprintf(stderr, "usage: %s MISUSE\n", argv[0]);
	return 99;
}
