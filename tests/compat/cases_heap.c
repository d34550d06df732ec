/* SPDX-License-Identifier: BSD-2-Clause */
/* Cases: what every kind's heap answers, the same without a kind, and between threads. */
#include "compat.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MIB	     ((size_t)1 << 20)

static void say_usable_sizes(memkind_t kind)
{
	static const size_t large[] = {16384, 20000,   40960,	65536,	100000,
				       MIB,   1200000, 4 * MIB, 9 * MIB};
	char key[64];

	for (size_t size = 1; size <= 14336; size += size / 9 + 1) {
		void *block = api.memkind_malloc(kind, size);

		snprintf(key, sizeof(key), "%zu", size);
		say(key, "%zu", api.memkind_malloc_usable_size(kind, block));
		api.memkind_free(kind, block);
	}
	for (size_t i = 0; i < COUNT(large); i++) {
		void *block = api.memkind_malloc(kind, large[i]);

		snprintf(key, sizeof(key), "%zu", large[i]);
		say(key, "%zu", api.memkind_malloc_usable_size(NULL, block));
		api.memkind_free(NULL, block);
	}
	say("NULL", "%zu", api.memkind_malloc_usable_size(kind, NULL));
}

static void say_zero_sizes(memkind_t kind)
{
	void *block = (void *)1;
	int code;

	say_block("malloc_0", api.memkind_malloc(kind, 0));
	say_block("calloc_0_5", api.memkind_calloc(kind, 0, 5));
	say_block("calloc_5_0", api.memkind_calloc(kind, 5, 0));
	say_block("realloc_NULL_0", api.memkind_realloc(kind, NULL, 0));
	code = api.memkind_posix_memalign(kind, &block, 16, 0);
	say("memalign_0", "%d, stores NULL %d, errno %d", code, block == NULL, errno);
	block = api.memkind_malloc(kind, 100);
	say_block("realloc_0", api.memkind_realloc(kind, block, 0));
	block = api.memkind_malloc(kind, 100);
	say_block("realloc_0_without_kind", api.memkind_realloc(NULL, block, 0));
}

static void say_huge_sizes(memkind_t kind)
{
	static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 4096, PTRDIFF_MAX, (size_t)1 << 60};
	static const size_t products[][2] = {
		{SIZE_MAX / 2 + 2, 2}, {SIZE_MAX, SIZE_MAX},
		{SIZE_MAX, 2},	       {(size_t)1 << 32, (size_t)1 << 32},
		{3, SIZE_MAX / 3 + 9}, {1, PTRDIFF_MAX},
	};
	char *block = api.memkind_malloc(kind, 100);
	char key[96];

	strcpy(block, "kept");
	for (size_t i = 0; i < COUNT(sizes); i++) {
		snprintf(key, sizeof(key), "malloc_%zu", sizes[i]);
		say_block(key, api.memkind_malloc(kind, sizes[i]));
		snprintf(key, sizeof(key), "realloc_%zu", sizes[i]);
		say_block(key, api.memkind_realloc(kind, block, sizes[i]));
		say("realloc_kept", "%s", block);
	}
	for (size_t i = 0; i < COUNT(products); i++) {
		snprintf(key, sizeof(key), "calloc_%zu_%zu", products[i][0], products[i][1]);
		say_block(key, api.memkind_calloc(kind, products[i][0], products[i][1]));
	}
	api.memkind_free(kind, block);
}

static const char *what_is(const void *block, size_t alignment)
{
	if (block == NULL)
		return "NULL";
	if (block == (void *)1)
		return "nothing";
	return (uintptr_t)block % alignment == 0 ? "aligned" : "misaligned";
}

static void say_alignments(memkind_t kind)
{
	static const size_t alignments[] = {0,
					    1,
					    2,
					    4,
					    5,
					    8,
					    12,
					    16,
					    24,
					    64,
					    4096,
					    MIB,
					    (size_t)1 << 30,
					    (size_t)1 << 46,
					    (size_t)1 << 63};
	static const size_t sizes[] = {0, 1, 100, 5000, 3 * MIB, SIZE_MAX};
	char key[96];

	for (size_t i = 0; i < COUNT(alignments); i++) {
		for (size_t j = 0; j < COUNT(sizes); j++) {
			void *block = (void *)1;
			int code;

			code = api.memkind_posix_memalign(kind, &block, alignments[i], sizes[j]);
			snprintf(key, sizeof(key), "%zu/%zu", alignments[i], sizes[j]);
			say(key, "%d, %s, errno %d", code,
			    what_is(block, alignments[i] | (alignments[i] == 0)), errno);
			if (code == 0)
				api.memkind_free(kind, block);
		}
	}
}

