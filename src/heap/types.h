/* SPDX-License-Identifier: BSD-2-Clause */
/* The heap's data model and its words. */
#ifndef MK_HEAP_TYPES_H
#define MK_HEAP_TYPES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"
#include "base/lock.h"
#include "heap/backing.h"
#include "heap/heap.h"

/*
 * Words
 *   backing      where address space comes from: reserve, commit, purge (heap/backing.h)
 *   heap         one partition of memory over one backing, known by a number
 *   reservation  address space that a heap got from its backing; committed from the bottom up
 *   page         4 KiB, the unit of spans, whatever the kernel's page size
 *   span         a run of pages: free, or one large or medium block, or a slab
 *   slab         a span cut into equal objects, with a bitmap of the free ones
 *   class        a size of objects; small ones live in slabs, medium ones are a span each
 *   cache        one thread's free objects of one heap, a magazine or two per class
 *   magazine     a stack of pointers to free objects
 *   depot        full magazines of one class of a heap, for all threads
 *   page map     address -> span, class and heap number
 *   moved        of a used span: its pages are not where the backing puts them (move.c)
 *   tally        bytes of blocks that a layer above counts, one thread's part (heap/tally.h)
 *
 * All of this lives in metadata memory (heap/meta.h): neither malloc nor free touches the payload.
 */

#define MK_PAGE_SHIFT 12
#define MK_PAGE_SIZE  ((size_t)1 << MK_PAGE_SHIFT)
#define MK_CHUNK_SIZE ((size_t)2 << 20) /* reservations are asked for in multiples of it */

/*
 * Classes: 0 is no class; 1 is 8 bytes; then 16 to 128 in steps of 16; then four per doubling, small
 * up to 32 KiB and medium up to 1 MiB; the last stands for larger blocks.
 */
#define MK_CLASS_NONE	   0
#define MK_CLASS_SMALL_END 42 /* classes below it live in slabs */
#define MK_CLASS_LARGE	   62
#define MK_CLASS_COUNT	   63
#define MK_SMALL_SIZE	   ((size_t)32 << 10)
#define MK_MEDIUM_SIZE	   ((size_t)1 << 20)

/* Objects of a slab: what its bitmap has room for. */
#define MK_SLAB_OBJECTS 512

/*
 * A magazine is a stack that grows upwards in slots bottom + 1 to 63. The bottom slot holds NULL, so
 * that a pop finds the end without knowing the bottom; the address behind slot 63 is a multiple of
 * the magazine's size, so that a push finds the end without knowing the top. A class whose magazines
 * hold fewer objects has a higher bottom. Slot 0 links to the next magazine of a list.
 */
#define MK_MAGAZINE_SLOTS 64
#define MK_MAGAZINE_SIZE  (MK_MAGAZINE_SLOTS * sizeof(void *))

struct mk_magazine {
	void *slot[MK_MAGAZINE_SLOTS];
} __attribute__((aligned(MK_MAGAZINE_SLOTS * sizeof(void *))));

/*
 * What one thread has added to the count of a heap's owner, and not yet to its total. Only that
 * thread writes it. Between calls |size| <= limit.
 */
struct mk_tally {
	_Atomic int64_t size;
	int64_t limit;
};

/*
 * One thread's free objects of one heap; only that thread touches it. top[class] is the slot of the
 * last object, or, for a class without a magazine, the last slot of mk_magazine_none: NULL to a pop,
 * full to a push.
 */
struct mk_cache {
	void **top[MK_CLASS_COUNT];
	struct mk_tally tally;
	struct mk_heap *heap;
	struct mk_cache *next;			   /* of the same thread */
	struct mk_magazine *full[MK_CLASS_COUNT];  /* besides the loaded one; linked */
	struct mk_magazine *empty[MK_CLASS_COUNT]; /* the same */
	uint8_t full_count[MK_CLASS_COUNT];
	uint8_t least_count[MK_CLASS_COUNT];  /* of full ones since the class was looked at */
	uint8_t refill_count[MK_CLASS_COUNT]; /* objects to take next time; grows by use */
	size_t size;			      /* bytes of objects, as seen_size has them */
	unsigned flush_call;		      /* the heap's, as this cache has followed it */
	unsigned exchange_count;	      /* of magazines; see shrink() */
	unsigned hand;			      /* the class that was looked at last; the same */
	void **seen_top[MK_CLASS_COUNT];      /* of each class, when it was looked at last */
	uint32_t seen_size[MK_CLASS_COUNT];
};

/*
 * cache_offset[number] is the distance from the thread to its cache of that heap. 0 leads to
 * `no_cache`, which misses everything: no check for NULL on the hot path.
 */
