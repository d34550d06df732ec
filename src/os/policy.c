/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory policy by raw system calls: libnuma's constructor changes the policy of the process. */
#include "os/policy.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_set_mempolicy_home_node
#define SYS_set_mempolicy_home_node 450
#endif

enum {
	/* The kernel uses one bit fewer than it is told. */
	MAX_NODE = MK_NODE_LIMIT + 1,
	FLAG_ADDRESS = 1 << 1,
	FLAG_MEMS_ALLOWED = 1 << 2,
	FLAG_STRICT = 1 << 0, /* of mbind(2) */
	FLAG_MOVE = 1 << 1,   /* of mbind(2) and move_pages(2) */
};

const char *mk_policy_name(enum mk_policy_mode mode)
{
	static const char *const names[] = {
		[MK_POLICY_DEFAULT] = "default",   [MK_POLICY_PREFERRED] = "preferred",
		[MK_POLICY_BIND] = "bind",	   [MK_POLICY_INTERLEAVE] = "interleave",
		[MK_POLICY_WEIGHTED] = "weighted",
	};

	return names[mode];
}

static int finish(long result, int saved_errno)
{
	int error = result == 0 ? 0 : -errno;

	errno = saved_errno;
	return error;
}

static int bind_range(void *base, size_t size, int mode, const struct mk_nodeset *nodes,
		      unsigned flags)
{
	int saved_errno = errno;

	return finish(syscall(SYS_mbind, base, size, mode, nodes->word, MAX_NODE, flags),
		      saved_errno);
}

int mk_policy_set(void *base, size_t size, int mode, const struct mk_nodeset *nodes)
{
	return bind_range(base, size, mode, nodes, 0);
}

int mk_policy_set_strictly(void *base, size_t size, int mode, const struct mk_nodeset *nodes)
{
	return bind_range(base, size, mode, nodes, FLAG_STRICT);
}

int mk_policy_move(void *base, size_t size, int mode, const struct mk_nodeset *nodes)
{
	return bind_range(base, size, mode, nodes, FLAG_MOVE);
}

int mk_policy_set_home(void *base, size_t size, unsigned node)
{
	int saved_errno = errno;

	return finish(syscall(SYS_set_mempolicy_home_node, base, size, (unsigned long)node, 0UL),
		      saved_errno);
}

/* The kernel wants room for all its possible nodes and a bit, up to a page of mask. */
static int ask(int *ret_mode, struct mk_nodeset *ret_nodes, const void *address, unsigned flags)
{
	struct mk_nodeset nodes;
	int saved_errno = errno;
	int mode = 0;
	int error;

	mk_nodeset_clear(&nodes);
	error = finish(syscall(SYS_get_mempolicy, &mode, nodes.word, MAX_NODE - 1, address, flags),
		       saved_errno);
	if (error != 0)
		return error;
	if (ret_mode != NULL)
		*ret_mode = mode;
	*ret_nodes = nodes;
	return 0;
}

int mk_policy_get(const void *address, int *ret_mode, struct mk_nodeset *ret_nodes)
{
	return ask(ret_mode, ret_nodes, address, FLAG_ADDRESS);
}

int mk_policy_locate(void *const *pages, size_t count, int *ret_nodes)
{
	const int *no_targets = NULL; /* nothing is moved */
	int saved_errno = errno;

	return finish(syscall(SYS_move_pages, 0, count, pages, no_targets, ret_nodes, 0),
		      saved_errno);
}

/* What is above 0 counts pages that were not moved; not all of them have an answer then. */
int mk_policy_send(void *const *pages, size_t count, const int *nodes, int *answers)
{
	int saved_errno = errno;
	long result = syscall(SYS_move_pages, 0, count, pages, nodes, answers, FLAG_MOVE);

	return finish(result > 0 ? 0 : result, saved_errno);
}

int mk_policy_get_allowed(struct mk_nodeset *ret_nodes)
{
	return ask(NULL, ret_nodes, NULL, FLAG_MEMS_ALLOWED);
}
