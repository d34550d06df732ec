/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The handles as a program sees them. Argument: "copied" where the program is not
 * position-independent and so holds copies of the variables, else "shared".
 */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kinds.h"

static bool is_copied;
static void *early_block;

/* Runs before the constructors of all libraries. */
static void allocate_early(void)
{
	early_block = memkind_malloc(MEMKIND_REGULAR, 100);
}

__attribute__((section(".preinit_array"),
	       used)) static void (*const preinit)(void) = allocate_early;

static void handles_work_before_any_constructor(void **state)
{
	(void)state;
	assert_non_null(early_block);
	assert_ptr_equal(memkind_detect_kind(early_block), MEMKIND_REGULAR);
	memkind_free(MEMKIND_REGULAR, early_block);
}

static const void *object_of(const void *address)
{
	Dl_info info;

	assert_int_not_equal(dladdr(address, &info), 0);
	return info.dli_fbase;
}

static void the_program_has_its_own_variables_or_the_library_s(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KIND_COUNT; i++)
		assert_int_equal(object_of(all_kinds[i].handle) == object_of(&early_block),
				 is_copied);
	assert_ptr_not_equal(object_of(MEMKIND_DEFAULT), object_of(&early_block));
}

static void detected_kinds_compare_equal_to_handles(void **state)
{
	(void)state;
	for (unsigned kind_index = 0; kind_index < KIND_COUNT; kind_index++) {
		memkind_t kind = *all_kinds[kind_index].handle;
		void *block = memkind_malloc(kind, 100);

		assert_ptr_equal(memkind_detect_kind(block), kind);
		memkind_free(NULL, block);
	}
}

/* The copy relocation has taken place before; a program may even overwrite its variable. */
static void the_library_does_not_read_the_variables(void **state)
{
	memkind_t saved = MEMKIND_DAX_KMEM;
	void *block;

	(void)state;
	MEMKIND_DAX_KMEM = NULL;
	block = memkind_malloc(saved, 100);
	assert_non_null(block);
	assert_ptr_equal(memkind_detect_kind(block), saved);
	memkind_free(NULL, block);
	MEMKIND_DAX_KMEM = saved;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handles_work_before_any_constructor),
		cmocka_unit_test(the_program_has_its_own_variables_or_the_library_s),
		cmocka_unit_test(detected_kinds_compare_equal_to_handles),
		cmocka_unit_test(the_library_does_not_read_the_variables),
	};

	if (argc != 2)
		return 99;
	is_copied = strcmp(argv[1], "copied") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
