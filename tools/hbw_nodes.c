/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind-hbw-nodes: the nodes of high bandwidth. */
#include "list.h"

int main(int argument_count, char **arguments)
{
	/* The code after the help is that of the old tool. */
	static const struct mk_list_program program = {
		.name = "memkind-hbw-nodes",
		.source = &mk_hbw_nodes,
		.summary = "Prints the nodes that the HBW kinds use: those that MEMKIND_HBW_NODES\n"
			   "names, else those detected, of MEMKIND_HBW_THRESHOLD MB/s or more.",
		.help_result = 2,
		.failure = 1,
	};

	(void)argument_count;
	return mk_list_run(&program, arguments);
}
