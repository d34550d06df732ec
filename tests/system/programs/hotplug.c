/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nodes that come while the process runs.
 *
 *	hotplug late COMMAND    no far node; COMMAND brings up 2 and 3: the next call finds them
 *	hotplug repair COMMAND  node 3 only, half-used heaps on it, a thread on socket 1; COMMAND
 *	                        brings up node 2, whereupon the kernel remaps masks of node 3 to 2:
 *	                        what is committed after that, and the rest of the reservation once
 *	                        that is done, must be on node 3 all the same
 *
 * Exits with 0 if so, with 1 if not.
 */
#include "probe.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIND_MS	    3000 /* the library looks again at most once a second */
#define SMALL_COUNT 500
#define SMALL_SIZE  3000
#define LARGE_COUNT 12
#define LARGE_SIZE  (2UL << 20)

static int failures;

static void complain(const char *what)
{
	printf("# %s\n", what);
	failures++;
}

static void bring_up(const char *command)
{
	fflush(stdout);
	/* Our own code is what runs it, as a shell would. */
	if (system(command) != 0) // NOLINT(cert-env33-c)
		probe_die("%s", command);
}

static void expect_unavailable(memkind_t kind)
{
	errno = 0;
	if (memkind_malloc(kind, SMALL_SIZE) != NULL || errno != ENOMEM)
		complain("malloc is not NULL with ENOMEM before the nodes are there");
	if (memkind_check_available(kind) != MEMKIND_ERROR_UNAVAILABLE)
		complain("the kind is not unavailable before the nodes are there");
}

/* Asks for a block until there is one or the time is over. */
static char *poll_for_block(memkind_t kind, long until)
{
	char *block;

	do {
		block = memkind_malloc(kind, LARGE_SIZE);
		if (block == NULL)
			sched_yield();
	} while (block == NULL && probe_ms() < until);
	return block;
}

static size_t pages_outside(char *block, size_t size, unsigned long nodes)
{
	struct probe_count count = {0};

	memset(block, 1, size);
	probe_locate(block, size, &count);
	return probe_outside(&count, nodes);
}

static void expect_found(const char *name, int cpu, unsigned long nodes, const char *policy)
{
	char found[PROBE_POLICY_SIZE];
	long started = probe_ms();
	char *block;

	probe_pin(cpu);
	block = poll_for_block(probe_kind(name), started + FIND_MS);
	if (block == NULL) {
		complain("the nodes are not found");
		return;
	}
	printf("hotplug kind=%s cpu=%d found after %ld ms\n", name, cpu, probe_ms() - started);
	if (pages_outside(block, LARGE_SIZE, nodes) > 0)
		complain("pages on a wrong node");
	probe_policy(block, found);
	if (strcmp(found, policy) != 0) {
		printf("# policy %s, not %s\n", found, policy);
		failures++;
	}
	if (memkind_check_available(probe_kind(name)) != 0)
		complain("check_available does not find the nodes");
	memkind_free(probe_kind(name), block);
}

static void run_late(const char *command)
{
	expect_unavailable(MEMKIND_DAX_KMEM);
	expect_unavailable(MEMKIND_DAX_KMEM_ALL);
	expect_unavailable(MEMKIND_DAX_KMEM_PREFERRED);
	bring_up(command);
	expect_found("DAX_KMEM", 0, 1UL << 2, "bind:2");
	expect_found("DAX_KMEM", 1, 1UL << 3, "bind:3");
	expect_found("DAX_KMEM_ALL", 1, 1UL << 3, "bind:2-3");
	expect_found("DAX_KMEM_PREFERRED", 0, 1UL << 2, "preferred:2");
}

static void get_blocks(char **blocks, int count, size_t size)
{
	for (int i = 0; i < count; i++) {
		blocks[i] = memkind_malloc(MEMKIND_DAX_KMEM, size);
		if (blocks[i] == NULL)
			probe_die("block %d of %zu bytes", i, size);
	}
}

/* Touches the blocks, and looks at their pages and policies. */
static void expect_on_node_3(const char *when, char **blocks, int count, size_t size)
{
	size_t pages = 0;
	size_t policies = 0;

	for (int i = 0; i < count; i++) {
		char found[PROBE_POLICY_SIZE];

		pages += pages_outside(blocks[i], size, 1UL << 3);
		probe_policy(blocks[i], found);
		policies += strcmp(found, "bind:3") != 0;
	}
	printf("hotplug %s: size=%zu blocks=%d wrong_pages=%zu wrong_policies=%zu\n", when, size,
	       count, pages, policies);
	failures += pages + policies > 0;
}

static void run_repair(const char *command)
{
	static char *old_small[SMALL_COUNT];
	static char *new_small[SMALL_COUNT];
	static char *old_large[LARGE_COUNT];
	static char *new_large[LARGE_COUNT];
	char remapped[PROBE_POLICY_SIZE];

	probe_pin(1);
	get_blocks(old_small, SMALL_COUNT, SMALL_SIZE);
	get_blocks(old_large, LARGE_COUNT / 2, LARGE_SIZE);
	expect_on_node_3("before", old_small, SMALL_COUNT, SMALL_SIZE);
	expect_on_node_3("before", old_large, LARGE_COUNT / 2, LARGE_SIZE);
	bring_up(command);
	probe_policy(old_large[0], remapped);
	printf("hotplug: node 2 came, and the kernel turned the policy into %s\n", remapped);
	/* All first, since allocating does not touch: whatever was committed before is repaired. */
	get_blocks(new_large, LARGE_COUNT, LARGE_SIZE);
	get_blocks(new_small, SMALL_COUNT, SMALL_SIZE);
	expect_on_node_3("after", new_large, LARGE_COUNT, LARGE_SIZE);
	expect_on_node_3("after", new_small, SMALL_COUNT, SMALL_SIZE);
	expect_on_node_3("rest", old_small, SMALL_COUNT, SMALL_SIZE);
	expect_on_node_3("rest", old_large, LARGE_COUNT / 2, LARGE_SIZE);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "late") == 0)
		run_late(argv[2]);
	else if (argc == 3 && strcmp(argv[1], "repair") == 0)
		run_repair(argv[2]);
	else
		probe_die("usage: hotplug late|repair COMMAND");
	return failures == 0 ? 0 : 1;
}
