/* SPDX-License-Identifier: BSD-2-Clause */
/* Which tier is next: each thread follows a plan of its own until something has changed. */
#ifndef MK_TIER_PLAN_H
#define MK_TIER_PLAN_H

#include "tier/tier.h"

/*
 * The calling thread's plan. A thread whose tally was settled has none (id 0), and nor has one that
 * has made as many operations as it planned for: the next operation looks at the bytes in use, or at
 * the thresholds, and plans anew. Objects are known by id: the address of one that was deleted may
 * be that of another.
 */
struct mk_plan {
	uint64_t id;		  /* of the object that the plan is for; 0: there is none */
	size_t split;		  /* requests below it go to kinds[0], others to kinds[1] */
	struct memkind *kinds[2]; /* of which no more than two are planned for */
	int32_t left;		  /* operations until the next plan; -1: another was asked for */
	int32_t planned;	  /* what LEFT was at first */
	uint64_t last_id;	  /* of the object that was planned for last */
};

extern __thread struct mk_plan mk_plan MK_HIDDEN __attribute__((tls_model("initial-exec")));

/* True: kinds[size >= split] is for this request. Else mk_plan_choose() knows. */
MK_INLINE
bool mk_plan_is_for(const struct memtier_memory *memory)
{
	return MK_LIKELY(mk_plan.id == memory->id) && MK_LIKELY(--mk_plan.left >= 0);
}

/* The kind for the next SIZE bytes, and a plan for further requests. */
struct memkind *mk_plan_choose(struct memtier_memory *memory, size_t size);

/* Bytes in use have changed. */
static inline void mk_plan_drop(void)
{
	mk_plan.id = 0;
}

#endif
