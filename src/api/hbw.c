/* SPDX-License-Identifier: BSD-2-Clause */
/* Exported: hbwmalloc.h, a policy and a size of pages that lead to a static kind. */
#include <errno.h>
#include <hbwmalloc.h>
#include <memkind.h>
#include <stdatomic.h>

#include "api/export.h"
#include "base/bits.h"
#include "kind/kind.h"

enum {
	POLICY_NONE, /* not fixed; as a row below: what is there without memory of high bandwidth */
	POLICY_LIMIT = HBW_POLICY_BIND_ALL + 1,
};

enum pages {
	PAGES_SMALL,
	PAGES_2MB,
	PAGES_1GB,
	PAGES_COUNT,
};

static const enum pages pages_of[HBW_PAGESIZE_MAX_VALUE] = {
	[HBW_PAGESIZE_2MB] = PAGES_2MB,
	[HBW_PAGESIZE_1GB_STRICT] = PAGES_1GB,
	[HBW_PAGESIZE_1GB] = PAGES_1GB,
};

#define ROW(small, pages_2mb, pages_1gb)                                                           \
	{                                                                                          \
		&mk_kinds[MK_KIND_##small], &mk_kinds[MK_KIND_##pages_2mb],                        \
			&mk_kinds[MK_KIND_##pages_1gb]                                             \
	}

static struct memkind *const kinds_of[POLICY_LIMIT][PAGES_COUNT] = {
	[POLICY_NONE] = ROW(DEFAULT, HUGETLB, GBTLB),
	[HBW_POLICY_BIND] = ROW(HBW, HBW_HUGETLB, HBW_GBTLB),
	[HBW_POLICY_PREFERRED] = ROW(HBW_PREFERRED, HBW_PREFERRED_HUGETLB, HBW_PREFERRED_GBTLB),
	[HBW_POLICY_INTERLEAVE] = {&mk_kinds[MK_KIND_HBW_INTERLEAVE]},
	[HBW_POLICY_BIND_ALL] = ROW(HBW_ALL, HBW_ALL_HUGETLB, HBW_ALL_HUGETLB),
};

/* Each changes once, from POLICY_NONE and NULL; what they hold is constant, so no order matters. */
static _Atomic int fixed_policy;
static _Atomic(struct memkind *) chosen[PAGES_COUNT];

/* The policy of the process, which is POLICY from now on where there was none. */
static int fix_policy(int policy)
{
	int fixed = POLICY_NONE;

	return atomic_compare_exchange_strong(&fixed_policy, &fixed, policy) ? policy : fixed;
}

/* Of two threads that find different kinds, because the machine changes, the first one is right. */
static MK_COLD struct memkind *choose(enum pages pages)
{
	int policy = fix_policy(HBW_POLICY_PREFERRED);
	struct memkind *before = NULL;
	struct memkind *kind;

	if (policy == HBW_POLICY_PREFERRED && hbw_check_available() != 0)
		policy = POLICY_NONE;
	kind = kinds_of[policy][pages];
	return atomic_compare_exchange_strong(&chosen[pages], &before, kind) ? kind : before;
}

/* NULL: the policy has no kind of this size of pages. */
MK_INLINE
struct memkind *kind_for(enum pages pages)
{
	struct memkind *kind = atomic_load_explicit(&chosen[pages], memory_order_relaxed);

	return MK_LIKELY(kind != NULL) ? kind : choose(pages);
}

MK_EXPORT int hbw_check_available(void)
{
	return mk_kind_check(&mk_kinds[MK_KIND_HBW], NULL) == 0 ? 0 : ENODEV;
}

MK_EXPORT hbw_policy_t hbw_get_policy(void)
{
	int policy = atomic_load_explicit(&fixed_policy, memory_order_relaxed);

	return policy == POLICY_NONE ? HBW_POLICY_PREFERRED : (hbw_policy_t)policy;
}

MK_EXPORT int hbw_set_policy(hbw_policy_t mode)
{
	int policy = (int)mode;

	if (policy <= POLICY_NONE || policy >= POLICY_LIMIT)
		return EINVAL;
	return fix_policy(policy) == policy ? 0 : EPERM;
}

MK_EXPORT void *hbw_malloc(size_t size)
{
	return memkind_malloc(kind_for(PAGES_SMALL), size);
}

MK_EXPORT void *hbw_calloc(size_t num, size_t size)
{
	return memkind_calloc(kind_for(PAGES_SMALL), num, size);
}

MK_EXPORT void *hbw_realloc(void *ptr, size_t size)
{
	return memkind_realloc(kind_for(PAGES_SMALL), ptr, size);
}

MK_EXPORT int hbw_posix_memalign(void **memptr, size_t alignment, size_t size)
{
	return memkind_posix_memalign(kind_for(PAGES_SMALL), memptr, alignment, size);
}

MK_EXPORT int hbw_posix_memalign_psize(void **memptr, size_t alignment, size_t size,
				       hbw_pagesize_t pagesize)
{
	const size_t gib = (size_t)1 << 30;

	/* The caller may have stored any number. */
	if ((unsigned)pagesize >= HBW_PAGESIZE_MAX_VALUE)
		return EINVAL;
	if (pagesize == HBW_PAGESIZE_1GB_STRICT && size % gib != 0)
		return EINVAL;
	return memkind_posix_memalign(kind_for(pages_of[pagesize]), memptr, alignment, size);
}

MK_EXPORT void hbw_free(void *ptr)
{
	memkind_free(NULL, ptr);
}

MK_EXPORT size_t hbw_malloc_usable_size(void *ptr)
{
	return memkind_malloc_usable_size(NULL, ptr);
}
