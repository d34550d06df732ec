/* SPDX-License-Identifier: BSD-2-Clause */
/* What `memkind bench` measures, and the forms in which it shows that. */
#ifndef TOOLS_BENCH_H
#define TOOLS_BENCH_H

#include <memkind.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/nodeset.h"

struct mk_bench_wish {
	double seconds;
	const char *svg;  /* NULL: none */
	const char *kind; /* NULL: all */
	bool is_json, is_help;
};

enum mk_bench_measure {
	MK_BENCH_LATENCY, /* ns */
	MK_BENCH_READ,	  /* this one and the others: bytes a second */
	MK_BENCH_WRITE,
	MK_BENCH_COPY,
	MK_BENCH_MEASURE_COUNT
};

/* How a measure is called, and in which unit its figures are shown. */
struct mk_bench_unit {
	const char *name, *unit;
	double divisor;
};
extern const struct mk_bench_unit mk_bench_units[MK_BENCH_MEASURE_COUNT];

enum { MK_BENCH_REASON_SIZE = 128 };

/* The memory of a node or of a kind, measured from a node with CPUs. */
struct mk_bench_row {
	unsigned cpu_node;
	int node;		 /* -1: it is a kind */
	memkind_t kind;		 /* where it is one */
	bool has_own_pages;	 /* the same; they are not those that a node gives to everybody */
	const char *kind_name;	 /* the same, without memkind_ */
	struct mk_nodeset nodes; /* on which the pages were */
	size_t size;
	bool is_like_node; /* a kind whose pages are those of one node, and so are its figures */
	double figures[MK_BENCH_MEASURE_COUNT];
	double ratios[MK_BENCH_MEASURE_COUNT]; /* to the node's own memory; 0: that was left out */
	char reason[MK_BENCH_REASON_SIZE];     /* why it was left out; empty: it was not */
};

struct mk_bench_report {
	double seconds; /* that it took */
	struct mk_bench_row *rows;
	size_t row_count;
};

/* Memory that is there, on the nodes where it is meant to be. */
struct mk_bench_memory {
	void *base;
	size_t size;	/* a power of two */
	memkind_t kind; /* NULL: it is mapped */
};

/*
 * The node on which all pages of a kind's row lie, to begin with, for a thread that runs as the calling
 * one does, and sets its nodes; -1: there is no such one.
 */
int mk_bench_find_node(struct mk_bench_row *row);

/*
 * Gets the memory of a row and sets its nodes and size, or its reason. CACHE_SIZE: of the caches that it
 * has to be larger than. The calling thread runs on the row's CPUs.
 */
bool mk_bench_get_memory(struct mk_bench_row *row, size_t cache_size,
			 struct mk_bench_memory *ret_memory);
void mk_bench_put_memory(const struct mk_bench_memory *memory);

/* Bytes of the largest caches of these CPUs together. */
size_t mk_bench_cache_size(const cpu_set_t *cpus);

/* One figure, on these CPUs, in about so many seconds. False: no threads can be had. */
bool mk_bench_measure(enum mk_bench_measure measure, const struct mk_bench_memory *memory,
		      const cpu_set_t *cpus, double seconds, double *ret_figure);

/* "node 2" or the name of a kind. */
void mk_bench_format_memory(const struct mk_bench_row *row, char *ret_text, size_t size);

void mk_bench_print_table(const struct mk_bench_report *report);

/* Both give MK_TOOL_DONE or MK_TOOL_FAILURE; the picture's FILE is closed. */
int mk_bench_print_json(const struct mk_bench_report *report);
int mk_bench_write_svg(const struct mk_bench_report *report, FILE *file);

#endif
