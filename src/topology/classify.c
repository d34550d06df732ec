/* SPDX-License-Identifier: BSD-2-Clause */
/* From facts to verdicts: the medium of each node, and which nodes are far, fast or regular. */
#include "base/options.h"
#include "topology/snapshot.h"

enum {
	HBW_THRESHOLD = 204800, /* MB/s: what the old library calls high bandwidth */
	SIZE_TOLERANCE = 16,	/* a sixteenth less is about as much */
};

/* What the DRAM of nodes with CPUs is like; 0: unknown. */
struct dram {
	bool exists;
	uint32_t lowest_bandwidth;
	uint32_t lowest_latency;
	unsigned tier;
	bool is_beside_package_memory;
};

uint32_t mk_node_bandwidth(const struct mk_node *node)
{
	if (node->read_bandwidth == 0 || node->write_bandwidth == 0)
		return node->read_bandwidth | node->write_bandwidth;
	return node->read_bandwidth < node->write_bandwidth ? node->read_bandwidth
							    : node->write_bandwidth;
}

uint32_t mk_node_latency(const struct mk_node *node)
{
	return node->read_latency > node->write_latency ? node->read_latency : node->write_latency;
}

bool mk_is_about_as_large(uint64_t size, uint64_t largest)
{
	return size >= largest - largest / SIZE_TOLERANCE;
}

static uint32_t lower_known(uint32_t a, uint32_t b)
{
	if (a == 0 || b == 0)
		return a | b;
	return a < b ? a : b;
}

static struct dram look_at_dram(const struct mk_topology *topology)
{
	struct dram dram = {.is_beside_package_memory = topology->has_package_memory};

	for (unsigned i = 0; i < topology->node_count; i++) {
		const struct mk_node_facts *facts = &topology->nodes[i];
		const struct mk_node *node = &facts->node;

		if (!node->has_cpu || !node->has_memory)
			continue;
		dram.exists = true;
		dram.lowest_bandwidth = lower_known(dram.lowest_bandwidth, mk_node_bandwidth(node));
		dram.lowest_latency = lower_known(dram.lowest_latency, node->read_latency);
		dram.tier = lower_known(dram.tier, facts->node.tier);
	}
	return dram;
}

static bool is_twice_as_fast(const struct mk_node *node, const struct dram *dram)
{
	return dram->lowest_bandwidth != 0 &&
	       mk_node_bandwidth(node) > 2 * (uint64_t)dram->lowest_bandwidth;
}

static bool is_faster(const struct mk_node *node, const struct dram *dram)
{
	return dram->lowest_bandwidth != 0 && mk_node_bandwidth(node) > dram->lowest_bandwidth;
}

/* A tier number is not bandwidth: the kernel puts HBM below DRAM when its latency is higher. */
static const char *why_slow(const struct mk_node_facts *facts, const struct dram *dram)
{
	const struct mk_node *node = &facts->node;
	uint32_t bandwidth = mk_node_bandwidth(node);

	if (is_faster(node, dram))
		return NULL;
	if (dram->tier != MK_NO_TIER && facts->node.tier > dram->tier)
		return "no CPUs, and the kernel puts it in a slower memory tier";
	if (dram->lowest_latency != 0 &&
	    2 * (uint64_t)node->read_latency >= 3 * (uint64_t)dram->lowest_latency)
		return "no CPUs, and a latency of 1.5 times that of DRAM or more (HMAT)";
	if (bandwidth != 0 && 2 * (uint64_t)bandwidth <= dram->lowest_bandwidth)
		return "no CPUs, and half the bandwidth of DRAM or less (HMAT)";
	return NULL;
}

static void set_medium(struct mk_node *node, enum mk_medium medium, const char *evidence)
{
	node->medium = medium;
	node->evidence = evidence;
}

