/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hbw_verify_memory_region() on real pages. Argument: "available", where MEMKIND_HBW_NODES names
 * node 0, on which all pages of this machine lie, or "absent".
 */
#include <errno.h>
#include <hbwmalloc.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	PAGE_COUNT = 200, /* several system calls for 64 each */
	VERIFIED = 0,
	NOT_VERIFIED = -1,
};

static bool is_available;
static size_t page_size;

/* What touched pages give. */
static int expected(void)
{
	return is_available ? VERIFIED : NOT_VERIFIED;
}

/* PAGE_COUNT pages between two that nothing may touch. */
static char *map_pages(void)
{
	char *base = mmap(NULL, (PAGE_COUNT + 2) * page_size, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *pages = base + page_size;

	assert_ptr_not_equal(base, MAP_FAILED);
	assert_int_equal(mprotect(pages, PAGE_COUNT * page_size, PROT_READ | PROT_WRITE), 0);
	/* A huge page would be touched as a whole. */
	madvise(pages, PAGE_COUNT * page_size, MADV_NOHUGEPAGE);
	return pages;
}

static void unmap_pages(char *pages)
{
	munmap(pages - page_size, (PAGE_COUNT + 2) * page_size);
}

static void bad_arguments_are_refused(void **state)
{
	char byte = 0;

	(void)state;
	assert_int_equal(hbw_verify_memory_region(NULL, 1, 0), EINVAL);
	assert_int_equal(hbw_verify_memory_region(&byte, 0, 0), EINVAL);
	for (int bit = 1; bit < 32; bit++)
		assert_int_equal(hbw_verify_memory_region(&byte, 1, (int)(1U << bit)), EINVAL);
	assert_int_equal(hbw_verify_memory_region(&byte, 1, HBW_TOUCH_PAGES | 2), EINVAL);
	assert_int_equal(hbw_verify_memory_region(&byte, 1, -1), EINVAL);
	/* The end of the region would lie before its start. */
	assert_int_equal(hbw_verify_memory_region(&byte, SIZE_MAX, 0), EINVAL);
	assert_int_equal(hbw_verify_memory_region((char *)UINTPTR_MAX, 1, 0), EINVAL);
}

/* In particular where there is no memory of high bandwidth, whatever is on the stack (B2). */
static void touched_pages_have_a_node(void **state)
{
	char *pages = map_pages();

	(void)state;
	memset(pages, 1, PAGE_COUNT * page_size);
	for (size_t count = 1; count <= PAGE_COUNT; count++)
		assert_int_equal(hbw_verify_memory_region(pages, count * page_size, 0), expected());
	for (size_t offset = 0; offset < 3 * page_size; offset += 511)
		assert_int_equal(hbw_verify_memory_region(pages + offset, 1 + offset, 0),
				 expected());
	unmap_pages(pages);
}

static void pages_without_memory_do_not_verify(void **state)
{
	char *pages = map_pages();
	size_t size = PAGE_COUNT * page_size;

	(void)state;
	assert_int_equal(hbw_verify_memory_region(pages, 1, 0), NOT_VERIFIED);
	memset(pages, 1, size);
	/* A byte too far at either end, where no page can be. */
	assert_int_equal(hbw_verify_memory_region(pages, size + 1, 0), NOT_VERIFIED);
	assert_int_equal(hbw_verify_memory_region(pages - 1, 2, 0), NOT_VERIFIED);
	assert_int_equal(hbw_verify_memory_region(pages, SIZE_MAX / 2, 0), NOT_VERIFIED);
	assert_int_equal(hbw_verify_memory_region((void *)1, 1, 0), NOT_VERIFIED);
	/* One page among many, in each of the system calls. */
	for (size_t i = 0; i < PAGE_COUNT; i += 33) {
		char *hole = pages + i * page_size;

		madvise(hole, page_size, MADV_DONTNEED);
		assert_int_equal(hbw_verify_memory_region(pages, size, 0), NOT_VERIFIED);
		assert_int_equal(hbw_verify_memory_region(pages, size, HBW_TOUCH_PAGES),
				 expected());
		assert_int_equal(hbw_verify_memory_region(pages, size, 0), expected());
	}
	unmap_pages(pages);
}

static void touching_changes_nothing(void **state)
{
	char *pages = map_pages();
	size_t size = PAGE_COUNT * page_size;

	(void)state;
	memset(pages, 0x5a, size / 2);
	assert_int_equal(hbw_verify_memory_region(pages, size, HBW_TOUCH_PAGES), expected());
	for (size_t i = 0; i < size; i++)
		assert_int_equal(pages[i], i < size / 2 ? 0x5a : 0);
	/* The bytes touched are those of the region alone: the page behind it is out of bounds. */
	assert_int_equal(hbw_verify_memory_region(pages + size - 1, 1, HBW_TOUCH_PAGES),
			 expected());
	assert_int_equal(hbw_verify_memory_region(pages + 5, size - 5, HBW_TOUCH_PAGES),
			 expected());
	unmap_pages(pages);
}

struct writer {
	unsigned char *byte;
	_Atomic bool is_ended;
	unsigned count;
};

static void *count_up(void *context)
{
	struct writer *writer = context;

	for (; !writer->is_ended; writer->count++)
		__atomic_fetch_add(writer->byte, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* One page, mapped again and again: each call touches the same byte many times in a row. */
static void map_one_page(char *pages)
{
	int fd = memfd_create("page", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)page_size), 0);
	for (size_t i = 0; i < PAGE_COUNT; i++)
		assert_ptr_not_equal(mmap(pages + i * page_size, page_size, PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_FIXED, fd, 0),
				     MAP_FAILED);
	close(fd);
}

static void touching_loses_no_write_of_another_thread(void **state)
{
	char *pages = map_pages();
	struct writer writer = {.byte = (unsigned char *)pages};
	pthread_t thread;

	(void)state;
	map_one_page(pages);
	assert_int_equal(pthread_create(&thread, NULL, count_up, &writer), 0);
	for (int i = 0; i < 3000; i++)
		assert_int_equal(
			hbw_verify_memory_region(pages, PAGE_COUNT * page_size, HBW_TOUCH_PAGES),
			expected());
	writer.is_ended = true;
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(*writer.byte, writer.count % 256);
	unmap_pages(pages);
}

static void blocks_verify_where_they_are_of_high_bandwidth(void **state)
{
	size_t size = (size_t)3 << 20;
	char *block = hbw_malloc(size);

	(void)state;
	assert_non_null(block);
	assert_int_equal(hbw_verify_memory_region(block, size, HBW_TOUCH_PAGES), expected());
	hbw_free(block);
}

/* The last one: the filter stays. */
static void a_kernel_that_does_not_tell_gives_efault(void **state)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_move_pages, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};
	char byte = 1;

	(void)state;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		skip();
	errno = 0;
	assert_int_equal(hbw_verify_memory_region(&byte, 1, 0), EFAULT);
	assert_int_equal(errno, 0);
}

static bool has_move_pages(void)
{
	void *page = &is_available;
	int node;

	return syscall(SYS_move_pages, 0, 1UL, &page, NULL, &node, 0) == 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_arguments_are_refused),
		cmocka_unit_test(touched_pages_have_a_node),
		cmocka_unit_test(pages_without_memory_do_not_verify),
		cmocka_unit_test(touching_changes_nothing),
		cmocka_unit_test(touching_loses_no_write_of_another_thread),
		cmocka_unit_test(blocks_verify_where_they_are_of_high_bandwidth),
		cmocka_unit_test(a_kernel_that_does_not_tell_gives_efault),
	};

	if (argc != 2)
		return 99;
	is_available = strcmp(argv[1], "available") == 0;
	page_size = (size_t)sysconf(_SC_PAGESIZE);
	if (!has_move_pages()) {
		puts("SKIP: move_pages(2) is not there");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
