/* SPDX-License-Identifier: BSD-2-Clause */
/* Kinds on areas of the program's own. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <memkind.h>

#define MIB ((size_t)1 << 20)

enum {
	EDGE = 4096, /* bytes around an area that nobody may touch */
	DIRT = 0xd1,
	BLOCK_LIMIT = 20000,
};

static void *blocks[BLOCK_LIMIT];

/* SIZE bytes that are not zero, OFFSET bytes into a mapping with dirt around. */
static char *new_area(size_t size, size_t offset)
{
	char *mapping = mmap(NULL, size + offset + 2 * (size_t)EDGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(mapping, MAP_FAILED);
	memset(mapping, DIRT, size + offset + 2 * (size_t)EDGE);
	return mapping + EDGE + offset;
}

static void free_area(char *area, size_t size, size_t offset)
{
	for (size_t i = 1; i <= EDGE; i++) {
		assert_int_equal((unsigned char)area[-(ptrdiff_t)i], DIRT);
		assert_int_equal((unsigned char)area[size + i - 1], DIRT);
	}
	/* Its pages are as they were given: writable, and there. */
	memset(area, 0, size);
	assert_int_equal(munmap(area - offset - EDGE, size + offset + 2 * (size_t)EDGE), 0);
}

static memkind_t new_kind(void *area, size_t size)
{
	memkind_t kind = NULL;

	assert_int_equal(memkind_create_fixed(area, size, &kind), 0);
	assert_non_null(kind);
	return kind;
}

static void destroy(memkind_t kind)
{
	assert_int_equal(memkind_destroy_kind(kind), 0);
}

static size_t fill(memkind_t kind, size_t size)
{
	size_t count = 0;

	errno = 0;
	while (count < BLOCK_LIMIT && (blocks[count] = memkind_malloc(kind, size)) != NULL)
		memset(blocks[count++], 0x5a, size);
	assert_true(count < BLOCK_LIMIT);
	assert_int_equal(errno, ENOMEM);
	return count;
}

static void free_all(size_t count)
{
	for (size_t i = 0; i < count; i++)
		memkind_free(NULL, blocks[i]);
}

static void check_refused(void *area, size_t size, int error)
{
	memkind_t kind = (memkind_t)-1;

	errno = 0;
	assert_int_equal(memkind_create_fixed(area, size, &kind), MEMKIND_ERROR_INVALID);
	assert_null(kind);
	if (error != 0)
		assert_int_equal(errno, error);
}

static void bad_areas_are_refused(void **state)
{
	char *area = new_area(MIB, 0);
	memkind_t kind;
	void *small;

	(void)state;
	assert_int_equal(memkind_create_fixed(area, MIB, NULL), MEMKIND_ERROR_INVALID);
	check_refused(NULL, MIB, 0);
	check_refused(NULL, 0, 0);
	check_refused(area, SIZE_MAX, 0);
	check_refused(area, SIZE_MAX - (uintptr_t)area + 1, 0);
	check_refused((void *)UINTPTR_MAX, 1, 0);
	check_refused((void *)((uintptr_t)1 << 48), MIB, 0);
	kind = new_kind(area, MIB);
	check_refused(area, MIB, EEXIST);
	check_refused(area, 1, EEXIST);
	check_refused(area + MIB - 1, 1, EEXIST);
	check_refused(area - 1, 2, EEXIST);
	destroy(kind);
	destroy(new_kind(area, MIB));
	small = memkind_malloc(MEMKIND_DEFAULT, 20000);
	check_refused(small, 20000, 0);
	memkind_free(NULL, small);
	free_area(area, MIB, 0);
}

static void areas_that_touch_are_two_kinds(void **state)
{
	char *area = new_area(2 * MIB, 0);
	memkind_t low = new_kind(area, MIB), high = new_kind(area + MIB, MIB);

	(void)state;
	for (size_t count = fill(low, 10000); count > 0; count--)
		assert_ptr_equal(memkind_detect_kind(blocks[count - 1]), low);
	for (size_t count = fill(high, 10000); count > 0; count--)
		assert_ptr_equal(memkind_detect_kind(blocks[count - 1]), high);
	destroy(low);
	assert_ptr_equal(memkind_detect_kind(blocks[0]), high);
	destroy(high);
	assert_null(memkind_detect_kind(blocks[0]));
	free_area(area, 2 * MIB, 0);
}

static void tiny_areas_are_empty_kinds(void **state)
{
	static const size_t sizes[] = {0, 1, 4095};
	char *area = new_area(4096, 0);
	memkind_t kind;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		kind = new_kind(area, sizes[i]);
		errno = 0;
		assert_null(memkind_malloc(kind, 1));
		assert_int_equal(errno, ENOMEM);
		assert_null(memkind_calloc(kind, 1, 100000));
		assert_int_equal(memkind_get_capacity(kind), sizes[i]);
		assert_int_equal(memkind_check_available(kind), 0);
		destroy(kind);
	}
	if (sysconf(_SC_PAGESIZE) == 4096) {
		kind = new_kind(area, 4096);
		assert_int_equal(fill(kind, 64), 64);
		destroy(kind);
	}
	free_area(area, 4096, 0);
}

