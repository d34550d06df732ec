/* SPDX-License-Identifier: BSD-2-Clause */
/* Tiers divided by size: settings, and thresholds that move. One thread. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tiers.h"

#define PREFIX "policy.dynamic_threshold."

static void set_size(struct memtier_builder *builder, const char *name, size_t value)
{
	assert_int_equal(memtier_ctl_set(builder, name, &value), 0);
}

static void set_float(struct memtier_builder *builder, const char *name, float value)
{
	assert_int_equal(memtier_ctl_set(builder, name, &value), 0);
}

static void set_count(struct memtier_builder *builder, unsigned value)
{
	assert_int_equal(memtier_ctl_set(builder, PREFIX "check_cnt", &value), 0);
}

/* M5: a name is one of those there are, from its first to its last letter. */
static void names_of_settings_are_exact(void **state)
{
	static const char *const wrong[] = {
		"",
		"policy",
		PREFIX,
		PREFIX "check_cn",
		PREFIX "check_cntx",
		PREFIX " check_cnt",
		PREFIX "trigger.val",
		PREFIX "Degree",
		PREFIX "thresholds",
		PREFIX "thresholds[",
		PREFIX "thresholds[]",
		PREFIX "thresholds[].val",
		PREFIX "thresholds[0]",
		PREFIX "thresholds[0].",
		PREFIX "thresholds[0]val",
		PREFIX "thresholds[0].value",
		PREFIX "thresholds[0].val ",
		PREFIX "thresholds[ 0].val",
		PREFIX "thresholds[+0].val",
		PREFIX "thresholds[-1].val",
		PREFIX "thresholds[0x0].val",
		PREFIX "thresholds[1].val",
		PREFIX "thresholds[2].val",
		PREFIX "thresholds[18446744073709551616].val",
		PREFIX "thresholds[99999999999999999999999999].val",
		PREFIX "thresholds[0].min.max",
		"policy.static_ratio.check_cnt",
		"thresholds[0].val",
	};
	struct memtier_builder *builder = new_builder(MEMTIER_POLICY_DYNAMIC_THRESHOLD, 1, 1);
	struct memtier_builder *ratio = new_builder(MEMTIER_POLICY_STATIC_RATIO, 1, 1);
	size_t value = 1000;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (memtier_ctl_set(builder, wrong[i], &value) != -1)
			fail_msg("'%s' is taken", wrong[i]);
	assert_int_equal(memtier_ctl_set(ratio, PREFIX "check_cnt", &value), -1);
	assert_int_equal(memtier_ctl_set(NULL, PREFIX "check_cnt", &value), -1);
	assert_int_equal(memtier_ctl_set(builder, NULL, &value), -1);
	assert_int_equal(memtier_ctl_set(builder, PREFIX "check_cnt", NULL), -1);
	set_size(builder, PREFIX "thresholds[0].val", value);
	set_size(builder, PREFIX "thresholds[00].max", value);
	memtier_builder_delete(builder);
	memtier_builder_delete(ratio);
}

/* The defaults bound what is valid, and so does the next threshold. */
static void settings_are_checked_at_construction(void **state)
{
	static const struct {
		const char *name;
		size_t value;
		bool is_valid;
	} cases[] = {
		{"thresholds[0].val", 511, false},  {"thresholds[0].val", 512, true},
		{"thresholds[0].val", 1535, true},  {"thresholds[0].val", 1536, false},
		{"thresholds[1].val", 1535, false}, {"thresholds[1].val", 1536, true},
		{"thresholds[1].val", 2559, true},  {"thresholds[1].val", 2560, false},
		{"thresholds[0].min", 1024, true},  {"thresholds[0].min", 1025, false},
		{"thresholds[0].max", 1023, false}, {"thresholds[0].max", 1536, true},
		{"thresholds[0].max", 1537, false}, {"thresholds[1].min", 1535, true},
		{"thresholds[1].min", 1534, false}, {"thresholds[1].max", SIZE_MAX, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct memtier_builder *builder =
			new_builder(MEMTIER_POLICY_DYNAMIC_THRESHOLD, 1, 1);
		struct memtier_memory *memory;
		char name[80] = PREFIX;

		assert_int_equal(memtier_builder_add_tier(builder, MEMKIND_INTERLEAVE, 1), 0);
		strcat(name, cases[i].name);
		set_size(builder, name, cases[i].value);
		memory = memtier_builder_construct_memtier_memory(builder);
		if ((memory != NULL) != cases[i].is_valid)
			fail_msg("%s = %zu", cases[i].name, cases[i].value);
		memtier_delete_memtier_memory(memory);
		memtier_builder_delete(builder);
	}
}

static void trigger_and_degree_are_not_below_0(void **state)
{
	static const char *const names[] = {PREFIX "trigger", PREFIX "degree"};
	static const float values[] = {-0.1f, NAN, 0, 2, FLT_MAX, INFINITY};

	(void)state;
	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < sizeof(values) / sizeof(values[0]); j++) {
			struct memtier_builder *builder =
				new_builder(MEMTIER_POLICY_DYNAMIC_THRESHOLD, 1, 1);
			struct memtier_memory *memory;

			set_float(builder, names[i], values[j]);
			memory = memtier_builder_construct_memtier_memory(builder);
			assert_int_equal(memory != NULL, values[j] >= 0);
			memtier_delete_memtier_memory(memory);
			memtier_builder_delete(builder);
		}
}

