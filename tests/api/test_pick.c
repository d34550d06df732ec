/* SPDX-License-Identifier: BSD-2-Clause */
/* Kinds by what is wanted of them, by their old numbers, and the masks of their nodes. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <memkind.h>

enum {
	HIGH = MEMKIND_MEMTYPE_HIGH_BANDWIDTH,
	ORDINARY = MEMKIND_MEMTYPE_DEFAULT,
	BOTH = HIGH | ORDINARY,
	HUGE_BIT = MEMKIND_MASK_PAGE_SIZE_2MB,
};

/* The numbers that old programs are compiled with. */
_Static_assert(HIGH == 2 && ORDINARY == 1 && HUGE_BIT == 21, "memtypes and bits");
_Static_assert(MEMKIND_POLICY_BIND_LOCAL == 0 && MEMKIND_POLICY_BIND_ALL == 1 &&
		       MEMKIND_POLICY_PREFERRED_LOCAL == 2 &&
		       MEMKIND_POLICY_INTERLEAVE_LOCAL == 3 && MEMKIND_POLICY_INTERLEAVE_ALL == 4 &&
		       MEMKIND_POLICY_MAX_VALUE == 5,
	       "policies");
_Static_assert(sizeof(memkind_memtype_t) == 4 && sizeof(memkind_policy_t) == 4 &&
		       sizeof(memkind_bits_t) == 4,
	       "enums have 4 bytes");
_Static_assert(MEMKIND_PARTITION_HBW_GBTLB == 6 && MEMKIND_PARTITION_REGULAR == 11 &&
		       MEMKIND_PARTITION_DAX_KMEM == 14 &&
		       MEMKIND_PARTITION_HIGHEST_BANDWIDTH_LOCAL_PREFERRED == 25 &&
		       MEMKIND_NUM_BASE_KIND == 26,
	       "partitions");

static const struct wish {
	int memtype, policy, flags;
	memkind_t *handle;
} wishes[] = {
	{HIGH, MEMKIND_POLICY_BIND_LOCAL, 0, &MEMKIND_HBW},
	{HIGH, MEMKIND_POLICY_BIND_LOCAL, HUGE_BIT, &MEMKIND_HBW_HUGETLB},
	{HIGH, MEMKIND_POLICY_BIND_ALL, 0, &MEMKIND_HBW_ALL},
	{HIGH, MEMKIND_POLICY_BIND_ALL, HUGE_BIT, &MEMKIND_HBW_ALL_HUGETLB},
	{HIGH, MEMKIND_POLICY_PREFERRED_LOCAL, 0, &MEMKIND_HBW_PREFERRED},
	{HIGH, MEMKIND_POLICY_PREFERRED_LOCAL, HUGE_BIT, &MEMKIND_HBW_PREFERRED_HUGETLB},
	{HIGH, MEMKIND_POLICY_INTERLEAVE_ALL, 0, &MEMKIND_HBW_INTERLEAVE},
	{ORDINARY, MEMKIND_POLICY_PREFERRED_LOCAL, 0, &MEMKIND_DEFAULT},
	{ORDINARY, MEMKIND_POLICY_PREFERRED_LOCAL, HUGE_BIT, &MEMKIND_HUGETLB},
	{BOTH, MEMKIND_POLICY_INTERLEAVE_ALL, 0, &MEMKIND_INTERLEAVE},
};

enum { WISH_COUNT = sizeof(wishes) / sizeof(wishes[0]) };

static int create(int memtype, int policy, int flags, memkind_t *ret_kind)
{
	return memkind_create_kind((memkind_memtype_t)memtype, (memkind_policy_t)policy,
				   (memkind_bits_t)flags, ret_kind);
}

static const struct wish *find_wish(int memtype, int policy, int flags)
{
	for (unsigned i = 0; i < WISH_COUNT; i++)
		if (wishes[i].memtype == memtype && wishes[i].policy == policy &&
		    wishes[i].flags == flags)
			return &wishes[i];
	return NULL;
}

/* What is not available: another kind where the policy allows that. */
static void assert_granted(const struct wish *wish, int code, memkind_t kind, memkind_t untouched)
{
	if (memkind_check_available(*wish->handle) == 0) {
		assert_int_equal(code, 0);
		assert_ptr_equal(kind, *wish->handle);
	} else if (wish->policy == MEMKIND_POLICY_PREFERRED_LOCAL) {
		assert_int_equal(code, 0);
		assert_ptr_equal(kind, MEMKIND_DEFAULT);
	} else {
		assert_int_equal(code, MEMKIND_ERROR_MEMTYPE_NOT_AVAILABLE);
		assert_ptr_equal(kind, untouched);
	}
}

