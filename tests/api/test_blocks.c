/* SPDX-License-Identifier: BSD-2-Clause */
/* The malloc family of every kind, up to its edges. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kinds.h"

enum { UNTOUCHED = 4711 };

static const size_t sizes[] = {
	1,    7,    8,	   16,	  17,	  100,	   512,	    1024,
	4096, 5000, 32768, 32769, 100000, 1 << 20, 3 << 20, 40 << 20,
};

enum { SIZE_COUNT = sizeof(sizes) / sizeof(sizes[0]) };

static void every_kind_is_available_with_node_0(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KIND_COUNT; i++)
		assert_int_equal(memkind_check_available(*all_kinds[i].handle), 0);
}

static void blocks_hold_their_bytes(void **state)
{
	(void)state;
	for (unsigned kind_index = 0; kind_index < KIND_COUNT; kind_index++) {
		memkind_t kind = *all_kinds[kind_index].handle;
		unsigned char *blocks[SIZE_COUNT];

		for (size_t i = 0; i < SIZE_COUNT; i++) {
			blocks[i] = memkind_malloc(kind, sizes[i]);
			assert_non_null(blocks[i]);
			assert_int_equal((uintptr_t)blocks[i] % 16, 0);
			assert_true(memkind_malloc_usable_size(kind, blocks[i]) >= sizes[i]);
			assert_ptr_equal(memkind_detect_kind(blocks[i]), kind);
			assert_ptr_equal(memkind_detect_kind(blocks[i] + sizes[i] - 1), kind);
			memset(blocks[i], (int)i, sizes[i]);
		}
		for (size_t i = 0; i < SIZE_COUNT; i++) {
			assert_int_equal(blocks[i][0], i);
			assert_int_equal(blocks[i][sizes[i] - 1], i);
			memkind_free(i % 2 == 0 ? kind : NULL, blocks[i]);
		}
	}
}

static void powers_of_two_are_served_exactly(void **state)
{
	(void)state;
	for (unsigned kind_index = 0; kind_index < KIND_COUNT; kind_index++) {
		memkind_t kind = *all_kinds[kind_index].handle;
		void *a = memkind_malloc(kind, 512);
		void *b = memkind_malloc(kind, 1024);

		assert_int_equal(memkind_malloc_usable_size(kind, a), 512);
		assert_int_equal(memkind_malloc_usable_size(NULL, b), 1024);
		memkind_free(kind, a);
		memkind_free(kind, b);
	}
}

static void size_0_gives_null_and_keeps_errno(void **state)
{
	(void)state;
	for (unsigned kind_index = 0; kind_index < KIND_COUNT; kind_index++) {
		memkind_t kind = *all_kinds[kind_index].handle;
		void *block = memkind_malloc(kind, 1);

		errno = UNTOUCHED;
		assert_null(memkind_malloc(kind, 0));
		assert_null(memkind_calloc(kind, 0, 8));
		assert_null(memkind_calloc(kind, 8, 0));
		assert_null(memkind_realloc(kind, NULL, 0));
		assert_null(memkind_realloc(kind, block, 0));
		assert_int_equal(errno, UNTOUCHED);
	}
}

static void impossible_sizes_give_null_and_enomem(void **state)
{
	static const size_t impossible[] = {SIZE_MAX, SIZE_MAX - 4096, PTRDIFF_MAX,
					    (size_t)PTRDIFF_MAX + 1, (size_t)1 << 48};

	(void)state;
	for (unsigned kind_index = 0; kind_index < KIND_COUNT; kind_index++) {
		memkind_t kind = *all_kinds[kind_index].handle;
		char *block = memkind_malloc(kind, 100);

		block[99] = 'x';
		for (size_t i = 0; i < sizeof(impossible) / sizeof(impossible[0]); i++) {
			void *aligned = block;

			errno = 0;
			assert_null(memkind_malloc(kind, impossible[i]));
			assert_int_equal(errno, ENOMEM);
			errno = 0;
			assert_null(memkind_calloc(kind, 1, impossible[i]));
			assert_int_equal(errno, ENOMEM);
			errno = 0;
			assert_null(memkind_realloc(kind, block, impossible[i]));
			assert_int_equal(errno, ENOMEM);
			errno = UNTOUCHED;
			assert_int_equal(memkind_posix_memalign(kind, &aligned, 64, impossible[i]),
					 ENOMEM);
			assert_int_equal(errno, UNTOUCHED);
		}
		assert_int_equal(block[99], 'x');
		memkind_free(kind, block);
	}
}

static void calloc_clears_reused_blocks(void **state)
{
	(void)state;
	for (unsigned kind_index = 0; kind_index < KIND_COUNT; kind_index++) {
		memkind_t kind = *all_kinds[kind_index].handle;

		for (size_t i = 0; i < SIZE_COUNT; i++) {
			size_t size = sizes[i];

			unsigned char *block = memkind_malloc(kind, size);

			memset(block, 0xff, size);
			memkind_free(kind, block);
			block = memkind_calloc(kind, size, 1);
			assert_non_null(block);
			for (size_t at = 0; at < size; at++)
				assert_int_equal(block[at], 0);
			memkind_free(kind, block);
		}
	}
}

static void calloc_refuses_products_that_overflow(void **state)
{
	(void)state;
	for (unsigned kind_index = 0; kind_index < KIND_COUNT; kind_index++) {
		memkind_t kind = *all_kinds[kind_index].handle;

		errno = 0;
		assert_null(memkind_calloc(kind, SIZE_MAX / 2 + 2, 2));
		assert_int_equal(errno, ENOMEM);
		errno = 0;
		assert_null(memkind_calloc(kind, (size_t)1 << 32, (size_t)1 << 32));
		assert_int_equal(errno, ENOMEM);
		errno = 0;
		assert_null(memkind_calloc(kind, SIZE_MAX, SIZE_MAX));
		assert_int_equal(errno, ENOMEM);
	}
}

static void realloc_keeps_the_contents(void **state)
{
	(void)state;
	for (unsigned kind_index = 0; kind_index < KIND_COUNT; kind_index++) {
		memkind_t kind = *all_kinds[kind_index].handle;
		unsigned char *block = memkind_realloc(kind, NULL, 1);

		block[0] = 0x5a;
		for (size_t i = 0; i < SIZE_COUNT; i++) {
			size_t size = sizes[i];

			block = memkind_realloc(size % 2 == 0 ? kind : NULL, block, size);
			assert_non_null(block);
			assert_int_equal(block[0], 0x5a);
			block[size - 1] = 0x5a;
			assert_ptr_equal(memkind_detect_kind(block), kind);
		}
		for (size_t size = 40 << 20; size > 0; size /= 3) {
			block = memkind_realloc(kind, block, size);
			assert_non_null(block);
			assert_int_equal(block[0], 0x5a);
			assert_true(memkind_malloc_usable_size(kind, block) >= size);
		}
		memkind_free(kind, block);
	}
}

static void realloc_keeps_errno_where_it_succeeds(void **state)
{
	(void)state;
	for (unsigned kind_index = 0; kind_index < KIND_COUNT; kind_index++) {
		memkind_t kind = *all_kinds[kind_index].handle;
		void *block = memkind_malloc(kind, 100);

		errno = UNTOUCHED;
		block = memkind_realloc(kind, block, 200);
		block = memkind_realloc(kind, block, 3 << 20);
		block = memkind_realloc(kind, block, 10);
		memkind_free(kind, block);
		assert_int_equal(errno, UNTOUCHED);
	}
}

static void realloc_with_another_kind_moves_the_block_there(void **state)
{
	(void)state;
	for (unsigned from_index = 0; from_index < KIND_COUNT; from_index++) {
		memkind_t from = *all_kinds[from_index].handle;

		for (unsigned to_index = 0; to_index < KIND_COUNT; to_index++) {
			memkind_t to = *all_kinds[to_index].handle;

			for (size_t i = 0; i < SIZE_COUNT; i++) {
				size_t size = sizes[i];

				unsigned char *block = memkind_malloc(from, size);

				block[0] = 1;
				block[size - 1] = 2;
				block = memkind_realloc(to, block, size);
				assert_non_null(block);
				assert_ptr_equal(memkind_detect_kind(block), to);
				assert_true(block[0] == 1 || size == 1);
				assert_int_equal(block[size - 1], 2);
				memkind_free(from, block);
			}
		}
	}
}

static void realloc_without_kind_and_block_is_invalid(void **state)
{
	(void)state;
	for (size_t size = 0; size < 200; size += 100) {
		errno = 0;
		assert_null(memkind_realloc(NULL, NULL, size));
		assert_int_equal(errno, EINVAL);
	}
}

static void a_null_kind_is_invalid(void **state)
{
	void *block = &block;

	(void)state;
	errno = 0;
	assert_null(memkind_malloc(NULL, 10));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(memkind_calloc(NULL, 1, 10));
	assert_int_equal(errno, EINVAL);
	errno = UNTOUCHED;
	assert_int_equal(memkind_posix_memalign(NULL, &block, 64, 10), EINVAL);
	assert_int_equal(errno, UNTOUCHED);
	assert_int_equal(memkind_check_available(NULL), MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_get_capacity(NULL), -1);
}

static void null_blocks_are_allowed(void **state)
{
	(void)state;
	errno = UNTOUCHED;
	memkind_free(NULL, NULL);
	memkind_free(MEMKIND_REGULAR, NULL);
	assert_int_equal(memkind_malloc_usable_size(NULL, NULL), 0);
	assert_int_equal(memkind_malloc_usable_size(MEMKIND_DEFAULT, NULL), 0);
	assert_null(memkind_detect_kind(NULL));
	assert_int_equal(errno, UNTOUCHED);
}

static void memory_of_others_has_no_kind(void **state)
{
	void *block = malloc(100);

	assert_null(memkind_detect_kind(block));
	assert_null(memkind_detect_kind(state));
	assert_null(memkind_detect_kind((void *)UINTPTR_MAX));
	free(block);
}

static void memalign_aligns(void **state)
{
	(void)state;
	for (unsigned kind_index = 0; kind_index < KIND_COUNT; kind_index++) {
		memkind_t kind = *all_kinds[kind_index].handle;

		for (size_t alignment = sizeof(void *); alignment <= (size_t)1 << 30;
		     alignment *= 2) {
			for (size_t size = 1; size < 200000; size = size * 7 + 1) {
				char *block = NULL;
				void *stored;

				errno = UNTOUCHED;
				assert_int_equal(
					memkind_posix_memalign(kind, &stored, alignment, size), 0);
				assert_int_equal(errno, UNTOUCHED);
				block = stored;
				assert_int_equal((uintptr_t)block % alignment, 0);
				block[0] = block[size - 1] = 1;
				assert_ptr_equal(memkind_detect_kind(block), kind);
				memkind_free(NULL, block);
			}
		}
	}
}

/* MEMKIND_DEFAULT leaves *memptr as it was, the other kinds store NULL. */
static void assert_stored_by_failure(memkind_t kind, const void *stored, const void *before)
{
	assert_ptr_equal(stored, kind == MEMKIND_DEFAULT ? before : NULL);
}

