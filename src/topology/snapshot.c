/* SPDX-License-Identifier: BSD-2-Clause */
/* Snapshots: made, compared, published, asked. */
#include "topology/snapshot.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "base/bits.h"
#include "base/lock.h"
#include "os/sysfs.h"
#include "os/vm.h"

static struct mk_lock topology_lock = MK_LOCK_INIT;

/* Written under the lock with release: whoever finds a snapshot finds it complete. */
static _Atomic(const struct mk_topology *) current;

/* What is said, but not kept, where nothing could be looked at: node 0 with everything. */
static union {
	struct mk_topology head;
	char bytes[sizeof(struct mk_topology) + sizeof(struct mk_node_facts) + 1];
} fallback;

int mk_snapshot_make(const struct mk_nodeset *online, unsigned cpu_limit,
		     struct mk_topology **ret_topology)
{
	size_t node_count = mk_nodeset_count(online);
	size_t cpu_words = (cpu_limit + 63) / 64;
	size_t distance_offset =
		sizeof(struct mk_topology) + node_count * sizeof(struct mk_node_facts);
	size_t cpu_node_offset = mk_align_up(distance_offset + node_count * node_count, 8);
	size_t cpu_bits_offset =
		mk_align_up(cpu_node_offset + cpu_limit * sizeof(int16_t), sizeof(uint64_t));
	size_t size = mk_align_up(cpu_bits_offset + node_count * cpu_words * sizeof(uint64_t),
				  mk_vm_page_size());
	struct mk_topology *topology;
	void *memory;
	int error = mk_vm_map(size, &memory);
	unsigned index = 0;

	if (error != 0)
		return error;
	topology = memory;
	topology->size = size;
	topology->node_count = (unsigned)node_count;
	topology->cpu_limit = cpu_limit;
	topology->distance_offset = distance_offset;
	topology->cpu_node_offset = cpu_node_offset;
	topology->cpu_bits_offset = cpu_bits_offset;
	topology->sets[MK_SET_ONLINE] = *online;
	mk_nodeset_for_each (id, online) {
		topology->nodes[index].node.id = id;
		topology->nodes[index].device_node = MK_NO_NODE;
		topology->nodes[index].cxl_node = MK_NO_NODE;
		index++;
	}
	for (unsigned cpu = 0; cpu < cpu_limit; cpu++)
		mk_snapshot_cpu_nodes(topology)[cpu] = MK_NO_NODE;
	*ret_topology = topology;
	return 0;
}

static void *at_offset(const struct mk_topology *topology, size_t offset)
{
	return (char *)topology + offset;
}

uint8_t *mk_snapshot_distances(struct mk_topology *topology)
{
	return at_offset(topology, topology->distance_offset);
}

int16_t *mk_snapshot_cpu_nodes(struct mk_topology *topology)
{
	return at_offset(topology, topology->cpu_node_offset);
}

size_t mk_snapshot_cpu_words(const struct mk_topology *topology)
{
	return (topology->cpu_limit + 63) / 64;
}

uint64_t *mk_snapshot_cpu_bits(struct mk_topology *topology, unsigned index)
{
	return (uint64_t *)at_offset(topology, topology->cpu_bits_offset) +
	       index * mk_snapshot_cpu_words(topology);
}

int mk_snapshot_index(const struct mk_topology *topology, unsigned id)
{
	const struct mk_nodeset *online = &topology->sets[MK_SET_ONLINE];
	int index = 0;

	if (!mk_nodeset_has(online, id))
		return -1;
	for (unsigned i = 0; i < id / 64; i++)
		index += __builtin_popcountll(online->word[i]);
	return index +
	       __builtin_popcountll(online->word[id / 64] & ((UINT64_C(1) << (id % 64)) - 1));
}

struct mk_node_facts *mk_snapshot_facts(struct mk_topology *topology, unsigned id)
{
	int index = mk_snapshot_index(topology, id);

	return index < 0 ? NULL : &topology->nodes[index];
}

