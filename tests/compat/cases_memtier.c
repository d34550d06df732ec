/* SPDX-License-Identifier: BSD-2-Clause */
/* Cases: the functions of memkind_memtier.h. */
#include "compat.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PREFIX	     "policy.dynamic_threshold."

/* Above the bytes of a thread that libmemkind overlooks: it sees each block. */
#define SEEN_SIZE ((size_t)64 << 10)

static struct memtier_builder *new_builder(memtier_policy_t policy, unsigned first, unsigned second)
{
	struct memtier_builder *builder = api.memtier_builder_new(policy);

	api.memtier_builder_add_tier(builder, kind_of("DEFAULT"), first);
	api.memtier_builder_add_tier(builder, kind_of("REGULAR"), second);
	return builder;
}

static struct memtier_memory *construct(struct memtier_builder *builder)
{
	struct memtier_memory *memory = api.memtier_builder_construct_memtier_memory(builder);

	api.memtier_builder_delete(builder);
	return memory;
}

static void release(void *block)
{
	api.memtier_kind_free(NULL, block);
}

static const char *owner_of(void *block)
{
	return name_of(api.memkind_detect_kind(block));
}

static void say_builders(const void *unused)
{
	struct memtier_builder *builder = api.memtier_builder_new(MEMTIER_POLICY_STATIC_RATIO);

	(void)unused;
	say("policy_2", "%d", api.memtier_builder_new(2) != NULL);
	say("policy_-1", "%d", api.memtier_builder_new((unsigned)-1) != NULL);
	say("empty", "%d", api.memtier_builder_construct_memtier_memory(builder) != NULL);
	say("add_NULL", "%d", api.memtier_builder_add_tier(builder, NULL, 1));
	say("add", "%d", api.memtier_builder_add_tier(builder, kind_of("REGULAR"), 1));
	say("add_again", "%d", api.memtier_builder_add_tier(builder, kind_of("REGULAR"), 2));
	say("one", "%d", api.memtier_builder_construct_memtier_memory(builder) != NULL);
	say("twice", "%d", api.memtier_builder_construct_memtier_memory(builder) != NULL);
	say("add_0", "%d", api.memtier_builder_add_tier(builder, kind_of("DEFAULT"), 0));
	api.memtier_builder_delete(builder);
	builder = api.memtier_builder_new(MEMTIER_POLICY_DYNAMIC_THRESHOLD);
	say("threshold_empty", "%d", api.memtier_builder_construct_memtier_memory(builder) != NULL);
	api.memtier_builder_add_tier(builder, kind_of("REGULAR"), 1);
	say("threshold_one", "%d", api.memtier_builder_construct_memtier_memory(builder) != NULL);
	api.memtier_builder_add_tier(builder, kind_of("DEFAULT"), 1);
	say("threshold_two", "%d", api.memtier_builder_construct_memtier_memory(builder) != NULL);
	api.memtier_builder_delete(builder);
}

static void say_names(const void *unused)
{
	static const char *const names[] = {
		"",
		"policy",
		"policy.static_ratio.check_cnt",
		PREFIX "nothing",
		PREFIX "check_cnt",
		PREFIX "check_cntx",
		PREFIX "check_cn",
		PREFIX "trigger",
		PREFIX "degree",
		PREFIX "Degree",
		PREFIX "thresholds[0].val",
		PREFIX "thresholds[0].min",
		PREFIX "thresholds[0].max",
		PREFIX "thresholds[0].valx",
		PREFIX "thresholds[0].va",
		PREFIX "thresholds[0].other",
		PREFIX "thresholds[1].val",
		PREFIX "thresholds[100].val",
		PREFIX "thresholds[-1].val",
	};
	const size_t value = 1000;

	(void)unused;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct memtier_builder *builder = new_builder(1, 1, 1);

		say(names[i], "%d", api.memtier_ctl_set(builder, names[i], &value));
		api.memtier_builder_delete(builder);
	}
	say("static", "%d", api.memtier_ctl_set(new_builder(0, 1, 1), PREFIX "check_cnt", &value));
}

