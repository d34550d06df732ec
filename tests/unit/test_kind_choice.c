/* SPDX-License-Identifier: BSD-2-Clause */
/* Verdicts and placements on machines that are written down here, with the far nodes named. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bits.h"
#include "kind/choice.h"
#include "kind/status.h"
#include "written_machine.h"

static const struct written_machine tied_at_0 = {
	{"0-1", "2-3"},
	{"10 21 17 17", "21 10 28 17", "17 28 10 28", "17 17 28 10"},
	"0-3",
	"0-3",
};

static int judge(enum mk_kind_id id, const struct mk_topology *topology)
{
	const struct mk_reason *reason = NULL;
	int status = mk_choice_judge(&mk_kinds[id], topology, &reason);

	assert_int_equal(status == 0, reason == NULL);
	return status;
}

static void assert_remedy(enum mk_kind_id id, const struct mk_topology *topology,
			  const char *expected)
{
	const struct mk_reason *reason = NULL;
	char remedy[512], cut[8];
	size_t length;

	assert_int_not_equal(mk_choice_judge(&mk_kinds[id], topology, &reason), 0);
	length = mk_status_write_remedy(&mk_kinds[id], topology, reason, remedy, sizeof(remedy));
	assert_string_equal(remedy, expected);
	assert_int_equal(length, strlen(expected));
	assert_int_equal(mk_status_write_remedy(&mk_kinds[id], topology, reason, NULL, 0), length);
	mk_status_write_remedy(&mk_kinds[id], topology, reason, cut, sizeof(cut));
	assert_int_equal(strncmp(cut, expected, sizeof(cut) - 1), 0);
	assert_int_equal(strlen(cut), sizeof(cut) - 1);
}

static uint64_t mask_of(const struct mk_nodeset *nodes)
{
	return nodes->word[0];
}

static void assert_place(enum mk_kind_id id, const struct mk_topology *topology, unsigned cpu_node,
			 struct mk_placement expected, uint64_t mask)
{
	struct mk_placement placement;

	assert_int_equal(mk_choice_place(&mk_kinds[id], topology, cpu_node, &placement), 0);
	assert_int_equal(placement.mode, expected.mode);
	assert_int_equal(placement.home, expected.home);
	assert_int_equal(mask_of(&placement.nodes), mask);
}

#define PLACE(mode_, home_) ((struct mk_placement){.mode = (mode_), .home = (home_)})

/* Where a kind is placed on CPU node 0 and 1; home is -1 or the CPU node. */
struct place {
	enum mk_kind_id id;
	enum mk_policy_mode mode;
	bool has_home;
	uint64_t at_node_0, at_node_1;
};

static void assert_places(const struct mk_topology *topology, const struct place *rows,
			  size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct place *row = &rows[i];

		assert_int_equal(judge(row->id, topology), 0);
		assert_place(row->id, topology, 0, PLACE(row->mode, row->has_home ? 0 : -1),
			     row->at_node_0);
		assert_place(row->id, topology, 1, PLACE(row->mode, row->has_home ? 1 : -1),
			     row->at_node_1);
	}
}

