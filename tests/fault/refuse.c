/* SPDX-License-Identifier: BSD-2-Clause */
/* The system calls of the library, some of them refused; and its clock. */
#include "refuse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>

const struct refused_call_row refused_calls[REFUSED_CALL_COUNT] = {
	[REFUSED_MMAP] = {"mmap", ENOMEM},
	[REFUSED_MPROTECT] = {"mprotect", ENOMEM},
	[REFUSED_MADVISE] = {"madvise", EINVAL},
	[REFUSED_MUNMAP] = {"munmap", ENOMEM},
	[REFUSED_MBIND] = {"mbind", ENOMEM},
	[REFUSED_GET_MEMPOLICY] = {"get_mempolicy", EPERM},
	[REFUSED_FALLOCATE] = {"posix_fallocate", ENOSPC},
	[REFUSED_PUNCH] = {"fallocate", EOPNOTSUPP},
	[REFUSED_OPEN] = {"open", EMFILE},
	[REFUSED_OPENAT] = {"openat", EMFILE},
	[REFUSED_READ] = {"read", EIO},
	[REFUSED_PREAD] = {"pread", EIO},
	[REFUSED_GETDENTS] = {"getdents64", ENOENT},
	[REFUSED_HOME_NODE] = {"set_mempolicy_home_node", ENOSYS},
	[REFUSED_MOVE_PAGES] = {"move_pages", EPERM},
	[REFUSED_AFFINITY] = {"sched_getaffinity", EPERM},
	[REFUSED_PRCTL] = {"prctl", EINVAL},
	[REFUSED_FCNTL] = {"fcntl", EMFILE},
	[REFUSED_FSTAT] = {"fstat", EIO},
	[REFUSED_MINCORE] = {"mincore", EAGAIN},
};

static struct refusal wanted;
static unsigned chance; /* 0: only what is wanted */
static _Atomic uint32_t random_state;
static _Atomic bool is_active;
static _Atomic long call_count, refused_count;
static _Atomic uint64_t passed_ms;

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

void refuse_start(const struct refusal *refusal)
{
	wanted = *refusal;
	is_active = true;
}

void refuse_start_at_random(uint32_t seed, unsigned one_of)
{
	random_state = seed;
	chance = one_of;
	is_active = true;
}

long refuse_stop(void)
{
	is_active = false;
	return refused_count;
}

void refuse_pass_time(uint64_t ms)
{
	passed_ms += ms;
}

static bool is_unlucky(void)
{
	uint32_t state = random_state;
	uint32_t next;

	do
		next = state * 1664525u + 1013904223u;
	while (!atomic_compare_exchange_weak(&random_state, &state, next));
	return (next >> 8) % chance == 0;
}

static bool is_in_turn(enum refused_call call)
{
	long number;

	if (call != wanted.call)
		return false;
	number = call_count++;
	return number >= wanted.first && (wanted.count < 0 || number < wanted.first + wanted.count);
}

/* True: with errno set. */
static bool is_refused(enum refused_call call)
{
	if (!is_active || !(chance != 0 ? is_unlucky() : is_in_turn(call)))
		return false;
	refused_count++;
	errno = chance != 0 ? refused_calls[call].error : wanted.error;
	return true;
}

/* A function with the same arguments as the one that it stands for, which may have two names. */
#define WRAP(call, failure, type, name, parameters, arguments)                                     \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		return is_refused(call) ? (failure) : __real_##name arguments;                     \
	}
