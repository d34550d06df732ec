/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind nodes --json: one object. */
#include <json-c/json.h>
#include <stdlib.h>

#include "base/bits.h"
#include "nodes.h"
#include "tool.h"

static struct json_object *list_of(const struct mk_nodeset *set)
{
	struct json_object *list = json_object_new_array();

	mk_nodeset_for_each (node, set)
		json_object_array_add(list, json_object_new_int((int)node));
	return list;
}

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

static struct json_object *node_object(const struct mk_topology *topology,
				       const struct mk_node *node)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "id", json_object_new_int((int)node->id));
	json_object_object_add(object, "cpus", cpus_of(topology, node->id));
	json_object_object_add(object, "memory", json_object_new_uint64(node->memory_size));
	json_object_object_add(object, "medium",
			       json_object_new_string(mk_nodes_medium_name(node->medium)));
	json_object_object_add(object, "evidence", json_object_new_string(node->evidence));
	return object;
}

static struct json_object *node_objects(const struct mk_topology *topology)
{
	struct json_object *list = json_object_new_array();

	for (unsigned i = 0; i < mk_topology_node_count(topology); i++)
		json_object_array_add(list, node_object(topology, mk_topology_node(topology, i)));
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
		json_object_object_add(object, key, list_of(&closest));
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
	const char *text;

	json_object_object_add(object, "far", list_of(&report->far));
	json_object_object_add(object, "far_source",
			       json_object_new_string(report->is_far_given
							      ? "MEMKIND_DAX_KMEM_NODES"
							      : "detected"));
	if (mk_nodeset_is_empty(&report->far))
		json_object_object_add(
			object, "far_reason",
			json_object_new_string(mk_topology_far_reason(topology)->text));
	json_object_object_add(object, "hbw", list_of(&report->hbw));
	json_object_object_add(
		object, "hbw_source",
		json_object_new_string(report->is_hbw_given ? "MEMKIND_HBW_NODES" : "detected"));
	json_object_object_add(object, "largest",
			       list_of(mk_topology_set(topology, MK_SET_LARGEST)));
	json_object_object_add(object, "local", local_object(topology));
	json_object_object_add(object, "regular",
			       list_of(mk_topology_set(topology, MK_SET_REGULAR)));
	json_object_object_add(object, "closest", closest_object(topology, &report->far));
	json_object_object_add(object, "closest_hbw", closest_object(topology, &report->hbw));
	json_object_object_add(object, "nodes", node_objects(topology));
	text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
							      JSON_C_TO_STRING_SPACED |
							      JSON_C_TO_STRING_NOSLASHESCAPE);
	if (text != NULL)
		puts(text);
	json_object_put(object);
	return text == NULL ? MK_TOOL_FAILURE : MK_TOOL_DONE;
}
