/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kinds come and go, hundreds at once, while threads hold caches of them. Arguments: the type of disk; "plain"
 * or "slow"; CPUs to pretend, or "-"; "described" where kinds are to be described and not on files.
 */
#include "disk.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <memkind_ng.h>

#define MIB ((size_t)1 << 20)

enum {
	ROUND_COUNT = 20,
	SLOW_ROUND_COUNT = 3,
	THREAD_COUNT = 8,
	CHURN_COUNT = 200,
	SLOW_CHURN_COUNT = 24,
	AREA_SIZE = 256 << 10,
	FIRST_BLOCK_COST = 256 << 10,
	/* Kinds that the library itself may have. */
	STATIC_LIMIT = 32,
	UNUSED_KIND_COST = 64 << 10,
	GROWTH_LIMIT = 1 << 20,
};

static memkind_t kinds[MEMKIND_MAX_KIND];
/* Instrumented or emulated: sizes of the process say nothing, and there is less time. */
static bool is_slow;
static bool is_described;
static bool has_mbind; /* an emulator has none, and only the successor of such a kind would serve */
static int round_count = ROUND_COUNT, churn_count = CHURN_COUNT;

static size_t resident_size(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	size_t all, resident;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%zu %zu", &all, &resident), 2);
	fclose(file);
	return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static memkind_t new_file_kind(size_t size)
{
	memkind_t kind = NULL;
	char text[64];

	if (is_described) {
		snprintf(text, sizeof(text), "nodes=far;limit=%zuK",
			 (size == 0 ? 1024 * MIB : size) / 1024);
		assert_int_equal(memkind_ng_create_from(text, &kind, NULL, 0), 0);
	} else {
		assert_int_equal(memkind_create_pmem(disk.path, size, &kind), 0);
	}
	return kind;
}

static void destroy(memkind_t kind)
{
	assert_int_equal(memkind_destroy_kind(kind), 0);
}

static void handles_are_checked(void **state)
{
	memkind_t kind = new_file_kind(0);

	(void)state;
	assert_int_equal(memkind_destroy_kind(NULL), MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_destroy_kind((memkind_t)&kind), MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_destroy_kind(MEMKIND_REGULAR), 0);
	assert_int_equal(memkind_check_available(MEMKIND_REGULAR), 0);
	memkind_free(NULL, memkind_malloc(MEMKIND_REGULAR, 100));
	assert_int_equal(memkind_destroy_kind(kind), 0);
	assert_int_equal(memkind_destroy_kind(kind), MEMKIND_ERROR_INVALID);
	/* A handle that is kept too long gives no memory. */
	errno = 0;
	assert_null(memkind_malloc(kind, 100));
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(memkind_get_capacity(kind), -1);
	assert_int_not_equal(memkind_check_available(kind), 0);
}

/* The kernel's list of CPUs, for this process; only where it sees mounts of its own. */
static void pretend_cpus(const char *list)
{
	static const char name[] = "possible-cpus", *const possible =
							    "/sys/devices/system/cpu/possible";
	char path[sizeof(disk.path) + sizeof(name)];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", disk.path, name);
	file = fopen(path, "w");
	if (file == NULL || fprintf(file, "%s\n", list) < 0 || fclose(file) != 0)
		exit(1);
	if (mount(path, possible, NULL, MS_BIND, NULL) != 0)
		skip_disk("nothing can be mounted on a file of sysfs");
	unlink(path);
}

static void use_static_kinds(void)
{
	const memkind_t static_kinds[] = {MEMKIND_DEFAULT,
					  MEMKIND_REGULAR,
					  MEMKIND_INTERLEAVE,
					  MEMKIND_DAX_KMEM,
					  MEMKIND_DAX_KMEM_ALL,
					  MEMKIND_DAX_KMEM_PREFERRED,
					  MEMKIND_DAX_KMEM_INTERLEAVE};

	for (size_t i = 0; i < sizeof(static_kinds) / sizeof(static_kinds[0]); i++) {
		void *block = memkind_malloc(static_kinds[i], 100);

		assert_non_null(block);
		memkind_free(static_kinds[i], block);
	}
}

/* One of each type in turn, the first ones described where that is all. */
static int make_one(size_t number, char *areas, memkind_t *kind)
{
	const char *const texts[] = {"nodes=far", "nodes=dram;policy=interleave;limit=64K",
				     has_mbind ? "nodes=0;exhaustion=null;then=regular"
					       : "nodes=0;limit=64K;then=regular"};

	if (is_described || number % 3 == 0)
		return memkind_ng_create_from(texts[number % 7 % 3], kind, NULL, 0);
	if (number % 3 == 1)
		return memkind_create_fixed(areas + number * AREA_SIZE, AREA_SIZE, kind);
	return memkind_create_pmem(disk.path, 0, kind);
}

/* Until there are no more. */
static size_t make_all(char *areas)
{
	size_t count = 0;
	int code = 0;

	while (code == 0) {
		memkind_t kind = NULL;

		code = make_one(count, areas, &kind);
		if (code == 0)
			kinds[count++] = kind;
		else
			assert_null(kind);
	}
	assert_int_equal(code, MEMKIND_ERROR_TOOMANY);
	return count;
}

static void use_all(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *block = memkind_malloc(kinds[i], 100);

		assert_non_null(block);
		*block = 1;
		assert_ptr_equal(memkind_detect_kind(block), kinds[i]);
	}
}

