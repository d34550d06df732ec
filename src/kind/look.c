/* SPDX-License-Identifier: BSD-2-Clause */
/* The snapshot in use, the verdicts on the kinds, and looking again. */
#include "kind/look.h"

#include <stdio.h>

#include "base/lock.h"
#include "base/log.h"
#include "base/options.h"
#include "heap/limit.h"
#include "kind/choice.h"
#include "kind/exhaustion.h"
#include "kind/heaps.h"

enum { LOOK_INTERVAL_MS = 1000 };

static struct mk_lock kind_lock = MK_LOCK_INIT;

/* Guard: kind_lock; generation is read without it. */
static struct {
	const struct mk_topology *topology; /* NULL: not looked at yet */
	uint64_t looked_ms;
	uint64_t quiet_until_ms; /* a look for trouble changed nothing: no other one before this */
	bool has_rseq;
	_Atomic unsigned generation;
} machine;

/* The kinds with a description. Guard: kind_lock. */
static struct memkind *described;

void mk_look_lock(void)
{
	mk_lock_acquire(&kind_lock, MK_RANK_KIND);
}

void mk_look_unlock(void)
{
	mk_lock_release(&kind_lock, MK_RANK_KIND);
}

static int status_of(struct memkind *kind)
{
	/* Pairs with the release in judge(). */
	return atomic_load_explicit(&kind->status, memory_order_acquire);
}

static void judge(struct memkind *kind)
{
	const struct mk_reason *reason = NULL;
	int status = mk_choice_judge(kind, machine.topology, &reason);

	if (status != 0 && status != status_of(kind))
		mk_log_info("Kind %s is not available: %s.", kind->row->name, reason->text);
	kind->reason = reason;
	mk_refused_forget(&kind->refused);
	atomic_store_explicit(&kind->status, status, memory_order_release);
}

static void look_first(void)
{
	if (machine.topology != NULL)
		return;
	machine.topology = mk_topology_get();
	machine.looked_ms = mk_clock_ms();
	machine.has_rseq = mk_thread_start_rseq();
}

/* True: the verdict on the kind changed. */
static bool adapt(struct memkind *kind, bool is_new_snapshot)
{
	struct mk_nodeset nodes = kind->nodes;
	bool was_unbound = kind->is_unbound;
	int status = status_of(kind);
	bool has_changed;

	judge(kind);
	has_changed = status != status_of(kind) || was_unbound != kind->is_unbound ||
		      !mk_nodeset_is_equal(&nodes, &kind->nodes);
	if (has_changed || is_new_snapshot)
		mk_heaps_forget(kind);
	mk_heaps_set_mode_flags(kind, mk_choice_mode_flags(machine.topology));
	return has_changed;
}

/* All kinds, one after another: the first after NULL, and NULL after the last. */
static struct memkind *next_kind(struct memkind *kind)
{
	if (kind == NULL)
		return &mk_kinds[0];
	if (kind < &mk_kinds[0] || kind >= &mk_kinds[MK_KIND_COUNT])
		return kind->next;
	return kind + 1 < &mk_kinds[MK_KIND_COUNT] ? kind + 1 : described;
}

/* True: the verdict on one changed. */
static bool adapt_all(bool is_new_snapshot)
{
	bool has_changed = false;

	for (struct memkind *kind = next_kind(NULL); kind != NULL; kind = next_kind(kind))
		if (status_of(kind) != MK_KIND_NOT_ASKED)
			has_changed |= adapt(kind, is_new_snapshot);
	return has_changed;
}

/*
 * A commit repairs its heap only, and memory that is idle may have been moved with the node that it
 * was on: none of it is used again as it is.
 */
static void repair_heaps(bool has_changed)
{
	for (struct memkind *kind = next_kind(NULL); kind != NULL; kind = next_kind(kind)) {
		if (kind->partitions == NULL)
			continue;
		mk_heaps_repair(kind);
		if (has_changed)
			mk_heap_trim(kind);
	}
}

static bool look_again(void)
{
	const struct mk_topology *old;
	bool has_changed;

	look_first();
	old = machine.topology;
	machine.topology = mk_topology_rescan();
	machine.looked_ms = mk_clock_ms();
	has_changed = machine.topology != old;
	mk_choice_forget_probes();
	has_changed |= adapt_all(machine.topology != old);
	repair_heaps(has_changed);
	if (has_changed)
		/* Pairs with the acquire in mk_look_generation(). */
		atomic_fetch_add_explicit(&machine.generation, 1, memory_order_release);
	return has_changed;
}

static bool is_look_due(void)
{
	return mk_clock_ms() - machine.looked_ms >= LOOK_INTERVAL_MS;
}

void mk_look_add(struct memkind *kind)
{
	kind->next = described;
	described = kind;
}

void mk_look_remove(struct memkind *kind)
{
	struct memkind **link = &described;

	while (*link != kind)
		link = &(*link)->next;
	*link = kind->next;
}

const struct mk_topology *mk_look_topology(void)
{
	return machine.topology;
}

bool mk_look_has_rseq(void)
{
	return machine.has_rseq;
}