/* M1: calloc asks for the whole array. */
static void calloc_goes_by_the_whole_size(void **state)
{
	struct memtier_memory *memory =
		construct(new_builder(MEMTIER_POLICY_DYNAMIC_THRESHOLD, 1, 1));
	void *block;

	(void)state;
	block = memtier_calloc(memory, 1000, 8);
	assert_ptr_equal(memkind_detect_kind(block), MEMKIND_REGULAR);
	memtier_free(block);
	block = memtier_calloc(memory, 10, 8);
	assert_ptr_equal(memkind_detect_kind(block), MEMKIND_DEFAULT);
	memtier_free(block);
	memtier_delete_memtier_memory(memory);
}

static void requests_go_by_size(void **state)
{
	struct memtier_builder *builder = new_builder(MEMTIER_POLICY_DYNAMIC_THRESHOLD, 1, 1);
	struct memtier_memory *two, *three;
	void *block;

	(void)state;
	set_count(builder, 0);
	two = memtier_builder_construct_memtier_memory(builder);
	assert_int_equal(memtier_builder_add_tier(builder, MEMKIND_INTERLEAVE, 1), 0);
	three = construct(builder);
	for (int i = 0; i < 100; i++) {
		assert_false(goes_up(two, 1023));
		assert_true(goes_up(two, 1024));
		assert_true(goes_up(two, 2048));
		assert_false(goes_up(three, 1023));
		assert_true(goes_up(three, 1024));
		assert_true(goes_up(three, 2047));
		assert_false(goes_up(three, 2048));
		assert_int_equal(memtier_posix_memalign(three, &block, 64, 100000), 0);
		assert_ptr_equal(memkind_detect_kind(block), MEMKIND_INTERLEAVE);
		memtier_free(block);
	}
	memtier_delete_memtier_memory(two);
	memtier_delete_memtier_memory(three);
}

/* The first request that goes to the second tier has this size. */
static size_t threshold_of(struct memtier_memory *memory)
{
	size_t size = 1;

	while (!goes_up(memory, size))
		size++;
	return size;
}

/* Blocks that stay, so that the bytes in use are far from the ratio asked for. */
static void make_uneven(memkind_t kind, void **ret_small, void **ret_large)
{
	*ret_small = memtier_kind_malloc(
		kind == MEMKIND_DEFAULT ? MEMKIND_REGULAR : MEMKIND_DEFAULT, 4096);
	*ret_large = memtier_kind_malloc(kind, 4 << 20);
}

static struct memtier_memory *new_threshold(unsigned check_count, float degree)
{
	struct memtier_builder *builder = new_builder(MEMTIER_POLICY_DYNAMIC_THRESHOLD, 1, 1);

	set_count(builder, check_count);
	set_float(builder, PREFIX "degree", degree);
	set_size(builder, PREFIX "thresholds[0].min", 100);
	set_size(builder, PREFIX "thresholds[0].val", 1000);
	set_size(builder, PREFIX "thresholds[0].max", 2000);
	return construct(builder);
}

static void thresholds_move_within_their_bounds(void **state)
{
	static const memkind_t *const crowded[] = {&MEMKIND_DEFAULT, &MEMKIND_REGULAR};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct memtier_memory *memory = new_threshold(20, 0.15f);
		void *small, *large;
		size_t threshold;

		make_uneven(*crowded[i], &small, &large);
		for (int j = 0; j < 2000; j++)
			memtier_free(memtier_malloc(memory, 50));
		threshold = threshold_of(memory);
		/* As far as whole steps go. */
		if (*crowded[i] == MEMKIND_DEFAULT)
			assert_in_range(threshold, 100, 117);
		else
			assert_in_range(threshold, 1740, 2000);
		memtier_free(small);
		memtier_free(large);
		memtier_delete_memtier_memory(memory);
	}
}

