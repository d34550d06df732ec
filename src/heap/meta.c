/* SPDX-License-Identifier: BSD-2-Clause */
/* Metadata memory: a bump allocator with one free list per type of record. */
#include "heap/meta.h"

#include "base/lock.h"
#include "heap/types.h"
#include "os/vm.h"

enum {
	REGION_SIZE = 1 << 20,
	SMALL_REGION_SIZE = 64 << 10, /* where address space is scarce */
	RECORD_ALIGNMENT = 64,
};

static const size_t record_sizes[MK_META_TYPE_COUNT] = {
	[MK_META_SPAN] = sizeof(struct mk_span),
	[MK_META_RESERVATION] = sizeof(struct mk_reservation),
	[MK_META_MAGAZINE] = sizeof(struct mk_magazine),
	[MK_META_CACHE] = sizeof(struct mk_cache),
	[MK_META_THREAD] = sizeof(struct mk_thread),
	[MK_META_HEAP] = sizeof(struct mk_heap),
};

/* A freed record: the link is its first word. */
struct free_record {
	struct free_record *next;
};

/* Guard of all below: meta_lock. [bump, bump_end) is what is left of the newest region. */
static struct mk_lock meta_lock;
static struct free_record *free_records[MK_META_TYPE_COUNT];
static uintptr_t bump, bump_end;
static size_t mapped_size;

static bool map_region(void)
{
	size_t size = REGION_SIZE;
	void *region;

	if (mk_vm_map(size, &region) != 0) {
		size = mk_max_size(SMALL_REGION_SIZE, mk_vm_page_size());
		if (mk_vm_map(size, &region) != 0)
			return false;
	}
	bump = (uintptr_t)region;
	bump_end = bump + size;
	mapped_size += size;
	return true;
}

static void *carve(size_t size, size_t alignment)
{
	uintptr_t record = mk_align_up(bump, alignment);

	if (record + size > bump_end) {
		if (!map_region())
			return NULL;
		record = mk_align_up(bump, alignment);
	}
	bump = record + size;
	return (void *)record;
}

void *mk_meta_alloc(enum mk_meta_type type)
{
	struct free_record *record;

	mk_lock_acquire(&meta_lock, MK_RANK_META);
	record = free_records[type];
	if (record != NULL)
		free_records[type] = record->next;
	else
		record = carve(record_sizes[type],
			       type == MK_META_MAGAZINE ? MK_MAGAZINE_SIZE : RECORD_ALIGNMENT);
	mk_lock_release(&meta_lock, MK_RANK_META);
	return record;
}

void mk_meta_free(enum mk_meta_type type, void *record)
{
	struct free_record *freed = record;

	mk_lock_acquire(&meta_lock, MK_RANK_META);
	freed->next = free_records[type];
	free_records[type] = freed;
	mk_lock_release(&meta_lock, MK_RANK_META);
}

size_t mk_meta_mapped_size(void)
{
	size_t size;

	mk_lock_acquire(&meta_lock, MK_RANK_META);
	size = mapped_size;
	mk_lock_release(&meta_lock, MK_RANK_META);
	return size;
}

void mk_meta_lock_for_fork(void)
{
	mk_lock_acquire_for_fork(&meta_lock);
}

void mk_meta_unlock_for_fork(void)
{
	mk_lock_release_for_fork(&meta_lock);
}

void mk_meta_reset_in_child(void)
{
	mk_lock_reset_in_child(&meta_lock);
}
