/* SPDX-License-Identifier: BSD-2-Clause */
/* Version, error texts and the numbers of the ABI. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <memkind_ng.h>

#include "kinds.h"

static const struct {
	int code;
	int number;
} codes[] = {
	{MEMKIND_ERROR_UNAVAILABLE, -1},
	{MEMKIND_ERROR_MBIND, -2},
	{MEMKIND_ERROR_MMAP, -3},
	{MEMKIND_ERROR_MALLOC, -6},
	{MEMKIND_ERROR_ENVIRON, -12},
	{MEMKIND_ERROR_INVALID, -13},
	{MEMKIND_ERROR_TOOMANY, -15},
	{MEMKIND_ERROR_BADOPS, -17},
	{MEMKIND_ERROR_HUGETLB, -18},
	{MEMKIND_ERROR_MEMTYPE_NOT_AVAILABLE, -20},
	{MEMKIND_ERROR_OPERATION_FAILED, -21},
	{MEMKIND_ERROR_ARENAS_CREATE, -22},
	{MEMKIND_ERROR_RUNTIME, -255},
	{MEMKIND_NG_ERROR_NOT_ITS_PAGES, -1001},
	{MEMKIND_NG_ERROR_NO_ROOM, -1002},
	{MEMKIND_NG_ERROR_UNMOVABLE, -1003},
	{MEMKIND_NG_ERROR_PARTLY_MOVED, -1004},
	{EINVAL, EINVAL},
	{ENOMEM, ENOMEM},
};

static void the_version_is_the_header_s(void **state)
{
	(void)state;
	assert_int_equal(memkind_get_version(), 1015000);
}

static void codes_have_the_old_numbers(void **state)
{
	(void)state;
	assert_int_equal(MEMKIND_SUCCESS, 0);
	assert_int_equal(MEMKIND_ERROR_MESSAGE_SIZE, 128);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		assert_int_equal(codes[i].code, codes[i].number);
}

static void every_code_has_a_text(void **state)
{
	char text[MEMKIND_ERROR_MESSAGE_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		memkind_error_message(codes[i].code, text, sizeof(text));
		assert_memory_equal(text, "<memkind> ", 10);
		assert_true(strlen(text) > 20 && strlen(text) < 127);
		assert_null(strstr(text, "Undefined"));
	}
}

static void unknown_codes_are_named(void **state)
{
	static const int unknown[] = {0, 1, 4711, -4, -256, INT_MAX, INT_MIN};

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		char text[MEMKIND_ERROR_MESSAGE_SIZE];
		char expected[MEMKIND_ERROR_MESSAGE_SIZE];

		snprintf(expected, sizeof(expected), "<memkind> Undefined error number: %d",
			 unknown[i]);
		memkind_error_message(unknown[i], text, sizeof(text));
		assert_string_equal(text, expected);
	}
}

static void a_text_is_cut_to_its_buffer(void **state)
{
	char text[8] = "1234567";

	(void)state;
	memkind_error_message(MEMKIND_ERROR_MBIND, text, 5);
	assert_string_equal(text, "<mem");
	assert_int_equal(text[5], '6');
	memkind_error_message(MEMKIND_ERROR_MBIND, text, 1);
	assert_string_equal(text, "");
	text[0] = 'x';
	memkind_error_message(MEMKIND_ERROR_MBIND, text, 0);
	assert_int_equal(text[0], 'x');
	memkind_error_message(MEMKIND_ERROR_MBIND, NULL, 0);
}

static void handles_are_distinct_pointers(void **state)
{
	(void)state;
	assert_int_equal(sizeof(MEMKIND_DEFAULT), 8);
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		assert_non_null(*all_kinds[i].handle);
		for (unsigned j = 0; j < i; j++)
			assert_ptr_not_equal(*all_kinds[i].handle, *all_kinds[j].handle);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_version_is_the_header_s),
		cmocka_unit_test(codes_have_the_old_numbers),
		cmocka_unit_test(every_code_has_a_text),
		cmocka_unit_test(unknown_codes_are_named),
		cmocka_unit_test(a_text_is_cut_to_its_buffer),
		cmocka_unit_test(handles_are_distinct_pointers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