/* A look after each 20th request, also where the thread uses other objects in between. */
static void requests_are_counted_by_object(void **state)
{
	struct memtier_memory *other = new_ratio(1, 1);
	void *small, *large;

	(void)state;
	make_uneven(MEMKIND_DEFAULT, &small, &large);
	for (int has_other = 0; has_other < 2; has_other++) {
		struct memtier_memory *memory = new_threshold(20, 0.15f);

		for (int i = 0; i < 20; i++) {
			assert_true(goes_up(memory, 1000));
			if (has_other)
				goes_up(other, 1000);
		}
		assert_true(goes_up(memory, 850));
		assert_false(goes_up(memory, 849));
		memtier_delete_memtier_memory(memory);
	}
	memtier_free(small);
	memtier_free(large);
	memtier_delete_memtier_memory(other);
}

/* M6: check_cnt 0 means no check, and not one in four billion; 1 means each. */
static void a_count_of_0_keeps_thresholds(void **state)
{
	static const unsigned counts[] = {0, 1, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct memtier_memory *memory = new_threshold(counts[i], 0.01f);
		void *small, *large;
		size_t threshold;

		make_uneven(MEMKIND_DEFAULT, &small, &large);
		for (int j = 0; j < 5; j++)
			memtier_free(memtier_malloc(memory, 50));
		threshold = threshold_of(memory);
		assert_int_equal(threshold == 1000, counts[i] != 1);
		memtier_free(small);
		memtier_free(large);
		memtier_delete_memtier_memory(memory);
	}
}

/* M7: a step of more than there is is not taken. */
static void a_large_degree_moves_nothing_out_of_bounds(void **state)
{
	static const float degrees[] = {1.5f, 2, 1e10f, FLT_MAX, INFINITY};

	(void)state;
	for (size_t i = 0; i < sizeof(degrees) / sizeof(degrees[0]); i++) {
		struct memtier_memory *memory = new_threshold(1, degrees[i]);
		void *small, *large;

		make_uneven(i % 2 == 0 ? MEMKIND_DEFAULT : MEMKIND_REGULAR, &small, &large);
		for (int j = 0; j < 100; j++)
			memtier_free(memtier_malloc(memory, 50));
		assert_int_equal(threshold_of(memory), 1000);
		memtier_free(small);
		memtier_free(large);
		memtier_delete_memtier_memory(memory);
	}
}

/* Sizes spread evenly: the threshold goes where the bytes are as asked for. */
static void thresholds_bring_the_ratio_near(void **state)
{
	struct memtier_builder *builder = new_builder(MEMTIER_POLICY_DYNAMIC_THRESHOLD, 1, 4);
	struct memtier_memory *memory;
	uint32_t random = 1;
	double ratio;

	(void)state;
	set_size(builder, PREFIX "thresholds[0].min", 1);
	set_size(builder, PREFIX "thresholds[0].max", 1000);
	set_size(builder, PREFIX "thresholds[0].val", 1000);
	memory = construct(builder);
	for (size_t i = 0; i < 50 * (size_t)BLOCK_LIMIT; i++) {
		size_t slot;

		random = random * 1664525 + 1013904223;
		slot = (random >> 8) % BLOCK_LIMIT;
		memtier_free(blocks[slot]);
		blocks[slot] = memtier_malloc(memory, 16 + (random >> 20) % 1024);
	}
	ratio = (double)in_use(MEMKIND_REGULAR) / (double)in_use(MEMKIND_DEFAULT);
	assert_true(ratio > 2 && ratio < 8);
	for (size_t i = 0; i < BLOCK_LIMIT; i++)
		memtier_free(blocks[i]);
	memtier_delete_memtier_memory(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_of_settings_are_exact),
		TEST(settings_are_checked_at_construction),
		TEST(trigger_and_degree_are_not_below_0),
		TEST(calloc_goes_by_the_whole_size),
		TEST(requests_go_by_size),
		TEST(thresholds_move_within_their_bounds),
		TEST(requests_are_counted_by_object),
		TEST(a_count_of_0_keeps_thresholds),
		TEST(a_large_degree_moves_nothing_out_of_bounds),
		TEST(thresholds_bring_the_ratio_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
