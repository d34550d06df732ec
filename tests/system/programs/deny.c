/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starts a command to which the kernel denies system calls, as a container does.
 *
 *	deny EPERM|ENOSYS CALL[,CALL...] COMMAND [ARGUMENT...]
 *
 * Calls: mbind, set_mempolicy, get_mempolicy, home_node, migrate_pages, move_pages.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_set_mempolicy_home_node
#define SYS_set_mempolicy_home_node 450
#endif
#define CALL_LIMIT 8

static const struct {
	const char *name;
	unsigned number;
} calls[] = {
	{"mbind", SYS_mbind},
	{"set_mempolicy", SYS_set_mempolicy},
	{"get_mempolicy", SYS_get_mempolicy},
	{"home_node", SYS_set_mempolicy_home_node},
	{"migrate_pages", SYS_migrate_pages},
	{"move_pages", SYS_move_pages},
};

static int call_number(const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(name, calls[i].name) == 0)
			return (int)calls[i].number;
	}
	return -1;
}

static int install(const unsigned *numbers, unsigned count, unsigned error)
{
	struct sock_filter code[2 * CALL_LIMIT + 2] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog program = {.filter = code};
	unsigned length = 1;

	for (unsigned i = 0; i < count; i++) {
		code[length++] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, numbers[i], 0, 1);
		code[length++] =
			(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error);
	}
	code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = (unsigned short)length;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
	unsigned numbers[CALL_LIMIT];
	unsigned count = 0;

	if (argc < 4)
		return 2;
	for (char *name = strtok(argv[2], ","); name != NULL; name = strtok(NULL, ",")) {
		int number = call_number(name);

		if (number < 0 || count == CALL_LIMIT) {
			fprintf(stderr, "deny: %s?\n", name);
			return 2;
		}
		numbers[count++] = (unsigned)number;
	}
	if (install(numbers, count, strcmp(argv[1], "ENOSYS") == 0 ? ENOSYS : EPERM) != 0) {
		perror("deny: filter");
		return 2;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return 2;
}