/* The nodes are of one size: P14. Far nodes and those of high bandwidth are 2 and 3. */
static void every_kind_is_placed_as_its_row_says(void **state)
{
	static const struct place rows[] = {
		{MK_KIND_DEFAULT, MK_POLICY_DEFAULT, false, 0, 0},
		{MK_KIND_REGULAR, MK_POLICY_BIND, false, 3, 3},
		{MK_KIND_INTERLEAVE, MK_POLICY_INTERLEAVE, false, 15, 15},
		{MK_KIND_DAX_KMEM, MK_POLICY_BIND, false, 4, 8},
		{MK_KIND_DAX_KMEM_ALL, MK_POLICY_BIND, true, 12, 12},
		{MK_KIND_DAX_KMEM_PREFERRED, MK_POLICY_PREFERRED, false, 4, 8},
		{MK_KIND_DAX_KMEM_INTERLEAVE, MK_POLICY_INTERLEAVE, false, 12, 12},
		{MK_KIND_HBW, MK_POLICY_BIND, false, 4, 8},
		/* P16: all are all, on each socket. */
		{MK_KIND_HBW_ALL, MK_POLICY_BIND, true, 12, 12},
		{MK_KIND_HBW_PREFERRED, MK_POLICY_PREFERRED, false, 4, 8},
		{MK_KIND_HBW_INTERLEAVE, MK_POLICY_INTERLEAVE, false, 12, 12},
		{MK_KIND_HIGHEST_CAPACITY, MK_POLICY_BIND, true, 15, 15},
		{MK_KIND_HIGHEST_CAPACITY_PREFERRED, MK_POLICY_PREFERRED, false, 1, 2},
		{MK_KIND_HIGHEST_CAPACITY_LOCAL, MK_POLICY_BIND, false, 4, 8},
		{MK_KIND_HIGHEST_CAPACITY_LOCAL_PREFERRED, MK_POLICY_PREFERRED, false, 4, 8},
	};
	const struct mk_topology *topology = build(&four_nodes);

	(void)state;
	assert_places(topology, rows, MK_ARRAY_SIZE(rows));
	assert_int_equal(mk_choice_mode_flags(topology), 0);
}

static void put_figures(unsigned node, unsigned initiator, const char *bandwidth,
			const char *latency)
{
	static const char *const names[] = {"read_bandwidth", "write_bandwidth", "read_latency",
					    "write_latency"};
	char path[128];

	for (unsigned i = 0; i < MK_ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "sys/devices/system/node/node%u/access1/initiators/%s",
			 node, names[i]);
		put(path, i < 2 ? bandwidth : latency);
	}
	snprintf(path, sizeof(path), "sys/devices/system/node/node%u/access1/initiators/node%u/x",
		 node, initiator);
	put(path, "");
}

/* P15: only the first socket has figures, and fast memory; the second one gets the nearest. */
static void a_socket_without_figures_gets_the_nearest(void **state)
{
	static const struct place rows[] = {
		{MK_KIND_LOWEST_LATENCY_LOCAL, MK_POLICY_BIND, false, 1, 1},
		{MK_KIND_LOWEST_LATENCY_LOCAL_PREFERRED, MK_POLICY_PREFERRED, false, 1, 1},
		{MK_KIND_HIGHEST_BANDWIDTH_LOCAL, MK_POLICY_BIND, false, 4, 1},
		{MK_KIND_HIGHEST_BANDWIDTH_LOCAL_PREFERRED, MK_POLICY_PREFERRED, false, 4, 1},
	};
	const struct mk_topology *topology = build(&four_nodes);

	(void)state;
	for (size_t i = 0; i < MK_ARRAY_SIZE(rows); i++)
		assert_int_equal(judge(rows[i].id, topology), MEMKIND_ERROR_MEMTYPE_NOT_AVAILABLE);
	put_figures(0, 0, "100000", "80");
	put_figures(2, 0, "300000", "120");
	assert_places(build(&four_nodes), rows, MK_ARRAY_SIZE(rows));
	assert_int_equal(remove_root(state), 0);
	assert_int_equal(mkdir(root, 0700), 0);
}

/* X4: as many as there are, and the kind is refused. */
static void nodes_as_large_and_as_close_refuse_the_preferred_kind(void **state)
{
	static const struct written_machine machine = {
		{"0-3", ""},
		{"10 21 17 17", "21 10 28 17", "17 28 10 28", "17 17 28 10"},
		"2-3",
		"0-3",
	};
	const struct mk_topology *topology = build(&machine);

	(void)state;
	assert_int_equal(judge(MK_KIND_HIGHEST_CAPACITY_PREFERRED, topology),
			 MEMKIND_ERROR_MEMTYPE_NOT_AVAILABLE);
	assert_int_equal(judge(MK_KIND_HIGHEST_CAPACITY, topology), 0);
	assert_place(MK_KIND_HIGHEST_CAPACITY, topology, 0, PLACE(MK_POLICY_BIND, 0), 12);
}

