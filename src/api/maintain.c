/* SPDX-License-Identifier: BSD-2-Clause */
/* Exported maintenance: giving memory back. */
#include <memkind.h>
#include <memkind_ng.h>

#include "api/export.h"
#include "base/options.h"
#include "heap/background.h"
#include "kind/dynamic.h"

MK_EXPORT int memkind_set_bg_threads(bool state)
{
	mk_options_check();
	if (!state) {
		mk_background_stop();
		return MEMKIND_SUCCESS;
	}
	return mk_background_start() == 0 ? MEMKIND_SUCCESS : MEMKIND_ERROR_INVALID;
}

MK_EXPORT int memkind_ng_trim(memkind_t kind)
{
	if (!mk_dynamic_is_kind(kind))
		return MEMKIND_ERROR_INVALID;
	return mk_heap_trim(kind) ? 1 : 0;
}
