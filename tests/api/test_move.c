/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving blocks in place, as far as one node can show it: whose they are, that they keep their bytes and
 * can be used by every function, what is refused, and that no mapping is left behind.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <memkind_memtier.h>
#include <memkind_ng.h>

enum {
	KIB = 1 << 10,
	MIB = 1 << 20,
	MOVE_COUNT = 2000,
	MAPPING_SLACK = 4,
	SKIPPED = 77,
};

/* Medium and large, with and without whole huge pages. */
static const size_t sizes[] = {33 * KIB, 300 * KIB, MIB, 3 * MIB + 4 * KIB, 9 * MIB};
static const size_t size_count = sizeof(sizes) / sizeof(sizes[0]);
/* DAX_KMEM is bound to node 0 here, as REGULAR is, INTERLEAVE is on all nodes. */
static memkind_t kinds[5];
static const size_t kind_count = sizeof(kinds) / sizeof(kinds[0]);

static void fill(unsigned char *block, size_t size, unsigned char seed)
{
	for (size_t i = 0; i < size; i++)
		block[i] = (unsigned char)(i / 64 + i % 7 + seed);
}

static void assert_filled(const unsigned char *block, size_t size, unsigned char seed)
{
	for (size_t i = 0; i < size; i++)
		if (block[i] != (unsigned char)(i / 64 + i % 7 + seed))
			fail_msg("byte %zu of %zu", i, size);
}

static size_t mapping_count(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	size_t count = 0;
	int byte;

	assert_non_null(maps);
	while ((byte = fgetc(maps)) != EOF)
		count += byte == '\n';
	fclose(maps);
	return count;
}

static size_t allocated(memkind_t kind)
{
	size_t size = 0;

	assert_int_equal(memkind_update_cached_stats(), 0);
	assert_int_equal(memkind_get_stat(kind, MEMKIND_STAT_TYPE_ALLOCATED, &size), 0);
	return size;
}

static void a_moved_block_is_of_the_other_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < size_count; i++)
		for (size_t from = 0; from < kind_count; from++)
			for (size_t to = 0; to < kind_count; to++) {
				unsigned char *block = memkind_malloc(kinds[from], sizes[i]);
				size_t usable;

				assert_non_null(block);
				usable = memkind_malloc_usable_size(NULL, block);
				fill(block, sizes[i], 1);
				errno = 77;
				assert_int_equal(memkind_ng_move(block, kinds[to]), 0);
				assert_int_equal(errno, 77);
				assert_ptr_equal(memkind_detect_kind(block), kinds[to]);
				assert_ptr_equal(memkind_detect_kind(block + sizes[i] - 1),
						 kinds[to]);
				assert_int_equal(memkind_malloc_usable_size(NULL, block), usable);
				assert_filled(block, sizes[i], 1);
				memkind_free(NULL, block);
			}
}

static void a_block_moves_on_and_back(void **state)
{
	unsigned char *block = memkind_malloc(MEMKIND_REGULAR, 5 * MIB);

	(void)state;
	assert_non_null(block);
	fill(block, 5 * MIB, 3);
	for (size_t i = 0; i < kind_count; i++) {
		assert_int_equal(memkind_ng_move(block, kinds[i]), 0);
		assert_ptr_equal(memkind_detect_kind(block), kinds[i]);
	}
	assert_int_equal(memkind_ng_move(block, MEMKIND_REGULAR), 0);
	assert_ptr_equal(memkind_detect_kind(block), MEMKIND_REGULAR);
	assert_filled(block, 5 * MIB, 3);
	memkind_free(NULL, block);
}

static void the_addresses_go_back_to_the_first_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < size_count; i++) {
		unsigned char *block = memkind_malloc(MEMKIND_REGULAR, sizes[i]), *again;
		size_t before = allocated(MEMKIND_REGULAR);

		assert_non_null(block);
		memset(block, 1, sizes[i]);
		assert_int_equal(memkind_ng_move(block, MEMKIND_DAX_KMEM), 0);
		assert_int_equal(allocated(MEMKIND_REGULAR), before);
		memkind_free(MEMKIND_DAX_KMEM, block);
		again = memkind_calloc(MEMKIND_REGULAR, 1, sizes[i]);
		assert_non_null(again);
		assert_ptr_equal(memkind_detect_kind(again), MEMKIND_REGULAR);
		for (size_t j = 0; j < sizes[i]; j++)
			assert_int_equal(again[j], 0);
		memkind_free(NULL, again);
	}
}

