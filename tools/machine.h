/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine that a program looks at, and the nodes that the kinds would take there. */
#ifndef TOOLS_MACHINE_H
#define TOOLS_MACHINE_H

#include "base/options.h"
#include "topology/topology.h"

/* Where nodes come from. */
struct mk_node_source {
	enum mk_topology_set set;
	enum mk_option list;  /* the environment variable that replaces the set */
	enum mk_option limit; /* one with a number that the set depends on, or MK_OPTION_NONE */
};

extern const struct mk_node_source mk_far_nodes, mk_hbw_nodes;

/* Both give MK_TOOL_DONE, or MK_TOOL_FAILURE after a line on standard error. */

/* ROOT: a directory with sys/ and proc/ in it; NULL: this machine. */
int mk_machine_look(const char *root, const struct mk_topology **ret_topology);

/* *ret_is_given: by the environment variable. No nodes are no failure. */
int mk_machine_find_nodes(const struct mk_topology *topology, const struct mk_node_source *source,
			  struct mk_nodeset *ret_nodes, bool *ret_is_given);

#endif