static void unaligned_areas_are_used_to_their_ends(void **state)
{
	static const size_t offsets[] = {0, 1, 4096, 70000, MIB + 12345};
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	(void)state;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		size_t size = 16 * MIB + offsets[i] / 3;
		char *area = new_area(size, offsets[i]);
		memkind_t kind = new_kind(area, size);
		size_t count = fill(kind, MIB);

		assert_true(count * MIB >= size / 10 * 9);
		for (size_t block = 0; block < count; block++) {
			assert_true((char *)blocks[block] >= area);
			assert_true((char *)blocks[block] + MIB <= area + size);
		}
		free_all(count);
		count = fill(kind, 4096);
		assert_true(count * 4096 + 2 * page + 3 * 4096 >= size);
		assert_int_equal(memkind_get_capacity(kind), size);
		destroy(kind);
		free_area(area, size, offsets[i]);
	}
}

static void freed_space_is_joined(void **state)
{
	static const size_t sizes[] = {1000, 30000, 200000, MIB};
	char *area = new_area(64 * MIB, 0);
	memkind_t kind = new_kind(area, 64 * MIB);
	void *half, *most;

	(void)state;
	half = memkind_malloc(kind, 30 * MIB);
	assert_non_null(half);
	memkind_free(kind, half);
	most = memkind_malloc(kind, 50 * MIB);
	assert_non_null(most);
	memkind_free(kind, most);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t count = 0;

		while (count < BLOCK_LIMIT &&
		       (blocks[count] = memkind_malloc(kind, sizes[i])) != NULL)
			count++;
		for (size_t at = 0; at < count; at += 2)
			memkind_free(NULL, blocks[at]);
		for (size_t at = 1; at < count; at += 2)
			memkind_free(NULL, blocks[at]);
		most = memkind_malloc(kind, 63 * MIB);
		assert_non_null(most);
		memkind_free(NULL, most);
	}
	destroy(kind);
	free_area(area, 64 * MIB, 0);
}

static void calloc_clears_what_the_program_left(void **state)
{
	static const size_t sizes[] = {8, 100, 5000, 40000, 200000, 3 * MIB};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *area = new_area(16 * MIB, 0);
		memkind_t kind = new_kind(area, 16 * MIB);

		for (int round = 0; round < 3; round++) {
			unsigned char *block = memkind_calloc(kind, 1, sizes[i]);

			assert_non_null(block);
			for (size_t at = 0; at < sizes[i]; at++)
				assert_int_equal(block[at], 0);
			memset(block, DIRT, sizes[i]);
			if (round == 1)
				memkind_free(kind, block);
		}
		errno = 0;
		assert_null(memkind_calloc(kind, SIZE_MAX / 2 + 2, 2));
		assert_int_equal(errno, ENOMEM);
		destroy(kind);
		free_area(area, 16 * MIB, 0);
	}
}

static void blocks_grow_and_shrink_in_place_or_move(void **state)
{
	char *area = new_area(16 * MIB, 0);
	memkind_t kind = new_kind(area, 16 * MIB);
	char *block = memkind_malloc(kind, 2 * MIB);

	(void)state;
	memset(block, 3, 2 * MIB);
	block = memkind_realloc(NULL, block, 9 * MIB);
	assert_non_null(block);
	assert_int_equal(block[2 * MIB - 1], 3);
	assert_null(memkind_realloc(kind, block, 17 * MIB));
	assert_int_equal(block[0], 3);
	block = memkind_realloc(kind, block, 10);
	assert_int_equal(block[9], 3);
	memkind_free(NULL, block);
	assert_int_equal(memkind_posix_memalign(kind, (void **)&block, 4 * MIB, 100), 0);
	assert_int_equal((uintptr_t)block % (4 * MIB), 0);
	destroy(kind);
	free_area(area, 16 * MIB, 0);
}

