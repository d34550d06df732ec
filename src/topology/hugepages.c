/* SPDX-License-Identifier: BSD-2-Clause */
/* The pools of huge pages, by node, and what may be added to them. */
#include "base/bits.h"
#include "topology/snapshot.h"

#define NODE "sys/devices/system/node/node%u/hugepages/hugepages-%lukB/"
#define ALL  "sys/kernel/mm/hugepages/hugepages-%lukB/"

static unsigned long kib_of(enum mk_huge_size size)
{
	return (unsigned long)(mk_huge_bytes(size) / MK_KIB);
}

/* Surplus pages come and go with their users; they count as overcommit. */
static void read_pool(const struct mk_reader *reader, struct mk_node *node, enum mk_huge_size size)
{
	uint64_t count = 0, surplus = 0;

	mk_reader_number(reader, 10, &count, NODE "nr_hugepages", node->id, kib_of(size));
	mk_reader_number(reader, 10, &surplus, NODE "surplus_hugepages", node->id, kib_of(size));
	node->huge_page_count[size] = count > surplus ? count - surplus : 0;
}

void mk_huge_pages_read(const struct mk_reader *reader, struct mk_topology *topology)
{
	for (enum mk_huge_size size = MK_HUGE_2M; size < MK_HUGE_COUNT; size++) {
		for (unsigned i = 0; i < topology->node_count; i++)
			read_pool(reader, &topology->nodes[i].node, size);
		mk_reader_number(reader, 10, &topology->huge_overcommit[size],
				 ALL "nr_overcommit_hugepages", kib_of(size));
	}
}
