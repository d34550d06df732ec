/* SPDX-License-Identifier: BSD-2-Clause */
/* The pages of a heap: spans are taken from, and given back to, what the backing committed. */
#ifndef MK_HEAP_PAGES_H
#define MK_HEAP_PAGES_H

#include "heap/types.h"
#include "os/vm.h"

void mk_pages_start(struct mk_pages *pages);

/*
 * A used span of PAGES pages for CLASS, at a multiple of ALIGNMENT (a power of two, in bytes),
 * entered in the page map. *ret_zeroed: its bytes read as zero. NULL: out of memory, or the depots
 * should be emptied before the heap grows. Takes the page lock.
 */
struct mk_span *mk_pages_alloc(struct mk_heap *heap, size_t pages, size_t alignment, unsigned class,
			       bool *ret_zeroed);

/* Gives a used span back. Takes the page lock; may purge what has been idle for long. */
void mk_pages_free(struct mk_span *span);

/* The same for a medium or large block by its address; dies where no such block starts there. */
void mk_pages_free_block(struct mk_heap *heap, unsigned class, void *block);

/*
 * Makes a used medium or large span PAGES long where it stands, and one of CLASS: false where what
 * follows is not free and can't be committed, or the block was moved. Takes the page lock.
 */
bool mk_pages_resize(struct mk_span *span, size_t pages, unsigned class);

/*
 * Makes a large block read as zero by giving its pages back to the kernel. False: they were not, or
 * not all. Takes the page lock.
 */
bool mk_pages_zero(struct mk_heap *heap, void *block);

/*
 * The rest is for the files of this group; the page lock is held.
 * mk_pages_add_free: takes a span that is in no list into its state's bins, merged with neighbours
 * of the same state; returns the span it is part of now.
 * mk_pages_take_free: takes a free span out of bins and age list.
 * mk_pages_split: cuts a span that is in no list to PAGES; returns the upper rest, in no list, or
 * NULL where there is no metadata memory.
 * mk_pages_carve: cuts PAGES pages at a multiple of ALIGNMENT out of a free span that has room for
 * them; returns them in no list, in the state they had. Without metadata memory for the tail they
 * are more than asked for; for the front: NULL, and the span is free as before.
 */
struct mk_span *mk_pages_add_free(struct mk_heap *heap, struct mk_span *span);
void mk_pages_take_free(struct mk_heap *heap, struct mk_span *span);
struct mk_span *mk_pages_split(struct mk_span *span, size_t pages);
struct mk_span *mk_pages_carve(struct mk_heap *heap, struct mk_span *span, size_t pages,
			       size_t alignment);

/* Commits PAGES pages or more at the top of a reservation. False: refused, or there is no room. */
bool mk_pages_grow_reservation(struct mk_heap *heap, struct mk_reservation *reservation,
			       size_t pages);

/*
 * Commit more, so that together with a free span of STATE at the top of a reservation there are
 * PAGES pages in one piece; mk_pages_grow: a fresh span, also in a new reservation. False: refused.
 */
bool mk_pages_grow_top(struct mk_heap *heap, size_t pages, enum mk_span_state state);
bool mk_pages_grow(struct mk_heap *heap, size_t pages);

/* Gives a reservation back, whose spans are gone; *LINK leads to it and then to the next one. */
void mk_pages_release(struct mk_heap *heap, struct mk_reservation **link);

/*
 * For a backing that purges at once: a dirty span is purged where the backing can, and its
 * reservation released where it is empty then.
 */
void mk_pages_purge_at_once(struct mk_heap *heap, struct mk_span *span);

/*
 * Of blocks that moved (move.c), under the page lock.
 * mk_pages_mark_moved: moved_to is TO from now on; the heap's list follows.
 * mk_pages_bring_home: the used span is about to be free. Its pages go back to the kernel, it is fresh
 * then and under its backing's policy. Where the kernel does not take them (mlocked), they follow to
 * where the backing puts them, and the span is dirty. Where the kernel refuses the policy, the span has
 * holes: it is asked again before the span is used.
 * mk_pages_end_with_heap: the used span's heap ends, and with it the block, wherever its pages are.
 * mk_pages_adopt_if_rebound: after the backing bound whole reservations anew, theirs are moved ones'
 * again.
 */
void mk_pages_mark_moved(struct mk_span *span, struct mk_heap *to);
void mk_pages_bring_home(struct mk_heap *heap, struct mk_span *span);
void mk_pages_end_with_heap(const struct mk_span *span);
void mk_pages_adopt_if_rebound(struct mk_heap *heap);

/*
 * A heap is about to end: blocks that were moved to its place are of their own heaps again, their pages
 * stay. The lock of MK_RANK_HEAPS is held, no page lock.
 */
void mk_pages_forget_place(const struct mk_heap *place);

/* Purges what was idle for long, unless MEMKIND_HOG_MEMORY=1. Takes the page lock. */
void mk_pages_purge_idle(struct mk_heap *heap);

/*
 * Purges what was freed before now and DECAY_MS ago or earlier, whole chunks of 2 MiB after half of
 * that time already. Releases reservations that are empty.
 */
void mk_pages_purge(struct mk_heap *heap, uint64_t decay_ms);

/* Purges all that can be, at once: in other pieces it may be of use. */
void mk_pages_purge_all(struct mk_heap *heap);

/* What commits and purges come in. */
static inline size_t mk_pages_unit(const struct mk_heap *heap)
{
	return heap->backing->page_size != 0 ? heap->backing->page_size : mk_vm_page_size();
}

/*
 * What was committed and never used: where purged pages are gone, or pages come with a commit and are
 * limited, it is idle as any other.
 */
static inline enum mk_span_state mk_pages_new_state(const struct mk_heap *heap)
{
	const struct mk_backing *backing = heap->backing;

	if (backing->page_size != 0 || (backing->fill_limit != 0 && backing->limit != NULL))
		return MK_SPAN_DIRTY;
	return MK_SPAN_FRESH;
}

static inline bool mk_span_is_moved(const struct mk_span *span)
{
	return atomic_load_explicit(&span->moved_to, memory_order_relaxed) != NULL;
}

static inline size_t mk_span_size(const struct mk_span *span)
{
	return span->page_count << MK_PAGE_SHIFT;
}

#endif
