/* SPDX-License-Identifier: BSD-2-Clause */
/* Nodes, their CPUs, sizes and distances: sys/devices/system/node. */
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/parse.h"
#include "os/sysfs.h"
#include "topology/snapshot.h"

#define NODES "sys/devices/system/node"

struct highest {
	unsigned id;
	bool is_any;
};

static void note_highest(unsigned first, unsigned last, void *context)
{
	struct highest *highest = context;

	(void)first;
	if (!highest->is_any || last > highest->id)
		highest->id = last;
	highest->is_any = true;
}

static unsigned read_cpu_limit(const struct mk_reader *reader)
{
	const char *text = mk_reader_text(reader, "sys/devices/system/cpu/possible");
	struct highest highest = {.is_any = false};

	if (text != NULL)
		mk_parse_list(text, note_highest, &highest);
	if (!highest.is_any || highest.id >= MK_CPU_LIMIT)
		return MK_CPU_LIMIT;
	return highest.id + 1;
}

/*
 * *RET_COLUMNS: the nodes that the columns of `distance` stand for. *RET_NODES: those of them that
 * have a directory. False: the kernel shows none, both are node 0 alone.
 */
static bool read_online(const struct mk_reader *reader, struct mk_nodeset *ret_columns,
			struct mk_nodeset *ret_nodes)
{
	const char *text = mk_reader_text(reader, NODES "/online");

	mk_nodeset_clear(ret_nodes);
	mk_sysfs_list(reader->root, NODES, mk_reader_add_node, ret_nodes);
	if (text == NULL || mk_parse_nodes(text, ret_columns) != 0 ||
	    mk_nodeset_is_empty(ret_columns))
		*ret_columns = *ret_nodes;
	mk_nodeset_intersect(ret_nodes, ret_columns);
	if (!mk_nodeset_is_empty(ret_nodes))
		return true;
	mk_nodeset_clear(ret_columns);
	mk_nodeset_add(ret_columns, 0);
	*ret_nodes = *ret_columns;
	return false;
}

/* A node that CPUs are to be entered for. */
struct cpu_target {
	struct mk_topology *topology;
	unsigned index;
};

static void enter_cpus(unsigned first, unsigned last, void *context)
{
	const struct cpu_target *target = context;
	uint64_t *bits = mk_snapshot_cpu_bits(target->topology, target->index);
	struct mk_node *node = &target->topology->nodes[target->index].node;

	for (unsigned cpu = first; cpu <= last && cpu < target->topology->cpu_limit; cpu++) {
		int16_t *cpu_node = &mk_snapshot_cpu_nodes(target->topology)[cpu];

		bits[cpu / 64] |= UINT64_C(1) << (cpu % 64);
		/* With numa=fake a CPU is in several nodes: the first counts. */
		if (*cpu_node == MK_NO_NODE)
			*cpu_node = (int16_t)node->id;
		node->has_cpu = true;
	}
}

static void read_cpus(const struct mk_reader *reader, struct mk_topology *topology, unsigned index)
{
	struct cpu_target target = {topology, index};
	unsigned id = topology->nodes[index].node.id;
	const char *text = mk_reader_text(reader, NODES "/node%u/cpulist", id);

	if (text != NULL)
		mk_parse_list(text, enter_cpus, &target);
	if (topology->nodes[index].node.has_cpu)
		return;
	text = mk_reader_text(reader, NODES "/node%u/cpumap", id);
	if (text != NULL)
		mk_parse_mask(text, enter_cpus, &target);
}

/* "Node 2 MemTotal:         393216 kB" */
static uint64_t read_memory_size(const struct mk_reader *reader, unsigned id)
{
	const char *text = mk_reader_text(reader, NODES "/node%u/meminfo", id);
	const char *line = text == NULL ? NULL : strstr(text, "MemTotal:");
	uint64_t size = line == NULL ? 0 : strtoull(line + strlen("MemTotal:"), NULL, 10);

	return size < UINT64_MAX / MK_KIB ? size * MK_KIB : 0;
}

