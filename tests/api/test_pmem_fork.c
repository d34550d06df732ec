/* SPDX-License-Identifier: BSD-2-Clause */
/* Kinds on files of which a fork child gets a copy. Argument: the filesystem (disk.h). */
#include "disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>
#include <memkind_ng.h>

#define MIB ((size_t)1 << 20)

enum { BLOCK_LIMIT = 4096 };

static memkind_t new_kind(void)
{
	memkind_t kind = NULL;

	assert_int_equal(memkind_create_pmem(disk.path, 0, &kind), 0);
	assert_int_equal(memkind_ng_copy_at_fork(kind), 0);
	return kind;
}

static void destroy(memkind_t kind)
{
	assert_int_equal(memkind_destroy_kind(kind), 0);
}

static int status_of(pid_t child)
{
	int status = -1;

	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void need_small_disk(void)
{
	if (!disk.is_small) {
		print_message("SKIP: this disk can't be filled, or has other users\n");
		skip();
	}
}

/* Each writes what it has of its own, and takes more; CHILD_TEXT is what the forked one writes. */
static int use_copy(memkind_t kind, char *block, char *big, const char *child_text)
{
	char *more;

	if (strcmp(block, "parent") != 0 || memkind_check_available(kind) != 0)
		return 1;
	for (size_t i = 0; i < 3 * MIB; i++)
		if (big[i] != 7)
			return 2;
	strcpy(block, child_text);
	memset(big, 8, 3 * MIB);
	memkind_free(kind, big);
	more = memkind_malloc(kind, 5 * MIB);
	if (more == NULL)
		return 3;
	memset(more, 9, 5 * MIB);
	return strcmp(block, child_text) == 0 && memkind_detect_kind(more) == kind ? 0 : 4;
}

/* And the child's own child. */
static void a_fork_child_has_a_copy_where_that_is_wanted(void **state)
{
	memkind_t kind = new_kind();
	char *block = memkind_malloc(kind, 100), *big = memkind_malloc(kind, 3 * MIB);
	void *holes = memkind_malloc(kind, 8 * MIB);
	pid_t child;
	int status;

	(void)state;
	assert_int_equal(memkind_ng_copy_at_fork(MEMKIND_DEFAULT), MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_ng_copy_at_fork(NULL), MEMKIND_ERROR_INVALID);
	memset(holes, 1, 8 * MIB);
	memkind_free(kind, holes);
	strcpy(block, "parent");
	memset(big, 7, 3 * MIB);
	child = fork();
	if (child == 0) {
		pid_t grandchild = fork();

		if (grandchild == 0)
			_exit(use_copy(kind, block, big, "grandchild"));
		status = status_of(grandchild);
		_exit(status != 0 ? 10 : use_copy(kind, block, big, "child"));
	}
	status = status_of(child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_string_equal(block, "parent");
	for (size_t i = 0; i < 3 * MIB; i++)
		assert_int_equal(big[i], 7);
	destroy(kind);
}

static size_t count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(folder);
	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

/* As a daemon does before it forks. */
static void a_kind_without_its_descriptors_is_copied(void **state)
{
	memkind_t kind = new_kind();
	char *block = memkind_malloc(kind, 100), *big = memkind_malloc(kind, 3 * MIB);
	pid_t child;
	int status;

	(void)state;
	strcpy(block, "parent");
	memset(big, 7, 3 * MIB);
	child = fork();
	if (child == 0) {
		for (int fd = STDERR_FILENO + 1; fd < 4096; fd++)
			close(fd);
		child = fork();
		if (child == 0)
			_exit(use_copy(kind, block, big, "grandchild"));
		status = status_of(child);
		_exit(WEXITSTATUS(status) + strcmp(block, "parent"));
	}
	assert_int_equal(status_of(child), 0);
	destroy(kind);
}

static void copies_leave_nothing_behind(void **state)
{
	int64_t free_before = free_on_disk();
	time_t deadline = time(NULL) + 30;
	size_t descriptors = count_descriptors();
	memkind_t kind = new_kind();
	void *block = memkind_malloc(kind, MIB);

	(void)state;
	need_small_disk();
	memset(block, 1, MIB);
	for (int i = 0; i < 40; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		assert_int_equal(status_of(child), 0);
	}
	destroy(kind);
	assert_int_equal(count_descriptors(), descriptors);
	/* xfs frees what has no name any more when it finds the time. */
	while (free_on_disk() < free_before - (int64_t)MIB && time(NULL) < deadline)
		sched_yield();
	assert_true(free_on_disk() >= free_before - (int64_t)MIB);
}

static void without_space_for_a_copy_the_child_reads(void **state)
{
	static void *blocks[BLOCK_LIMIT];
	memkind_t kind;
	size_t count = 0;
	pid_t child;
	int status;

	(void)state;
	need_small_disk();
	kind = new_kind();
	while (count < BLOCK_LIMIT && (blocks[count] = memkind_malloc(kind, MIB)) != NULL)
		memset(blocks[count++], 0x5a, MIB);
	child = fork();
	if (child == 0)
		_exit(memkind_check_available(kind) != MEMKIND_ERROR_UNAVAILABLE ||
		      *(char *)blocks[0] != 0x5a || memkind_malloc(kind, 8) != NULL);
	status = status_of(child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	memset(blocks[0], 1, MIB);
	while (count > 0)
		memkind_free(kind, blocks[--count]);
	destroy(kind);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fork_child_has_a_copy_where_that_is_wanted),
		cmocka_unit_test(a_kind_without_its_descriptors_is_copied),
		cmocka_unit_test(copies_leave_nothing_behind),
		cmocka_unit_test(without_space_for_a_copy_the_child_reads),
	};

	if (argc != 2)
		return 1;
	start_disk(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
