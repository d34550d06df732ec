/* SPDX-License-Identifier: BSD-2-Clause */
/* What the fork handlers need of the heaps: all their locks, in rank order. */
#ifndef MK_HEAP_FORK_H
#define MK_HEAP_FORK_H

void mk_heap_lock_all_for_fork(void);
void mk_heap_unlock_all_for_fork(void);
void mk_heap_reset_all_in_child(void);

#endif
