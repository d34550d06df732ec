/* SPDX-License-Identifier: BSD-2-Clause */
/* The functions of the malloc family that are about all of the process's memory. */
#include <limits.h>
#include <malloc.h>
#include <memkind.h>
#include <memkind_ng.h>

#include "base/bits.h"
#include "preload/export.h"
#include "preload/names.h"

int mk_malloc_trim(size_t pad) MK_NAMED("malloc_trim");
struct mallinfo mk_mallinfo(void) MK_NAMED("mallinfo");
struct mallinfo2 mk_mallinfo2(void) MK_NAMED("mallinfo2");

/* Nothing is kept at the top, so PAD says nothing. */
int mk_malloc_trim(size_t pad)
{
	int is_trimmed = 0;
	memkind_t kind;

	(void)pad;
	for (size_t i = 0; (kind = mk_kind_numbered(i)) != NULL; i++)
		is_trimmed |= memkind_ng_trim(kind);
	return is_trimmed;
}

/* Of all kinds together. */
static size_t number_of(memkind_stat_type stat)
{
	size_t value = 0;

	memkind_get_stat(NULL, stat, &value);
	return value;
}

/* What is freed and still in memory is free, and at the top, where trimming takes it from. */
struct mallinfo2 mk_mallinfo2(void)
{
	size_t used, active, kept;

	memkind_update_cached_stats();
	used = number_of(MEMKIND_STAT_TYPE_ALLOCATED);
	active = mk_max_size(number_of(MEMKIND_STAT_TYPE_ACTIVE), used);
	kept = mk_max_size(number_of(MEMKIND_STAT_TYPE_RESIDENT), active) - active;
	return (struct mallinfo2){
		.arena = active + kept,
		.uordblks = used,
		.fordblks = active + kept - used,
		.keepcost = kept,
	};
}

static int as_int(size_t value)
{
	return value > INT_MAX ? INT_MAX : (int)value;
}

struct mallinfo mk_mallinfo(void)
{
	struct mallinfo2 info = mk_mallinfo2();

	return (struct mallinfo){
		.arena = as_int(info.arena),
		.uordblks = as_int(info.uordblks),
		.fordblks = as_int(info.fordblks),
		.keepcost = as_int(info.keepcost),
	};
}
