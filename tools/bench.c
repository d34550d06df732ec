/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind bench: how long a load from each memory takes, and how many bytes a second it moves. */
#include "bench.h"

#include <stdio.h>
#include <string.h>

#include "tool.h"

static int refuse(const char *what, const char *why)
{
	mk_tool_error("%s %s; see memkind bench --help", what, why);
	return MK_TOOL_USAGE;
}

static int parse(char **arguments, struct mk_bench_wish *wish)
{
	for (int i = 1; arguments[i] != NULL; i++) {
		const char *argument = arguments[i];
		const char *seconds = mk_tool_option_value(arguments, &i, "--seconds");
		const char *svg = mk_tool_option_value(arguments, &i, "--svg");

		if (svg != NULL && svg[0] != '\0')
			wish->svg = svg;
		else if (strcmp(argument, "--svg") == 0 || svg != NULL)
			return refuse("--svg", "needs a file");
		else if (seconds != NULL || strcmp(argument, "--seconds") == 0) {
			if (seconds == NULL ||
			    !mk_tool_parse_seconds(seconds, 1, 86400, &wish->seconds))
				return refuse("--seconds", "needs a number from 1 to 86400");
		} else if (strcmp(argument, "--json") == 0)
			wish->is_json = true;
		else if (strcmp(argument, "--help") == 0)
			wish->is_help = true;
		else
			return refuse(argument, "is no option");
	}
	return MK_TOOL_DONE;
}

static int print_help(void)
{
	puts("usage: memkind bench [--seconds N] [--json] [--svg FILE]\n\n"
	     "Measures the memory of this machine from each node with CPUs: each node with memory,\n"
	     "and each kind that is available. The latency is that of loads of which each needs the\n"
	     "one before, in random order over far more than the caches hold; the bandwidth is that\n"
	     "of reading, writing and copying with a thread on each CPU of the node. Pages lie where\n"
	     "they are meant to before they are measured. Behind each figure is its ratio to that of\n"
	     "the node's own memory.\n\n"
	     "  --seconds N  about as long, besides getting the memory: 1 to 86400, else 120\n"
	     "  --json       one JSON object instead of a table\n"
	     "  --svg FILE   the figures as a picture, too\n"
	     "  --help       show this\n\n"
	     "At most half of what is free on a node is taken, and where that is not enough the row\n"
	     "says so. Run it on a machine at rest.");
	return MK_TOOL_DONE;
}

int mk_tool_bench(char **arguments)
{
	struct mk_bench_wish wish = {.seconds = 120};
	int result;

	mk_tool_name = "memkind: bench";
	result = parse(arguments, &wish);
	if (result == MK_TOOL_DONE && wish.is_help)
		return print_help();
	return result;
}
