/* SPDX-License-Identifier: BSD-2-Clause */
/* What this process may use: memory nodes, and CPUs. */
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "os/policy.h"
#include "os/thread.h"
#include "topology/snapshot.h"

enum { LINE_SIZE = 16 << 10 };

/* Copies the value of a line of proc/self/status: false: there is none that fits. */
static bool copy_status_value(const struct mk_reader *reader, const char *name, char *ret_value)
{
	const char *text = mk_reader_text(reader, "proc/self/status");
	const char *line = text == NULL ? NULL : strstr(text, name);
	size_t length;

	if (line == NULL)
		return false;
	line += strlen(name);
	line += strspn(line, " \t");
	length = strcspn(line, "\n");
	if (length >= LINE_SIZE)
		return false;
	memcpy(ret_value, line, length);
	ret_value[length] = '\0';
	return true;
}

/* Guarded by the topology lock. */
static char value[LINE_SIZE];

/* The file first: it can be read where seccomp denies get_mempolicy. */
static void read_allowed(const struct mk_reader *reader, struct mk_topology *topology)
{
	struct mk_nodeset *allowed = &topology->sets[MK_SET_ALLOWED];
	const struct mk_nodeset *memory = &topology->sets[MK_SET_MEMORY];

	if (!copy_status_value(reader, "Mems_allowed_list:", value) ||
	    mk_parse_nodes(value, allowed) != 0 || mk_nodeset_is_empty(allowed))
		if (!reader->is_live || mk_policy_get_allowed(allowed) != 0)
			*allowed = *memory;
	mk_nodeset_intersect(allowed, memory);
	topology->is_all_allowed = mk_nodeset_is_equal(allowed, memory);
}

static void enter_cpu(unsigned cpu, void *context)
{
	struct mk_topology *topology = context;
	int node = mk_topology_node_of_cpu(topology, cpu);

	if (node >= 0)
		mk_nodeset_add(&topology->sets[MK_SET_RUNNABLE], (unsigned)node);
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

	if (copy_status_value(reader, "Cpus_allowed_list:", value))
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
