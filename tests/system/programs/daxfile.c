/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daxfile FOLDER MIB OTHER: a kind on a file in FOLDER, which is on DAX, as OTHER is not. Its blocks
 * must be the persistent memory itself, mapped with MAP_SYNC; MIB of them can be had, the disk can be
 * filled without a signal, and is empty again when the kind is gone; a fork child may have a copy.
 * Exits with 0 if so, with 1 if not.
 */
#include "probe.h"

#include <errno.h>
#include <inttypes.h>
#include <memkind_ng.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BLOCK_SIZE = 1 << 20, BLOCK_LIMIT = 4096 };

static int failure_count;

static void expect(bool is_right, const char *what)
{
	if (is_right)
		return;
	printf("# not so: %s (errno %d)\n", what, errno);
	failure_count++;
}

/* Whether the mapping at ADDRESS has FLAG, two letters of /proc/self/smaps. */
static bool mapping_has(const void *address, const char *flag)
{
	uint64_t start, end, wanted = (uint64_t)(uintptr_t)address;
	bool is_inside = false, has_flag = false;
	char line[1024];
	FILE *file = fopen("/proc/self/smaps", "r");

	if (file == NULL)
		probe_die("/proc/self/smaps");
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &start, &end) == 2)
			is_inside = start <= wanted && wanted < end;
		else if (is_inside && strncmp(line, "VmFlags:", 8) == 0)
			has_flag = strstr(line, flag) != NULL;
	}
	fclose(file);
	return has_flag;
}

static uint64_t free_bytes(const char *folder)
{
	struct statvfs status;

	if (statvfs(folder, &status) != 0)
		probe_die("%s", folder);
	return (uint64_t)status.f_bfree * status.f_bsize;
}

static unsigned fill(memkind_t kind)
{
	unsigned count = 0;
	char *block = memkind_malloc(kind, BLOCK_SIZE);

	expect(block != NULL && mapping_has(block, " sf"), "the file is mapped with MAP_SYNC");
	for (; block != NULL && count < BLOCK_LIMIT; count++) {
		memset(block, 1, BLOCK_SIZE);
		block = memkind_malloc(kind, BLOCK_SIZE);
	}
	return count;
}

/* In the child: its copy is on persistent memory, too, and its own. */
static int use_copy(memkind_t kind, char *block)
{
	char *more = memkind_malloc(kind, BLOCK_SIZE);

	expect(block[0] == 7 && block[BLOCK_SIZE - 1] == 7, "the child has what the parent wrote");
	memset(block, 8, BLOCK_SIZE);
	expect(mapping_has(block, " sf"), "the child's file is mapped with MAP_SYNC");
	expect(more != NULL && mapping_has(more, " sf"), "the child gets more");
	return failure_count;
}

static void fork_with_a_copy(const char *folder)
{
	memkind_t kind;
	char *block;
	pid_t child;
	int status = -1;

	if (memkind_create_pmem(folder, 0, &kind) != 0 || memkind_ng_copy_at_fork(kind) != 0)
		probe_die("memkind_ng_copy_at_fork");
	block = memkind_malloc(kind, BLOCK_SIZE);
	if (block == NULL)
		probe_die("memkind_malloc");
	memset(block, 7, BLOCK_SIZE);
	fflush(stdout);
	child = fork();
	if (child == 0)
		exit(use_copy(kind, block));
	expect(waitpid(child, &status, 0) == child && status == 0, "a fork child has a copy");
	expect(block[0] == 7 && block[BLOCK_SIZE - 1] == 7, "the parent has its own");
	memkind_destroy_kind(kind);
}

int main(int argc, char **argv)
{
	memkind_t kind, other;
	uint64_t free_before;

	if (argc != 4)
		probe_die("daxfile FOLDER MIB OTHER");
	free_before = free_bytes(argv[1]);
	fork_with_a_copy(argv[1]);
	expect(memkind_check_dax_path(argv[1]) == 0, "the folder is on DAX");
	expect(memkind_check_dax_path(argv[3]) != 0, "the other one is not");
	if (memkind_create_pmem(argv[1], 0, &kind) != 0 ||
	    memkind_create_pmem(argv[3], 0, &other) != 0)
		probe_die("memkind_create_pmem");
	expect(fill(kind) >= (unsigned)atoi(argv[2]), "so much can be had");
	expect(!mapping_has(memkind_malloc(other, 1), " sf"), "a file elsewhere is mapped plainly");
	expect(memkind_destroy_kind(kind) == 0 && memkind_destroy_kind(other) == 0,
	       "kinds can be destroyed");
	expect(free_bytes(argv[1]) == free_before, "all space is free again");
	return failure_count == 0 ? 0 : 1;
}
