/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of threads that have caches. */
#include "heap/threads.h"

static struct mk_lock threads_lock = MK_LOCK_INIT;
static struct mk_thread *threads; /* guard: threads_lock */

void mk_threads_lock(void)
{
	mk_lock_acquire(&threads_lock, MK_RANK_THREADS);
}

void mk_threads_unlock(void)
{
	mk_lock_release(&threads_lock, MK_RANK_THREADS);
}

void mk_threads_add(struct mk_thread *thread)
{
	thread->next = threads;
	thread->link = &threads;
	if (threads != NULL)
		threads->link = &thread->next;
	threads = thread;
}

void mk_threads_remove(struct mk_thread *thread)
{
	*thread->link = thread->next;
	if (thread->next != NULL)
		thread->next->link = thread->link;
}

struct mk_thread *mk_threads_first(void)
{
	return threads;
}

void mk_threads_lock_for_fork(void)
{
	mk_lock_acquire_for_fork(&threads_lock);
}

void mk_threads_unlock_for_fork(void)
{
	mk_lock_release_for_fork(&threads_lock);
}

void mk_threads_reset_in_child(void)
{
	mk_lock_reset_in_child(&threads_lock);
}
