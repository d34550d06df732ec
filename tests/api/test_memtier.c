/* SPDX-License-Identifier: BSD-2-Clause */
/* Tiers: builders, ratios, and the count of bytes. One thread. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tiers.h"

#define HUGE ((size_t)1 << 48) /* more than there are addresses */

static void builders_refuse_bad_tiers(void **state)
{
	struct memtier_builder *builder = memtier_builder_new(MEMTIER_POLICY_STATIC_RATIO);

	(void)state;
	assert_null(memtier_builder_new(MEMTIER_POLICY_MAX_VALUE));
	assert_null(memtier_builder_new((memtier_policy_t)-1));
	assert_int_equal(memtier_builder_add_tier(builder, NULL, 1), -1);
	assert_int_equal(memtier_builder_add_tier(NULL, MEMKIND_DEFAULT, 1), -1);
	assert_int_equal(memtier_builder_add_tier(builder, MEMKIND_DEFAULT, 1), 0);
	assert_int_equal(memtier_builder_add_tier(builder, MEMKIND_DEFAULT, 2), -1);
	assert_int_equal(memtier_builder_add_tier(builder, MEMKIND_REGULAR, 0), 0);
	memtier_builder_delete(builder);
	memtier_builder_delete(NULL);
	memtier_delete_memtier_memory(NULL);
}

static void objects_need_enough_tiers(void **state)
{
	struct memtier_builder *ratio = memtier_builder_new(MEMTIER_POLICY_STATIC_RATIO);
	struct memtier_builder *threshold = memtier_builder_new(MEMTIER_POLICY_DYNAMIC_THRESHOLD);
	struct memtier_memory *first, *second;

	(void)state;
	assert_null(memtier_builder_construct_memtier_memory(NULL));
	assert_null(memtier_builder_construct_memtier_memory(ratio));
	assert_null(memtier_builder_construct_memtier_memory(threshold));
	memtier_builder_add_tier(ratio, MEMKIND_REGULAR, 3);
	memtier_builder_add_tier(threshold, MEMKIND_REGULAR, 3);
	assert_null(memtier_builder_construct_memtier_memory(threshold));
	first = memtier_builder_construct_memtier_memory(ratio);
	second = memtier_builder_construct_memtier_memory(ratio);
	assert_true(goes_up(first, 10));
	memtier_delete_memtier_memory(first);
	assert_true(goes_up(second, 10));
	memtier_delete_memtier_memory(second);
	memtier_builder_delete(ratio);
	memtier_builder_delete(threshold);
}

static void bytes_are_counted_as_usable(void **state)
{
	static const size_t sizes[] = {1, 8, 64, 512, 513, 4096, 32768, 32769, 1 << 20, 5 << 20};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		void *first = memtier_kind_malloc(MEMKIND_REGULAR, sizes[i]);
		void *second = memtier_kind_calloc(MEMKIND_REGULAR, 1, sizes[i]);
		void *third = NULL;
		size_t usable = memtier_usable_size(first) + memtier_usable_size(second);

		assert_true(usable >= 2 * sizes[i]);
		assert_int_equal(in_use(MEMKIND_REGULAR), usable);
		assert_int_equal(
			memtier_kind_posix_memalign(MEMKIND_REGULAR, &third, 256, sizes[i]), 0);
		usable += memtier_usable_size(third);
		assert_int_equal(in_use(MEMKIND_REGULAR), usable);
		memtier_free(first);
		memtier_kind_free(MEMKIND_REGULAR, second);
		/* The kind is not what counts. */
		memtier_kind_free(MEMKIND_DEFAULT, third);
		assert_int_equal(in_use(MEMKIND_REGULAR), 0);
	}
	assert_int_equal(memtier_usable_size(NULL), 0);
	assert_int_equal(in_use(NULL), 0);
}

/* M4: each byte, and from the first one. */
static void small_counts_are_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < BLOCK_LIMIT; i++) {
		blocks[i] = memtier_kind_malloc(MEMKIND_DEFAULT, 16);
		assert_int_equal(in_use(MEMKIND_DEFAULT), 16 * (i + 1));
	}
	for (size_t i = BLOCK_LIMIT; i > 0; i--) {
		memtier_free(blocks[i - 1]);
		assert_int_equal(in_use(MEMKIND_DEFAULT), 16 * (i - 1));
	}
}

