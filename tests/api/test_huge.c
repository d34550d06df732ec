/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kinds on huge pages, with real ones: the test makes a pool and puts the old one back, so it needs
 * root. MEMKIND_HBW_NODES is 0. Argument: "old" for a kernel without MADV_POPULATE_WRITE, else "new".
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <memkind_ng.h>

#define POOL	"/sys/kernel/mm/hugepages/hugepages-2048kB/"
#define MIB	((size_t)1 << 20)
#define PAGE	(2 * MIB)
#define MASK_1K (1024 / (8 * sizeof(unsigned long)))

enum {
	PAGE_COUNT = 32,
	BLOCK_LIMIT = 64,
	MODE_PREFERRED = 1,
	MODE_BIND = 2,
	FLAG_ADDRESS = 1 << 1,
	POPULATE_WRITE = 23,
	DEADLINE_S = 40,
};

static const struct {
	const char *name;
	memkind_t *handle;
	int mode;
} kinds[] = {
	{"HUGETLB", &MEMKIND_HUGETLB, 0},
	{"HBW_HUGETLB", &MEMKIND_HBW_HUGETLB, MODE_BIND},
	{"HBW_ALL_HUGETLB", &MEMKIND_HBW_ALL_HUGETLB, MODE_BIND},
	{"HBW_PREFERRED_HUGETLB", &MEMKIND_HBW_PREFERRED_HUGETLB, MODE_PREFERRED},
	{"GBTLB", &MEMKIND_GBTLB, 0},
	{"HBW_GBTLB", &MEMKIND_HBW_GBTLB, MODE_BIND},
	{"HBW_PREFERRED_GBTLB", &MEMKIND_HBW_PREFERRED_GBTLB, MODE_PREFERRED},
};

enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

static long pages_at_start = -1;

static long number_of(const char *path)
{
	long number = -1;
	FILE *file = fopen(path, "r");

	if (file != NULL) {
		if (fscanf(file, "%ld", &number) != 1)
			number = -1;
		fclose(file);
	}
	return number;
}

/* What the pool has then: the kernel may find fewer. */
static long set_pages(const char *path, long count)
{
	FILE *file = fopen(path, "w");

	if (file != NULL) {
		fprintf(file, "%ld\n", count);
		fclose(file);
	}
	return number_of(path);
}

static void restore_pool(void)
{
	if (pages_at_start >= 0)
		set_pages(POOL "nr_hugepages", pages_at_start);
}

static long free_pages(void)
{
	return number_of(POOL "free_hugepages") - number_of(POOL "resv_hugepages");
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void without_a_pool_there_is_none(void **state)
{
	(void)state;
	if (pages_at_start != 0 || number_of(POOL "nr_overcommit_hugepages") != 0)
		skip();
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		memkind_t kind = *kinds[i].handle;

		errno = 0;
		assert_null(memkind_malloc(kind, 100));
		assert_int_equal(errno, ENOMEM);
		assert_int_equal(memkind_check_available(kind), MEMKIND_ERROR_HUGETLB);
		assert_int_equal(memkind_get_capacity(kind), -1);
		assert_non_null(strstr(memkind_ng_unavailable_reason(kind), "huge pages"));
	}
}

/* Not the last one: the kinds that were refused before look again. */
static void a_pool_that_was_made_is_found(void **state)
{
	(void)state;
	assert_int_equal(set_pages(POOL "nr_hugepages", pages_at_start + PAGE_COUNT),
			 pages_at_start + PAGE_COUNT);
	memkind_ng_rescan();
	for (unsigned i = 0; i < KIND_COUNT; i++)
		assert_int_equal(memkind_check_available(*kinds[i].handle), 0);
	assert_int_equal(memkind_get_capacity(MEMKIND_HUGETLB),
			 (pages_at_start + PAGE_COUNT) * (ssize_t)PAGE);
	assert_int_equal(memkind_get_capacity(MEMKIND_HBW_HUGETLB), -1);
	assert_int_equal(memkind_get_capacity(MEMKIND_HBW_PREFERRED_HUGETLB), -1);
}

/* KiB of the pages of the mapping that ADDRESS is in. */
static long kernel_page_size(const void *address)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	bool is_inside = false;
	long size = -1;
	char line[512];

	assert_non_null(file);
	while (size < 0 && fgets(line, sizeof(line), file) != NULL) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			is_inside = from <= (uintptr_t)address && (uintptr_t)address < to;
		else if (is_inside && strncmp(line, "KernelPageSize:", 15) == 0)
			size = strtol(line + 15, NULL, 10);
	}
	fclose(file);
	return size;
}

