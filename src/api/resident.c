/* SPDX-License-Identifier: BSD-2-Clause */
/* Exported: on which nodes the memory of a kind lies. */
#include <memkind_ng.h>
#include <string.h>

#include "api/export.h"
#include "base/bits.h"
#include "kind/dynamic.h"

MK_EXPORT int memkind_ng_get_resident(memkind_t kind, size_t *sizes, unsigned node_count)
{
	size_t found[MK_NODE_LIMIT];

	if (sizes == NULL || !mk_dynamic_is_kind(kind))
		return MEMKIND_ERROR_INVALID;
	if (mk_kind_resident(kind, found) != 0)
		return MEMKIND_ERROR_OPERATION_FAILED;
	memset(sizes, 0, node_count * sizeof(*sizes));
	memcpy(sizes, found, mk_min_size(node_count, MK_NODE_LIMIT) * sizeof(*sizes));
	return MEMKIND_SUCCESS;
}
