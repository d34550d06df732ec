/* SPDX-License-Identifier: BSD-2-Clause */
/* Exported: on which nodes the memory of a kind lies. */
#include <memkind_ng.h>
#include <string.h>

#include "api/export.h"
#include "base/bits.h"
#include "kind/dynamic.h"
#include "os/policy.h"

enum { BATCH_COUNT = 512 }; /* pages a system call */

static size_t next_batch(struct mk_committed *piece, void **ret_pages)
{
	size_t count = 0;

	while (count < BATCH_COUNT && piece->start < piece->end) {
		ret_pages[count++] = (void *)piece->start;
		piece->start += piece->page_size;
	}
	return count;
}

/* Adds the bytes of a piece to those of each node: 0 or -errno. */
static int add_piece(struct mk_committed *piece, size_t *sizes)
{
	void *pages[BATCH_COUNT];
	int nodes[BATCH_COUNT];
	int error = 0;

	while (error == 0 && piece->start < piece->end) {
		size_t count = next_batch(piece, pages);

		error = mk_policy_locate(pages, count, nodes);
		for (size_t i = 0; i < count && error == 0; i++)
			if (nodes[i] >= 0 && nodes[i] < MK_NODE_LIMIT)
				sizes[nodes[i]] += piece->page_size;
	}
	return error;
}

MK_EXPORT int memkind_ng_get_resident(memkind_t kind, size_t *sizes, unsigned node_count)
{
	size_t found[MK_NODE_LIMIT] = {0};
	struct mk_committed piece = {0};
	int error = 0;

	if (sizes == NULL || !mk_dynamic_is_kind(kind))
		return MEMKIND_ERROR_INVALID;
	while (error == 0 && mk_heap_next_committed(kind, &piece))
		error = add_piece(&piece, found);
	if (error != 0)
		return MEMKIND_ERROR_OPERATION_FAILED;
	memset(sizes, 0, node_count * sizeof(*sizes));
	memcpy(sizes, found, mk_min_size(node_count, MK_NODE_LIMIT) * sizeof(*sizes));
	return MEMKIND_SUCCESS;
}
