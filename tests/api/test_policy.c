/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel says about blocks: the policy of their pages, and the nodes these are on. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>
#include <memkind.h>

enum {
	MODE_DEFAULT = 0,
	MODE_PREFERRED = 1,
	MODE_BIND = 2,
	MODE_INTERLEAVE = 3,
	FLAG_ADDRESS = 1 << 1,
	MASK_BITS = 1024,
};

/* With those kinds that are available on any machine that says how large its nodes are. */
static const struct {
	memkind_t *handle;
	int mode;
} kinds[] = {
	{&MEMKIND_DEFAULT, MODE_DEFAULT},
	{&MEMKIND_REGULAR, MODE_BIND},
	{&MEMKIND_INTERLEAVE, MODE_INTERLEAVE},
	{&MEMKIND_DAX_KMEM, MODE_BIND},
	{&MEMKIND_DAX_KMEM_ALL, MODE_BIND},
	{&MEMKIND_DAX_KMEM_PREFERRED, MODE_PREFERRED},
	{&MEMKIND_DAX_KMEM_INTERLEAVE, MODE_INTERLEAVE},
	{&MEMKIND_HBW, MODE_BIND},
	{&MEMKIND_HBW_ALL, MODE_BIND},
	{&MEMKIND_HBW_PREFERRED, MODE_PREFERRED},
	{&MEMKIND_HBW_INTERLEAVE, MODE_INTERLEAVE},
	{&MEMKIND_HIGHEST_CAPACITY, MODE_BIND},
	{&MEMKIND_HIGHEST_CAPACITY_PREFERRED, MODE_PREFERRED},
	{&MEMKIND_HIGHEST_CAPACITY_LOCAL, MODE_BIND},
	{&MEMKIND_HIGHEST_CAPACITY_LOCAL_PREFERRED, MODE_PREFERRED},
};

enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

static const size_t sizes[] = {64, 20000, 300000, 8 << 20};

static bool has_one_node(void)
{
	return access("/sys/devices/system/node/node0", F_OK) == 0 &&
	       access("/sys/devices/system/node/node1", F_OK) != 0;
}

static void assert_policy(void *block, int mode)
{
	unsigned long mask[MASK_BITS / (8 * sizeof(unsigned long))] = {0};
	int actual = -1;

	assert_int_equal(syscall(SYS_get_mempolicy, &actual, mask, MASK_BITS, block, FLAG_ADDRESS),
			 0);
	assert_int_equal(actual, mode);
	assert_int_equal(mask[0], mode == MODE_DEFAULT ? 0 : 1);
}

static void pages_carry_the_policy_of_their_kind(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		for (size_t j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
			char *block = memkind_malloc(*kinds[i].handle, sizes[j]);

			assert_non_null(block);
			assert_policy(block, kinds[i].mode);
			assert_policy(block + sizes[j] - 1, kinds[i].mode);
			memkind_free(NULL, block);
		}
	}
}

static void pages_are_on_the_node(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		for (size_t j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
			char *block = memkind_malloc(*kinds[i].handle, sizes[j]);
			void *page = block + sizes[j] / 2;
			int node = -1;

			memset(block, 1, sizes[j]);
			assert_int_equal(syscall(SYS_move_pages, 0, 1UL, &page, NULL, &node, 0), 0);
			assert_int_equal(node, 0);
			memkind_free(NULL, block);
		}
	}
}

/* VmFlags of the mapping that ADDRESS is in. */
static bool refuses_huge_pages(const void *address)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	bool is_inside = false;
	bool refuses = false;
	char line[512];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			is_inside = from <= (uintptr_t)address && (uintptr_t)address < to;
		else if (is_inside && strncmp(line, "VmFlags:", 8) == 0)
			refuses = strstr(line, " nh") != NULL;
	}
	fclose(file);
	return refuses;
}

static bool is_spread(memkind_t kind)
{
	return kind == MEMKIND_INTERLEAVE || kind == MEMKIND_HBW_INTERLEAVE;
}

/* P20: where there are no huge pages to refuse, the kinds work nevertheless (tests/fault). */
static void interleave_refuses_huge_pages(void **state)
{
	(void)state;
	if (access("/sys/kernel/mm/transparent_hugepage", F_OK) != 0)
		skip();
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		void *block = memkind_malloc(*kinds[i].handle, 100);

		assert_int_equal(refuses_huge_pages(block), is_spread(*kinds[i].handle));
		memkind_free(NULL, block);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_carry_the_policy_of_their_kind),
		cmocka_unit_test(pages_are_on_the_node),
		cmocka_unit_test(interleave_refuses_huge_pages),
	};

	if (!has_one_node()) {
		printf("SKIP: written for a machine with node 0 only\n");
		return 77;
	}
	/* User-mode emulation (qemu) knows no memory policies. */
	if (memkind_check_available(MEMKIND_DAX_KMEM_INTERLEAVE) != 0 ||
	    syscall(SYS_get_mempolicy, NULL, NULL, 0, NULL, 0) != 0) {
		printf("SKIP: no get_mempolicy here\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
