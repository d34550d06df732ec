/* SPDX-License-Identifier: BSD-2-Clause */
/* Dax devices that the kmem driver turned into memory of a node: sys/bus/dax. */
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "os/sysfs.h"
#include "topology/snapshot.h"

#define DEVICES "sys/bus/dax/devices"

/* True: one component of the path begins with PREFIX. Paths change with kernels, components don't. */
static bool has_component(const char *path, const char *prefix)
{
	size_t length = strlen(prefix);

	while (path != NULL) {
		path += *path == '/';
		if (strncmp(path, prefix, length) == 0)
			return true;
		path = strchr(path, '/');
	}
	return false;
}

static enum mk_dax_bus bus_of(const char *path)
{
	if (path == NULL)
		return MK_DAX_OTHER;
	/* Persistent CXL memory has an NVDIMM bus below the CXL root: CXL goes first. */
	if (has_component(path, "ACPI0017") || has_component(path, "nvdimm-bridge") ||
	    has_component(path, "dax_region"))
		return MK_DAX_CXL;
	if (has_component(path, "ndbus"))
		return MK_DAX_NVDIMM;
	return has_component(path, "hmem.") ? MK_DAX_HMEM : MK_DAX_OTHER;
}

/* The driver link is the only proof: the memory of a device in devdax mode is no system memory. */
static bool is_bound_to_kmem(const struct mk_reader *reader, const char *device)
{
	const char *driver = mk_reader_link(reader, DEVICES "/%s/driver", device);
	const char *name = driver == NULL ? NULL : strrchr(driver, '/');

	return name != NULL && strcmp(name, "/kmem") == 0;
}

/* The node of the CPUs beside the device, as the driver reports it; MK_NO_NODE: unknown. */
static int read_device_node(const struct mk_reader *reader, const char *device)
{
	uint64_t node;

	if (!mk_reader_number(reader, 10, &node, DEVICES "/%s/numa_node", device) ||
	    node >= MK_NODE_LIMIT)
		return MK_NO_NODE;
	return (int)node;
}

/* Names such as dax9.0 and dax10.0: the shorter goes first. */
static void keep_first(char *first, const char *name)
{
	size_t length = strlen(name), old_length = strlen(first);

	if (length >= MK_DEVICE_NAME_SIZE)
		return;
	if (old_length == 0 || length < old_length ||
	    (length == old_length && strcmp(name, first) < 0))
		memcpy(first, name, length + 1);
}

/* In devdax mode, or without a driver. Regions also show devices of no bytes, as seeds for new ones. */
static void note_idle(const struct mk_reader *reader, struct mk_topology *topology,
		      const char *device)
{
	uint64_t size;

	if (mk_reader_number(reader, 10, &size, DEVICES "/%s/size", device) && size > 0)
		keep_first(topology->idle_device, device);
}

struct dax_search {
	const struct mk_reader *reader;
	struct mk_topology *topology;
};

static bool enter_device(const char *device, void *context)
{
	const struct dax_search *search = context;
	struct mk_node_facts *facts;
	enum mk_dax_bus bus;
	int device_node;
	uint64_t target;

	if (!is_bound_to_kmem(search->reader, device)) {
		note_idle(search->reader, search->topology, device);
		return true;
	}
	if (!mk_reader_number(search->reader, 10, &target, DEVICES "/%s/target_node", device) ||
	    target >= MK_NODE_LIMIT)
		return true;
	facts = mk_snapshot_facts(search->topology, (unsigned)target);
	if (facts == NULL)
		return true;
	device_node = read_device_node(search->reader, device);
	/* Several devices of one node that disagree say nothing. */
	if (facts->dax_bus != MK_DAX_NONE && facts->device_node != device_node)
		device_node = MK_NO_NODE;
	facts->device_node = device_node;
	keep_first(facts->node.dax_device, device);
	bus = bus_of(mk_reader_link(search->reader, DEVICES "/%s", device));
	/* Where they differ the order of the directory must not decide. */
	if (bus > facts->dax_bus)
		facts->dax_bus = bus;
	return true;
}

void mk_dax_read(const struct mk_reader *reader, struct mk_topology *topology)
{
	struct dax_search search = {reader, topology};

	mk_sysfs_list(reader->root, DEVICES, enter_device, &search);
}
