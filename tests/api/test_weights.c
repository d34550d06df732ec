/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kinds with weights, on a machine of which node 0 is enough: that pages come with the block, what was
 * written stays, and what was freed comes back as zero.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <memkind_ng.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

#define STRIPED "nodes=0;policy=weighted;weights=1;step=64K"

static memkind_t make(const char *text)
{
	memkind_t kind = NULL;
	char error[200] = "";

	if (memkind_ng_create_from(text, &kind, error, sizeof(error)) != 0)
		fail_msg("%s: %s", text, error);
	return kind;
}

static void destroy(memkind_t kind)
{
	assert_int_equal(memkind_destroy_kind(kind), 0);
}

static size_t resident(memkind_t kind)
{
	size_t size = 0;

	assert_int_equal(memkind_ng_get_resident(kind, &size, 1), 0);
	return size;
}

static void assert_bytes(const unsigned char *block, unsigned char value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		assert_int_equal(block[i], value);
}

static void pages_come_with_the_block(void **state)
{
	memkind_t kind = make(STRIPED);
	char *block = memkind_malloc(kind, 64 * MIB);

	(void)state;
	assert_non_null(block);
	assert_in_range(resident(kind), 64 * MIB, 72 * MIB);
	memkind_free(kind, block);
	assert_int_equal(memkind_ng_trim(kind), 1);
	assert_in_range(resident(kind), 0, 4 * MIB);
	destroy(kind);
}

/* Sizes that are in caches, in spans, and larger than what a commit fills. */
static void blocks_of_all_sizes_keep_what_is_written(void **state)
{
	static const size_t sizes[] = {64, 1000, 20 * KIB, 300 * KIB, 5 * MIB, 33 * MIB};
	enum { COUNT = sizeof(sizes) / sizeof(sizes[0]) };
	memkind_t kind = make(STRIPED);
	unsigned char *blocks[COUNT];

	(void)state;
	for (int round = 1; round <= 3; round++) {
		for (int i = 0; i < COUNT; i++) {
			blocks[i] = memkind_calloc(kind, 1, sizes[i]);
			assert_non_null(blocks[i]);
			assert_bytes(blocks[i], 0, sizes[i]);
			memset(blocks[i], round * 16 + i, sizes[i]);
		}
		for (int i = 0; i < COUNT; i++) {
			assert_bytes(blocks[i], (unsigned char)(round * 16 + i), sizes[i]);
			memkind_free(NULL, blocks[i]);
		}
		memkind_ng_trim(kind);
	}
	destroy(kind);
}

static void a_block_grows_where_it_stands_or_moves(void **state)
{
	memkind_t kind = make(STRIPED);
	unsigned char *block = memkind_malloc(kind, 100);
	size_t size = 100;

	(void)state;
	memset(block, 7, size);
	for (; size < 40 * MIB; size *= 3) {
		block = memkind_realloc(kind, block, size * 3);
		assert_non_null(block);
		assert_bytes(block, 7, size);
		memset(block, 7, size * 3);
	}
	assert_ptr_equal(memkind_detect_kind(block), kind);
	memkind_free(kind, block);
	destroy(kind);
}

static void a_limit_counts_pages_of_stripes_too(void **state)
{
	memkind_t kind = make(STRIPED ";limit=32M");
	void *blocks[8];
	int count = 0;

	(void)state;
	while (count < 8 && (blocks[count] = memkind_malloc(kind, 6 * MIB)) != NULL)
		count++;
	assert_int_equal(count, 5);
	assert_in_range(resident(kind), 30 * MIB, 32 * MIB);
	for (int i = 0; i < count; i++)
		memkind_free(kind, blocks[i]);
	destroy(kind);
}

static void a_fork_child_has_what_was_written(void **state)
{
	memkind_t kind = make(STRIPED);
	unsigned char *block = memkind_malloc(kind, 6 * MIB);
	int status;
	pid_t child;

	(void)state;
	memset(block, 5, 6 * MIB);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		unsigned char *own = memkind_malloc(kind, 6 * MIB);
		int is_right = own != NULL && block[0] == 5 && block[6 * MIB - 1] == 5;

		memkind_free(kind, block);
		_exit(is_right ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_bytes(block, 5, 6 * MIB);
	memkind_free(kind, block);
	destroy(kind);
}

static void bandwidth_that_nobody_knows_is_a_reason(void **state)
{
	memkind_t kind = make("nodes=0;policy=weighted;weights=auto");
	char text[400];

	(void)state;
	if (memkind_check_available(MEMKIND_HIGHEST_BANDWIDTH_LOCAL) == 0)
		skip();
	assert_int_equal(memkind_check_available(kind), MEMKIND_ERROR_UNAVAILABLE);
	memkind_ng_kind_status(kind, text, sizeof(text));
	assert_non_null(strstr(text, "bandwidth"));
	destroy(kind);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_come_with_the_block),
		cmocka_unit_test(blocks_of_all_sizes_keep_what_is_written),
		cmocka_unit_test(a_block_grows_where_it_stands_or_moves),
		cmocka_unit_test(a_limit_counts_pages_of_stripes_too),
		cmocka_unit_test(a_fork_child_has_what_was_written),
		cmocka_unit_test(bandwidth_that_nobody_knows_is_a_reason),
	};

	memkind_t kind;

	if (memkind_ng_create_from(STRIPED, &kind, NULL, 0) != 0)
		return 99;
	if (memkind_check_available(kind) == MEMKIND_ERROR_MBIND) {
		printf("SKIP: mbind is not possible here\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
