/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory to measure: how much, from where, and whether its pages lie there. */
#include <errno.h>
#include <memkind_ng.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bits.h"
#include "base/parse.h"
#include "bench.h"
#include "os/policy.h"
#include "os/sysfs.h"
#include "os/vm.h"
#include "topology/topology.h"

enum {
	PATH_SIZE = 128,
	TEXT_SIZE = 64,
	CACHE_LIMIT = 8, /* levels and sorts of caches of a CPU */
	SAMPLE_PAGES = 64,
	CACHE_SHARE = 4,   /* the memory is as many times as large as the caches, */
	LEAST_SHARE = 2,   /* or as many where little is free */
	BATCH_COUNT = 512, /* pages a system call */
};

/* Whatever the caches are, and where little is free. */
#define LEAST_SIZE    (64 * MK_MIB)
#define SMALLEST_SIZE (16 * MK_MIB)
/* More is not taken, unless the least share is more: it takes long to fill. */
#define MOST_SIZE MK_GIB

__attribute__((format(printf, 2, 3))) static bool leave_out(struct mk_bench_row *row,
							    const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(row->reason, sizeof(row->reason), format, arguments);
	va_end(arguments);
	return false;
}

/* "491520K"; 0: there is no such cache. */
static size_t cache_size(int root, int cpu, int index)
{
	char path[PATH_SIZE], text[TEXT_SIZE];
	const char *at = text;
	uint64_t kib;

	snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%d/cache/index%d/size", cpu, index);
	if (mk_sysfs_read(root, path, text, sizeof(text)) < 0 || !mk_parse_digits(&at, 10, &kib) ||
	    *at != 'K')
		return 0;
	return kib * MK_KIB;
}

static void note_first(unsigned first, unsigned last, void *context)
{
	int *lowest = context;

	(void)last;
	if (*lowest < 0 || (int)first < *lowest)
		*lowest = (int)first;
}

/* The lowest CPU of those that share a cache; -1: unknown. */
static int first_sharer(int root, int cpu, int index)
{
	char path[PATH_SIZE], text[4096];
	int lowest = -1;

	snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%d/cache/index%d/shared_cpu_list",
		 cpu, index);
	if (mk_sysfs_read(root, path, text, sizeof(text)) < 0)
		return -1;
	mk_parse_list(text, note_first, &lowest);
	return lowest;
}

/* The largest cache of a CPU, where it is not counted with another one of CPUS. */
static size_t own_cache_size(int root, int cpu, const cpu_set_t *cpus)
{
	size_t largest = 0;
	int chosen = 0, first;

	for (int index = 0; index < CACHE_LIMIT; index++) {
		size_t size = cache_size(root, cpu, index);

		if (size > largest) {
			largest = size;
			chosen = index;
		}
	}
	first = first_sharer(root, cpu, chosen);
	if (largest == 0 || first == cpu || first < 0)
		return largest;
	for (int other = first; other < cpu; other++)
		if (CPU_ISSET(other, cpus) && first_sharer(root, other, chosen) == first)
			return 0;
	return largest;
}

size_t mk_bench_cache_size(const cpu_set_t *cpus)
{
	int root = mk_sysfs_open("/");
	size_t size = 0;

	if (root < 0)
		return 0;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, cpus))
			size += own_cache_size(root, cpu, cpus);
	mk_sysfs_close(root);
	return size;
}

static size_t free_on_node(int root, unsigned node)
{
	char path[PATH_SIZE], key[TEXT_SIZE], text[TEXT_SIZE];
	const char *at = text;
	uint64_t kib = 0;

	snprintf(path, sizeof(path), "sys/devices/system/node/node%u/meminfo", node);
	snprintf(key, sizeof(key), "Node %u MemFree:", node);
	if (mk_sysfs_line(root, path, key, text, sizeof(text)) != 0 &&
	    mk_sysfs_line(root, "proc/meminfo", "MemFree:", text, sizeof(text)) != 0)
		return 0;
	while (*at == ' ')
		at++;
	return mk_parse_digits(&at, 10, &kib) ? kib * MK_KIB : 0;
}

