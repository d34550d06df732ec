/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What hbw_verify_memory_region() says of pages on each node.
 *
 *	verify -c CPU NODE=CODE...
 *
 *   -c  run there only
 *
 * CODE is what the call must return for pages that are bound to NODE. Prints a line a node, "verify
 * node=N code=C", and exits with 0 if all was as said, with 1 if not.
 */
#include "probe.h"

#include <hbwmalloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BIND = 2 };

#define REGION_SIZE ((size_t)1 << 20)

static int verify_on(unsigned node)
{
	unsigned long mask = 1UL << node;
	void *region =
		mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct probe_count count = {.elsewhere = 0};
	int code;

	if (region == MAP_FAILED ||
	    syscall(SYS_mbind, region, REGION_SIZE, BIND, &mask, PROBE_NODES + 1, 0) != 0)
		probe_die("no memory on node %u", node);
	memset(region, 1, REGION_SIZE);
	probe_locate(region, REGION_SIZE, &count);
	if (probe_outside(&count, mask) != 0)
		probe_die("pages are not on node %u", node);
	code = hbw_verify_memory_region(region, REGION_SIZE, HBW_TOUCH_PAGES);
	munmap(region, REGION_SIZE);
	return code;
}

/* True: it is as TEXT, "NODE=CODE", says. */
static bool is_as_said(const char *text)
{
	unsigned node;
	int expected, code;

	if (sscanf(text, "%u=%d", &node, &expected) != 2 || node >= PROBE_NODES)
		probe_die("%s is not NODE=CODE", text);
	code = verify_on(node);
	printf("verify node=%u code=%d\n", node, code);
	return code == expected;
}

int main(int argc, char **argv)
{
	int failures = 0;

	if (getopt(argc, argv, "c:") != 'c')
		probe_die("usage: verify -c CPU NODE=CODE...");
	probe_pin(atoi(optarg));
	for (int i = optind; i < argc; i++)
		failures += is_as_said(argv[i]) ? 0 : 1;
	return failures != 0;
}
