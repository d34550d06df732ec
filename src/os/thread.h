/* SPDX-License-Identifier: BSD-2-Clause */
/* The calling thread: its CPU, its affinity, its end. And the clock. */
#ifndef MK_OS_THREAD_H
#define MK_OS_THREAD_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/bits.h"

/*
 * The CPU number that the kernel keeps up to date in the thread's rseq area, at this offset from
 * the thread pointer. Before mk_thread_start_rseq() the offset is that of some readable word.
 */
extern intptr_t mk_rseq_cpu_offset MK_HIDDEN;

/* Finds the rseq area of the C library (glibc 2.35). False: there is none, use mk_thread_cpu(). */
bool mk_thread_start_rseq(void);

/*
 * A CPU number, or, in a thread without rseq, the top of the range: 0xffffffff and 0xfffffffe. Mask
 * it, never trust it. Any value is possible before mk_thread_start_rseq().
 */
#if defined(__x86_64__)
static inline uint32_t mk_rseq_cpu(void)
{
	intptr_t offset = __atomic_load_n(&mk_rseq_cpu_offset, __ATOMIC_RELAXED);

	return *(const volatile uint32_t __seg_fs *)offset;
}
#else
static inline uint32_t mk_rseq_cpu(void)
{
	intptr_t offset = __atomic_load_n(&mk_rseq_cpu_offset, __ATOMIC_RELAXED);

	return *(const volatile uint32_t *)((const char *)__builtin_thread_pointer() + offset);
}
#endif

/* CPU and node on which the thread runs now: 0 or -errno. */
int mk_thread_cpu(unsigned *ret_cpu, unsigned *ret_node);

/* Calls EACH for every CPU in the calling thread's affinity mask: 0 or -errno. */
int mk_thread_affinity(void (*each)(unsigned cpu, void *context), void *context);

/*
 * Has FUNCTION called with VALUE when a thread that called mk_thread_watch_exit ends; a thread may
 * ask again from within FUNCTION. mk_thread_watch_exit: 0 or -errno.
 */
int mk_thread_prepare_exit_watch(void (*function)(void *value));
int mk_thread_watch_exit(void *value);

/* Milliseconds of a clock that never goes back; and CLOCK_MONOTONIC some seconds from now. */
uint64_t mk_clock_ms(void);
void mk_clock_after(unsigned seconds, struct timespec *ret_time);

#endif
