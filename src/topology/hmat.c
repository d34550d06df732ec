/* SPDX-License-Identifier: BSD-2-Clause */
/* Speed of memory: HMAT figures of access classes, and the kernel's memory tiers. */
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "os/sysfs.h"
#include "topology/snapshot.h"

#define TIERS "sys/devices/virtual/memory_tiering"

static uint32_t read_figure(const struct mk_reader *reader, const char *directory, const char *name)
{
	uint64_t value = 0;

	mk_reader_number(reader, 10, &value, "%s/%s", directory, name);
	return value <= UINT32_MAX ? (uint32_t)value : 0;
}

static void clear_figures(struct mk_node_facts *facts)
{
	facts->node.read_bandwidth = facts->node.write_bandwidth = 0;
	facts->node.read_latency = facts->node.write_latency = 0;
	mk_nodeset_clear(&facts->initiators);
}

static bool has_figures(const struct mk_node_facts *facts)
{
	const struct mk_node *node = &facts->node;

	return (node->read_bandwidth | node->write_bandwidth | node->read_latency |
		node->write_latency) != 0;
}

/* What only devices see (class 0 with a GPU as its initiator) is not what a CPU gets. */
static bool is_of_cpus(const struct mk_topology *topology, const struct mk_node_facts *facts)
{
	struct mk_nodeset cpu_initiators = facts->initiators;

	mk_nodeset_intersect(&cpu_initiators, &topology->sets[MK_SET_CPU]);
	return mk_nodeset_is_empty(&facts->initiators) || !mk_nodeset_is_empty(&cpu_initiators);
}

/* One access class; false: the node has nothing of use in it. */
static bool read_class(const struct mk_reader *reader, const struct mk_topology *topology,
		       struct mk_node_facts *facts, int class)
{
	struct mk_node *node = &facts->node;
	char directory[96];

	snprintf(directory, sizeof(directory), "sys/devices/system/node/node%u/access%d/initiators",
		 node->id, class);
	if (mk_sysfs_list(reader->root, directory, mk_reader_add_node, &facts->initiators) != 0)
		return false;
	node->read_bandwidth = read_figure(reader, directory, "read_bandwidth");
	node->write_bandwidth = read_figure(reader, directory, "write_bandwidth");
	node->read_latency = read_figure(reader, directory, "read_latency");
	node->write_latency = read_figure(reader, directory, "write_latency");
	if (is_of_cpus(topology, facts) &&
	    (has_figures(facts) || !mk_nodeset_is_empty(&facts->initiators)))
		return true;
	clear_figures(facts);
	return false;
}

/* "memory_tier22" */
struct tier_search {
	const struct mk_reader *reader;
	struct mk_topology *topology;
};

static bool enter_tier(const char *name, void *context)
{
	static const char prefix[] = "memory_tier";
	const struct tier_search *search = context;
	struct mk_nodeset nodes;
	const char *text;
	uint64_t tier;

	if (strncmp(name, prefix, strlen(prefix)) != 0 ||
	    mk_parse_number(name + strlen(prefix), 10, &tier) != 0 || tier > UINT16_MAX)
		return true;
	text = mk_reader_text(search->reader, TIERS "/%s/nodelist", name);
	if (text == NULL || mk_parse_nodes(text, &nodes) != 0)
		return true;
	mk_nodeset_for_each (node, &nodes) {
		struct mk_node_facts *facts = mk_snapshot_facts(search->topology, node);

		if (facts != NULL)
			facts->node.tier = (unsigned)tier;
	}
	return true;
}

void mk_hmat_read(const struct mk_reader *reader, struct mk_topology *topology)
{
	struct tier_search search = {reader, topology};

	/* Class 1 is the best access by a CPU; class 0 may be that of a GPU or a network card. */
	for (unsigned i = 0; i < topology->node_count; i++)
		if (!read_class(reader, topology, &topology->nodes[i], 1))
			read_class(reader, topology, &topology->nodes[i], 0);
	mk_sysfs_list(reader->root, TIERS, enter_tier, &search);
}
