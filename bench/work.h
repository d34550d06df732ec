/* SPDX-License-Identifier: BSD-2-Clause */
/* What the workloads share: their tables, clocks, and what they report. */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "allocator.h"
#include "random.h"

/* NUMBER is the number of threads, or of what else the workload has a number of. */
struct bench_workload {
	const char *name;
	void (*run)(unsigned number);
};

/* Tables end with a row without a name. */
extern const struct bench_workload bench_micro_workloads[];
extern const struct bench_workload bench_thread_workloads[];
extern const struct bench_workload bench_cold_workloads[];
extern const struct bench_workload bench_start_workloads[];
extern const struct bench_workload bench_trace_workloads[];
extern const struct bench_workload bench_scale_workloads[];

/* What was said on the command line after the workload and its number. */
extern int bench_word_count;
extern char **bench_words;

/* Nanoseconds from before the allocator was loaded until its first block was there. */
extern double bench_first_block_ns;

/* A line NAME VALUE of the output. */
void bench_report(const char *name, double value);

double bench_ns(clockid_t clock);

/* Resident memory of this process now, and the highest it was, in bytes. */
double bench_rss(void);
double bench_peak_rss(void);

/* Memory of the workload's own, zeroed, and not from the allocator under test. */
void *bench_own(size_t size);

#endif
