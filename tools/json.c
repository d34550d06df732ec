/* SPDX-License-Identifier: BSD-2-Clause */
/* What the JSON forms of the commands share. */
#include "json.h"

#include <stdio.h>

#include "tool.h"

struct json_object *mk_json_nodes(const struct mk_nodeset *nodes)
{
	struct json_object *list = json_object_new_array();

	mk_nodeset_for_each (node, nodes)
		json_object_array_add(list, json_object_new_int((int)node));
	return list;
}

static int print(struct json_object *object, int flags)
{
	const char *text =
		json_object_to_json_string_ext(object, flags | JSON_C_TO_STRING_NOSLASHESCAPE);
	int result = text == NULL ? MK_TOOL_FAILURE : MK_TOOL_DONE;

	if (text != NULL)
		puts(text);
	json_object_put(object);
	return result;
}

int mk_json_print(struct json_object *object)
{
	return print(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED);
}

int mk_json_print_line(struct json_object *object)
{
	return print(object, JSON_C_TO_STRING_PLAIN);
}
