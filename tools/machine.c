/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks at this machine or at a tree; nodes named in the environment come before those detected. */
#include "machine.h"

#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "tool.h"

const struct mk_node_source mk_far_nodes = {MK_SET_FAR, MK_OPTION_DAX_KMEM_NODES, MK_OPTION_NONE};
const struct mk_node_source mk_hbw_nodes = {MK_SET_HBW, MK_OPTION_HBW_NODES,
					    MK_OPTION_HBW_THRESHOLD};

int mk_machine_look(const char *root, const struct mk_topology **ret_topology)
{
	int error;

	if (root == NULL) {
		*ret_topology = mk_topology_get();
		return MK_TOOL_DONE;
	}
	error = mk_topology_read(root, ret_topology);
	if (error == 0)
		return MK_TOOL_DONE;
	mk_tool_error("%s can't be read: %s", root, strerror(-error));
	return MK_TOOL_FAILURE;
}

static int refuse(enum mk_option option, const char *reason)
{
	mk_tool_error("%s=\"%s\" refused: %s", mk_option_name(option), mk_option_text(option),
		      reason);
	return MK_TOOL_FAILURE;
}

int mk_machine_find_nodes(const struct mk_topology *topology, const struct mk_node_source *source,
			  struct mk_nodeset *ret_nodes, bool *ret_is_given)
{
	const char *text = mk_option_text(source->list);
	uint64_t limit;
	int error;

	*ret_is_given = text != NULL;
	*ret_nodes = *mk_topology_set(topology, source->set);
	if (text != NULL) {
		error = mk_parse_node_string(text, mk_topology_set(topology, MK_SET_ALLOWED),
					     ret_nodes);
		if (error == -ENODEV)
			return refuse(source->list,
				      "it names a node without memory that may be used");
		if (error != 0)
			return refuse(source->list, mk_option_values(source->list));
	} else if (source->limit != MK_OPTION_NONE &&
		   mk_option_number(source->limit, &limit) != 0) {
		return refuse(source->limit, mk_option_values(source->limit));
	}
	return MK_TOOL_DONE;
}
