/* SPDX-License-Identifier: BSD-2-Clause */
/* The calling thread's CPU, affinity and end; the clock. */
#include "os/thread.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	RSEQ_CPU_ID = 4, /* offset of cpu_id in struct rseq (uapi/linux/rseq.h) */
	AFFINITY_BYTES = 8192 / 8,
};

/* glibc's public names of its rseq area; absent before 2.35. */
extern const ptrdiff_t __rseq_offset __attribute__((weak));
extern const unsigned int __rseq_size __attribute__((weak));

/* At first some word of the thread control block, which is at the thread pointer. */
intptr_t mk_rseq_cpu_offset = sizeof(void *);

static pthread_key_t exit_key;

bool mk_thread_start_rseq(void)
{
	if (&__rseq_offset == NULL || &__rseq_size == NULL || __rseq_size == 0)
		return false;
	__atomic_store_n(&mk_rseq_cpu_offset, __rseq_offset + RSEQ_CPU_ID, __ATOMIC_RELAXED);
	return true;
}

int mk_thread_cpu(unsigned *ret_cpu, unsigned *ret_node)
{
	int saved_errno = errno;
	int error = getcpu(ret_cpu, ret_node) == 0 ? 0 : -errno;

	errno = saved_errno;
	return error;
}

int mk_thread_affinity(void (*each)(unsigned cpu, void *context), void *context)
{
	unsigned long mask[AFFINITY_BYTES / sizeof(unsigned long)];
	int saved_errno = errno;
	long bytes = syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask);
	unsigned word_bits = 8 * sizeof(mask[0]);

	if (bytes < 0) {
		int error = -errno;

		errno = saved_errno;
		return error;
	}
	for (unsigned cpu = 0; cpu < 8 * (unsigned long)bytes; cpu++)
		if (mask[cpu / word_bits] >> (cpu % word_bits) & 1)
			each(cpu, context);
	return 0;
}

int mk_thread_prepare_exit_watch(void (*function)(void *value))
{
	return -pthread_key_create(&exit_key, function);
}

int mk_thread_watch_exit(void *value)
{
	return -pthread_setspecific(exit_key, value);
}

uint64_t mk_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void mk_clock_after(unsigned seconds, struct timespec *ret_time)
{
	clock_gettime(CLOCK_MONOTONIC, ret_time);
	ret_time->tv_sec += seconds;
}
