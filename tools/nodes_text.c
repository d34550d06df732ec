/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind nodes: tables for people. */
#include <stdlib.h>

#include "base/bits.h"
#include "nodes.h"
#include "tool.h"

enum {
	COLUMN_COUNT = 5,
	CELL_SIZE = 64,
	DISTANCE_UNKNOWN = 255,
};

static const char *const headings[COLUMN_COUNT] = {"node", "cpus", "memory", "medium", "evidence"};
static const bool is_right[COLUMN_COUNT] = {true, false, true, false, false};

/* "393216 KiB" says less than "384.0 MiB". */
static void format_size(uint64_t size, char *ret_text)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	size_t unit = 0;
	double value = (double)size / 1024;

	for (; value >= 1024 && unit + 1 < MK_ARRAY_SIZE(units); unit++)
		value /= 1024;
	if (size == 0)
		snprintf(ret_text, CELL_SIZE, "-");
	else
		snprintf(ret_text, CELL_SIZE, "%.1f %s", value, units[unit]);
}

/* The text of one cell, to be freed; NULL: no memory. */
static char *cell_text(const struct mk_topology *topology, const struct mk_node *node, int column)
{
	char size_text[CELL_SIZE];
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	if (stream == NULL)
		return NULL;
	if (column == 0) {
		fprintf(stream, "%u", node->id);
	} else if (column == 1 && node->has_cpu) {
		mk_nodes_write_cpus(stream, topology, node->id);
	} else if (column == 1) {
		fputc('-', stream);
	} else if (column == 2) {
		format_size(node->memory_size, size_text);
		fputs(size_text, stream);
	} else {
		fputs(column == 3 ? mk_nodes_medium_name(node->medium) : node->evidence, stream);
	}
	fclose(stream);
	return text;
}

static void print_cell(const char *text, int column, int width)
{
	if (column + 1 == COLUMN_COUNT)
		puts(text);
	else
		printf("%*s  ", is_right[column] ? width : -width, text);
}

/* CELLS: row-major, the headings first. */
static void print_table(char **cells, unsigned row_count)
{
	int widths[COLUMN_COUNT] = {0};

	for (unsigned i = 0; i < row_count * COLUMN_COUNT; i++) {
		int width = cells[i] == NULL ? 0 : (int)strlen(cells[i]);

		if (width > widths[i % COLUMN_COUNT])
			widths[i % COLUMN_COUNT] = width;
	}
	for (unsigned i = 0; i < row_count * COLUMN_COUNT; i++)
		print_cell(cells[i] == NULL ? "?" : cells[i], i % COLUMN_COUNT,
			   widths[i % COLUMN_COUNT]);
}

static int print_nodes(const struct mk_topology *topology)
{
	unsigned row_count = mk_topology_node_count(topology) + 1;
	char **cells = calloc((size_t)row_count * COLUMN_COUNT, sizeof(*cells));

	if (cells == NULL)
		return MK_TOOL_FAILURE;
	for (int column = 0; column < COLUMN_COUNT; column++) {
		cells[column] = strdup(headings[column]);
		for (unsigned i = 1; i < row_count; i++)
			cells[i * COLUMN_COUNT + (unsigned)column] =
				cell_text(topology, mk_topology_node(topology, i - 1), column);
	}
	print_table(cells, row_count);
	for (unsigned i = 0; i < row_count * COLUMN_COUNT; i++)
		free(cells[i]);
	free(cells);
	return MK_TOOL_DONE;
}

static void print_distances(const struct mk_topology *topology)
{
	unsigned count = mk_topology_node_count(topology);

	puts("\ndistances (- is unknown)");
	fputs("from\\to", stdout);
	for (unsigned i = 0; i < count; i++)
		printf(" %4u", mk_topology_node(topology, i)->id);
	puts("");
	for (unsigned i = 0; i < count; i++) {
		unsigned from = mk_topology_node(topology, i)->id;

		printf("%7u", from);
		for (unsigned j = 0; j < count; j++) {
			unsigned to = mk_topology_node(topology, j)->id;
			unsigned distance = mk_topology_distance(topology, from, to);

			if (distance == DISTANCE_UNKNOWN)
				fputs("    -", stdout);
			else
				printf(" %4u", distance);
		}
		puts("");
	}
}

static bool is_member(const void *set, unsigned node)
{
	return mk_nodeset_has(set, node);
}

static void print_set(const struct mk_nodeset *set)
{
	if (mk_nodeset_is_empty(set))
		fputs("none", stdout);
	mk_nodes_write_list(stdout, MK_NODE_LIMIT, is_member, set);
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

	if (print_nodes(topology) != MK_TOOL_DONE) {
		mk_tool_error("out of memory");
		return MK_TOOL_FAILURE;
	}
	print_distances(topology);
	print_allowed(topology);
	print_far(report);
	fputs("\nhigh-bandwidth nodes: ", stdout);
	print_set(&report->hbw);
	puts(report->is_hbw_given ? " (named by MEMKIND_HBW_NODES)" : "");
	print_closest(topology, &report->hbw);
	return MK_TOOL_DONE;
}
