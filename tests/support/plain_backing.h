/* SPDX-License-Identifier: BSD-2-Clause */
/* A backing over plain pages for heap tests: counts what the heap asks, and refuses on demand. */
#ifndef MK_TESTS_PLAIN_BACKING_H
#define MK_TESTS_PLAIN_BACKING_H

#include <errno.h>
#include <stdatomic.h>

#include "base/bits.h"
#include "heap/backing.h"
#include "os/vm.h"

struct plain_backing {
	struct mk_backing head; /* must be first */
	_Atomic size_t committed, purged, released;
	_Atomic size_t commit_limit;  /* bytes; a commit that would pass it is refused */
	_Atomic size_t reserve_limit; /* bytes of one reservation */
	_Atomic int purge_error;      /* what a purge answers */
	_Atomic size_t purge_count;   /* how often it was asked */
};

static inline int plain_reserve(struct mk_backing *backing, size_t size, void **ret_base,
				size_t *ret_size)
{
	struct plain_backing *plain = (struct plain_backing *)backing;

	if (size > plain->reserve_limit)
		return -ENOMEM;
	*ret_size = size;
	return mk_vm_reserve(size, (size_t)2 << 20, ret_base);
}

static inline int plain_commit(struct mk_backing *backing, void *reservation, size_t reserved,
			       void *base, size_t size)
{
	struct plain_backing *plain = (struct plain_backing *)backing;

	(void)reservation;
	(void)reserved;
	if (plain->committed + size > plain->commit_limit)
		return -ENOMEM;
	plain->committed += size;
	return mk_vm_commit(base, size);
}

static inline int plain_purge(struct mk_backing *backing, void *base, size_t size)
{
	struct plain_backing *plain = (struct plain_backing *)backing;

	plain->purge_count++;
	if (plain->purge_error != 0)
		return plain->purge_error;
	plain->purged += size;
	return mk_vm_purge(base, size);
}

static inline void plain_release(struct mk_backing *backing, void *base, size_t size)
{
	struct plain_backing *plain = (struct plain_backing *)backing;

	plain->released += size;
	mk_vm_release(base, size);
}

static const struct mk_backing_ops plain_ops = {
	.reserve = plain_reserve,
	.commit = plain_commit,
	.purge = plain_purge,
	.release = plain_release,
};

static inline void plain_start(struct plain_backing *plain, size_t reservation_size)
{
	plain->head.ops = &plain_ops;
	plain->head.reservation_size = reservation_size;
	plain->commit_limit = SIZE_MAX;
	plain->reserve_limit = SIZE_MAX;
}

#endif
