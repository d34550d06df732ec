/* SPDX-License-Identifier: BSD-2-Clause */
/* The first look at this machine, which may happen inside a malloc: no allocation, and quickly. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "topology/topology.h"

enum { LIMIT_US = 20000 };

/* The C library's own, which those below stand in front of for all code of the process. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);

static int is_forbidden;

static void check_call(void)
{
	static const char message[] = "an allocator of the C library was called\n";

	if (!is_forbidden)
		return;
	is_forbidden = 0;
	if (write(STDERR_FILENO, message, sizeof(message) - 1) < 0)
		_exit(2);
	abort();
}

void *malloc(size_t size)
{
	check_call();
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	check_call();
	return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
	check_call();
	return __libc_realloc(block, size);
}

void free(void *block)
{
	check_call();
	__libc_free(block);
}

static long microseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

int main(void)
{
	long cpu_time = microseconds(CLOCK_THREAD_CPUTIME_ID);
	long time = microseconds(CLOCK_MONOTONIC);
	const struct mk_topology *topology, *again;

	is_forbidden = 1;
	topology = mk_topology_get();
	time = microseconds(CLOCK_MONOTONIC) - time;
	cpu_time = microseconds(CLOCK_THREAD_CPUTIME_ID) - cpu_time;
	again = mk_topology_rescan();
	is_forbidden = 0;
	printf("first look at %u nodes: %ld us, %ld us of them on the CPU\n",
	       mk_topology_node_count(topology), time, cpu_time);
	if (again != topology) {
		fputs("the second look found another machine\n", stderr);
		return 1;
	}
	/* What other processes take of the machine does not count. */
	if (cpu_time >= LIMIT_US) {
		fprintf(stderr, "that is %d us or more\n", LIMIT_US);
		return 1;
	}
	return 0;
}