static void say_least_alignment(memkind_t kind)
{
	static const size_t sizes[] = {1, 8, 9, 24, 100, 1000, 20000, 2 * MIB};
	enum { TRIES = 32 };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		uintptr_t all = 0;
		void *blocks[TRIES];
		char key[64];

		for (int j = 0; j < TRIES; j++) {
			blocks[j] = api.memkind_malloc(kind, sizes[i]);
			all |= (uintptr_t)blocks[j];
		}
		for (int j = 0; j < TRIES; j++)
			api.memkind_free(kind, blocks[j]);
		snprintf(key, sizeof(key), "%zu", sizes[i]);
		say(key, "16 %d", all % 16 == 0);
	}
}

static bool is_filled(const char *block, size_t size, char value)
{
	for (size_t i = 0; i < size; i++)
		if (block[i] != value)
			return false;
	return true;
}

static void say_contents(memkind_t kind)
{
	static const size_t sizes[] = {1, 8, 100, 5000, 40000, 300000, 5 * MIB};
	char *block = NULL;
	size_t before = 0;
	char key[64];

	for (size_t i = 0; i < COUNT(sizes); i++) {
		bool is_kept;

		block = api.memkind_realloc(i % 2 == 0 ? kind : NULL,
					    block == NULL ? api.memkind_malloc(kind, 1) : block,
					    sizes[i]);
		is_kept = is_filled(block, before, 7);
		memset(block, 7, sizes[i]);
		before = sizes[i];
		snprintf(key, sizeof(key), "realloc/%zu", sizes[i]);
		say(key, "kept %d, in %s", is_kept, name_of(api.memkind_detect_kind(block)));
	}
	for (size_t i = COUNT(sizes); i-- > 0;) {
		block = api.memkind_realloc(kind, block, sizes[i]);
		snprintf(key, sizeof(key), "shrink/%zu", sizes[i]);
		say(key, "kept %d", is_filled(block, sizes[i], 7));
	}
	api.memkind_free(kind, block);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		block = api.memkind_malloc(kind, sizes[i]);
		memset(block, 9, sizes[i]);
		api.memkind_free(kind, block);
		block = api.memkind_calloc(kind, 1, sizes[i]);
		snprintf(key, sizeof(key), "calloc/%zu", sizes[i]);
		say(key, "zero %d", is_filled(block, sizes[i], 0));
		api.memkind_free(kind, block);
	}
}

static void say_owners(memkind_t kind)
{
	memkind_t other = kind_of(kind == kind_of("REGULAR") ? "DEFAULT" : "REGULAR");
	static const size_t sizes[] = {1, 100, 5000, 100000, 9 * MIB};
	char key[64];

	for (size_t i = 0; i < COUNT(sizes); i++) {
		char *block = api.memkind_malloc(kind, sizes[i]);

		snprintf(key, sizeof(key), "detect/%zu", sizes[i]);
		say(key, "%s", name_of(api.memkind_detect_kind(block)));
		block = api.memkind_realloc(other, block, sizes[i]);
		snprintf(key, sizeof(key), "moved_same_size/%zu", sizes[i]);
		say(key, "%s", name_of(api.memkind_detect_kind(block)));
		block = api.memkind_realloc(kind, block, sizes[i] * 3);
		block = api.memkind_realloc(other, block, sizes[i] * 9);
		snprintf(key, sizeof(key), "moved/%zu", sizes[i]);
		say(key, "%s", name_of(api.memkind_detect_kind(block)));
		api.memkind_free(NULL, block);
	}
	say("detect/NULL", "%s", name_of(api.memkind_detect_kind(NULL)));
}

