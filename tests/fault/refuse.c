/* SPDX-License-Identifier: BSD-2-Clause */
/* The system calls of the library, some of them refused; and its clock. */
#include "refuse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>

const char *const refused_call_names[REFUSED_CALL_COUNT] = {
	[REFUSED_MMAP] = "mmap",
	[REFUSED_MPROTECT] = "mprotect",
	[REFUSED_MADVISE] = "madvise",
	[REFUSED_MUNMAP] = "munmap",
	[REFUSED_MBIND] = "mbind",
	[REFUSED_GET_MEMPOLICY] = "get_mempolicy",
	[REFUSED_MOVE_PAGES] = "move_pages",
	[REFUSED_FALLOCATE] = "posix_fallocate",
};

static struct refusal wanted;
static _Atomic bool is_active;
static _Atomic long call_count, refused_count;
static _Atomic uint64_t passed_ms;

void *__real_mmap(void *base, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *base, size_t size, int protection, int flags, int fd, off_t offset);
void *__real_mmap64(void *base, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *base, size_t size, int protection, int flags, int fd, off_t offset);
int __real_mprotect(void *base, size_t size, int protection);
int __wrap_mprotect(void *base, size_t size, int protection);
int __real_madvise(void *base, size_t size, int advice);
int __wrap_madvise(void *base, size_t size, int advice);
int __real_munmap(void *base, size_t size);
int __wrap_munmap(void *base, size_t size);
int __real_posix_fallocate(int fd, off_t offset, off_t size);
int __wrap_posix_fallocate(int fd, off_t offset, off_t size);
int __real_posix_fallocate64(int fd, off_t offset, off_t size);
int __wrap_posix_fallocate64(int fd, off_t offset, off_t size);
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
uint64_t __real_mk_clock_ms(void);
uint64_t __wrap_mk_clock_ms(void);

void refuse_start(const struct refusal *refusal)
{
	wanted = *refusal;
	is_active = true;
}

bool refuse_stop(void)
{
	is_active = false;
	return refused_count != 0;
}

void refuse_pass_time(uint64_t ms)
{
	passed_ms += ms;
}

/* True: with errno set. */
static bool is_refused(enum refused_call call)
{
	long number;

	if (!is_active || call != wanted.call)
		return false;
	number = call_count++;
	if (number < wanted.first || (wanted.count >= 0 && number >= wanted.first + wanted.count))
		return false;
	refused_count++;
	errno = wanted.error;
	return true;
}

void *__wrap_mmap(void *base, size_t size, int protection, int flags, int fd, off_t offset)
{
	if (is_refused(REFUSED_MMAP))
		return MAP_FAILED;
	return __real_mmap(base, size, protection, flags, fd, offset);
}

/* What glibc's headers make of mmap where _FILE_OFFSET_BITS is given. */
void *__wrap_mmap64(void *base, size_t size, int protection, int flags, int fd, off_t offset)
{
	if (is_refused(REFUSED_MMAP))
		return MAP_FAILED;
	return __real_mmap64(base, size, protection, flags, fd, offset);
}

int __wrap_mprotect(void *base, size_t size, int protection)
{
	return is_refused(REFUSED_MPROTECT) ? -1 : __real_mprotect(base, size, protection);
}

int __wrap_madvise(void *base, size_t size, int advice)
{
	return is_refused(REFUSED_MADVISE) ? -1 : __real_madvise(base, size, advice);
}

int __wrap_munmap(void *base, size_t size)
{
	return is_refused(REFUSED_MUNMAP) ? -1 : __real_munmap(base, size);
}

/* It returns its error, and keeps errno. */
int __wrap_posix_fallocate(int fd, off_t offset, off_t size)
{
	int saved_errno = errno;
	bool is_error = is_refused(REFUSED_FALLOCATE);

	errno = saved_errno;
	return is_error ? wanted.error : __real_posix_fallocate(fd, offset, size);
}

int __wrap_posix_fallocate64(int fd, off_t offset, off_t size)
{
	int saved_errno = errno;
	bool is_error = is_refused(REFUSED_FALLOCATE);

	errno = saved_errno;
	return is_error ? wanted.error : __real_posix_fallocate64(fd, offset, size);
}

/* Of the calls that the library makes by number. */
static unsigned argument_count(long number)
{
	switch (number) {
	case SYS_mbind:
	case SYS_move_pages:
		return 6;
	case SYS_get_mempolicy:
		return 5;
	case SYS_sched_getaffinity:
	case SYS_getdents64:
		return 3;
	default: /* set_mempolicy_home_node */
		return 4;
	}
}

long __wrap_syscall(long number, ...)
{
	long arguments[6] = {0};
	va_list list;

	if ((number == SYS_mbind && is_refused(REFUSED_MBIND)) ||
	    (number == SYS_get_mempolicy && is_refused(REFUSED_GET_MEMPOLICY)) ||
	    (number == SYS_move_pages && is_refused(REFUSED_MOVE_PAGES)))
		return -1;
	va_start(list, number);
	for (unsigned i = 0; i < argument_count(number); i++)
		arguments[i] = va_arg(list, long);
	va_end(list);
	return __real_syscall(number, arguments[0], arguments[1], arguments[2], arguments[3],
			      arguments[4], arguments[5]);
}

uint64_t __wrap_mk_clock_ms(void)
{
	return __real_mk_clock_ms() + passed_ms;
}
