/* SPDX-License-Identifier: BSD-2-Clause */
/* Locks, and the order in which they may be taken. All bytes zero is an unlocked lock. */
#ifndef MK_BASE_LOCK_H
#define MK_BASE_LOCK_H

#include <pthread.h>
#include <stdint.h>

/*
 * A thread that holds a lock may take only locks of a higher rank. Builds with MK_LOCK_RANKS
 * (build-dev.ini, build-tsan.ini) check it at every acquire.
 */
enum mk_rank {
	MK_RANK_NONE,
	MK_RANK_BACKGROUND, /* starting and stopping the background thread */
	MK_RANK_DYNAMIC,    /* the kinds made by the program */
	MK_RANK_KIND,	    /* the table of kinds: set-up, rescan, retiring heaps */
	MK_RANK_TOPOLOGY,   /* taking a new snapshot */
	MK_RANK_HEAPS,	    /* the list of heaps and their numbers */
	MK_RANK_THREADS,    /* the threads that have caches, and their lists of caches */
	MK_RANK_CLASS,	    /* one size class of one heap: depot and slabs */
	MK_RANK_PAGES,	    /* the spans of one heap */
	MK_RANK_META,	    /* the metadata allocator */
};

struct mk_lock {
	pthread_mutex_t mutex;
	/* Guard: the lock itself. How often it was acquired, and how often another thread had it. */
	uint64_t acquire_count, wait_count;
};

#define MK_LOCK_INIT                                                                               \
	{                                                                                          \
		.mutex = PTHREAD_MUTEX_INITIALIZER                                                 \
	}

void mk_lock_acquire(struct mk_lock *lock, enum mk_rank rank);
void mk_lock_release(struct mk_lock *lock, enum mk_rank rank);

/*
 * The fork handlers take every lock in rank order, many of one rank at once: these skip the rank
 * check. After a fork the child, which has one thread, makes each lock anew.
 */
void mk_lock_acquire_for_fork(struct mk_lock *lock);
void mk_lock_release_for_fork(struct mk_lock *lock);
void mk_lock_reset_in_child(struct mk_lock *lock);

/*
 * The gate makes who is about to take a lock of up to RANK wait until it is open again. Else threads
 * that allocate all the time would take each of many locks before a fork gets its turn. The caller
 * holds all locks below RANK, so that whoever waits holds none that the fork needs; it may close the
 * gate to a higher rank later. It opens the gate before it releases any of the locks.
 */
void mk_lock_close_gate(enum mk_rank rank);
void mk_lock_open_gate(void);
void mk_lock_reset_gate_in_child(void);

#endif
