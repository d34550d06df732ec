/* SPDX-License-Identifier: BSD-2-Clause */
/* Nodes that are the memory of a coherent GPU, as its driver names them. */
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "os/sysfs.h"
#include "topology/snapshot.h"

#define GPUS "proc/driver/nvidia/gpus"

struct gpu_search {
	const struct mk_reader *reader;
	struct mk_topology *topology;
};

/* "Node: 1" on a line of numa_status; -1 where the memory is no node. */
static bool enter_gpu(const char *name, void *context)
{
	const struct gpu_search *search = context;
	const char *text = mk_reader_text(search->reader, GPUS "/%s/numa_status", name);
	const char *line = text == NULL ? NULL : strstr(text, "Node:");
	struct mk_node_facts *facts = NULL;
	char *end;
	long node;

	if (line == NULL)
		return true;
	line += strlen("Node:");
	node = strtol(line, &end, 10);
	if (end != line && node >= 0 && node < MK_NODE_LIMIT)
		facts = mk_snapshot_facts(search->topology, (unsigned)node);
	if (facts != NULL)
		facts->is_gpu = true;
	return true;
}

/*
 * In a container the driver's files are often hidden. What the firmware calls an initiator without
 * CPUs, and what has memory of its own, is a device, too: never memory for anyone who asks.
 */
static void enter_generic_initiators(const struct mk_reader *reader, struct mk_topology *topology)
{
	const char *text = mk_reader_text(reader, "sys/devices/system/node/has_generic_initiator");
	struct mk_nodeset initiators;

	if (text == NULL || mk_parse_nodes(text, &initiators) != 0)
		return;
	for (unsigned i = 0; i < topology->node_count; i++) {
		struct mk_node_facts *facts = &topology->nodes[i];

		if (mk_nodeset_has(&initiators, facts->node.id) && !facts->node.has_cpu &&
		    facts->node.has_memory && facts->dax_bus == MK_DAX_NONE)
			facts->is_gpu = true;
	}
}

void mk_gpu_read(const struct mk_reader *reader, struct mk_topology *topology)
{
	struct gpu_search search = {reader, topology};

	mk_sysfs_list(reader->root, GPUS, enter_gpu, &search);
	enter_generic_initiators(reader, topology);
}
