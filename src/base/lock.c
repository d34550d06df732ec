/* SPDX-License-Identifier: BSD-2-Clause */
/* Locks over pthread mutexes, the gate that a fork closes, and the rank check of development builds. */
#include "base/lock.h"

#include <stdatomic.h>

#include "base/bits.h"

/* Locks up to this rank wait for `gate`, which the thread that forks holds then. */
static _Atomic enum mk_rank gate_rank;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

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

static MK_COLD void wait_at_gate(void)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
}

void mk_lock_acquire(struct mk_lock *lock, enum mk_rank rank)
{
	if (MK_UNLIKELY(rank <= atomic_load_explicit(&gate_rank, memory_order_relaxed)))
		wait_at_gate();
	note_acquired(rank);
	if (pthread_mutex_trylock(&lock->mutex) != 0) {
		pthread_mutex_lock(&lock->mutex);
		lock->wait_count++;
	}
	lock->acquire_count++;
}

void mk_lock_release(struct mk_lock *lock, enum mk_rank rank)
{
	pthread_mutex_unlock(&lock->mutex);
	note_released(rank);
}

void mk_lock_close_gate(enum mk_rank rank)
{
	if (atomic_load_explicit(&gate_rank, memory_order_relaxed) == MK_RANK_NONE)
		pthread_mutex_lock(&gate);
	atomic_store_explicit(&gate_rank, rank, memory_order_relaxed);
}

void mk_lock_open_gate(void)
{
	atomic_store_explicit(&gate_rank, MK_RANK_NONE, memory_order_relaxed);
	pthread_mutex_unlock(&gate);
}

void mk_lock_reset_gate_in_child(void)
{
	atomic_store_explicit(&gate_rank, MK_RANK_NONE, memory_order_relaxed);
	pthread_mutex_init(&gate, NULL);
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