static void say_thresholds(const void *unused)
{
	static const struct {
		const char *name;
		size_t value;
	} cases[] = {
		{PREFIX "thresholds[0].val", 511},  {PREFIX "thresholds[0].val", 512},
		{PREFIX "thresholds[0].val", 1535}, {PREFIX "thresholds[0].val", 1536},
		{PREFIX "thresholds[0].min", 1024}, {PREFIX "thresholds[0].min", 1025},
		{PREFIX "thresholds[0].max", 1023}, {PREFIX "thresholds[0].max", 1536},
		{PREFIX "thresholds[0].max", 1537}, {PREFIX "thresholds[1].val", 1535},
		{PREFIX "thresholds[1].val", 1536}, {PREFIX "thresholds[1].val", 2559},
		{PREFIX "thresholds[1].val", 2560}, {PREFIX "thresholds[1].min", 1534},
		{PREFIX "thresholds[1].min", 1535}, {PREFIX "thresholds[1].max", SIZE_MAX},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct memtier_builder *builder = new_builder(1, 1, 1);
		char key[96];

		api.memtier_builder_add_tier(builder, kind_of("INTERLEAVE"), 1);
		api.memtier_ctl_set(builder, cases[i].name, &cases[i].value);
		snprintf(key, sizeof(key), "%s=%zu", cases[i].name, cases[i].value);
		say(key, "%d", api.memtier_builder_construct_memtier_memory(builder) != NULL);
		api.memtier_builder_delete(builder);
	}
}

static void say_floats(const void *unused)
{
	static const char *const names[] = {PREFIX "trigger", PREFIX "degree"};
	static const float values[] = {-0.1f, -FLT_MAX, 0, 1, 2, FLT_MAX, INFINITY, NAN};

	(void)unused;
	for (size_t i = 0; i < COUNT(names); i++)
		for (size_t j = 0; j < COUNT(values); j++) {
			struct memtier_builder *builder = new_builder(1, 1, 1);
			char key[96];

			api.memtier_ctl_set(builder, names[i], &values[j]);
			snprintf(key, sizeof(key), "%s=%g", names[i], (double)values[j]);
			say(key, "%d",
			    api.memtier_builder_construct_memtier_memory(builder) != NULL);
			api.memtier_builder_delete(builder);
		}
}

/* The bytes that a kind has in use after each step. */
static void say_counts(const void *unused)
{
	static const size_t sizes[] = {1, 8, 9, 100, 512, 1024, 1025, 16384, 100000, 1 << 20};
	memkind_t kind = kind_of("REGULAR");
	void *block, *other;
	char key[32];

	(void)unused;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		snprintf(key, sizeof(key), "%zu", sizes[i]);
		block = api.memtier_kind_malloc(kind, sizes[i]);
		say(key, "%zu %zu", api.memtier_usable_size(block),
		    api.memtier_kind_allocated_size(kind));
		other = api.memtier_kind_calloc(kind, 1, sizes[i]);
		say(key, "%zu", api.memtier_kind_allocated_size(kind));
		block = api.memtier_kind_realloc(kind, block, 2 * sizes[i]);
		say(key, "%zu", api.memtier_kind_allocated_size(kind));
		say(key, "%d", api.memtier_kind_realloc(kind, block, 0) != NULL);
		release(other);
		say(key, "%zu", api.memtier_kind_allocated_size(kind));
		say(key, "%d", api.memtier_kind_posix_memalign(kind, &block, 64, sizes[i]));
		api.memtier_kind_free(kind, block);
		say(key, "%zu", api.memtier_kind_allocated_size(kind));
	}
}

static void say_refusals(const void *unused)
{
	struct memtier_memory *memory = construct(new_builder(0, 1, 1));
	memkind_t kind = kind_of("REGULAR");
	void *block = NULL;

	(void)unused;
	say_block("malloc_0", api.memtier_malloc(memory, 0));
	say_block("calloc_0", api.memtier_calloc(memory, 0, 10));
	say_block("realloc_NULL_0", api.memtier_realloc(memory, NULL, 0));
	say_block("malloc_max", api.memtier_malloc(memory, SIZE_MAX));
	say_block("calloc_max", api.memtier_calloc(memory, SIZE_MAX, 1));
	say_block("kind_malloc_0", api.memtier_kind_malloc(kind, 0));
	say_block("kind_malloc_max", api.memtier_kind_malloc(kind, SIZE_MAX));
	say("memalign_3", "%d", api.memtier_kind_posix_memalign(kind, &block, 3, 64));
	say("memalign_0", "%d", api.memtier_kind_posix_memalign(kind, &block, 64, 0));
	say("usable_NULL", "%zu", api.memtier_usable_size(NULL));
	api.memtier_kind_free(NULL, NULL);
	say("in_use", "%zu", api.memtier_kind_allocated_size(kind));
}

/* Tier by tier where SEEN_SIZE blocks go, some of them freed in between. */
static void say_ratio(const void *argument)
{
	const unsigned *ratio = argument;
	struct memtier_memory *memory = construct(new_builder(0, ratio[0], ratio[1]));
	void *blocks[64];
	char tiers[COUNT(blocks) + 1] = "";

	for (size_t i = 0; i < COUNT(blocks); i++) {
		blocks[i] = api.memtier_malloc(memory, SEEN_SIZE);
		tiers[i] = owner_of(blocks[i])[0];
		if (i % 7 == 6)
			release(blocks[i - 3]);
	}
	say("tiers", "%s", tiers);
}

