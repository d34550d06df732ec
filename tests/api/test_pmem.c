/* SPDX-License-Identifier: BSD-2-Clause */
/* Kinds on files. Argument: the filesystem (disk.h). */
#include "disk.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <memkind.h>

#define MIB ((size_t)1 << 20)

enum {
	BLOCK_LIMIT = 4096,
	CHURN_ROUNDS = 1000,
};

static memkind_t const untouched = (memkind_t)-1;

static memkind_t new_kind(size_t max_size)
{
	memkind_t kind = untouched;

	assert_int_equal(memkind_create_pmem(disk.path, max_size, &kind), 0);
	assert_non_null(kind);
	return kind;
}

static memkind_t new_conservative_kind(size_t max_size)
{
	struct memkind_config *config = memkind_config_new();
	memkind_t kind = untouched;

	assert_non_null(config);
	memkind_config_set_path(config, disk.path);
	memkind_config_set_size(config, max_size);
	memkind_config_set_memory_usage_policy(config, MEMKIND_MEM_USAGE_POLICY_CONSERVATIVE);
	assert_int_equal(memkind_create_pmem_with_config(config, &kind), 0);
	memkind_config_delete(config);
	return kind;
}

static void need_small_disk(void)
{
	if (!disk.is_small) {
		print_message("SKIP: this disk can't be filled, or has other users\n");
		skip();
	}
}

static void destroy(memkind_t kind)
{
	assert_int_equal(memkind_destroy_kind(kind), 0);
}

/* Written blocks of SIZE until there are no more; a write that has no memory ends in SIGBUS. */
static size_t fill(memkind_t kind, size_t size, void **blocks, size_t limit)
{
	size_t count = 0;

	errno = 0;
	while (count < limit && (blocks[count] = memkind_malloc(kind, size)) != NULL)
		memset(blocks[count++], 0x5a, size);
	if (count < limit)
		assert_int_equal(errno, ENOMEM);
	return count;
}

static void free_all(void **blocks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		memkind_free(NULL, blocks[i]);
}

static void check_refused(const char *path, size_t size, int code, int error)
{
	memkind_t kind = untouched;

	errno = 0;
	assert_int_equal(memkind_create_pmem(path, size, &kind), code);
	assert_int_equal(errno, error);
	assert_ptr_equal(kind, untouched);
}

