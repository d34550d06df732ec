/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks of no bytes, for kinds that are told to have them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kinds.h"

static char area[1 << 20];

static void check_without(memkind_t kind)
{
	void *block = &block;

	errno = 77;
	assert_null(memkind_malloc(kind, 0));
	assert_null(memkind_calloc(kind, 0, 7));
	assert_null(memkind_calloc(kind, 7, 0));
	assert_null(memkind_realloc(kind, NULL, 0));
	assert_int_equal(memkind_posix_memalign(kind, &block, 64, 0), 0);
	assert_null(block);
	assert_null(memkind_realloc(kind, memkind_malloc(kind, 1), 0));
	assert_int_equal(errno, 77);
}

static void check_with(memkind_t kind)
{
	void *blocks[6];

	errno = 77;
	blocks[0] = memkind_malloc(kind, 0);
	blocks[1] = memkind_malloc(kind, 0);
	blocks[2] = memkind_calloc(kind, 0, 7);
	blocks[3] = memkind_calloc(kind, 7, 0);
	blocks[4] = memkind_realloc(kind, NULL, 0);
	assert_int_equal(memkind_posix_memalign(kind, &blocks[5], 4096, 0), 0);
	assert_int_equal((uintptr_t)blocks[5] % 4096, 0);
	for (size_t i = 0; i < 6; i++) {
		assert_non_null(blocks[i]);
		assert_ptr_equal(memkind_detect_kind(blocks[i]), kind);
		for (size_t other = 0; other < i; other++)
			assert_ptr_not_equal(blocks[i], blocks[other]);
		if (i < 5)
			assert_int_equal(memkind_malloc_usable_size(kind, blocks[i]), 8);
	}
	/* These two still free. */
	assert_null(memkind_realloc(kind, blocks[0], 0));
	assert_null(memkind_realloc(NULL, blocks[1], 0));
	for (size_t i = 2; i < 6; i++)
		memkind_free(i % 2 == 0 ? NULL : kind, blocks[i]);
	assert_int_equal(memkind_posix_memalign(kind, &blocks[0], 3, 0), EINVAL);
	assert_int_equal(errno, 77);
}

static void check_kind(memkind_t kind)
{
	check_without(kind);
	memkind_set_allow_zero_allocs(kind, true);
	check_with(kind);
	memkind_set_allow_zero_allocs(kind, false);
	check_without(kind);
}

static void every_kind_can_be_told(void **state)
{
	memkind_t kind;

	(void)state;
	memkind_set_allow_zero_allocs(NULL, true);
	for (size_t i = 0; i < KIND_COUNT; i++)
		check_kind(*all_kinds[i].handle);
	assert_int_equal(memkind_create_fixed(area, sizeof(area), &kind), 0);
	check_kind(kind);
	assert_int_equal(memkind_destroy_kind(kind), 0);
}

static void it_is_said_of_one_kind_and_not_of_the_next(void **state)
{
	memkind_t kind;

	(void)state;
	memkind_set_allow_zero_allocs(MEMKIND_REGULAR, true);
	assert_null(memkind_malloc(MEMKIND_DEFAULT, 0));
	memkind_set_allow_zero_allocs(MEMKIND_REGULAR, false);
	assert_int_equal(memkind_create_fixed(area, sizeof(area), &kind), 0);
	memkind_set_allow_zero_allocs(kind, true);
	assert_int_equal(memkind_destroy_kind(kind), 0);
	assert_int_equal(memkind_create_fixed(area, sizeof(area), &kind), 0);
	assert_null(memkind_malloc(kind, 0));
	assert_int_equal(memkind_destroy_kind(kind), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_can_be_told),
		cmocka_unit_test(it_is_said_of_one_kind_and_not_of_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