static size_t free_size(const struct mk_nodeset *nodes)
{
	int root = mk_sysfs_open("/");
	size_t size = 0;

	if (root < 0)
		return 0;
	mk_nodeset_for_each (node, nodes)
		size += free_on_node(root, node);
	mk_sysfs_close(root);
	return size;
}

static size_t power_of_two_up(size_t size)
{
	return (size_t)1 << (mk_log2(size - 1) + 1);
}

/* Half of what is free on the nodes is the most. */
static bool choose_size(struct mk_bench_row *row, const struct mk_nodeset *nodes, size_t caches)
{
	size_t wanted = power_of_two_up(mk_max_size(CACHE_SHARE * caches, LEAST_SIZE));
	size_t least = mk_max_size(LEAST_SHARE * caches, SMALLEST_SIZE);
	size_t allowed = free_size(nodes) / 2;

	while (wanted > mk_min_size(allowed, MOST_SIZE) && wanted / 2 >= least)
		wanted /= 2;
	if (wanted > allowed)
		return leave_out(row, "it takes %zu MiB, and half of what is free is %zu MiB",
				 wanted / MK_MIB, allowed / MK_MIB);
	row->size = wanted;
	return true;
}

static const struct mk_nodeset *allowed_nodes(void)
{
	return mk_topology_set(mk_topology_get(), MK_SET_ALLOWED);
}

/* Sets the nodes on which the pages are: 0 or -errno. */
static int locate(const struct mk_bench_memory *memory, struct mk_nodeset *ret_nodes)
{
	size_t page_size = mk_vm_page_size();
	char *at = memory->base, *end = at + memory->size;
	void *pages[BATCH_COUNT];
	int nodes[BATCH_COUNT];

	mk_nodeset_clear(ret_nodes);
	/* Where there is one node it need not be asked for, which containers may forbid. */
	if (mk_nodeset_count(allowed_nodes()) == 1) {
		*ret_nodes = *allowed_nodes();
		return 0;
	}
	while (at < end) {
		size_t count = 0;
		int error;

		for (; count < BATCH_COUNT && at < end; at += page_size)
			pages[count++] = at;
		error = mk_policy_locate(pages, count, nodes);
		if (error != 0)
			return error;
		for (size_t i = 0; i < count; i++) {
			if (nodes[i] < 0)
				return nodes[i];
			mk_nodeset_add(ret_nodes, (unsigned)nodes[i]);
		}
	}
	return 0;
}

static bool is_interleaved(const void *base)
{
	struct mk_nodeset nodes;
	int mode;

	if (mk_policy_get(base, &mode, &nodes) != 0)
		return false;
	mode &= ~MK_POLICY_STATIC_NODES;
	return mode == MK_POLICY_INTERLEAVE || mode == MK_POLICY_WEIGHTED;
}

/*
 * Touches the memory, and looks where it is. Huge pages, where the kernel has them to give: else it
 * would be the search for the page that is measured. What is interleaved is so by small pages.
 */
static bool fill(struct mk_bench_row *row, const struct mk_bench_memory *memory,
		 const struct mk_nodeset *meant)
{
	int error;

	if (!is_interleaved(memory->base))
		madvise(memory->base, memory->size, MADV_HUGEPAGE);
	memset(memory->base, 1, memory->size);
	error = locate(memory, &row->nodes);
	if (error != 0)
		return leave_out(row, "the kernel does not tell where pages are: %s",
				 strerror(-error));
	if (!mk_nodeset_is_subset(&row->nodes, meant))
		return leave_out(row, "its pages lie on other nodes than they should");
	return true;
}

