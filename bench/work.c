/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs one workload with one allocator and prints what it measures, a line NAME VALUE each.
 *
 * Usage: work WORKLOAD NUMBER INTERFACE [ARGUMENT...], the last as in allocator.c. Without
 * arguments: prints the workloads, a line GROUP NAME each.
 */
#include "work.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A workload of a timed group is measured as a whole; others report on their own. */
static const struct group {
	const char *name;
	const struct bench_workload *workloads;
	bool is_timed;
} groups[] = {
	{"micro", bench_micro_workloads, true},	 {"threads", bench_thread_workloads, true},
	{"cold", bench_cold_workloads, false},	 {"start", bench_start_workloads, false},
	{"trace", bench_trace_workloads, false}, {"scale", bench_scale_workloads, false},
};
enum { GROUP_COUNT = sizeof(groups) / sizeof(groups[0]) };

int bench_word_count;
char **bench_words;
double bench_first_block_ns;

void bench_report(const char *name, double value)
{
	printf("%s %.3f\n", name, value);
}

double bench_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* A line of a file of /proc/self, in bytes. */
static double read_kib(const char *path, const char *name)
{
	char text[4096];
	int file = open(path, O_RDONLY);
	ssize_t size = read(file, text, sizeof(text) - 1);
	char *line;

	if (size < 0)
		bench_die(path);
	close(file);
	text[size] = 0;
	line = strstr(text, name);
	return line == NULL ? 0 : (double)strtol(line + strlen(name), NULL, 10) * 1024;
}

double bench_rss(void)
{
	return read_kib("/proc/self/smaps_rollup", "\nRss:");
}

/*
 * The high-water mark of this program; getrusage would count the parent's before exec. The kernel
 * keeps it roughly: what is resident now is exact.
 */
double bench_peak_rss(void)
{
	double highest = read_kib("/proc/self/status", "\nVmHWM:");
	double now = bench_rss();

	return highest > now ? highest : now;
}

void *bench_own(size_t size)
{
	void *area = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (area == MAP_FAILED)
		bench_die("mmap");
	return area;
}

static const struct bench_workload *find(const char *name, const struct group **ret_group)
{
	for (int i = 0; i < GROUP_COUNT; i++) {
		const struct bench_workload *row = groups[i].workloads;

		for (; row->name != NULL; row++) {
			if (strcmp(row->name, name) == 0) {
				*ret_group = &groups[i];
				return row;
			}
		}
	}
	return NULL;
}

static void list(void)
{
	for (int i = 0; i < GROUP_COUNT; i++)
		for (const struct bench_workload *row = groups[i].workloads; row->name; row++)
			printf("%s %s\n", groups[i].name, row->name);
}

static void run_timed(const struct bench_workload *workload, unsigned number)
{
	double wall = bench_ns(CLOCK_MONOTONIC);
	double cpu = bench_ns(CLOCK_PROCESS_CPUTIME_ID);

	workload->run(number);
	bench_report("wall", bench_ns(CLOCK_MONOTONIC) - wall);
	bench_report("cpu", bench_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu);
	bench_report("rss", bench_peak_rss());
}

int main(int argc, char **argv)
{
	const struct bench_workload *workload;
	const struct group *group;
	unsigned number;

	if (argc == 1) {
		list();
		return 0;
	}
	workload = find(argv[1], &group);
	if (workload == NULL || argc < 4) {
		fprintf(stderr, "usage: %s WORKLOAD NUMBER INTERFACE [ARGUMENT...]\n", argv[0]);
		return 2;
	}
	number = (unsigned)strtoul(argv[2], NULL, 10);
	bench_word_count = argc - 3;
	bench_words = argv + 3;
	bench_first_block_ns = bench_ns(CLOCK_MONOTONIC);
	bench_choose(bench_word_count, bench_words);
	/* The first block sets the allocator up, which only the group "start" measures. */
	bench_free(bench_malloc(64));
	bench_first_block_ns = bench_ns(CLOCK_MONOTONIC) - bench_first_block_ns;
	if (group->is_timed)
		run_timed(workload, number);
	else
		workload->run(number);
	return 0;
}
