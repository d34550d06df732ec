/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that is given back at once, and the nodes on which the rest lies.
 * Argument: "hog" where MEMKIND_HOG_MEMORY=1 is set.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <memkind_ng.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "kinds.h"

enum {
	MIB = 1 << 20,
	SMALL_SIZE = 1000,
	SMALL_COUNT = 16000,
	LARGE_SIZE = 5 * MIB,
	NODE_COUNT = 64,
	BEYOND_NODES = 2000,
	SKIPPED = 77,
};

static char area[8 * MIB];
static bool is_hog;

static size_t resident(memkind_t kind)
{
	size_t size = 0;

	assert_int_equal(memkind_update_cached_stats(), 0);
	assert_int_equal(memkind_get_stat(kind, MEMKIND_STAT_TYPE_RESIDENT, &size), 0);
	return size;
}

static size_t sum_of_nodes(memkind_t kind)
{
	size_t sizes[NODE_COUNT];
	size_t sum = 0;

	assert_int_equal(memkind_ng_get_resident(kind, sizes, NODE_COUNT), 0);
	for (size_t i = 0; i < NODE_COUNT; i++)
		sum += sizes[i];
	return sum;
}

static void use_and_leave(memkind_t kind)
{
	static void *blocks[SMALL_COUNT];
	char *large = memkind_malloc(kind, LARGE_SIZE);

	assert_non_null(large);
	memset(large, 1, LARGE_SIZE);
	for (size_t i = 0; i < SMALL_COUNT; i++) {
		blocks[i] = memkind_malloc(kind, SMALL_SIZE);
		assert_non_null(blocks[i]);
		memset(blocks[i], 1, SMALL_SIZE);
	}
	for (size_t i = 0; i < SMALL_COUNT; i++)
		memkind_free(kind, blocks[i]);
	memkind_free(kind, large);
}

static void check_trim(memkind_t kind)
{
	char *kept = memkind_malloc(kind, SMALL_SIZE);
	size_t before;

	assert_non_null(kept);
	memset(kept, 0x5a, SMALL_SIZE);
	use_and_leave(kind);
	before = resident(kind);
	assert_true(before > SMALL_COUNT * SMALL_SIZE + LARGE_SIZE);
	errno = 77;
	assert_int_equal(memkind_ng_trim(kind), !is_hog);
	assert_int_equal(memkind_ng_trim(kind), 0);
	assert_int_equal(errno, 77);
	/* The block's slab; and a huge page may have brought pages that were never used. */
	if (is_hog)
		assert_int_equal(resident(kind), before);
	else
		assert_in_range(resident(kind), 1, 4 * MIB);
	for (size_t i = 0; i < SMALL_SIZE; i++)
		assert_int_equal(kept[i], 0x5a);
	memkind_free(kind, kept);
}

static void idle_memory_of_every_kind_goes_back(void **state)
{
	memkind_t kind;

	(void)state;
	for (size_t i = 0; i < KIND_COUNT; i++)
		check_trim(*all_kinds[i].handle);
	assert_int_equal(memkind_create_pmem("/tmp", 0, &kind), 0);
	check_trim(kind);
	assert_int_equal(memkind_destroy_kind(kind), 0);
}

static void an_area_and_a_kind_without_blocks_have_nothing_to_give(void **state)
{
	memkind_t kind;

	(void)state;
	assert_int_equal(memkind_create_fixed(area, sizeof(area), &kind), 0);
	assert_int_equal(memkind_ng_trim(kind), 0);
	memkind_free(kind, memkind_malloc(kind, MIB));
	assert_int_equal(memkind_ng_trim(kind), 0);
	assert_int_equal(memkind_destroy_kind(kind), 0);
	assert_int_equal(memkind_ng_trim(MEMKIND_HUGETLB), 0);
}