static void memalign_refuses_bad_alignments(void **state)
{
	static const size_t bad[] = {0, 1, 2, 3, 4, 5, 12, 24, SIZE_MAX, SIZE_MAX / 2};

	(void)state;
	for (unsigned kind_index = 0; kind_index < KIND_COUNT; kind_index++) {
		memkind_t kind = *all_kinds[kind_index].handle;

		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
			void *stored = &stored;

			errno = UNTOUCHED;
			assert_int_equal(memkind_posix_memalign(kind, &stored, bad[i], 100),
					 EINVAL);
			assert_stored_by_failure(kind, stored, &stored);
			stored = &stored;
			assert_int_equal(memkind_posix_memalign(kind, &stored, bad[i], 0),
					 kind == MEMKIND_DEFAULT ? 0 : EINVAL);
			assert_null(stored);
			assert_int_equal(errno, UNTOUCHED);
		}
		assert_int_equal(memkind_posix_memalign(kind, NULL, 64, 100), EINVAL);
	}
}

static void memalign_of_size_0_stores_null(void **state)
{
	(void)state;
	for (unsigned kind_index = 0; kind_index < KIND_COUNT; kind_index++) {
		memkind_t kind = *all_kinds[kind_index].handle;
		void *stored = &stored;

		assert_int_equal(memkind_posix_memalign(kind, &stored, 64, 0), 0);
		assert_null(stored);
	}
}