struct mk_thread {
	struct mk_cache no_cache; /* must be first */
	intptr_t cache_offset[MK_HEAP_LIMIT];
	unsigned direct_free_count; /* frees of heaps that the thread had no cache of */
	/* Guard of the rest: the lock of MK_RANK_THREADS. */
	struct mk_cache *caches;
	struct mk_thread *next, **link; /* all threads that have caches (threads.h) */
};

enum mk_span_state {
	MK_SPAN_FRESH, /* free, committed, reads as zero unless the backing says otherwise */
	MK_SPAN_DIRTY, /* free, committed, holds old bytes */
	MK_SPAN_USED,
};
#define MK_SPAN_FREE_STATES 2

/*
 * Guard: the heap's page lock, but for free_count, free_bits and the list links of a slab, which
 * belong to the lock of its class. base, page_count, class and heap do not change while it is used.
 */
struct mk_span {
	uintptr_t base;
	size_t page_count;
	struct mk_heap *heap;
	struct mk_reservation *reservation;
	struct mk_span *below, *above; /* neighbours in the reservation, by address */
	/* Free: its bin; slab: its class's partial list; moved: those of the heap. */
	struct mk_span *list_next, **list_link;
	struct mk_span *age_next, *age_previous; /* dirty: the heap's list by time of freeing */
	uint64_t freed_ms;			 /* dirty: when */
	enum mk_span_state state;
	uint8_t class;
	bool has_holes; /* free: the backing has to refill what was purged, or to bind it again */
	uint16_t object_count; /* slab: all objects */
	uint16_t free_count;   /* slab: bits set in free_bits */
	/*
	 * Used, a large block: the heap to whose place the pages went; its own: they may be anywhere.
	 * NULL: where the backing puts them. Read without the lock.
	 */
	_Atomic(struct mk_heap *) moved_to;
	uint64_t free_bits[MK_SLAB_OBJECTS / 64];
} __attribute__((aligned(64)));

/* Guard: the heap's page lock. [base, base + committed) is covered by spans, bottom to top. */
struct mk_reservation {
	uintptr_t base;
	size_t size;
	size_t committed;
	struct mk_span *top; /* the span with the highest address; NULL: nothing committed */
	struct mk_reservation *next;
};

/* Free spans of one state by size: four bins per doubling of the page count (bins.c). */
#define MK_BIN_COUNT 128
struct mk_bins {
	uint64_t used[MK_BIN_COUNT / 64]; /* bit b: bin b is not empty */
	struct mk_span *bin[MK_BIN_COUNT];
};

/* Used spans of one class. */
struct mk_used {
	size_t span_count;
	size_t page_count;
};

/* The pages of a heap. Guard: lock. */
struct mk_pages {
	struct mk_lock lock;
	struct mk_bins bins[MK_SPAN_FREE_STATES];
	struct mk_reservation *reservations;
	struct mk_span *oldest, *newest; /* dirty spans by freed_ms */
	struct mk_span *moved;		 /* used ones whose moved_to is not NULL */
	size_t step;			 /* bytes to commit next time */
	size_t committed_size;
	size_t dirty_size;
	size_t purged_size; /* bytes given back so far */
	uint64_t purge_checked_ms;
	struct mk_used used[MK_CLASS_COUNT];
};

/* One small or medium class of a heap; a cache line or two of its own. Guard: lock. */
struct mk_heap_class {
	struct mk_lock lock;
	struct mk_magazine *full, *empty; /* the depot */
	unsigned full_count;
	unsigned idle_count;	 /* full ones that nobody has needed since the last trim */
	struct mk_span *partial; /* small: slabs with a free object */
	size_t object_count;	 /* small: of all slabs */
	size_t taken_count;	 /* small: of these, the ones in blocks, caches and depots */
} __attribute__((aligned(64)));

struct mk_heap {
	struct mk_backing *backing;
	void *owner;
	_Atomic int64_t *total; /* see mk_heap_tally_to() */
	unsigned number;
	_Atomic size_t depot_size;   /* bytes of objects in all depots */
	_Atomic uint64_t trim_ms;    /* when the depots were trimmed */
	_Atomic unsigned hurry;	     /* threads that need memory more than it is spared */
	_Atomic unsigned flush_call; /* changed: every thread is to flush its cache */
	struct mk_stats snapshot;    /* see mk_stats_update(); guard: the lock of MK_RANK_HEAPS */
	bool has_snapshot;	     /* guard: the same */
	struct mk_pages pages;
	struct mk_heap_class class[MK_CLASS_LARGE];
};

#endif
