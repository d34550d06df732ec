/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind bench: how long a load from each memory takes, and how many bytes a second it moves. */
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bits.h"
#include "kind/kind.h"
#include "named.h"
#include "os/thread.h"
#include "preload/names.h"
#include "tool.h"
#include "topology/topology.h"

const struct mk_bench_unit mk_bench_units[MK_BENCH_MEASURE_COUNT] = {
	[MK_BENCH_LATENCY] = {"latency", "ns", 1},
	[MK_BENCH_READ] = {"read", "GB/s", 1e9},
	[MK_BENCH_WRITE] = {"write", "GB/s", 1e9},
	[MK_BENCH_COPY] = {"copy", "GB/s", 1e9},
};

static int parse(char **arguments, struct mk_bench_wish *wish)
{
	const char *seconds = NULL;
	const struct mk_tool_option options[] = {
		{"--kind", "a kind", &wish->kind, NULL},
		{"--seconds", "a number from 1 to 86400", &seconds, NULL},
		{"--svg", "a file", &wish->svg, NULL},
		{"--json", NULL, NULL, &wish->is_json},
		{"--help", NULL, NULL, &wish->is_help},
		{NULL, NULL, NULL, NULL},
	};
	int result = mk_tool_parse(arguments, options, NULL);

	if (result != MK_TOOL_DONE)
		return result;
	if (seconds != NULL && !mk_tool_parse_seconds(seconds, 1, 86400, &wish->seconds))
		return mk_tool_refuse_value(arguments, &options[1]);
	if (wish->svg != NULL && wish->svg[0] == '\0')
		return mk_tool_refuse_value(arguments, &options[2]);
	return MK_TOOL_DONE;
}

static int print_help(void)
{
	puts("usage: memkind bench [--kind KIND] [--seconds N] [--json] [--svg FILE]\n\n"
	     "Measures the memory of this machine from each node with CPUs: each node with memory,\n"
	     "and each kind that is available. The latency is that of loads of which each needs the\n"
	     "one before, in random order over two to four times what the caches hold; the bandwidth\n"
	     "is that of reading, writing and copying with a thread on each CPU of the node. Before\n"
	     "they are measured, pages are asked where they lie. A kind whose pages are those of one\n"
	     "node has that node's figures; those that interleave or have huge pages are measured.\n"
	     "Beside each figure is its ratio to that of the node's own memory, or of the closest DRAM.\n\n"
	     "At last comes what kinds with weights=auto may go by instead of what the firmware tells.\n\n"
	     "  --kind KIND  of the kinds that one only, by name, or by a description, such as\n"
	     "               \"nodes=0,2;policy=interleave\", with those behind it\n"
	     "  --seconds N  about as long, besides getting the memory: 1 to 86400, else 120\n"
	     "  --json       one JSON object instead of a table\n"
	     "  --svg FILE   the figures as a picture, too\n"
	     "  --help       show this\n\n"
	     "At most half of what is free on a node is taken; where that is not enough, the row says\n"
	     "so. The memory is on huge pages where the kernel has some, but for what is interleaved.\n"
	     "Run it on a machine at rest.");
	return MK_TOOL_DONE;
}

/* The CPUs on which this process may run. */
static cpu_set_t allowed_cpus;

static void allow(unsigned cpu, void *context)
{
	(void)context;
	if (cpu < CPU_SETSIZE)
		CPU_SET(cpu, &allowed_cpus);
}

static void cpus_of(unsigned node, cpu_set_t *ret_cpus)
{
	CPU_ZERO(ret_cpus);
	for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed_cpus) &&
		    mk_topology_is_cpu_of_node(mk_topology_get(), cpu, node))
			CPU_SET(cpu, ret_cpus);
}

static bool add(struct mk_bench_report *report, const struct mk_bench_row *row)
{
	struct mk_bench_row *rows =
		realloc(report->rows, (report->row_count + 1) * sizeof(*report->rows));

	if (rows == NULL) {
		mk_tool_error("no memory left");
		return false;
	}
	report->rows = rows;
	rows[report->row_count++] = *row;
	return true;
}

