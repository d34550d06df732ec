/* SPDX-License-Identifier: BSD-2-Clause */
/* A heap per kind, node set and home node, and the tables from CPU and node to heap. */
#include "kind/heaps.h"

#include <string.h>

#include "base/lock.h"
#include "base/log.h"
#include "heap/pages.h"
#include "kind/backing.h"
#include "kind/choice.h"
#include "kind/described.h"
#include "kind/huge.h"
#include "kind/look.h"
#include "os/vm.h"

enum {
	/* With the list of its reservations: room for terabytes, touched as it fills. */
	PARTITION_SIZE = 64 * 1024,
};

/* One heap and what it stands on; of a static kind it lives as long as the process. */
struct mk_partition {
	struct mk_partition *next;
	struct mk_heap *heap;
	struct mk_anonymous anonymous;
	struct mk_range ranges[];
};

static bool is_same_placement(const struct mk_placement *a, const struct mk_placement *b)
{
	return a->mode == b->mode && a->home == b->home && a->page_size == b->page_size &&
	       mk_nodeset_is_equal(&a->nodes, &b->nodes) && a->fill == b->fill &&
	       mk_node_order_is_equal(&a->order, &b->order) &&
	       a->refuses_when_full == b->refuses_when_full && a->stripe_size == b->stripe_size &&
	       memcmp(&a->weights, &b->weights, sizeof(a->weights)) == 0;
}

/* What a description says of each heap. */
static void apply_spec(struct memkind *kind, struct mk_anonymous *anonymous)
{
	if (kind->spec == NULL)
		return;
	anonymous->backing.kind_name = mk_described_mapping_name(kind);
	anonymous->asks_huge_pages = (kind->row->flags & MK_KIND_ASKS_HUGE_PAGES) != 0;
	anonymous->backing.decay_ms = kind->spec->decay_ms;
	anonymous->backing.purges_at_once = kind->spec->purges_at_once;
	if (kind->then != NULL)
		anonymous->backing.refused = &kind->refused;
	if (kind->limit != NULL) {
		anonymous->backing.limit = kind->limit;
		anonymous->backing.is_scarce = true;
	}
}

static struct mk_partition *make_partition(struct memkind *kind,
					   const struct mk_placement *placement)
{
	size_t range_limit =
		(PARTITION_SIZE - sizeof(struct mk_partition)) / sizeof(struct mk_range);
	struct mk_partition *partition;
	void *memory = NULL;

	if (mk_vm_map(PARTITION_SIZE, &memory) != 0)
		return NULL;
	partition = memory;
	if (placement->page_size != 0)
		mk_huge_start(&partition->anonymous, placement);
	else
		mk_anonymous_start(&partition->anonymous, placement,
				   (kind->row->flags & MK_KIND_NO_HUGE_PAGES) != 0,
				   partition->ranges, range_limit);
	partition->anonymous.trouble = &kind->trouble;
	partition->anonymous.backing.kind_name = kind->row->name;
	apply_spec(kind, &partition->anonymous);
	if (placement->mode != MK_POLICY_DEFAULT) {
		partition->anonymous.backing.node_mask = placement->nodes.word[0];
		partition->anonymous.mode_flags = mk_choice_mode_flags(mk_look_topology());
	}
	if (mk_heap_create(&partition->anonymous.backing, kind, &partition->heap) != 0) {
		mk_vm_release(memory, PARTITION_SIZE);
		return NULL;
	}
	mk_heap_tally_to(partition->heap, &kind->tallied_size);
	if (kind->partitions == NULL)
		mk_log_info("Initializing kind %s.", kind->row->name);
	partition->next = kind->partitions;
	kind->partitions = partition;
	return partition;
}

static struct mk_partition *find_partition(struct memkind *kind, unsigned node)
{
	struct mk_partition *partition = kind->partitions;
	struct mk_placement placement;

	if (mk_choice_place(kind, mk_look_topology(), node, &placement) != 0)
		return NULL;
	while (partition != NULL && !is_same_placement(&partition->anonymous.placement, &placement))
		partition = partition->next;
	return partition != NULL ? partition : make_partition(kind, &placement);
}

static size_t node_entry_count(const struct memkind *kind)
{
	return mk_kind_is_local(kind) ? MK_NODE_LIMIT : 1;
}

/*
 * A power of two of entries, two or more above the possible CPUs: a thread without rseq says CPU -1
 * or -2, and the mask leads these to the two top entries, which stay 0.
 */
static size_t cpu_entry_count(bool is_local)
{
	size_t needed;

	if (!is_local)
		return 1;
	needed = (size_t)mk_topology_cpu_limit(mk_look_topology()) + 2;
	return (size_t)2 << mk_log2(needed - 1);
}

/*
 * Memory for both tables, all 0. That of a kind with a description serves the next one in its place, which
 * may be local where this one is not.
 */
static bool find_tables(struct memkind *kind, size_t *ret_cpu_size)
{
	bool is_large = mk_kind_is_local(kind) || kind->spec != NULL;
	size_t cpu_size = offsetof(struct mk_cpu_table, heap_of_cpu[cpu_entry_count(is_large)]);
	size_t size = cpu_size + (is_large ? MK_NODE_LIMIT : 1) * sizeof(uint16_t);

	*ret_cpu_size = cpu_size;
	return kind->tables != NULL ||
	       mk_vm_map(mk_align_up(size, mk_vm_page_size()), &kind->tables) == 0;
}

