/* SPDX-License-Identifier: BSD-2-Clause */
/* Kinds that come behind others, on a machine of which node 0 is enough. */
#include <errno.h>
#include <stdio.h>

#include "described.h"

static void a_chain_has_an_end(void **state)
{
	char text[200] = "";
	memkind_t kind = NULL;

	(void)state;
	for (int i = 0; i < 8; i++)
		strcat(text, i == 0 ? "decay=1" : ";then=decay=1");
	strcat(text, ";then=regular");
	destroy(make(text));
	memmove(text + strlen("decay=1;then="), text, strlen(text) + 1);
	memcpy(text, "decay=1;then=", strlen("decay=1;then="));
	assert_int_equal(memkind_ng_create_from(text, &kind, NULL, 0), MEMKIND_ERROR_INVALID);
	assert_null(kind);
}

static void what_comes_then_serves_and_owns(void **state)
{
	memkind_t kind = make("nodes=0;limit=1M;then=regular");
	size_t count = fill(kind, 16384);
	char *block = memkind_malloc(kind, 16384), *moved;

	(void)state;
	assert_int_equal(count, 64);
	assert_ptr_equal(memkind_detect_kind(block), MEMKIND_REGULAR);
	assert_int_equal(memkind_malloc_usable_size(kind, block), 16384);
	memset(block, 7, 16384);
	moved = memkind_realloc(kind, block, 3 * MIB);
	assert_non_null(moved);
	assert_ptr_equal(memkind_detect_kind(moved), MEMKIND_REGULAR);
	assert_int_equal(moved[16383], 7);
	/* It fits where it is, and so it stays, though the first kind has room. */
	empty(count);
	assert_ptr_equal(memkind_realloc(kind, moved, 2 * MIB), moved);
	block = memkind_malloc(kind, 16384);
	assert_ptr_equal(memkind_detect_kind(block), kind);
	memkind_free(kind, block);
	memkind_free(kind, moved);
	block = memkind_calloc(kind, 1, 5 * MIB);
	assert_ptr_equal(memkind_detect_kind(block), MEMKIND_REGULAR);
	assert_int_equal(block[5 * MIB - 1], 0);
	memkind_free(kind, block);
	destroy(kind);
}

/* A kind that has just refused is not asked for a while, unless it gets something back. */
static void what_is_given_back_is_found_at_once(void **state)
{
	static const size_t sizes[] = {MIB, 4096, MIB + 4096};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t size = sizes[i], count;
		char text[64];
		memkind_t kind;

		snprintf(text, sizeof(text), "nodes=0;limit=%zuK;then=regular", 3 * size / 1024);
		kind = make(text);
		for (int round = 0; round < 20; round++) {
			void *one;

			count = fill(kind, size);
			assert_int_equal(count, 3);
			memkind_free(NULL, blocks[0]);
			one = memkind_malloc(kind, size);
			assert_ptr_equal(memkind_detect_kind(one), kind);
			blocks[0] = one;
			empty(count);
		}
		destroy(kind);
	}
}

static void each_of_a_chain_is_asked(void **state)
{
	memkind_t kind = make("nodes=0;limit=64K;then=limit=128K;then=limit=256K");
	memkind_t owner = NULL;
	size_t sizes[3] = {0, 0, 0};
	int place = -1;
	void *block;

	(void)state;
	while ((block = memkind_malloc(kind, 4096)) != NULL) {
		if (memkind_detect_kind(block) != owner)
			place++;
		owner = memkind_detect_kind(block);
		assert_in_range(place, 0, 2);
		assert_int_equal(place == 0, owner == kind);
		sizes[place] += 4096;
	}
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(sizes[0], 64 << 10);
	assert_int_equal(sizes[1], 128 << 10);
	assert_int_equal(sizes[2], 256 << 10);
	/* It ends with the first, not before. */
	assert_int_equal(memkind_destroy_kind(owner), MEMKIND_ERROR_OPERATION_FAILED);
	destroy(kind);
	assert_int_equal(memkind_destroy_kind(owner), MEMKIND_ERROR_INVALID);
}

static void an_absent_kind_leaves_it_to_the_next(void **state)
{
	memkind_t kind = make("nodes=1023;then=limit=1M");
	char status[400];
	void *block;

	(void)state;
	assert_int_equal(memkind_check_available(kind), 0);
	assert_null(memkind_ng_unavailable_reason(kind));
	memkind_ng_kind_status(kind, status, sizeof(status));
	assert_non_null(strstr(status, "not available here"));
	assert_non_null(strstr(status, "what comes next"));
	for (int i = 0; i < 100; i++) {
		block = memkind_malloc(kind, 100);
		assert_non_null(block);
		assert_ptr_not_equal(memkind_detect_kind(block), kind);
	}
	assert_int_equal(memkind_posix_memalign(kind, &block, 64, 100), 0);
	destroy(kind);
	kind = make("nodes=1023;then=nodes=1022");
	assert_int_equal(memkind_check_available(kind), MEMKIND_ERROR_UNAVAILABLE);
	assert_null(memkind_malloc(kind, 100));
	destroy(kind);
}

static void a_kind_behind_others_is_not_destroyed_before_them(void **state)
{
	memkind_t last = make("nodes=0;limit=4M"), first[2];
	struct memkind_ng_spec spec = {.size = sizeof(spec), .limit = 4096, .then = last};
	void *block;

	(void)state;
	assert_int_equal(memkind_ng_create(&spec, &first[0]), 0);
	assert_int_equal(memkind_ng_create(&spec, &first[1]), 0);
	block = memkind_malloc(first[0], 100000);
	assert_ptr_equal(memkind_detect_kind(block), last);
	assert_int_equal(memkind_destroy_kind(last), MEMKIND_ERROR_OPERATION_FAILED);
	destroy(first[0]);
	/* Its block is of another kind, and stays. */
	assert_ptr_equal(memkind_detect_kind(block), last);
	assert_int_equal(memkind_destroy_kind(last), MEMKIND_ERROR_OPERATION_FAILED);
	destroy(first[1]);
	destroy(last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_has_an_end),
		cmocka_unit_test(what_comes_then_serves_and_owns),
		cmocka_unit_test(what_is_given_back_is_found_at_once),
		cmocka_unit_test(each_of_a_chain_is_asked),
		cmocka_unit_test(an_absent_kind_leaves_it_to_the_next),
		cmocka_unit_test(a_kind_behind_others_is_not_destroyed_before_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