static void say_requests(const void *unused)
{
	static const size_t sizes[] = {1, 1023, 1024, 1025, 4096};
	struct memtier_memory *memory = construct(new_builder(1, 1, 1));
	void *block;
	char key[32];

	(void)unused;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		snprintf(key, sizeof(key), "%zu", sizes[i]);
		say(key, "%s", owner_of(api.memtier_malloc(memory, sizes[i])));
		say(key, "%s", owner_of(api.memtier_realloc(memory, NULL, sizes[i])));
		block = api.memtier_calloc(memory, 1, sizes[i]);
		say(key, "%s", owner_of(block));
		say(key, "%s", owner_of(api.memtier_realloc(memory, block, 5000)));
		api.memtier_posix_memalign(memory, &block, 64, sizes[i]);
		say(key, "%s", owner_of(block));
	}
	/* By the size of one, or of all. */
	say("array", "%s", owner_of(api.memtier_calloc(memory, 1000, 8)));
}

/* Where the threshold is after COUNT requests, with nearly all bytes in the kind that is named. */
static void say_moved(const char *crowded, unsigned check_count, unsigned count)
{
	struct memtier_builder *builder = new_builder(1, 1, 1);
	const size_t min = 100, value = 1000, max = 2000;
	struct memtier_memory *memory;
	char key[64];
	size_t size;

	api.memtier_ctl_set(builder, PREFIX "thresholds[0].min", &min);
	api.memtier_ctl_set(builder, PREFIX "thresholds[0].val", &value);
	api.memtier_ctl_set(builder, PREFIX "thresholds[0].max", &max);
	api.memtier_ctl_set(builder, PREFIX "check_cnt", &check_count);
	memory = construct(builder);
	api.memtier_kind_malloc(kind_of("DEFAULT"), SEEN_SIZE);
	api.memtier_kind_malloc(kind_of("REGULAR"), SEEN_SIZE);
	api.memtier_kind_malloc(kind_of(crowded), 64 * SEEN_SIZE);
	for (unsigned i = 0; i < count; i++)
		release(api.memtier_malloc(memory, 50));
	/* By halves: fewer requests than there are to the next look. */
	for (size_t low = size = 0, high = 4096; low + 1 < high;) {
		void *block;

		size = (low + high) / 2;
		block = api.memtier_malloc(memory, size);
		if (strcmp(owner_of(block), "REGULAR") == 0)
			high = size;
		else
			low = size;
		release(block);
		size = high;
	}
	snprintf(key, sizeof(key), "%s/%u/%u", crowded, check_count, count);
	say(key, "%zu", size);
}

static void say_moves(const void *crowded)
{
	for (unsigned i = 0; i < 10; i++)
		say_moved(crowded, 20, 20 * i);
	say_moved(crowded, 20, 19 - 12);
	say_moved(crowded, 100, 99 - 12);
	say_moved(crowded, 100, 100);
	say_moved(crowded, 0, 100);
}

static void say_destroyed(const void *unused)
{
	static char area[16 << 20];
	memkind_t kind;

	(void)unused;
	say("create", "%d", api.memkind_create_fixed(area, sizeof(area), &kind));
	api.memtier_kind_malloc(kind, 512);
	say("in_use", "%zu", api.memtier_kind_allocated_size(kind));
	api.memkind_destroy_kind(kind);
	api.memkind_create_fixed(area, sizeof(area), &kind);
	say("next", "%zu", api.memtier_kind_allocated_size(kind));
}

void run_memtier(const void *unused)
{
	static const unsigned ratios[][2] = {{1, 1}, {1, 4}, {4, 1}, {1, 0}, {0, 1}, {3, 7}};

	(void)unused;
	attempt("builders", say_builders, NULL);
	attempt("names", say_names, NULL);
	attempt("thresholds", say_thresholds, NULL);
	attempt("floats", say_floats, NULL);
	attempt("counts", say_counts, NULL);
	attempt("refusals", say_refusals, NULL);
	for (size_t i = 0; i < COUNT(ratios); i++) {
		char name[32];

		snprintf(name, sizeof(name), "ratio/%u:%u", ratios[i][0], ratios[i][1]);
		attempt(name, say_ratio, ratios[i]);
	}
	attempt("requests", say_requests, NULL);
	attempt("moves", say_moves, "DEFAULT");
	attempt("moves", say_moves, "REGULAR");
	attempt("destroyed", say_destroyed, NULL);
}
