/* SPDX-License-Identifier: BSD-2-Clause */
/* What the test programs share: kinds by name, where pages are, what policy they have. */
#include "probe.h"

#include <dlfcn.h>
#include <errno.h>
#include <memkind_ng.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MASK_BITS      1024
#define POLICY_ADDRESS 2 /* MPOL_F_ADDR */
#define FLAG_STATIC    0x8000
#define FLAG_RELATIVE  0x4000

void probe_die(const char *format, ...)
{
	int error = errno;
	va_list arguments;

	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, error != 0 ? ": %s\n" : "\n", strerror(error));
	exit(2);
}

/* What libmemkind 1.14, with which all programs of this folder link, too, does not have. */
#pragma weak memkind_ng_create_from

/* A kind that libmemkind 1.14 does not have. */
static memkind_t new_kind(const char *name)
{
	char handle[64], error[256];
	const memkind_t *kind;
	memkind_t made;

	if (strchr(name, '=') != NULL && memkind_ng_create_from != NULL) {
		if (memkind_ng_create_from(name, &made, error, sizeof(error)) != 0)
			probe_die("%s", error);
		return made;
	}
	snprintf(handle, sizeof(handle), "MEMKIND_%s", name);
	kind = dlsym(RTLD_DEFAULT, handle);
	errno = 0;
	if (kind == NULL)
		probe_die("unknown kind %s", name);
	return *kind;
}

memkind_t probe_kind(const char *name)
{
	const struct {
		const char *name;
		memkind_t kind;
	} rows[] = {
#define ROW(id) {#id, MEMKIND_##id}
		ROW(DEFAULT),
		ROW(REGULAR),
		ROW(INTERLEAVE),
		ROW(DAX_KMEM),
		ROW(DAX_KMEM_ALL),
		ROW(DAX_KMEM_PREFERRED),
		ROW(DAX_KMEM_INTERLEAVE),
		ROW(HBW),
		ROW(HBW_ALL),
		ROW(HBW_PREFERRED),
		ROW(HBW_INTERLEAVE),
		ROW(HUGETLB),
		ROW(HBW_HUGETLB),
		ROW(HBW_ALL_HUGETLB),
		ROW(HBW_PREFERRED_HUGETLB),
		ROW(HIGHEST_CAPACITY),
		ROW(HIGHEST_CAPACITY_PREFERRED),
		ROW(HIGHEST_CAPACITY_LOCAL),
		ROW(HIGHEST_CAPACITY_LOCAL_PREFERRED),
		ROW(LOWEST_LATENCY_LOCAL),
		ROW(LOWEST_LATENCY_LOCAL_PREFERRED),
		ROW(HIGHEST_BANDWIDTH_LOCAL),
		ROW(HIGHEST_BANDWIDTH_LOCAL_PREFERRED),
#undef ROW
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(name, rows[i].name) == 0)
			return rows[i].kind;
	}
	return new_kind(name);
}

void probe_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		probe_die("CPU %d", cpu);
}

unsigned long probe_parse_nodes(const char *text)
{
	unsigned long mask = 0;

	while (*text != '\0') {
		char *end;
		unsigned long first = strtoul(text, &end, 10);
		unsigned long last = *end == '-' ? strtoul(end + 1, &end, 10) : first;

		if (last >= PROBE_NODES || first > last || (*end != ',' && *end != '\0'))
			probe_die("bad list of nodes: %s", text);
		for (unsigned long node = first; node <= last; node++)
			mask |= 1UL << node;
		text = *end == ',' ? end + 1 : end;
	}
	return mask;
}

void probe_nodes_of(void **pages, size_t page_count, int *ret_nodes)
{
	if (syscall(SYS_move_pages, 0, page_count, pages, NULL, ret_nodes, 0) != 0)
		probe_die("move_pages");
}

void probe_locate_pages(void **pages, size_t page_count, struct probe_count *count)
{
	int nodes[PROBE_PAGES_AT_ONCE];

	if (page_count == 0)
		return;
	probe_nodes_of(pages, page_count, nodes);
	for (size_t i = 0; i < page_count; i++) {
		if (nodes[i] >= 0 && nodes[i] < PROBE_NODES)
			count->on_node[nodes[i]]++;
		else
			count->elsewhere++;
	}
}

void probe_locate(const void *start, size_t size, struct probe_count *count)
{
	uintptr_t first = (uintptr_t)start & ~(PROBE_PAGE_SIZE - 1);
	size_t left = ((uintptr_t)start + size - first + PROBE_PAGE_SIZE - 1) / PROBE_PAGE_SIZE;

	while (left > 0) {
		void *pages[PROBE_PAGES_AT_ONCE];
		size_t now = left < PROBE_PAGES_AT_ONCE ? left : PROBE_PAGES_AT_ONCE;

		for (size_t i = 0; i < now; i++)
			pages[i] = (void *)(first + i * PROBE_PAGE_SIZE);
		probe_locate_pages(pages, now, count);
		first += now * PROBE_PAGE_SIZE;
		left -= now;
	}
}

size_t probe_outside(const struct probe_count *count, unsigned long mask)
{
	size_t outside = count->elsewhere;

	for (int node = 0; node < PROBE_NODES; node++) {
		if ((mask >> node & 1) == 0)
			outside += count->on_node[node];
	}
	return outside;
}

/* Appends ":0-1,3"; nothing for an empty mask. */
static void append_nodes(char *text, size_t size, unsigned long mask)
{
	size_t length = strlen(text);
	char separator = ':';

	for (int node = 0; node < PROBE_NODES; node++) {
		int last = node;

		if ((mask >> node & 1) == 0)
			continue;
		while (last + 1 < PROBE_NODES && (mask >> (last + 1) & 1) != 0)
			last++;
		length += (size_t)snprintf(text + length, size - length,
					   last > node ? "%c%d-%d" : "%c%d", separator, node, last);
		separator = ',';
		node = last;
	}
}

void probe_policy(const void *address, char text[PROBE_POLICY_SIZE])
{
	static const char *const modes[] = {"default", "preferred",	 "bind",    "interleave",
					    "local",   "preferred-many", "weighted"};
	unsigned long mask[MASK_BITS / (8 * sizeof(unsigned long))] = {0};
	int mode = 0;
	int plain;

	/* The kernel uses one bit less than it is told. */
	if (syscall(SYS_get_mempolicy, &mode, mask, MASK_BITS + 1, address, POLICY_ADDRESS) != 0)
		probe_die("get_mempolicy");
	plain = mode & ~(FLAG_STATIC | FLAG_RELATIVE);
	if (plain < 0 || plain >= (int)(sizeof(modes) / sizeof(modes[0])))
		snprintf(text, PROBE_POLICY_SIZE, "mode-%d", plain);
	else
		snprintf(text, PROBE_POLICY_SIZE, "%s%s%s", modes[plain],
			 (mode & FLAG_STATIC) != 0 ? "+static" : "",
			 (mode & FLAG_RELATIVE) != 0 ? "+relative" : "");
	append_nodes(text, PROBE_POLICY_SIZE, mask[0]);
}

long probe_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

long probe_number_of(const char *path, const char *key)
{
	char line[256];
	long sum = 0;
	FILE *file = fopen(path, "re");

	if (file == NULL)
		probe_die("%s", path);
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			sum += strtol(line + strlen(key), NULL, 10);
	fclose(file);
	return sum;
}

size_t probe_free_size(unsigned node)
{
	char path[64], key[64];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/meminfo", node);
	snprintf(key, sizeof(key), "Node %u MemFree:", node);
	return (size_t)probe_number_of(path, key) * 1024;
}
