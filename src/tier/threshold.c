/* SPDX-License-Identifier: BSD-2-Clause */
/* DYNAMIC_THRESHOLD: thresholds that follow the ratio of the bytes in use. */
#include <math.h>

#include "tier/tier.h"

void mk_threshold_start(struct mk_threshold *threshold, size_t number)
{
	threshold->min = 1024 * number + 512;
	atomic_store_explicit(&threshold->value, 1024 * number + 1024, memory_order_relaxed);
	threshold->max = 1024 * number + 1535;
	threshold->distance = 0;
}

static bool is_valid(const struct mk_threshold *threshold)
{
	size_t value = atomic_load_explicit(&threshold->value, memory_order_relaxed);

	return threshold->min <= value && value <= threshold->max;
}

bool mk_thresholds_are_valid(const struct memtier_builder *builder)
{
	const struct mk_tier_settings *settings = &builder->settings;

	/* Also false for what is not a number. */
	if (settings->tier_count < 2 || !(settings->trigger >= 0) || !(settings->degree >= 0))
		return false;
	for (size_t i = 0; i + 1 < settings->tier_count; i++) {
		const struct mk_threshold *threshold = &builder->tiers[i].threshold;

		if (!is_valid(threshold) ||
		    (i > 0 && builder->tiers[i - 1].threshold.max > threshold->min))
			return false;
	}
	return true;
}

/* A step beyond a bound is not taken at all: neither is a part of it. */
static void move(struct mk_threshold *threshold, bool is_up, float degree)
{
	size_t value = atomic_load_explicit(&threshold->value, memory_order_relaxed);
	size_t room = is_up ? threshold->max - value : value - threshold->min;
	float exact = (float)value * degree;
	size_t step;

	/* Nor what is no number. */
	if (!(exact < (float)SIZE_MAX))
		return;
	step = (size_t)exact;
	step += (float)step < exact;
	if (step > room)
		return;
	value = is_up ? value + step : value - step;
	atomic_store_explicit(&threshold->value, value, memory_order_relaxed);
}

/* The threshold between two tiers. It is left alone while it is near, or does some good. */
static void adjust(struct mk_tier *low, const struct mk_tier *high,
		   const struct mk_tier_settings *settings)
{
	double in_use = (double)mk_tier_in_use(low->kind);
	double ratio = (double)mk_tier_in_use(high->kind) / in_use;
	double wanted = (double)high->ratio / (double)low->ratio;
	double distance = fabs(ratio - wanted);
	bool is_nearer = distance < low->threshold.distance;

	low->threshold.distance = distance;
	if (in_use > 0 && (distance < (double)settings->trigger || is_nearer))
		return;
	move(&low->threshold, !(in_use > 0) || ratio > wanted, settings->degree);
}

void mk_thresholds_adjust(struct memtier_memory *memory)
{
	/* Acquire and release: whoever is next sees the distances. */
	if (atomic_flag_test_and_set_explicit(&memory->is_adjusting, memory_order_acquire))
		return;
	for (size_t i = 0; i + 1 < memory->settings.tier_count; i++)
		adjust(&memory->tiers[i], &memory->tiers[i + 1], &memory->settings);
	atomic_flag_clear_explicit(&memory->is_adjusting, memory_order_release);
}
