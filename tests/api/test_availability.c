/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kinds say about themselves. The arguments are the codes that the DAX_KMEM kinds and the
 * HBW kinds are to give in the environment that the test was started with. A third one: an emulator
 * hides sysfs.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <memkind_ng.h>

#include "kinds.h"

static int dax_code, hbw_code;
static ssize_t size_at_start;
static bool is_sysfs_hidden;

static int code_of(unsigned index)
{
	if (index < FIRST_DAX_KIND)
		return 0;
	return index < FIRST_HBW_KIND ? dax_code : hbw_code;
}

static void the_code_is_the_expected_one(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		int code = code_of(i);

		/* Twice: the verdict stays. */
		assert_int_equal(memkind_check_available(*all_kinds[i].handle), code);
		assert_int_equal(memkind_check_available(*all_kinds[i].handle), code);
	}
}

static void an_unavailable_kind_says_why(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		const char *reason = memkind_ng_unavailable_reason(*all_kinds[i].handle);

		if (code_of(i) == 0)
			assert_null(reason);
		else
			assert_true(strlen(reason) > 10);
	}
	assert_non_null(memkind_ng_unavailable_reason(NULL));
}

static void the_status_is_in_words(void **state)
{
	char status[1024], cut[10];

	(void)state;
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		memkind_t kind = *all_kinds[i].handle;
		const char *reason = memkind_ng_unavailable_reason(kind);
		int length = memkind_ng_kind_status(kind, status, sizeof(status));

		assert_int_equal(length, strlen(status));
		assert_int_equal(memkind_ng_kind_status(kind, NULL, 0), length);
		memset(cut, 'x', sizeof(cut));
		assert_int_equal(memkind_ng_kind_status(kind, cut, sizeof(cut) - 1), length);
		assert_int_equal(strncmp(cut, status, sizeof(cut) - 2), 0);
		assert_int_equal(cut[sizeof(cut) - 2], '\0');
		assert_int_equal(cut[sizeof(cut) - 1], 'x');
		if (reason == NULL) {
			assert_string_equal(status, "available");
			continue;
		}
		assert_ptr_equal(strstr(status, "not available here: "), status);
		assert_non_null(strstr(status, reason));
		/* What to do about it. */
		assert_true(strlen(strchr(status, ';')) > 10);
		assert_null(strchr(status, '*'));
	}
	assert_int_equal(memkind_ng_kind_status(NULL, status, sizeof(status)),
			 MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_ng_kind_status((memkind_t)status, status, sizeof(status)),
			 MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_ng_kind_status(MEMKIND_DEFAULT, NULL, 1), MEMKIND_ERROR_INVALID);
}

static void an_unavailable_kind_has_no_memory(void **state)
{
	(void)state;
	for (unsigned i = FIRST_DAX_KIND; i < KIND_COUNT; i++) {
		memkind_t kind = *all_kinds[i].handle;
		void *block = memkind_malloc(MEMKIND_DEFAULT, 100);
		void *stored = block;

		if (code_of(i) == 0)
			continue;
		errno = 0;
		assert_null(memkind_malloc(kind, 100));
		assert_int_equal(errno, ENOMEM);
		errno = 0;
		assert_null(memkind_calloc(kind, 10, 10));
		assert_int_equal(errno, ENOMEM);
		errno = 0;
		assert_null(memkind_realloc(kind, NULL, 100));
		assert_int_equal(errno, ENOMEM);
		errno = 0;
		assert_null(memkind_realloc(kind, block, 100));
		assert_int_equal(errno, ENOMEM);
		assert_ptr_equal(memkind_detect_kind(block), MEMKIND_DEFAULT);
		assert_int_equal(memkind_posix_memalign(kind, &stored, 64, 100), ENOMEM);
		assert_null(stored);
		errno = 0;
		assert_null(memkind_malloc(kind, 0));
		assert_int_equal(errno, 0);
		assert_int_equal(memkind_get_capacity(kind), -1);
		memkind_free(kind, block);
	}
}

static void other_kinds_are_unharmed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FIRST_DAX_KIND; i++) {
		void *block = memkind_malloc(*all_kinds[i].handle, 100000);

		assert_non_null(block);
		memkind_free(NULL, block);
	}
}

static void a_rescan_changes_nothing_here(void **state)
{
	assert_int_equal(memkind_ng_rescan(), 0);
	the_code_is_the_expected_one(state);
	other_kinds_are_unharmed(state);
}

/* Bytes of node 0, as the kernel says now; virtual machines can grow and shrink. */
static ssize_t size_of_node_0(void)
{
	FILE *file = fopen("/sys/devices/system/node/node0/meminfo", "r");
	unsigned long kib = 0;

	if (file != NULL) {
		if (fscanf(file, "Node 0 MemTotal: %lu kB", &kib) != 1)
			kib = 0;
		fclose(file);
	}
	return (ssize_t)kib * 1024;
}

static void capacity_is_the_memory_of_the_nodes(void **state)
{
	ssize_t all;

	(void)state;
	if (is_sysfs_hidden || size_at_start == 0 ||
	    access("/sys/devices/system/node/node1", F_OK) == 0)
		skip();
	memkind_ng_rescan();
	all = memkind_get_capacity(MEMKIND_DEFAULT);
	if (all != size_at_start)
		assert_int_equal(all, size_of_node_0());
	assert_int_equal(memkind_get_capacity(MEMKIND_REGULAR), all);
	assert_int_equal(memkind_get_capacity(MEMKIND_INTERLEAVE), all);
	assert_int_equal(memkind_get_capacity(MEMKIND_DAX_KMEM_PREFERRED), -1);
	if (dax_code == 0) {
		assert_int_equal(memkind_get_capacity(MEMKIND_DAX_KMEM), all);
		assert_int_equal(memkind_get_capacity(MEMKIND_DAX_KMEM_ALL), all);
		assert_int_equal(memkind_get_capacity(MEMKIND_DAX_KMEM_INTERLEAVE), all);
	}
}

static void questions_keep_errno(void **state)
{
	(void)state;
	errno = 4711;
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		memkind_check_available(*all_kinds[i].handle);
		memkind_get_capacity(*all_kinds[i].handle);
		memkind_ng_unavailable_reason(*all_kinds[i].handle);
		memkind_ng_kind_status(*all_kinds[i].handle, NULL, 0);
	}
	memkind_ng_rescan();
	assert_int_equal(errno, 4711);
}

int main(int argc, char **argv)
{
	/* In this order: the first one is the first use of the library. */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions_keep_errno),
		cmocka_unit_test(the_code_is_the_expected_one),
		cmocka_unit_test(an_unavailable_kind_says_why),
		cmocka_unit_test(the_status_is_in_words),
		cmocka_unit_test(an_unavailable_kind_has_no_memory),
		cmocka_unit_test(other_kinds_are_unharmed),
		cmocka_unit_test(a_rescan_changes_nothing_here),
		cmocka_unit_test(capacity_is_the_memory_of_the_nodes),
	};

	if (argc < 3)
		return 99;
	dax_code = atoi(argv[1]);
	hbw_code = atoi(argv[2]);
	size_at_start = size_of_node_0();
	is_sysfs_hidden = argc > 3;
	if (dax_code == MEMKIND_ERROR_UNAVAILABLE &&
	    access("/sys/devices/system/node/node1", F_OK) == 0) {
		printf("SKIP: this machine may have far nodes\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