/* The memory of a dax device that kmem took over. */
static void classify_kmem(struct mk_node_facts *facts, const struct dram *dram)
{
	struct mk_node *node = &facts->node;

	if (is_twice_as_fast(node, dram))
		set_medium(node, MK_MEDIUM_HBM,
			   "kmem dax device, more than twice the bandwidth of DRAM (HMAT)");
	else if (facts->dax_bus == MK_DAX_CXL || facts->is_in_cxl_region)
		set_medium(node, MK_MEDIUM_CXL, "kmem dax device of a CXL region");
	else if (facts->dax_bus == MK_DAX_NVDIMM)
		set_medium(node, MK_MEDIUM_PMEM, "kmem dax device on an NVDIMM bus");
	else if (facts->dax_bus == MK_DAX_HMEM)
		set_medium(node, MK_MEDIUM_SPECIFIC, "kmem dax device of soft-reserved memory");
	else
		set_medium(node, MK_MEDIUM_SPECIFIC, "kmem dax device on an unknown bus");
}

static void classify_cpuless(struct mk_node_facts *facts, const struct dram *dram)
{
	struct mk_node *node = &facts->node;
	const char *slow = why_slow(facts, dram);

	if (!dram->exists)
		set_medium(node, MK_MEDIUM_DRAM, "no node with CPUs has memory: local memory");
	else if (dram->is_beside_package_memory)
		set_medium(node, MK_MEDIUM_HBM, "no CPUs, on a Knights Landing or Knights Mill");
	else if (is_twice_as_fast(node, dram))
		set_medium(node, MK_MEDIUM_HBM,
			   "no CPUs, more than twice the bandwidth of DRAM (HMAT)");
	else if (mk_node_bandwidth(node) >= HBW_THRESHOLD &&
		 (dram->lowest_bandwidth == 0 || is_faster(node, dram)))
		set_medium(node, MK_MEDIUM_HBM, "no CPUs, bandwidth of 204800 MB/s or more (HMAT)");
	else if (facts->is_in_cxl_region)
		set_medium(node, MK_MEDIUM_CXL, "system memory inside a CXL region");
	else if (slow != NULL)
		set_medium(node, MK_MEDIUM_SLOW, slow);
	else
		set_medium(node, MK_MEDIUM_UNKNOWN, "no CPUs, and nothing says what it is");
}

static void classify_node(struct mk_node_facts *facts, const struct dram *dram)
{
	struct mk_node *node = &facts->node;

	if (facts->is_gpu)
		set_medium(node, MK_MEDIUM_GPU, "memory of a GPU, named by its driver");
	else if (!node->has_memory)
		set_medium(node, MK_MEDIUM_UNKNOWN,
			   facts->dax_bus != MK_DAX_NONE ? "kmem dax device, its memory is offline"
							 : "no memory");
	else if (node->has_cpu)
		set_medium(node, MK_MEDIUM_DRAM, "has CPUs");
	else if (facts->dax_bus != MK_DAX_NONE)
		classify_kmem(facts, dram);
	else
		classify_cpuless(facts, dram);
}

static bool is_kmem(const struct mk_node_facts *facts)
{
	return facts->dax_bus != MK_DAX_NONE && facts->node.has_memory && !facts->node.has_cpu &&
	       !facts->is_gpu && facts->node.medium != MK_MEDIUM_HBM;
}

static bool is_proven_slow(const struct mk_node_facts *facts)
{
	return facts->node.medium == MK_MEDIUM_SLOW || facts->node.medium == MK_MEDIUM_CXL;
}

/* Adds the nodes that a predicate holds for; false: none. */
static bool collect(struct mk_topology *topology, enum mk_topology_set set,
		    bool (*belongs)(const struct mk_node_facts *facts))
{
	for (unsigned i = 0; i < topology->node_count; i++)
		if (belongs(&topology->nodes[i]))
			mk_nodeset_add(&topology->sets[set], topology->nodes[i].node.id);
	return !mk_nodeset_is_empty(&topology->sets[set]);
}

static bool is_offline_kmem(const struct mk_node_facts *facts)
{
	return facts->dax_bus != MK_DAX_NONE && !facts->node.has_memory;
}

