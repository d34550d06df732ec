/* SPDX-License-Identifier: BSD-2-Clause */
/* Address space and pages. Sizes are bytes; every function returns 0 or -errno. */
#ifndef MK_OS_VM_H
#define MK_OS_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kernel's page size: 4 KiB to 64 KiB. */
size_t mk_vm_page_size(void);

/*
 * Address space without memory: PROT_NONE, not accounted. ALIGNMENT is a power of two of at least
 * a page. -ENOMEM: RLIMIT_AS or the address space is exhausted; *ret_base is untouched then.
 */
int mk_vm_reserve(size_t size, size_t alignment, void **ret_base);

/* Makes part of a reservation usable: readable, writable, zero when first touched. */
int mk_vm_commit(void *base, size_t size);

/* Gives the pages back; they read as zero afterwards. -EINVAL: mlocked, nothing was given back. */
int mk_vm_purge(void *base, size_t size);

/*
 * Address space of huge pages of 1 << PAGE_SHIFT bytes, readable and writable; SIZE is a multiple
 * of that. The pool has as many pages, but not yet these, nor on the right nodes: populate it
 * before it is touched. -ENOMEM: it has not; -EINVAL: the kernel has no pages of this size.
 */
int mk_vm_map_huge(size_t size, unsigned page_shift, void **ret_base);

/*
 * Gets pages that were never touched: 0, or -errno, where a touch would have been SIGBUS. They read
 * as zero, but for their first words.
 */
int mk_vm_populate(void *base, size_t size, size_t page_size);

/*
 * The same of pages that a touch can have for sure: all read as zero, but those that were there keep
 * their bytes, also while others write to them.
 */
int mk_vm_fault_in(void *base, size_t size);

/* The same for reading alone: what was never touched gets no memory. -EINVAL before Linux 5.14. */
int mk_vm_fault_in_to_read(void *base, size_t size);

/* Bytes of the huge pages that the kernel makes of others. */
size_t mk_vm_huge_page_size(void);

/*
 * Splits the huge page that a page is part of, so that parts of it can be on different nodes. -EINVAL:
 * the page is locked in memory, or the kernel is older than Linux 5.4.
 */
int mk_vm_split_huge_page(void *page);

/* Gives pages back for good: what is left is address space without memory. 0, or nothing is. */
int mk_vm_discard(void *base, size_t size);

/* Lets the pages be read and not written. */
int mk_vm_forbid_writing(void *base, size_t size);

/* Bytes of the pages of a mapped range that are in memory. -ENOSYS: the kernel doesn't tell. */
int mk_vm_resident(void *base, size_t size, size_t *ret_size);

/*
 * Gives a mapping the name that /proc/PID/maps shows for it, where the kernel keeps such names (Linux
 * 5.17 with CONFIG_ANON_VMA_NAME). That it did not is no matter.
 */
void mk_vm_name(void *base, size_t size, const char *name);

/* Which of COUNT pages from BASE on, a multiple of the page size, are swapped out: 0 or -errno. */
int mk_vm_find_swapped(uintptr_t base, size_t count, bool *ret_is_swapped);

/* Which of them are in memory. */
int mk_vm_find_present(uintptr_t base, size_t count, bool *ret_is_present);

/* Which of them are this process's alone; the page of zeroes and what is swapped out is not. */
int mk_vm_find_exclusive(uintptr_t base, size_t count, bool *ret_is_exclusive);

/* Gives back address space and pages. */
void mk_vm_release(void *base, size_t size);

/* Zeroed memory under the process's own policy, without huge pages: for metadata. */
int mk_vm_map(size_t size, void **ret_base);

/* Asks for no huge pages in the range; a kernel without THP has none anyway. */
void mk_vm_refuse_huge_pages(void *base, size_t size);

/* Asks for huge pages, for kernels that make them only then. */
void mk_vm_ask_for_huge_pages(void *base, size_t size);

#endif
