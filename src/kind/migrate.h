/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages of a block that go from where they are to another placement, and back where that fails. */
#ifndef MK_KIND_MIGRATE_H
#define MK_KIND_MIGRATE_H

#include "kind/backing.h"

/* The caller sets all but the last. */
struct mk_migration {
	void *base;
	size_t size; /* both multiples of the kernel's page size */
	struct mk_anonymous *from, *to;
	struct mk_node_order order; /* the nodes to be asked, none with the policy DEFAULT */
	int16_t *origins;	    /* of each page: the node that it was on, -1: on none */
};

/*
 * Looks where the pages are: 0; -ENOMEM; -EPERM, -ENOSYS: the kernel does not tell. After 0 the caller
 * ends with mk_migrate_finish().
 */
int mk_migrate_start(struct mk_migration *migration);
void mk_migrate_finish(struct mk_migration *migration);

/*
 * Moves the pages, which may be read and written meanwhile, and sees that they arrived: 0. -ENOMEM: the
 * nodes have no room for all of them; -EBUSY: the kernel can't move them (shared with a fork child,
 * locked, in use by a device); or -errno of mbind. Then pages and policies may be
 * anywhere between. Neighbours stay where they are.
 */
int mk_migrate_pages(struct mk_migration *migration);

/*
 * Moves each page back to where it was, and to FROM what came meanwhile; the policy is that of FROM
 * again. 0; -EIO: not all of them.
 */
int mk_migrate_back(struct mk_migration *migration);

#endif
