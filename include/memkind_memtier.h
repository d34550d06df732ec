/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tiers: several kinds of memory used as one, each for its part of the bytes.
 *
 *	struct memtier_builder *builder = memtier_builder_new(MEMTIER_POLICY_STATIC_RATIO);
 *	struct memtier_memory *memory;
 *
 *	memtier_builder_add_tier(builder, MEMKIND_DEFAULT, 1);
 *	memtier_builder_add_tier(builder, MEMKIND_DAX_KMEM, 4);
 *	memory = memtier_builder_construct_memtier_memory(builder);
 *	memtier_builder_delete(builder);
 *	memtier_free(memtier_malloc(memory, 1000));
 *	memtier_delete_memtier_memory(memory);
 *
 * The bytes in use of each kind are counted by what its blocks can hold, for all objects together:
 * every block of a memtier function counts from its allocation to its free by a memtier function,
 * whichever thread makes the call. Blocks of memkind_malloc() do not count and must not be freed
 * here, nor the other way round: the counts would be off by them.
 *
 * Builders are of use to one thread at a time; any thread may call all other functions at any time.
 */
#ifndef MEMKIND_MEMTIER_H
#define MEMKIND_MEMTIER_H

#include <memkind.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

struct memtier_builder;
struct memtier_memory;

/* How a tier is chosen for a request; a block stays in the kind that it was given. */
typedef enum memtier_policy_t {
	/*
	 * The last tier that has fewer bytes in use than the ratio grants it, seen from the first
	 * tier; else the first. A thread does not see what each other thread has changed since it
	 * last told: less than 1/4096 of the bytes of the kind, and less than 16 KiB.
	 */
	MEMTIER_POLICY_STATIC_RATIO = 0,
	/*
	 * By size: the first tier whose threshold is above the size of the request, else the last.
	 * Thresholds move within their bounds, so that bytes in use come near to the ratio.
	 */
	MEMTIER_POLICY_DYNAMIC_THRESHOLD = 1,
	MEMTIER_POLICY_MAX_VALUE
} memtier_policy_t;

/* A new builder without tiers. NULL: there is no such policy, or out of memory. */
struct memtier_builder *memtier_builder_new(memtier_policy_t policy);

/* NULL is allowed. What was constructed stays. */
void memtier_builder_delete(struct memtier_builder *builder);

/*
 * Adds KIND as the next tier; the first gets the smallest blocks where size decides. The parts of
 * the bytes are as the KIND_RATIOs of the tiers; 0: none, as far as another tier can take them.
 * 0, or -1: BUILDER or KIND is NULL, KIND is a tier already, out of memory. Whether memory of KIND
 * can be had shows at allocation.
 */
int memtier_builder_add_tier(struct memtier_builder *builder, memkind_t kind, unsigned kind_ratio);

/*
 * Sets what NAME says to what VAL points to: 0, or -1: BUILDER has another policy than
 * DYNAMIC_THRESHOLD, there is no such NAME or no such threshold yet, or an argument is NULL.
 *
 *	policy.dynamic_threshold.thresholds[ID].val	size_t		1024 * ID + 1024 at first
 *	policy.dynamic_threshold.thresholds[ID].min	size_t		1024 * ID + 512
 *	policy.dynamic_threshold.thresholds[ID].max	size_t		1024 * ID + 1535
 *	policy.dynamic_threshold.check_cnt		unsigned	20
 *	policy.dynamic_threshold.trigger		float		0.02
 *	policy.dynamic_threshold.degree			float		0.15
 *
 * Threshold ID, from 0, is that between the tiers ID and ID + 1, which have to be added before. Each
 * check_cnt-th request to the object looks at the thresholds, none where it is 0: where the ratio of
 * the bytes in use of the two tiers is off by trigger or more, and not nearer than at the last look,
 * val moves by its degree-th part, rounded up; not at all where that would take it out of min to max.
 */
int memtier_ctl_set(struct memtier_builder *builder, const char *name, const void *val);

/*
 * An object to allocate from, with the tiers and settings that BUILDER has now; there may be several.
 * NULL: BUILDER is NULL or has no tier; out of memory; for DYNAMIC_THRESHOLD also: there is one tier
 * only, a val is not within its min to max, a max is above the next min, trigger or degree is below 0.
 */
struct memtier_memory *memtier_builder_construct_memtier_memory(struct memtier_builder *builder);

/* NULL is allowed. Blocks stay, and are freed as before. No thread may use the object any more. */
void memtier_delete_memtier_memory(struct memtier_memory *memory);

/* As memkind_malloc(), memkind_calloc() and memkind_posix_memalign() with the kind that is chosen. */
void *memtier_malloc(struct memtier_memory *memory, size_t size);
void *memtier_calloc(struct memtier_memory *memory, size_t num, size_t size);
int memtier_posix_memalign(struct memtier_memory *memory, void **memptr, size_t alignment,
			   size_t size);

/* As memtier_malloc() where PTR is NULL; else as memkind_realloc() with the block's own kind. */
void *memtier_realloc(struct memtier_memory *memory, void *ptr, size_t size);

/* As the memkind functions of these names, but that the block counts. */
void *memtier_kind_malloc(memkind_t kind, size_t size);
void *memtier_kind_calloc(memkind_t kind, size_t num, size_t size);
void *memtier_kind_realloc(memkind_t kind, void *ptr, size_t size);
int memtier_kind_posix_memalign(memkind_t kind, void **memptr, size_t alignment, size_t size);
void memtier_kind_free(memkind_t kind, void *ptr);

/* Frees a block of a memtier function, of whatever kind; NULL is allowed. Keeps errno. */
static __inline void memtier_free(void *ptr)
{
	memtier_kind_free(NULL, ptr);
}

/* As memkind_malloc_usable_size(): 0 for NULL. */
size_t memtier_usable_size(void *ptr);

/*
 * The bytes of KIND in use, exact for all calls that have returned. 0 for NULL, and for a kind that was
 * destroyed.
 */
size_t memtier_kind_allocated_size(memkind_t kind);

/*
 * Hooks, as those of memkind.h, which are called, too. A call with an object is one of the function
 * with "kind" in its name.
 */
#pragma GCC visibility push(default)
void memtier_kind_malloc_post(struct memkind *kind, size_t size, void **result);
void memtier_kind_calloc_post(struct memkind *kind, size_t num, size_t size, void **result);
void memtier_kind_posix_memalign_post(struct memkind *kind, void **memptr, size_t alignment,
				      size_t size, int *result);
void memtier_kind_realloc_post(struct memkind *kind, void *ptr, size_t size, void **result);
void memtier_kind_free_pre(void **ptr);
void memtier_kind_usable_size_post(void **ptr, size_t size);
#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
