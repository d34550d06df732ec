/* SPDX-License-Identifier: BSD-2-Clause */
/* Address space and pages: mmap, mprotect, madvise, prctl, munmap. */
#include "os/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/bits.h"

/* What is asked about in one call: a byte each. */
enum { RESIDENT_PAGES = 2048 };
/* The same of /proc/self/pagemap: a word each. Exclusive: in memory, and in no other process. */
enum {
	PAGEMAP_ENTRIES = 512,
	PAGEMAP_EXCLUSIVE_BIT = 56,
	PAGEMAP_SWAPPED_BIT = 62,
	PAGEMAP_PRESENT_BIT = 63,
};

/* The kernel's numbers, so that old headers do. */
enum {
	COLD = 20,
	POPULATE_READ = 22,
	POPULATE_WRITE = 23,
	SET_VMA = 0x53564d41,
	SET_VMA_ANON_NAME = 0,
	HUGE_SHIFT = 26,
};

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

/* AT: NULL, or with MAP_FIXED where to. */
static int map_at(void *at, size_t size, int protection, int flags, void **ret_base)
{
	int saved_errno = errno;
	void *base = mmap(at, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (base == MAP_FAILED) {
		int error = -errno;

		errno = saved_errno;
		return error;
	}
	*ret_base = base;
	return 0;
}

static int map(size_t size, int protection, int flags, void **ret_base)
{
	return map_at(NULL, size, protection, flags, ret_base);
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

int mk_vm_map_huge(size_t size, unsigned page_shift, void **ret_base)
{
	return map(size, PROT_READ | PROT_WRITE, MAP_HUGETLB | (int)(page_shift << HUGE_SHIFT),
		   ret_base);
}

/*
 * For Linux before 5.14: a system call that stores a word meets the fault where the program would
 * get a signal.
 */
static int touch(char *base, size_t size, size_t page_size)
{
	for (size_t offset = 0; offset < size; offset += page_size)
		if (syscall(SYS_getcpu, base + offset, NULL, NULL) != 0)
			return -errno;
	return 0;
}

static int populate(void *base, size_t size)
{
	RETURN_ERROR_OF(madvise(base, size, POPULATE_WRITE));
}

int mk_vm_populate(void *base, size_t size, size_t page_size)
{
	int saved_errno = errno;
	int error = populate(base, size);

	if (error == -EINVAL)
		error = touch(base, size, page_size);
	errno = saved_errno;
	return error;
}

/* Others may write to the pages meanwhile: nothing is added to what is there, in one step. */
static __attribute__((no_sanitize("address", "thread"))) void keep(char *byte)
{
	__atomic_fetch_or(byte, 0, __ATOMIC_RELAXED);
}

int mk_vm_fault_in(void *base, size_t size)
{
	int error = populate(base, size);

	if (error != -EINVAL)
		return error;
	for (size_t offset = 0; offset < size; offset += mk_vm_page_size())
		keep((char *)base + offset);
	return 0;
}

int mk_vm_fault_in_to_read(void *base, size_t size)
{
	RETURN_ERROR_OF(madvise(base, size, POPULATE_READ));
}

/* A table of entries of 8 bytes, which is a page itself, stands for it. */
size_t mk_vm_huge_page_size(void)
{
	return mk_vm_page_size() / sizeof(uint64_t) * mk_vm_page_size();
}

int mk_vm_split_huge_page(void *page)
{
	RETURN_ERROR_OF(madvise(page, mk_vm_page_size(), COLD));
}

int mk_vm_discard(void *base, size_t size)
{
	return map_at(base, size, PROT_NONE, MAP_NORESERVE | MAP_FIXED, &base);
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

void mk_vm_name(void *base, size_t size, const char *name)
{
	int saved_errno = errno;

	prctl(SET_VMA, SET_VMA_ANON_NAME, base, size, name);
	errno = saved_errno;
}

/* Entry by entry: what the process may see of /proc/self/pagemap without privileges. */
static int read_bits(int file, uintptr_t base, size_t count, unsigned bit, bool *ret_is_set)
{
	uint64_t entries[PAGEMAP_ENTRIES];

	for (size_t done = 0; done < count;) {
		size_t wanted = mk_min_size(count - done, PAGEMAP_ENTRIES) * sizeof(entries[0]);
		off_t offset = (off_t)((base / mk_vm_page_size() + done) * sizeof(entries[0]));
		ssize_t size = pread(file, entries, wanted, offset);

		if (size < (ssize_t)sizeof(entries[0]))
			return size < 0 ? -errno : -EIO;
		for (size_t i = 0; i < (size_t)size / sizeof(entries[0]); i++)
			ret_is_set[done++] = (entries[i] >> bit & 1) != 0;
	}
	return 0;
}

static int find_bits(uintptr_t base, size_t count, unsigned bit, bool *ret_is_set)
{
	int saved_errno = errno;
	int file = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	int error = file < 0 ? -errno : read_bits(file, base, count, bit, ret_is_set);

	if (file >= 0)
		close(file);
	errno = saved_errno;
	return error;
}

int mk_vm_find_swapped(uintptr_t base, size_t count, bool *ret_is_swapped)
{
	return find_bits(base, count, PAGEMAP_SWAPPED_BIT, ret_is_swapped);
}

int mk_vm_find_present(uintptr_t base, size_t count, bool *ret_is_present)
{
	return find_bits(base, count, PAGEMAP_PRESENT_BIT, ret_is_present);
}

int mk_vm_find_exclusive(uintptr_t base, size_t count, bool *ret_is_exclusive)
{
	return find_bits(base, count, PAGEMAP_EXCLUSIVE_BIT, ret_is_exclusive);
}

void mk_vm_release(void *base, size_t size)
{
	int saved_errno = errno;

	munmap(base, size);
	errno = saved_errno;
}

static void advise(void *base, size_t size, int advice)
{
	int saved_errno = errno;

	madvise(base, size, advice);
	errno = saved_errno;
}

void mk_vm_refuse_huge_pages(void *base, size_t size)
{
	advise(base, size, MADV_NOHUGEPAGE);
}

void mk_vm_ask_for_huge_pages(void *base, size_t size)
{
	advise(base, size, MADV_HUGEPAGE);
}

int mk_vm_map(size_t size, void **ret_base)
{
	int error = map(size, PROT_READ | PROT_WRITE, 0, ret_base);

	if (error == 0)
		mk_vm_refuse_huge_pages(*ret_base, size);
	return error;
}
