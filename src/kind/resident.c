/* SPDX-License-Identifier: BSD-2-Clause */
/* On which nodes the memory of a kind lies, asked of the kernel page by page. */
#include <string.h>

#include "kind/kind.h"

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

int mk_kind_resident(const struct memkind *kind, size_t ret_sizes[static MK_NODE_LIMIT])
{
	struct mk_committed piece = {0};
	int error = 0;

	memset(ret_sizes, 0, MK_NODE_LIMIT * sizeof(*ret_sizes));
	while (error == 0 && mk_heap_next_committed(kind, &piece))
		error = add_piece(&piece, ret_sizes);
	return error;
}
