/* SPDX-License-Identifier: BSD-2-Clause */
/* The static kinds, ready to be pointed to before any constructor runs. */
#include "kind/kind.h"

#include <strings.h>

static const struct mk_kind_row rows[MK_KIND_COUNT] = {
/* clang-format off */
#define MK_KIND(id, name, source, choice, mode, flags)                                             \
	[MK_KIND_##id] = {name, MK_SOURCE_##source, MK_CHOICE_##choice, MK_POLICY_##mode, flags},
#include "kind/kinds.def"
#undef MK_KIND
	/* clang-format on */
};

struct mk_cpu_table mk_kind_no_heaps;

struct memkind mk_kinds[MK_KIND_COUNT] = {
/* clang-format off */
#define MK_KIND(id, name, source, choice, mode, flags)                                             \
	[MK_KIND_##id] = {.heap_of_cpu = mk_kind_no_heaps.heap_of_cpu, .row = &rows[MK_KIND_##id],                  \
			  .status = MK_KIND_NOT_ASKED},
#include "kind/kinds.def"
#undef MK_KIND
	/* clang-format on */
};

const char mk_kind_allowed_names[] = "a description, such as nodes=2,3;limit=1G, or one of"
#define MK_KIND(id, name, source, choice, mode, flags) " " name
#include "kind/kinds.def"
#undef MK_KIND
				     ", with or without memkind_";

struct memkind *mk_kind_by_name(const char *name)
{
	static const size_t prefix = sizeof("memkind_") - 1;

	for (size_t id = 0; id < MK_KIND_COUNT; id++)
		if (strcasecmp(name, rows[id].name) == 0 ||
		    strcasecmp(name, rows[id].name + prefix) == 0)
			return &mk_kinds[id];
	return NULL;
}
