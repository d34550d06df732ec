/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a range of addresses is: in memory, or touched by nobody. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <memkind_ng.h>

enum {
	NODE_COUNT = 8,
	SWAPPED = NODE_COUNT,
	UNTOUCHED,
	ENTRY_COUNT,
	PAGE_COUNT = 1000, /* more than are asked about in one call */
	SKIPPED = 77,
};

static size_t page_size;

/* The bytes that are on any node; everything must be accounted for. */
static size_t ask(const void *ptr, size_t size, size_t *bytes)
{
	size_t present = 0;

	memset(bytes, 0xa5, ENTRY_COUNT * sizeof(*bytes));
	assert_int_equal(memkind_ng_where(ptr, size, bytes, NODE_COUNT), 0);
	for (int node = 0; node < NODE_COUNT; node++)
		present += bytes[node];
	assert_int_equal(present + bytes[SWAPPED] + bytes[UNTOUCHED], size);
	return present;
}

static void touched_pages_are_on_nodes(void **state)
{
	size_t bytes[ENTRY_COUNT];
	char *memory = mmap(NULL, PAGE_COUNT * page_size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(memory, MAP_FAILED);
	assert_int_equal(madvise(memory, PAGE_COUNT * page_size, MADV_NOHUGEPAGE), 0);
	assert_int_equal(ask(memory, PAGE_COUNT * page_size, bytes), 0);
	assert_int_equal(bytes[UNTOUCHED], PAGE_COUNT * page_size);
	memset(memory + page_size, 1, (PAGE_COUNT - 10) * page_size);
	assert_int_equal(ask(memory, PAGE_COUNT * page_size, bytes), (PAGE_COUNT - 10) * page_size);
	assert_int_equal(bytes[UNTOUCHED], 10 * page_size);
	/* Parts of the first and the last page. */
	assert_int_equal(ask(memory + page_size - 100, 300, bytes), 200);
	assert_int_equal(ask(memory + page_size + 100, 300, bytes), 300);
	assert_int_equal(ask(memory, 0, bytes), 0);
	munmap(memory, PAGE_COUNT * page_size);
}

static void blocks_of_kinds_are_found(void **state)
{
	size_t bytes[ENTRY_COUNT];
	char *block = memkind_malloc(MEMKIND_DAX_KMEM, 100000);

	(void)state;
	assert_non_null(block);
	memset(block, 1, 100000);
	assert_int_equal(ask(block, 100000, bytes), 100000);
	assert_int_equal(bytes[0], 100000);
	memkind_free(NULL, block);
}

static void addresses_of_nobody_are_untouched(void **state)
{
	size_t bytes[ENTRY_COUNT];

	(void)state;
	assert_int_equal(ask(NULL, page_size, bytes), 0);
	assert_int_equal(bytes[UNTOUCHED], page_size);
}

static void bad_arguments_are_refused(void **state)
{
	size_t bytes[ENTRY_COUNT] = {7, 7};

	(void)state;
	assert_int_equal(memkind_ng_where(bytes, 1, NULL, NODE_COUNT), MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_ng_where(bytes, SIZE_MAX, bytes, NODE_COUNT),
			 MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_ng_where((void *)UINTPTR_MAX, 0, bytes, NODE_COUNT),
			 MEMKIND_ERROR_INVALID);
	assert_int_equal(bytes[0], 7);
	/* Without nodes there are the other two. */
	assert_int_equal(memkind_ng_where(bytes, sizeof(bytes), bytes, 0), 0);
	assert_int_equal(bytes[0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(touched_pages_are_on_nodes),
		cmocka_unit_test(blocks_of_kinds_are_found),
		cmocka_unit_test(addresses_of_nobody_are_untouched),
		cmocka_unit_test(bad_arguments_are_refused),
	};
	size_t bytes[ENTRY_COUNT];

	page_size = (size_t)sysconf(_SC_PAGESIZE);
	if (memkind_ng_where(bytes, sizeof(bytes), bytes, NODE_COUNT) != 0) {
		printf("SKIP: the kernel does not tell where pages are\n");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