static void assert_policy(void *block, int mode)
{
	unsigned long mask[MASK_1K] = {0};
	int actual = -1;

	assert_int_equal(syscall(SYS_get_mempolicy, &actual, mask, 1024, block, FLAG_ADDRESS), 0);
	assert_int_equal(actual, mode);
	assert_int_equal(mask[0], mode == 0 ? 0 : 1);
}

/* Before the first touch, which might be SIGBUS. */
static bool is_present(const char *address)
{
	uintptr_t page = (uintptr_t)address & ~(uintptr_t)(PAGE - 1);
	unsigned char present[PAGE / 4096] = {0};

	return mincore((void *)page, PAGE, present) == 0 && (present[0] & 1) != 0;
}

static void blocks_are_on_huge_pages_under_the_policy(void **state)
{
	static const size_t sizes[] = {64, 20000, 300000};

	(void)state;
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		for (unsigned j = 0; j < 3; j++) {
			char *block = memkind_malloc(*kinds[i].handle, sizes[j]);

			assert_non_null(block);
			assert_true(is_present(block) && is_present(block + sizes[j] - 1));
			memset(block, 1, sizes[j]);
			assert_true(kernel_page_size(block) >= 2048);
			assert_policy(block, kinds[i].mode);
			assert_ptr_equal(memkind_detect_kind(block), *kinds[i].handle);
			memkind_free(NULL, block);
		}
	}
}

/* Without a signal, and with a little left over for what is smaller than a page. */
static void a_pool_that_is_used_up_is_enomem(void **state)
{
	char *blocks[BLOCK_LIMIT];
	unsigned count = 0;

	(void)state;
	errno = 0;
	while (count < BLOCK_LIMIT &&
	       (blocks[count] = memkind_malloc(MEMKIND_HUGETLB, MIB)) != NULL)
		memset(blocks[count++], 1, MIB);
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(free_pages(), 0);
	assert_true(count >= 2 * PAGE_COUNT - 2 * KIND_COUNT - 2);
	/* Other kinds have no page either, unless they had one before. */
	errno = 0;
	assert_null(memkind_malloc(MEMKIND_HBW_HUGETLB, 8 * MIB));
	assert_int_equal(errno, ENOMEM);
	/* In one piece, of what was freed in many. */
	for (unsigned i = 0; i < count; i++)
		memkind_free(MEMKIND_HUGETLB, blocks[i]);
	blocks[0] = memkind_malloc(MEMKIND_HUGETLB, 8 * PAGE);
	assert_non_null(blocks[0]);
	memset(blocks[0], 1, 8 * PAGE);
	memkind_free(NULL, blocks[0]);
}

/* A copy-on-write that finds no page is the child's problem. */
static void a_fork_does_not_harm_the_parent(void **state)
{
	char *blocks[BLOCK_LIMIT];
	unsigned count = 0;
	pid_t child;
	int status;

	(void)state;
	while (count < BLOCK_LIMIT &&
	       (blocks[count] = memkind_malloc(MEMKIND_HUGETLB, MIB)) != NULL)
		memset(blocks[count++], 1, MIB);
	child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	for (unsigned i = 0; i < count; i++)
		memset(blocks[i], 2, MIB);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(blocks[i][MIB - 1], 2);
		memkind_free(NULL, blocks[i]);
	}
}

static unsigned long random_number(unsigned long *seed)
{
	*seed = *seed * 6364136223846793005UL + 1442695040888963407UL;
	return *seed >> 33;
}

static bool is_filled(const char *block, size_t size, char value)
{
	return block[0] == value && block[size / 2] == value && block[size - 1] == value;
}