/* 1 to 255; where the file is not there the kernel has no such policy. */
static unsigned read_kernel_weight(const struct mk_reader *reader, unsigned id)
{
	uint64_t weight = 0;

	mk_reader_number(reader, 10, &weight, "sys/kernel/mm/mempolicy/weighted_interleave/node%u",
			 id);
	return weight <= UINT8_MAX ? (unsigned)weight : 0;
}

static void read_distances(const struct mk_reader *reader, struct mk_topology *topology,
			   unsigned index, const struct mk_nodeset *columns)
{
	unsigned id = topology->nodes[index].node.id;
	const char *text = mk_reader_text(reader, NODES "/node%u/distance", id);
	uint8_t *row = mk_snapshot_distances(topology) + (size_t)index * topology->node_count;

	memset(row, MK_DISTANCE_UNKNOWN, topology->node_count);
	row[index] = MK_DISTANCE_LOCAL;
	if (text == NULL)
		return;
	mk_nodeset_for_each (column, columns) {
		int column_index = mk_snapshot_index(topology, column);
		char *end;
		unsigned long distance = strtoul(text, &end, 10);

		if (end == text)
			return;
		text = end;
		/* 0 is no distance: to be unknown is better than to be the closest. */
		if (column_index >= 0 && distance > 0 && distance < MK_DISTANCE_UNKNOWN)
			row[column_index] = (uint8_t)distance;
	}
}

/* Which nodes have memory: the kernel's own list; without one those with a size. */
static void read_memory_set(const struct mk_reader *reader, struct mk_topology *topology)
{
	const char *text = mk_reader_text(reader, NODES "/has_memory");
	struct mk_nodeset listed;
	bool is_listed =
		text != NULL && mk_parse_nodes(text, &listed) == 0 && !mk_nodeset_is_empty(&listed);

	for (unsigned i = 0; i < topology->node_count; i++) {
		struct mk_node *node = &topology->nodes[i].node;

		node->has_memory =
			is_listed ? mk_nodeset_has(&listed, node->id) : node->memory_size > 0;
	}
}

static void fill_sets(struct mk_topology *topology)
{
	for (unsigned i = 0; i < topology->node_count; i++) {
		const struct mk_node *node = &topology->nodes[i].node;

		if (node->has_memory)
			mk_nodeset_add(&topology->sets[MK_SET_MEMORY], node->id);
		if (node->has_cpu)
			mk_nodeset_add(&topology->sets[MK_SET_CPU], node->id);
	}
}

/* A kernel without NUMA shows no nodes: all CPUs and all memory are of node 0. */
static void assume_one_node(const struct mk_reader *reader, struct mk_topology *topology)
{
	struct cpu_target target = {topology, 0};
	const char *text = mk_reader_text(reader, "proc/meminfo");
	const char *line = text == NULL ? NULL : strstr(text, "MemTotal:");

	topology->nodes[0].node.has_memory = true;
	if (line != NULL)
		topology->nodes[0].node.memory_size =
			strtoull(line + strlen("MemTotal:"), NULL, 10) * MK_KIB;
	text = mk_reader_text(reader, "sys/devices/system/cpu/online");
	if (text != NULL)
		mk_parse_list(text, enter_cpus, &target);
	if (!topology->nodes[0].node.has_cpu)
		enter_cpus(0, topology->cpu_limit - 1, &target);
	fill_sets(topology);
}

int mk_nodes_read(const struct mk_reader *reader, struct mk_topology **ret_topology)
{
	struct mk_nodeset columns, nodes;
	struct mk_topology *topology;
	bool has_directories;
	int error;

	has_directories = read_online(reader, &columns, &nodes);
	error = mk_snapshot_make(&nodes, read_cpu_limit(reader), &topology);
	if (error != 0)
		return error;
	*ret_topology = topology;
	for (unsigned i = 0; i < topology->node_count; i++) {
		read_cpus(reader, topology, i);
		read_distances(reader, topology, i, &columns);
		topology->nodes[i].node.memory_size =
			read_memory_size(reader, topology->nodes[i].node.id);
		topology->nodes[i].node.kernel_weight =
			read_kernel_weight(reader, topology->nodes[i].node.id);
	}
	if (has_directories) {
		read_memory_set(reader, topology);
		fill_sets(topology);
	} else {
		assume_one_node(reader, topology);
	}
	return 0;
}
