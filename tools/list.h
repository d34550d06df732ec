/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs that print a list of nodes for other programs, as numactl takes it. */
#ifndef TOOLS_LIST_H
#define TOOLS_LIST_H

#include "machine.h"

struct mk_list_program {
	const char *name;
	const struct mk_node_source *source;
	const char *summary; /* first lines of the help */
	int help_result;     /* exit codes: after the help, */
	int failure;	     /* and where there is no node, or no answer */
};

/* The whole program; ARGUMENTS are those of main(). Returns the exit code. */
int mk_list_run(const struct mk_list_program *program, char **arguments);

#endif
