/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Detection on trees whose files, links and names are an input's: no fault, and a snapshot that
 * agrees with itself. The tree is a good machine but for what the input writes over it.
 *
 * An input is records that end at a byte 0xff. The first byte of one says which row of the table
 * below it goes to, the rest is the content of the file, the target of the link, or the name of a
 * new directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "fuzz.h"
#include "os/vm.h"
#include "topology/snapshot.h"

#define NODE   "sys/devices/system/node"
#define TIERS  "sys/devices/virtual/memory_tiering"
#define DAX    "sys/devices/platform/ACPI0012:00/ndbus0/region0/dax0.0"
#define ROOT   "sys/devices/platform/ACPI0017:00/root0"
#define CXLDAX ROOT "/decoder0.0/region0/dax_region0/dax1.0"
#define CXL    "sys/bus/cxl/devices"

enum {
	RECORD_LIMIT = 32,
	CONTENT_SIZE = 128 << 10,
	RECORD_END = 0xff,
};

enum row_kind { A_FILE, A_LINK, A_NAME };

struct row {
	enum row_kind kind;
	const char *path;
	const char *content; /* of the good machine; NULL: there is nothing */
};

static const struct row rows[] = {
	{A_FILE, "sys/devices/system/cpu/possible", "0-3\n"},
	{A_FILE, NODE "/online", "0-3\n"},
	{A_FILE, NODE "/has_memory", "0-3\n"},
	{A_FILE, NODE "/node0/cpulist", "0-1\n"},
	{A_FILE, NODE "/node1/cpulist", "2-3\n"},
	{A_FILE, NODE "/node2/cpulist", "\n"},
	{A_FILE, NODE "/node2/cpumap", "0\n"},
	{A_FILE, NODE "/node0/distance", "10 21 17 28\n"},
	{A_FILE, NODE "/node1/distance", "21 10 28 17\n"},
	{A_FILE, NODE "/node2/distance", "17 28 10 28\n"},
	{A_FILE, NODE "/node0/meminfo", "Node 0 MemTotal:  1048576 kB\n"},
	{A_FILE, NODE "/node2/meminfo", "Node 2 MemTotal:  1048576 kB\n"},
	{A_FILE, NODE "/node3/meminfo", "Node 3 MemTotal:  1048576 kB\n"},
	{A_FILE, NODE "/node0/access1/initiators/read_bandwidth", "100000\n"},
	{A_FILE, NODE "/node0/access1/initiators/read_latency", "70\n"},
	{A_LINK, NODE "/node2/access1/initiators/node0", "../../../node0"},
	{A_FILE, NODE "/node2/access1/initiators/read_bandwidth", "20000\n"},
	{A_FILE, NODE "/node2/access1/initiators/write_bandwidth", "10000\n"},
	{A_FILE, NODE "/node2/access1/initiators/read_latency", "300\n"},
	{A_FILE, NODE "/node3/access0/initiators/read_bandwidth", "400000\n"},
	{A_LINK, NODE "/node3/memory512", "../../memory/memory512"},
	{A_FILE, "sys/devices/system/memory/block_size_bytes", "8000000\n"},
	{A_FILE, TIERS "/memory_tier4/nodelist", "0-1\n"},
	{A_FILE, TIERS "/memory_tier22/nodelist", "2-3\n"},
	{A_LINK, "sys/bus/dax/devices/dax0.0", "../../../../" DAX},
	{A_LINK, DAX "/driver", "../../../bus/dax/drivers/kmem"},
	{A_FILE, DAX "/target_node", "2\n"},
	{A_FILE, DAX "/numa_node", "0\n"},
	{A_LINK, "sys/bus/dax/devices/dax1.0", "../../../../" CXLDAX},
	{A_LINK, CXLDAX "/driver", "../../../bus/dax/drivers/kmem"},
	{A_FILE, CXLDAX "/target_node", "3\n"},
	{A_LINK, CXL "/region0", "../../../../" ROOT "/decoder0.0/region0"},
	{A_FILE, ROOT "/decoder0.0/region0/resource", "0x1000000000\n"},
	{A_FILE, ROOT "/decoder0.0/region0/size", "0x40000000\n"},
	{A_FILE, ROOT "/decoder0.0/region0/target0", "decoder2.0\n"},
	{A_FILE, ROOT "/decoder0.0/region0/target1", NULL},
	{A_LINK, CXL "/decoder2.0", "../../../../" ROOT "/port1/endpoint2/decoder2.0"},
	{A_LINK, CXL "/endpoint2", "../../../../" ROOT "/port1/endpoint2"},
	{A_LINK, ROOT "/port1/endpoint2/uport", "../../../pci0000:0c/mem0"},
	{A_LINK, CXL "/mem0", "../../../../sys/devices/pci0000:0c/mem0"},
	{A_FILE, "sys/devices/pci0000:0c/mem0/numa_node", "1\n"},
	{A_FILE, "proc/meminfo", "MemTotal:  4194304 kB\n"},
	{A_FILE, "proc/self/status", "Cpus_allowed_list:\t0-3\nMems_allowed_list:\t0-3\n"},
	{A_FILE, "proc/driver/nvidia/gpus/0/numa_status", "Node: -1\n"},
	{A_NAME, NODE, NULL},
	{A_NAME, NODE "/node2", NULL},
	{A_NAME, NODE "/node2/access1/initiators", NULL},
	{A_NAME, TIERS, NULL},
	{A_NAME, "sys/bus/dax/devices", NULL},
	{A_NAME, CXL, NULL},
};

