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

/* One access class; false: the node has none of it. */
static bool read_class(const struct mk_reader *reader, struct mk_node_facts *facts, int class)
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
	return true;
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
			facts->tier = (unsigned)tier;
	}
	return true;
}

void mk_hmat_read(const struct mk_reader *reader, struct mk_topology *topology)
{
	struct tier_search search = {reader, topology};

	/* Class 1 is the best access by a CPU; class 0 may be that of a GPU or a network card. */
	for (unsigned i = 0; i < topology->node_count; i++)
		if (!read_class(reader, &topology->nodes[i], 1))
			read_class(reader, &topology->nodes[i], 0);
	mk_sysfs_list(reader->root, TIERS, enter_tier, &search);
}