/* The other kinds keep theirs. */
static void one_kind_is_trimmed_alone(void **state)
{
	(void)state;
	use_and_leave(MEMKIND_REGULAR);
	use_and_leave(MEMKIND_DEFAULT);
	assert_int_equal(memkind_ng_trim(MEMKIND_DEFAULT), !is_hog);
	assert_true(resident(MEMKIND_REGULAR) > SMALL_COUNT * SMALL_SIZE);
	assert_int_equal(memkind_ng_trim(MEMKIND_REGULAR), !is_hog);
}

static void what_is_no_kind_is_refused(void **state)
{
	size_t sizes[2] = {77, 78};
	memkind_t kind;

	(void)state;
	assert_int_equal(memkind_create_fixed(area, sizeof(area), &kind), 0);
	assert_int_equal(memkind_destroy_kind(kind), 0);
	assert_int_equal(memkind_ng_trim(NULL), MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_ng_trim(kind), MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_ng_get_resident(NULL, sizes, 2), MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_ng_get_resident(kind, sizes, 2), MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_ng_get_resident(MEMKIND_DEFAULT, NULL, 2), MEMKIND_ERROR_INVALID);
	assert_int_equal(sizes[0], 77);
	assert_int_equal(sizes[1], 78);
}

/* The kernel may make a huge page of small ones at any time. */
static void check_sum(memkind_t kind)
{
	size_t before, sum, after;

	do {
		before = resident(kind);
		sum = sum_of_nodes(kind);
		after = resident(kind);
	} while (before != after);
	assert_int_equal(sum, after);
}

static void check_nodes(memkind_t kind)
{
	size_t size = 24 * (size_t)MIB;
	char *block = memkind_malloc(kind, size);
	size_t untouched = sum_of_nodes(kind);
	size_t first;

	assert_non_null(block);
	check_sum(kind);
	memset(block, 1, size);
	check_sum(kind);
	/* A huge page may bring others with it, and pages of before may be in use again. */
	assert_in_range(sum_of_nodes(kind), size, untouched + size + 4 * (size_t)MIB);
	assert_int_equal(memkind_ng_get_resident(kind, &first, 1), 0);
	/* It is the one node of these kinds. */
	if (kind == MEMKIND_DAX_KMEM)
		assert_int_equal(first, sum_of_nodes(kind));
	memkind_free(kind, block);
}

static void bytes_of_all_nodes_are_what_is_resident(void **state)
{
	memkind_t kind;

	(void)state;
	for (size_t i = 0; i < KIND_COUNT; i++)
		check_nodes(*all_kinds[i].handle);
	assert_int_equal(sum_of_nodes(MEMKIND_HUGETLB), 0);
	memset(area, 1, sizeof(area));
	assert_int_equal(memkind_create_fixed(area, sizeof(area), &kind), 0);
	assert_int_equal(sum_of_nodes(kind), 0);
	assert_non_null(memkind_malloc(kind, MIB));
	check_sum(kind);
	assert_true(sum_of_nodes(kind) >= MIB);
	assert_int_equal(memkind_destroy_kind(kind), 0);
}

/* Pages of the file that nobody touched are not mapped. */
static void touched_pages_of_a_file_count(void **state)
{
	char *block;
	memkind_t kind;

	(void)state;
	assert_int_equal(memkind_create_pmem("/tmp", 0, &kind), 0);
	block = memkind_malloc(kind, 4 * MIB);
	assert_non_null(block);
	memset(block, 1, 2 * MIB);
	assert_in_range(sum_of_nodes(kind), 2 * MIB, 4 * MIB);
	assert_int_equal(memkind_destroy_kind(kind), 0);
}

static void as_many_nodes_are_written_as_there_is_room_for(void **state)
{
	static size_t sizes[BEYOND_NODES + 1];

	(void)state;
	use_and_leave(MEMKIND_DEFAULT);
	for (size_t i = 0; i <= BEYOND_NODES; i++)
		sizes[i] = 77;
	assert_int_equal(memkind_ng_get_resident(MEMKIND_DEFAULT, sizes, 0), 0);
	assert_int_equal(sizes[0], 77);
	assert_int_equal(memkind_ng_get_resident(MEMKIND_DEFAULT, sizes, 1), 0);
	assert_int_not_equal(sizes[0], 77);
	assert_int_equal(sizes[1], 77);
	assert_int_equal(memkind_ng_get_resident(MEMKIND_DEFAULT, sizes, BEYOND_NODES), 0);
	assert_int_equal(sizes[BEYOND_NODES - 1], 0);
	assert_int_equal(sizes[BEYOND_NODES], 77);
}

