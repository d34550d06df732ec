/* SPDX-License-Identifier: BSD-2-Clause */
/* What old programs use and new ones need not. memkind.h includes it. */
#ifndef MEMKIND_DEPRECATED_H
#define MEMKIND_DEPRECATED_H

#include <memkind.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef MEMKIND_DEPRECATED
#ifdef __GNUC__
#define MEMKIND_DEPRECATED(func) func __attribute__((deprecated))
#else
#define MEMKIND_DEPRECATED(func) func
#endif
#endif

/*
 * As MEMKIND_HUGETLB, MEMKIND_HBW_HUGETLB and MEMKIND_HBW_PREFERRED_HUGETLB, but on huge pages of
 * 1 GiB where the nodes have some.
 */
extern memkind_t MEMKIND_GBTLB;
extern memkind_t MEMKIND_HBW_GBTLB;
extern memkind_t MEMKIND_HBW_PREFERRED_GBTLB;

/* Numbers of the handles. */
enum memkind_base_partition {
	MEMKIND_PARTITION_DEFAULT = 0,
	MEMKIND_PARTITION_HBW = 1,
	MEMKIND_PARTITION_HBW_HUGETLB = 2,
	MEMKIND_PARTITION_HBW_PREFERRED = 3,
	MEMKIND_PARTITION_HBW_PREFERRED_HUGETLB = 4,
	MEMKIND_PARTITION_HUGETLB = 5,
	MEMKIND_PARTITION_HBW_GBTLB = 6,
	MEMKIND_PARTITION_HBW_PREFERRED_GBTLB = 7,
	MEMKIND_PARTITION_GBTLB = 8,
	MEMKIND_PARTITION_HBW_INTERLEAVE = 9,
	MEMKIND_PARTITION_INTERLEAVE = 10,
	MEMKIND_PARTITION_REGULAR = 11,
	MEMKIND_PARTITION_HBW_ALL = 12,
	MEMKIND_PARTITION_HBW_ALL_HUGETLB = 13,
	MEMKIND_PARTITION_DAX_KMEM = 14,
	MEMKIND_PARTITION_DAX_KMEM_ALL = 15,
	MEMKIND_PARTITION_DAX_KMEM_PREFERRED = 16,
	MEMKIND_PARTITION_DAX_KMEM_INTERLEAVE = 17,
	MEMKIND_PARTITION_HIGHEST_CAPACITY = 18,
	MEMKIND_PARTITION_HIGHEST_CAPACITY_PREFERRED = 19,
	MEMKIND_PARTITION_HIGHEST_CAPACITY_LOCAL = 20,
	MEMKIND_PARTITION_HIGHEST_CAPACITY_LOCAL_PREFERRED = 21,
	MEMKIND_PARTITION_LOWEST_LATENCY_LOCAL = 22,
	MEMKIND_PARTITION_LOWEST_LATENCY_LOCAL_PREFERRED = 23,
	MEMKIND_PARTITION_HIGHEST_BANDWIDTH_LOCAL = 24,
	MEMKIND_PARTITION_HIGHEST_BANDWIDTH_LOCAL_PREFERRED = 25,
	MEMKIND_NUM_BASE_KIND = 26
};

/*
 * The handle with the number PARTITION: 0, or
 * MEMKIND_ERROR_UNAVAILABLE: there is none; *KIND is NULL
 * MEMKIND_ERROR_INVALID: KIND is NULL
 */
int MEMKIND_DEPRECATED(memkind_get_kind_by_partition(int partition, memkind_t *kind));

/*
 * The nodes of MEMKIND_DAX_KMEM_ALL and MEMKIND_HBW_ALL, as bits 0 to MAXNODE - 1 of NODEMASK, which
 * may be NULL; KIND is not looked at. 0, or the code of memkind_check_available(); NODEMASK is as it
 * was then.
 */
int memkind_dax_kmem_all_get_mbind_nodemask(memkind_t kind, unsigned long *nodemask,
					    unsigned long maxnode);
int memkind_hbw_all_get_mbind_nodemask(memkind_t kind, unsigned long *nodemask,
				       unsigned long maxnode);

#ifdef __cplusplus
}
#endif

#endif
