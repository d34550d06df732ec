/* SPDX-License-Identifier: BSD-2-Clause */
/* The verdict on a kind, in words. */
#ifndef MK_KIND_STATUS_H
#define MK_KIND_STATUS_H

#include "kind/kind.h"

/*
 * Writes what to do about REASON, which mk_choice_judge() gave for the kind on this machine, as
 * snprintf() writes: the length without the terminating zero, whatever SIZE is. Called under the lock of
 * MK_RANK_KIND. TOPOLOGY may be NULL for a kind without nodes.
 */
size_t mk_status_write_remedy(const struct memkind *kind, const struct mk_topology *topology,
			      const struct mk_reason *reason, char *buffer, size_t size);

#endif
