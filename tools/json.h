/* SPDX-License-Identifier: BSD-2-Clause */
/* What the JSON forms of the commands share. */
#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H

#include <json-c/json.h>

#include "base/nodeset.h"

struct json_object *mk_json_nodes(const struct mk_nodeset *nodes);

/* Both print the object and give it back; the second one on one line. MK_TOOL_DONE or MK_TOOL_FAILURE. */
int mk_json_print(struct json_object *object);
int mk_json_print_line(struct json_object *object);

#endif
