/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of high bandwidth as with malloc(3): one policy for the process instead of a kind for each
 * call. Where the nodes come from is written at MEMKIND_HBW in memkind.h. Sizes are bytes, and any
 * thread may call any function at any time. What does not say "Since 1.15.0" belongs to the API of
 * 1.0 to 1.14.
 */
#ifndef HBWMALLOC_H
#define HBWMALLOC_H

#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where blocks are; the kinds are those of memkind.h. */
typedef enum {
	HBW_POLICY_BIND = 1,	   /* the closest nodes, and no others: MEMKIND_HBW */
	HBW_POLICY_PREFERRED = 2,  /* the closest node, and others when it is full:
				      MEMKIND_HBW_PREFERRED; without memory of high bandwidth
				      MEMKIND_DEFAULT */
	HBW_POLICY_INTERLEAVE = 3, /* page by page over all nodes: MEMKIND_HBW_INTERLEAVE */
	HBW_POLICY_BIND_ALL = 4	   /* all nodes, and no others: MEMKIND_HBW_ALL */
} hbw_policy_t;

/* The pages of a block. */
typedef enum {
	HBW_PAGESIZE_4KB = 1, /* ordinary ones, whatever their size */
	HBW_PAGESIZE_2MB = 2, /* huge ones: see MEMKIND_HBW_HUGETLB */
	/*
	 * Of 1 GiB where there are some: see MEMKIND_HBW_GBTLB; with HBW_POLICY_BIND_ALL of 2 MiB.
	 * STRICT: the size is a multiple of 1 GiB.
	 */
	HBW_PAGESIZE_1GB_STRICT = 3,
	HBW_PAGESIZE_1GB = 4,
	HBW_PAGESIZE_MAX_VALUE
} hbw_pagesize_t;

/* Bits of the flags of hbw_verify_memory_region(). */
enum { HBW_TOUCH_PAGES = 1 };

/*
 * 0: there is memory of high bandwidth for this process; ENODEV: there is not, and
 * memkind_check_available(MEMKIND_HBW) says why.
 */
int hbw_check_available(void);

/* HBW_POLICY_PREFERRED where none was set. */
hbw_policy_t hbw_get_policy(void);

/*
 * Sets the policy of the process, once: 0, also where it is this one already.
 * EPERM: it is another one. The first call that asks for memory has set HBW_POLICY_PREFERRED.
 * EINVAL: MODE is no policy; one can still be set.
 */
int hbw_set_policy(hbw_policy_t mode);

/*
 * As the functions of memkind.h, with the kind of the policy. Without memory of high bandwidth
 * every policy but HBW_POLICY_PREFERRED gives NULL and ENOMEM; which kind that one means is settled
 * at the first call.
 */
void *hbw_malloc(size_t size);
void *hbw_calloc(size_t num, size_t size);
void *hbw_realloc(void *ptr, size_t size);
int hbw_posix_memalign(void **memptr, size_t alignment, size_t size);

/*
 * The same with pages of a size. EINVAL, and *MEMPTR is untouched: PAGESIZE is above
 * HBW_PAGESIZE_1GB, or not HBW_PAGESIZE_4KB with HBW_POLICY_INTERLEAVE, or demands a multiple of
 * 1 GiB that SIZE is not. 0 is HBW_PAGESIZE_4KB.
 */
int hbw_posix_memalign_psize(void **memptr, size_t alignment, size_t size, hbw_pagesize_t pagesize);

/* Frees a block of any kind; NULL is allowed. */
void hbw_free(void *ptr);

/* Bytes that the block PTR can hold; 0 for NULL. */
size_t hbw_malloc_usable_size(void *ptr);

/*
 * 0: each page of the SIZE bytes at ADDR lies on a node of high bandwidth, of any socket.
 * -1: a page does not, or is not mapped, or was never written to, or there is no such memory.
 * EFAULT: the kernel does not say where pages lie (move_pages(2) is denied, or it has no NUMA).
 * EINVAL: ADDR is NULL, SIZE is 0, FLAGS has an unknown bit, or the region passes the end of the
 * address space.
 * HBW_TOUCH_PAGES writes a byte of each page back to it before it looks, up to a page that fails;
 * the region has to be writable.
 */
int hbw_verify_memory_region(void *addr, size_t size, int flags);

#ifdef __cplusplus
}
#endif

#endif
