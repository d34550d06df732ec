/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libmemtier.so.0: what a program allocates is divided between the tiers that MEMKIND_MEM_TIERS names.
 * What is asked for before the constructor has read it is of MEMKIND_DEFAULT. Nothing is ever torn down:
 * a process ends with its tiers, and the disk space of its FS_DAX tiers, which are files without a name,
 * goes with them.
 */
#include <limits.h>
#include <memkind_memtier.h>
#include <memkind_ng.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "base/log.h"
#include "base/options.h"
#include "preload/export.h"
#include "preload/memtier_config.h"
#include "preload/names.h"

#define LINE_PREFIX "MEMKIND_MEM_TIERING_LOG_"
#define DIE(...)    mk_die(LINE_PREFIX "ERROR: " __VA_ARGS__)

enum level { ERROR, INFO, DEBUG };

/* Set once, by the constructor. NULL: not yet. */
static _Atomic(struct memtier_memory *) tiers;
static unsigned log_level;
static memkind_t file_kinds[MK_MEMTIER_TIER_LIMIT];
static size_t file_kind_count;

/* Of the level INFO. */
static void say(const char *format, const char *text)
{
	char line[PATH_MAX + 128];

	if (log_level < INFO)
		return;
	snprintf(line, sizeof(line), format, text);
	mk_log_write(NULL, line);
}

static void read_level(void)
{
	const char *text = mk_option_text(MK_OPTION_MEM_TIERING_LOG_LEVEL);

	if (mk_memtier_parse_level(text, &log_level) != 0)
		DIE("Wrong value of %s=%.64s: allowed is %s",
		    mk_option_name(MK_OPTION_MEM_TIERING_LOG_LEVEL), text,
		    mk_option_values(MK_OPTION_MEM_TIERING_LOG_LEVEL));
	if (log_level == DEBUG)
		mk_log_write(NULL, LINE_PREFIX "DEBUG: Setting log level to: 2\n");
}

static void read_config(struct mk_memtier_config *ret_config)
{
	const char *text = mk_option_text(MK_OPTION_MEM_TIERS);
	struct mk_memtier_refusal refusal;
	enum mk_option refused;

	if (text == NULL)
		DIE("Missing %s env var: it is to be %s", mk_option_name(MK_OPTION_MEM_TIERS),
		    mk_option_values(MK_OPTION_MEM_TIERS));
	if (mk_memtier_parse(text, mk_option_text(MK_OPTION_MEM_THRESHOLDS), ret_config,
			     &refusal) == 0)
		return;
	refused = refusal.is_threshold ? MK_OPTION_MEM_THRESHOLDS : MK_OPTION_MEM_TIERS;
	DIE("%s: \"%.*s\" refused: allowed is %s", mk_option_name(refused),
	    (int)(refusal.part.length < 80 ? refusal.part.length : 80), refusal.part.start,
	    refusal.allowed);
}

/* What a DAX_KMEM allocation would say at the first block is said before the program begins. */
static memkind_t check_far_memory(void)
{
	void *block = memkind_malloc(MEMKIND_DAX_KMEM, 32);
	char status[512];

	if (block == NULL) {
		memkind_ng_kind_status(MEMKIND_DAX_KMEM, status, sizeof(status));
		DIE("Allocation to DAX KMEM nodes failed! DAX_KMEM is %s", status);
	}
	memkind_free(MEMKIND_DAX_KMEM, block);
	return MEMKIND_DAX_KMEM;
}

static memkind_t make_described_kind(struct mk_part part)
{
	char text[MK_MEMTIER_TEXT_SIZE], why[1024];
	memkind_t kind = NULL;

	if (mk_memtier_copy(part, text))
		kind = mk_kind_named(text, why, sizeof(why));
	else
		snprintf(why, sizeof(why), "up to %d characters are allowed",
			 MK_MEMTIER_TEXT_SIZE - 1);
	if (kind == NULL)
		DIE("%s: KIND:[%.80s] refused: %s", mk_option_name(MK_OPTION_MEM_TIERS), text, why);
	if (memkind_check_available(kind) != 0) {
		memkind_ng_kind_status(kind, why, sizeof(why));
		DIE("%s: KIND:[%.80s] is %s", mk_option_name(MK_OPTION_MEM_TIERS), text, why);
	}
	return kind;
}

static memkind_t make_file_kind(const struct mk_memtier_tier *tier)
{
	char path[PATH_MAX];
	memkind_t kind;

	if (tier->path.length >= sizeof(path))
		DIE("%s: a PATH of %zu characters refused: allowed are %d",
		    mk_option_name(MK_OPTION_MEM_TIERS), tier->path.length, PATH_MAX - 1);
	memcpy(path, tier->path.start, tier->path.length);
	path[tier->path.length] = '\0';
	if (memkind_create_pmem(path, tier->size_limit, &kind) != 0)
		DIE("%s: PATH:%.80s refused: %m", mk_option_name(MK_OPTION_MEM_TIERS), path);
	if (memkind_check_dax_path(path) != 0)
		say(LINE_PREFIX "INFO: %s don't point to DAX device\n", path);
	/* A program that forks expects its memory to be there in both. */
	memkind_ng_copy_at_fork(kind);
	file_kinds[file_kind_count++] = kind;
	mk_kind_add(kind, "fs_dax");
	return kind;
}