static void memalign_has_no_memory_for_huge_alignments(void **state)
{
	static const size_t huge[] = {(size_t)1 << 40, (size_t)1 << 46, (size_t)1 << 47,
				      (size_t)1 << 48, (size_t)1 << 63};

	(void)state;
	for (unsigned kind_index = 0; kind_index < KIND_COUNT; kind_index++) {
		memkind_t kind = *all_kinds[kind_index].handle;

		for (size_t i = 0; i < sizeof(huge) / sizeof(huge[0]); i++) {
			void *stored = &stored;

			errno = UNTOUCHED;
			assert_int_equal(memkind_posix_memalign(kind, &stored, huge[i], 100),
					 ENOMEM);
			assert_int_equal(errno, UNTOUCHED);
			assert_stored_by_failure(kind, stored, &stored);
		}
	}
}

static void a_free_with_a_wrong_kind_goes_to_the_owner(void **state)
{
	(void)state;
	for (unsigned kind_index = 0; kind_index < KIND_COUNT; kind_index++) {
		memkind_t kind = *all_kinds[kind_index].handle;

		for (unsigned i = 0; i < 1000; i++) {
			void *block = memkind_malloc(kind, 64);

			assert_ptr_equal(memkind_detect_kind(block), kind);
			memkind_free(kind == MEMKIND_DEFAULT ? MEMKIND_REGULAR : MEMKIND_DEFAULT,
				     block);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_available_with_node_0),
		cmocka_unit_test(blocks_hold_their_bytes),
		cmocka_unit_test(powers_of_two_are_served_exactly),
		cmocka_unit_test(size_0_gives_null_and_keeps_errno),
		cmocka_unit_test(impossible_sizes_give_null_and_enomem),
		cmocka_unit_test(calloc_clears_reused_blocks),
		cmocka_unit_test(calloc_refuses_products_that_overflow),
		cmocka_unit_test(realloc_keeps_the_contents),
		cmocka_unit_test(realloc_keeps_errno_where_it_succeeds),
		cmocka_unit_test(realloc_with_another_kind_moves_the_block_there),
		cmocka_unit_test(realloc_without_kind_and_block_is_invalid),
		cmocka_unit_test(a_null_kind_is_invalid),
		cmocka_unit_test(null_blocks_are_allowed),
		cmocka_unit_test(memory_of_others_has_no_kind),
		cmocka_unit_test(memalign_aligns),
		cmocka_unit_test(memalign_refuses_bad_alignments),
		cmocka_unit_test(memalign_of_size_0_stores_null),
		cmocka_unit_test(memalign_has_no_memory_for_huge_alignments),
		cmocka_unit_test(a_free_with_a_wrong_kind_goes_to_the_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