/* M2: what could not be resized is what it was. */
static void failed_realloc_keeps_the_count(void **state)
{
	static char area[1 << 20];
	struct memtier_memory *memory = new_ratio(1, 1);
	memkind_t full;
	void *block = memtier_kind_malloc(MEMKIND_REGULAR, 1 << 20);
	size_t size = memtier_usable_size(block);

	(void)state;
	assert_int_equal(in_use(MEMKIND_REGULAR), size);
	errno = 0;
	assert_null(memtier_realloc(memory, block, HUGE));
	assert_int_equal(errno, ENOMEM);
	assert_null(memtier_kind_realloc(MEMKIND_REGULAR, block, SIZE_MAX));
	assert_null(memtier_kind_realloc(NULL, block, HUGE));
	assert_null(memtier_kind_realloc(MEMKIND_DEFAULT, block, HUGE));
	assert_int_equal(in_use(MEMKIND_REGULAR), size);
	assert_int_equal(in_use(MEMKIND_DEFAULT), 0);
	assert_int_equal(memkind_create_fixed(area, sizeof(area), &full), 0);
	assert_null(memtier_kind_realloc(full, block, 2 * sizeof(area)));
	assert_int_equal(in_use(MEMKIND_REGULAR), size);
	assert_int_equal(in_use(full), 0);
	memkind_destroy_kind(full);
	memtier_free(block);
	memtier_delete_memtier_memory(memory);
}

/* M3: a failure stores nothing that is looked at; DEFAULT leaves what was there. */
static void failed_memalign_counts_nothing(void **state)
{
	struct memtier_memory *memory = new_ratio(1, 0);
	void *garbage = (void *)(uintptr_t)0xdeadbeef000;
	void *block = garbage;

	(void)state;
	errno = 0;
	assert_int_equal(memtier_kind_posix_memalign(MEMKIND_DEFAULT, &block, 3, 64), EINVAL);
	assert_int_equal(memtier_kind_posix_memalign(MEMKIND_DEFAULT, &block, 64, HUGE), ENOMEM);
	assert_int_equal(memtier_posix_memalign(memory, &block, 3, 64), EINVAL);
	assert_int_equal(memtier_posix_memalign(memory, &block, 64, HUGE), ENOMEM);
	assert_int_equal(memtier_kind_posix_memalign(NULL, &block, 64, 64), EINVAL);
	assert_int_equal(memtier_kind_posix_memalign(MEMKIND_DEFAULT, NULL, 64, 64), EINVAL);
	assert_ptr_equal(block, garbage);
	assert_int_equal(memtier_kind_posix_memalign(MEMKIND_DEFAULT, &block, 64, 0), 0);
	assert_null(block);
	block = garbage;
	assert_int_equal(memtier_kind_posix_memalign(MEMKIND_REGULAR, &block, 3, 64), EINVAL);
	assert_null(block);
	assert_int_equal(errno, 0);
	assert_int_equal(in_use(MEMKIND_DEFAULT), 0);
	memtier_delete_memtier_memory(memory);
}

static void nothing_and_too_much_are_refused(void **state)
{
	struct memtier_memory *memory = new_ratio(1, 1);

	(void)state;
	errno = 0;
	assert_null(memtier_malloc(memory, 0));
	assert_null(memtier_calloc(memory, 0, 8));
	assert_null(memtier_calloc(memory, 8, 0));
	assert_null(memtier_realloc(memory, NULL, 0));
	assert_null(memtier_kind_malloc(MEMKIND_REGULAR, 0));
	memtier_free(NULL);
	memtier_kind_free(MEMKIND_REGULAR, NULL);
	assert_int_equal(errno, 0);
	assert_null(memtier_malloc(memory, SIZE_MAX));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(memtier_calloc(memory, SIZE_MAX / 2 + 2, 2));
	assert_int_equal(errno, ENOMEM);
	errno = 0;
	assert_null(memtier_kind_malloc(NULL, 8));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(memtier_kind_realloc(NULL, NULL, 8));
	assert_int_equal(errno, EINVAL);
	memtier_delete_memtier_memory(memory);
}

static void realloc_stays_in_the_kind(void **state)
{
	struct memtier_memory *memory = new_ratio(1, 1000);
	void *block = memtier_kind_malloc(MEMKIND_DEFAULT, 100);

	(void)state;
	memset(block, 7, 100);
	for (size_t size = 100; size < 9 << 20; size = 3 * size + 5) {
		block = memtier_realloc(memory, block, size);
		assert_ptr_equal(memkind_detect_kind(block), MEMKIND_DEFAULT);
		assert_int_equal(in_use(MEMKIND_DEFAULT), memtier_usable_size(block));
		assert_int_equal(((char *)block)[99], 7);
	}
	block = memtier_kind_realloc(MEMKIND_REGULAR, block, 200);
	assert_int_equal(in_use(MEMKIND_DEFAULT), 0);
	assert_int_equal(in_use(MEMKIND_REGULAR), memtier_usable_size(block));
	assert_int_equal(((char *)block)[99], 7);
	assert_null(memtier_realloc(memory, block, 0));
	assert_int_equal(in_use(MEMKIND_REGULAR), 0);
	block = memtier_realloc(memory, NULL, 100);
	assert_int_equal(in_use(MEMKIND_DEFAULT), memtier_usable_size(block));
	memtier_free(block);
	memtier_delete_memtier_memory(memory);
}

