/* SPDX-License-Identifier: BSD-2-Clause */
/* The choice of a tier: by bytes in use (STATIC_RATIO) or by size (DYNAMIC_THRESHOLD). */
#include "tier/plan.h"

#include "heap/fast.h"
#include "kind/kind.h"

__thread struct mk_plan mk_plan;

int64_t mk_tier_in_use(struct memkind *kind)
{
	const struct mk_cache *cache = mk_cache_of(mk_kind_heap_number(kind));
	int64_t in_use = atomic_load_explicit(&kind->tallied_size, memory_order_relaxed) +
			 atomic_load_explicit(&cache->tally.size, memory_order_relaxed);

	/* Below 0: the program gave us blocks that it did not count. */
	return in_use > 0 ? in_use : 0;
}

/* The last one that has less than its part, seen from the first. */
static struct memkind *lacking_tier(const struct memtier_memory *memory)
{
	const struct mk_tier *first = &memory->tiers[0];
	double in_first;
	size_t i = memory->settings.tier_count - 1;

	if (i == 0)
		return first->kind;
	in_first = (double)mk_tier_in_use(first->kind);
	while (i > 0 && !((double)mk_tier_in_use(memory->tiers[i].kind) * first->ratio <
			  in_first * memory->tiers[i].ratio))
		i--;
	return memory->tiers[i].kind;
}

static struct memkind *plan_ratio(struct memtier_memory *memory)
{
	struct memkind *kind = lacking_tier(memory);

	mk_plan = (struct mk_plan){.id = memory->id, .kinds = {kind, kind}, .left = INT32_MAX};
	return kind;
}

/* Operations to count now: those that the thread has made by its last plan, and this one. */
static uint64_t uncounted(const struct memtier_memory *memory)
{
	int32_t left = mk_plan.left < 0 ? 0 : mk_plan.left;

	return mk_plan.last_id == memory->id ? (uint64_t)(mk_plan.planned - left) + 1 : 1;
}

/* Looks at the thresholds if it is time. Returns how many operations may follow before the next look. */
static int32_t follow_thresholds(struct memtier_memory *memory)
{
	uint64_t period = memory->settings.check_count;
	uint64_t count = uncounted(memory);
	uint64_t before =
		atomic_fetch_add_explicit(&memory->operation_count, count, memory_order_relaxed);
	/* This operation is counted, and not over. */
	uint64_t over = before + count - 1;

	if (period == 0)
		return INT32_MAX;
	if (over / period != (before == 0 ? 0 : before - 1) / period)
		mk_thresholds_adjust(memory);
	return (int32_t)mk_min_size(period - 1 - over % period, INT32_MAX);
}

static size_t split_of(const struct memtier_memory *memory, size_t tier)
{
	return atomic_load_explicit(&memory->tiers[tier].threshold.value, memory_order_relaxed);
}

static struct memkind *plan_threshold(struct memtier_memory *memory, size_t size)
{
	size_t last = memory->settings.tier_count - 1;
	int32_t count = follow_thresholds(memory);
	size_t tier = 0;

	mk_plan = (struct mk_plan){.last_id = memory->id};
	if (last == 1) {
		mk_plan.id = memory->id;
		mk_plan.split = split_of(memory, 0);
		mk_plan.kinds[0] = memory->tiers[0].kind;
		mk_plan.kinds[1] = memory->tiers[1].kind;
		mk_plan.left = mk_plan.planned = count;
		return mk_plan.kinds[size >= mk_plan.split];
	}
	while (tier < last && size >= split_of(memory, tier))
		tier++;
	return memory->tiers[tier].kind;
}

struct memkind *mk_plan_choose(struct memtier_memory *memory, size_t size)
{
	return memory->settings.policy == MEMTIER_POLICY_STATIC_RATIO
		       ? plan_ratio(memory)
		       : plan_threshold(memory, size);
}
