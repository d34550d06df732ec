/* SPDX-License-Identifier: BSD-2-Clause */
/* Locks over pthread mutexes, with the rank check of development builds. */
#include "base/lock.h"

#ifdef MK_LOCK_RANKS

#include <stdint.h>

#include "base/log.h"

/* Bit r: this thread holds a lock of rank r. */
static __thread uint32_t held_ranks;

static void note_acquired(enum mk_rank rank)
{
	if (held_ranks >> rank)
		mk_die("memkind: lock of rank %d taken while %x are held", (int)rank, held_ranks);
	held_ranks |= UINT32_C(1) << rank;
}

static void note_released(enum mk_rank rank)
{
	held_ranks &= ~(UINT32_C(1) << rank);
}

#else

static void note_acquired(enum mk_rank rank)
{
	(void)rank;
}

static void note_released(enum mk_rank rank)
{
	(void)rank;
}

#endif

void mk_lock_acquire(struct mk_lock *lock, enum mk_rank rank)
{
	note_acquired(rank);
	pthread_mutex_lock(&lock->mutex);
}

void mk_lock_release(struct mk_lock *lock, enum mk_rank rank)
{
	pthread_mutex_unlock(&lock->mutex);
	note_released(rank);
}

void mk_lock_acquire_for_fork(struct mk_lock *lock)
{
	pthread_mutex_lock(&lock->mutex);
}

void mk_lock_release_for_fork(struct mk_lock *lock)
{
	pthread_mutex_unlock(&lock->mutex);
}

void mk_lock_reset_in_child(struct mk_lock *lock)
{
	pthread_mutex_init(&lock->mutex, NULL);
}