/* Why no node is far. */
static const struct mk_reason offline = {"the memory of the kmem dax devices is offline",
					 "bring it online: daxctl online-memory *",
					 MK_DETAIL_DEVICE};
static const struct mk_reason fast = {
	"all memory of kmem dax devices is proven fast",
	"use the HBW kinds for it, or name its nodes in MEMKIND_DAX_KMEM_NODES", MK_DETAIL_NONE};
static const struct mk_reason idle = {
	"no dax device is bound to kmem, and no node is proven slow",
	"make memory of a device: daxctl reconfigure-device --mode=system-ram *", MK_DETAIL_DEVICE};
static const struct mk_reason absent = {
	"no dax device is bound to kmem, and no node is proven slow",
	"memkind setup tells how persistent or CXL memory becomes a node, and "
	"MEMKIND_DAX_KMEM_NODES names nodes that are to count as far",
	MK_DETAIL_NONE};
static const struct mk_reason not_allowed = {"the process may not use the far nodes (Mems_allowed)",
					     "add * to cpuset.mems of its cgroup", MK_DETAIL_FAR};

static const struct mk_reason *why_none_far(const struct mk_topology *topology)
{
	bool is_fast = false;

	for (unsigned i = 0; i < topology->node_count; i++) {
		const struct mk_node_facts *facts = &topology->nodes[i];

		if (is_offline_kmem(facts))
			return &offline;
		is_fast |= facts->dax_bus != MK_DAX_NONE && facts->node.medium == MK_MEDIUM_HBM;
	}
	if (is_fast)
		return &fast;
	return topology->idle_device[0] != '\0' ? &idle : &absent;
}

static void find_far(struct mk_topology *topology)
{
	struct mk_nodeset *far = &topology->sets[MK_SET_FAR];

	if (!collect(topology, MK_SET_FAR, is_kmem) &&
	    !collect(topology, MK_SET_FAR, is_proven_slow)) {
		topology->far_reason = why_none_far(topology);
		return;
	}
	topology->sets[MK_SET_FAR_ANYWHERE] = *far;
	mk_nodeset_intersect(far, &topology->sets[MK_SET_ALLOWED]);
	if (mk_nodeset_is_empty(far))
		topology->far_reason = &not_allowed;
}

static bool is_of_kmem_device(const struct mk_node_facts *facts)
{
	return facts->dax_bus != MK_DAX_NONE && facts->node.has_memory && !facts->is_gpu;
}

static bool is_of_cxl(const struct mk_node_facts *facts)
{
	return (facts->dax_bus == MK_DAX_CXL || facts->is_in_cxl_region) &&
	       facts->node.has_memory && !facts->node.has_cpu && !facts->is_gpu;
}

static void find_devices(struct mk_topology *topology)
{
	const struct mk_nodeset *allowed = &topology->sets[MK_SET_ALLOWED];

	collect(topology, MK_SET_KMEM, is_of_kmem_device);
	collect(topology, MK_SET_CXL, is_of_cxl);
	mk_nodeset_intersect(&topology->sets[MK_SET_KMEM], allowed);
	mk_nodeset_intersect(&topology->sets[MK_SET_CXL], allowed);
}

/* Memory whose figures count: a GPU's is left to the GPU. */
static bool is_usable(const struct mk_node_facts *facts)
{
	return facts->node.has_memory && !facts->is_gpu;
}

static bool has_latency(const struct mk_node_facts *facts)
{
	return is_usable(facts) && mk_node_latency(&facts->node) != 0;
}

static bool has_bandwidth(const struct mk_node_facts *facts)
{
	return is_usable(facts) && mk_node_bandwidth(&facts->node) != 0;
}

static bool has_size(const struct mk_node_facts *facts)
{
	return is_usable(facts) && facts->node.memory_size != 0;
}

static bool is_without_cpus(const struct mk_node_facts *facts)
{
	return is_usable(facts) && !facts->node.has_cpu;
}

