/* SPDX-License-Identifier: BSD-2-Clause */
/* The lines that a process dies with. */
#include "heap/misuse.h"

#include "base/log.h"
#include "heap/types.h"

void mk_misuse_double_free(const void *block)
{
	mk_die("memkind: double free of %p", block);
}

void mk_misuse_interior(const void *block)
{
	mk_die("memkind: %p is inside a block, not at its start", block);
}

static bool is_in_heap(struct mk_heap *heap, uintptr_t address)
{
	bool found = false;

	mk_lock_acquire_for_fork(&heap->pages.lock);
	for (const struct mk_reservation *reservation = heap->pages.reservations;
	     reservation != NULL; reservation = reservation->next)
		found = found || address - reservation->base < reservation->committed;
	mk_lock_release_for_fork(&heap->pages.lock);
	return found;
}

void mk_misuse_no_block(const void *block)
{
	for (unsigned number = 1; number < MK_HEAP_LIMIT; number++) {
		struct mk_heap *heap = mk_heap_by_number(number);

		if (heap != NULL && is_in_heap(heap, (uintptr_t)block))
			mk_die("memkind: %p is no block any more: it was freed before", block);
	}
	mk_die("memkind: %p is no block of this library", block);
}
