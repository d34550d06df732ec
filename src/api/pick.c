/* SPDX-License-Identifier: BSD-2-Clause */
/* Exported: static kinds by what is wanted of them, by their old numbers, and their nodes. */
#include <memkind.h>

#include "api/export.h"
#include "base/bits.h"
#include "kind/kind.h"

enum {
	MEMTYPE_BITS = MEMKIND_MEMTYPE_DEFAULT | MEMKIND_MEMTYPE_HIGH_BANDWIDTH,
	LONG_BITS = 8 * sizeof(unsigned long),
};

/* What memkind_create_kind() is asked for, and what it gives. */
static const struct wish {
	unsigned memtype;
	memkind_policy_t policy;
	unsigned flags;
	enum mk_kind_id id;
} wishes[] = {
	{MEMKIND_MEMTYPE_HIGH_BANDWIDTH, MEMKIND_POLICY_BIND_LOCAL, 0, MK_KIND_HBW},
	{MEMKIND_MEMTYPE_HIGH_BANDWIDTH, MEMKIND_POLICY_BIND_LOCAL, MEMKIND_MASK_PAGE_SIZE_2MB,
	 MK_KIND_HBW_HUGETLB},
	{MEMKIND_MEMTYPE_HIGH_BANDWIDTH, MEMKIND_POLICY_BIND_ALL, 0, MK_KIND_HBW_ALL},
	{MEMKIND_MEMTYPE_HIGH_BANDWIDTH, MEMKIND_POLICY_BIND_ALL, MEMKIND_MASK_PAGE_SIZE_2MB,
	 MK_KIND_HBW_ALL_HUGETLB},
	{MEMKIND_MEMTYPE_HIGH_BANDWIDTH, MEMKIND_POLICY_PREFERRED_LOCAL, 0, MK_KIND_HBW_PREFERRED},
	{MEMKIND_MEMTYPE_HIGH_BANDWIDTH, MEMKIND_POLICY_PREFERRED_LOCAL, MEMKIND_MASK_PAGE_SIZE_2MB,
	 MK_KIND_HBW_PREFERRED_HUGETLB},
	{MEMKIND_MEMTYPE_HIGH_BANDWIDTH, MEMKIND_POLICY_INTERLEAVE_ALL, 0, MK_KIND_HBW_INTERLEAVE},
	{MEMKIND_MEMTYPE_DEFAULT, MEMKIND_POLICY_PREFERRED_LOCAL, 0, MK_KIND_DEFAULT},
	{MEMKIND_MEMTYPE_DEFAULT, MEMKIND_POLICY_PREFERRED_LOCAL, MEMKIND_MASK_PAGE_SIZE_2MB,
	 MK_KIND_HUGETLB},
	{MEMTYPE_BITS, MEMKIND_POLICY_INTERLEAVE_ALL, 0, MK_KIND_INTERLEAVE},
};

static const struct wish *find_wish(unsigned memtype, memkind_policy_t policy, unsigned flags)
{
	for (size_t i = 0; i < MK_ARRAY_SIZE(wishes); i++)
		if (wishes[i].memtype == memtype && wishes[i].policy == policy &&
		    wishes[i].flags == flags)
			return &wishes[i];
	return NULL;
}

MK_EXPORT int memkind_create_kind(memkind_memtype_t memtype_flags, memkind_policy_t policy,
				  memkind_bits_t flags, memkind_t *kind)
{
	const struct wish *wish = find_wish((unsigned)memtype_flags, policy, (unsigned)flags);

	if (wish == NULL || kind == NULL)
		return MEMKIND_ERROR_INVALID;
	if (mk_kind_check(&mk_kinds[wish->id], NULL) == 0)
		*kind = &mk_kinds[wish->id];
	else if (policy == MEMKIND_POLICY_PREFERRED_LOCAL)
		*kind = &mk_kinds[MK_KIND_DEFAULT];
	else
		return MEMKIND_ERROR_MEMTYPE_NOT_AVAILABLE;
	return MEMKIND_SUCCESS;
}

enum {
	/* It has no old number. */
	MEMKIND_PARTITION_NG_DAX_KMEM_FIRST = MEMKIND_NUM_BASE_KIND,
};
#define MK_KIND(id, name, source, choice, mode, flags)                                             \
	_Static_assert(MEMKIND_PARTITION_##id == (int)MK_KIND_##id,                                \
		       "the rows are in the order of the old numbers");
#include "kind/kinds.def"
#undef MK_KIND

MK_EXPORT int memkind_get_kind_by_partition(int partition, memkind_t *kind)
{
	if (kind == NULL)
		return MEMKIND_ERROR_INVALID;
	if (partition < 0 || partition >= (int)MEMKIND_NUM_BASE_KIND) {
		*kind = NULL;
		return MEMKIND_ERROR_UNAVAILABLE;
	}
	*kind = &mk_kinds[partition];
	return MEMKIND_SUCCESS;
}

static int put_nodes(enum mk_kind_id id, unsigned long *nodemask, unsigned long maxnode)
{
	struct mk_nodeset nodes;
	int status = mk_kind_nodes(&mk_kinds[id], &nodes);

	if (status != 0 || nodemask == NULL)
		return status;
	for (unsigned long node = 0; node < maxnode; node++) {
		unsigned long bit = 1UL << node % LONG_BITS;

		nodemask[node / LONG_BITS] &= ~bit;
		if (node < MK_NODE_LIMIT && mk_nodeset_has(&nodes, (unsigned)node))
			nodemask[node / LONG_BITS] |= bit;
	}
	return MEMKIND_SUCCESS;
}

MK_EXPORT int memkind_dax_kmem_all_get_mbind_nodemask(memkind_t kind, unsigned long *nodemask,
						      unsigned long maxnode)
{
	(void)kind;
	return put_nodes(MK_KIND_DAX_KMEM_ALL, nodemask, maxnode);
}

MK_EXPORT int memkind_hbw_all_get_mbind_nodemask(memkind_t kind, unsigned long *nodemask,
						 unsigned long maxnode)
{
	(void)kind;
	return put_nodes(MK_KIND_HBW_ALL, nodemask, maxnode);
}
