/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of a snapshot, and the steps that fill it. Only for src/topology. */
#ifndef MK_TOPOLOGY_SNAPSHOT_H
#define MK_TOPOLOGY_SNAPSHOT_H

#include <stddef.h>

#include "topology/topology.h"

#define MK_CPU_LIMIT	  8192 /* the kernel's own limit on x86-64; CPUs above it are not seen */
#define MK_DISTANCE_LOCAL 10
#define MK_NO_NODE	  (-1)
#define MK_NO_TIER	  0

/* How the kmem driver got a node's memory: what the path of the dax device tells. */
enum mk_dax_bus {
	MK_DAX_NONE,  /* no dax device bound to kmem targets the node */
	MK_DAX_OTHER, /* a bus that we do not know */
	MK_DAX_HMEM,  /* soft-reserved memory */
	MK_DAX_CXL,
	MK_DAX_NVDIMM,
};

/* One node with all that was read of it. */
struct mk_node_facts {
	struct mk_node node; /* must be first */
	enum mk_dax_bus dax_bus;
	bool is_gpu; /* or another device that accesses memory by itself */
	bool is_in_cxl_region;
	int device_node; /* the CPU side node that the device reports; MK_NO_NODE: unknown */
	int cxl_node;	 /* that of its CXL memory devices; MK_NO_NODE: unknown */
	struct mk_nodeset initiators; /* HMAT: CPU nodes with the best access */
};

/*
 * One mapping: this head, then node_count facts, node_count^2 distances (one byte each, by index),
 * cpu_limit node ids of CPUs, node_count bitmaps of CPUs. No pointers but to constants, so that two
 * snapshots are equal where their bytes from `size` on are.
 */
struct mk_topology {
	const struct mk_topology *older; /* once current, too; not compared */
	size_t size;
	unsigned node_count;
	unsigned cpu_limit;
	size_t distance_offset, cpu_node_offset, cpu_bits_offset;
	uint64_t huge_overcommit[MK_HUGE_COUNT];
	bool is_all_allowed;
	bool has_package_memory; /* all nodes without CPUs are fast, by the model of the processor */
	const struct mk_reason *far_reason;
	char idle_device
		[MK_DEVICE_NAME_SIZE]; /* the first dax device not bound to kmem; "": none */
	struct mk_nodeset sets[MK_SET_COUNT];
	struct mk_node_facts nodes[];
};

/* Reads below one root; the buffers are shared by all readers: the topology lock is held. */
struct mk_reader {
	int root;
	bool is_live;	  /* the machine we run on: system calls may be asked, too */
	bool *is_starved; /* set where no descriptor or memory was left to read what is there */
};

/* Each reads the file at a formatted path: the text, in a static buffer; NULL: not readable. */
const char *mk_reader_text(const struct mk_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* True: the file holds a number in BASE. *ret_value is untouched otherwise. */
bool mk_reader_number(const struct mk_reader *reader, int base, uint64_t *ret_value,
		      const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Where the symbolic link points to; NULL: there is none. Another static buffer. */
const char *mk_reader_link(const struct mk_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* For mk_sysfs_list: adds a name such as "node12" to a struct mk_nodeset. */
bool mk_reader_add_node(const char *name, void *nodes);

/* Index of a node id in the snapshot, or -1. */
int mk_snapshot_index(const struct mk_topology *topology, unsigned id);

struct mk_node_facts *mk_snapshot_facts(struct mk_topology *topology, unsigned id);
uint8_t *mk_snapshot_distances(struct mk_topology *topology); /* row-major, by index */
int16_t *mk_snapshot_cpu_nodes(struct mk_topology *topology);
uint64_t *mk_snapshot_cpu_bits(struct mk_topology *topology, unsigned index);
size_t mk_snapshot_cpu_words(const struct mk_topology *topology);

/* A zeroed snapshot for these nodes and CPUs: 0 or -ENOMEM. */
int mk_snapshot_make(const struct mk_nodeset *online, unsigned cpu_limit,
		     struct mk_topology **ret_topology);

/*
 * The steps, in this order. Each leaves what it can't find out as unknown. mk_nodes_read makes the
 * snapshot: 0 or -ENOMEM.
 */
int mk_nodes_read(const struct mk_reader *reader, struct mk_topology **ret_topology);
void mk_hmat_read(const struct mk_reader *reader, struct mk_topology *topology);
void mk_dax_read(const struct mk_reader *reader, struct mk_topology *topology);
void mk_cxl_read(const struct mk_reader *reader, struct mk_topology *topology);
void mk_gpu_read(const struct mk_reader *reader, struct mk_topology *topology);
void mk_huge_pages_read(const struct mk_reader *reader, struct mk_topology *topology);
void mk_processor_read(const struct mk_reader *reader, struct mk_topology *topology);
void mk_process_read(const struct mk_reader *reader, struct mk_topology *topology);
void mk_classify(struct mk_topology *topology);

/* MB/s as far as known: the lower of both directions, 0: unknown. */
uint32_t mk_node_bandwidth(const struct mk_node *node);

/* ns as far as known: the higher of both directions, 0: unknown. */
uint32_t mk_node_latency(const struct mk_node *node);

/* Whether a node of SIZE bytes has about as much as the largest: what firmware and kernel keep for
 * themselves makes equal modules differ. */
bool mk_is_about_as_large(uint64_t size, uint64_t largest);

#endif