/* A block of another kind is an area like any other, and can be freed afterwards. */
static void an_area_may_be_a_block(void **state)
{
	char *outer = memkind_malloc(MEMKIND_REGULAR, 16 * MIB);
	memkind_t kind = new_kind(outer, 16 * MIB);

	(void)state;
	assert_true(fill(kind, MIB) >= 15);
	assert_ptr_equal(memkind_detect_kind(blocks[0]), kind);
	assert_ptr_equal(memkind_detect_kind(outer), MEMKIND_REGULAR);
	destroy(kind);
	kind = new_kind(outer + 5, 4 * MIB);
	assert_true(fill(kind, 100000) >= 35);
	destroy(kind);
	assert_int_equal(memkind_malloc_usable_size(NULL, outer), 16 * MIB);
	memkind_free(NULL, outer);
	outer = memkind_malloc(MEMKIND_REGULAR, 100000);
	destroy(new_kind(outer, 100000));
	memkind_free(NULL, outer);
}

static pthread_barrier_t all_have_one;
static _Atomic unsigned refused;

static void *hold_a_block(void *kind)
{
	char *block = memkind_malloc(kind, 64);

	if (block == NULL)
		refused++;
	else
		memset(block, 1, 64);
	pthread_barrier_wait(&all_have_one);
	memkind_free(kind, block);
	return NULL;
}

static void serve_threads(size_t size, unsigned count)
{
	static pthread_t threads[512];
	char *area = new_area(size, 100);
	memkind_t kind = new_kind(area, size);

	refused = 0;
	pthread_barrier_init(&all_have_one, NULL, count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hold_a_block, kind), 0);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	pthread_barrier_destroy(&all_have_one);
	assert_int_equal(refused, 0);
	destroy(kind);
	free_area(area, size, 100);
}

static void a_small_area_serves_hundreds_of_threads(void **state)
{
	(void)state;
	serve_threads(16 * MIB, 64);
	serve_threads(16 * MIB, 512);
	serve_threads(MIB, 512);
}

/* A slab of some of these classes would be longer than all of the area. */
static void a_few_pages_serve_small_blocks(void **state)
{
	static const size_t sizes[] = {48, 500, 3000, 7000, 10000};
	size_t size = 3 * (size_t)sysconf(_SC_PAGESIZE);
	char *area = new_area(size, 0);

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memkind_t kind = new_kind(area, size);

		assert_true(fill(kind, sizes[i]) * sizes[i] >= size / 2);
		destroy(kind);
	}
	free_area(area, size, 0);
}

static void a_fork_child_has_its_own_copy(void **state)
{
	char *area = new_area(MIB, 0);
	memkind_t kind = new_kind(area, MIB);
	char *block = memkind_malloc(kind, 100000);
	int status;
	pid_t child;

	(void)state;
	strcpy(block, "parent");
	child = fork();
	if (child == 0) {
		char *own = memkind_malloc(kind, 100000);

		strcpy(block, "child");
		memset(own, 1, 100000);
		memkind_free(kind, block);
		_exit(own == NULL || memkind_destroy_kind(kind) != 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_string_equal(block, "parent");
	destroy(kind);
	free_area(area, MIB, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_areas_are_refused),
		cmocka_unit_test(areas_that_touch_are_two_kinds),
		cmocka_unit_test(tiny_areas_are_empty_kinds),
		cmocka_unit_test(unaligned_areas_are_used_to_their_ends),
		cmocka_unit_test(freed_space_is_joined),
		cmocka_unit_test(calloc_clears_what_the_program_left),
		cmocka_unit_test(blocks_grow_and_shrink_in_place_or_move),
		cmocka_unit_test(an_area_may_be_a_block),
		cmocka_unit_test(a_small_area_serves_hundreds_of_threads),
		cmocka_unit_test(a_few_pages_serve_small_blocks),
		cmocka_unit_test(a_fork_child_has_its_own_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
