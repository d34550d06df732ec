/* SPDX-License-Identifier: BSD-2-Clause */
/* What the machine is: an immutable snapshot of its nodes, and pure questions about it. */
#ifndef MK_TOPOLOGY_TOPOLOGY_H
#define MK_TOPOLOGY_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nodeset.h"
#include "base/reason.h"

enum mk_medium {
	MK_MEDIUM_DRAM,	    /* a node with CPUs, or memory of which nothing says otherwise */
	MK_MEDIUM_PMEM,	    /* NVDIMM, Optane, emulated persistent memory */
	MK_MEDIUM_CXL,	    /* volatile or persistent CXL memory */
	MK_MEDIUM_HBM,	    /* proven fast */
	MK_MEDIUM_SPECIFIC, /* soft-reserved ("specific purpose") memory that is not proven fast */
	MK_MEDIUM_GPU,	    /* memory of a coherent GPU: never used unless named by the user */
	MK_MEDIUM_SLOW,	   /* CPU-less and proven slow by tier, HMAT or CXL range, no kmem device */
	MK_MEDIUM_UNKNOWN, /* CPU-less, and nothing says what it is: never used by itself */
};

/* Sizes of huge pages that kinds are made of. */
enum mk_huge_size { MK_HUGE_NONE, MK_HUGE_2M, MK_HUGE_1G, MK_HUGE_COUNT };

static inline size_t mk_huge_bytes(enum mk_huge_size size)
{
	static const size_t bytes[MK_HUGE_COUNT] = {0, (size_t)2 << 20, (size_t)1 << 30};

	return bytes[size];
}

enum { MK_DEVICE_NAME_SIZE = 16 };

/* One node that is online. Unknown figures are 0. */
struct mk_node {
	unsigned id;
	bool has_cpu;
	bool has_memory;
	enum mk_medium medium;
	const char *evidence; /* why it is of this medium: one static phrase for people */
	uint64_t memory_size; /* bytes (MemTotal) */
	uint32_t read_bandwidth, write_bandwidth; /* MB/s, from the best CPU initiator */
	uint32_t read_latency, write_latency;	  /* ns */
	unsigned tier;				  /* of the kernel; the higher the slower */
	unsigned kernel_weight; /* of its own weighted interleaving, which Linux 6.9 began with */
	char dax_device[MK_DEVICE_NAME_SIZE];	 /* the first one bound to kmem; "": none */
	uint64_t huge_page_count[MK_HUGE_COUNT]; /* of its pool, used or not, without surplus */
};

struct mk_topology; /* opaque outside src/topology: ask the functions below */

/*
 * The snapshot of this machine: taken at the first call (thread-safe, no libc allocation, errno
 * kept), valid until the process ends. Never NULL: where nothing could be read it has one node, 0.
 */
const struct mk_topology *mk_topology_get(void);

/*
 * Looks again. Where nothing changed the current snapshot stays; else later mk_topology_get() give
 * the new one. Old snapshots stay valid. Returns the current one.
 */
const struct mk_topology *mk_topology_rescan(void);

/*
 * A snapshot of the tree below ROOT (with sys/ and proc/ in it), for tests and tools: 0 or -errno;
 * -ENOENT: ROOT is not there. Not registered anywhere, never freed.
 */
int mk_topology_read(const char *root, const struct mk_topology **ret_topology);

unsigned mk_topology_node_count(const struct mk_topology *topology);
/* Nodes in ascending order of ids: INDEX is below the count. */
const struct mk_node *mk_topology_node(const struct mk_topology *topology, unsigned index);
/* NULL: no such node online. */
const struct mk_node *mk_topology_find_node(const struct mk_topology *topology, unsigned id);

/* MB/s that CPUs get of a node, reading or writing, whichever is less; 0: unknown. */
uint32_t mk_topology_bandwidth(const struct mk_topology *topology, unsigned id);

#define MK_DISTANCE_UNKNOWN 255 /* or unreachable */

/* 10: local. Row FROM as the kernel shows it. */
unsigned mk_topology_distance(const struct mk_topology *topology, unsigned from, unsigned to);

/* Possible CPUs: one more than the highest id. */
unsigned mk_topology_cpu_limit(const struct mk_topology *topology);
/* The node of a CPU, or -1 where it is offline or unknown; with numa=fake the first of several. */
int mk_topology_node_of_cpu(const struct mk_topology *topology, unsigned cpu);
bool mk_topology_is_cpu_of_node(const struct mk_topology *topology, unsigned cpu, unsigned id);

