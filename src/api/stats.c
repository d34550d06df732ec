/* SPDX-License-Identifier: BSD-2-Clause */
/* Exported statistics. */
#include <memkind.h>
#include <memkind_ng.h>

#include "api/export.h"
#include "base/log.h"
#include "kind/kind.h"
#include "kind/report.h"
#include "kind/summary.h"

static const size_t offsets[] = {
	[MEMKIND_STAT_TYPE_RESIDENT] = offsetof(struct mk_stats, resident_size),
	[MEMKIND_STAT_TYPE_ACTIVE] = offsetof(struct mk_stats, active_size),
	[MEMKIND_STAT_TYPE_ALLOCATED] = offsetof(struct mk_stats, allocated_size),
};

MK_EXPORT int memkind_update_cached_stats(void)
{
	mk_stats_update();
	return MEMKIND_SUCCESS;
}

MK_EXPORT int memkind_get_stat(memkind_t kind, memkind_stat_type stat, size_t *value)
{
	struct mk_stats stats;
	const void *number;

	/* The caller may have passed any number. */
	if (value == NULL || (unsigned)stat >= MK_ARRAY_SIZE(offsets))
		return MEMKIND_ERROR_INVALID;
	mk_stats_get(kind, &stats);
	number = (const char *)&stats + offsets[stat];
	*value = *(const size_t *)number;
	return MEMKIND_SUCCESS;
}

MK_EXPORT int memkind_stats_print(void (*write_cb)(void *, const char *), void *cbopaque,
				  memkind_stat_print_opt opts)
{
	if (((unsigned)opts & ~MK_REPORT_OPTIONS) != 0)
		return MEMKIND_ERROR_INVALID;
	mk_report_write(write_cb != NULL ? write_cb : mk_log_write, cbopaque, (unsigned)opts);
	return MEMKIND_SUCCESS;
}

MK_EXPORT int memkind_ng_stats_json(void (*write_cb)(void *, const char *), void *cbopaque)
{
	mk_summary_write(write_cb != NULL ? write_cb : mk_log_write, cbopaque);
	return MEMKIND_SUCCESS;
}