static char root_path[64];
static int root = -1;

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *position)
{
	(void)status, (void)type, (void)position;
	return remove(path);
}

static void remove_tree(void)
{
	nftw(root_path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_parents(const char *path)
{
	char folder[256];

	snprintf(folder, sizeof(folder), "%s", path);
	for (char *slash = strchr(folder, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdirat(root, folder, 0700);
		*slash = '/';
	}
}

static void write_content(const char *path, const char *content, size_t size)
{
	int file = openat(root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	MK_FUZZ_CHECK(file >= 0);
	MK_FUZZ_CHECK(write(file, content, size) == (ssize_t)size);
	close(file);
}

/* CONTENT ends with a NUL byte that does not count. */
static void write_row(const struct row *row, const char *content, size_t size)
{
	unlinkat(root, row->path, 0);
	if (row->kind == A_FILE)
		write_content(row->path, content, size);
	else if (symlinkat(content, root, row->path) != 0)
		MK_FUZZ_CHECK(errno == ENOENT || errno == ENAMETOOLONG);
}

static void restore_row(const struct row *row)
{
	if (row->content != NULL)
		write_row(row, row->content, strlen(row->content));
	else
		unlinkat(root, row->path, 0);
}

/* Builds the good machine, once. */
static void make_tree(void)
{
	const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	snprintf(root_path, sizeof(root_path), "%s/mk-fuzz-XXXXXX", folder);
	MK_FUZZ_CHECK(mkdtemp(root_path) != NULL);
	atexit(remove_tree);
	root = open(root_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MK_FUZZ_CHECK(root >= 0);
	for (size_t i = 0; i < MK_ARRAY_SIZE(rows); i++) {
		make_parents(rows[i].path);
		if (rows[i].kind != A_NAME)
			restore_row(&rows[i]);
	}
}

/* What an input wrote, to be undone. */
struct record {
	const struct row *row;
	char name[256]; /* of a new directory; empty: none was made */
};

static void enter_record(struct record *record, const uint8_t *data, size_t size)
{
	static char content[CONTENT_SIZE];

	record->row = &rows[data[0] % MK_ARRAY_SIZE(rows)];
	record->name[0] = '\0';
	size = size - 1 < sizeof(content) - 1 ? size - 1 : sizeof(content) - 1;
	memcpy(content, data + 1, size);
	content[size] = '\0';
	if (record->row->kind != A_NAME) {
		write_row(record->row, content, size);
		return;
	}
	if (strlen(content) > 64 || strchr(content, '/') != NULL)
		return;
	snprintf(record->name, sizeof(record->name), "%s/%.64s", record->row->path, content);
	if (mkdirat(root, record->name, 0700) != 0)
		record->name[0] = '\0';
}

static void undo_record(const struct record *record)
{
	if (record->name[0] != '\0')
		unlinkat(root, record->name, AT_REMOVEDIR);
	else if (record->row->kind != A_NAME)
		restore_row(record->row);
}

static void check_closest(const struct mk_topology *topology, const struct mk_nodeset *candidates)
{
	mk_nodeset_for_each (node, mk_topology_set(topology, MK_SET_CPU)) {
		struct mk_nodeset closest;

		mk_topology_closest(topology, candidates, node, &closest);
		MK_FUZZ_CHECK(mk_nodeset_is_subset(&closest, candidates));
		MK_FUZZ_CHECK(mk_nodeset_is_empty(&closest) == mk_nodeset_is_empty(candidates));
	}
}

static void check_sets(const struct mk_topology *topology)
{
	const struct mk_nodeset *allowed = mk_topology_set(topology, MK_SET_ALLOWED);
	const struct mk_nodeset *far = mk_topology_set(topology, MK_SET_FAR);
	const struct mk_nodeset *hbw = mk_topology_set(topology, MK_SET_HBW);
	const struct mk_nodeset *online = mk_topology_set(topology, MK_SET_ONLINE);

	for (int set = 0; set < MK_SET_COUNT; set++)
		MK_FUZZ_CHECK(mk_nodeset_is_subset(mk_topology_set(topology, set), online));
	MK_FUZZ_CHECK(mk_nodeset_is_subset(far, allowed));
	MK_FUZZ_CHECK(mk_nodeset_is_subset(hbw, allowed));
	MK_FUZZ_CHECK(mk_nodeset_is_subset(mk_topology_set(topology, MK_SET_REGULAR), allowed));
	MK_FUZZ_CHECK(mk_nodeset_is_empty(far) == (mk_topology_far_reason(topology) != NULL));
	check_closest(topology, far);
	check_closest(topology, hbw);
}

static void check_nodes(const struct mk_topology *topology)
{
	unsigned count = mk_topology_node_count(topology);

	MK_FUZZ_CHECK(count > 0 && count <= MK_NODE_LIMIT);
	for (unsigned i = 0; i < count; i++) {
		const struct mk_node *node = mk_topology_node(topology, i);

		MK_FUZZ_CHECK(node->evidence != NULL);
		MK_FUZZ_CHECK(node->id < MK_NODE_LIMIT);
		MK_FUZZ_CHECK(mk_topology_find_node(topology, node->id) == node);
		MK_FUZZ_CHECK(mk_topology_distance(topology, node->id, node->id) != 0);
	}
	for (unsigned cpu = 0; cpu < mk_topology_cpu_limit(topology); cpu++) {
		int node = mk_topology_node_of_cpu(topology, cpu);

		MK_FUZZ_CHECK(node < 0 ||
			      mk_topology_is_cpu_of_node(topology, cpu, (unsigned)node));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record records[RECORD_LIMIT];
	const struct mk_topology *topology;
	unsigned count = 0;

	if (root < 0)
		make_tree();
	while (size > 0 && count < RECORD_LIMIT) {
		const uint8_t *end = memchr(data, RECORD_END, size);
		size_t length = end == NULL ? size : (size_t)(end - data);

		if (length > 0)
			enter_record(&records[count++], data, length);
		length += end != NULL;
		data += length;
		size -= length;
	}
	MK_FUZZ_CHECK(mk_topology_read(root_path, &topology) == 0);
	check_nodes(topology);
	check_sets(topology);
	mk_vm_release((void *)topology, topology->size);
	while (count > 0)
		undo_record(&records[--count]);
	return 0;
}
