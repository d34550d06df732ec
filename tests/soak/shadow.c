/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of blocks, and the operations on one. */
#include "soak/shadow.h"

#include <errno.h>
#include <memkind_ng.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "soak/kinds.h"

enum {
	SLOT_COUNT = 2048,
	WHOLE_SIZE = 2048, /* a longer block is marked at both ends and at one byte a step */
	EDGE = 64,
	STEP = 509,
};

/* Guard: lock. Without a block BASE is NULL. */
struct slot {
	pthread_mutex_t lock;
	unsigned char *base;
	size_t size;
	const struct shadow_kind *kind;
	unsigned char mark;
};

static struct slot slots[SLOT_COUNT] = {
	[0 ... SLOT_COUNT - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER},
};

uint32_t shadow_seed;

void shadow_fail(const char *file, int line, const char *condition)
{
	dprintf(STDERR_FILENO, "%s:%d: not true: %s; seed %u\n", file, line, condition,
		shadow_seed);
	abort();
}

uint32_t shadow_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Mostly small, now and then up to 8 MiB. */
static size_t random_size(uint32_t *seed)
{
	uint32_t value = shadow_random(seed) % 1000;
	unsigned log2 = value < 2 ? 23 : value < 20 ? 19 : value < 150 ? 15 : 10;

	return 1 + shadow_random(seed) % (1u << (1 + shadow_random(seed) % log2));
}

static size_t next_place(size_t at, size_t size)
{
	if (size <= WHOLE_SIZE || at < EDGE || at + EDGE >= size)
		return at + 1;
	return at + STEP < size - EDGE ? at + STEP : size - EDGE;
}

static void fill(struct slot *slot, uint32_t *seed)
{
	slot->mark = (unsigned char)shadow_random(seed);
	for (size_t at = 0; at < slot->size; at = next_place(at, slot->size))
		slot->base[at] = (unsigned char)(slot->mark + at);
}

/* SIZE is the length that the block was filled at, LIMIT how much of it is there. */
static void check_bytes(const struct slot *slot, size_t size, size_t limit)
{
	for (size_t at = 0; at < size && at < limit; at = next_place(at, size))
		SHADOW_CHECK(slot->base[at] == (unsigned char)(slot->mark + at));
}

static void check(const struct slot *slot)
{
	check_bytes(slot, slot->size, slot->size);
	SHADOW_CHECK(memkind_malloc_usable_size(NULL, slot->base) >= slot->size);
	SHADOW_CHECK(memkind_detect_kind(slot->base) == slot->kind->kind);
	SHADOW_CHECK(memkind_detect_kind(slot->base + slot->size - 1) == slot->kind->kind);
}

static void clear(struct slot *slot)
{
	if (slot->base == NULL)
		return;
	check(slot);
	memkind_free(NULL, slot->base);
	slot->base = NULL;
}

static void keep(struct slot *slot, const struct shadow_kind *kind, void *base, size_t size,
		 uint32_t *seed)
{
	slot->base = base;
	slot->size = size;
	slot->kind = kind;
	fill(slot, seed);
}

static void allocate(struct slot *slot, const struct shadow_kind *kind, uint32_t *seed)
{
	size_t size = random_size(seed);
	size_t alignment = (size_t)8 << shadow_random(seed) % 14;
	unsigned char *zeroed;
	void *base = NULL;

	switch (shadow_random(seed) % 4) {
	case 0:
		zeroed = memkind_calloc(kind->kind, 1, size);
		if (zeroed != NULL)
			SHADOW_CHECK(zeroed[0] == 0 && memcmp(zeroed, zeroed + 1, size - 1) == 0);
		base = zeroed;
		break;
	case 1:
		if (memkind_posix_memalign(kind->kind, &base, alignment, size) != 0)
			base = NULL;
		SHADOW_CHECK((uintptr_t)base % alignment == 0);
		break;
	default:
		base = memkind_malloc(kind->kind, size);
	}
	SHADOW_CHECK(base != NULL || kind->is_small);
	if (base != NULL)
		keep(slot, kind, base, size, seed);
}

/* Half of them move to another kind. */
static void reallocate(struct slot *slot, const struct shadow_kind *kind, uint32_t *seed)
{
	size_t old_size = slot->size;
	size_t size = random_size(seed);
	void *base;

	check(slot);
	if (shadow_random(seed) % 2 == 0)
		kind = slot->kind;
	base = memkind_realloc(kind == slot->kind ? NULL : kind->kind, slot->base, size);
	SHADOW_CHECK(base != NULL || kind->is_small);
	if (base == NULL)
		return;
	slot->base = base;
	check_bytes(slot, old_size, size);
	keep(slot, kind, base, size, seed);
}

/*
 * Files and areas stay where they are; so do small blocks, pages that a fork child has as well, and all
 * of them where calls are denied.
 */
static bool may_stay(int code)
{
	return code == MEMKIND_NG_ERROR_NOT_ITS_PAGES || code == MEMKIND_NG_ERROR_NO_ROOM ||
	       code == MEMKIND_NG_ERROR_UNMOVABLE || code == MEMKIND_ERROR_OPERATION_FAILED ||
	       code == MEMKIND_ERROR_MBIND;
}

static void move(struct slot *slot, const struct shadow_kind *kind)
{
	int code;

	check(slot);
	code = memkind_ng_move(slot->base, kind->kind);
	SHADOW_CHECK(code == 0 || may_stay(code));
	if (code == 0)
		slot->kind = kind;
	check(slot);
}

static void operate(struct slot *slot, uint32_t *seed)
{
	const struct shadow_kind *kind = shadow_kind(shadow_random(seed) % shadow_kind_count());
	unsigned choice = shadow_random(seed) % 8;

	if (slot->base != NULL && choice == 0) {
		reallocate(slot, kind, seed);
		return;
	}
	if (slot->base != NULL && choice == 1) {
		move(slot, kind);
		return;
	}
	clear(slot);
	if (choice > 2)
		allocate(slot, kind, seed);
}

void shadow_operate(uint32_t *seed)
{
	struct slot *slot = &slots[shadow_random(seed) % SLOT_COUNT];

	if (pthread_mutex_trylock(&slot->lock) != 0)
		return;
	operate(slot, seed);
	pthread_mutex_unlock(&slot->lock);
}

static void visit_all(void (*visit)(struct slot *slot))
{
	for (unsigned i = 0; i < SLOT_COUNT; i++) {
		if (pthread_mutex_trylock(&slots[i].lock) != 0)
			continue;
		visit(&slots[i]);
		pthread_mutex_unlock(&slots[i].lock);
	}
}

static void drop_copied(struct slot *slot)
{
	if (slot->base == NULL || !slot->kind->is_copied)
		return;
	memkind_free(NULL, slot->base);
	slot->base = NULL;
}

void shadow_begin_child(void)
{
	visit_all(drop_copied);
}

static void check_if_any(struct slot *slot)
{
	if (slot->base != NULL)
		check(slot);
}

void shadow_check_all(void)
{
	visit_all(check_if_any);
}

void shadow_empty(void)
{
	visit_all(clear);
}
