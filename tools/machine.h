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

/*
 * ROOT: a directory with sys/ and proc/ in it; NULL: this machine. What gives an int gives MK_TOOL_DONE,
 * or MK_TOOL_FAILURE after a line on standard error.
 */
int mk_machine_look(const char *root, const struct mk_topology **ret_topology);

/* Bytes of a node that nobody uses now, of its pool of huge pages where SIZE is not NONE. False: unknown. */
bool mk_machine_free(const char *root, unsigned node, enum mk_huge_size size, uint64_t *ret_size);

/* The socket of a node with CPUs; -1: unknown. */
int mk_machine_socket(const char *root, const struct mk_topology *topology, unsigned node);

/* *ret_is_given: by the environment variable. No nodes are no failure. */
int mk_machine_find_nodes(const struct mk_topology *topology, const struct mk_node_source *source,
			  struct mk_nodeset *ret_nodes, bool *ret_is_given);

#endif
