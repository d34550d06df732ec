/* SPDX-License-Identifier: BSD-2-Clause */
/* Fork handlers: a child that has one thread must not find a lock that another thread held. */
#include "api/fork.h"

#include <pthread.h>

#include "heap/background.h"
#include "heap/fork.h"
#include "kind/dynamic.h"
#include "kind/kind.h"
#include "topology/topology.h"

/* In the order of enum mk_rank; what may take long comes when all others wait already. */
static void prepare(void)
{
	mk_background_lock_for_fork();
	mk_dynamic_lock_for_fork();
	mk_kind_lock_for_fork();
	mk_topology_lock_for_fork();
	mk_heap_lock_all_for_fork();
	mk_dynamic_prepare_fork();
}

static void resume_parent(void)
{
	mk_dynamic_resume_parent();
	mk_heap_unlock_all_for_fork();
	mk_topology_unlock_for_fork();
	mk_kind_unlock_for_fork();
	mk_dynamic_unlock_for_fork();
	mk_background_unlock_for_fork();
}

static void resume_child(void)
{
	mk_heap_reset_all_in_child();
	mk_topology_reset_in_child();
	mk_kind_reset_in_child();
	mk_dynamic_reset_in_child();
	mk_background_reset_in_child();
}

/*
 * Prepare handlers run in the reverse order of registration: one registered at the first allocation
 * could take our locks before an application's handler that still allocates.
 */
__attribute__((constructor)) void mk_fork_register(void)
{
	pthread_atfork(prepare, resume_parent, resume_child);
}