static void put_pool(unsigned node, const char *count)
{
	char path[128];

	snprintf(path, sizeof(path),
		 "sys/devices/system/node/node%u/hugepages/hugepages-2048kB/nr_hugepages", node);
	put(path, count);
}

static void huge_pages_are_of_the_nodes_that_have_some(void **state)
{
	static const struct place rows[] = {
		{MK_KIND_HUGETLB, MK_POLICY_DEFAULT, false, 0, 0},
		{MK_KIND_HBW_HUGETLB, MK_POLICY_BIND, false, 8, 8},
		{MK_KIND_HBW_ALL_HUGETLB, MK_POLICY_BIND, true, 8, 8},
		{MK_KIND_HBW_PREFERRED_HUGETLB, MK_POLICY_PREFERRED, false, 8, 8},
		{MK_KIND_HBW_GBTLB, MK_POLICY_BIND, false, 8, 8},
	};
	struct written_machine machine = four_nodes;
	struct mk_placement placement;

	(void)state;
	put_pool(0, "16");
	assert_int_equal(judge(MK_KIND_HUGETLB, build(&machine)), 0);
	assert_int_equal(judge(MK_KIND_HBW_HUGETLB, build(&machine)), MEMKIND_ERROR_HUGETLB);
	assert_remedy(MK_KIND_HBW_HUGETLB, build(&machine),
		      "fill a pool: echo NUMBER > /sys/devices/system/node/node2/hugepages/"
		      "hugepages-2048kB/nr_hugepages");
	assert_remedy(MK_KIND_HBW_GBTLB, build(&machine),
		      "fill a pool: echo NUMBER > /sys/devices/system/node/node2/hugepages/"
		      "hugepages-1048576kB/nr_hugepages");
	put_pool(3, "1");
	assert_places(build(&machine), rows, MK_ARRAY_SIZE(rows));
	assert_int_equal(
		mk_choice_place(&mk_kinds[MK_KIND_HBW_HUGETLB], build(&machine), 0, &placement), 0);
	assert_int_equal(placement.page_size, 2 * MK_MIB);
	/* What the kernel may add is of any node. */
	put("sys/kernel/mm/hugepages/hugepages-1048576kB/nr_overcommit_hugepages", "1");
	assert_int_equal(judge(MK_KIND_HBW_GBTLB, build(&machine)), 0);
	assert_int_equal(
		mk_choice_place(&mk_kinds[MK_KIND_HBW_GBTLB], build(&machine), 0, &placement), 0);
	assert_int_equal(placement.page_size, MK_GIB);
	assert_int_equal(mask_of(&placement.nodes), 4);
	/* B4: pages of other nodes do not count where there is no node. */
	machine.allowed_nodes = "0-1";
	assert_int_equal(judge(MK_KIND_HBW_HUGETLB, build(&machine)),
			 MEMKIND_ERROR_MEMTYPE_NOT_AVAILABLE);
	assert_int_equal(remove_root(state), 0);
	assert_int_equal(mkdir(root, 0700), 0);
}

static void capacity_counts_the_nodes_that_serve(void **state)
{
	const struct mk_topology *topology = build(&four_nodes);
	static const struct {
		enum mk_kind_id id;
		uint64_t at_node_0, at_node_1;
	} rows[] = {
		{MK_KIND_DEFAULT, 15, 15},	{MK_KIND_REGULAR, 3, 3},
		{MK_KIND_INTERLEAVE, 15, 15},	{MK_KIND_DAX_KMEM, 4, 8},
		{MK_KIND_DAX_KMEM_ALL, 12, 12}, {MK_KIND_DAX_KMEM_INTERLEAVE, 12, 12},
	};

	(void)state;
	for (size_t i = 0; i < MK_ARRAY_SIZE(rows); i++) {
		struct mk_nodeset nodes;

		assert_int_equal(judge(rows[i].id, topology), 0);
		mk_choice_serving_nodes(&mk_kinds[rows[i].id], topology, 0, &nodes);
		assert_int_equal(mask_of(&nodes), rows[i].at_node_0);
		mk_choice_serving_nodes(&mk_kinds[rows[i].id], topology, 1, &nodes);
		assert_int_equal(mask_of(&nodes), rows[i].at_node_1);
	}
}

