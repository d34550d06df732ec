/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every function of the malloc family, as a program meets it that knows libc alone, under each of the
 * libraries that are loaded before it. Blocks are memkind's, which libmemkind tells.
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "memkind.h"

enum { OTHER_ERRNO = 77, PAGE = 4096 };

/* The compiler is not to know what is too much, or wrong. */
static volatile size_t too_much = SIZE_MAX, large_alignment = (size_t)1 << 62, odd_alignment = 48;
static const size_t sizes[] = {1, 8, 24, 100, 4096, 32768, 32769, 100000, 1 << 20, 5 << 20};

static void fill(void *block, size_t size)
{
	memset(block, (int)(size % 251), size);
}

static bool is_filled(const void *block, size_t filled_size, size_t size)
{
	const unsigned char *bytes = block;

	for (size_t i = 0; i < size; i++)
		if (bytes[i] != filled_size % 251)
			return false;
	return true;
}

static bool is_zero(const void *block, size_t size)
{
	const unsigned char *bytes = block;

	return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

/* A block of ours that can hold SIZE bytes at a multiple of ALIGNMENT; it is freed. */
static void check_and_free(void *block, size_t alignment, size_t size)
{
	assert_non_null(block);
	assert_non_null(memkind_detect_kind(block));
	assert_int_equal((uintptr_t)block % alignment, 0);
	assert_true(malloc_usable_size(block) >= size);
	fill(block, malloc_usable_size(block));
	errno = OTHER_ERRNO;
	free(block);
	assert_int_equal(errno, OTHER_ERRNO);
}

static void malloc_gives_blocks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		errno = OTHER_ERRNO;
		check_and_free(malloc(sizes[i]), sizes[i] < 16 ? 8 : 16, sizes[i]);
		assert_int_equal(errno, OTHER_ERRNO);
	}
	errno = 0;
	assert_null(malloc(too_much));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(malloc(too_much / 2));
	assert_int_equal(errno, ENOMEM);
	errno = OTHER_ERRNO;
	free(NULL);
	assert_int_equal(errno, OTHER_ERRNO);
	assert_int_equal(malloc_usable_size(NULL), 0);
}

static void blocks_of_no_bytes_differ(void **state)
{
	void *blocks[7];

	(void)state;
	blocks[0] = malloc(0);
	blocks[1] = calloc(0, 8);
	blocks[2] = calloc(8, 0);
	blocks[3] = realloc(NULL, 0);
	blocks[4] = reallocarray(NULL, 0, 8);
	blocks[5] = aligned_alloc(64, 0);
	assert_int_equal(posix_memalign(&blocks[6], 64, 0), 0);
	for (int i = 0; i < 7; i++) {
		assert_non_null(blocks[i]);
		for (int j = 0; j < i; j++)
			assert_ptr_not_equal(blocks[i], blocks[j]);
	}
	for (int i = 0; i < 7; i++)
		check_and_free(blocks[i], 8, 1);
	check_and_free(valloc(0), PAGE, 1);
	check_and_free(pvalloc(0), PAGE, PAGE);
}

static void calloc_gives_zeroes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (int round = 0; round < 3; round++) {
			unsigned char *block = calloc(sizes[i], 3);

			assert_non_null(block);
			assert_true(is_zero(block, sizes[i] * 3));
			check_and_free(block, 8, sizes[i] * 3);
		}
	}
	errno = 0;
	assert_null(calloc(too_much / 2, 3));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(calloc(too_much / 2 + 2, 2));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(calloc(too_much, too_much));
	assert_int_equal(errno, ENOMEM);
}

static void realloc_keeps_contents(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (size_t j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
			unsigned char *block = malloc(sizes[i]);

			fill(block, sizes[i]);
			block = realloc(block, sizes[j]);
			assert_non_null(block);
			assert_true(is_filled(block, sizes[i],
					      sizes[i] < sizes[j] ? sizes[i] : sizes[j]));
			check_and_free(block, 8, sizes[j]);
		}
	}
}

static void failed_realloc_keeps_the_block(void **state)
{
	unsigned char *block = realloc(NULL, 1000);

	(void)state;
	fill(block, 1000);
	errno = 0;
	assert_null(realloc(block, too_much));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(reallocarray(block, too_much / 2, 3));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(reallocarray(block, too_much / 2 + 2, 2));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(reallocarray(NULL, too_much / 2 + 2, 2));
	assert_int_equal(errno, ENOMEM);
	assert_true(is_filled(block, 1000, 1000));
	block = reallocarray(block, 50, 40);
	assert_true(is_filled(block, 1000, 1000));
	assert_true(malloc_usable_size(block) >= 2000);
	/* As libc: freed. */
	errno = OTHER_ERRNO;
	assert_null(realloc(block, 0));
	assert_int_equal(errno, OTHER_ERRNO);
	assert_null(reallocarray(malloc(10), 0, 8));
}

static void posix_memalign_aligns(void **state)
{
	(void)state;
	for (size_t alignment = sizeof(void *); alignment <= (8 << 20); alignment *= 2) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			void *block = NULL;

			assert_int_equal(posix_memalign(&block, alignment, sizes[i]), 0);
			check_and_free(block, alignment, sizes[i]);
		}
	}
}

