/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What heaps have just refused, so that one that has nothing need not be asked for every block: to find
 * out takes a look into all depots and caches.
 */
#ifndef MK_HEAP_REFUSED_H
#define MK_HEAP_REFUSED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MK_REFUSED_MS = 10 };

/* A refusal that races with a give may outlast it: it counts for a while only. */
struct mk_refused {
	_Atomic size_t size; /* blocks of so many bytes and of more; 0: none */
	_Atomic uint64_t since_ms;
};

static inline bool mk_refused_holds(struct mk_refused *refused, size_t size, uint64_t now)
{
	size_t least = atomic_load_explicit(&refused->size, memory_order_relaxed);

	return least != 0 && size >= least &&
	       now - atomic_load_explicit(&refused->since_ms, memory_order_relaxed) < MK_REFUSED_MS;
}

static inline void mk_refused_note(struct mk_refused *refused, size_t size, uint64_t now)
{
	atomic_store_explicit(&refused->since_ms, now, memory_order_relaxed);
	atomic_store_explicit(&refused->size, size, memory_order_relaxed);
}

/* Something was given back. REFUSED may be NULL. */
static inline void mk_refused_forget(struct mk_refused *refused)
{
	if (refused != NULL && atomic_load_explicit(&refused->size, memory_order_relaxed) != 0)
		atomic_store_explicit(&refused->size, 0, memory_order_relaxed);
}

#endif