static void a_tie_on_one_socket_refuses_the_preferred_kind_only(void **state)
{
	const struct mk_topology *topology = build(&tied_at_0);

	(void)state;
	assert_int_equal(judge(MK_KIND_DAX_KMEM_PREFERRED, topology), MEMKIND_ERROR_RUNTIME);
	assert_int_equal(judge(MK_KIND_HBW_PREFERRED, topology), MEMKIND_ERROR_RUNTIME);
	assert_remedy(MK_KIND_DAX_KMEM_PREFERRED, topology,
		      "nodes 2-3 are equally close to the CPUs of node 0: name one of them in "
		      "MEMKIND_DAX_KMEM_NODES, set MEMKIND_DAX_KMEM_TIES=all, run on other CPUs "
		      "(taskset), or use MEMKIND_DAX_KMEM, which takes them all");
	assert_int_equal(judge(MK_KIND_HBW, topology), 0);
	assert_int_equal(judge(MK_KIND_DAX_KMEM, topology), 0);
	assert_place(MK_KIND_DAX_KMEM, topology, 0, PLACE(MK_POLICY_BIND, -1), 12);
	assert_place(MK_KIND_DAX_KMEM, topology, 1, PLACE(MK_POLICY_BIND, -1), 8);
	assert_int_equal(judge(MK_KIND_DAX_KMEM_ALL, topology), 0);
	assert_int_equal(judge(MK_KIND_DAX_KMEM_INTERLEAVE, topology), 0);
}

static void a_process_on_the_untied_socket_may_prefer(void **state)
{
	struct written_machine machine = tied_at_0;
	const struct mk_topology *topology;
	struct mk_placement placement;

	(void)state;
	machine.allowed_cpus = "2-3";
	topology = build(&machine);
	assert_int_equal(judge(MK_KIND_DAX_KMEM_PREFERRED, topology), 0);
	assert_place(MK_KIND_DAX_KMEM_PREFERRED, topology, 1, PLACE(MK_POLICY_PREFERRED, -1), 8);
	/* A thread that gets there nevertheless has no node. */
	assert_int_equal(
		mk_choice_place(&mk_kinds[MK_KIND_DAX_KMEM_PREFERRED], topology, 0, &placement),
		MEMKIND_ERROR_RUNTIME);
}

static void a_cpuset_narrows_the_nodes_and_pins_their_ids(void **state)
{
	struct written_machine machine = four_nodes;
	const struct mk_topology *topology;

	(void)state;
	machine.allowed_nodes = "0,3";
	topology = build(&machine);
	assert_int_equal(judge(MK_KIND_DAX_KMEM, topology), 0);
	assert_place(MK_KIND_DAX_KMEM, topology, 0, PLACE(MK_POLICY_BIND, -1), 8);
	assert_int_equal(judge(MK_KIND_REGULAR, topology), 0);
	assert_place(MK_KIND_REGULAR, topology, 0, PLACE(MK_POLICY_BIND, -1), 1);
	assert_int_equal(judge(MK_KIND_INTERLEAVE, topology), 0);
	assert_place(MK_KIND_INTERLEAVE, topology, 0, PLACE(MK_POLICY_INTERLEAVE, -1), 9);
	assert_int_equal(mk_choice_mode_flags(topology), MK_POLICY_STATIC_NODES);
}

