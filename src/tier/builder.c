/* SPDX-License-Identifier: BSD-2-Clause */
/* Exported: builders, and the objects that they construct. */
#include <string.h>

#include "api/export.h"
#include "kind/kind.h"
#include "tier/tier.h"

/* Zeroes. Records are blocks that count for no tier, and that no hook of the program sees. */
static void *new_record(size_t size)
{
	struct mk_request request = {.size = size, .is_zeroed = true};

	return mk_kind_allocate(&mk_kinds[MK_KIND_DEFAULT], &request);
}

MK_EXPORT struct memtier_builder *memtier_builder_new(memtier_policy_t policy)
{
	struct memtier_builder *builder;

	/* The caller may pass any number. */
	if ((unsigned)policy >= MEMTIER_POLICY_MAX_VALUE)
		return NULL;
	builder = new_record(sizeof(*builder));
	if (builder != NULL)
		builder->settings = (struct mk_tier_settings){
			.policy = policy, .check_count = 20, .trigger = 0.02f, .degree = 0.15f};
	return builder;
}

MK_EXPORT void memtier_builder_delete(struct memtier_builder *builder)
{
	if (builder == NULL)
		return;
	mk_heap_free(builder->tiers);
	mk_heap_free(builder);
}

static bool has_kind(const struct memtier_builder *builder, const struct memkind *kind)
{
	for (size_t i = 0; i < builder->settings.tier_count; i++)
		if (builder->tiers[i].kind == kind)
			return true;
	return false;
}

MK_EXPORT int memtier_builder_add_tier(struct memtier_builder *builder, memkind_t kind,
				       unsigned kind_ratio)
{
	struct mk_tier *tiers;
	size_t count;

	if (builder == NULL || kind == NULL || has_kind(builder, kind))
		return -1;
	count = builder->settings.tier_count;
	tiers = new_record((count + 1) * sizeof(*tiers));
	if (tiers == NULL)
		return -1;
	if (count > 0)
		memcpy(tiers, builder->tiers, count * sizeof(*tiers));
	mk_heap_free(builder->tiers);
	tiers[count] = (struct mk_tier){.kind = kind, .ratio = kind_ratio};
	mk_threshold_start(&tiers[count].threshold, count);
	builder->tiers = tiers;
	builder->settings.tier_count = count + 1;
	return 0;
}

static bool is_complete(const struct memtier_builder *builder)
{
	if (builder->settings.policy == MEMTIER_POLICY_STATIC_RATIO)
		return builder->settings.tier_count > 0;
	return mk_thresholds_are_valid(builder);
}

MK_EXPORT struct memtier_memory *memtier_builder_construct_memtier_memory(
	struct memtier_builder *builder)
{
	static _Atomic uint64_t last_id;
	struct memtier_memory *memory;
	size_t count;

	if (builder == NULL || !is_complete(builder))
		return NULL;
	count = builder->settings.tier_count;
	memory = new_record(sizeof(*memory) + count * sizeof(memory->tiers[0]));
	if (memory == NULL)
		return NULL;
	memory->id = 1 + atomic_fetch_add_explicit(&last_id, 1, memory_order_relaxed);
	memory->settings = builder->settings;
	memcpy(memory->tiers, builder->tiers, count * sizeof(memory->tiers[0]));
	atomic_flag_clear(&memory->is_adjusting);
	return memory;
}

MK_EXPORT void memtier_delete_memtier_memory(struct memtier_memory *memory)
{
	mk_heap_free(memory);
}