#define WRAP_BOTH(call, failure, type, name, parameters, arguments)                                \
	WRAP(call, failure, type, name, parameters, arguments)                                     \
	WRAP(call, failure, type, name##64, parameters, arguments)

WRAP_BOTH(REFUSED_MMAP, MAP_FAILED, void *, mmap,
	  (void *base, size_t size, int protection, int flags, int fd, off_t offset),
	  (base, size, protection, flags, fd, offset))
WRAP(REFUSED_MPROTECT, -1, int, mprotect, (void *base, size_t size, int protection),
     (base, size, protection))
WRAP(REFUSED_MADVISE, -1, int, madvise, (void *base, size_t size, int advice), (base, size, advice))
WRAP(REFUSED_MUNMAP, -1, int, munmap, (void *base, size_t size), (base, size))
WRAP(REFUSED_MINCORE, -1, int, mincore, (void *base, size_t size, unsigned char *pages),
     (base, size, pages))
WRAP_BOTH(REFUSED_PUNCH, -1, int, fallocate, (int fd, int mode, off_t offset, off_t size),
	  (fd, mode, offset, size))
WRAP_BOTH(REFUSED_OPEN, -1, int, open, (const char *path, int flags, mode_t mode),
	  (path, flags, mode))
WRAP_BOTH(REFUSED_OPENAT, -1, int, openat, (int root, const char *path, int flags, mode_t mode),
	  (root, path, flags, mode))
WRAP_BOTH(REFUSED_FSTAT, -1, int, fstat, (int fd, void *status), (fd, status))
WRAP_BOTH(REFUSED_PREAD, -1, ssize_t, pread, (int fd, void *buffer, size_t size, off_t offset),
	  (fd, buffer, size, offset))
WRAP(REFUSED_READ, -1, ssize_t, read, (int fd, void *buffer, size_t size), (fd, buffer, size))
WRAP(REFUSED_PRCTL, -1, int, prctl,
     (int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d),
     (option, a, b, c, d))
WRAP_BOTH(REFUSED_FCNTL, -1, int, fcntl, (int fd, int command, long argument),
	  (fd, command, argument))

/* These return their error, and keep errno. */
static int fallocate_error(int saved_errno)
{
	int error = is_refused(REFUSED_FALLOCATE) ? errno : 0;

	errno = saved_errno;
	return error;
}

int __real_posix_fallocate(int fd, off_t offset, off_t size);
int __wrap_posix_fallocate(int fd, off_t offset, off_t size);
int __wrap_posix_fallocate(int fd, off_t offset, off_t size)
{
	int error = fallocate_error(errno);

	return error != 0 ? error : __real_posix_fallocate(fd, offset, size);
}

int __real_posix_fallocate64(int fd, off_t offset, off_t size);
int __wrap_posix_fallocate64(int fd, off_t offset, off_t size);
int __wrap_posix_fallocate64(int fd, off_t offset, off_t size)
{
	int error = fallocate_error(errno);

	return error != 0 ? error : __real_posix_fallocate64(fd, offset, size);
}

/* Of the calls that the library makes by number; those that are never refused have no row. */
static const struct {
	long number;
	enum refused_call call;
	unsigned argument_count;
} numbered[] = {
	{SYS_mbind, REFUSED_MBIND, 6},
	{SYS_get_mempolicy, REFUSED_GET_MEMPOLICY, 5},
	{SYS_move_pages, REFUSED_MOVE_PAGES, 6},
	{SYS_sched_getaffinity, REFUSED_AFFINITY, 3},
	{SYS_getdents64, REFUSED_GETDENTS, 3},
	{450, REFUSED_HOME_NODE, 4}, /* set_mempolicy_home_node, which old headers do not have */
};

long __wrap_syscall(long number, ...)
{
	long arguments[6] = {0};
	unsigned count = 4;
	va_list list;

	for (size_t i = 0; i < sizeof(numbered) / sizeof(numbered[0]); i++) {
		if (numbered[i].number != number)
			continue;
		if (is_refused(numbered[i].call))
			return -1;
		count = numbered[i].argument_count;
	}
	va_start(list, number);
	for (unsigned i = 0; i < count; i++)
		arguments[i] = va_arg(list, long);
	va_end(list);
	return __real_syscall(number, arguments[0], arguments[1], arguments[2], arguments[3],
			      arguments[4], arguments[5]);
}

uint64_t __real_mk_clock_ms(void);
uint64_t __wrap_mk_clock_ms(void);

uint64_t __wrap_mk_clock_ms(void)
{
	return __real_mk_clock_ms() + passed_ms;
}