/* The rule of the policy, block by block: the last tier that lacks bytes, else the first. */
static void ratios_hold_from_the_first_block(void **state)
{
	static const memkind_t *const kinds[] = {&MEMKIND_DEFAULT, &MEMKIND_REGULAR,
						 &MEMKIND_INTERLEAVE};
	static const unsigned ratios[] = {2, 3, 5};
	struct memtier_builder *builder = memtier_builder_new(MEMTIER_POLICY_STATIC_RATIO);
	struct memtier_memory *memory;
	size_t size[3] = {0, 0, 0};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(memtier_builder_add_tier(builder, *kinds[i], ratios[i]), 0);
	memory = construct(builder);
	for (size_t i = 0; i < BLOCK_LIMIT; i++) {
		size_t wanted = 2;

		while (wanted > 0 && size[wanted] * ratios[0] >= size[0] * ratios[wanted])
			wanted--;
		blocks[i] = memtier_malloc(memory, 48 + i % 4 * 16);
		/* Later, each look at the bytes is for up to 1/4096 of them. */
		if (i < 100)
			assert_ptr_equal(memkind_detect_kind(blocks[i]), *kinds[wanted]);
		for (size_t j = 0; j < 3; j++)
			size[j] = in_use(*kinds[j]);
	}
	for (size_t i = 1; i < 3; i++) {
		double error = (double)size[i] * ratios[0] / ((double)size[0] * ratios[i]) - 1;

		assert_true(fabs(error) < 0.01);
	}
	for (size_t i = 0; i < BLOCK_LIMIT; i++)
		memtier_free(blocks[i]);
	memtier_delete_memtier_memory(memory);
}

/* A part of 0: after the first block everything goes to the other tier. */
static void a_ratio_may_be_0(void **state)
{
	struct memtier_memory *memory = new_ratio(1, 0);
	struct memtier_memory *other = new_ratio(0, 1);
	void *block;

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_false(goes_up(memory, 100));
	block = memtier_malloc(other, 100);
	assert_ptr_equal(memkind_detect_kind(block), MEMKIND_DEFAULT);
	for (int i = 0; i < 100; i++)
		assert_true(goes_up(other, 100));
	memtier_free(block);
	memtier_delete_memtier_memory(memory);
	memtier_delete_memtier_memory(other);
}

/* A thread's plan is for an object, not for the place where one was. */
static void a_new_object_is_not_an_old_one(void **state)
{
	/* So much that a thread's plan outlives some blocks. */
	void *first = memtier_kind_malloc(MEMKIND_DEFAULT, 64 << 20);
	void *second = memtier_kind_malloc(MEMKIND_REGULAR, 64 << 20);

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct memtier_builder *builder = memtier_builder_new(MEMTIER_POLICY_STATIC_RATIO);
		memkind_t kind = i % 2 == 0 ? MEMKIND_DEFAULT : MEMKIND_REGULAR;
		struct memtier_memory *memory;
		void *block;

		assert_int_equal(memtier_builder_add_tier(builder, kind, 1), 0);
		memory = construct(builder);
		for (unsigned j = 0; j < 3; j++) {
			block = memtier_malloc(memory, 64);
			assert_ptr_equal(memkind_detect_kind(block), kind);
			memtier_free(block);
		}
		memtier_delete_memtier_memory(memory);
	}
	memtier_free(first);
	memtier_free(second);
}

/* Counts belong to kinds, not to the places where kinds were (A8). */
static void a_destroyed_kind_has_no_bytes(void **state)
{
	static char area[1 << 20];
	memkind_t kind, next;
	void *block;

	(void)state;
	assert_int_equal(memkind_create_fixed(area, sizeof(area), &kind), 0);
	block = memtier_kind_malloc(kind, 1000);
	assert_int_equal(in_use(kind), memtier_usable_size(block));
	assert_non_null(memtier_kind_malloc(kind, 100000));
	memkind_destroy_kind(kind);
	assert_int_equal(in_use(kind), 0);
	assert_int_equal(memkind_create_fixed(area, sizeof(area), &next), 0);
	assert_int_equal(in_use(next), 0);
	block = memtier_kind_malloc(next, 16);
	assert_int_equal(in_use(next), 16);
	memtier_free(block);
	assert_int_equal(in_use(next), 0);
	memkind_destroy_kind(next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(builders_refuse_bad_tiers),	TEST(objects_need_enough_tiers),
		TEST(bytes_are_counted_as_usable),	TEST(small_counts_are_exact),
		TEST(failed_realloc_keeps_the_count),	TEST(failed_memalign_counts_nothing),
		TEST(nothing_and_too_much_are_refused), TEST(realloc_stays_in_the_kind),
		TEST(ratios_hold_from_the_first_block), TEST(a_ratio_may_be_0),
		TEST(a_new_object_is_not_an_old_one),	TEST(a_destroyed_kind_has_no_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
