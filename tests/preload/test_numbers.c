/* SPDX-License-Identifier: BSD-2-Clause */
/* mallinfo2, mallinfo and malloc_trim tell what is so. */
#include <limits.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "memkind.h"

enum { COUNT = 20000 };

static void *blocks[COUNT];

static size_t take_all(size_t size)
{
	size_t usable_size = 0;

	for (int i = 0; i < COUNT; i++) {
		blocks[i] = malloc(size);
		memset(blocks[i], 1, size);
		usable_size += memkind_malloc_usable_size(NULL, blocks[i]);
	}
	return usable_size;
}

static void free_all(void)
{
	for (int i = 0; i < COUNT; i++)
		free(blocks[i]);
}

static void used_bytes_are_those_of_blocks(void **state)
{
	static const size_t sizes[] = {16, 100, 3000};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct mallinfo2 before = mallinfo2();
		size_t taken_size = take_all(sizes[i]);
		struct mallinfo2 info = mallinfo2();

		assert_int_equal(info.uordblks - before.uordblks, taken_size);
		assert_int_equal(info.uordblks + info.fordblks, info.arena);
		assert_true(info.keepcost <= info.fordblks);
		free_all();
		assert_int_equal(mallinfo2().uordblks, before.uordblks);
	}
}

static void large_blocks_count_too(void **state)
{
	size_t before = mallinfo2().uordblks;
	void *block = malloc((size_t)3 << 30);
	struct mallinfo2 info = mallinfo2();
	struct mallinfo old = mallinfo();

	(void)state;
	assert_int_equal(info.uordblks - before, (size_t)3 << 30);
	/* What does not fit the old structure is as much as it can say. */
	assert_int_equal(old.uordblks, INT_MAX);
	free(block);
	old = mallinfo();
	assert_int_equal(old.uordblks, before);
	assert_int_equal(mallinfo2().uordblks, before);
}

static size_t resident_size(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	assert_int_equal(fscanf(file, "%*u %lu", &pages), 1);
	fclose(file);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void trimming_gives_pages_back(void **state)
{
	size_t used_size, full_size, trimmed_size;

	(void)state;
	used_size = take_all(3000);
	full_size = resident_size();
	free_all();
	assert_true(mallinfo2().fordblks > used_size / 2);
	assert_int_equal(malloc_trim(0), 1);
	trimmed_size = resident_size();
	assert_true(trimmed_size < full_size - used_size / 10 * 9);
	assert_true(mallinfo2().fordblks < used_size / 10);
	malloc_trim(0);
	assert_int_equal(malloc_trim(0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(used_bytes_are_those_of_blocks),
		cmocka_unit_test(large_blocks_count_too),
		cmocka_unit_test(trimming_gives_pages_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
