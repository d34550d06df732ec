/* SPDX-License-Identifier: BSD-2-Clause */
/* Anonymous memory under a memory policy: what most kinds' heaps live on. */
#ifndef MK_KIND_BACKING_H
#define MK_KIND_BACKING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nodeset.h"
#include "heap/backing.h"
#include "kind/turns.h"
#include "os/policy.h"

/* When pages come, and what it means that the nodes are full. */
enum mk_fill {
	MK_FILL_ON_TOUCH,  /* when they are touched, as the policy says */
	MK_FILL_OR_REFUSE, /* with the commit, which is refused where the nodes are full */
	MK_FILL_IN_ORDER, /* with the commit, from one node after another; when all are full, on touch */
	MK_FILL_IN_STRIPES, /* with the commit, from nodes that take turns by weights */
};

/* Where pages are to come from. */
struct mk_placement {
	enum mk_policy_mode mode; /* DEFAULT: no policy; nodes and home are not used then */
	int home;		  /* the node whose side is filled first (BIND only); -1: none */
	size_t page_size;	  /* of pages of the huge page pools; 0: the kernel's own */
	struct mk_nodeset nodes;
	/* The rest is not used where pages come on touch. */
	enum mk_fill fill;
	bool is_for_any_cpu;	    /* the order begins with the node of the CPU that commits */
	struct mk_node_order order; /* to be asked for pages */
	/* The rest is for stripes alone. */
	bool refuses_when_full; /* a commit that finds all nodes full; else pages come on touch */
	size_t stripe_size;	/* a multiple of the page size */
	struct mk_weights weights; /* of the nodes in the order */
};

struct mk_range {
	void *base; /* NULL: the entry is free */
	size_t size;
};

/* Whose turn it is by the number of the stripe, which is its address divided by its size. */
struct mk_stripes {
	struct mk_turns turns;
	struct mk_turns rest_turns;	     /* of the nodes that are not full */
	struct mk_weights full;		     /* of those that are, 0 for the rest */
	uint64_t full_size[MK_WEIGHT_COUNT]; /* they had this much free when they were full */
};

/* Guard: the page lock of its heap, unless it says otherwise. */
struct mk_anonymous {
	struct mk_backing backing; /* must be first */
	/* Constant. */
	struct mk_placement placement;
	bool refuses_huge_pages;
	bool asks_huge_pages;
	/* MK_POLICY_STATIC_NODES or 0; set at any time, takes effect at the next commit. */
	_Atomic int mode_flags;
	/* Where to leave an mbind error: the heap only hears of it as a lack of memory. */
	_Atomic int *trouble;
	/* The live reservations; what finds no room here is repaired by its own commits only. */
	struct mk_range *ranges;
	size_t range_limit;
	size_t range_count;
	size_t huge_size;   /* bytes of all reservations of huge pages */
	uint64_t full_size; /* the nodes had this much free when they were full; 0: they are not */
	struct mk_stripes stripes; /* MK_FILL_IN_STRIPES */
};

/*
 * The caller gives the memory, zeroed, and then sets trouble and, where need be, asks_huge_pages and
 * mode_flags. It stays as long as the heap. RANGES: RANGE_LIMIT entries, zeroed.
 */
void mk_anonymous_start(struct mk_anonymous *anonymous, const struct mk_placement *placement,
			bool refuses_huge_pages, struct mk_range *ranges, size_t range_limit);

/*
 * Puts a range under the placement's policy, which is not DEFAULT: 0 or -errno, which is left in
 * trouble, too.
 */
int mk_anonymous_bind(struct mk_anonymous *anonymous, void *base, size_t size);

/* Under the page lock: sets the policy of each reservation again where the kernel changed it. */
void mk_anonymous_repair(struct mk_anonymous *anonymous);

/*
 * The same for a block that moved: to the placement of AS, which may be the block's own backing, and
 * DEFAULT. TAKES_PAGES: what is there follows, as far as it can.
 */
int mk_anonymous_adopt(struct mk_anonymous *anonymous, void *base, size_t size,
		       struct mk_anonymous *as, bool takes_pages);

/* The backing as what it is; NULL: it is of another type, as all that has pages of its own kind is. */
struct mk_anonymous *mk_anonymous_of(struct mk_backing *backing);

/* What mbind says to MODE over NODES, tried on a scratch page: 0 or -errno. */
int mk_anonymous_probe(int mode, const struct mk_nodeset *nodes);

#endif
