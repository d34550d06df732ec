/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kinds that are to give NULL when their nodes are full: their pages are there with the block.
 * Arguments: "unset", "null" or "bad", what MEMKIND_EXHAUSTION holds; "annotated" where the library
 * has a checker keep records of all address space, for which there is no memory.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <memkind_ng.h>

enum {
	MIB = 1 << 20,
	PAGE_LIMIT = 65536,
};

static const size_t sizes[] = {64, 20000, 300000, 5 * MIB, 70 * MIB};
static const char *word;
static bool is_annotated;

/* Whether all pages of a block are in memory, whoever touched them. */
static bool is_present(const void *block, size_t size)
{
	static unsigned char pages[PAGE_LIMIT];
	size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = (uintptr_t)block / page_size * page_size;
	size_t length = (uintptr_t)block + size - start;
	size_t count = (length + page_size - 1) / page_size;

	assert_true(count <= PAGE_LIMIT);
	assert_int_equal(mincore((void *)start, length, pages), 0);
	for (size_t i = 0; i < count; i++)
		if ((pages[i] & 1) == 0)
			return false;
	return true;
}

static bool is_zero(const unsigned char *block, size_t size)
{
	return block[0] == 0 && memcmp(block, block + 1, size - 1) == 0;
}

static void assert_life(memkind_t kind, size_t size)
{
	unsigned char *block = memkind_malloc(kind, size);

	assert_non_null(block);
	assert_true(is_present(block, size));
	memset(block, 0xa5, size);
	memkind_free(NULL, block);
	/* What was given back has to be got again, and reads as zero. */
	memkind_ng_trim(kind);
	block = memkind_calloc(kind, 1, size);
	assert_non_null(block);
	assert_true(is_present(block, size));
	assert_true(is_zero(block, size));
	memset(block, 0x5a, size);
	block = memkind_realloc(kind, block, 2 * size);
	assert_non_null(block);
	assert_true(is_present(block, 2 * size));
	assert_int_equal(block[size - 1], 0x5a);
	memkind_free(NULL, block);
	assert_ptr_equal(memkind_detect_kind(block = memkind_malloc(kind, size)), kind);
	memkind_free(NULL, block);
}

static void assert_all_sizes(memkind_t kind)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_life(kind, sizes[i]);
}

static void bad_arguments_are_refused(void **state)
{
	(void)state;
	assert_int_equal(memkind_ng_set_exhaustion(NULL, MEMKIND_NG_EXHAUSTION_NULL),
			 MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_ng_set_exhaustion(MEMKIND_DAX_KMEM, (enum memkind_ng_exhaustion)0),
			 MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_ng_set_exhaustion(MEMKIND_DAX_KMEM, (enum memkind_ng_exhaustion)3),
			 MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_ng_set_exhaustion(MEMKIND_DEFAULT, MEMKIND_NG_EXHAUSTION_NULL),
			 MEMKIND_ERROR_OPERATION_FAILED);
	assert_int_equal(
		memkind_ng_set_exhaustion(MEMKIND_DAX_KMEM_PREFERRED, MEMKIND_NG_EXHAUSTION_NULL),
		MEMKIND_ERROR_OPERATION_FAILED);
	assert_int_equal(memkind_ng_set_exhaustion(MEMKIND_HUGETLB, MEMKIND_NG_EXHAUSTION_NULL),
			 MEMKIND_ERROR_OPERATION_FAILED);
}

static void a_kind_that_was_told_has_its_pages_at_once(void **state)
{
	(void)state;
	/* It may have been asked about before, but not for a block. */
	memkind_check_available(MEMKIND_DAX_KMEM_ALL);
	assert_int_equal(
		memkind_ng_set_exhaustion(MEMKIND_DAX_KMEM_ALL, MEMKIND_NG_EXHAUSTION_NULL), 0);
	assert_all_sizes(MEMKIND_DAX_KMEM_ALL);
	/* From its first block on it stays as it is. */
	assert_int_equal(
		memkind_ng_set_exhaustion(MEMKIND_DAX_KMEM_ALL, MEMKIND_NG_EXHAUSTION_SWAP),
		MEMKIND_ERROR_OPERATION_FAILED);
}

static void a_kind_that_fills_nodes_in_order_has_its_pages_at_once(void **state)
{
	(void)state;
	assert_all_sizes(MEMKIND_NG_DAX_KMEM_FIRST);
}

static void the_variable_is_for_all_kinds_that_can(void **state)
{
	memkind_t kinds[] = {MEMKIND_DAX_KMEM, MEMKIND_DAX_KMEM_INTERLEAVE, MEMKIND_REGULAR,
			     MEMKIND_INTERLEAVE};
	void *block;

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(word, "bad") == 0) {
			assert_int_equal(memkind_check_available(kinds[i]), MEMKIND_ERROR_ENVIRON);
			continue;
		}
		if (strcmp(word, "null") == 0) {
			assert_all_sizes(kinds[i]);
			continue;
		}
		block = memkind_malloc(kinds[i], 70 * MIB);
		assert_non_null(block);
		assert_false(is_present(block, 70 * MIB));
		memkind_free(NULL, block);
	}
	/* Others are as they are. */
	block = memkind_malloc(MEMKIND_DEFAULT, 70 * MIB);
	assert_non_null(block);
	assert_false(is_present(block, 70 * MIB));
	memkind_free(NULL, block);
	assert_int_equal(memkind_check_available(MEMKIND_DAX_KMEM_PREFERRED), 0);
}

/* More than the node has is refused at once, and nothing is lost by it. */
static void more_than_there_is_is_an_error(void **state)
{
	memkind_t kind = MEMKIND_DAX_KMEM_ALL;
	void *block;

	(void)state;
	if (is_annotated)
		skip();
	errno = 0;
	assert_null(memkind_malloc(kind, (size_t)1 << 42));
	assert_int_equal(errno, ENOMEM);
	block = memkind_malloc(kind, 5 * MIB);
	assert_non_null(block);
	assert_true(is_present(block, 5 * MIB));
	memkind_free(NULL, block);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_arguments_are_refused),
		cmocka_unit_test(a_kind_that_was_told_has_its_pages_at_once),
		cmocka_unit_test(a_kind_that_fills_nodes_in_order_has_its_pages_at_once),
		cmocka_unit_test(the_variable_is_for_all_kinds_that_can),
		cmocka_unit_test(more_than_there_is_is_an_error),
	};

	if (argc < 2)
		return 99;
	word = argv[1];
	is_annotated = argc > 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
