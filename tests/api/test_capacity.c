/* SPDX-License-Identifier: BSD-2-Clause */
/* R2: the capacity of a kind is known before anything else was asked of the library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "kinds.h"

/* In the child nothing was asked yet. */
static int first_answer(const struct named_kind *named)
{
	memkind_t kind = *named->handle;
	ssize_t first = memkind_get_capacity(kind);
	int code = memkind_check_available(kind);
	bool is_without = code != 0 || strstr(named->name, "PREFERRED") != NULL;

	if (is_without)
		return first == -1 ? 0 : 1;
	memkind_free(kind, memkind_malloc(kind, 100));
	return first > 0 && memkind_get_capacity(kind) == first ? 0 : 2;
}

static void it_is_the_answer_to_the_first_question(void **state)
{
	(void)state;
	for (size_t i = 0; i < KIND_COUNT; i++) {
		pid_t child = fork();
		int status;

		if (child == 0)
			_exit(first_answer(&all_kinds[i]));
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_the_answer_to_the_first_question),
	};

	if (argc > 1 && strcmp(argv[1], "emulated") == 0) {
		printf("SKIP: an emulator has no /sys\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