/* M3 */
static void failed_posix_memalign_stores_nothing(void **state)
{
	static const size_t bad[] = {0, 1, 4, 12, 24, 100};
	void *const mark = (void *)&bad;
	void *block = mark;

	(void)state;
	errno = OTHER_ERRNO;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(posix_memalign(&block, bad[i], 100), EINVAL);
	assert_int_equal(posix_memalign(&block, 64, too_much), ENOMEM);
	assert_int_equal(posix_memalign(&block, 64, too_much / 2), ENOMEM);
	assert_int_equal(posix_memalign(&block, large_alignment, 1), ENOMEM);
	assert_int_equal(errno, OTHER_ERRNO);
	assert_ptr_equal(block, mark);
}

/* M8, M13: blocks of these went to another heap, and free() crashed. */
static void other_aligned_functions_align(void **state)
{
	(void)state;
	for (size_t alignment = 1; alignment <= (1 << 20); alignment *= 2) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			check_and_free(aligned_alloc(alignment, sizes[i]), alignment, sizes[i]);
			check_and_free(memalign(alignment, sizes[i]), alignment, sizes[i]);
		}
	}
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		check_and_free(valloc(sizes[i]), PAGE, sizes[i]);
		check_and_free(pvalloc(sizes[i]), PAGE, (sizes[i] + PAGE - 1) / PAGE * PAGE);
	}
	check_and_free(memalign(odd_alignment - odd_alignment, 100), 8, 100);
	check_and_free(memalign(odd_alignment, 100), 64, 100);
	check_and_free(aligned_alloc(odd_alignment, 100), 64, 100);
	check_and_free(realloc(aligned_alloc(4096, 100), 200000), 8, 200000);
	errno = 0;
	assert_null(memalign(too_much, 100));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(memalign(large_alignment, 100));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(aligned_alloc(64, too_much));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(valloc(too_much));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(pvalloc(too_much));
	assert_int_equal(errno, ENOMEM);
}

static void *function(const char *name)
{
	void *found = dlsym(RTLD_DEFAULT, name);

	if (found == NULL)
		fail_msg("there is no %s", name);
	return found;
}

/* Those that headers do not declare, or no more, or not yet. */
static void hidden_functions_belong_to_it(void **state)
{
	void (*libc_free)(void *) = function("__libc_free");
	void (*cfree)(void *) = function("cfree");
	void (*free_sized)(void *, size_t) = function("free_sized");
	void (*free_aligned_sized)(void *, size_t, size_t) = function("free_aligned_sized");
	void *block;

	(void)state;
	free(((void *(*)(size_t))function("__libc_malloc"))(100));
	check_and_free(((void *(*)(size_t, size_t))function("__libc_calloc"))(10, 10), 8, 100);
	check_and_free(((void *(*)(void *, size_t))function("__libc_realloc"))(malloc(1), 100), 8,
		       100);
	check_and_free(((void *(*)(size_t, size_t))function("__libc_memalign"))(64, 100), 64, 100);
	check_and_free(((void *(*)(size_t))function("__libc_valloc"))(100), PAGE, 100);
	check_and_free(((void *(*)(size_t))function("__libc_pvalloc"))(100), PAGE, PAGE);
	assert_int_equal(
		((int (*)(void **, size_t, size_t))function("__posix_memalign"))(&block, 64, 100),
		0);
	check_and_free(block, 64, 100);
	errno = OTHER_ERRNO;
	libc_free(malloc(100));
	cfree(malloc(100));
	free_sized(malloc(100), 100);
	free_aligned_sized(aligned_alloc(64, 128), 64, 128);
	free_sized(NULL, 0);
	assert_int_equal(errno, OTHER_ERRNO);
}

/* What libc allocates for the program comes from the same heap as what the program frees. */
static void blocks_of_libc_are_ours(void **state)
{
	char *line = NULL;
	size_t size = 0;
	FILE *file = fopen("/proc/self/maps", "r");

	(void)state;
	check_and_free(strdup("text"), 8, 5);
	assert_true(asprintf(&line, "%d", 12345) == 5);
	assert_true(getline(&line, &size, file) > 0);
	check_and_free(line, 8, size);
	fclose(file);
	check_and_free(getcwd(NULL, 0), 8, 2);
	check_and_free(realpath("/proc/self/exe", NULL), 8, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malloc_gives_blocks),
		cmocka_unit_test(blocks_of_no_bytes_differ),
		cmocka_unit_test(calloc_gives_zeroes),
		cmocka_unit_test(realloc_keeps_contents),
		cmocka_unit_test(failed_realloc_keeps_the_block),
		cmocka_unit_test(posix_memalign_aligns),
		cmocka_unit_test(failed_posix_memalign_stores_nothing),
		cmocka_unit_test(other_aligned_functions_align),
		cmocka_unit_test(hidden_functions_belong_to_it),
		cmocka_unit_test(blocks_of_libc_are_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