int mk_look_ask(struct memkind *kind)
{
	int status = status_of(kind);

	if (status == MK_KIND_NOT_ASKED) {
		mk_options_check();
		/* Who uses MEMKIND_DEFAULT alone never reads sysfs. */
		if (kind->row->source != MK_SOURCE_NONE)
			look_first();
		judge(kind);
	} else if (status != 0 && status != MEMKIND_ERROR_ENVIRON &&
		   kind->row->source != MK_SOURCE_NONE && is_look_due()) {
		look_again();
	}
	return status_of(kind);
}

void mk_look_for_stranger(unsigned cpu_node)
{
	if (machine.topology != NULL && is_look_due() &&
	    !mk_nodeset_has(mk_topology_set(machine.topology, MK_SET_CPU), cpu_node))
		look_again();
}

void mk_look_for_trouble(void)
{
	if (mk_clock_ms() >= machine.quiet_until_ms && !look_again())
		machine.quiet_until_ms = mk_clock_ms() + LOOK_INTERVAL_MS;
}

unsigned mk_look_generation(void)
{
	return atomic_load_explicit(&machine.generation, memory_order_acquire);
}

bool mk_look_has_successor(const struct memkind *kind)
{
	for (struct memkind *next = kind->then; next != NULL; next = next->then)
		if (mk_look_ask(next) == 0)
			return true;
	return false;
}

int mk_kind_check(struct memkind *kind, const struct mk_reason **ret_reason)
{
	const struct mk_reason *reason = NULL;
	int status = status_of(kind);

	if (status != 0) {
		mk_look_lock();
		status = mk_look_ask(kind);
		if (status != 0 && mk_look_has_successor(kind))
			status = 0;
		else
			reason = kind->reason;
		mk_look_unlock();
	}
	if (ret_reason != NULL)
		*ret_reason = reason;
	return status;
}

int mk_kind_nodes(struct memkind *kind, struct mk_nodeset *ret_nodes)
{
	unsigned cpu_node = mk_kind_position(kind).node;
	int status;

	mk_look_lock();
	look_first();
	status = mk_look_ask(kind);
	if (status == 0)
		mk_choice_serving_nodes(kind, machine.topology, cpu_node, ret_nodes);
	mk_look_unlock();
	return status;
}

/* Of one node, in use or not. */
static uint64_t capacity_of(const struct memkind *kind, const struct mk_node *node)
{
	if (kind->huge_size == MK_HUGE_NONE)
		return node->memory_size;
	return node->huge_page_count[kind->huge_size] * mk_huge_bytes(kind->huge_size);
}

/* Not known of kinds that take other nodes, too, or huge pages of some nodes only. */
static bool has_capacity(const struct memkind *kind)
{
	return kind->row->mode != MK_POLICY_PREFERRED &&
	       (kind->huge_size == MK_HUGE_NONE || kind->row->mode == MK_POLICY_DEFAULT);
}

int64_t mk_kind_capacity(struct memkind *kind)
{
	struct mk_nodeset nodes;
	uint64_t capacity;

	if (kind->own_capacity != NULL)
		return kind->own_capacity(kind);
	if (mk_kind_nodes(kind, &nodes) != 0)
		return -1;
	if (!has_capacity(kind))
		return kind->limit == NULL ? -1 : (int64_t)kind->limit->size;
	mk_look_lock();
	capacity = mk_topology_huge_overcommit(machine.topology, kind->huge_size) *
		   mk_huge_bytes(kind->huge_size);
	mk_nodeset_for_each (id, &nodes) {
		const struct mk_node *node = mk_topology_find_node(machine.topology, id);

		capacity += node == NULL ? 0 : capacity_of(kind, node);
	}
	mk_look_unlock();
	if (kind->limit != NULL && capacity > kind->limit->size)
		capacity = kind->limit->size;
	return (int64_t)capacity;
}

void mk_kind_read_state(struct memkind *kind, struct mk_kind_state *ret_state)
{
	snprintf(ret_state->name, sizeof(ret_state->name), "%s", kind->row->name);
	mk_look_lock();
	mk_look_ask(kind);
	ret_state->reason = kind->reason;
	ret_state->mode = kind->is_unbound ? MK_POLICY_DEFAULT : kind->row->mode;
	ret_state->nodes = kind->nodes;
	mk_look_unlock();
	ret_state->capacity = mk_kind_capacity(kind);
}

void mk_kind_rescan(void)
{
	mk_look_lock();
	look_again();
	mk_look_unlock();
}

/* Asked about before, the kind is judged anew: what mbind may not do counts for more. */
int mk_kind_set_exhaustion(struct memkind *kind, enum mk_exhaustion exhaustion)
{
	int result = MEMKIND_ERROR_OPERATION_FAILED;

	mk_look_lock();
	if (mk_exhaustion_can_be_null(kind) && kind->partitions == NULL) {
		kind->exhaustion = exhaustion;
		atomic_store_explicit(&kind->status, MK_KIND_NOT_ASKED, memory_order_relaxed);
		result = 0;
	}
	mk_look_unlock();
	return result;
}

void mk_kind_lock_for_fork(void)
{
	mk_lock_acquire_for_fork(&kind_lock);
}

void mk_kind_unlock_for_fork(void)
{
	mk_lock_release_for_fork(&kind_lock);
}

void mk_kind_reset_in_child(void)
{
	mk_lock_reset_in_child(&kind_lock);
}
