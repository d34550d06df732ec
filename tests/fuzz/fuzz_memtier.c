/* SPDX-License-Identifier: BSD-2-Clause */
/* The memtier variables with any texts: no fault, and what is accepted is within what is allowed. */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "preload/memtier_config.h"

static void check_tier(const struct mk_memtier_tier *tier)
{
	int is_file = tier->kind == MK_MEMTIER_FS_DAX;

	MK_FUZZ_CHECK(tier->kind <= MK_MEMTIER_DESCRIBED && tier->ratio > 0);
	MK_FUZZ_CHECK((tier->kind == MK_MEMTIER_DESCRIBED) == (tier->text.length > 0));
	MK_FUZZ_CHECK(is_file == (tier->path.length > 0));
	MK_FUZZ_CHECK(tier->size_limit == 0 ||
		      (is_file && tier->size_limit >= MEMKIND_PMEM_MIN_SIZE));
}

static void check_config(const struct mk_memtier_config *config)
{
	int is_dynamic = config->policy == MEMTIER_POLICY_DYNAMIC_THRESHOLD;

	MK_FUZZ_CHECK(config->policy < MEMTIER_POLICY_MAX_VALUE);
	MK_FUZZ_CHECK(config->tier_count > (size_t)is_dynamic);
	MK_FUZZ_CHECK(config->tier_count <= MK_MEMTIER_TIER_LIMIT);
	MK_FUZZ_CHECK(config->threshold_count < config->tier_count);
	MK_FUZZ_CHECK(is_dynamic || config->threshold_count == 0);
	for (size_t i = 0; i < config->tier_count; i++)
		check_tier(&config->tiers[i]);
	for (size_t i = 0; i < config->threshold_count; i++)
		MK_FUZZ_CHECK(config->thresholds[i].given != 0 && config->thresholds[i].given < 8);
}

/* Of the text, so that a line can show it. */
static void check_refusal(const struct mk_memtier_refusal *refusal, const char *text)
{
	MK_FUZZ_CHECK(refusal->allowed != NULL);
	MK_FUZZ_CHECK(refusal->part.start >= text);
	MK_FUZZ_CHECK(refusal->part.start + refusal->part.length <= text + strlen(text));
}

/* Tiers; behind a line end thresholds, if there is one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mk_memtier_config config;
	struct mk_memtier_refusal refusal;
	char *text = malloc(size + 1);
	char *thresholds;
	unsigned level = 0;
	int result;

	MK_FUZZ_CHECK(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	thresholds = strchr(text, '\n');
	if (thresholds != NULL)
		*thresholds++ = '\0';
	result = mk_memtier_parse(text, thresholds, &config, &refusal);
	MK_FUZZ_CHECK(result == 0 || result == -EINVAL);
	if (result == 0)
		check_config(&config);
	else
		check_refusal(&refusal, refusal.is_threshold ? thresholds : text);
	MK_FUZZ_CHECK(mk_memtier_parse_level(text, &level) == 0 ? level < 3 : level == 0);
	free(text);
	return 0;
}
