/* SPDX-License-Identifier: BSD-2-Clause */
/* Hooks around the functions of tiers: called once a call where the build has them, and else never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <memkind_memtier.h>

static bool is_on;
static unsigned call_count;

/* What a hook puts in the place of a result, or of a block that is freed; NULL and 0: nothing. */
static void *other_pointer;
static int other_error;

/* What the last hook was told. */
static struct {
	memkind_t kind;
	const void *pointer;
	size_t size, other;
	void *result;
} told;

static void note(memkind_t kind, size_t size, void **result)
{
	call_count++;
	told.kind = kind;
	told.size = size;
	told.result = *result;
	if (other_pointer != NULL)
		*result = other_pointer;
}

void memtier_kind_malloc_post(struct memkind *kind, size_t size, void **result)
{
	note(kind, size, result);
}

void memtier_kind_calloc_post(struct memkind *kind, size_t num, size_t size, void **result)
{
	told.other = num;
	note(kind, size, result);
}

void memtier_kind_posix_memalign_post(struct memkind *kind, void **memptr, size_t alignment,
				      size_t size, int *result)
{
	told.other = alignment;
	note(kind, size, memptr);
	if (other_error != 0)
		*result = other_error;
}

void memtier_kind_realloc_post(struct memkind *kind, void *ptr, size_t size, void **result)
{
	told.pointer = ptr;
	note(kind, size, result);
}

void memtier_kind_free_pre(void **ptr)
{
	note(NULL, 0, ptr);
}

void memtier_kind_usable_size_post(void **ptr, size_t size)
{
	note(NULL, size, ptr);
}

static void expect_calls(unsigned count)
{
	assert_int_equal(call_count, is_on ? count : 0);
}

static void each_is_called_once_a_call(void **state)
{
	struct memtier_builder *builder = memtier_builder_new(MEMTIER_POLICY_STATIC_RATIO);
	struct memtier_memory *memory;
	void *block, *aligned;

	(void)state;
	call_count = 0;
	assert_int_equal(memtier_builder_add_tier(builder, MEMKIND_REGULAR, 1), 0);
	memory = memtier_builder_construct_memtier_memory(builder);
	memtier_builder_delete(builder);
	expect_calls(0);
	/* The second finds a plan. */
	memtier_free(memtier_malloc(memory, 100));
	expect_calls(2);
	block = memtier_malloc(memory, 100);
	expect_calls(3);
	block = memtier_realloc(memory, block, 5000);
	expect_calls(4);
	assert_int_equal(memtier_usable_size(block), 5120);
	expect_calls(5);
	memtier_free(block);
	memtier_free(memtier_calloc(memory, 10, 10));
	expect_calls(8);
	assert_int_equal(memtier_posix_memalign(memory, &aligned, 64, 100), 0);
	memtier_free(aligned);
	expect_calls(10);
	memtier_delete_memtier_memory(memory);
	assert_int_equal(memtier_kind_allocated_size(MEMKIND_REGULAR), 0);
}

static void they_see_arguments_and_change_results(void **state)
{
	char mine[16];
	void *block, *second, *third = NULL;

	(void)state;
	if (!is_on)
		skip();
	block = memtier_kind_malloc(MEMKIND_REGULAR, 100);
	assert_true(told.kind == MEMKIND_REGULAR && told.size == 100 && told.result == block);
	second = memtier_kind_calloc(MEMKIND_DEFAULT, 3, 10);
	assert_true(told.kind == MEMKIND_DEFAULT && told.other == 3 && told.size == 10);
	other_pointer = mine;
	assert_ptr_equal(memtier_kind_realloc(MEMKIND_REGULAR, block, 50), mine);
	assert_true(told.pointer == block && told.size == 50);
	other_pointer = told.result;
	memtier_kind_free(NULL, mine);
	assert_int_equal(memtier_kind_allocated_size(MEMKIND_REGULAR), 0);
	other_pointer = NULL;
	other_error = 77;
	assert_int_equal(memtier_kind_posix_memalign(MEMKIND_DEFAULT, &third, 128, 8), 77);
	assert_true(told.other == 128 && told.size == 8 && told.result == third);
	memtier_kind_free(NULL, second);
	memtier_kind_free(NULL, third);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_called_once_a_call),
		cmocka_unit_test(they_see_arguments_and_change_results),
	};

	is_on = argc > 1 && strcmp(argv[1], "on") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
