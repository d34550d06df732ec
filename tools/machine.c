/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks at this machine or at a tree; nodes named in the environment come before those detected. */
#include "machine.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/parse.h"
#include "os/sysfs.h"
#include "tool.h"

#define NODE "sys/devices/system/node/node%u/"

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

/* The number behind KEY in a file below ROOT. */
static bool read_number(const char *root, const char *path, const char *key, uint64_t *ret_number)
{
	char text[64];
	char *end;
	int directory = mk_sysfs_open(root == NULL ? "/" : root);
	int error = directory;

	if (directory >= 0) {
		error = mk_sysfs_line(directory, path, key, text, sizeof(text));
		mk_sysfs_close(directory);
	}
	if (error != 0)
		return false;
	*ret_number = strtoull(text, &end, 10);
	return end != text;
}

bool mk_machine_free(const char *root, unsigned node, enum mk_huge_size size, uint64_t *ret_size)
{
	char path[128], key[64] = "";
	uint64_t unit = size == MK_HUGE_NONE ? MK_KIB : mk_huge_bytes(size);
	uint64_t number;

	if (size == MK_HUGE_NONE) {
		snprintf(path, sizeof(path), NODE "meminfo", node);
		snprintf(key, sizeof(key), "Node %u MemFree:", node);
	} else {
		snprintf(path, sizeof(path), NODE "hugepages/hugepages-%zukB/free_hugepages", node,
			 mk_huge_bytes(size) / MK_KIB);
	}
	/* A kernel without NUMA knows its only node by no name. */
	if (!read_number(root, path, key, &number) &&
	    (size != MK_HUGE_NONE || node != 0 ||
	     !read_number(root, "proc/meminfo", "MemFree:", &number)))
		return false;
	*ret_size = number * unit;
	return true;
}

static int first_cpu(const struct mk_topology *topology, unsigned node)
{
	for (unsigned cpu = 0; cpu < mk_topology_cpu_limit(topology); cpu++)
		if (mk_topology_is_cpu_of_node(topology, cpu, node))
			return (int)cpu;
	return -1;
}

int mk_machine_socket(const char *root, const struct mk_topology *topology, unsigned node)
{
	int cpu = first_cpu(topology, node);
	uint64_t socket;
	char path[128];

	snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%d/topology/physical_package_id",
		 cpu);
	if (cpu < 0 || !read_number(root, path, "", &socket) || socket > INT_MAX)
		return -1;
	return (int)socket;
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