/* In a fork child: the next thing it does may be a write that ends it. */
static void say_what_was_not_copied(void)
{
	for (size_t i = 0; i < file_kind_count; i++)
		if (memkind_check_available(file_kinds[i]) != 0)
			mk_log_write(NULL, LINE_PREFIX
				     "ERROR: an FS_DAX tier could not be copied (disk space, limit "
				     "of descriptors): this fork child can only read it\n");
}

static memkind_t kind_of(const struct mk_memtier_tier *tier)
{
	if (tier->kind == MK_MEMTIER_DRAM)
		return MEMKIND_DEFAULT;
	if (tier->kind == MK_MEMTIER_DESCRIBED)
		return make_described_kind(tier->text);
	return tier->kind == MK_MEMTIER_KMEM_DAX ? check_far_memory() : make_file_kind(tier);
}

static void set_threshold(struct memtier_builder *builder, size_t number,
			  const struct mk_memtier_threshold *threshold)
{
	static const char *const names[] = {
		[MK_MEMTIER_VAL] = "val", [MK_MEMTIER_MIN] = "min", [MK_MEMTIER_MAX] = "max"};

	for (unsigned bound = 0; bound < MK_MEMTIER_BOUND_COUNT; bound++) {
		char name[64];

		if (!(threshold->given >> bound & 1))
			continue;
		snprintf(name, sizeof(name), "policy.dynamic_threshold.thresholds[%zu].%s", number,
			 names[bound]);
		memtier_ctl_set(builder, name, &threshold->bounds[bound]);
	}
}

static struct memtier_memory *make_tiers(const struct mk_memtier_config *config)
{
	struct memtier_builder *builder = memtier_builder_new(config->policy);
	struct memtier_memory *memory;

	for (size_t i = 0; i < config->tier_count; i++)
		if (memtier_builder_add_tier(builder, kind_of(&config->tiers[i]),
					     config->tiers[i].ratio) != 0)
			DIE("Out of memory, or a kind that is two tiers");
	for (size_t i = 0; i < config->threshold_count; i++)
		set_threshold(builder, i, &config->thresholds[i]);
	memory = memtier_builder_construct_memtier_memory(builder);
	memtier_builder_delete(builder);
	return memory;
}

__attribute__((constructor)) static void start(void)
{
	/* A few KiB, and other constructors may have threads with small stacks. */
	static struct mk_memtier_config config;
	struct memtier_memory *memory;

	read_level();
	say(LINE_PREFIX "INFO: %s\n", "Memkind memtier lib loaded!");
	read_config(&config);
	memory = make_tiers(&config);
	/* All else was checked. */
	if (memory == NULL)
		DIE("%s: \"%.80s\" refused: allowed are INIT_VALs from MIN_VAL to MAX_VAL, each MAX_VAL "
		    "up to the next MIN_VAL, at first 1024 from 512 to 1535, 2048 from 1536 to 2559 ...",
		    mk_option_name(MK_OPTION_MEM_THRESHOLDS),
		    mk_option_text(MK_OPTION_MEM_THRESHOLDS));
	if (file_kind_count != 0)
		pthread_atfork(NULL, NULL, say_what_was_not_copied);
	atomic_store_explicit(&tiers, memory, memory_order_release);
}

/* The program's own destructors may still allocate. */
__attribute__((destructor)) static void end(void)
{
	say(LINE_PREFIX "INFO: %s\n", "Unloading memkind memtier lib!");
}

static inline struct memtier_memory *get_tiers(void)
{
	return atomic_load_explicit(&tiers, memory_order_acquire);
}

static inline void *mk_take(size_t size, const void *caller)
{
	struct memtier_memory *memory = get_tiers();

	(void)caller;
	return MK_LIKELY(memory != NULL) ? memtier_malloc(memory, size)
					 : memtier_kind_malloc(MEMKIND_DEFAULT, size);
}

static inline void *mk_take_zeroed(size_t count, size_t size, const void *caller)
{
	struct memtier_memory *memory = get_tiers();

	(void)caller;
	return MK_LIKELY(memory != NULL) ? memtier_calloc(memory, count, size)
					 : memtier_kind_calloc(MEMKIND_DEFAULT, count, size);
}

static inline int mk_take_aligned(void **ret_block, size_t alignment, size_t size,
				  const void *caller)
{
	struct memtier_memory *memory = get_tiers();

	(void)caller;
	return MK_LIKELY(memory != NULL)
		       ? memtier_posix_memalign(memory, ret_block, alignment, size)
		       : memtier_kind_posix_memalign(MEMKIND_DEFAULT, ret_block, alignment, size);
}

/* A block stays in its kind. */
static inline void *mk_resize(void *block, size_t size, const void *caller)
{
	(void)caller;
	return memtier_kind_realloc(NULL, block, size);
}

static inline void mk_give(void *block)
{
	memtier_kind_free(NULL, block);
}

static inline size_t mk_usable(void *block)
{
	return memtier_usable_size(block);
}

#include "preload/interpose.h"

/* Other names of the six functions that libmemtier has always had. */
MK_ALIAS("je_malloc", "malloc");
MK_ALIAS("je_calloc", "calloc");
MK_ALIAS("je_realloc", "realloc");
MK_ALIAS("je_posix_memalign", "posix_memalign");
MK_ALIAS("je_free", "free");
MK_ALIAS("je_malloc_usable_size", "malloc_usable_size");
