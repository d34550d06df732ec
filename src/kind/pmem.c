/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A reservation is a file, mapped as a whole and without access. A commit gets disk space first, so
 * that no access ends in SIGBUS, and access then. A purge punches a hole, which is filled again
 * before the pages are used.
 */
#include "kind/pmem.h"

#include <errno.h>

#include "base/bits.h"
#include "os/vm.h"

#define CHUNK_SIZE (2 * MK_MIB)
/* Kinds with less room than this can't spare what idle threads keep. */
#define SCARCE_SIZE MK_GIB

static struct mk_pmem *pmem_of(struct mk_backing *backing)
{
	return (struct mk_pmem *)backing;
}

static struct mk_pmem_range *range_of(struct mk_pmem *pmem, const void *address)
{
	struct mk_pmem_range *range = pmem->ranges;

	while (range->base == NULL || (uintptr_t)address - (uintptr_t)range->base >= range->size)
		range++;
	return range;
}

static struct mk_pmem_range *free_range(struct mk_pmem *pmem)
{
	for (size_t i = 0; i < MK_PMEM_RANGE_LIMIT; i++)
		if (pmem->ranges[i].base == NULL)
			return &pmem->ranges[i];
	return NULL;
}

static int take_file(struct mk_pmem *pmem, struct mk_file *ret_file)
{
	bool has_spare = pmem->has_spare;

	pmem->has_spare = false;
	if (!has_spare || !mk_file_is_open(&pmem->spare))
		return mk_file_create(pmem->directory, ret_file);
	*ret_file = pmem->spare;
	return 0;
}

/* A file that nothing was written to is as good as a new one. */
static void put_file(struct mk_pmem *pmem, const struct mk_file *file, bool is_empty)
{
	if (is_empty && !pmem->has_spare) {
		pmem->spare = *file;
		pmem->has_spare = true;
		return;
	}
	mk_file_close(file);
}

static int reserve(struct mk_backing *backing, size_t size, void **ret_base, size_t *ret_size)
{
	struct mk_pmem *pmem = pmem_of(backing);
	struct mk_pmem_range *range = free_range(pmem);
	struct mk_file file;
	void *base = NULL;
	int error;

	if (range == NULL || pmem->is_inherited || pmem->committed >= pmem->limit)
		return -ENOSPC;
	error = take_file(pmem, &file);
	if (error != 0)
		return error;
	error = mk_file_map(&file, size, CHUNK_SIZE, &base);
	if (error != 0) {
		put_file(pmem, &file, true);
		return error;
	}
	*range = (struct mk_pmem_range){.base = base, .size = size, .file = file};
	*ret_base = base;
	*ret_size = size;
	return 0;
}

/* As much again as there is; what is limited needs no more than its limit. */
static size_t next_reservation_size(const struct mk_pmem *pmem)
{
	size_t size = mk_align_up(mk_max_size(pmem->committed, MK_GIB), CHUNK_SIZE);

	if (pmem->limit == MK_PMEM_NO_LIMIT)
		return size;
	return mk_min_size(size, mk_align_up(pmem->limit, CHUNK_SIZE));
}

static int commit(struct mk_backing *backing, void *reservation, size_t reserved, void *base,
		  size_t size)
{
	struct mk_pmem *pmem = pmem_of(backing);
	struct mk_pmem_range *range = range_of(pmem, reservation);
	int error;

	(void)reserved;
	if (pmem->is_inherited)
		return -EPERM;
	if (size > pmem->limit - pmem->committed)
		return -ENOSPC;
	error = mk_file_fill(&range->file, range->committed, size);
	if (error == 0)
		error = mk_vm_commit(base, size);
	if (error != 0) {
		/* Some of it may have been granted. */
		mk_file_punch(&range->file, range->committed, size);
		return error;
	}
	range->committed += size;
	pmem->committed += size;
	backing->reservation_size = next_reservation_size(pmem);
	return 0;
}

static size_t offset_of(const struct mk_pmem_range *range, const void *address)
{
	return (size_t)((const char *)address - (const char *)range->base);
}

static int purge(struct mk_backing *backing, void *base, size_t size)
{
	struct mk_pmem *pmem = pmem_of(backing);
	struct mk_pmem_range *range = range_of(pmem, base);

	if (pmem->is_inherited)
		return -EPERM;
	return mk_file_punch(&range->file, offset_of(range, base), size);
}

static int refill(struct mk_backing *backing, void *base, size_t size)
{
	struct mk_pmem *pmem = pmem_of(backing);
	struct mk_pmem_range *range = range_of(pmem, base);

	if (pmem->is_inherited)
		return -EPERM;
	return mk_file_fill(&range->file, offset_of(range, base), size);
}

