/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread that gives idle pages back, so that it happens in programs that have stopped freeing. */
#ifndef MK_HEAP_BACKGROUND_H
#define MK_HEAP_BACKGROUND_H

/*
 * Starts the thread, which looks at all heaps once a second; nothing where it runs. 0 or -errno
 * (-EAGAIN: no more threads). mk_background_stop returns when the thread has ended.
 */
int mk_background_start(void);
void mk_background_stop(void);

/* The fork handlers' part: a child has no such thread until it asks for one. */
void mk_background_lock_for_fork(void);
void mk_background_unlock_for_fork(void);
void mk_background_reset_in_child(void);

#endif
