/* SPDX-License-Identifier: BSD-2-Clause */
/* What the workloads share: the allocator under test and the table of workloads. */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "random.h"

struct memkind;

/* KIND NULL: the process's malloc family, which a peer may have taken over by LD_PRELOAD. */
struct bench_allocator {
	struct memkind *kind;
	bool frees_without_kind;
	void *(*kind_malloc)(struct memkind *kind, size_t size);
	void *(*kind_calloc)(struct memkind *kind, size_t count, size_t size);
	void *(*kind_realloc)(struct memkind *kind, void *block, size_t size);
	int (*kind_memalign)(struct memkind *kind, void **ret_block, size_t alignment, size_t size);
	void (*kind_free)(struct memkind *kind, void *block);
	void *(*malloc)(size_t size);
	void *(*calloc)(size_t count, size_t size);
	void *(*realloc)(void *block, size_t size);
	int (*memalign)(void **ret_block, size_t alignment, size_t size);
	void (*free)(void *block);
};

struct bench_workload {
	const char *name;
	void (*run)(unsigned thread_count);
	bool has_threads;
};

extern struct bench_allocator bench_allocator;
extern const struct bench_workload bench_micro_workloads[];
extern const struct bench_workload bench_thread_workloads[];

/* Ends the process: a run with fewer blocks than asked for would say nothing. */
void bench_die(const char *what);

/* The block is not NULL, and its first byte is written. */
static inline void *bench_malloc(size_t size)
{
	const struct bench_allocator *allocator = &bench_allocator;
	void *block = allocator->kind != NULL ? allocator->kind_malloc(allocator->kind, size)
					      : allocator->malloc(size);

	if (block == NULL)
		bench_die("malloc");
	*(volatile char *)block = 1;
	return block;
}

static inline void bench_free(void *block)
{
	const struct bench_allocator *allocator = &bench_allocator;

	if (allocator->kind == NULL)
		allocator->free(block);
	else
		allocator->kind_free(allocator->frees_without_kind ? NULL : allocator->kind, block);
}

#endif
