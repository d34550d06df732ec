/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory policy of address ranges. Functions return 0 or -errno and keep errno. */
#ifndef MK_OS_POLICY_H
#define MK_OS_POLICY_H

#include <stddef.h>

#include "base/nodeset.h"

/* The kernel's numbers (uapi/linux/mempolicy.h), so that old headers do. */
enum mk_policy_mode {
	MK_POLICY_DEFAULT = 0,
	MK_POLICY_PREFERRED = 1,
	MK_POLICY_BIND = 2,
	MK_POLICY_INTERLEAVE = 3,
	MK_POLICY_WEIGHTED = 6,		  /* interleaved by the kernel's own weights (Linux 6.9) */
	MK_POLICY_STATIC_NODES = 1 << 15, /* a flag: keep node ids when the allowed nodes change */
};

/* As numa_maps has it, such as "bind"; MODE has no flags. */
const char *mk_policy_name(enum mk_policy_mode mode);

/*
 * mbind(2) of a page-aligned range, for pages to come. MODE may carry MK_POLICY_STATIC_NODES.
 * -EINVAL: no node of NODES has memory that the process may use; -EPERM, -ENOSYS: denied by
 * seccomp or absent; -ENOMEM: too many VMAs. The old policy stays on failure.
 */
int mk_policy_set(void *base, size_t size, int mode, const struct mk_nodeset *nodes);

/*
 * The same, and only where each page that is there already lies on one of NODES: else -EIO, and the
 * old policy stays. No page is moved.
 */
int mk_policy_set_strictly(void *base, size_t size, int mode, const struct mk_nodeset *nodes);

/*
 * The same as mk_policy_set, and pages that are there and lie on none of NODES move to where new ones
 * would come; with MK_POLICY_DEFAULT, whose NODES are empty, all do. What can't be moved stays where it
 * is, and the answer is 0 all the same.
 */
int mk_policy_move(void *base, size_t size, int mode, const struct mk_nodeset *nodes);

/*
 * The node from whose side a BIND range is filled first, whatever CPU touches it (Linux 5.17,
 * -ENOSYS before). A later mk_policy_set drops it.
 */
int mk_policy_set_home(void *base, size_t size, unsigned node);

/* The policy of the page at ADDRESS; flags are part of the mode. */
int mk_policy_get(const void *address, int *ret_mode, struct mk_nodeset *ret_nodes);

/*
 * The node on which each of COUNT pages lies now, given by an address in it (move_pages(2)); -errno
 * where there is none: the page is not mapped, or was never touched. -EPERM, -ENOSYS: denied by
 * seccomp or absent.
 */
int mk_policy_locate(void *const *pages, size_t count, int *ret_nodes);

/*
 * Moves each of COUNT pages to its node, as far as it can: where they lie then, mk_policy_locate()
 * tells. A node that is full may swap others for them. ANSWERS has room for COUNT.
 */
int mk_policy_send(void *const *pages, size_t count, const int *nodes, int *answers);

/* Nodes that the process may use (Mems_allowed), asked of get_mempolicy(2). */
int mk_policy_get_allowed(struct mk_nodeset *ret_nodes);

#endif