static void release(struct mk_backing *backing, void *base, size_t size)
{
	struct mk_pmem *pmem = pmem_of(backing);
	struct mk_pmem_range *range = range_of(pmem, base);

	/* The space is free when this returns, also where a fork child still maps the file. */
	if (!pmem->is_inherited && range->committed != 0)
		mk_file_punch(&range->file, 0, range->committed);
	mk_vm_release(base, size);
	put_file(pmem, &range->file, range->committed == 0);
	pmem->committed -= range->committed;
	*range = (struct mk_pmem_range){0};
}

static const struct mk_backing_ops pmem_ops = {
	.reserve = reserve,
	.commit = commit,
	.purge = purge,
	.refill = refill,
	.release = release,
};

static size_t limit_of_size(size_t size)
{
	return size > PTRDIFF_MAX ? MK_PMEM_NO_LIMIT : mk_align_up(size, mk_vm_page_size());
}

int mk_pmem_start(struct mk_pmem *pmem, const char *directory, size_t limit, bool is_conservative)
{
	int error = mk_file_absolute(directory, pmem->directory, sizeof(pmem->directory));

	if (error == 0)
		error = mk_file_create(pmem->directory, &pmem->spare);
	if (error != 0)
		return error;
	pmem->has_spare = true;
	pmem->limit = limit_of_size(limit);
	pmem->backing.ops = &pmem_ops;
	pmem->backing.reservation_size = next_reservation_size(pmem);
	pmem->backing.purges_at_once = is_conservative;
	pmem->backing.is_scarce = is_conservative || pmem->limit < SCARCE_SIZE;
	return 0;
}

void mk_pmem_end(struct mk_backing *backing)
{
	struct mk_pmem *pmem = pmem_of(backing);

	if (pmem->has_spare)
		mk_file_close(&pmem->spare);
	pmem->has_spare = false;
}

int64_t mk_pmem_capacity(const struct mk_backing *backing)
{
	const struct mk_pmem *pmem = (const struct mk_pmem *)backing;
	uint64_t size;

	if (pmem->limit != MK_PMEM_NO_LIMIT)
		return (int64_t)mk_align_up(pmem->limit, CHUNK_SIZE);
	return mk_file_system_size(pmem->directory, &size) == 0 ? (int64_t)size : -1;
}

static void close_copies(struct mk_pmem *pmem, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (pmem->ranges[i].base != NULL)
			mk_file_close(&pmem->ranges[i].copy);
	pmem->is_copied = false;
}

static int copy_range(const struct mk_pmem *pmem, struct mk_pmem_range *range)
{
	int error = mk_file_create(pmem->directory, &range->copy);

	if (error != 0 || range->committed == 0)
		return error;
	error = mk_file_fill(&range->copy, 0, range->committed);
	if (error == 0)
		error = mk_file_copy(&range->file, range->base, &range->copy, range->committed);
	if (error != 0)
		mk_file_close(&range->copy);
	return error;
}

void mk_pmem_prepare_fork(struct mk_backing *backing)
{
	struct mk_pmem *pmem = pmem_of(backing);

	if (!pmem->copies_at_fork || pmem->is_inherited)
		return;
	for (size_t i = 0; i < MK_PMEM_RANGE_LIMIT; i++) {
		if (pmem->ranges[i].base == NULL || copy_range(pmem, &pmem->ranges[i]) == 0)
			continue;
		close_copies(pmem, i);
		return;
	}
	pmem->is_copied = true;
}

void mk_pmem_resume_parent(struct mk_backing *backing)
{
	struct mk_pmem *pmem = pmem_of(backing);

	if (pmem->is_copied)
		close_copies(pmem, MK_PMEM_RANGE_LIMIT);
}

/* From here on it is the file of this process. */
static int adopt_copy(struct mk_pmem_range *range)
{
	int error = mk_file_map_over(&range->copy, range->size, range->base);

	if (error == 0 && range->committed != 0)
		error = mk_vm_commit(range->base, range->committed);
	mk_file_close(&range->file);
	range->file = range->copy;
	return error;
}

static int adopt_copies(struct mk_pmem *pmem)
{
	int error = 0;

	/* Two processes must not take the same file for their next range. */
	if (pmem->has_spare)
		mk_file_close(&pmem->spare);
	pmem->has_spare = false;
	pmem->is_copied = false;
	for (size_t i = 0; i < MK_PMEM_RANGE_LIMIT && error == 0; i++)
		if (pmem->ranges[i].base != NULL)
			error = adopt_copy(&pmem->ranges[i]);
	return error;
}

bool mk_pmem_enter_child(struct mk_backing *backing)
{
	struct mk_pmem *pmem = pmem_of(backing);

	if (pmem->is_copied && adopt_copies(pmem) == 0)
		return true;
	pmem->is_inherited = true;
	for (size_t i = 0; i < MK_PMEM_RANGE_LIMIT; i++)
		if (pmem->ranges[i].committed != 0)
			mk_vm_forbid_writing(pmem->ranges[i].base, pmem->ranges[i].committed);
	return false;
}
