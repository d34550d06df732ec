/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory for the heap's own records: ordinary pages of the process, never a kind's nodes. */
#ifndef MK_HEAP_META_H
#define MK_HEAP_META_H

#include <stddef.h>

/* What there is to allocate; each record is recycled for records of its type only. */
enum mk_meta_type {
	MK_META_SPAN,
	MK_META_RESERVATION,
	MK_META_MAGAZINE,
	MK_META_CACHE,
	MK_META_THREAD,
	MK_META_HEAP,
	MK_META_TYPE_COUNT
};

/*
 * A record aligned to 64 bytes (a magazine to its size): all zero when it is new, as it was freed,
 * but for its first word, when it is recycled. NULL: out of memory. Takes the lock of MK_RANK_META.
 */
void *mk_meta_alloc(enum mk_meta_type type);
void mk_meta_free(enum mk_meta_type type, void *record);

/* Bytes of metadata memory mapped so far. */
size_t mk_meta_mapped_size(void);

/* See heap/fork.h. */
void mk_meta_lock_for_fork(void);
void mk_meta_unlock_for_fork(void);
void mk_meta_reset_in_child(void);

#endif