static void a_moved_block_is_resized_as_one_of_its_new_kind(void **state)
{
	unsigned char *block = memkind_malloc(MEMKIND_REGULAR, 10 * MIB), *resized;

	(void)state;
	assert_non_null(block);
	fill(block, 10 * MIB, 5);
	assert_int_equal(memkind_ng_move(block, MEMKIND_DAX_KMEM), 0);
	/* It shrinks where it stands, to a size that others have in caches, too. */
	resized = memkind_realloc(MEMKIND_DAX_KMEM, block, 6 * MIB);
	assert_ptr_equal(resized, block);
	resized = memkind_realloc(NULL, block, 200 * KIB);
	assert_ptr_equal(resized, block);
	assert_ptr_equal(memkind_detect_kind(block), MEMKIND_DAX_KMEM);
	assert_true(memkind_malloc_usable_size(NULL, block) >= 200 * KIB);
	assert_filled(block, 200 * KIB, 5);
	/* What it was cut from is free, and zero. */
	resized = memkind_calloc(MEMKIND_REGULAR, 1, 6 * MIB);
	assert_non_null(resized);
	for (size_t i = 0; i < 6 * MIB; i++)
		assert_int_equal(resized[i], 0);
	memkind_free(NULL, resized);
	/* To grow it is copied: to a block that was of its kind from the start. */
	resized = memkind_realloc(MEMKIND_DAX_KMEM, block, 12 * MIB);
	assert_non_null(resized);
	assert_ptr_not_equal(resized, block);
	assert_ptr_equal(memkind_detect_kind(resized), MEMKIND_DAX_KMEM);
	assert_filled(resized, 200 * KIB, 5);
	/* And to the kind that it came from. */
	block = memkind_realloc(MEMKIND_REGULAR, resized, 12 * MIB);
	assert_non_null(block);
	assert_ptr_equal(memkind_detect_kind(block), MEMKIND_REGULAR);
	assert_filled(block, 200 * KIB, 5);
	memkind_free(NULL, block);
}

static void tiers_count_a_moved_block_where_it_came_from(void **state)
{
	size_t before = memtier_kind_allocated_size(MEMKIND_REGULAR);
	size_t other = memtier_kind_allocated_size(MEMKIND_DAX_KMEM);
	void *block = memtier_kind_malloc(MEMKIND_REGULAR, 300 * KIB);

	(void)state;
	assert_non_null(block);
	assert_int_equal(memkind_ng_move(block, MEMKIND_DAX_KMEM), 0);
	assert_true(memtier_kind_allocated_size(MEMKIND_REGULAR) >= before + 300 * KIB);
	assert_int_equal(memtier_kind_allocated_size(MEMKIND_DAX_KMEM), other);
	memtier_free(block);
	assert_int_equal(memtier_kind_allocated_size(MEMKIND_REGULAR), before);
	assert_int_equal(memtier_kind_allocated_size(MEMKIND_DAX_KMEM), other);
}

