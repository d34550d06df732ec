/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind-auto-dax-kmem-nodes: the far nodes. */
#include "list.h"

int main(int argument_count, char **arguments)
{
	static const struct mk_list_program program = {
		.name = "memkind-auto-dax-kmem-nodes",
		.source = &mk_far_nodes,
		.summary = "Prints the nodes that the DAX_KMEM kinds use: those that\n"
			   "MEMKIND_DAX_KMEM_NODES names, else the far nodes detected.",
		.failure = 3,
	};

	(void)argument_count;
	return mk_list_run(&program, arguments);
}
