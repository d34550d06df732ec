/* SPDX-License-Identifier: BSD-2-Clause */
/* Blocks of a heap: sizes, alignment, zeroing, resizing, and a random run against a shadow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "heap/class.h"
#include "heap/heap.h"
#include "support/heap_invariants.h"
#include "support/plain_backing.h"

static struct plain_backing backing;
static struct mk_heap *heap;

static int set_up(void **state)
{
	(void)state;
	plain_start(&backing, 64 * MK_MIB);
	return mk_heap_create(&backing.head, &backing, &heap);
}

static void usable_sizes_are_those_of_the_old_library(void **state)
{
	static const size_t rows[][2] = {
		{1, 8},
		{8, 8},
		{9, 16},
		{16, 16},
		{17, 32},
		{100, 112},
		{128, 128},
		{129, 160},
		{512, 512},
		{513, 640},
		{1024, 1024},
		{14336, 14336},
		{14337, 16384},
		{32768, 32768},
		{32769, 40960},
		{MK_MIB, MK_MIB},
		{MK_MIB + 1, MK_MIB + 4096},
	};

	(void)state;
	for (size_t i = 0; i < MK_ARRAY_SIZE(rows); i++) {
		void *block = mk_heap_malloc(heap, rows[i][0]);

		assert_non_null(block);
		assert_int_equal(mk_heap_usable_size(block), rows[i][1]);
		mk_heap_free(block);
	}
}

static void every_size_gets_a_class_that_fits(void **state)
{
	(void)state;
	for (size_t size = 1; size <= MK_MEDIUM_SIZE; size++) {
		unsigned class = mk_class_of(size);

		assert_true(mk_classes[class].size >= size);
		assert_true(class == 1 || mk_classes[class - 1].size < size);
		if (size <= MK_SMALL_SIZE)
			assert_int_equal(mk_class_of_small(size), class);
	}
	assert_int_equal(mk_class_of_small(0), MK_CLASS_NONE);
}

static bool serves(unsigned class, size_t alignment, size_t size)
{
	return mk_classes[class].size >= size && mk_classes[class].stride % alignment == 0 &&
	       mk_classes[class].size >= alignment;
}

static void every_alignment_gets_the_smallest_class_that_fits(void **state)
{
	(void)state;
	for (size_t alignment = 8; alignment <= MK_PAGE_SIZE; alignment *= 2)
		for (size_t size = 1; size <= MK_MEDIUM_SIZE; size += 1 + size / 512) {
			unsigned class = mk_class_of_aligned(alignment, size);
			unsigned smallest = 1;

			while (!serves(smallest, alignment, size))
				smallest++;
			assert_int_equal(class, smallest);
		}
	assert_int_equal(mk_class_of_aligned(16, MK_MEDIUM_SIZE + 1), MK_CLASS_LARGE);
	assert_int_equal(mk_class_of_aligned(16, SIZE_MAX), MK_CLASS_LARGE);
	assert_int_equal(mk_class_of_aligned(2 * MK_PAGE_SIZE, 1), MK_CLASS_LARGE);
}

static void aligned_blocks_are_aligned(void **state)
{
	(void)state;
	for (size_t alignment = 8; alignment <= 64 * MK_MIB; alignment *= 2)
		for (size_t size = 1; size <= 4 * MK_MIB; size = size * 3 + 1) {
			char *block = mk_heap_malloc_aligned(heap, alignment, size);

			assert_non_null(block);
			assert_int_equal((uintptr_t)block & (alignment - 1), 0);
			assert_true(mk_heap_usable_size(block) >= size);
			block[0] = block[size - 1] = 1;
			mk_heap_free(block);
		}
}

static void impossible_requests_are_refused(void **state)
{
	(void)state;
	assert_null(mk_heap_malloc(heap, SIZE_MAX));
	assert_null(mk_heap_malloc(heap, PTRDIFF_MAX));
	assert_null(mk_heap_malloc(heap, (size_t)1 << 47));
	assert_null(mk_heap_malloc_aligned(heap, (size_t)1 << 63, 8));
	assert_null(mk_heap_malloc_aligned(heap, (size_t)1 << 46, 8));
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

static void check_zeroed_blocks(void)
{
	static const size_t sizes[] = {8, 100, 5000, 32768, 40000, MK_MIB, 3 * MK_MIB};

	for (size_t i = 0; i < MK_ARRAY_SIZE(sizes); i++)
		for (int round = 0; round < 3; round++) {
			unsigned char *block = mk_heap_malloc_zeroed(heap, sizes[i]);

			assert_non_null(block);
			assert_true(is_zero(block, sizes[i]));
			memset(block, 0xa5, sizes[i]);
			mk_heap_free(block);
		}
}

static void zeroed_blocks_are_zero_after_reuse(void **state)
{
	size_t purged = backing.purged;

	(void)state;
	check_zeroed_blocks();
	/* Large blocks get new pages instead of zeroes. */
	assert_true(backing.purged >= purged + 2 * 3 * MK_MIB);
	backing.purge_error = -EINVAL;
	check_zeroed_blocks();
	backing.purge_error = 0;
}

static void resize_grows_into_free_pages_and_refuses_else(void **state)
{
	char *first = mk_heap_malloc(heap, 8 * MK_MIB);
	char *second = mk_heap_malloc(heap, 8 * MK_MIB);
	char *low = first < second ? first : second;
	char *high = first < second ? second : first;

	(void)state;
	assert_int_equal(high - low, 8 * MK_MIB);
	assert_false(mk_heap_resize(low, 12 * MK_MIB));
	assert_int_equal(mk_heap_usable_size(low), 8 * MK_MIB);
	mk_heap_free(high);
	assert_true(mk_heap_resize(low, 12 * MK_MIB));
	assert_int_equal(mk_heap_usable_size(low), 12 * MK_MIB);
	memset(low, 1, 12 * MK_MIB);
	assert_true(mk_heap_resize(low, 2 * MK_MIB));
	assert_int_equal(mk_heap_usable_size(low), 2 * MK_MIB);
	assert_false(mk_heap_resize(low, 100));
	mk_heap_free(low);
}