static void a_wish_gives_its_kind_and_nothing_else_does(void **state)
{
	memkind_t untouched = MEMKIND_DAX_KMEM;

	(void)state;
	for (int memtype = -1; memtype <= 8; memtype++)
		for (int policy = -1; policy <= MEMKIND_POLICY_MAX_VALUE; policy++)
			for (int flags = -1; flags <= 64; flags++) {
				const struct wish *wish = find_wish(memtype, policy, flags);
				memkind_t kind = untouched;
				int code = create(memtype, policy, flags, &kind);

				if (wish != NULL) {
					assert_granted(wish, code, kind, untouched);
					continue;
				}
				assert_int_equal(code, MEMKIND_ERROR_INVALID);
				assert_ptr_equal(kind, untouched);
			}
	assert_int_equal(create(HIGH, MEMKIND_POLICY_BIND_ALL, 0, NULL), MEMKIND_ERROR_INVALID);
}

static int by_number(int number, memkind_t *ret_kind)
{
	_Pragma("GCC diagnostic push");
	_Pragma("GCC diagnostic ignored \"-Wdeprecated-declarations\"");
	return memkind_get_kind_by_partition(number, ret_kind);
	_Pragma("GCC diagnostic pop");
}

static void old_numbers_lead_to_the_handles(void **state)
{
	static const struct {
		int number;
		memkind_t *handle;
	} rows[] = {
		{0, &MEMKIND_DEFAULT},
		{3, &MEMKIND_HBW_PREFERRED},
		{8, &MEMKIND_GBTLB},
		{11, &MEMKIND_REGULAR},
		{17, &MEMKIND_DAX_KMEM_INTERLEAVE},
		{18, &MEMKIND_HIGHEST_CAPACITY},
		{25, &MEMKIND_HIGHEST_BANDWIDTH_LOCAL_PREFERRED},
	};
	memkind_t kinds[MEMKIND_NUM_BASE_KIND];

	(void)state;
	for (int i = 0; i < MEMKIND_NUM_BASE_KIND; i++) {
		assert_int_equal(by_number(i, &kinds[i]), 0);
		assert_non_null(kinds[i]);
		for (int j = 0; j < i; j++)
			assert_ptr_not_equal(kinds[i], kinds[j]);
	}
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_ptr_equal(kinds[rows[i].number], *rows[i].handle);
	for (int i = 0; i < 4; i++) {
		static const int absent[] = {-1, MEMKIND_NUM_BASE_KIND, INT32_MIN, INT32_MAX};

		kinds[0] = MEMKIND_HBW;
		assert_int_equal(by_number(absent[i], &kinds[0]), MEMKIND_ERROR_UNAVAILABLE);
		assert_null(kinds[0]);
	}
	assert_int_equal(by_number(0, NULL), MEMKIND_ERROR_INVALID);
}

typedef int mask_function(memkind_t kind, unsigned long *nodemask, unsigned long maxnode);

/* Node 0 is the only one where the kind is available here. */
static void assert_mask(mask_function *ask, memkind_t kind)
{
	int code = memkind_check_available(kind);
	unsigned long mask[3];

	assert_int_equal(ask(NULL, NULL, 0), code);
	memset(mask, 0xff, sizeof(mask));
	assert_int_equal(ask(NULL, mask, 70), code);
	if (code != 0) {
		for (unsigned i = 0; i < 3; i++)
			assert_int_equal(mask[i], ULONG_MAX);
		return;
	}
	assert_int_equal(mask[0], 1);
	assert_int_equal(mask[1], ULONG_MAX << 6);
	assert_int_equal(mask[2], ULONG_MAX);
	/* Nodes beyond what there can be. */
	{
		static unsigned long wide[5000 / 64 + 1];

		memset(wide, 0xff, sizeof(wide));
		assert_int_equal(ask(kind, wide, 5000), 0);
		assert_int_equal(wide[0], 1);
		assert_int_equal(wide[4999 / 64] & 1, 0);
	}
}

static void masks_have_the_nodes_of_the_kind(void **state)
{
	(void)state;
	assert_mask(memkind_dax_kmem_all_get_mbind_nodemask, MEMKIND_DAX_KMEM_ALL);
	assert_mask(memkind_hbw_all_get_mbind_nodemask, MEMKIND_HBW_ALL);
}

/* Argument: the code that MEMKIND_HBW is to have. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wish_gives_its_kind_and_nothing_else_does),
		cmocka_unit_test(old_numbers_lead_to_the_handles),
		cmocka_unit_test(masks_have_the_nodes_of_the_kind),
	};

	if (argc != 2)
		return 99;
	if (memkind_check_available(MEMKIND_HBW) != atoi(argv[1])) {
		printf("MEMKIND_HBW says %d\n", memkind_check_available(MEMKIND_HBW));
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
