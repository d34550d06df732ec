/* SPDX-License-Identifier: BSD-2-Clause */
/* What tests of tiers share: two tiers, and the question where a request goes. */
#ifndef MK_TESTS_TIERS_H
#define MK_TESTS_TIERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <memkind_memtier.h>

#define BLOCK_LIMIT 4000

static void *blocks[BLOCK_LIMIT];

static inline size_t in_use(memkind_t kind)
{
	return memtier_kind_allocated_size(kind);
}

static inline struct memtier_builder *new_builder(memtier_policy_t policy, unsigned first,
						  unsigned second)
{
	struct memtier_builder *builder = memtier_builder_new(policy);

	assert_non_null(builder);
	assert_int_equal(memtier_builder_add_tier(builder, MEMKIND_DEFAULT, first), 0);
	assert_int_equal(memtier_builder_add_tier(builder, MEMKIND_REGULAR, second), 0);
	return builder;
}

/* The builder is deleted: an object does not need it. */
static inline struct memtier_memory *construct(struct memtier_builder *builder)
{
	struct memtier_memory *memory = memtier_builder_construct_memtier_memory(builder);

	memtier_builder_delete(builder);
	assert_non_null(memory);
	return memory;
}

static inline struct memtier_memory *new_ratio(unsigned first, unsigned second)
{
	return construct(new_builder(MEMTIER_POLICY_STATIC_RATIO, first, second));
}

/* Whether a request of this size goes to the second tier. */
static inline bool goes_up(struct memtier_memory *memory, size_t size)
{
	void *block = memtier_malloc(memory, size);
	bool is_second = memkind_detect_kind(block) == MEMKIND_REGULAR;

	assert_non_null(block);
	memtier_free(block);
	return is_second;
}

static inline int nothing_is_left(void **state)
{
	(void)state;
	memset(blocks, 0, sizeof(blocks));
	assert_int_equal(in_use(MEMKIND_DEFAULT), 0);
	assert_int_equal(in_use(MEMKIND_REGULAR), 0);
	return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, nothing_is_left)

#endif
