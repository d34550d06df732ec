/* SPDX-License-Identifier: BSD-2-Clause */
/* The allocator under test, whatever its interface: the process's malloc family, or pools. */
#ifndef BENCH_ALLOCATOR_H
#define BENCH_ALLOCATOR_H

#include <stdbool.h>
#include <stddef.h>

enum { BENCH_POOL_LIMIT = 512, BENCH_EXIT_LACKING = 77 };

/* A pool is a kind, an arena, a heap. The last functions are NULL where there is no such thing. */
struct bench_allocator {
	void *pool; /* NULL: the malloc family, which a peer may have taken over by LD_PRELOAD */
	void *free_pool; /* what is said at free */
	bool frees_without_pool;
	void *(*pool_malloc)(void *pool, size_t size);
	void *(*pool_calloc)(void *pool, size_t count, size_t size);
	void *(*pool_realloc)(void *pool, void *block, size_t size);
	int (*pool_memalign)(void *pool, void **ret_block, size_t alignment, size_t size);
	void (*pool_free)(void *pool, void *block);
	void *(*malloc)(size_t size);
	void *(*calloc)(size_t count, size_t size);
	void *(*realloc)(void *block, size_t size);
	int (*memalign)(void **ret_block, size_t alignment, size_t size);
	void (*free)(void *block);
	void *(*create)(size_t size); /* one more pool, or NULL; SIZE is what it has to hold */
	void *(*detect)(void *block);
	int (*start_thread)(void); /* one that gives memory back; 0, or it cannot */
	void (*purge)(void);
};

extern struct bench_allocator bench_allocator;

/*
 * Sets bench_allocator up from the words INTERFACE [ARGUMENT...] of the command line. Ends the
 * process with BENCH_EXIT_LACKING and a reason where the allocator does not have the interface.
 */
void bench_choose(int word_count, char **words);

/* These set explicit interfaces of peers up; ARGUMENTS are those of the command line. */
void bench_use_jemalloc(char **arguments);
void bench_use_mimalloc(char **arguments);
void bench_use_tbb(char **arguments);

/* Ends the process: a run with fewer blocks than asked for would say nothing. */
_Noreturn void bench_die(const char *what);

/* Ends the process: there is nothing to measure, for this reason. */
_Noreturn void bench_lack(const char *reason);

/* From all that is loaded; ends the process as lacking where it is not there. */
void *bench_symbol(void *library, const char *name);
void *bench_load(const char *path);

/* The block is not NULL, and not touched. */
static inline void *bench_take(size_t size)
{
	const struct bench_allocator *allocator = &bench_allocator;
	void *block = allocator->pool != NULL ? allocator->pool_malloc(allocator->pool, size)
					      : allocator->malloc(size);

	if (block == NULL)
		bench_die("malloc");
	return block;
}

/* The block is not NULL, and its first byte is written. */
static inline void *bench_malloc(size_t size)
{
	void *block = bench_take(size);

	*(volatile char *)block = 1;
	return block;
}

static inline void bench_free(void *block)
{
	const struct bench_allocator *allocator = &bench_allocator;

	if (allocator->pool != NULL)
		allocator->pool_free(allocator->free_pool, block);
	else
		allocator->free(block);
}

#endif