static void blocks_keep_their_bytes(void **state)
{
	static struct {
		char *block;
		size_t size;
	} slots[BLOCK_LIMIT];
	unsigned long seed = 42;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		unsigned index = (unsigned)(random_number(&seed) % BLOCK_LIMIT);
		size_t size = 1 + random_number(&seed) % (1UL << random_number(&seed) % 22);
		char *block = slots[index].block;

		if (block != NULL)
			assert_true(is_filled(block, slots[index].size, (char)index));
		if (round % 3 == 0) {
			memkind_free(NULL, block);
			block = memkind_calloc(MEMKIND_HUGETLB, 1, size);
			assert_true(block == NULL || is_filled(block, size, 0));
		} else {
			char *moved = memkind_realloc(MEMKIND_HUGETLB, block, size);

			if (moved == NULL)
				memkind_free(NULL, block);
			block = moved;
		}
		if (block != NULL)
			memset(block, (int)index, size);
		slots[index].block = block;
		slots[index].size = size;
	}
	for (unsigned i = 0; i < BLOCK_LIMIT; i++)
		memkind_free(NULL, slots[i].block);
}

/* The kind follows the machine: its next blocks are in the page of 1 GiB, and then in small ones. */
static void pages_of_a_gigabyte_are_taken_where_there_are_some(void **state)
{
	const char *pool = "/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages";
	char *before = memkind_malloc(MEMKIND_GBTLB, 100), *block;

	(void)state;
	assert_non_null(before);
	if (set_pages(pool, 1) != 1) {
		set_pages(pool, 0);
		skip();
	}
	memkind_ng_rescan();
	assert_int_equal(memkind_get_capacity(MEMKIND_GBTLB), 1 << 30);
	block = memkind_malloc(MEMKIND_GBTLB, 600 * MIB);
	assert_non_null(block);
	assert_int_equal(kernel_page_size(block), 1 << 20);
	assert_int_equal(kernel_page_size(before), 2048);
	block[600 * MIB - 1] = 1;
	errno = 0;
	assert_null(memkind_malloc(MEMKIND_GBTLB, 600 * MIB));
	assert_int_equal(errno, ENOMEM);
	memkind_free(NULL, block);
	memkind_free(NULL, before);
	set_pages(pool, 0);
	memkind_ng_rescan();
	assert_int_equal(memkind_get_capacity(MEMKIND_GBTLB),
			 memkind_get_capacity(MEMKIND_HUGETLB));
}

/* The last one. A block of four pages has three whole ones at least; its ends may be shared. */
static void idle_pages_go_back_to_the_pool(void **state)
{
	char *block = memkind_malloc(MEMKIND_HUGETLB, 4 * PAGE);
	double deadline = now() + DEADLINE_S;
	long free_count;

	(void)state;
	assert_non_null(block);
	assert_int_equal(memkind_set_bg_threads(true), 0);
	free_count = free_pages();
	memkind_free(NULL, block);
	while (free_pages() < free_count + 3 && now() < deadline)
		sched_yield();
	assert_true(free_pages() >= free_count + 3);
	assert_int_equal(memkind_set_bg_threads(false), 0);
}

static int deny_populate(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, POPULATE_WRITE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_pool_there_is_none),
		cmocka_unit_test(a_pool_that_was_made_is_found),
		cmocka_unit_test(blocks_are_on_huge_pages_under_the_policy),
		cmocka_unit_test(a_pool_that_is_used_up_is_enomem),
		cmocka_unit_test(a_fork_does_not_harm_the_parent),
		cmocka_unit_test(blocks_keep_their_bytes),
		cmocka_unit_test(pages_of_a_gigabyte_are_taken_where_there_are_some),
		cmocka_unit_test(idle_pages_go_back_to_the_pool),
	};
	/* There is one pool for all tests that run at this time. */
	FILE *lock = fopen("/tmp/memkind-huge-pages.lock", "w");

	if (argc == 3 && strcmp(argv[2], "emulated") == 0) {
		printf("SKIP: an emulator has no /sys\n");
		return 77;
	}
	if (argc != 2 || (strcmp(argv[1], "old") == 0 && deny_populate() != 0))
		return 99;
	if (lock == NULL || flock(fileno(lock), LOCK_EX) != 0)
		return 99;
	pages_at_start = number_of(POOL "nr_hugepages");
	if (pages_at_start < 0 || free_pages() != pages_at_start ||
	    set_pages(POOL "nr_hugepages", pages_at_start + PAGE_COUNT) !=
		    pages_at_start + PAGE_COUNT ||
	    set_pages(POOL "nr_hugepages", pages_at_start) != pages_at_start) {
		set_pages(POOL "nr_hugepages", pages_at_start);
		printf("SKIP: no pool of huge pages can be made here\n");
		return 77;
	}
	atexit(restore_pool);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
