/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CXL regions: which nodes their ranges lie in, and beside which CPUs their memory devices sit. The
 * SLIT and the dax device know neither for memory that firmware did not describe.
 */
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "os/sysfs.h"
#include "topology/snapshot.h"

#define CXL    "sys/bus/cxl/devices"
#define BLOCKS "sys/devices/system/memory"

enum {
	NAME_SIZE = 32,
	TARGET_LIMIT = 64, /* interleave ways, 16 at most today */
	NOT_SEEN = -2,	   /* no region yet */
};

struct region {
	uint64_t start, size;
	int node; /* of the CPUs beside all its memory devices; MK_NO_NODE: unknown */
};

struct cxl_search {
	const struct mk_reader *reader;
	struct mk_topology *topology;
	uint64_t block_size;
	struct region region; /* the one that is being entered */
	int common_node; /* of all regions so far; MK_NO_NODE: one is unknown, or they differ */
};

/* Copies the path component that begins with PREFIX: false: there is none that fits. */
static bool copy_component(const char *path, const char *prefix, char *ret_name)
{
	const char *start = strstr(path, prefix);
	size_t length = start == NULL ? 0 : strcspn(start, "/\n");

	if (start == NULL || length >= NAME_SIZE)
		return false;
	memcpy(ret_name, start, length);
	ret_name[length] = '\0';
	return true;
}

/* decoder2.0 -> endpoint2 -> mem0 -> its node */
static int node_of_decoder(const struct mk_reader *reader, const char *decoder)
{
	char endpoint[NAME_SIZE];
	const char *path = mk_reader_link(reader, CXL "/%s", decoder);
	const char *device;
	uint64_t node;

	if (path == NULL || !copy_component(path, "endpoint", endpoint))
		return MK_NO_NODE;
	path = mk_reader_link(reader, CXL "/%s/uport", endpoint);
	device = path == NULL ? NULL : strrchr(path, '/');
	if (device == NULL || !mk_reader_number(reader, 10, &node, CXL "%s/numa_node", device) ||
	    node >= MK_NODE_LIMIT)
		return MK_NO_NODE;
	return (int)node;
}

/* What all devices of an interleaved region agree on. */
static int node_of_region(const struct mk_reader *reader, const char *name)
{
	int common = MK_NO_NODE;

	for (int target = 0; target < TARGET_LIMIT; target++) {
		char decoder[NAME_SIZE];
		const char *text = mk_reader_text(reader, CXL "/%s/target%d", name, target);
		int node;

		if (text == NULL || !copy_component(text, "decoder", decoder))
			break;
		node = node_of_decoder(reader, decoder);
		if (node == MK_NO_NODE || (target > 0 && node != common))
			return MK_NO_NODE;
		common = node;
	}
	return common;
}

static void enter_region(const struct cxl_search *search, struct mk_node_facts *facts)
{
	/* Regions of one node that disagree say nothing. */
	facts->cxl_node = !facts->is_in_cxl_region || facts->cxl_node == search->region.node
				  ? search->region.node
				  : MK_NO_NODE;
	facts->is_in_cxl_region = true;
}

static bool is_in_region(const struct region *region, uint64_t address)
{
	return address - region->start < region->size;
}

/* A memory block of a node: "memory154" begins at 154 blocks. */
struct block_search {
	const struct cxl_search *cxl;
	bool is_found;
};

static bool match_block(const char *name, void *context)
{
	struct block_search *search = context;
	uint64_t number, start;

	if (strncmp(name, "memory", 6) != 0 || mk_parse_number(name + 6, 10, &number) != 0 ||
	    __builtin_mul_overflow(number, search->cxl->block_size, &start))
		return true;
	search->is_found = is_in_region(&search->cxl->region, start);
	return !search->is_found;
}

static bool has_block_in_region(const struct cxl_search *cxl, unsigned node)
{
	struct block_search search = {cxl, false};
	char directory[64];

	if (cxl->block_size == 0)
		return false;
	snprintf(directory, sizeof(directory), "sys/devices/system/node/node%u", node);
	mk_sysfs_list(cxl->reader->root, directory, match_block, &search);
	return search.is_found;
}

static bool match_region(const char *name, void *context)
{
	struct cxl_search *search = context;
	struct region *region = &search->region;

	if (strncmp(name, "region", 6) != 0 ||
	    !mk_reader_number(search->reader, 16, &region->start, CXL "/%s/resource", name) ||
	    !mk_reader_number(search->reader, 16, &region->size, CXL "/%s/size", name))
		return true;
	region->node = node_of_region(search->reader, name);
	if (search->common_node == NOT_SEEN)
		search->common_node = region->node;
	else if (search->common_node != region->node)
		search->common_node = MK_NO_NODE;
	for (unsigned i = 0; i < search->topology->node_count; i++)
		if (has_block_in_region(search, search->topology->nodes[i].node.id))
			enter_region(search, &search->topology->nodes[i]);
	return true;
}

void mk_cxl_read(const struct mk_reader *reader, struct mk_topology *topology)
{
	struct cxl_search search = {
		.reader = reader, .topology = topology, .common_node = NOT_SEEN};

	mk_reader_number(reader, 16, &search.block_size, BLOCKS "/block_size_bytes");
	mk_sysfs_list(reader->root, CXL, match_region, &search);
	if (search.common_node < 0)
		return;
	/* Where ranges can't be compared, what is true of all regions is true of each. */
	for (unsigned i = 0; i < topology->node_count; i++) {
		struct mk_node_facts *facts = &topology->nodes[i];

		if (facts->dax_bus == MK_DAX_CXL && !facts->is_in_cxl_region)
			facts->cxl_node = search.common_node;
	}
}