/* Both tables in one mapping. They stay for good and are changed in place, entry by entry. */
static bool make_tables(struct memkind *kind)
{
	struct mk_cpu_table *table;
	size_t cpu_size;

	if (!find_tables(kind, &cpu_size))
		return false;
	table = kind->tables;
	table->mask = (uint32_t)cpu_entry_count(mk_kind_is_local(kind)) - 1;
	/* Pairs with the acquire in mk_heaps_known(). */
	atomic_store_explicit(&kind->heap_of_node, (void *)((char *)kind->tables + cpu_size),
			      memory_order_release);
	/* Without rseq the CPU is not to be had that cheaply: the slow path asks for it. */
	if (!mk_kind_is_local(kind) || mk_look_has_rseq())
		/* Pairs with the acquire in mk_kind_heap_number(). */
		atomic_store_explicit(&kind->heap_of_cpu, table->heap_of_cpu, memory_order_release);
	return true;
}

/* The entry of this CPU; NULL: it has none, every call has to take the slow path. */
static _Atomic uint16_t *cpu_entry(struct memkind *kind, unsigned cpu)
{
	_Atomic uint16_t *heap_of_cpu =
		atomic_load_explicit(&kind->heap_of_cpu, memory_order_acquire);
	uint32_t mask = mk_cpu_mask(heap_of_cpu);

	if (!mk_kind_is_local(kind))
		return &heap_of_cpu[0];
	return mask > 1 && cpu < mask - 1 ? &heap_of_cpu[cpu] : NULL;
}

struct mk_heap *mk_heaps_make(struct memkind *kind, struct mk_position position)
{
	struct mk_partition *partition;
	_Atomic uint16_t *entry;
	uint16_t number;

	if (kind->heap_of_node == NULL && !make_tables(kind))
		return NULL;
	partition = find_partition(kind, position.node);
	if (partition == NULL)
		return NULL;
	number = (uint16_t)mk_heap_number(partition->heap);
	/* Release: whoever reads the number finds the heap behind it. */
	atomic_store_explicit(&kind->heap_of_node[position.node], number, memory_order_release);
	entry = cpu_entry(kind, position.cpu);
	if (entry != NULL)
		atomic_store_explicit(entry, number, memory_order_release);
	return partition->heap;
}

void mk_heaps_nodes(const struct memkind *kind, const struct mk_heap *heap,
		    struct mk_nodeset *ret_nodes)
{
	const struct mk_partition *partition = kind->partitions;

	mk_nodeset_clear(ret_nodes);
	while (partition != NULL && partition->heap != heap)
		partition = partition->next;
	if (partition != NULL && partition->anonymous.placement.mode != MK_POLICY_DEFAULT)
		*ret_nodes = partition->anonymous.placement.nodes;
}

unsigned mk_heaps_known(struct memkind *kind, struct mk_position position)
{
	_Atomic uint16_t *heap_of_node =
		atomic_load_explicit(&kind->heap_of_node, memory_order_acquire);
	_Atomic uint16_t *entry;
	unsigned number;

	if (heap_of_node == NULL)
		return 0;
	number = atomic_load_explicit(&heap_of_node[position.node], memory_order_acquire);
	entry = cpu_entry(kind, position.cpu);
	/* An entry that does not say the same has to learn it, and only under the lock. */
	if (entry != NULL && atomic_load_explicit(entry, memory_order_relaxed) != number)
		return 0;
	return number;
}

void mk_heaps_forget(struct memkind *kind)
{
	_Atomic uint16_t *heap_of_cpu = kind->heap_of_cpu;

	if (kind->heap_of_node == NULL)
		return;
	for (size_t node = 0; node < node_entry_count(kind); node++)
		atomic_store_explicit(&kind->heap_of_node[node], 0, memory_order_relaxed);
	/* Without rseq a local kind keeps the table that all kinds start with. */
	if (mk_kind_is_local(kind) && !mk_look_has_rseq())
		return;
	for (uint32_t cpu = 0; cpu <= mk_cpu_mask(heap_of_cpu); cpu++)
		atomic_store_explicit(&heap_of_cpu[cpu], 0, memory_order_relaxed);
}

void mk_heaps_set_mode_flags(struct memkind *kind, int mode_flags)
{
	for (struct mk_partition *at = kind->partitions; at != NULL; at = at->next)
		atomic_store_explicit(&at->anonymous.mode_flags, mode_flags, memory_order_relaxed);
}

void mk_heaps_end(struct memkind *kind)
{
	mk_heaps_forget(kind);
	while (kind->partitions != NULL) {
		struct mk_partition *partition = kind->partitions;

		kind->partitions = partition->next;
		mk_heap_destroy(partition->heap);
		mk_vm_release(partition, PARTITION_SIZE);
	}
}

void mk_heaps_repair(struct memkind *kind)
{
	for (struct mk_partition *at = kind->partitions; at != NULL; at = at->next) {
		mk_lock_acquire(&at->heap->pages.lock, MK_RANK_PAGES);
		mk_anonymous_repair(&at->anonymous);
		mk_pages_adopt_if_rebound(at->heap);
		mk_lock_release(&at->heap->pages.lock, MK_RANK_PAGES);
	}
}