/* A block that was freed with another kind must not come back as one of that kind. */
static void say_wrong_kind(memkind_t kind)
{
	memkind_t other = kind_of(kind == kind_of("REGULAR") ? "DEFAULT" : "REGULAR");
	bool is_foreign = false;

	for (int i = 0; i < 100; i++) {
		void *block;

		api.memkind_free(other, api.memkind_malloc(kind, 64));
		block = api.memkind_malloc(other, 64);
		is_foreign |= api.memkind_detect_kind(block) != other;
	}
	say("free_with_wrong_kind", "foreign blocks %d", is_foreign);
}

static void say_defrag(memkind_t kind)
{
	void *block = api.memkind_malloc(kind, 100);

	if (is_absent(memkind_defrag_reallocate))
		return;
	say("NULL", "%d", api.memkind_defrag_reallocate(kind, NULL) != NULL);
	say("fresh", "%d", api.memkind_defrag_reallocate(kind, block) != NULL);
	say("without_kind", "%d", api.memkind_defrag_reallocate(NULL, block) != NULL);
	api.memkind_free(kind, block);
	block = api.memkind_malloc(kind, MIB);
	say("large", "%d", api.memkind_defrag_reallocate(kind, block) != NULL);
	api.memkind_free(kind, block);
}

static void say_zero_allocations(memkind_t kind)
{
	void *block, *aligned = NULL;

	if (is_absent(memkind_set_allow_zero_allocs))
		return;
	api.memkind_set_allow_zero_allocs(kind, true);
	block = api.memkind_malloc(kind, 0);
	say("malloc", "%d, usable %zu", block != NULL, api.memkind_malloc_usable_size(kind, block));
	say("calloc", "%d", api.memkind_calloc(kind, 0, 9) != NULL);
	say("realloc_NULL", "%d", api.memkind_realloc(kind, NULL, 0) != NULL);
	say("realloc", "%d", api.memkind_realloc(kind, block, 0) != NULL);
	say("memalign", "%d", api.memkind_posix_memalign(kind, &aligned, 64, 0));
	say("memalign_stores", "%s", what_is(aligned, 64));
	api.memkind_set_allow_zero_allocs(kind, false);
	say("malloc_when_forbidden", "%d", api.memkind_malloc(kind, 0) != NULL);
}

/* Addresses in blocks, not at their start. */
static void say_insides(memkind_t kind)
{
	static const size_t sizes[] = {100, 5000, 16000, 100000, 9 * MIB};
	char key[64];

	for (size_t i = 0; i < COUNT(sizes); i++) {
		char *block = api.memkind_malloc(kind, sizes[i]);

		snprintf(key, sizeof(key), "end/%zu", sizes[i]);
		say(key, "own %d", api.memkind_detect_kind(block + sizes[i] - 1) == kind);
		snprintf(key, sizeof(key), "middle/%zu", sizes[i]);
		say(key, "own %d", api.memkind_detect_kind(block + sizes[i] / 2) == kind);
		api.memkind_free(kind, block);
	}
}

static const struct heap_case {
	const char *name;
	void (*run)(memkind_t kind);
} heap_cases[] = {
	{"zero", say_zero_sizes},
	{"huge", say_huge_sizes},
	{"usable", say_usable_sizes},
	{"memalign", say_alignments},
	{"alignment", say_least_alignment},
	{"contents", say_contents},
	{"owner", say_owners},
	{"inside", say_insides},
	{"wrong_kind", say_wrong_kind},
	{"defrag", say_defrag},
	{"zero_allowed", say_zero_allocations},
};

struct heap_run {
	const struct heap_case *heap_case;
	memkind_t kind;
};

static void run_heap_case(const void *argument)
{
	const struct heap_run *run = argument;

	run->heap_case->run(run->kind);
}

static void run_heap_of(const void *argument)
{
	const struct handle *handle = argument;

	if (api.memkind_check_available(handle->kind) != MEMKIND_SUCCESS)
		return;
	for (size_t i = 0; i < COUNT(heap_cases); i++) {
		const struct heap_run run = {&heap_cases[i], handle->kind};

		attempt(heap_cases[i].name, run_heap_case, &run);
	}
}

