/* SPDX-License-Identifier: BSD-2-Clause */
/* What was measured as a table and as JSON. */
#include <stdio.h>
#include <stdlib.h>

#include "base/options.h"
#include "bench.h"
#include "json.h"
#include "tool.h"

enum { MEMORY_WIDTH = 33, FIGURE_WIDTH = 7, RATIO_WIDTH = 5, NODES_SIZE = 64 };

void mk_bench_format_memory(const struct mk_bench_row *row, char *ret_text, size_t size)
{
	if (row->kind != NULL)
		snprintf(ret_text, size, "%s", row->kind_name);
	else
		snprintf(ret_text, size, "node %d", row->node);
}

/* "2,3", cut where there is no more room. */
static void format_nodes(const struct mk_nodeset *nodes, char *ret_text, size_t size)
{
	size_t length = 0;

	ret_text[0] = '\0';
	mk_nodeset_for_each (node, nodes) {
		if (length + sizeof(",1023") > size)
			return;
		length += (size_t)snprintf(ret_text + length, size - length, "%s%u",
					   length == 0 ? "" : ",", node);
	}
}

static void print_headings(void)
{
	printf("%-7s  %-*s  %-5s", "from", MEMORY_WIDTH, "memory", "nodes");
	for (int i = 0; i < MK_BENCH_MEASURE_COUNT; i++)
		printf("  %*s %*s", FIGURE_WIDTH, mk_bench_units[i].name, RATIO_WIDTH, "ratio");
	printf("\n%-7s  %-*s  %-5s", "", MEMORY_WIDTH, "", "");
	for (int i = 0; i < MK_BENCH_MEASURE_COUNT; i++)
		printf("  %*s%*s", FIGURE_WIDTH, mk_bench_units[i].unit,
		       i + 1 < MK_BENCH_MEASURE_COUNT ? RATIO_WIDTH + 1 : 0, "");
	putchar('\n');
}

static void print_row(const struct mk_bench_row *row)
{
	char memory[MK_BENCH_REASON_SIZE], nodes[NODES_SIZE];

	mk_bench_format_memory(row, memory, sizeof(memory));
	format_nodes(&row->nodes, nodes, sizeof(nodes));
	printf("node %-2u  %-*s  ", row->cpu_node, MEMORY_WIDTH, memory);
	if (row->reason[0] != '\0') {
		printf("left out: %s\n", row->reason);
		return;
	}
	printf("%-5s", nodes);
	for (int i = 0; i < MK_BENCH_MEASURE_COUNT; i++) {
		printf("  %*.1f", FIGURE_WIDTH, row->figures[i] / mk_bench_units[i].divisor);
		if (row->ratios[i] > 0)
			printf(" %*.2f", RATIO_WIDTH, row->ratios[i]);
		else
			printf(" %*s", RATIO_WIDTH, "-");
	}
	putchar('\n');
}

/* What was read of a node from where that was fastest, in MB/s; 0: it was left out. */
static unsigned bandwidth_of(const struct mk_bench_report *report, int node)
{
	double best = 0;

	for (size_t i = 0; i < report->row_count; i++) {
		const struct mk_bench_row *row = &report->rows[i];

		if (row->kind == NULL && row->node == node && row->reason[0] == '\0' &&
		    row->figures[MK_BENCH_READ] > best)
			best = row->figures[MK_BENCH_READ];
	}
	return (unsigned)(best / 1e6);
}

/* As the library's variable has them, "0:12000,2:3000", for the caller to free; NULL: no memory. */
static char *format_bandwidths(const struct mk_bench_report *report)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (stream == NULL)
		return NULL;
	for (int node = 0; node < MK_NODE_LIMIT; node++) {
		unsigned bandwidth = bandwidth_of(report, node);

		if (bandwidth != 0)
			fprintf(stream, "%s%d:%u", ftell(stream) == 0 ? "" : ",", node, bandwidth);
	}
	if (fclose(stream) == 0)
		return text;
	free(text);
	return NULL;
}

void mk_bench_print_table(const struct mk_bench_report *report)
{
	char *bandwidths = format_bandwidths(report);

	print_headings();
	for (size_t i = 0; i < report->row_count; i++)
		print_row(&report->rows[i]);
	if (bandwidths != NULL && bandwidths[0] != '\0')
		printf("\nfor kinds with weights=auto: %s=%s\n",
		       mk_option_name(MK_OPTION_NODE_BANDWIDTHS), bandwidths);
	free(bandwidths);
}

/* A ratio that is not known is null. */
static void add_figures(struct json_object *object, const struct mk_bench_row *row)
{
	for (int i = 0; i < MK_BENCH_MEASURE_COUNT; i++) {
		struct json_object *figure = json_object_new_object();

		json_object_object_add(
			figure, "value",
			json_object_new_double(row->figures[i] / mk_bench_units[i].divisor));
		json_object_object_add(figure, "unit",
				       json_object_new_string(mk_bench_units[i].unit));
		json_object_object_add(figure, "ratio",
				       row->ratios[i] > 0 ? json_object_new_double(row->ratios[i])
							  : NULL);
		json_object_object_add(object, mk_bench_units[i].name, figure);
	}
}

static struct json_object *row_object(const struct mk_bench_row *row)
{
	struct json_object *object = json_object_new_object();
	bool is_left_out = row->reason[0] != '\0';

	json_object_object_add(object, "from", json_object_new_int((int)row->cpu_node));
	json_object_object_add(object, "node",
			       row->kind == NULL ? json_object_new_int(row->node) : NULL);
	json_object_object_add(object, "kind",
			       row->kind == NULL ? NULL : json_object_new_string(row->kind_name));
	json_object_object_add(object, "left_out",
			       is_left_out ? json_object_new_string(row->reason) : NULL);
	if (is_left_out)
		return object;
	json_object_object_add(object, "nodes", mk_json_nodes(&row->nodes));
	json_object_object_add(object, "like_node", json_object_new_boolean(row->is_like_node));
	json_object_object_add(object, "bytes", json_object_new_int64((int64_t)row->size));
	add_figures(object, row);
	return object;
}

int mk_bench_print_json(const struct mk_bench_report *report)
{
	struct json_object *object = json_object_new_object();
	struct json_object *rows = json_object_new_array();
	char *bandwidths = format_bandwidths(report);

	for (size_t i = 0; i < report->row_count; i++)
		json_object_array_add(rows, row_object(&report->rows[i]));
	json_object_object_add(object, "seconds", json_object_new_double(report->seconds));
	json_object_object_add(object, "rows", rows);
	json_object_object_add(object, "bandwidths",
			       bandwidths == NULL ? NULL : json_object_new_string(bandwidths));
	free(bandwidths);
	return mk_json_print(object);
}
