/* SPDX-License-Identifier: BSD-2-Clause */
/* The tool: finds the command in a table and runs it. */
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "tool.h"

struct command {
	const char *name;
	const char *arguments;
	const char *summary;
	int (*run)(char **arguments);
};

static const struct command commands[] = {
	{"bench", "[--kind KIND] [--seconds N] [--json] [--svg FILE]",
	 "how fast the memory of each node and kind is", mk_tool_bench},
	{"capture", "[--sysroot DIR] DIR", "save what is known of this machine, for a bug report",
	 mk_tool_capture},
	{"kinds", "[--kind KIND] [--json] [--sysroot DIR]",
	 "which kinds are available, on which nodes, and what to do where one is not",
	 mk_tool_kinds},
	{"nodes", "[--json] [--svg FILE] [--sysroot DIR]",
	 "what memory the nodes have, and which are far or fast", mk_tool_nodes},
	{"run", "--kind KIND | --tiers TIERS [OPTION...] [--] PROGRAM [ARGUMENT...]",
	 "a program, unchanged, with its memory of a kind or in tiers", mk_tool_run},
	{"setup", "[--apply] [--sysroot DIR]",
	 "how persistent and CXL memory becomes memory of nodes; or does it", mk_tool_setup},
	{"top", "[--once] [--json] [--pid PID] [--interval SECONDS] [--sort KEY]",
	 "which processes have how much memory of which kind", mk_tool_top},
};

static int print_help(void)
{
	puts("usage: memkind COMMAND [OPTION...]\n"
	     "       memkind --help | --version\n\n"
	     "commands:");
	for (size_t i = 0; i < MK_ARRAY_SIZE(commands); i++)
		printf("  %s %s\n        %s\n", commands[i].name, commands[i].arguments,
		       commands[i].summary);
	puts("\nA command followed by --help says more.");
	return MK_TOOL_DONE;
}

static int run_command(char **arguments)
{
	for (size_t i = 0; i < MK_ARRAY_SIZE(commands); i++)
		if (strcmp(arguments[0], commands[i].name) == 0)
			return commands[i].run(arguments);
	mk_tool_error("no command is called %s; see memkind --help", arguments[0]);
	return MK_TOOL_USAGE;
}

static int run(int argument_count, char **arguments)
{
	if (argument_count < 2) {
		mk_tool_error("a command is missing; see memkind --help");
		return MK_TOOL_USAGE;
	}
	if (strcmp(arguments[1], "--help") == 0)
		return print_help();
	if (strcmp(arguments[1], "--version") == 0) {
		puts("memkind " MK_TOOL_VERSION);
		return MK_TOOL_DONE;
	}
	return run_command(arguments + 1);
}

int main(int argument_count, char **arguments)
{
	return mk_tool_finish(run(argument_count, arguments), MK_TOOL_FAILURE);
}