/* Sets; they live as long as the snapshot. */
enum mk_topology_set {
	MK_SET_ONLINE,
	MK_SET_MEMORY,	 /* has_memory */
	MK_SET_CPU,	 /* has_cpu */
	MK_SET_ALLOWED,	 /* Mems_allowed of the process, within MK_SET_MEMORY */
	MK_SET_REGULAR,	 /* nodes of MEMKIND_REGULAR: CPUs and memory; else nearest to the CPUs */
	MK_SET_RUNNABLE, /* CPU nodes on which the process may run: its leader's affinity mask joined
			    with that of the thread that took the snapshot */
	/* Proven, within MK_SET_ALLOWED. Without nodes of GPUs: */
	MK_SET_FAR,	     /* nodes of the DAX_KMEM kinds */
	MK_SET_KMEM,	     /* nodes of dax devices on the kmem driver, fast ones, too */
	MK_SET_CXL,	     /* nodes of CXL memory, whatever it came by */
	MK_SET_HBW,	     /* nodes of high bandwidth */
	MK_SET_CAPACITY,     /* nodes whose size is known, */
	MK_SET_LARGEST,	     /* and those of them that have about as much as the largest */
	MK_SET_LATENCY,	     /* nodes whose latency is known */
	MK_SET_BANDWIDTH,    /* nodes whose bandwidth is known */
	MK_SET_FAR_ANYWHERE, /* MK_SET_FAR, with what the process may not use */
	MK_SET_COUNT
};
const struct mk_nodeset *mk_topology_set(const struct mk_topology *topology,
					 enum mk_topology_set set);

/* How many huge pages the kernel may make beyond those of the nodes' pools. */
uint64_t mk_topology_huge_overcommit(const struct mk_topology *topology, enum mk_huge_size size);

/* True where MK_SET_ALLOWED is all of MK_SET_MEMORY: no cpuset excludes a node. */
bool mk_topology_is_all_allowed(const struct mk_topology *topology);

/*
 * Why MK_SET_FAR is empty (no kmem device, memory offline, not allowed, ...): static; NULL where the
 * set is not empty.
 */
const struct mk_reason *mk_topology_far_reason(const struct mk_topology *topology);

/*
 * The dax device that would give far memory if its memory were online or, where there is none such,
 * if it were bound to kmem; NULL: there is neither. It lives as long as the snapshot.
 */
const char *mk_topology_far_device(const struct mk_topology *topology);

/*
 * The nodes of CANDIDATES closest to CPU_NODE: distance, then HMAT initiator, then device affinity,
 * then latency, then bandwidth. More than one: still equal after all of these (a tie). Empty only
 * where CANDIDATES is.
 */
void mk_topology_closest(const struct mk_topology *topology, const struct mk_nodeset *candidates,
			 unsigned cpu_node, struct mk_nodeset *ret_closest);

/*
 * Appends the nodes of CANDIDATES, as close to FROM as they are, the closest first; FROM may be any
 * node. Those that are equally close: in ascending order.
 */
void mk_topology_append_by_distance(const struct mk_topology *topology,
				    const struct mk_nodeset *candidates, unsigned from,
				    struct mk_node_order *order);

/* NODE is CPU_NODE, or has no CPUs and no CPU node is nearer to it. */
bool mk_topology_is_local(const struct mk_topology *topology, unsigned node, unsigned cpu_node);

/* What the best of several nodes is best at. */
enum mk_merit {
	MK_MERIT_CAPACITY,  /* the largest; of those with about as much the most distant one */
	MK_MERIT_LATENCY,   /* the lowest latency; of equal ones the smallest node */
	MK_MERIT_BANDWIDTH, /* the highest bandwidth; of equal ones the smallest node */
};

/*
 * The one node of CANDIDATES that is best, among those local to CPU_NODE. Where none is local, among
 * the closest. Still equal: the lowest id. -1: there are no candidates.
 */
int mk_topology_best_local(const struct mk_topology *topology, const struct mk_nodeset *candidates,
			   unsigned cpu_node, enum mk_merit merit);

/* The fork handlers' part. */
void mk_topology_lock_for_fork(void);
void mk_topology_unlock_for_fork(void);
void mk_topology_reset_in_child(void);

#endif
