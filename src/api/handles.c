/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The handles: variables, because programs that are not position-independent hold copies of them,
 * and constants of the linker, because these copies are made before any code runs. The library
 * itself never reads them.
 */
#include <memkind.h>
#include <memkind_ng.h>

#include "api/export.h"
#include "kind/kind.h"

#define MK_KIND(id, name, source, choice, mode, flags)                                             \
	MK_EXPORT memkind_t MEMKIND_##id = &mk_kinds[MK_KIND_##id];
#include "kind/kinds.def"
#undef MK_KIND
