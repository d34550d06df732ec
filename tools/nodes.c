/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind nodes: looks at this machine or at a tree, and hands what it finds to a printer. */
#include "nodes.h"

#include "machine.h"
#include "tool.h"

static int print_help(void)
{
	puts("usage: memkind nodes [--json] [--svg FILE] [--sysroot DIR]\n\n"
	     "Shows the memory nodes: what their memory is and why, how large and how fast it is, the\n"
	     "distances, and for every node with CPUs which far and which high-bandwidth node is\n"
	     "closest. More than one closest node is a tie.\n\n"
	     "  --json         one JSON object instead of tables\n"
	     "  --svg FILE     draws a map into FILE instead, for a browser\n"
	     "  --sysroot DIR  look at the sys and proc below DIR instead of those of this machine,\n"
	     "                 such as memkind capture saves\n"
	     "  --help         show this\n\n"
	     "MEMKIND_DAX_KMEM_NODES, where it is set, names the far nodes, and MEMKIND_HBW_NODES\n"
	     "those of high bandwidth; MEMKIND_HBW_THRESHOLD says from how many MB/s on a node is\n"
	     "one of these.\n\n"
	     "The exit code is 0, or 1 where DIR can't be read, FILE can't be written or a variable\n"
	     "is refused, and 2 where options are wrong.");
	return MK_TOOL_DONE;
}

static int find_all(struct mk_nodes_report *report)
{
	int result = mk_machine_find_nodes(report->topology, &mk_far_nodes, &report->far,
					   &report->is_far_given);

	if (result != MK_TOOL_DONE)
		return result;
	return mk_machine_find_nodes(report->topology, &mk_hbw_nodes, &report->hbw,
				     &report->is_hbw_given);
}

static int show(const struct mk_nodes_report *report, bool is_json, const char *svg)
{
	if (svg != NULL)
		return mk_nodes_draw(report, svg);
	return is_json ? mk_nodes_print_json(report) : mk_nodes_print_text(report);
}

int mk_tool_nodes(char **arguments)
{
	struct mk_nodes_report report = {.root = NULL};
	const char *svg = NULL;
	bool is_json = false, is_help = false;
	const struct mk_tool_option options[] = {
		{"--json", NULL, NULL, &is_json},
		{"--svg", "a file", &svg, NULL},
		{"--sysroot", "a directory", &report.root, NULL},
		{"--help", NULL, NULL, &is_help},
		{NULL, NULL, NULL, NULL},
	};
	int result;

	mk_tool_name = "memkind: nodes";
	result = mk_tool_parse(arguments, options, NULL);
	if (result == MK_TOOL_DONE && is_help)
		return print_help();
	if (result == MK_TOOL_DONE && is_json && svg != NULL) {
		mk_tool_error("--json and --svg exclude each other; see memkind nodes --help");
		return MK_TOOL_USAGE;
	}
	if (result == MK_TOOL_DONE)
		result = mk_machine_look(report.root, &report.topology);
	if (result == MK_TOOL_DONE)
		result = find_all(&report);
	return result == MK_TOOL_DONE ? show(&report, is_json, svg) : result;
}

const char *mk_nodes_medium_name(enum mk_medium medium)
{
	static const char *const names[] = {
		[MK_MEDIUM_DRAM] = "dram",	   [MK_MEDIUM_PMEM] = "pmem",
		[MK_MEDIUM_CXL] = "cxl",	   [MK_MEDIUM_HBM] = "hbm",
		[MK_MEDIUM_SPECIFIC] = "specific", [MK_MEDIUM_GPU] = "gpu",
		[MK_MEDIUM_SLOW] = "slow",	   [MK_MEDIUM_UNKNOWN] = "unknown",
	};

	return names[medium];
}

static unsigned end_of_run(unsigned first, unsigned limit,
			   bool (*has)(const void *context, unsigned id), const void *context)
{
	unsigned end = first + 1;

	while (end < limit && has(context, end))
		end++;
	return end;
}

void mk_nodes_write_list(FILE *stream, unsigned limit,
			 bool (*has)(const void *context, unsigned id), const void *context)
{
	const char *separator = "";

	for (unsigned id = 0; id < limit;) {
		unsigned end;

		if (!has(context, id)) {
			id++;
			continue;
		}
		end = end_of_run(id, limit, has, context);
		fprintf(stream, "%s%u", separator, id);
		if (end - id > 1)
			fprintf(stream, "-%u", end - 1);
		separator = ",";
		id = end;
	}
}

static bool is_member(const void *set, unsigned node)
{
	return mk_nodeset_has(set, node);
}

void mk_nodes_write_set(FILE *stream, const struct mk_nodeset *set)
{
	mk_nodes_write_list(stream, MK_NODE_LIMIT, is_member, set);
}

struct cpu_question {
	const struct mk_topology *topology;
	unsigned node;
};

static bool is_cpu(const void *context, unsigned cpu)
{
	const struct cpu_question *question = context;

	return mk_topology_is_cpu_of_node(question->topology, cpu, question->node);
}

void mk_nodes_write_cpus(FILE *stream, const struct mk_topology *topology, unsigned node)
{
	struct cpu_question question = {topology, node};

	mk_nodes_write_list(stream, mk_topology_cpu_limit(topology), is_cpu, &question);
}
