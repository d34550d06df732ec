/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a heap's memory comes from: what a heap asks of the layer above it. */
#ifndef MK_HEAP_BACKING_H
#define MK_HEAP_BACKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mk_backing;
struct mk_limit;
struct mk_refused;

/*
 * Called with the heap's page lock held: no function may allocate from a heap. Bases and sizes are
 * multiples of the page size; commit, purge and release stay within one reservation.
 */
struct mk_backing_ops {
	/*
	 * Address space of SIZE bytes (a multiple of 2 MiB), with the backing's policy applied to all
	 * of it, at a multiple of 2 MiB where that can be had. A backing that has one area only gives
	 * that, of whatever size. 0 or -errno: the heap asks again for less.
	 */
	int (*reserve)(struct mk_backing *backing, size_t size, void **ret_base, size_t *ret_size);

	/*
	 * Makes part of a reservation usable; its bytes read as zero unless the backing says
	 * holds_old_bytes. 0 or -errno; after an error the heap asks again for less. RESERVATION is the base and RESERVED its size, so that the policy of
	 * all of it can be verified and repaired.
	 */
	int (*commit)(struct mk_backing *backing, void *reservation, size_t reserved, void *base,
		      size_t size);

	/*
	 * Gives pages back while they stay committed: 0, they read as zero now; or -errno. NULL: the
	 * backing has nobody to give them to.
	 */
	int (*purge)(struct mk_backing *backing, void *base, size_t size);

	/*
	 * Gets pages of which some were purged, so that they can be used: 0 or -errno. What was not
	 * purged keeps its bytes. NULL: purged pages come back by themselves.
	 */
	int (*refill)(struct mk_backing *backing, void *base, size_t size);

	/*
	 * Puts used pages under the policy of a backing AS, of this type too, for what will be touched;
	 * AS may be BACKING itself, as when a block that moved is freed. TAKES_PAGES: what is there
	 * goes along, as far as it can. 0 or -errno. NULL: blocks can't move.
	 */
	int (*adopt)(struct mk_backing *backing, void *base, size_t size, struct mk_backing *as,
		     bool takes_pages);

	/* Gives back a whole reservation. */
	void (*release)(struct mk_backing *backing, void *base, size_t size);
};

/* The head of every backing; the layer above embeds it. */
struct mk_backing {
	const struct mk_backing_ops *ops;
	size_t reservation_size; /* what to reserve at a time; halved down when refused */
	bool holds_old_bytes;	 /* what was never used does not read as zero */
	bool purges_at_once;	 /* freed pages are not kept for later */
	bool is_scarce;		 /* threads keep no freed blocks above 32 KiB */
	/*
	 * Not 0: a commit gets the pages, too, if it is not for more bytes than this; what is
	 * committed in larger pieces has to be refilled before it is used.
	 */
	size_t fill_limit;
	/*
	 * Not 0: a multiple of the kernel's page size that commits and purges come in. What was
	 * purged is gone for good then, and an empty reservation is released at once.
	 */
	size_t page_size;
	unsigned decay_ms; /* how long freed pages are kept; 0: as long as those of other heaps */
	/*
	 * NULL, or what counts the pages of blocks and of spans that are kept, of this heap and maybe of
	 * others.
	 */
	struct mk_limit *limit;
	struct mk_refused *refused; /* NULL, or what forgets when a block is given back */
	/*
	 * A commit sets it where it put whole reservations under the backing's policy once more, and
	 * the heap clears it when blocks that moved have theirs again.
	 */
	bool was_rebound;
	/* For those who look on from outside; the heap makes nothing of it. */
	const char *kind_name; /* NULL: unknown */
	uint64_t node_mask;    /* the nodes 0 to 63 that all of it is bound to; 0: none */
};

#endif
