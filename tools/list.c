/* SPDX-License-Identifier: BSD-2-Clause */
/* The nodes of a source as "2,3" and a line end; nothing on standard output where there are none. */
#include "list.h"

#include <stdio.h>
#include <string.h>

#include "tool.h"

static int print_help(const struct mk_list_program *program)
{
	printf("usage: %s [--sysroot DIR]\n\n%s\n"
	       "Where there is none the exit code is %d, and standard error says why.\n\n"
	       "  --sysroot DIR  look at the sys and proc below DIR instead of those of this machine\n"
	       "  -h, --help     show this\n",
	       program->name, program->summary, program->failure);
	return program->help_result;
}

static void print_list(const struct mk_nodeset *nodes)
{
	const char *separator = "";

	mk_nodeset_for_each (node, nodes) {
		printf("%s%u", separator, node);
		separator = ",";
	}
	puts("");
}

static const char *reason_for_none(const struct mk_list_program *program,
				   const struct mk_topology *topology)
{
	const struct mk_reason *reason =
		program->source->set == MK_SET_FAR ? mk_topology_far_reason(topology) : NULL;

	return reason != NULL ? reason->text : "there is no such node that the process may use";
}

static int list(const struct mk_list_program *program, const char *root)
{
	const struct mk_topology *topology;
	struct mk_nodeset nodes;
	bool is_given;

	if (mk_machine_look(root, &topology) != MK_TOOL_DONE ||
	    mk_machine_find_nodes(topology, program->source, &nodes, &is_given) != MK_TOOL_DONE)
		return program->failure;
	if (mk_nodeset_is_empty(&nodes)) {
		mk_tool_error("%s", reason_for_none(program, topology));
		return program->failure;
	}
	print_list(&nodes);
	return MK_TOOL_DONE;
}

static int run(const struct mk_list_program *program, char **arguments)
{
	const char *root = NULL;

	for (int i = 1; arguments[i] != NULL; i++) {
		const char *argument = arguments[i];

		if (strcmp(argument, "-h") == 0 || strcmp(argument, "--help") == 0)
			return print_help(program);
		root = mk_tool_option_value(arguments, &i, "--sysroot");
		if (root == NULL) {
			/* On standard output: scripts look for it there. */
			printf("ERROR: Unknown option %s. See %s --help.\n", argument,
			       program->name);
			return MK_TOOL_USAGE;
		}
	}
	return list(program, root);
}

int mk_list_run(const struct mk_list_program *program, char **arguments)
{
	mk_tool_name = program->name;
	return mk_tool_finish(run(program, arguments), program->failure);
}