static void resize_commits_more_at_the_top(void **state)
{
	static struct plain_backing own_backing;
	struct mk_heap *own;
	unsigned char *block, *other;
	size_t before, used_size;

	(void)state;
	plain_start(&own_backing, MK_GIB);
	assert_int_equal(mk_heap_create(&own_backing.head, NULL, &own), 0);
	block = mk_heap_malloc(own, 40 * MK_KIB);
	before = own->pages.committed_size;
	memset(block, 7, 40 * MK_KIB);
	assert_true(mk_heap_resize(block, MK_MIB));
	assert_int_equal(mk_heap_usable_size(block), MK_MIB);
	assert_true(mk_heap_resize(block, 100 * MK_MIB));
	assert_true(own->pages.committed_size >= before + 99 * MK_MIB);
	assert_int_equal(mk_heap_usable_size(block), 100 * MK_MIB);
	memset(block + 40 * MK_KIB, 7, 100 * MK_MIB - 40 * MK_KIB);
	assert_false(mk_heap_resize(block, 2 * MK_GIB));
	assert_true(mk_heap_resize(block, 40 * MK_KIB));
	assert_int_equal(mk_heap_usable_size(block), 40 * MK_KIB);
	assert_int_equal(block[40 * MK_KIB - 1], 7);
	/* What it gave back serves others, and then is in the way. */
	other = mk_heap_malloc(own, 90 * MK_MIB);
	assert_ptr_equal(other, block + 40 * MK_KIB);
	assert_false(mk_heap_resize(block, 48 * MK_KIB));
	mk_heap_free(other);
	mk_heap_free(block);
	assert_null(heap_fault(own, &used_size));
}

static void resize_of_small_blocks_stays_within_the_class(void **state)
{
	void *block = mk_heap_malloc(heap, 100);

	(void)state;
	assert_true(mk_heap_resize(block, 112));
	assert_true(mk_heap_resize(block, 57));
	assert_false(mk_heap_resize(block, 113));
	assert_false(mk_heap_resize(block, 56));
	mk_heap_free(block);
}

static void interior_addresses_lead_to_the_heap(void **state)
{
	char *small = mk_heap_malloc(heap, 100);
	char *large = mk_heap_malloc(heap, 300 * MK_MIB);

	(void)state;
	assert_ptr_equal(mk_heap_of(small + 50), heap);
	for (size_t offset = 0; offset < 300 * MK_MIB; offset += 12345)
		assert_ptr_equal(mk_heap_of(large + offset), heap);
	assert_null(mk_heap_of(&backing));
	assert_null(mk_heap_of(NULL));
	assert_null(mk_heap_of((void *)UINTPTR_MAX));
	mk_heap_free(large);
	assert_null(mk_heap_of(large));
	mk_heap_free(small);
	assert_ptr_equal(mk_heap_owner(heap), &backing);
}

/* What the shadow knows of one live block. */
struct shadow {
	unsigned char *block;
	size_t size;
	unsigned char fill;
};

static void check_shadow(const struct shadow *shadow)
{
	for (size_t i = 0; i < shadow->size; i += i < 64 ? 1 : 61)
		assert_int_equal(shadow->block[i], shadow->fill);
}

static size_t random_size(void)
{
	unsigned bits = 1 + (unsigned)(random() % 22);

	return 1 + (size_t)random() % ((size_t)1 << bits);
}

static void random_operations_agree_with_a_shadow(void **state)
{
	enum { BLOCKS = 500, ROUNDS = 60000 };
	static struct shadow shadows[BLOCKS];
	const char *text = getenv("MK_TEST_SEED");
	unsigned seed = text != NULL ? (unsigned)atoi(text) : 20261124;

	(void)state;
	print_message("MK_TEST_SEED=%u\n", seed);
	srandom(seed);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct shadow *shadow = &shadows[random() % BLOCKS];

		if (shadow->block != NULL) {
			check_shadow(shadow);
			mk_heap_free(shadow->block);
			shadow->block = NULL;
			continue;
		}
		shadow->size = random_size();
		shadow->fill = (unsigned char)random();
		if (random() % 4 == 0)
			shadow->block = mk_heap_malloc_aligned(
				heap, (size_t)1 << (3 + random() % 15), shadow->size);
		else
			shadow->block = mk_heap_malloc(heap, shadow->size);
		assert_non_null(shadow->block);
		memset(shadow->block, shadow->fill, shadow->size);
	}
	for (unsigned i = 0; i < BLOCKS; i++)
		if (shadows[i].block != NULL) {
			check_shadow(&shadows[i]);
			mk_heap_free(shadows[i].block);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usable_sizes_are_those_of_the_old_library),
		cmocka_unit_test(every_size_gets_a_class_that_fits),
		cmocka_unit_test(every_alignment_gets_the_smallest_class_that_fits),
		cmocka_unit_test(aligned_blocks_are_aligned),
		cmocka_unit_test(impossible_requests_are_refused),
		cmocka_unit_test(zeroed_blocks_are_zero_after_reuse),
		cmocka_unit_test(resize_grows_into_free_pages_and_refuses_else),
		cmocka_unit_test(resize_commits_more_at_the_top),
		cmocka_unit_test(resize_of_small_blocks_stays_within_the_class),
		cmocka_unit_test(interior_addresses_lead_to_the_heap),
		cmocka_unit_test(random_operations_agree_with_a_shadow),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
