/* SPDX-License-Identifier: BSD-2-Clause */
/* What this process may use: memory nodes, and CPUs. */
#include "base/parse.h"
#include "os/policy.h"
#include "os/sysfs.h"
#include "os/thread.h"
#include "topology/snapshot.h"

#define STATUS "proc/self/status"

/* The longest: 8192 CPUs, every second one. */
enum { LINE_SIZE = 32 << 10 };

/* Guarded by the topology lock. */
static char value[LINE_SIZE];

/* The file first: it can be read where seccomp denies get_mempolicy. */
static void read_allowed(const struct mk_reader *reader, struct mk_topology *topology)
{
	struct mk_nodeset *allowed = &topology->sets[MK_SET_ALLOWED];
	const struct mk_nodeset *memory = &topology->sets[MK_SET_MEMORY];

	if (mk_sysfs_line(reader->root, STATUS, "Mems_allowed_list:", value, sizeof(value)) != 0 ||
	    mk_parse_nodes(value, allowed) != 0 || mk_nodeset_is_empty(allowed))
		if (!reader->is_live || mk_policy_get_allowed(allowed) != 0)
			*allowed = *memory;
	mk_nodeset_intersect(allowed, memory);
	topology->is_all_allowed = mk_nodeset_is_equal(allowed, memory);
}

static void enter_cpu(unsigned cpu, void *context)
{
	struct mk_topology *topology = context;

	/* With numa=fake a CPU is in several nodes, and the process may find itself on each. */
	mk_nodeset_for_each (node, &topology->sets[MK_SET_CPU])
		if (mk_topology_is_cpu_of_node(topology, cpu, node))
			mk_nodeset_add(&topology->sets[MK_SET_RUNNABLE], node);
}

static void enter_cpus(unsigned first, unsigned last, void *context)
{
	for (unsigned cpu = first; cpu <= last && cpu < MK_CPU_LIMIT; cpu++)
		enter_cpu(cpu, context);
}

/* proc/self/status is that of the process's leader, whichever thread reads it. */
static void read_runnable(const struct mk_reader *reader, struct mk_topology *topology)
{
	struct mk_nodeset *runnable = &topology->sets[MK_SET_RUNNABLE];

	if (mk_sysfs_line(reader->root, STATUS, "Cpus_allowed_list:", value, sizeof(value)) == 0)
		mk_parse_list(value, enter_cpus, topology);
	if (reader->is_live)
		mk_thread_affinity(enter_cpu, topology);
	if (mk_nodeset_is_empty(runnable))
		*runnable = topology->sets[MK_SET_CPU];
}

void mk_process_read(const struct mk_reader *reader, struct mk_topology *topology)
{
	read_allowed(reader, topology);
	read_runnable(reader, topology);
}
