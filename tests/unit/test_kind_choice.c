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
#include "written_machine.h"

static const struct written_machine tied_at_0 = {
	{"0-1", "2-3"},
	{"10 21 17 17", "21 10 28 17", "17 28 10 28", "17 17 28 10"},
	"0-3",
	"0-3",
};

static int judge(enum mk_kind_id id, const struct mk_topology *topology)
{
	const char *reason = NULL;
	int status = mk_choice_judge(&mk_kinds[id], topology, &reason);

	assert_int_equal(status == 0, reason == NULL);
	return status;
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

static void every_kind_is_placed_as_its_row_says(void **state)
{
	static const enum mk_kind_id available[] = {
		MK_KIND_DEFAULT,
		MK_KIND_REGULAR,
		MK_KIND_INTERLEAVE,
		MK_KIND_DAX_KMEM,
		MK_KIND_DAX_KMEM_ALL,
		MK_KIND_DAX_KMEM_PREFERRED,
		MK_KIND_DAX_KMEM_INTERLEAVE,
	};
	const struct mk_topology *topology = build(&four_nodes);

	(void)state;
	for (size_t i = 0; i < MK_ARRAY_SIZE(available); i++)
		assert_int_equal(judge(available[i], topology), 0);
	for (unsigned node = 0; node < 2; node++) {
		const uint64_t near = UINT64_C(1) << (node + 2);

		assert_place(MK_KIND_DEFAULT, topology, node, PLACE(MK_POLICY_DEFAULT, -1), 0);
		assert_place(MK_KIND_REGULAR, topology, node, PLACE(MK_POLICY_BIND, -1), 3);
		assert_place(MK_KIND_INTERLEAVE, topology, node, PLACE(MK_POLICY_INTERLEAVE, -1),
			     15);
		assert_place(MK_KIND_DAX_KMEM, topology, node, PLACE(MK_POLICY_BIND, -1), near);
		assert_place(MK_KIND_DAX_KMEM_ALL, topology, node, PLACE(MK_POLICY_BIND, (int)node),
			     12);
		assert_place(MK_KIND_DAX_KMEM_PREFERRED, topology, node,
			     PLACE(MK_POLICY_PREFERRED, -1), near);
		assert_place(MK_KIND_DAX_KMEM_INTERLEAVE, topology, node,
			     PLACE(MK_POLICY_INTERLEAVE, -1), 12);
	}
	assert_int_equal(mk_choice_mode_flags(topology), 0);
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
	assert_int_equal(judge(MK_KIND_DAX_KMEM, topology), MEMKIND_ERROR_MBIND);
	assert_int_equal(judge(MK_KIND_DAX_KMEM_ALL, topology), MEMKIND_ERROR_MBIND);
	assert_int_equal(judge(MK_KIND_DAX_KMEM_PREFERRED, topology), MEMKIND_ERROR_MBIND);
	assert_int_equal(judge(MK_KIND_INTERLEAVE, topology), 0);
	assert_place(MK_KIND_INTERLEAVE, topology, 0, PLACE(MK_POLICY_DEFAULT, -1), 0);
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
	return cmocka_run_group_tests(tests, NULL, remove_root);
}