static void bad_arguments_are_refused(void **state)
{
	char file[96], long_path[PATH_MAX + 8], long_name[NAME_MAX + 8];
	int fd;

	(void)state;
	check_refused(NULL, 0, MEMKIND_ERROR_INVALID, 0);
	check_refused(disk.path, 1, MEMKIND_ERROR_INVALID, 0);
	check_refused(disk.path, MEMKIND_PMEM_MIN_SIZE - 1, MEMKIND_ERROR_INVALID, 0);
	check_refused("/no/such/folder", 1, MEMKIND_ERROR_INVALID, 0);
	check_refused("/no/such/folder", 0, MEMKIND_ERROR_INVALID, ENOENT);
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	check_refused(long_path, 0, MEMKIND_ERROR_INVALID, ENAMETOOLONG);
	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	check_refused(long_name, 0, MEMKIND_ERROR_INVALID, ENAMETOOLONG);
	snprintf(file, sizeof(file), "%s/file", disk.path);
	fd = open(file, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	check_refused(file, 0, MEMKIND_ERROR_INVALID, ENOTDIR);
	close(fd);
	unlink(file);
	assert_int_equal(memkind_create_pmem(disk.path, 0, NULL), MEMKIND_ERROR_INVALID);
	assert_int_equal(for_each_descriptor(NULL), 0);
}

static void a_folder_without_write_access_is_refused(void **state)
{
	char path[96];

	(void)state;
	snprintf(path, sizeof(path), "%s/closed", disk.path);
	assert_int_equal(mkdir(path, 0500), 0);
	if (geteuid() != 0) {
		check_refused(path, 0, MEMKIND_ERROR_INVALID, EACCES);
	} else if (disk.is_mounted) {
		assert_int_equal(mount(path, path, NULL, MS_BIND, NULL), 0);
		assert_int_equal(mount(path, path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL),
				 0);
		check_refused(path, 0, MEMKIND_ERROR_INVALID, EROFS);
		assert_int_equal(umount(path), 0);
	}
	assert_int_equal(rmdir(path), 0);
}

static void configurations_are_checked_first(void **state)
{
	struct memkind_config *config = memkind_config_new();
	memkind_t kind = untouched;

	(void)state;
	assert_non_null(config);
	assert_int_equal(memkind_create_pmem_with_config(config, &kind), MEMKIND_ERROR_INVALID);
	memkind_config_set_path(config, disk.path);
	memkind_config_set_memory_usage_policy(config, MEMKIND_MEM_USAGE_POLICY_MAX_VALUE);
	assert_int_equal(memkind_create_pmem_with_config(config, &kind), MEMKIND_ERROR_INVALID);
	memkind_config_set_memory_usage_policy(config, (memkind_mem_usage_policy)-1);
	assert_int_equal(memkind_create_pmem_with_config(config, &kind), MEMKIND_ERROR_INVALID);
	memkind_config_set_memory_usage_policy(config, MEMKIND_MEM_USAGE_POLICY_DEFAULT);
	memkind_config_set_size(config, 1);
	assert_int_equal(memkind_create_pmem_with_config(config, &kind), MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_create_pmem_with_config(NULL, &kind), MEMKIND_ERROR_INVALID);
	assert_ptr_equal(kind, untouched);
	assert_int_equal(for_each_descriptor(NULL), 0);
	memkind_config_set_size(config, 16 * MIB);
	assert_int_equal(memkind_create_pmem_with_config(config, &kind), 0);
	memkind_config_delete(config);
	memkind_config_delete(NULL);
	memkind_config_set_path(NULL, disk.path);
	memkind_config_set_size(NULL, 0);
	memkind_config_set_memory_usage_policy(NULL, MEMKIND_MEM_USAGE_POLICY_DEFAULT);
	destroy(kind);
}

static void dax_is_asked_of_the_filesystem(void **state)
{
	(void)state;
	errno = 0;
	assert_int_equal(memkind_check_dax_path(disk.path), MEMKIND_ERROR_MMAP);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(memkind_check_dax_path("/no/such/folder"), MEMKIND_ERROR_RUNTIME);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(memkind_check_dax_path(NULL), MEMKIND_ERROR_INVALID);
	assert_int_equal(for_each_descriptor(NULL), 0);
}

static void capacity_is_the_limit_or_the_filesystem(void **state)
{
	static const size_t unlimited[] = {0, SIZE_MAX, SIZE_MAX - 10, (size_t)1 << 63};
	struct statvfs status;
	memkind_t kind;

	(void)state;
	assert_int_equal(statvfs(disk.path, &status), 0);
	for (size_t i = 0; i < sizeof(unlimited) / sizeof(unlimited[0]); i++) {
		kind = new_kind(unlimited[i]);
		assert_int_equal(memkind_get_capacity(kind), status.f_blocks * status.f_frsize);
		assert_int_equal(memkind_check_available(kind), 0);
		destroy(kind);
	}
	kind = new_kind(16 * MIB + 1);
	assert_int_equal(memkind_get_capacity(kind), 18 * MIB);
	destroy(kind);
}

static void blocks_are_what_they_are_in_other_kinds(void **state)
{
	memkind_t kind = new_kind(0);
	char *block = NULL;

	(void)state;
	for (size_t size = 1; size <= 4 * MIB; size += size / 3 + 1) {
		block = memkind_malloc(kind, size);
		assert_non_null(block);
		memset(block, 0xff, size);
		assert_ptr_equal(memkind_detect_kind(block + size - 1), kind);
		assert_true(memkind_malloc_usable_size(NULL, block) >= size);
		block = memkind_realloc(kind, block, size + size / 2);
		assert_non_null(block);
		assert_int_equal(block[size - 1], (char)0xff);
		memkind_free(kind, block);
		block = memkind_calloc(kind, 1, size);
		assert_non_null(block);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(block[i], 0);
		memkind_free(NULL, block);
	}
	assert_int_equal(memkind_posix_memalign(kind, (void **)&block, 64 << 10, 100), 0);
	assert_int_equal((uintptr_t)block % (64 << 10), 0);
	block = memkind_realloc(MEMKIND_DEFAULT, block, 200);
	assert_ptr_equal(memkind_detect_kind(block), MEMKIND_DEFAULT);
	memkind_free(NULL, block);
	destroy(kind);
}

static void a_limit_is_exact(void **state)
{
	memkind_t kind = new_kind(16 * MIB + 4096);
	static void *blocks[BLOCK_LIMIT];
	int64_t free_before;
	void *block;

	(void)state;
	block = memkind_malloc(kind, 16 * MIB);
	assert_non_null(block);
	memset(block, 1, 16 * MIB);
	assert_null(memkind_malloc(kind, 2 * MIB));
	destroy(kind);
	for (size_t size = 40 << 10; size <= MIB; size *= 5) {
		size_t count, usable;

		kind = new_kind(16 * MIB);
		free_before = free_on_disk();
		count = fill(kind, size, blocks, BLOCK_LIMIT);
		usable = memkind_malloc_usable_size(NULL, blocks[0]);
		assert_in_range(count * usable, 16 * MIB * 9 / 10, 16 * MIB);
		if (disk.is_small)
			assert_in_range(free_before - free_on_disk(), count * size, 16 * MIB + MIB);
		/* Whoever failed changes nothing for those who can have it. */
		memkind_free(NULL, blocks[0]);
		blocks[0] = memkind_malloc(kind, size);
		assert_non_null(blocks[0]);
		destroy(kind);
	}
}

static void a_small_kind_survives_any_sizes(void **state)
{
	static const size_t sizes[] = {10, 100, 3000, 40000, 300000, MIB, 4 * MIB};
	memkind_t kind = new_kind(16 * MIB);

	(void)state;
	for (int round = 0; round < CHURN_ROUNDS; round++) {
		void *blocks[sizeof(sizes) / sizeof(sizes[0])];
		size_t count = sizeof(sizes) / sizeof(sizes[0]);

		for (size_t i = 0; i < count; i++) {
			blocks[i] = memkind_malloc(kind, sizes[(i + (size_t)round) % count]);
			assert_non_null(blocks[i]);
		}
		free_all(blocks, count);
	}
	destroy(kind);
}

static void a_full_disk_gives_no_block(void **state)
{
	static void *blocks[BLOCK_LIMIT];
	int64_t free_before = free_on_disk();
	size_t count;
	memkind_t kind;

	(void)state;
	need_small_disk();
	kind = new_kind(0);
	count = fill(kind, MIB, blocks, BLOCK_LIMIT);
	assert_true(count < BLOCK_LIMIT && count >= (size_t)(free_before / (int64_t)MIB) * 9 / 10);
	assert_null(memkind_calloc(kind, 1, 2 * MIB));
	free_all(blocks, count);
	assert_true(fill(kind, MIB, blocks, BLOCK_LIMIT) >= count - 1);
	destroy(kind);
	assert_true(free_on_disk() >= free_before - (int64_t)MIB);
	kind = new_kind(0);
	assert_true(fill(kind, MIB, blocks, BLOCK_LIMIT) >= count - 1);
	destroy(kind);
}

static void conservative_kinds_give_space_back_at_once(void **state)
{
	static const size_t sizes[] = {5000, 70000, 900000, 3 * MIB};
	static void *blocks[BLOCK_LIMIT];

	(void)state;
	need_small_disk();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		memkind_t kind = new_conservative_kind(0);
		int64_t used = free_on_disk(), kept = used;
		size_t count = fill(kind, sizes[i], blocks, 12 * MIB / sizes[i]);

		assert_int_equal(count, 12 * MIB / sizes[i]);
		used -= free_on_disk();
		free_all(blocks, count);
		kept -= free_on_disk();
		/* What was committed in advance, and what the thread's cache holds, stays. */
		assert_true(kept <= used - (int64_t)(10 * MIB));
		/* Pages that came back are refilled before anybody writes to them. */
		assert_int_equal(fill(kind, sizes[i], blocks, count), count);
		destroy(kind);
	}
}

