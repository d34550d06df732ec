/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind nodes: tables for people. */
#include "base/bits.h"
#include "machine.h"
#include "nodes.h"
#include "table.h"
#include "tool.h"

enum {
	/* Characters of the matrix: of its first column, and of each other one. */
	HEAD_WIDTH = 7,
	CELL_WIDTH = 5,
};

/* "80 ns", or "80/100 ns" where reading and writing differ. */
static void add_figure(struct mk_table *table, uint32_t read, uint32_t write, const char *unit)
{
	if (read != 0 && write != 0 && read != write)
		mk_table_add(table, "%u/%u %s", read, write, unit);
	else if ((read | write) != 0)
		mk_table_add(table, "%u %s", read | write, unit);
	else
		mk_table_add(table, "%s", "");
}

static void add_cpus(struct mk_table *table, const struct mk_topology *topology, unsigned node)
{
	FILE *stream = mk_table_cell(table);

	if (stream != NULL)
		mk_nodes_write_cpus(stream, topology, node);
	mk_table_end_cell(table);
}

static void add_node(struct mk_table *table, const struct mk_nodes_report *report,
		     const struct mk_node *node)
{
	char text[MK_SIZE_TEXT];
	uint64_t free_size;

	mk_table_add(table, "%u", node->id);
	add_cpus(table, report->topology, node->id);
	mk_table_add(table, "%s", mk_table_size(node->memory_size, text));
	if (!mk_machine_free(report->root, node->id, MK_HUGE_NONE, &free_size))
		free_size = 0;
	mk_table_add(table, "%s", mk_table_size(free_size, text));
	add_figure(table, node->read_latency, node->write_latency, "ns");
	add_figure(table, node->read_bandwidth, node->write_bandwidth, "MB/s");
	if (node->tier != 0)
		mk_table_add(table, "%u", node->tier);
	else
		mk_table_add(table, "%s", "");
}

static int print_figures(const struct mk_nodes_report *report)
{
	static const struct mk_column columns[] = {
		{"node", MK_ALIGN_RIGHT},    {"cpus", MK_ALIGN_WRAP},
		{"memory", MK_ALIGN_RIGHT},  {"free", MK_ALIGN_RIGHT},
		{"latency", MK_ALIGN_RIGHT}, {"bandwidth", MK_ALIGN_RIGHT},
		{"tier", MK_ALIGN_RIGHT},
	};
	struct mk_table *table = mk_table_new(columns, MK_ARRAY_SIZE(columns));

	for (unsigned i = 0; i < mk_topology_node_count(report->topology); i++)
		add_node(table, report, mk_topology_node(report->topology, i));
	return mk_table_print(table);
}

static int print_media(const struct mk_topology *topology)
{
	static const struct mk_column columns[] = {
		{"node", MK_ALIGN_RIGHT},
		{"medium", MK_ALIGN_LEFT},
		{"device", MK_ALIGN_LEFT},
		{"evidence", MK_ALIGN_WRAP},
	};
	struct mk_table *table = mk_table_new(columns, MK_ARRAY_SIZE(columns));

	puts("");
	for (unsigned i = 0; i < mk_topology_node_count(topology); i++) {
		const struct mk_node *node = mk_topology_node(topology, i);

		mk_table_add(table, "%u", node->id);
		mk_table_add(table, "%s", mk_nodes_medium_name(node->medium));
		mk_table_add(table, "%s", node->dax_device);
		mk_table_add(table, "%s", node->evidence);
	}
	return mk_table_print(table);
}

static void print_row(const struct mk_topology *topology, unsigned from, unsigned first,
		      unsigned end)
{
	printf("%*u", HEAD_WIDTH, from);
	for (unsigned i = first; i < end; i++) {
		unsigned to = mk_topology_node(topology, i)->id;
		unsigned distance = mk_topology_distance(topology, from, to);

		if (distance == MK_DISTANCE_UNKNOWN)
			printf("%*s", CELL_WIDTH, "-");
		else
			printf("%*u", CELL_WIDTH, distance);
	}
	puts("");
}

/* In parts, where the terminal has no room for all columns. */
static void print_distances(const struct mk_topology *topology)
{
	unsigned count = mk_topology_node_count(topology);
	unsigned width = mk_table_width();
	unsigned room = width > HEAD_WIDTH + CELL_WIDTH ? (width - HEAD_WIDTH) / CELL_WIDTH : 1;

	puts("\ndistances (- is unknown)");
	for (unsigned first = 0, end; first < count; first = end) {
		end = room < count - first ? first + room : count;
		fputs("from\\to", stdout);
		for (unsigned i = first; i < end; i++)
			printf("%*u", CELL_WIDTH, mk_topology_node(topology, i)->id);
		puts("");
		for (unsigned i = 0; i < count; i++)
			print_row(topology, mk_topology_node(topology, i)->id, first, end);
	}
}

static void print_set(const struct mk_nodeset *set)
{
	if (mk_nodeset_is_empty(set))
		fputs("none", stdout);
	mk_nodes_write_set(stdout, set);
}

static void print_closest(const struct mk_topology *topology, const struct mk_nodeset *candidates)
{
	if (mk_nodeset_is_empty(candidates))
		return;
	mk_nodeset_for_each (node, mk_topology_set(topology, MK_SET_CPU)) {
		struct mk_nodeset closest;

		mk_topology_closest(topology, candidates, node, &closest);
		printf("  closest to the CPUs of node %u: ", node);
		print_set(&closest);
		puts(mk_nodeset_count(&closest) > 1 ? " (tie)" : "");
	}
}

static void print_allowed(const struct mk_topology *topology)
{
	if (mk_topology_is_all_allowed(topology))
		return;
	fputs("\nallowed nodes (Mems_allowed of the process): ", stdout);
	print_set(mk_topology_set(topology, MK_SET_ALLOWED));
	puts("");
}

static void print_far(const struct mk_nodes_report *report)
{
	fputs("\nfar nodes: ", stdout);
	print_set(&report->far);
	if (mk_nodeset_is_empty(&report->far))
		printf(": %s", mk_topology_far_reason(report->topology)->text);
	puts(report->is_far_given ? " (named by MEMKIND_DAX_KMEM_NODES)" : "");
	print_closest(report->topology, &report->far);
}

int mk_nodes_print_text(const struct mk_nodes_report *report)
{
	const struct mk_topology *topology = report->topology;

	if (print_figures(report) != MK_TOOL_DONE || print_media(topology) != MK_TOOL_DONE)
		return MK_TOOL_FAILURE;
	print_distances(topology);
	print_allowed(topology);
	print_far(report);
	fputs("\nhigh-bandwidth nodes: ", stdout);
	print_set(&report->hbw);
	puts(report->is_hbw_given ? " (named by MEMKIND_HBW_NODES)" : "");
	print_closest(topology, &report->hbw);
	return MK_TOOL_DONE;
}
