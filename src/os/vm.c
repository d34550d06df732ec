/* SPDX-License-Identifier: BSD-2-Clause */
/* Address space and pages: mmap, mprotect, madvise, munmap. */
#include "os/vm.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bits.h"

/* What is asked about in one call: a byte each. */
enum { RESIDENT_PAGES = 2048 };

size_t mk_vm_page_size(void)
{
	static _Atomic size_t page_size;
	size_t size = atomic_load_explicit(&page_size, memory_order_relaxed);

	if (size == 0) {
		size = (size_t)sysconf(_SC_PAGESIZE);
		atomic_store_explicit(&page_size, size, memory_order_relaxed);
	}
	return size;
}

static int map(size_t size, int protection, int flags, void **ret_base)
{
	int saved_errno = errno;
	void *base = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (base == MAP_FAILED) {
		int error = -errno;

		errno = saved_errno;
		return error;
	}
	*ret_base = base;
	return 0;
}

/* Cuts the ends off a mapping, so that SIZE bytes at an aligned address remain. */
static void *trim(void *base, size_t mapped_size, size_t size, size_t alignment)
{
	uintptr_t start = (uintptr_t)base;
	uintptr_t aligned = mk_align_up(start, alignment);
	size_t after = start + mapped_size - (aligned + size);

	if (aligned != start)
		mk_vm_release(base, aligned - start);
	if (after != 0)
		mk_vm_release((char *)base + (aligned - start) + size, after);
	return (char *)base + (aligned - start);
}

int mk_vm_reserve(size_t size, size_t alignment, void **ret_base)
{
	size_t padding = alignment - mk_vm_page_size();
	void *base = NULL;
	int error = map(size, PROT_NONE, MAP_NORESERVE, &base);

	if (error != 0)
		return error;
	if (((uintptr_t)base & (alignment - 1)) != 0) {
		mk_vm_release(base, size);
		if (size + padding < size)
			return -ENOMEM;
		error = map(size + padding, PROT_NONE, MAP_NORESERVE, &base);
		if (error != 0)
			return error;
		base = trim(base, size + padding, size, alignment);
	}
	*ret_base = base;
	return 0;
}

/* Runs an expression that sets errno on failure, as a function that returns -errno. */
#define RETURN_ERROR_OF(call)                                                                      \
	do {                                                                                       \
		int saved_errno = errno;                                                           \
		int error = (call) == 0 ? 0 : -errno;                                              \
                                                                                                   \
		errno = saved_errno;                                                               \
		return error;                                                                      \
	} while (0)

int mk_vm_commit(void *base, size_t size)
{
	RETURN_ERROR_OF(mprotect(base, size, PROT_READ | PROT_WRITE));
}

int mk_vm_purge(void *base, size_t size)
{
	RETURN_ERROR_OF(madvise(base, size, MADV_DONTNEED));
}

int mk_vm_forbid_writing(void *base, size_t size)
{
	RETURN_ERROR_OF(mprotect(base, size, PROT_READ));
}

int mk_vm_resident(void *base, size_t size, size_t *ret_size)
{
	unsigned char pages[RESIDENT_PAGES];
	size_t page_size = mk_vm_page_size();
	int saved_errno = errno;
	size_t resident = 0;

	for (size_t done = 0; done < size; done += RESIDENT_PAGES * page_size) {
		size_t part = mk_min_size(size - done, RESIDENT_PAGES * page_size);
		size_t count = (part + page_size - 1) / page_size;

		if (mincore((char *)base + done, part, pages) != 0) {
			int error = -errno;

			errno = saved_errno;
			return error;
		}
		for (size_t i = 0; i < count; i++)
			resident += pages[i] & 1;
	}
	*ret_size = resident * page_size;
	return 0;
}

void mk_vm_release(void *base, size_t size)
{
	int saved_errno = errno;

	munmap(base, size);
	errno = saved_errno;
}

void mk_vm_refuse_huge_pages(void *base, size_t size)
{
	int saved_errno = errno;

	madvise(base, size, MADV_NOHUGEPAGE);
	errno = saved_errno;
}

int mk_vm_map(size_t size, void **ret_base)
{
	int error = map(size, PROT_READ | PROT_WRITE, 0, ret_base);

	if (error == 0)
		mk_vm_refuse_huge_pages(*ret_base, size);
	return error;
}
