/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs one workload with one allocator and prints wall time, CPU time and peak RSS in one line.
 *
 * Usage: work WORKLOAD THREADS [LIBRARY KIND [nokind]]. Without LIBRARY the process's own malloc is
 * used, which may be that of a preloaded library.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "work.h"

struct bench_allocator bench_allocator;

void bench_die(const char *what)
{
	fprintf(stderr, "work: %s failed\n", what);
	exit(1);
}

static void *symbol(void *library, const char *name)
{
	void *found = dlsym(library, name);

	if (found == NULL)
		bench_die(name);
	return found;
}

static void use_process_malloc(void)
{
	struct bench_allocator *allocator = &bench_allocator;

	allocator->malloc = symbol(RTLD_DEFAULT, "malloc");
	allocator->calloc = symbol(RTLD_DEFAULT, "calloc");
	allocator->realloc = symbol(RTLD_DEFAULT, "realloc");
	allocator->memalign = symbol(RTLD_DEFAULT, "posix_memalign");
	allocator->free = symbol(RTLD_DEFAULT, "free");
}

static void use_kind(const char *path, const char *kind)
{
	struct bench_allocator *allocator = &bench_allocator;
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (library == NULL)
		bench_die(dlerror());
	allocator->kind = *(struct memkind **)symbol(library, kind);
	allocator->kind_malloc = symbol(library, "memkind_malloc");
	allocator->kind_calloc = symbol(library, "memkind_calloc");
	allocator->kind_realloc = symbol(library, "memkind_realloc");
	allocator->kind_memalign = symbol(library, "memkind_posix_memalign");
	allocator->kind_free = symbol(library, "memkind_free");
}

static const struct bench_workload *find(const struct bench_workload *table, const char *name)
{
	for (; table->name != NULL; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

/* The high-water mark of this program; getrusage would count the parent's before exec. */
static long peak_rss_kib(void)
{
	char text[4096];
	int file = open("/proc/self/status", O_RDONLY);
	ssize_t size = read(file, text, sizeof(text) - 1);
	char *line;

	if (size < 0)
		bench_die("/proc/self/status");
	close(file);
	text[size] = 0;
	line = strstr(text, "VmHWM:");
	return line == NULL ? 0 : strtol(line + strlen("VmHWM:"), NULL, 10);
}

static double seconds_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void list(void)
{
	for (const struct bench_workload *row = bench_micro_workloads; row->name != NULL; row++)
		printf("micro %s\n", row->name);
	for (const struct bench_workload *row = bench_thread_workloads; row->name != NULL; row++)
		printf("threads %s\n", row->name);
}

int main(int argc, char **argv)
{
	const struct bench_workload *workload;
	double wall;
	double cpu;

	if (argc == 1) {
		list();
		return 0;
	}
	workload = find(bench_micro_workloads, argv[1]);
	if (workload == NULL)
		workload = find(bench_thread_workloads, argv[1]);
	if (workload == NULL || (argc != 3 && argc != 5 && argc != 6)) {
		fprintf(stderr, "usage: %s WORKLOAD THREADS [LIBRARY KIND [nokind]]\n", argv[0]);
		return 2;
	}
	if (argc == 3)
		use_process_malloc();
	else
		use_kind(argv[3], argv[4]);
	bench_allocator.frees_without_kind = argc == 6;
	/* The first block sets the allocator up; that is another measurement. */
	bench_free(bench_malloc(64));
	wall = seconds_of(CLOCK_MONOTONIC);
	cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
	workload->run((unsigned)strtoul(argv[2], NULL, 10));
	wall = seconds_of(CLOCK_MONOTONIC) - wall;
	cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	printf("%.6f %.6f %ld\n", wall, cpu, peak_rss_kib());
	return 0;
}
