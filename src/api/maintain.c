/* SPDX-License-Identifier: BSD-2-Clause */
/* Exported maintenance: giving memory back. */
#include <memkind.h>

#include "api/export.h"
#include "base/options.h"
#include "heap/background.h"

MK_EXPORT int memkind_set_bg_threads(bool state)
{
	mk_options_check();
	if (!state) {
		mk_background_stop();
		return MEMKIND_SUCCESS;
	}
	return mk_background_start() == 0 ? MEMKIND_SUCCESS : MEMKIND_ERROR_INVALID;
}
