/* SPDX-License-Identifier: BSD-2-Clause */
/* Exported: moving a block to another kind's memory. */
#include <memkind_ng.h>

#include "api/export.h"
#include "kind/dynamic.h"

MK_EXPORT int memkind_ng_move(void *ptr, memkind_t to)
{
	if (ptr == NULL || !mk_dynamic_is_kind(to))
		return MEMKIND_ERROR_INVALID;
	return mk_kind_move(ptr, to);
}
