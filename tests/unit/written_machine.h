/* SPDX-License-Identifier: BSD-2-Clause */
/* Small machines written down in a test, as a tree that mk_topology_read() reads. */
#ifndef TESTS_UNIT_WRITTEN_MACHINE_H
#define TESTS_UNIT_WRITTEN_MACHINE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "topology/topology.h"

enum {
	NODE_COUNT = 4,
	NODE_MIB = 1024,
};

struct written_machine {
	const char *cpus[NODE_COUNT]; /* NULL: none */
	const char *distances[NODE_COUNT];
	const char *allowed_nodes;
	const char *allowed_cpus;
};

/* Two sockets with two CPUs each, 0 and 1; nodes 2 and 3 are near to one of them each. */
static const struct written_machine four_nodes = {
	{"0-1", "2-3"},
	{"10 21 17 28", "21 10 28 17", "17 28 10 28", "28 17 28 10"},
	"0-3",
	"0-3",
};

/* mkdtemp() it before the first use. */
static char root[] = "/tmp/mk-machine-XXXXXX";

/* Writes a file below the root and makes its folders. */
static void put(const char *path, const char *text)
{
	char full[512];
	int file;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	for (char *slash = strchr(full + strlen(root) + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0700);
		*slash = '/';
	}
	file = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(file >= 0);
	assert_int_equal(write(file, text, strlen(text)), strlen(text));
	assert_int_equal(write(file, "\n", 1), 1);
	close(file);
}

static void put_node(const struct written_machine *machine, unsigned node)
{
	const char *cpus = machine->cpus[node] == NULL ? "" : machine->cpus[node];
	char path[128], text[128];

	snprintf(path, sizeof(path), "sys/devices/system/node/node%u/cpulist", node);
	put(path, cpus);
	snprintf(path, sizeof(path), "sys/devices/system/node/node%u/distance", node);
	put(path, machine->distances[node]);
	snprintf(path, sizeof(path), "sys/devices/system/node/node%u/meminfo", node);
	snprintf(text, sizeof(text), "Node %u MemTotal:       %u kB\nNode %u MemFree:        1 kB",
		 node, NODE_MIB * 1024, node);
	put(path, text);
}

/* The latest one: every call writes the tree anew. */
static const struct mk_topology *build(const struct written_machine *machine)
{
	const struct mk_topology *topology;
	char status[256];

	put("sys/devices/system/node/possible", "0-3");
	put("sys/devices/system/node/online", "0-3");
	put("sys/devices/system/node/has_cpu", machine->cpus[0] == NULL ? "1" : "0-1");
	put("sys/devices/system/node/has_memory", "0-3");
	put("sys/devices/system/node/has_normal_memory", "0-3");
	put("sys/devices/system/cpu/possible", "0-3");
	put("sys/devices/system/cpu/online", "0-3");
	for (unsigned node = 0; node < NODE_COUNT; node++)
		put_node(machine, node);
	snprintf(status, sizeof(status),
		 "Name:\ttest\nCpus_allowed_list:\t%s\nMems_allowed_list:\t%s",
		 machine->allowed_cpus, machine->allowed_nodes);
	put("proc/self/status", status);
	assert_int_equal(mk_topology_read(root, &topology), 0);
	return topology;
}

static int remove_root(void **state)
{
	char command[sizeof(root) + 16];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

#endif