static bool get_of_node(struct mk_bench_row *row, size_t caches, struct mk_bench_memory *memory)
{
	struct mk_nodeset nodes = {0};
	int error;

	mk_nodeset_add(&nodes, (unsigned)row->node);
	if (!choose_size(row, &nodes, caches))
		return false;
	memory->size = row->size;
	error = mk_vm_reserve(memory->size, 2 * MK_MIB, &memory->base);
	if (error != 0)
		return leave_out(row, "no address space: %s", strerror(-error));
	error = mk_policy_set(memory->base, memory->size, MK_POLICY_BIND, &nodes);
	/* Where there is one node all of it is there. */
	if (error != 0 && mk_nodeset_count(allowed_nodes()) == 1)
		error = 0;
	if (error == 0)
		error = mk_vm_commit(memory->base, memory->size);
	return error == 0 || leave_out(row, "memory can't be bound: %s", strerror(-error));
}

/* The nodes to which a kind's block is bound. */
static void nodes_of_block(const struct mk_bench_row *row, const void *block,
			   struct mk_nodeset *ret_nodes, struct mk_nodeset *ret_likely)
{
	int mode = MK_POLICY_DEFAULT;

	*ret_nodes = *allowed_nodes();
	if (mk_policy_get(block, &mode, ret_likely) != 0 || mode == MK_POLICY_DEFAULT) {
		mk_nodeset_clear(ret_likely);
		mk_nodeset_add(ret_likely, row->cpu_node);
	} else if ((mode & ~MK_POLICY_STATIC_NODES) == MK_POLICY_BIND) {
		*ret_nodes = *ret_likely;
	}
}

/* A page of the kind tells what it is bound to, before more of it is taken. */
static bool get_of_kind(struct mk_bench_row *row, size_t caches, struct mk_bench_memory *memory,
			struct mk_nodeset *ret_meant)
{
	struct mk_nodeset likely;
	void *page = NULL;

	if (memkind_posix_memalign(row->kind, &page, mk_vm_page_size(), mk_vm_page_size()) != 0)
		return leave_out(row, "it gives no memory");
	nodes_of_block(row, page, ret_meant, &likely);
	memkind_free(row->kind, page);
	if (!choose_size(row, &likely, caches))
		return false;
	memory->kind = row->kind;
	memory->size = row->size;
	if (memkind_posix_memalign(row->kind, &memory->base, 2 * MK_MIB, memory->size) != 0)
		return leave_out(row, "it does not give %zu MiB", memory->size / MK_MIB);
	return true;
}

int mk_bench_find_node(struct mk_bench_row *row)
{
	struct mk_bench_memory sample = {.kind = row->kind,
					 .size = SAMPLE_PAGES * mk_vm_page_size()};
	int node = -1;

	if (memkind_posix_memalign(row->kind, &sample.base, mk_vm_page_size(), sample.size) != 0)
		return -1;
	memset(sample.base, 1, sample.size);
	if (locate(&sample, &row->nodes) == 0 && mk_nodeset_count(&row->nodes) == 1)
		node = (int)mk_nodeset_next(&row->nodes, 0);
	mk_bench_put_memory(&sample);
	return node;
}

bool mk_bench_get_memory(struct mk_bench_row *row, size_t cache_size,
			 struct mk_bench_memory *ret_memory)
{
	struct mk_bench_memory memory = {0};
	struct mk_nodeset meant = {0};
	bool is_there;

	if (row->kind != NULL) {
		is_there = get_of_kind(row, cache_size, &memory, &meant);
	} else {
		mk_nodeset_add(&meant, (unsigned)row->node);
		is_there = get_of_node(row, cache_size, &memory);
	}
	if (is_there && memory.base != NULL && fill(row, &memory, &meant)) {
		*ret_memory = memory;
		return true;
	}
	if (memory.base != NULL)
		mk_bench_put_memory(&memory);
	return false;
}

void mk_bench_put_memory(const struct mk_bench_memory *memory)
{
	if (memory->kind == NULL) {
		mk_vm_release(memory->base, memory->size);
		return;
	}
	memkind_free(memory->kind, memory->base);
	memkind_ng_trim(memory->kind);
}
