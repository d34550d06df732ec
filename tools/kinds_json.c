/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind kinds --json: one object. */
#include "json.h"
#include "kinds.h"
#include "tool.h"

static struct json_object *place_object(const struct mk_kinds_place *place)
{
	struct json_object *object = json_object_new_object();

	if (!mk_nodeset_is_empty(&place->cpu_nodes))
		json_object_object_add(object, "cpu_nodes", mk_json_nodes(&place->cpu_nodes));
	json_object_object_add(object, "nodes", mk_json_nodes(&place->nodes));
	json_object_object_add(object, "capacity", json_object_new_uint64(place->size));
	if (place->is_free_known)
		json_object_object_add(object, "free", json_object_new_uint64(place->free_size));
	return object;
}

static struct json_object *entry_object(const struct mk_kinds_entry *entry)
{
	struct json_object *object = json_object_new_object();
	struct json_object *places;

	json_object_object_add(object, "name", json_object_new_string(entry->name));
	json_object_object_add(object, "available", json_object_new_boolean(entry->status == 0));
	if (entry->status != 0) {
		json_object_object_add(object, "code", json_object_new_int(entry->status));
		json_object_object_add(object, "reason", json_object_new_string(entry->reason));
		json_object_object_add(object, "remedy", json_object_new_string(entry->remedy));
		return object;
	}
	places = json_object_new_array();
	for (size_t i = 0; i < entry->place_count; i++)
		json_object_array_add(places, place_object(&entry->places[i]));
	json_object_object_add(object, "policy",
			       json_object_new_string(mk_policy_name(entry->mode)));
	if (entry->is_null_when_full)
		json_object_object_add(object, "exhaustion", json_object_new_string("null"));
	json_object_object_add(object, "places", places);
	return object;
}

int mk_kinds_print_json(const struct mk_kinds_entry *entries, size_t count)
{
	struct json_object *object = json_object_new_object();
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < count; i++)
		json_object_array_add(list, entry_object(&entries[i]));
	json_object_object_add(object, "kinds", list);
	return mk_json_print(object);
}