static void hundreds_of_kinds_come_and_go_without_growth(void **state)
{
	size_t size = (size_t)MEMKIND_MAX_KIND * AREA_SIZE, before = 0;
	struct rlimit limit = {2048, 2048};
	char *areas = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(areas, MAP_FAILED);
	setrlimit(RLIMIT_NOFILE, &limit);
	use_static_kinds();
	/* An emulator keeps records of all addresses there ever were: 5 GiB a round. */
	for (int round = 0; round < (has_mbind ? round_count : 1); round++) {
		size_t count = make_all(areas);

		assert_in_range(count, MEMKIND_MAX_KIND - STATIC_LIMIT, MEMKIND_MAX_KIND);
		use_all(count);
		for (size_t i = 0; i < count; i++)
			destroy(kinds[round % 2 == 0 ? i : count - 1 - i]);
		assert_int_equal(for_each_descriptor(NULL), 0);
		if (round == 1)
			before = resident_size();
	}
	if (!is_slow)
		assert_true(resident_size() < before + GROWTH_LIMIT);
	munmap(areas, size);
}

static void a_kind_that_is_not_used_costs_little(void **state)
{
	enum { COUNT = 400 };
	size_t before = resident_size();

	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		kinds[i] = new_file_kind(0);
	if (!is_slow)
		assert_true(resident_size() < before + COUNT * (size_t)UNUSED_KIND_COST);
	for (size_t i = 0; i < COUNT; i++)
		destroy(kinds[i]);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void *time_first_block(void *kind)
{
	static uint64_t elapsed;
	uint64_t start = now_ns();

	memkind_free(NULL, memkind_malloc(kind, 64));
	elapsed = now_ns() - start;
	return &elapsed;
}

static void a_threads_first_block_costs_little(void **state)
{
	enum { COUNT = 20 };
	memkind_t kind = new_file_kind(0);
	uint64_t best = UINT64_MAX;
	size_t before;

	(void)state;
	memkind_free(kind, memkind_malloc(kind, 64));
	before = resident_size();
	for (int i = 0; i < COUNT; i++) {
		pthread_t thread;
		void *elapsed;

		assert_int_equal(pthread_create(&thread, NULL, time_first_block, kind), 0);
		pthread_join(thread, &elapsed);
		if (*(uint64_t *)elapsed < best)
			best = *(uint64_t *)elapsed;
	}
	if (!is_slow) {
		assert_in_range(best, 0, 1000000);
		/* The stack of the first thread, which libc keeps, is in it. */
		assert_true(resident_size() < before + FIRST_BLOCK_COST);
	}
	destroy(kind);
}

static pthread_barrier_t barrier;
static memkind_t shared_kind;
static _Atomic unsigned failures;

static void fill_caches(memkind_t kind)
{
	void *blocks[64];

	for (size_t size = 8; size <= MIB; size *= 3) {
		size_t count = size < 10000 ? 64 : 4;

		for (size_t i = 0; i < count; i++) {
			blocks[i] = memkind_malloc(kind, size);
			if (blocks[i] == NULL || memkind_detect_kind(blocks[i]) != kind)
				failures++;
		}
		for (size_t i = 0; i < count; i++)
			memkind_free(i % 2 == 0 ? kind : NULL, blocks[i]);
	}
}

static void *use_kind_after_kind(void *unused)
{
	for (int round = 0; round < round_count; round++) {
		pthread_barrier_wait(&barrier); /* there is a new kind */
		fill_caches(shared_kind);
		pthread_barrier_wait(&barrier); /* all have used it */
	}
	return unused;
}

/* The next kind gets the numbers of the one before: stale caches would serve its blocks. */
static void kinds_are_destroyed_while_threads_hold_caches(void **state)
{
	pthread_t threads[THREAD_COUNT];
	int64_t free_before = free_on_disk();

	(void)state;
	failures = 0;
	pthread_barrier_init(&barrier, NULL, THREAD_COUNT + 1);
	for (int i = 0; i < THREAD_COUNT; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use_kind_after_kind, NULL), 0);
	for (int round = 0; round < round_count; round++) {
		shared_kind = new_file_kind(0);
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
		destroy(shared_kind);
		if (disk.is_small)
			assert_true(free_on_disk() >= free_before - (int64_t)MIB);
	}
	for (int i = 0; i < THREAD_COUNT; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	pthread_barrier_destroy(&barrier);
	assert_int_equal(failures, 0);
}

/* Threads end, and so flush their caches, while others destroy what these are of. */
static void *make_use_and_destroy(void *argument)
{
	for (int i = 0; i < churn_count / THREAD_COUNT; i++) {
		memkind_t kind = NULL;

		if (memkind_create_pmem(disk.path, 16 * MIB, &kind) != 0 || kind == NULL) {
			failures++;
			continue;
		}
		memkind_free(NULL, memkind_malloc(kind, 1000));
		memkind_free(NULL, memkind_malloc(MEMKIND_REGULAR, 1000));
		if (memkind_malloc(kind, 40000) == NULL || memkind_destroy_kind(kind) != 0)
			failures++;
	}
	return argument;
}

static void *come_and_go(void *argument)
{
	memkind_free(NULL, memkind_malloc(shared_kind, 1000));
	return argument;
}

static void threads_end_while_kinds_are_destroyed(void **state)
{
	pthread_t makers[THREAD_COUNT], guests[THREAD_COUNT];

	(void)state;
	failures = 0;
	shared_kind = new_file_kind(0);
	assert_int_equal(memkind_set_bg_threads(true), 0);
	for (int i = 0; i < THREAD_COUNT; i++)
		assert_int_equal(pthread_create(&makers[i], NULL, make_use_and_destroy, NULL), 0);
	for (int round = 0; round < churn_count / THREAD_COUNT; round++) {
		for (int i = 0; i < THREAD_COUNT; i++)
			assert_int_equal(pthread_create(&guests[i], NULL, come_and_go, NULL), 0);
		for (int i = 0; i < THREAD_COUNT; i++)
			assert_int_equal(pthread_join(guests[i], NULL), 0);
	}
	for (int i = 0; i < THREAD_COUNT; i++)
		assert_int_equal(pthread_join(makers[i], NULL), 0);
	assert_int_equal(memkind_set_bg_threads(false), 0);
	assert_int_equal(failures, 0);
	destroy(shared_kind);
}

static void *allocate_here(void *kind)
{
	return memkind_malloc(kind, 5000);
}

static void *free_here(void *block)
{
	memkind_free(NULL, block);
	return NULL;
}

static void blocks_are_freed_by_any_thread(void **state)
{
	memkind_t kind = new_file_kind(16 * MIB);
	pthread_t thread;
	void *block;

	(void)state;
	/* Many times what the kind has. */
	for (int i = 0; i < churn_count; i++) {
		assert_int_equal(pthread_create(&thread, NULL, allocate_here, kind), 0);
		assert_int_equal(pthread_join(thread, &block), 0);
		assert_non_null(block);
		assert_int_equal(pthread_create(&thread, NULL, free_here, block), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
		block = memkind_malloc(kind, MIB);
		assert_non_null(block);
		assert_int_equal(pthread_create(&thread, NULL, free_here, block), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
	}
	destroy(kind);
}

/* The child's standard error, as far as it fits. */
static void run_misuse(void *block, char *ret_text, size_t size)
{
	int ends[2], status;
	ssize_t length;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		struct rlimit none = {0, 0};

		setrlimit(RLIMIT_CORE, &none);
		dup2(ends[1], STDERR_FILENO);
		memkind_free(NULL, block);
		_exit(0);
	}
	close(ends[1]);
	length = read(ends[0], ret_text, size - 1);
	close(ends[0]);
	ret_text[length < 0 ? 0 : length] = '\0';
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
}

static void a_block_of_a_destroyed_kind_is_foreign(void **state)
{
	static const size_t sizes[] = {100, 100000, 5 * MIB};
	memkind_t kind = new_file_kind(0);
	void *blocks[3];
	char text[300];

	(void)state;
	for (size_t i = 0; i < 3; i++)
		blocks[i] = memkind_malloc(kind, sizes[i]);
	destroy(kind);
	for (size_t i = 0; i < 3; i++) {
		assert_null(memkind_detect_kind(blocks[i]));
		run_misuse(blocks[i], text, sizeof(text));
		assert_non_null(strstr(text, "is no block of this library"));
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handles_are_checked),
		cmocka_unit_test(a_kind_that_is_not_used_costs_little),
		cmocka_unit_test(a_threads_first_block_costs_little),
		cmocka_unit_test(hundreds_of_kinds_come_and_go_without_growth),
		cmocka_unit_test(kinds_are_destroyed_while_threads_hold_caches),
		cmocka_unit_test(threads_end_while_kinds_are_destroyed),
		cmocka_unit_test(blocks_are_freed_by_any_thread),
		cmocka_unit_test(a_block_of_a_destroyed_kind_is_foreign),
	};

	if (argc < 3)
		return 1;
	is_slow = strcmp(argv[2], "plain") != 0;
	if (is_slow) {
		round_count = SLOW_ROUND_COUNT;
		churn_count = SLOW_CHURN_COUNT;
	}
	start_disk(argv[1]);
	has_mbind = syscall(SYS_mbind, NULL, 0L, 0L, NULL, 0L, 0L) == 0;
	is_described = argc > 4 && strcmp(argv[4], "described") == 0;
	if (argc > 3 && strcmp(argv[3], "-") != 0)
		pretend_cpus(argv[3]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
