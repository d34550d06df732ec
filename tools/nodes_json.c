/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind nodes --json: one object. */
#include "json.h"

#include <stdlib.h>

#include "base/bits.h"
#include "machine.h"
#include "nodes.h"
#include "tool.h"

static struct json_object *cpus_of(const struct mk_topology *topology, unsigned node)
{
	struct json_object *cpus;
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	if (stream == NULL)
		return NULL;
	mk_nodes_write_cpus(stream, topology, node);
	fclose(stream);
	cpus = json_object_new_string(text);
	free(text);
	return cpus;
}

static void add_known(struct json_object *object, const char *key, uint64_t figure)
{
	if (figure != 0)
		json_object_object_add(object, key, json_object_new_uint64(figure));
}

/* Node -> distance; without those that are not known. */
static struct json_object *distances_from(const struct mk_topology *topology, unsigned from)
{
	struct json_object *object = json_object_new_object();

	for (unsigned i = 0; i < mk_topology_node_count(topology); i++) {
		unsigned to = mk_topology_node(topology, i)->id;
		unsigned distance = mk_topology_distance(topology, from, to);
		char key[16];

		snprintf(key, sizeof(key), "%u", to);
		if (distance != MK_DISTANCE_UNKNOWN)
			json_object_object_add(object, key, json_object_new_int((int)distance));
	}
	return object;
}

static struct json_object *node_object(const struct mk_nodes_report *report,
				       const struct mk_node *node)
{
	const struct mk_topology *topology = report->topology;
	struct json_object *object = json_object_new_object();
	uint64_t free_size;

	json_object_object_add(object, "id", json_object_new_int((int)node->id));
	json_object_object_add(object, "cpus", cpus_of(topology, node->id));
	json_object_object_add(object, "memory", json_object_new_uint64(node->memory_size));
	if (mk_machine_free(report->root, node->id, MK_HUGE_NONE, &free_size))
		json_object_object_add(object, "free", json_object_new_uint64(free_size));
	add_known(object, "read_latency", node->read_latency);
	add_known(object, "write_latency", node->write_latency);
	add_known(object, "read_bandwidth", node->read_bandwidth);
	add_known(object, "write_bandwidth", node->write_bandwidth);
	add_known(object, "tier", node->tier);
	if (node->dax_device[0] != '\0')
		json_object_object_add(object, "dax_device",
				       json_object_new_string(node->dax_device));
	json_object_object_add(object, "distances", distances_from(topology, node->id));
	json_object_object_add(object, "medium",
			       json_object_new_string(mk_nodes_medium_name(node->medium)));
	json_object_object_add(object, "evidence", json_object_new_string(node->evidence));
	return object;
}

static struct json_object *node_objects(const struct mk_nodes_report *report)
{
	const struct mk_topology *topology = report->topology;
	struct json_object *list = json_object_new_array();

	for (unsigned i = 0; i < mk_topology_node_count(topology); i++)
		json_object_array_add(list, node_object(report, mk_topology_node(topology, i)));
	return list;
}

/* CPU node -> its closest candidates. */
static struct json_object *closest_object(const struct mk_topology *topology,
					  const struct mk_nodeset *candidates)
{
	struct json_object *object = json_object_new_object();

	mk_nodeset_for_each (node, mk_topology_set(topology, MK_SET_CPU)) {
		struct mk_nodeset closest;
		char key[16];

		snprintf(key, sizeof(key), "%u", node);
		mk_topology_closest(topology, candidates, node, &closest);
		json_object_object_add(object, key, mk_json_nodes(&closest));
	}
	return object;
}

/* CPU node -> which of the nodes local to it is best, and at what. */
static struct json_object *local_object(const struct mk_topology *topology)
{
	static const struct {
		const char *name;
		enum mk_topology_set set;
		enum mk_merit merit;
	} rows[] = {
		{"capacity", MK_SET_CAPACITY, MK_MERIT_CAPACITY},
		{"latency", MK_SET_LATENCY, MK_MERIT_LATENCY},
		{"bandwidth", MK_SET_BANDWIDTH, MK_MERIT_BANDWIDTH},
	};
	struct json_object *object = json_object_new_object();

	mk_nodeset_for_each (node, mk_topology_set(topology, MK_SET_CPU)) {
		struct json_object *local = json_object_new_object();
		char key[16];

		for (size_t i = 0; i < MK_ARRAY_SIZE(rows); i++) {
			int best = mk_topology_best_local(topology,
							  mk_topology_set(topology, rows[i].set),
							  node, rows[i].merit);

			if (best >= 0)
				json_object_object_add(local, rows[i].name,
						       json_object_new_int(best));
		}
		snprintf(key, sizeof(key), "%u", node);
		json_object_object_add(object, key, local);
	}
	return object;
}

int mk_nodes_print_json(const struct mk_nodes_report *report)
{
	const struct mk_topology *topology = report->topology;
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "far", mk_json_nodes(&report->far));
	json_object_object_add(object, "far_source",
			       json_object_new_string(report->is_far_given
							      ? "MEMKIND_DAX_KMEM_NODES"
							      : "detected"));
	if (mk_nodeset_is_empty(&report->far))
		json_object_object_add(
			object, "far_reason",
			json_object_new_string(mk_topology_far_reason(topology)->text));
	json_object_object_add(object, "hbw", mk_json_nodes(&report->hbw));
	json_object_object_add(
		object, "hbw_source",
		json_object_new_string(report->is_hbw_given ? "MEMKIND_HBW_NODES" : "detected"));
	json_object_object_add(object, "largest",
			       mk_json_nodes(mk_topology_set(topology, MK_SET_LARGEST)));
	json_object_object_add(object, "local", local_object(topology));
	json_object_object_add(object, "regular",
			       mk_json_nodes(mk_topology_set(topology, MK_SET_REGULAR)));
	json_object_object_add(object, "closest", closest_object(topology, &report->far));
	json_object_object_add(object, "closest_hbw", closest_object(topology, &report->hbw));
	json_object_object_add(object, "nodes", node_objects(report));
	return mk_json_print(object);
}
