/* SPDX-License-Identifier: BSD-2-Clause */
/* A kind that the user names, by name or description. */
#include "named.h"

#include "preload/names.h"
#include "tool.h"

enum { WHY_SIZE = 2048 };

memkind_t mk_named_find(const char *option, const char *text)
{
	char why[WHY_SIZE];
	memkind_t kind = mk_kind_named(text, why, sizeof(why));

	if (kind == NULL)
		mk_tool_error("%s refused: %s", option, why);
	return kind;
}
