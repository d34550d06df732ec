/* SPDX-License-Identifier: BSD-2-Clause */
/* Exported: on which nodes a range of addresses lies, and what of it is nowhere. */
#include <memkind_ng.h>
#include <string.h>

#include "api/export.h"
#include "base/bits.h"
#include "os/policy.h"
#include "os/vm.h"

enum { BATCH_COUNT = 512 }; /* pages a system call */

struct found {
	size_t on_node[MK_NODE_LIMIT];
	size_t swapped, untouched;
};

struct range {
	uintptr_t start, end;
};

static size_t size_in(const struct range *range, uintptr_t page)
{
	uintptr_t end = mk_min_size(range->end, page + mk_vm_page_size());

	return end - (page < range->start ? range->start : page);
}

/* COUNT pages from FIRST on: 0 or -errno. */
static int look(const struct range *range, uintptr_t first, size_t count, struct found *found)
{
	void *pages[BATCH_COUNT];
	int nodes[BATCH_COUNT];
	bool is_swapped[BATCH_COUNT];
	int error;

	for (size_t i = 0; i < count; i++)
		pages[i] = (void *)(first + i * mk_vm_page_size());
	error = mk_policy_locate(pages, count, nodes);
	if (error == 0)
		error = mk_vm_find_swapped(first, count, is_swapped);
	for (size_t i = 0; i < count && error == 0; i++) {
		size_t size = size_in(range, (uintptr_t)pages[i]);

		if (nodes[i] >= 0 && nodes[i] < MK_NODE_LIMIT)
			found->on_node[nodes[i]] += size;
		else if (is_swapped[i])
			found->swapped += size;
		else
			found->untouched += size;
	}
	return error;
}

MK_EXPORT int memkind_ng_where(const void *ptr, size_t size, size_t *bytes_by_node, unsigned nodes)
{
	struct range range = {(uintptr_t)ptr, (uintptr_t)ptr + size};
	size_t page_size = mk_vm_page_size();
	uintptr_t page = mk_align_down(range.start, page_size);
	struct found found = {.swapped = 0};

	if (bytes_by_node == NULL || range.end < range.start || range.end > UINTPTR_MAX - page_size)
		return MEMKIND_ERROR_INVALID;
	while (page < range.end) {
		size_t rest = (range.end - page + page_size - 1) / page_size;
		size_t count = mk_min_size(rest, BATCH_COUNT);

		if (look(&range, page, count, &found) != 0)
			return MEMKIND_ERROR_OPERATION_FAILED;
		page += count * page_size;
	}
	memset(bytes_by_node, 0, nodes * sizeof(*bytes_by_node));
	memcpy(bytes_by_node, found.on_node,
	       mk_min_size(nodes, MK_NODE_LIMIT) * sizeof(*bytes_by_node));
	bytes_by_node[nodes] = found.swapped;
	bytes_by_node[nodes + 1] = found.untouched;
	return MEMKIND_SUCCESS;
}