/* Kinds whose pages are not those of a node as the kernel gives them to everybody. */
static const bool has_own_pages[] = {
#define MK_KIND(id, name, source, choice, mode, flags)                                             \
	MK_POLICY_##mode == MK_POLICY_INTERLEAVE ||                                                \
		((flags) & (MK_KIND_ON_HUGE_PAGES | MK_KIND_ON_GIGANTIC_PAGES)) != 0,
#include "kind/kinds.def"
#undef MK_KIND
};

/* From number FIRST on: all, or, where KIND is not NULL, that one only and those of a description. */
static bool add_kinds(struct mk_bench_report *report, struct mk_bench_row row, memkind_t kind)
{
	for (size_t i = 0; (row.kind = mk_kind_numbered(i)) != NULL; i++) {
		bool is_static = i < MK_ARRAY_SIZE(has_own_pages);

		row.kind_name = mk_kind_name(i);
		row.has_own_pages = !is_static || has_own_pages[i];
		if (kind != NULL && is_static && row.kind != kind)
			continue;
		if (memkind_check_available(row.kind) == 0 && !add(report, &row))
			return false;
	}
	return true;
}

/* What is to be measured from a node with CPUs: its own memory first. */
static bool add_rows(struct mk_bench_report *report, unsigned cpu_node, memkind_t kind)
{
	const struct mk_nodeset *nodes = mk_topology_set(mk_topology_get(), MK_SET_ALLOWED);
	struct mk_bench_row row = {.cpu_node = cpu_node};

	mk_nodeset_for_each (node, nodes) {
		row.node = (int)node;
		if (!add(report, &row))
			return false;
	}
	row.node = -1;
	return add_kinds(report, row, kind);
}

static bool plan(struct mk_bench_report *report, memkind_t kind)
{
	const struct mk_nodeset *nodes = mk_topology_set(mk_topology_get(), MK_SET_CPU);
	cpu_set_t cpus;

	mk_thread_affinity(allow, NULL);
	mk_nodeset_for_each (node, nodes) {
		cpus_of(node, &cpus);
		if (CPU_COUNT(&cpus) != 0 && !add_rows(report, node, kind))
			return false;
	}
	return true;
}

/* One line of a terminal, over and over. */
static void show_progress(const struct mk_bench_report *report, size_t index)
{
	char memory[MK_BENCH_REASON_SIZE];

	if (!isatty(STDERR_FILENO))
		return;
	if (index == report->row_count) {
		fputs("\r\033[K", stderr);
		return;
	}
	mk_bench_format_memory(&report->rows[index], memory, sizeof(memory));
	fprintf(stderr, "\r\033[K%zu of %zu: %s from node %u", index + 1, report->row_count, memory,
		report->rows[index].cpu_node);
}

/* Figures of a node are those of the kinds whose pages are all on it. False: they have to be measured. */
static bool take_from_node(const struct mk_bench_report *report, struct mk_bench_row *row)
{
	int node = -1;

	if (row->kind != NULL && !row->has_own_pages)
		node = mk_bench_find_node(row);
	for (size_t i = 0; i < report->row_count; i++) {
		const struct mk_bench_row *other = &report->rows[i];

		if (node < 0 || other->cpu_node != row->cpu_node || other->node != node)
			continue;
		row->is_like_node = true;
		row->size = other->size;
		memcpy(row->figures, other->figures, sizeof(row->figures));
		memcpy(row->reason, other->reason, sizeof(row->reason));
	}
	return row->is_like_node;
}