static bool collect_fast(struct mk_topology *topology, uint64_t threshold)
{
	struct mk_nodeset *hbw = &topology->sets[MK_SET_HBW];

	for (unsigned i = 0; i < topology->node_count; i++)
		if (has_bandwidth(&topology->nodes[i]) &&
		    mk_node_bandwidth(&topology->nodes[i].node) >= threshold)
			mk_nodeset_add(hbw, topology->nodes[i].node.id);
	return !mk_nodeset_is_empty(hbw);
}

/* A threshold that the user names is the only one; where it is bad nobody asks for this set. */
static void find_hbw(struct mk_topology *topology, const struct dram *dram)
{
	bool is_given = mk_option_text(MK_OPTION_HBW_THRESHOLD) != NULL;
	uint64_t threshold = HBW_THRESHOLD;

	mk_option_number(MK_OPTION_HBW_THRESHOLD, &threshold);
	if (topology->has_package_memory)
		collect(topology, MK_SET_HBW, is_without_cpus);
	else if (!collect_fast(topology, threshold) && !is_given && dram->lowest_bandwidth != 0)
		collect_fast(topology, 2 * (uint64_t)dram->lowest_bandwidth + 1);
	mk_nodeset_intersect(&topology->sets[MK_SET_HBW], &topology->sets[MK_SET_ALLOWED]);
}

static void find_known(struct mk_topology *topology)
{
	const struct mk_nodeset *allowed = &topology->sets[MK_SET_ALLOWED];

	collect(topology, MK_SET_CAPACITY, has_size);
	collect(topology, MK_SET_LATENCY, has_latency);
	collect(topology, MK_SET_BANDWIDTH, has_bandwidth);
	mk_nodeset_intersect(&topology->sets[MK_SET_CAPACITY], allowed);
	mk_nodeset_intersect(&topology->sets[MK_SET_LATENCY], allowed);
	mk_nodeset_intersect(&topology->sets[MK_SET_BANDWIDTH], allowed);
}

static void find_largest(struct mk_topology *topology)
{
	const struct mk_nodeset *known = &topology->sets[MK_SET_CAPACITY];
	uint64_t largest = 0;

	mk_nodeset_for_each (id, known) {
		uint64_t size = mk_topology_find_node(topology, id)->memory_size;

		if (size > largest)
			largest = size;
	}
	mk_nodeset_for_each (id, known)
		if (mk_is_about_as_large(mk_topology_find_node(topology, id)->memory_size, largest))
			mk_nodeset_add(&topology->sets[MK_SET_LARGEST], id);
}

static bool is_local_dram(const struct mk_node_facts *facts)
{
	return facts->node.has_cpu && facts->node.has_memory;
}

/* Where no CPU has memory of its own, what is nearest to each is its memory. */
static void find_regular(struct mk_topology *topology)
{
	struct mk_nodeset *regular = &topology->sets[MK_SET_REGULAR];

	if (!collect(topology, MK_SET_REGULAR, is_local_dram)) {
		struct mk_nodeset candidates = topology->sets[MK_SET_MEMORY];

		for (unsigned i = 0; i < topology->node_count; i++)
			if (topology->nodes[i].node.medium != MK_MEDIUM_DRAM)
				mk_nodeset_remove(&candidates, topology->nodes[i].node.id);
		mk_nodeset_for_each (node, &topology->sets[MK_SET_CPU]) {
			struct mk_nodeset closest;

			mk_topology_closest(topology, &candidates, node, &closest);
			mk_nodeset_unite(regular, &closest);
		}
	}
	mk_nodeset_intersect(regular, &topology->sets[MK_SET_ALLOWED]);
}

void mk_classify(struct mk_topology *topology)
{
	struct dram dram = look_at_dram(topology);

	for (unsigned i = 0; i < topology->node_count; i++)
		classify_node(&topology->nodes[i], &dram);
	find_far(topology);
	find_devices(topology);
	find_hbw(topology, &dram);
	find_regular(topology);
	find_known(topology);
	find_largest(topology);
}
