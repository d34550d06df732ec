/* SPDX-License-Identifier: BSD-2-Clause */
/* All threads that have caches: so that a heap can be destroyed while they hold caches of it. */
#ifndef MK_HEAP_THREADS_H
#define MK_HEAP_THREADS_H

#include "heap/types.h"

/* The lock of MK_RANK_THREADS: a thread's list of caches changes only under it. */
void mk_threads_lock(void);
void mk_threads_unlock(void);

/* The rest is called under it. */
void mk_threads_add(struct mk_thread *thread);
void mk_threads_remove(struct mk_thread *thread);
struct mk_thread *mk_threads_first(void);

/* See heap/fork.h. */
void mk_threads_lock_for_fork(void);
void mk_threads_unlock_for_fork(void);
void mk_threads_reset_in_child(void);

#endif
