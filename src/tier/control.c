/* SPDX-License-Identifier: BSD-2-Clause */
/* Exported: the settings of a builder by their names. */
#include <stddef.h>
#include <string.h>

#include "api/export.h"
#include "tier/tier.h"

struct setting {
	const char *name;
	size_t offset;
	size_t size;
};

/* Of a struct mk_tier_settings. */
static const struct setting settings[] = {
	{"check_cnt", offsetof(struct mk_tier_settings, check_count), sizeof(unsigned)},
	{"trigger", offsetof(struct mk_tier_settings, trigger), sizeof(float)},
	{"degree", offsetof(struct mk_tier_settings, degree), sizeof(float)},
	{NULL, 0, 0},
};

/* Of a struct mk_threshold. */
static const struct setting threshold_settings[] = {
	{"val", offsetof(struct mk_threshold, value), sizeof(size_t)},
	{"min", offsetof(struct mk_threshold, min), sizeof(size_t)},
	{"max", offsetof(struct mk_threshold, max), sizeof(size_t)},
	{NULL, 0, 0},
};

/* True: *TEXT begins with the prefix, and moves behind it. */
static bool skip(const char **text, const char *prefix)
{
	size_t length = strlen(prefix);

	if (strncmp(*text, prefix, length) != 0)
		return false;
	*text += length;
	return true;
}

/* Digits at *TEXT, which moves behind them; what is LIMIT or more is no number. */
static bool take_number(const char **text, size_t limit, size_t *ret_number)
{
	const char *start = *text;
	size_t number = 0;

	/* A limit is far from where this wraps. */
	for (; **text >= '0' && **text <= '9' && number < limit; (*text)++)
		number = 10 * number + (size_t)(**text - '0');
	*ret_number = number;
	return *text != start && number < limit;
}

static int set(const struct setting *setting, const char *name, void *base, const void *value)
{
	while (setting->name != NULL && strcmp(setting->name, name) != 0)
		setting++;
	if (setting->name == NULL)
		return -1;
	memcpy((char *)base + setting->offset, value, setting->size);
	return 0;
}

MK_EXPORT int memtier_ctl_set(struct memtier_builder *builder, const char *name, const void *val)
{
	size_t threshold;

	if (builder == NULL || name == NULL || val == NULL ||
	    builder->settings.policy != MEMTIER_POLICY_DYNAMIC_THRESHOLD ||
	    !skip(&name, "policy.dynamic_threshold."))
		return -1;
	if (!skip(&name, "thresholds["))
		return set(settings, name, &builder->settings, val);
	if (!take_number(&name, builder->settings.tier_count, &threshold) ||
	    threshold + 1 >= builder->settings.tier_count || !skip(&name, "]."))
		return -1;
	return set(threshold_settings, name, &builder->tiers[threshold].threshold, val);
}
