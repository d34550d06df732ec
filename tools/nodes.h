/* SPDX-License-Identifier: BSD-2-Clause */
/* What `memkind nodes` found out, and the forms in which it is shown. */
#ifndef TOOLS_NODES_H
#define TOOLS_NODES_H

#include <stdio.h>

#include "topology/topology.h"

struct mk_nodes_report {
	const char *root; /* NULL: this machine */
	const struct mk_topology *topology;
	struct mk_nodeset far, hbw;
	bool is_far_given, is_hbw_given; /* by MEMKIND_DAX_KMEM_NODES, MEMKIND_HBW_NODES */
};

const char *mk_nodes_medium_name(enum mk_medium medium);

/* Writes "0-3,8": the members from 0 to below LIMIT, as HAS says. Nothing where there is none. */
void mk_nodes_write_list(FILE *stream, unsigned limit,
			 bool (*has)(const void *context, unsigned id), const void *context);

void mk_nodes_write_set(FILE *stream, const struct mk_nodeset *set);

/* The CPUs of a node, as such a list. */
void mk_nodes_write_cpus(FILE *stream, const struct mk_topology *topology, unsigned node);

/* MK_TOOL_DONE or MK_TOOL_FAILURE. */
int mk_nodes_print_json(const struct mk_nodes_report *report);
int mk_nodes_print_text(const struct mk_nodes_report *report);

/* Draws a map into the file of this path. */
int mk_nodes_draw(const struct mk_nodes_report *report, const char *path);

#endif