/* The limit has room for one at a time. */
static void a_moved_block_counts_for_the_limit_of_where_it_is(void **state)
{
	memkind_t kind = NULL;

	(void)state;
	assert_int_equal(memkind_ng_create_from("nodes=dram;limit=1M", &kind, NULL, 0), 0);
	for (int i = 0; i < 10; i++) {
		unsigned char *block = memkind_malloc(kind, 700 * KIB), *other;

		assert_non_null(block);
		fill(block, 700 * KIB, 1);
		assert_null(memkind_malloc(kind, 700 * KIB));
		assert_int_equal(memkind_ng_move(block, MEMKIND_DEFAULT), 0);
		other = memkind_malloc(kind, 700 * KIB);
		assert_non_null(other);
		assert_int_equal(memkind_ng_move(block, kind), MEMKIND_NG_ERROR_NO_ROOM);
		assert_ptr_equal(memkind_detect_kind(block), MEMKIND_DEFAULT);
		memkind_free(NULL, other);
		/* The room is idle now, and given back for it. */
		assert_int_equal(memkind_ng_move(block, kind), 0);
		assert_filled(block, 700 * KIB, 1);
		assert_null(memkind_malloc(kind, 700 * KIB));
		memkind_free(NULL, block);
	}
	assert_int_equal(memkind_destroy_kind(kind), 0);
}

static memkind_t limited_kind;
static _Atomic size_t moved_in_size, most_moved_in_size;
static _Atomic unsigned full_count, move_fault_count;

static bool move_in(void *block)
{
	int code = memkind_ng_move(block, limited_kind);
	size_t size, most = most_moved_in_size;

	full_count += code == MEMKIND_NG_ERROR_NO_ROOM;
	move_fault_count += code != 0 && code != MEMKIND_NG_ERROR_NO_ROOM;
	if (code != 0)
		return false;
	size = atomic_fetch_add(&moved_in_size, 300 * KIB) + 300 * KIB;
	while (size > most && !atomic_compare_exchange_weak(&most_moved_in_size, &most, size))
		;
	return true;
}

/* Four blocks at a time, of which three fit; some move out again, others are freed there. */
static void *move_in_and_out(void *unused)
{
	for (int round = 0; round < 100; round++) {
		void *blocks[4];
		bool is_in[4];

		for (int i = 0; i < 4; i++) {
			blocks[i] = memkind_malloc(MEMKIND_REGULAR, 300 * KIB);
			is_in[i] = move_in(blocks[i]);
		}
		for (int i = 0; i < 4; i++) {
			moved_in_size -= is_in[i] ? 300 * KIB : 0;
			if (is_in[i] && i % 2 == 0)
				move_fault_count +=
					memkind_ng_move(blocks[i], MEMKIND_REGULAR) != 0;
			memkind_free(NULL, blocks[i]);
		}
	}
	return unused;
}

