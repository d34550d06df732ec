/* SPDX-License-Identifier: BSD-2-Clause */
/* Environment variables, in a program that does something else with the memory that they were in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/options.h"

static void a_text_outlives_the_environment(void **state)
{
	static char variable[] = "MEMKIND_HOG_MEMORY=1";

	(void)state;
	assert_int_equal(putenv(variable), 0);
	assert_true(mk_option_begins(MK_OPTION_HOG_MEMORY, '1'));
	memset(variable, 'x', sizeof(variable) - 1);
	assert_true(mk_option_begins(MK_OPTION_HOG_MEMORY, '1'));
	assert_string_equal(mk_option_text(MK_OPTION_HOG_MEMORY), "1");
}

static void what_was_not_set_stays_so(void **state)
{
	(void)state;
	assert_int_equal(unsetenv("MEMKIND_CHECK"), 0);
	assert_null(mk_option_text(MK_OPTION_CHECK));
	assert_int_equal(setenv("MEMKIND_CHECK", "1", 1), 0);
	assert_null(mk_option_text(MK_OPTION_CHECK));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_outlives_the_environment),
		cmocka_unit_test(what_was_not_set_stays_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