static int read_snapshot(const struct mk_reader *reader, struct mk_topology **ret_topology)
{
	struct mk_topology *topology;
	int error = mk_nodes_read(reader, &topology);

	if (error != 0)
		return error;
	mk_hmat_read(reader, topology);
	mk_dax_read(reader, topology);
	mk_cxl_read(reader, topology);
	mk_gpu_read(reader, topology);
	mk_huge_pages_read(reader, topology);
	mk_processor_read(reader, topology);
	mk_process_read(reader, topology);
	mk_classify(topology);
	*ret_topology = topology;
	return 0;
}

int mk_topology_read(const char *root, const struct mk_topology **ret_topology)
{
	struct mk_reader reader = {.root = mk_sysfs_open(root)};
	struct mk_topology *topology;
	bool is_starved = false;
	int error;

	if (reader.root < 0)
		return reader.root;
	mk_lock_acquire(&topology_lock, MK_RANK_TOPOLOGY);
	reader.is_starved = &is_starved;
	error = read_snapshot(&reader, &topology);
	mk_lock_release(&topology_lock, MK_RANK_TOPOLOGY);
	mk_sysfs_close(reader.root);
	if (error == 0 && is_starved) {
		mk_vm_release(topology, topology->size);
		error = -EMFILE;
	}
	if (error == 0)
		*ret_topology = topology;
	return error;
}

static const struct mk_topology *fallback_snapshot(void)
{
	static const struct mk_reason not_looked_at = {
		"the machine could not be looked at: no memory or no descriptors",
		"raise the process's limits (ulimit -n, -v) and ask again", MK_DETAIL_NONE};
	struct mk_topology *topology = &fallback.head;

	topology->size = sizeof(fallback);
	topology->node_count = 1;
	topology->distance_offset = sizeof(fallback.bytes) - 1;
	fallback.bytes[topology->distance_offset] = MK_DISTANCE_LOCAL;
	topology->is_all_allowed = true;
	topology->far_reason = &not_looked_at;
	topology->nodes[0].node.has_cpu = true;
	topology->nodes[0].node.has_memory = true;
	topology->nodes[0].node.evidence = "assumed";
	/* Nothing is proven. */
	for (unsigned set = 0; set < MK_SET_FAR; set++)
		mk_nodeset_add(&topology->sets[set], 0);
	return topology;
}

/*
 * A snapshot of the machine we run on; the lock is held. NULL: no memory or no descriptors for it,
 * which may be different at the next call.
 */
static struct mk_topology *read_live(void)
{
	bool is_starved = false;
	struct mk_reader reader = {
		.root = mk_sysfs_open("/"), .is_live = true, .is_starved = &is_starved};
	struct mk_topology *topology;
	int error;

	if (reader.root < 0)
		return NULL;
	error = read_snapshot(&reader, &topology);
	mk_sysfs_close(reader.root);
	if (error != 0)
		return NULL;
	if (!is_starved)
		return topology;
	mk_vm_release(topology, topology->size);
	return NULL;
}

static bool is_equal(const struct mk_topology *a, const struct mk_topology *b)
{
	const size_t start = offsetof(struct mk_topology, size);

	return a->size == b->size &&
	       memcmp((const char *)a + start, (const char *)b + start, a->size - start) == 0;
}

/*
 * Looks, and makes what is found the current snapshot; the lock is held. What was seen before is
 * taken again, so that a machine that alternates, or threads with different affinities that ask in
 * turn, need no new memory each time.
 */
static const struct mk_topology *look_again(void)
{
	static const struct mk_topology *newest;
	struct mk_topology *found = read_live();
	const struct mk_topology *known = newest;

	if (found == NULL) {
		known = atomic_load_explicit(&current, memory_order_relaxed);
		return known != NULL ? known : fallback_snapshot();
	}
	while (known != NULL && !is_equal(known, found))
		known = known->older;
	if (known != NULL) {
		mk_vm_release(found, found->size);
	} else {
		found->older = newest;
		newest = found;
		known = found;
	}
	/* Pairs with the acquire in mk_topology_get(). */
	atomic_store_explicit(&current, known, memory_order_release);
	return known;
}

