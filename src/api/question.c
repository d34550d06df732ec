/* SPDX-License-Identifier: BSD-2-Clause */
/* Exported questions about kinds, and looking again. */
#include <memkind.h>
#include <memkind_ng.h>

#include "api/export.h"
#include "kind/dynamic.h"
#include "kind/kind.h"

MK_EXPORT int memkind_check_available(memkind_t kind)
{
	if (kind == NULL)
		return MEMKIND_ERROR_INVALID;
	return mk_kind_check(kind, NULL);
}

MK_EXPORT const char *memkind_ng_unavailable_reason(memkind_t kind)
{
	const struct mk_reason *reason;

	if (kind == NULL)
		return "the handle is NULL";
	mk_kind_check(kind, &reason);
	return reason == NULL ? NULL : reason->text;
}

MK_EXPORT int memkind_ng_kind_status(memkind_t kind, char *buffer, size_t size)
{
	if (kind == NULL || (buffer == NULL && size != 0) || !mk_dynamic_is_kind(kind))
		return MEMKIND_ERROR_INVALID;
	return (int)mk_kind_status(kind, buffer, size);
}

MK_EXPORT ssize_t memkind_get_capacity(memkind_t kind)
{
	if (kind == NULL)
		return -1;
	return (ssize_t)mk_kind_capacity(kind);
}

MK_EXPORT memkind_t memkind_detect_kind(void *ptr)
{
	return mk_heap_owner_of(ptr);
}

MK_EXPORT int memkind_ng_rescan(void)
{
	mk_kind_rescan();
	return MEMKIND_SUCCESS;
}