static void threads_that_move_never_exceed_a_limit(void **state)
{
	pthread_t threads[4];

	(void)state;
	assert_int_equal(memkind_ng_create_from("nodes=dram;limit=1M", &limited_kind, NULL, 0), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, move_in_and_out, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(move_fault_count, 0);
	assert_int_not_equal(full_count, 0);
	assert_in_range(most_moved_in_size, 1, MIB);
	/* Nothing of the limit is lost. */
	assert_non_null(memkind_malloc(limited_kind, MIB));
	assert_int_equal(memkind_destroy_kind(limited_kind), 0);
}

static void what_has_no_pages_of_its_own_is_refused(void **state)
{
	static const size_t small_sizes[] = {1, 100, 4096, 32 * KIB};
	char text[MEMKIND_ERROR_MESSAGE_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(small_sizes) / sizeof(small_sizes[0]); i++) {
		void *block = memkind_malloc(MEMKIND_REGULAR, small_sizes[i]);

		assert_non_null(block);
		assert_int_equal(memkind_ng_move(block, MEMKIND_DAX_KMEM),
				 MEMKIND_NG_ERROR_NOT_ITS_PAGES);
		assert_ptr_equal(memkind_detect_kind(block), MEMKIND_REGULAR);
		memkind_free(NULL, block);
	}
	memkind_error_message(MEMKIND_NG_ERROR_NOT_ITS_PAGES, text, sizeof(text));
	assert_non_null(strstr(text, "memkind_realloc()"));
	memkind_error_message(MEMKIND_NG_ERROR_PARTLY_MOVED, text, sizeof(text));
	assert_non_null(strstr(text, "memkind_ng_where()"));
}

static void what_is_no_block_is_refused(void **state)
{
	char *block = memkind_malloc(MEMKIND_REGULAR, 5 * MIB);
	int local;

	(void)state;
	assert_non_null(block);
	assert_int_equal(memkind_ng_move(NULL, MEMKIND_DAX_KMEM), MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_ng_move(&local, MEMKIND_DAX_KMEM), MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_ng_move(block + 4096, MEMKIND_DAX_KMEM), MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_ng_move(block + 16, MEMKIND_DAX_KMEM), MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_ng_move(block, NULL), MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_ng_move(block, (memkind_t)&local), MEMKIND_ERROR_INVALID);
	assert_ptr_equal(memkind_detect_kind(block), MEMKIND_REGULAR);
	memkind_free(NULL, block);
	assert_int_equal(memkind_ng_move(block, MEMKIND_DAX_KMEM), MEMKIND_ERROR_INVALID);
}

static void kinds_on_files_and_areas_take_no_part(void **state)
{
	void *area =
		mmap(NULL, 32 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *block = memkind_malloc(MEMKIND_REGULAR, 5 * MIB), *other;
	memkind_t fixed, file;

	(void)state;
	assert_ptr_not_equal(area, MAP_FAILED);
	assert_non_null(block);
	assert_int_equal(memkind_create_fixed(area, 32 * MIB, &fixed), 0);
	assert_int_equal(memkind_create_pmem("/tmp", MEMKIND_PMEM_MIN_SIZE, &file), 0);
	assert_int_equal(memkind_ng_move(block, fixed), MEMKIND_ERROR_OPERATION_FAILED);
	assert_int_equal(memkind_ng_move(block, file), MEMKIND_ERROR_OPERATION_FAILED);
	other = memkind_malloc(fixed, 2 * MIB);
	assert_non_null(other);
	assert_int_equal(memkind_ng_move(other, MEMKIND_REGULAR), MEMKIND_ERROR_OPERATION_FAILED);
	memkind_free(NULL, other);
	other = memkind_malloc(file, 2 * MIB);
	assert_non_null(other);
	assert_int_equal(memkind_ng_move(other, MEMKIND_REGULAR), MEMKIND_ERROR_OPERATION_FAILED);
	memkind_free(NULL, other);
	assert_int_equal(memkind_destroy_kind(fixed), 0);
	assert_int_equal(memkind_destroy_kind(file), 0);
	assert_int_equal(memkind_ng_move(block, fixed), MEMKIND_ERROR_INVALID);
	memkind_free(NULL, block);
	munmap(area, 32 * MIB);
}

/* Blocks side by side: each splits the mapping of its reservation in three, for as long as it is away. */
static void many_moves_leave_no_mapping(void **state)
{
	unsigned char *blocks[8];
	size_t before = 0;

	(void)state;
	for (int i = 0; i < 8; i++) {
		/* Some that nobody has touched. */
		blocks[i] = memkind_malloc(MEMKIND_REGULAR, 400 * KIB + (size_t)i * 100 * KIB);
		assert_non_null(blocks[i]);
		if (i % 2 == 0)
			memset(blocks[i], i, 400 * KIB);
	}
	for (int i = 0; i < MOVE_COUNT; i++) {
		if (i == MOVE_COUNT / 10)
			before = mapping_count();
		assert_int_equal(memkind_ng_move(blocks[i % 8], MEMKIND_INTERLEAVE), 0);
		if (i % 8 == 7)
			for (int j = 0; j < 8; j++)
				assert_int_equal(
					memkind_ng_move(blocks[(3 * j) % 8], MEMKIND_REGULAR), 0);
	}
	for (int i = 0; i < 8; i++)
		assert_int_equal(memkind_ng_move(blocks[i], MEMKIND_REGULAR), 0);
	assert_in_range(mapping_count(), 0, before + MAPPING_SLACK);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(memkind_ng_move(blocks[i], MEMKIND_INTERLEAVE), 0);
		memkind_free(NULL, blocks[i]);
	}
	assert_in_range(mapping_count(), 0, before + MAPPING_SLACK);
}

/* The mapping has no page yet when it is split. */
static void untouched_blocks_leave_no_mapping(void **state)
{
	unsigned char *blocks[3];
	size_t before;

	(void)state;
	for (int i = 0; i < 3; i++) {
		blocks[i] = memkind_malloc(MEMKIND_DAX_KMEM_ALL, MIB);
		assert_non_null(blocks[i]);
	}
	before = mapping_count();
	assert_int_equal(memkind_ng_move(blocks[1], MEMKIND_INTERLEAVE), 0);
	for (int i = 0; i < 3; i++)
		memset(blocks[i], 1, MIB);
	assert_int_equal(memkind_ng_move(blocks[1], MEMKIND_DAX_KMEM_ALL), 0);
	assert_int_equal(mapping_count(), before);
	for (int i = 0; i < 3; i++)
		memkind_free(NULL, blocks[i]);
}

struct work {
	uint64_t *words;
	size_t size;
	atomic_bool is_over;
};

/* Adds one to every word, over and over: a write that is lost shows. */
static void *write_on(void *argument)
{
	struct work *work = argument;
	uint64_t rounds = 0;

	while (!atomic_load(&work->is_over)) {
		for (size_t i = 0; i < work->size / sizeof(uint64_t); i += 16)
			work->words[i]++;
		rounds++;
	}
	return (void *)(uintptr_t)rounds;
}

static void what_is_written_meanwhile_is_kept(void **state)
{
	struct work work = {.size = 8 * MIB};
	void *rounds = NULL;
	pthread_t thread;

	(void)state;
	work.words = memkind_calloc(MEMKIND_REGULAR, 1, work.size);
	assert_non_null(work.words);
	assert_int_equal(pthread_create(&thread, NULL, write_on, &work), 0);
	for (int i = 0; i < 50; i++)
		assert_int_equal(
			memkind_ng_move(work.words, i % 2 == 0 ? MEMKIND_DEFAULT : MEMKIND_REGULAR),
			0);
	atomic_store(&work.is_over, true);
	assert_int_equal(pthread_join(thread, &rounds), 0);
	for (size_t i = 0; i < work.size / sizeof(uint64_t); i += 16)
		assert_int_equal(work.words[i], (uintptr_t)rounds);
	memkind_free(NULL, work.words);
}

/* It has a copy of the block, moved or not, and may do with it what the parent may. */
static void a_fork_child_has_the_block_too(void **state)
{
	unsigned char *block = memkind_malloc(MEMKIND_REGULAR, 3 * MIB);
	int status;
	pid_t child;

	(void)state;
	assert_non_null(block);
	fill(block, 3 * MIB, 9);
	assert_int_equal(memkind_ng_move(block, MEMKIND_DAX_KMEM), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		bool is_good = memkind_detect_kind(block) == MEMKIND_DAX_KMEM;

		for (size_t i = 0; i < 3 * MIB; i++)
			is_good &= block[i] == (unsigned char)(i / 64 + i % 7 + 9);
		memkind_free(NULL, block);
		block = memkind_calloc(MEMKIND_REGULAR, 1, 3 * MIB);
		is_good &= block != NULL && block[MIB] == 0;
		_exit(is_good ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_filled(block, 3 * MIB, 9);
	memkind_free(NULL, block);
}

/* Pages that a child has as well stay where they are, and to DEFAULT all were to move. */
static void pages_of_a_fork_child_are_not_believed_to_have_moved(void **state)
{
	unsigned char *block = memkind_malloc(MEMKIND_REGULAR, 3 * MIB);
	int pipes[2], status;
	pid_t child;
	char byte;

	(void)state;
	assert_non_null(block);
	fill(block, 3 * MIB, 9);
	assert_int_equal(pipe(pipes), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		close(pipes[1]);
		_exit(read(pipes[0], &byte, 1) == 0 ? 0 : 1);
	}
	assert_int_equal(memkind_ng_move(block, MEMKIND_DEFAULT), MEMKIND_NG_ERROR_UNMOVABLE);
	assert_ptr_equal(memkind_detect_kind(block), MEMKIND_REGULAR);
	/* Those that are on the right node already need not move. */
	assert_int_equal(memkind_ng_move(block, MEMKIND_DAX_KMEM), 0);
	close(pipes[0]);
	close(pipes[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(memkind_ng_move(block, MEMKIND_DEFAULT), 0);
	assert_filled(block, 3 * MIB, 9);
	memkind_free(NULL, block);
}

static void locked_pages_that_share_a_huge_page_stay(void **state)
{
	char *block = memkind_malloc(MEMKIND_REGULAR, 300 * KIB);
	int error;

	(void)state;
	assert_non_null(block);
	if (mlock(block, 64 * KIB) != 0) {
		memkind_free(NULL, block);
		skip();
	}
	error = memkind_ng_move(block, MEMKIND_DAX_KMEM);
	assert_true(error == MEMKIND_NG_ERROR_UNMOVABLE || error == 0);
	munlock(block, 64 * KIB);
	assert_int_equal(memkind_ng_move(block, MEMKIND_DAX_KMEM), 0);
	/* A block that is locked when it is freed can't be given back: the pages go home. */
	mlock(block, 64 * KIB);
	memkind_free(NULL, block);
	munlock(block, 64 * KIB);
	block = memkind_calloc(MEMKIND_REGULAR, 1, 300 * KIB);
	assert_non_null(block);
	for (int i = 0; i < 300 * KIB; i++)
		assert_int_equal(block[i], 0);
	memkind_free(NULL, block);
}

static void kinds_on_huge_pages_are_no_target(void **state)
{
	void *block = memkind_malloc(MEMKIND_REGULAR, 5 * MIB);
	int status = memkind_check_available(MEMKIND_GBTLB);

	(void)state;
	assert_non_null(block);
	assert_int_equal(memkind_ng_move(block, MEMKIND_GBTLB),
			 status != 0 ? status : MEMKIND_ERROR_OPERATION_FAILED);
	assert_ptr_equal(memkind_detect_kind(block), MEMKIND_REGULAR);
	memkind_free(NULL, block);
}

static bool is_move_allowed(void)
{
	void *block = memkind_malloc(MEMKIND_DEFAULT, 5 * MIB);
	int error = block == NULL ? 0 : memkind_ng_move(block, MEMKIND_INTERLEAVE);

	memkind_free(NULL, block);
	return error != MEMKIND_ERROR_MBIND;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_moved_block_is_of_the_other_kind),
		cmocka_unit_test(a_block_moves_on_and_back),
		cmocka_unit_test(the_addresses_go_back_to_the_first_kind),
		cmocka_unit_test(a_moved_block_is_resized_as_one_of_its_new_kind),
		cmocka_unit_test(tiers_count_a_moved_block_where_it_came_from),
		cmocka_unit_test(a_moved_block_counts_for_the_limit_of_where_it_is),
		cmocka_unit_test(threads_that_move_never_exceed_a_limit),
		cmocka_unit_test(what_has_no_pages_of_its_own_is_refused),
		cmocka_unit_test(what_is_no_block_is_refused),
		cmocka_unit_test(kinds_on_files_and_areas_take_no_part),
		cmocka_unit_test(many_moves_leave_no_mapping),
		cmocka_unit_test(untouched_blocks_leave_no_mapping),
		cmocka_unit_test(what_is_written_meanwhile_is_kept),
		cmocka_unit_test(a_fork_child_has_the_block_too),
		cmocka_unit_test(pages_of_a_fork_child_are_not_believed_to_have_moved),
		cmocka_unit_test(locked_pages_that_share_a_huge_page_stay),
		cmocka_unit_test(kinds_on_huge_pages_are_no_target),
	};

	kinds[0] = MEMKIND_DEFAULT;
	kinds[1] = MEMKIND_REGULAR;
	kinds[2] = MEMKIND_INTERLEAVE;
	kinds[3] = MEMKIND_DAX_KMEM;
	kinds[4] = MEMKIND_DAX_KMEM_PREFERRED;
	if (!is_move_allowed()) {
		printf("SKIP: the kernel does not move pages\n");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
