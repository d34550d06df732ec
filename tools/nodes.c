/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind nodes: looks at this machine or at a tree, and hands what it finds to a printer. */
#include "nodes.h"

#include <string.h>

#include "machine.h"
#include "tool.h"

struct arguments {
	const char *root; /* NULL: this machine */
	bool is_json;
	bool is_help;
};

static int parse_arguments(char **arguments, struct arguments *ret_arguments)
{
	struct arguments parsed = {.root = NULL};

	for (int i = 1; arguments[i] != NULL; i++) {
		const char *root = mk_tool_option_value(arguments, &i, "--sysroot");

		if (root != NULL) {
			parsed.root = root;
		} else if (strcmp(arguments[i], "--json") == 0) {
			parsed.is_json = true;
		} else if (strcmp(arguments[i], "--help") == 0) {
			parsed.is_help = true;
		} else {
			mk_tool_error("%s %s; see memkind nodes --help", arguments[i],
				      strcmp(arguments[i], "--sysroot") == 0 ? "needs a directory"
									     : "is no option");
			return MK_TOOL_USAGE;
		}
	}
	*ret_arguments = parsed;
	return MK_TOOL_DONE;
}

static int print_help(void)
{
	puts("usage: memkind nodes [--sysroot DIR] [--json]\n\n"
	     "Shows the memory nodes: what their memory is and why, the distances, and for every\n"
	     "node with CPUs which far and which high-bandwidth node is closest. More than one\n"
	     "closest node is a tie.\n\n"
	     "  --sysroot DIR  look at the sys and proc below DIR instead of those of this machine\n"
	     "  --json         one JSON object instead of tables\n\n"
	     "MEMKIND_DAX_KMEM_NODES, where it is set, names the far nodes, and MEMKIND_HBW_NODES\n"
	     "those of high bandwidth; MEMKIND_HBW_THRESHOLD says from how many MB/s on a node is\n"
	     "one of these.");
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

int mk_tool_nodes(char **arguments)
{
	struct mk_nodes_report report;
	struct arguments parsed;
	int result;

	mk_tool_name = "memkind: nodes";
	result = parse_arguments(arguments, &parsed);

	if (result == MK_TOOL_DONE && parsed.is_help)
		return print_help();
	if (result == MK_TOOL_DONE)
		result = mk_machine_look(parsed.root, &report.topology);
	if (result == MK_TOOL_DONE)
		result = find_all(&report);
	if (result != MK_TOOL_DONE)
		return result;
	return parsed.is_json ? mk_nodes_print_json(&report) : mk_nodes_print_text(&report);
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