static void holes_are_not_used_on_a_full_disk(void **state)
{
	static void *blocks[BLOCK_LIMIT], *others[BLOCK_LIMIT];
	size_t count, other_count;
	memkind_t kind, other;

	(void)state;
	need_small_disk();
	kind = new_conservative_kind(0);
	other = new_kind(0);
	count = fill(kind, 2 * MIB, blocks, 8);
	assert_int_equal(count, 8);
	free_all(blocks, count);
	other_count = fill(other, MIB, others, BLOCK_LIMIT);
	assert_true(other_count < BLOCK_LIMIT);
	while (memkind_malloc(other, 4096) != NULL)
		;
	assert_true(fill(kind, 2 * MIB, blocks, 8) < count);
	destroy(other);
	free_all(blocks, 0);
	assert_true(fill(kind, MIB, blocks, 8) == 8);
	destroy(kind);
}

static void limit_file_size(size_t size)
{
	struct rlimit limit = {size, RLIM_INFINITY};

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_limit_of_file_size_is_an_error_and_no_signal(void **state)
{
	memkind_t kind = new_kind(0);
	void *blocks[6];

	(void)state;
	limit_file_size(4 * MIB);
	assert_int_equal(fill(kind, 3 * MIB, blocks, 6), 6);
	assert_null(memkind_malloc(kind, 5 * MIB));
	assert_int_equal(errno, ENOMEM);
	/* A refusal leaves nothing behind. */
	assert_true(for_each_descriptor(NULL) <= 7);
	free_all(blocks, 6);
	limit_file_size(RLIM_INFINITY);
	assert_non_null(memkind_malloc(kind, 5 * MIB));
	destroy(kind);
	assert_int_equal(for_each_descriptor(NULL), 0);
}

static int status_of(pid_t child)
{
	int status = -1;

	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

/* What a child may do; returns the line that failed, or 0. */
static int use_in_child(memkind_t kind, char *block)
{
	if (strcmp(block, "parent") != 0)
		return __LINE__;
	errno = 0;
	if (memkind_malloc(kind, 100) != NULL || errno != ENOMEM)
		return __LINE__;
	if (memkind_malloc(kind, 5 * MIB) != NULL || memkind_calloc(kind, 1, 1) != NULL)
		return __LINE__;
	if (memkind_check_available(kind) != MEMKIND_ERROR_UNAVAILABLE)
		return __LINE__;
	if (memkind_detect_kind(block) != kind)
		return __LINE__;
	memkind_free(kind, block);
	if (memkind_destroy_kind(kind) != 0 || memkind_detect_kind(block) != NULL)
		return __LINE__;
	if (memkind_create_pmem(disk.path, 0, &kind) != 0)
		return __LINE__;
	block = memkind_malloc(kind, 3 * MIB);
	if (block == NULL)
		return __LINE__;
	memset(block, 1, 3 * MIB);
	return 0;
}

static void a_fork_child_reads_and_does_not_share(void **state)
{
	memkind_t kind = new_conservative_kind(0);
	char *block = memkind_malloc(kind, 100), *big = memkind_malloc(kind, 3 * MIB);
	pid_t child;
	int status;

	(void)state;
	memkind_free(kind, memkind_malloc(kind, 100));
	strcpy(block, "parent");
	memset(big, 7, 3 * MIB);
	child = fork();
	if (child == 0) {
		memkind_free(NULL, big);
		_exit(use_in_child(kind, block) != 0);
	}
	status = status_of(child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	child = fork();
	if (child == 0) {
		signal(SIGSEGV, SIG_DFL);
		block[0] = 'c';
		_exit(0);
	}
	status = status_of(child);
	/* A sanitizer turns the signal into an exit code. */
	assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGSEGV : WEXITSTATUS(status) != 0);
	assert_string_equal(block, "parent");
	for (size_t i = 0; i < 3 * MIB; i++)
		assert_int_equal(big[i], 7);
	assert_non_null(memkind_malloc(kind, 100));
	destroy(kind);
}

/* The child maps the file still; what it reads is gone, and no signal. */
static void space_is_free_though_a_child_maps_the_file(void **state)
{
	int64_t free_before = free_on_disk();
	int go_on[2], status;
	memkind_t kind;
	char *block;
	pid_t child;

	(void)state;
	need_small_disk();
	kind = new_kind(0);
	block = memkind_malloc(kind, 20 * MIB);
	memset(block, 1, 20 * MIB);
	assert_int_equal(pipe(go_on), 0);
	child = fork();
	if (child == 0) {
		char unused;

		_exit(read(go_on[0], &unused, 1) != 1 || block[10 * MIB] != 0);
	}
	destroy(kind);
	assert_true(free_on_disk() >= free_before - (int64_t)MIB);
	assert_int_equal(write(go_on[1], "x", 1), 1);
	status = status_of(child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(go_on[0]);
	close(go_on[1]);
}

static void check_close_on_exec(int fd)
{
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

static void files_have_no_name_and_are_not_inherited(void **state)
{
	memkind_t kind = new_kind(0);

	(void)state;
	assert_non_null(memkind_malloc(kind, 1));
	assert_int_equal(names_on_disk(), 0);
	assert_int_equal(for_each_descriptor(check_close_on_exec), 1);
	destroy(kind);
	assert_int_equal(for_each_descriptor(NULL), 0);
}

static int taken;

static void take_over(int fd)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_int_equal(dup3(null, fd, O_CLOEXEC), fd);
	close(null);
	taken = fd;
}

static void a_descriptor_that_the_program_took_is_left_alone(void **state)
{
	memkind_t kind = new_kind(0);
	char *block = memkind_malloc(kind, 1);
	struct stat status;

	(void)state;
	assert_int_equal(for_each_descriptor(take_over), 1);
	*block = 1;
	assert_non_null(memkind_malloc(kind, 300 * MIB >> (disk.is_small ? 4 : 0)));
	destroy(kind);
	assert_int_equal(fstat(taken, &status), 0);
	close(taken);
	assert_int_equal(for_each_descriptor(NULL), 0);
}

static pthread_barrier_t all_have_one;
static _Atomic unsigned refused;

static void *hold_a_block(void *kind)
{
	char *block = memkind_malloc(kind, 64);

	if (block == NULL)
		refused++;
	else
		memset(block, 1, 64);
	pthread_barrier_wait(&all_have_one);
	memkind_free(kind, block);
	return NULL;
}

static void a_small_kind_serves_hundreds_of_threads(void **state)
{
	static pthread_t threads[512];

	(void)state;
	for (unsigned count = 64; count <= 512; count *= 8) {
		memkind_t kind = new_kind(16 * MIB);

		refused = 0;
		pthread_barrier_init(&all_have_one, NULL, count);
		for (unsigned i = 0; i < count; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, hold_a_block, kind), 0);
		for (unsigned i = 0; i < count; i++)
			assert_int_equal(pthread_join(threads[i], NULL), 0);
		pthread_barrier_destroy(&all_have_one);
		assert_int_equal(refused, 0);
		destroy(kind);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_arguments_are_refused),
		cmocka_unit_test(a_folder_without_write_access_is_refused),
		cmocka_unit_test(configurations_are_checked_first),
		cmocka_unit_test(dax_is_asked_of_the_filesystem),
		cmocka_unit_test(capacity_is_the_limit_or_the_filesystem),
		cmocka_unit_test(blocks_are_what_they_are_in_other_kinds),
		cmocka_unit_test(a_limit_is_exact),
		cmocka_unit_test(a_small_kind_survives_any_sizes),
		cmocka_unit_test(a_full_disk_gives_no_block),
		cmocka_unit_test(conservative_kinds_give_space_back_at_once),
		cmocka_unit_test(holes_are_not_used_on_a_full_disk),
		cmocka_unit_test(a_limit_of_file_size_is_an_error_and_no_signal),
		cmocka_unit_test(a_fork_child_reads_and_does_not_share),
		cmocka_unit_test(space_is_free_though_a_child_maps_the_file),
		cmocka_unit_test(files_have_no_name_and_are_not_inherited),
		cmocka_unit_test(a_descriptor_that_the_program_took_is_left_alone),
		cmocka_unit_test(a_small_kind_serves_hundreds_of_threads),
	};

	if (argc != 2)
		return 1;
	start_disk(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
