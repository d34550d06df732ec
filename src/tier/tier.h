/* SPDX-License-Identifier: BSD-2-Clause */
/* Tiers: the data model of builders and of what they construct. */
#ifndef MK_TIER_TIER_H
#define MK_TIER_TIER_H

#include <memkind_memtier.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bits.h"

/*
 * What separates a tier from the next one: requests below VALUE bytes go to it. VALUE is guarded by
 * is_adjusting and read without; DISTANCE is guarded by it.
 */
struct mk_threshold {
	size_t min, max;
	_Atomic size_t value;
	double distance; /* of the ratio from the one asked for, when it was looked at last */
};

struct mk_tier {
	struct memkind *kind;
	unsigned ratio;
	struct mk_threshold threshold; /* of no use in the last tier */
};

/* What the program sets before it constructs. */
struct mk_tier_settings {
	memtier_policy_t policy;
	unsigned check_count; /* operations from one look at the thresholds to the next; 0: none */
	float trigger;
	float degree;
	size_t tier_count;
};

struct memtier_builder {
	struct mk_tier_settings settings;
	struct mk_tier *tiers; /* a block of MEMKIND_DEFAULT; NULL: none */
};

struct memtier_memory {
	uint64_t id; /* never 0, and not that of any other, before or after */
	struct mk_tier_settings settings;
	_Atomic uint64_t operation_count; /* as far as threads have told; see mk_plan */
	atomic_flag is_adjusting;
	struct mk_tier tiers[];
};

/* Bytes in use of a kind: exact but for what other threads have not settled (heap/tally.h). */
int64_t mk_tier_in_use(struct memkind *kind);

/* Whether the thresholds of a builder are such that a memory can be constructed. */
bool mk_thresholds_are_valid(const struct memtier_builder *builder);

/* The thresholds that a builder's tier NUMBER starts with. */
void mk_threshold_start(struct mk_threshold *threshold, size_t number);

/* Moves the thresholds towards the ratios that are asked for; nothing where another thread does. */
void mk_thresholds_adjust(struct memtier_memory *memory);

#endif