static void measure_row(const struct mk_bench_report *report, struct mk_bench_row *row,
			double seconds)
{
	struct mk_bench_memory memory;
	cpu_set_t cpus;

	cpus_of(row->cpu_node, &cpus);
	/* Local kinds and first touches go by where this thread runs. */
	if (sched_setaffinity(0, sizeof(cpus), &cpus) != 0) {
		snprintf(row->reason, sizeof(row->reason), "its CPUs can't be used: %s",
			 strerror(errno));
		return;
	}
	if (take_from_node(report, row) ||
	    !mk_bench_get_memory(row, mk_bench_cache_size(&cpus), &memory))
		return;
	for (int measure = 0; measure < MK_BENCH_MEASURE_COUNT; measure++)
		if (!mk_bench_measure((enum mk_bench_measure)measure, &memory, &cpus,
				      seconds / MK_BENCH_MEASURE_COUNT, &row->figures[measure]))
			snprintf(row->reason, sizeof(row->reason), "no thread for each CPU");
	mk_bench_put_memory(&memory);
}

static bool is_measured(const struct mk_bench_row *row)
{
	return row->reason[0] == '\0';
}

/* The node's own memory or the closest DRAM; NULL: it was left out. */
static const struct mk_bench_row *reference_of(const struct mk_bench_report *report,
					       unsigned cpu_node)
{
	const struct mk_topology *topology = mk_topology_get();
	struct mk_nodeset closest;

	mk_topology_closest(topology, mk_topology_set(topology, MK_SET_REGULAR), cpu_node,
			    &closest);
	for (size_t i = 0; i < report->row_count; i++) {
		const struct mk_bench_row *row = &report->rows[i];

		if (row->cpu_node == cpu_node && row->kind == NULL && is_measured(row) &&
		    mk_nodeset_has(&closest, (unsigned)row->node))
			return row;
	}
	return NULL;
}

static void find_ratios(struct mk_bench_report *report)
{
	for (size_t i = 0; i < report->row_count; i++) {
		struct mk_bench_row *row = &report->rows[i];
		const struct mk_bench_row *reference = reference_of(report, row->cpu_node);

		for (int k = 0; k < MK_BENCH_MEASURE_COUNT; k++)
			if (reference != NULL && reference->figures[k] > 0 && is_measured(row))
				row->ratios[k] = row->figures[k] / reference->figures[k];
	}
}

static void measure(struct mk_bench_report *report, double seconds)
{
	uint64_t start_ms = mk_clock_ms();
	size_t count = 0;

	for (size_t i = 0; i < report->row_count; i++)
		count += report->rows[i].kind == NULL || report->rows[i].has_own_pages;
	for (size_t i = 0; i < report->row_count; i++) {
		show_progress(report, i);
		measure_row(report, &report->rows[i], seconds / (double)count);
	}
	show_progress(report, report->row_count);
	report->seconds = (double)(mk_clock_ms() - start_ms) / 1000;
	find_ratios(report);
}

static int cannot_write(const char *path)
{
	mk_tool_error("%s can't be written: %s", path, strerror(errno));
	return MK_TOOL_FAILURE;
}

int mk_tool_bench(char **arguments)
{
	struct mk_bench_wish wish = {.seconds = 120};
	struct mk_bench_report report = {0};
	memkind_t kind = NULL;
	FILE *svg = NULL;
	int result;

	mk_tool_name = "memkind: bench";
	result = parse(arguments, &wish);
	if (result == MK_TOOL_DONE && wish.is_help)
		return print_help();
	if (result != MK_TOOL_DONE)
		return result;
	if (wish.kind != NULL && (kind = mk_named_find("--kind", wish.kind)) == NULL)
		return MK_TOOL_USAGE;
	/* Two minutes are not to be lost because of a file. */
	if (wish.svg != NULL) {
		svg = fopen(wish.svg, "we");
		if (svg == NULL)
			return cannot_write(wish.svg);
	}
	if (!plan(&report, kind)) {
		free(report.rows);
		return MK_TOOL_FAILURE;
	}
	measure(&report, wish.seconds);
	if (wish.is_json)
		result = mk_bench_print_json(&report);
	else
		mk_bench_print_table(&report);
	if (svg != NULL && mk_bench_write_svg(&report, svg) != MK_TOOL_DONE)
		result = cannot_write(wish.svg);
	free(report.rows);
	return result;
}