const struct mk_topology *mk_topology_get(void)
{
	const struct mk_topology *topology = atomic_load_explicit(&current, memory_order_acquire);

	if (topology != NULL)
		return topology;
	mk_lock_acquire(&topology_lock, MK_RANK_TOPOLOGY);
	topology = atomic_load_explicit(&current, memory_order_relaxed);
	if (topology == NULL)
		topology = look_again();
	mk_lock_release(&topology_lock, MK_RANK_TOPOLOGY);
	return topology;
}

const struct mk_topology *mk_topology_rescan(void)
{
	const struct mk_topology *topology;

	mk_lock_acquire(&topology_lock, MK_RANK_TOPOLOGY);
	topology = look_again();
	mk_lock_release(&topology_lock, MK_RANK_TOPOLOGY);
	return topology;
}

void mk_topology_lock_for_fork(void)
{
	mk_lock_acquire_for_fork(&topology_lock);
}

void mk_topology_unlock_for_fork(void)
{
	mk_lock_release_for_fork(&topology_lock);
}

void mk_topology_reset_in_child(void)
{
	mk_lock_reset_in_child(&topology_lock);
}

unsigned mk_topology_node_count(const struct mk_topology *topology)
{
	return topology->node_count;
}

const struct mk_node *mk_topology_node(const struct mk_topology *topology, unsigned index)
{
	return &topology->nodes[index].node;
}

const struct mk_node *mk_topology_find_node(const struct mk_topology *topology, unsigned id)
{
	int index = mk_snapshot_index(topology, id);

	return index < 0 ? NULL : &topology->nodes[index].node;
}

unsigned mk_topology_distance(const struct mk_topology *topology, unsigned from, unsigned to)
{
	const uint8_t *distances = at_offset(topology, topology->distance_offset);
	int row = mk_snapshot_index(topology, from);
	int column = mk_snapshot_index(topology, to);

	if (row < 0 || column < 0)
		return MK_DISTANCE_UNKNOWN;
	return distances[(size_t)row * topology->node_count + (size_t)column];
}

unsigned mk_topology_cpu_limit(const struct mk_topology *topology)
{
	return topology->cpu_limit;
}

int mk_topology_node_of_cpu(const struct mk_topology *topology, unsigned cpu)
{
	const int16_t *cpu_nodes = at_offset(topology, topology->cpu_node_offset);

	return cpu < topology->cpu_limit ? cpu_nodes[cpu] : MK_NO_NODE;
}

bool mk_topology_is_cpu_of_node(const struct mk_topology *topology, unsigned cpu, unsigned id)
{
	const uint64_t *bits = at_offset(topology, topology->cpu_bits_offset);
	int index = mk_snapshot_index(topology, id);

	if (index < 0 || cpu >= topology->cpu_limit)
		return false;
	bits += (size_t)index * mk_snapshot_cpu_words(topology);
	return bits[cpu / 64] >> (cpu % 64) & 1;
}

const struct mk_nodeset *mk_topology_set(const struct mk_topology *topology,
					 enum mk_topology_set set)
{
	return &topology->sets[set];
}

uint64_t mk_topology_huge_overcommit(const struct mk_topology *topology, enum mk_huge_size size)
{
	return topology->huge_overcommit[size];
}

bool mk_topology_is_all_allowed(const struct mk_topology *topology)
{
	return topology->is_all_allowed;
}

const struct mk_reason *mk_topology_far_reason(const struct mk_topology *topology)
{
	return topology->far_reason;
}

const char *mk_topology_far_device(const struct mk_topology *topology)
{
	for (unsigned i = 0; i < topology->node_count; i++) {
		const struct mk_node_facts *facts = &topology->nodes[i];

		if (facts->dax_bus != MK_DAX_NONE && !facts->node.has_memory)
			return facts->node.dax_device;
	}
	return topology->idle_device[0] != '\0' ? topology->idle_device : NULL;
}