static void nodes_that_are_gone_make_the_kind_unavailable(void **state)
{
	struct written_machine machine = four_nodes;
	const struct mk_topology *topology;

	(void)state;
	machine.allowed_nodes = "0-1";
	topology = build(&machine);
	assert_int_equal(judge(MK_KIND_DAX_KMEM, topology), MEMKIND_ERROR_UNAVAILABLE);
	assert_remedy(MK_KIND_DAX_KMEM, topology,
		      "add them to cpuset.mems of its cgroup again; now it may use nodes 0-1");
	assert_int_equal(judge(MK_KIND_REGULAR, topology), 0);
}

static int deny_mbind(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mbind, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {MK_ARRAY_SIZE(filter), filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* The last one: the filter stays. */
static void without_mbind_no_kind_pretends(void **state)
{
	struct written_machine machine = four_nodes;
	const struct mk_topology *topology = build(&machine);

	(void)state;
	if (deny_mbind() != 0)
		skip();
	mk_choice_forget_probes();
	assert_int_equal(judge(MK_KIND_DEFAULT, topology), 0);
	assert_int_equal(judge(MK_KIND_REGULAR, topology), MEMKIND_ERROR_MBIND);
	assert_remedy(MK_KIND_REGULAR, topology,
		      "allow it in the seccomp filter, or add CAP_SYS_NICE");
	assert_int_equal(judge(MK_KIND_DAX_KMEM, topology), MEMKIND_ERROR_MBIND);
	assert_int_equal(judge(MK_KIND_DAX_KMEM_ALL, topology), MEMKIND_ERROR_MBIND);
	assert_int_equal(judge(MK_KIND_DAX_KMEM_PREFERRED, topology), MEMKIND_ERROR_MBIND);
	assert_int_equal(judge(MK_KIND_INTERLEAVE, topology), 0);
	assert_place(MK_KIND_INTERLEAVE, topology, 0, PLACE(MK_POLICY_DEFAULT, -1), 0);
	/* Another machine is only read about. */
	mk_choice_assume_mbind();
	assert_int_equal(judge(MK_KIND_REGULAR, topology), 0);
	mk_choice_forget_probes();
	/* Only DRAM is allowed: REGULAR is all that there is. */
	machine.allowed_nodes = "0-1";
	topology = build(&machine);
	assert_int_equal(judge(MK_KIND_REGULAR, topology), 0);
	assert_place(MK_KIND_REGULAR, topology, 0, PLACE(MK_POLICY_DEFAULT, -1), 0);
	/* Only far memory is allowed: all of it is closest to nobody, but ALL takes it all. */
	machine.allowed_nodes = "2-3";
	topology = build(&machine);
	assert_int_equal(judge(MK_KIND_DAX_KMEM_ALL, topology), 0);
	assert_int_equal(judge(MK_KIND_DAX_KMEM, topology), MEMKIND_ERROR_MBIND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_placed_as_its_row_says),
		cmocka_unit_test(a_socket_without_figures_gets_the_nearest),
		cmocka_unit_test(nodes_as_large_and_as_close_refuse_the_preferred_kind),
		cmocka_unit_test(huge_pages_are_of_the_nodes_that_have_some),
		cmocka_unit_test(capacity_counts_the_nodes_that_serve),
		cmocka_unit_test(a_tie_on_one_socket_refuses_the_preferred_kind_only),
		cmocka_unit_test(a_process_on_the_untied_socket_may_prefer),
		cmocka_unit_test(a_cpuset_narrows_the_nodes_and_pins_their_ids),
		cmocka_unit_test(nodes_that_are_gone_make_the_kind_unavailable),
		cmocka_unit_test(without_mbind_no_kind_pretends),
	};

	struct mk_nodeset node_0 = {.word = {1}};

	if (mk_anonymous_probe(MK_POLICY_BIND, &node_0) != 0) {
		printf("SKIP: mbind to node 0 is not possible here\n");
		return 77;
	}
	if (mkdtemp(root) == NULL)
		return 99;
	setenv("MEMKIND_DAX_KMEM_NODES", "2,3", 1);
	setenv("MEMKIND_HBW_NODES", "2,3", 1);
	return cmocka_run_group_tests(tests, NULL, remove_root);
}