void run_heap(const void *unused)
{
	(void)unused;
	for (size_t i = 0; i < handle_count; i++) {
		if (handles[i].kind == NULL)
			say(handles[i].name, "absent");
		else
			attempt(handles[i].name, run_heap_of, &handles[i]);
	}
}

static void null_malloc(const void *size)
{
	say_block("result", api.memkind_malloc(NULL, *(const size_t *)size));
}

static void null_calloc(const void *size)
{
	say_block("result", api.memkind_calloc(NULL, 2, *(const size_t *)size));
}

static void null_memalign(const void *size)
{
	void *block = (void *)1;
	int code = api.memkind_posix_memalign(NULL, &block, 64, *(const size_t *)size);

	say("result", "%d, %s", code, what_is(block, 64));
}

static void null_realloc(const void *size)
{
	say_block("result", api.memkind_realloc(NULL, NULL, *(const size_t *)size));
}

static void null_available(const void *unused)
{
	(void)unused;
	say("result", "%d", api.memkind_check_available(NULL));
}

static void null_capacity(const void *unused)
{
	(void)unused;
	say("result", "%zd", api.memkind_get_capacity(NULL));
}

static void null_destroy(const void *unused)
{
	(void)unused;
	say("result", "%d", api.memkind_destroy_kind(NULL));
}

static void null_config(const void *unused)
{
	(void)unused;
	api.memkind_config_delete(NULL);
	say("delete", "returns");
	api.memkind_config_set_size(NULL, 1);
	say("set_size", "returns");
}

static void null_pointers(const void *unused)
{
	(void)unused;
	api.memkind_free(NULL, NULL);
	say("free", "returns");
	say("usable", "%zu", api.memkind_malloc_usable_size(NULL, NULL));
	say("detect", "%s", name_of(api.memkind_detect_kind(NULL)));
	if (!is_absent(memkind_defrag_reallocate))
		say("defrag", "%d", api.memkind_defrag_reallocate(NULL, NULL) != NULL);
}

void run_null_kind(const void *unused)
{
	static const size_t zero, some = 100;

	(void)unused;
	attempt("malloc", null_malloc, &some);
	attempt("malloc_0", null_malloc, &zero);
	attempt("calloc", null_calloc, &some);
	attempt("memalign", null_memalign, &some);
	attempt("memalign_0", null_memalign, &zero);
	attempt("realloc", null_realloc, &some);
	attempt("realloc_0", null_realloc, &zero);
	attempt("available", null_available, NULL);
	attempt("capacity", null_capacity, NULL);
	attempt("destroy", null_destroy, NULL);
	attempt("config", null_config, NULL);
	attempt("pointers", null_pointers, NULL);
}

enum { SHARED_BLOCKS = 200 };

static void *fill_blocks(void *argument)
{
	const struct handle *handle = argument;
	void **blocks = calloc(SHARED_BLOCKS, sizeof(*blocks));

	for (size_t i = 0; i < SHARED_BLOCKS; i++)
		blocks[i] = api.memkind_malloc(handle->kind, 1 + i * 97);
	return blocks;
}

/* Blocks of a thread that has ended are used and freed by another one. */
static void run_thread(const void *argument)
{
	const struct handle *handle = argument;
	pthread_t thread;
	void *result = NULL;
	int wrong_count = 0;

	if (api.memkind_check_available(handle->kind) != MEMKIND_SUCCESS ||
	    pthread_create(&thread, NULL, fill_blocks, (void *)(uintptr_t)handle) != 0)
		return;
	pthread_join(thread, &result);
	for (size_t i = 0; i < SHARED_BLOCKS; i++) {
		void *block = ((void **)result)[i];

		wrong_count += api.memkind_detect_kind(block) != handle->kind;
		memset(block, 1, 1 + i * 97);
		api.memkind_free(i % 2 == 0 ? handle->kind : NULL, block);
	}
	say("of_other_kinds", "%d", wrong_count);
}

void run_threads(const void *unused)
{
	(void)unused;
	for (size_t i = 0; i < handle_count; i++) {
		if (handles[i].kind == NULL)
			say(handles[i].name, "absent");
		else
			attempt(handles[i].name, run_thread, &handles[i]);
	}
}