static _Atomic bool must_stop;

static void *work(void *unused)
{
	memkind_t kind;

	while (!must_stop) {
		use_and_leave(MEMKIND_DEFAULT);
		if (memkind_create_pmem("/tmp", 0, &kind) == 0) {
			memkind_free(kind, memkind_malloc(kind, 3 * MIB));
			memkind_destroy_kind(kind);
		}
	}
	return unused;
}

static void others_may_work_meanwhile(void **state)
{
	pthread_t thread;

	(void)state;
	must_stop = false;
	assert_int_equal(pthread_create(&thread, NULL, work, NULL), 0);
	for (int round = 0; round < 50; round++) {
		sum_of_nodes(MEMKIND_DEFAULT);
		assert_true(memkind_ng_trim(MEMKIND_DEFAULT) >= 0);
	}
	must_stop = true;
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static char report[32768];

static void append(void *context, const char *text)
{
	assert_true(strlen(report) + strlen(text) < sizeof(report));
	strcat(context, text);
}

/* The last one: the filter stays. */
static void a_kernel_that_does_not_tell_is_an_error(void **state)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_move_pages, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};
	size_t size = 77;

	(void)state;
	use_and_leave(MEMKIND_DEFAULT);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		skip();
	errno = 77;
	assert_int_equal(memkind_ng_get_resident(MEMKIND_DEFAULT, &size, 1),
			 MEMKIND_ERROR_OPERATION_FAILED);
	assert_int_equal(errno, 77);
	assert_int_equal(size, 77);
	assert_int_equal(memkind_ng_stats_json(append, report), 0);
	assert_non_null(strstr(report, "\"kind\":\"memkind_default\""));
	assert_null(strstr(report, "\"resident_on\":{\""));
	/* A kind without pages needs not ask. */
	assert_int_equal(memkind_ng_get_resident(MEMKIND_HUGETLB, &size, 1), 0);
	assert_int_equal(size, 0);
}

static bool has_move_pages(void)
{
	void *page = &is_hog;
	int node;

	return syscall(SYS_move_pages, 0, 1UL, &page, NULL, &node, 0) == 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest trims[] = {
		cmocka_unit_test(idle_memory_of_every_kind_goes_back),
		cmocka_unit_test(an_area_and_a_kind_without_blocks_have_nothing_to_give),
		cmocka_unit_test(one_kind_is_trimmed_alone),
	};
	const struct CMUnitTest all[] = {
		cmocka_unit_test(what_is_no_kind_is_refused),
		cmocka_unit_test(bytes_of_all_nodes_are_what_is_resident),
		cmocka_unit_test(touched_pages_of_a_file_count),
		cmocka_unit_test(as_many_nodes_are_written_as_there_is_room_for),
		cmocka_unit_test(idle_memory_of_every_kind_goes_back),
		cmocka_unit_test(an_area_and_a_kind_without_blocks_have_nothing_to_give),
		cmocka_unit_test(one_kind_is_trimmed_alone),
		cmocka_unit_test(others_may_work_meanwhile),
		cmocka_unit_test(a_kernel_that_does_not_tell_is_an_error),
	};

	is_hog = argc == 2 && strcmp(argv[1], "hog") == 0;
	if (!has_move_pages()) {
		puts("SKIP: move_pages(2) is not there");
		return SKIPPED;
	}
	if (is_hog)
		return cmocka_run_group_tests(trims, NULL, NULL);
	return cmocka_run_group_tests(all, NULL, NULL);
}
