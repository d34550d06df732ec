/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A seccomp filter, as of containers, denies the memory policy calls. Arguments: the error that it
 * gives (EPERM or ENOSYS), and when it comes: "early" before the first use of the library, "late"
 * after it, "get" for get_mempolicy alone.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>
#include <memkind_ng.h>

#include "kinds.h"

#ifndef SYS_set_mempolicy_home_node
#define SYS_set_mempolicy_home_node 450
#endif

static int denial;
static const char *when;

#define DENY(number)                                                                               \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1),                                       \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)denial)

static int install(struct sock_filter *filter, size_t size)
{
	struct sock_fprog program = {(unsigned short)(size / sizeof(*filter)), filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int deny_all(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		DENY(SYS_mbind),
		DENY(SYS_get_mempolicy),
		DENY(SYS_set_mempolicy),
		DENY(SYS_set_mempolicy_home_node),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return install(filter, sizeof(filter));
}

static int deny_get(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		DENY(SYS_get_mempolicy),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return install(filter, sizeof(filter));
}

static void use(memkind_t kind, size_t size)
{
	char *block = memkind_malloc(kind, size);

	assert_non_null(block);
	block[0] = block[size - 1] = 1;
	assert_ptr_equal(memkind_detect_kind(block), kind);
	memkind_free(NULL, block);
}

/* Node 0 is all that the process may use: nothing needs to be bound. */
static void kinds_that_take_all_nodes_do_without_mbind(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		assert_int_equal(memkind_check_available(*all_kinds[i].handle), 0);
		use(*all_kinds[i].handle, 100);
		use(*all_kinds[i].handle, 100000);
		use(*all_kinds[i].handle, 30 << 20);
	}
}

/* Nobody would know that the pages are not as was asked. */
static void a_ratio_can_not_be_kept_without_mbind(void **state)
{
	memkind_t kind = NULL;

	(void)state;
	assert_int_equal(
		memkind_ng_create_from("nodes=0;policy=weighted;weights=1;step=1M", &kind, NULL, 0),
		0);
	assert_int_equal(memkind_check_available(kind), MEMKIND_ERROR_MBIND);
	errno = 0;
	assert_null(memkind_malloc(kind, 100));
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(memkind_destroy_kind(kind), 0);
}

/* Two blocks that do not fit into one reservation: the second one has to be bound anew. */
static void a_late_filter_stops_nobody(void **state)
{
	enum { PAIR = 2 };
	const size_t size = (size_t)600 << 20;
	void *moving = memkind_malloc(MEMKIND_REGULAR, 100000);

	(void)state;
	for (unsigned i = 0; i < KIND_COUNT; i++)
		use(*all_kinds[i].handle, 100);
	if (deny_all() != 0)
		skip();
	assert_int_equal(memkind_ng_move(moving, MEMKIND_INTERLEAVE), MEMKIND_ERROR_MBIND);
	assert_ptr_equal(memkind_detect_kind(moving), MEMKIND_REGULAR);
	memkind_free(NULL, moving);
	for (unsigned i = 0; i < KIND_COUNT; i++) {
		void *blocks[PAIR];

		for (unsigned j = 0; j < PAIR; j++) {
			blocks[j] = memkind_malloc(*all_kinds[i].handle, size);
			assert_non_null(blocks[j]);
		}
		for (unsigned j = 0; j < PAIR; j++)
			memkind_free(NULL, blocks[j]);
	}
}

static void commits_go_on_without_verification(void **state)
{
	(void)state;
	for (unsigned i = 0; i < KIND_COUNT; i++)
		for (size_t size = 100; size < (30 << 20); size *= 10)
			use(*all_kinds[i].handle, size);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest early[] = {
		cmocka_unit_test(kinds_that_take_all_nodes_do_without_mbind),
		cmocka_unit_test(a_ratio_can_not_be_kept_without_mbind),
	};
	const struct CMUnitTest late[] = {cmocka_unit_test(a_late_filter_stops_nobody)};
	const struct CMUnitTest get[] = {cmocka_unit_test(commits_go_on_without_verification)};

	if (argc != 3)
		return 99;
	denial = strcmp(argv[1], "EPERM") == 0 ? EPERM : ENOSYS;
	when = argv[2];
	if (access("/sys/devices/system/node/node1", F_OK) == 0) {
		printf("SKIP: written for a machine with node 0 only\n");
		return 77;
	}
	if (strcmp(when, "late") == 0)
		return cmocka_run_group_tests(late, NULL, NULL);
	if ((strcmp(when, "get") == 0 ? deny_get() : deny_all()) != 0) {
		printf("SKIP: seccomp filters can't be installed here\n");
		return 77;
	}
	if (strcmp(when, "get") == 0)
		return cmocka_run_group_tests(get, NULL, NULL);
	return cmocka_run_group_tests(early, NULL, NULL);
}
