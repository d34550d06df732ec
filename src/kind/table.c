/* SPDX-License-Identifier: BSD-2-Clause */
/* The static kinds, ready to be pointed to before any constructor runs. */
#include "kind/kind.h"

static const struct mk_kind_row rows[MK_KIND_COUNT] = {
/* clang-format off */
#define MK_KIND(id, name, source, choice, mode, flags)                                             \
	[MK_KIND_##id] = {name, MK_SOURCE_##source, MK_CHOICE_##choice, MK_POLICY_##mode, flags},
#include "kind/kinds.def"
#undef MK_KIND
	/* clang-format on */
};

/* One entry, always 0: every call takes the slow path. */
static struct mk_cpu_table no_heaps;

struct memkind mk_kinds[MK_KIND_COUNT] = {
/* clang-format off */
#define MK_KIND(id, name, source, choice, mode, flags)                                             \
	[MK_KIND_##id] = {.heap_of_cpu = no_heaps.heap_of_cpu, .row = &rows[MK_KIND_##id],                          \
			  .status = MK_KIND_NOT_ASKED},
#include "kind/kinds.def"
#undef MK_KIND
	/* clang-format on */
};
