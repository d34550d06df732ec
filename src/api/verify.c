/* SPDX-License-Identifier: BSD-2-Clause */
/* Exported: whether the pages of a region lie in memory of high bandwidth. */
#include <errno.h>
#include <hbwmalloc.h>
#include <stdint.h>

#include "api/export.h"
#include "base/bits.h"
#include "kind/kind.h"
#include "os/policy.h"
#include "os/vm.h"

enum {
	BATCH_COUNT = 64, /* pages a system call */
	NOT_VERIFIED = -1,
};

struct region {
	char *next, *end; /* NEXT is the region's start or begins a page */
	size_t page_size;
	bool is_touched;
	struct mk_nodeset nodes; /* those of high bandwidth; none: there is no such memory */
};

/* Adds nothing to a byte in one step, so that another thread's writes are not lost. */
static void touch(char *byte)
{
	__atomic_fetch_add(byte, 0, __ATOMIC_RELAXED);
}

static size_t next_batch(struct region *region, void **ret_pages)
{
	size_t count = 0;

	while (count < BATCH_COUNT && region->next < region->end) {
		if (region->is_touched)
			touch(region->next);
		ret_pages[count++] = region->next;
		region->next += region->page_size - (uintptr_t)region->next % region->page_size;
	}
	return count;
}

static int verify_batch(struct region *region)
{
	void *pages[BATCH_COUNT];
	int places[BATCH_COUNT];
	size_t count = next_batch(region, pages);

	if (mk_policy_locate(pages, count, places) != 0)
		return EFAULT;
	for (size_t i = 0; i < count; i++)
		if (places[i] < 0 || places[i] >= MK_NODE_LIMIT ||
		    !mk_nodeset_has(&region->nodes, (unsigned)places[i]))
			return NOT_VERIFIED;
	return 0;
}

MK_EXPORT int hbw_verify_memory_region(void *addr, size_t size, int flags)
{
	struct region region = {
		.next = addr,
		.page_size = mk_vm_page_size(),
		.is_touched = (flags & HBW_TOUCH_PAGES) != 0,
	};
	int result = 0;

	if (addr == NULL || size == 0 || (flags & ~HBW_TOUCH_PAGES) != 0 ||
	    size > UINTPTR_MAX - (uintptr_t)addr)
		return EINVAL;
	region.end = region.next + size;
	/* Leaves the set empty where there is no such memory. */
	mk_kind_nodes(&mk_kinds[MK_KIND_HBW_ALL], &region.nodes);
	while (result == 0 && region.next < region.end)
		result = verify_batch(&region);
	return result;
}
