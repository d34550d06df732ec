/* SPDX-License-Identifier: BSD-2-Clause */
/* Processors that say what the memory beside them is: Knights Landing and Knights Mill. */
#include "base/parse.h"
#include "os/sysfs.h"
#include "topology/snapshot.h"

#define CPUINFO "proc/cpuinfo"

enum {
	FAMILY = 6,
	KNIGHTS_LANDING = 0x57,
	KNIGHTS_MILL = 0x85,
};

static bool read_number(const struct mk_reader *reader, const char *key, uint64_t *ret_number)
{
	char text[32];

	return mk_sysfs_line(reader->root, CPUINFO, key, text, sizeof(text)) == 0 &&
	       mk_parse_number(text, 10, ret_number) == 0;
}

/* In flat mode each node with CPUs has one without beside it, which is the memory on the package. */
static bool is_halved(const struct mk_topology *topology)
{
	unsigned count = topology->node_count;

	return (count == 2 || count == 4 || count == 8) &&
	       2 * mk_nodeset_count(&topology->sets[MK_SET_CPU]) == count;
}

void mk_processor_read(const struct mk_reader *reader, struct mk_topology *topology)
{
	uint64_t family = 0, model = 0;

	if (!read_number(reader, "cpu family\t:", &family) ||
	    !read_number(reader, "model\t\t:", &model))
		return;
	topology->has_package_memory = family == FAMILY &&
				       (model == KNIGHTS_LANDING || model == KNIGHTS_MILL) &&
				       is_halved(topology);
}
