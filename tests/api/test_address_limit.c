/* SPDX-License-Identifier: BSD-2-Clause */
/* A process with little address space (ulimit -v) gets what there is, and then ENOMEM. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "kinds.h"

enum {
	ROOM_MIB = 1024,
	BLOCK_COUNT = 2 * ROOM_MIB,
	BLOCK_SIZE = 1 << 20,
};

#ifndef __has_feature
#define __has_feature(name) 0
#endif

/* AddressSanitizer needs terabytes for itself. */
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
static const bool is_instrumented = true;
#else
static const bool is_instrumented = false;
#endif

static size_t used_address_space(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	size_t pages = 0;

	if (file != NULL) {
		if (fscanf(file, "%zu", &pages) != 1)
			pages = 0;
		fclose(file);
	}
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void every_kind_finds_room(void **state)
{
	(void)state;
	for (unsigned kind_index = 0; kind_index < KIND_COUNT; kind_index++) {
		memkind_t kind = *all_kinds[kind_index].handle;
		char *block = memkind_malloc(kind, BLOCK_SIZE);

		assert_non_null(block);
		block[0] = block[BLOCK_SIZE - 1] = 1;
		memkind_free(kind, block);
	}
}

static void the_end_is_enomem_and_not_for_good(void **state)
{
	static void *blocks[BLOCK_COUNT];

	(void)state;
	for (unsigned kind_index = 0; kind_index < KIND_COUNT; kind_index++) {
		memkind_t kind = *all_kinds[kind_index].handle;
		unsigned count = 0;

		while (count < BLOCK_COUNT) {
			blocks[count] = memkind_malloc(kind, BLOCK_SIZE);
			if (blocks[count] == NULL)
				break;
			count++;
		}
		assert_int_equal(errno, ENOMEM);
		assert_in_range(count, 1, ROOM_MIB);
		for (unsigned i = 0; i < count; i++)
			memkind_free(kind, blocks[i]);
		blocks[0] = memkind_malloc(kind, BLOCK_SIZE);
		assert_non_null(blocks[0]);
		memkind_free(kind, blocks[0]);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_finds_room),
		cmocka_unit_test(the_end_is_enomem_and_not_for_good),
	};
	struct rlimit limit;

	(void)argv;
	if (is_instrumented || argc > 1) {
		printf("SKIP: a sanitizer or an emulator manages the address space\n");
		return 77;
	}
	getrlimit(RLIMIT_AS, &limit);
	limit.rlim_cur = used_address_space() + ((size_t)ROOM_MIB << 20);
	if (setrlimit(RLIMIT_AS, &limit) != 0) {
		printf("SKIP: RLIMIT_AS can't be set here\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
