/* SPDX-License-Identifier: BSD-2-Clause */
/* Hooks around the heap functions: called once a call where the build has them, and else never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <memkind.h>

static unsigned pre_count, post_count;
static bool is_on;

/* What the hooks change: NULL or 0 is nothing. */
static struct {
	memkind_t kind;
	size_t size;
	void *pointer;
	void *result;
	int error;
} change;

/* What the last post hook was told. */
static struct {
	memkind_t kind;
	void *pointer;
	size_t size, other;
	void *result;
	int error;
} told;

static void note_pre(struct memkind **kind, size_t *size)
{
	pre_count++;
	if (change.kind != NULL)
		*kind = change.kind;
	if (change.size != 0)
		*size = change.size;
}

static void note_post(struct memkind *kind, size_t size, void **result)
{
	post_count++;
	told.kind = kind;
	told.size = size;
	if (result != NULL) {
		told.result = *result;
		if (change.result != NULL)
			*result = change.result;
	}
}

void memkind_malloc_pre(struct memkind **kind, size_t *size)
{
	note_pre(kind, size);
}

void memkind_malloc_post(struct memkind *kind, size_t size, void **result)
{
	note_post(kind, size, result);
}

void memkind_calloc_pre(struct memkind **kind, size_t *num, size_t *size)
{
	*num += 1;
	note_pre(kind, size);
}

void memkind_calloc_post(struct memkind *kind, size_t num, size_t size, void **result)
{
	told.other = num;
	note_post(kind, size, result);
}

void memkind_posix_memalign_pre(struct memkind **kind, void **memptr, size_t *alignment,
				size_t *size)
{
	told.pointer = memptr;
	*alignment *= 2;
	note_pre(kind, size);
}

void memkind_posix_memalign_post(struct memkind *kind, void **memptr, size_t alignment, size_t size,
				 int *result)
{
	assert_ptr_equal(told.pointer, memptr);
	told.other = alignment;
	told.error = *result;
	if (change.error != 0)
		*result = change.error;
	note_post(kind, size, NULL);
}

void memkind_realloc_pre(struct memkind **kind, void **ptr, size_t *size)
{
	if (change.pointer != NULL)
		*ptr = change.pointer;
	note_pre(kind, size);
}

void memkind_realloc_post(struct memkind *kind, void *ptr, size_t size, void **result)
{
	told.pointer = ptr;
	note_post(kind, size, result);
}

void memkind_free_pre(struct memkind **kind, void **ptr)
{
	size_t size;

	if (change.pointer != NULL)
		*ptr = change.pointer;
	note_pre(kind, &size);
}

void memkind_free_post(struct memkind *kind, void *ptr)
{
	told.pointer = ptr;
	note_post(kind, 0, NULL);
}

static int start(void **state)
{
	(void)state;
	memset(&change, 0, sizeof(change));
	memset(&told, 0, sizeof(told));
	pre_count = post_count = 0;
	return 0;
}

static void expect_calls(unsigned count)
{
	assert_int_equal(pre_count, is_on ? count : 0);
	assert_int_equal(post_count, is_on ? count : 0);
}

static void each_is_called_once_a_call(void **state)
{
	void *block = memkind_malloc(MEMKIND_REGULAR, 100), *aligned = NULL;

	(void)state;
	expect_calls(1);
	assert_int_equal(memkind_malloc_usable_size(NULL, block), 112);
	block = memkind_realloc(MEMKIND_REGULAR, block, 5000);
	expect_calls(2);
	memkind_free(MEMKIND_REGULAR, block);
	expect_calls(3);
	block = memkind_calloc(MEMKIND_REGULAR, 10, 64);
	expect_calls(4);
	assert_int_equal(memkind_posix_memalign(MEMKIND_REGULAR, &aligned, 64, 100), 0);
	expect_calls(5);
	assert_null(memkind_realloc(NULL, block, 0));
	expect_calls(6);
	memkind_free(NULL, aligned);
	expect_calls(7);
	memkind_config_delete(memkind_config_new());
	expect_calls(7);
}

static void arguments_and_results_can_be_changed(void **state)
{
	char mine[16];
	void *block, *other;

	(void)state;
	if (!is_on)
		skip();
	change.kind = MEMKIND_REGULAR;
	change.size = 1000;
	block = memkind_malloc(MEMKIND_DEFAULT, 1);
	assert_ptr_equal(memkind_detect_kind(block), MEMKIND_REGULAR);
	assert_int_equal(memkind_malloc_usable_size(NULL, block), 1024);
	assert_true(told.kind == MEMKIND_REGULAR && told.size == 1000 && told.result == block);
	other = memkind_calloc(MEMKIND_DEFAULT, 2, 1);
	assert_int_equal(memkind_malloc_usable_size(NULL, other), 3072);
	assert_true(told.other == 3 && told.size == 1000 && told.result == other);
	change.pointer = block;
	change.size = 2000;
	change.result = mine;
	assert_ptr_equal(memkind_realloc(MEMKIND_DEFAULT, other, 1), mine);
	assert_true(told.pointer == block && told.size == 2000);
	change.pointer = other;
	memkind_free(MEMKIND_DEFAULT, mine);
	assert_true(told.pointer == other && told.kind == MEMKIND_REGULAR);
	start(NULL);
	change.error = 77;
	assert_int_equal(memkind_posix_memalign(MEMKIND_DEFAULT, &block, 64, 8), 77);
	assert_true(told.other == 128 && told.error == 0 && (uintptr_t)block % 128 == 0);
	memkind_free(NULL, block);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_is_called_once_a_call, start),
		cmocka_unit_test_setup(arguments_and_results_can_be_changed, start),
	};

	is_on = argc > 1 && strcmp(argv[1], "on") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
