/* SPDX-License-Identifier: BSD-2-Clause */
/* Exported maintenance: giving memory back, and what a lack of it means. */
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

_Static_assert((int)MEMKIND_NG_EXHAUSTION_SWAP == (int)MK_EXHAUSTION_SWAP &&
		       (int)MEMKIND_NG_EXHAUSTION_NULL == (int)MK_EXHAUSTION_NULL,
	       "the numbers are the same");

MK_EXPORT int memkind_ng_set_exhaustion(memkind_t kind, enum memkind_ng_exhaustion exhaustion)
{
	if (!mk_dynamic_is_kind(kind) ||
	    (exhaustion != MEMKIND_NG_EXHAUSTION_SWAP && exhaustion != MEMKIND_NG_EXHAUSTION_NULL))
		return MEMKIND_ERROR_INVALID;
	return mk_kind_set_exhaustion(kind, (enum mk_exhaustion)exhaustion);
}
