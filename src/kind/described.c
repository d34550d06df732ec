/* SPDX-License-Identifier: BSD-2-Clause */
/* From a description to a row, and the life of its kind. */
#include "kind/described.h"

#include <string.h>

#include "kind/heaps.h"
#include "kind/look.h"
#include "kind/weights.h"
#include "os/vm.h"

/* By which memkind top knows mappings. */
static const char prefix[] = "memkind_";

static const enum mk_kind_source sources[] = {
	[MK_SPEC_ALL] = MK_SOURCE_ALLOWED, [MK_SPEC_DRAM] = MK_SOURCE_REGULAR,
	[MK_SPEC_KMEM] = MK_SOURCE_KMEM,   [MK_SPEC_CXL] = MK_SOURCE_CXL,
	[MK_SPEC_HBM] = MK_SOURCE_HBW,	   [MK_SPEC_FAR] = MK_SOURCE_FAR,
	[MK_SPEC_LIST] = MK_SOURCE_LIST,
};

static const struct policy {
	enum mk_policy_mode mode;
	enum mk_kind_choice all, closest;
} policies[] = {
	[MEMKIND_NG_POLICY_BIND] = {MK_POLICY_BIND, MK_CHOICE_ALL_NEAR_FIRST, MK_CHOICE_CLOSEST},
	[MEMKIND_NG_POLICY_PREFERRED] = {MK_POLICY_PREFERRED, MK_CHOICE_CLOSEST_ONE,
					 MK_CHOICE_CLOSEST_ONE},
	[MEMKIND_NG_POLICY_FAR_FIRST] = {MK_POLICY_PREFERRED, MK_CHOICE_ALL_THEN_NEAR,
					 MK_CHOICE_ALL_THEN_NEAR},
	[MEMKIND_NG_POLICY_INTERLEAVE] = {MK_POLICY_INTERLEAVE, MK_CHOICE_ALL, MK_CHOICE_CLOSEST},
	[MEMKIND_NG_POLICY_WEIGHTED] = {MK_POLICY_WEIGHTED, MK_CHOICE_ALL, MK_CHOICE_ALL},
};

static const unsigned page_flags[] = {
	[MEMKIND_NG_PAGES_BASE] = MK_KIND_NO_HUGE_PAGES,
	[MEMKIND_NG_PAGES_HUGE] = MK_KIND_ASKS_HUGE_PAGES,
	[MEMKIND_NG_PAGES_2M] = MK_KIND_ON_HUGE_PAGES,
	[MEMKIND_NG_PAGES_1G] = MK_KIND_ON_GIGANTIC_PAGES | MK_KIND_ON_THAT_SIZE_ONLY,
};

/* One heap does where there is one node, and where the kernel takes the CPU's own node first anyway. */
static bool needs_one_heap(const struct mk_spec *spec, enum mk_kind_choice choice)
{
	if (choice == MK_CHOICE_ALL_THEN_NEAR)
		return false;
	if (spec->source == MK_SPEC_LIST)
		return mk_nodeset_count(&spec->nodes) == 1;
	return choice == MK_CHOICE_ALL_NEAR_FIRST &&
	       (spec->source == MK_SPEC_ALL || spec->source == MK_SPEC_DRAM);
}

static unsigned flags_of(const struct mk_spec *spec)
{
	bool is_striped = spec->policy == MEMKIND_NG_POLICY_WEIGHTED;
	unsigned flags = page_flags[spec->pages];

	return is_striped && mk_weights_refuse_huge_pages(spec) ? flags | MK_KIND_NO_HUGE_PAGES
								: flags;
}

static struct mk_kind_row row_of(const struct mk_spec *spec)
{
	const struct policy *policy =
		&policies[spec->policy == 0 ? MEMKIND_NG_POLICY_BIND : spec->policy];
	enum mk_kind_choice choice =
		spec->use == MEMKIND_NG_USE_CLOSEST ? policy->closest : policy->all;

	return (struct mk_kind_row){
		.source = sources[spec->source],
		.choice = needs_one_heap(spec, choice) ? MK_CHOICE_ALL : choice,
		.mode = policy->mode,
		.flags = flags_of(spec),
	};
}

void mk_described_start(struct memkind *kind, struct mk_described *described,
			const struct mk_spec *spec, struct memkind *then)
{
	described->spec = *spec;
	described->row = row_of(spec);
	memcpy(described->name, prefix, sizeof(prefix));
	described->row.name = described->name + strlen(prefix);
	mk_spec_write(spec, described->name + strlen(prefix),
		      sizeof(described->name) - strlen(prefix));
	described->limit.size = mk_align_down(spec->limit, mk_vm_page_size());
	kind->row = &described->row;
	kind->spec = &described->spec;
	kind->limit = spec->limit == 0 ? NULL : &described->limit;
	kind->exhaustion = (enum mk_exhaustion)spec->exhaustion;
	kind->then = then;
	atomic_store_explicit(&kind->status, MK_KIND_NOT_ASKED, memory_order_relaxed);
	/* Pairs with the acquire in mk_kind_heap_number(). */
	atomic_store_explicit(&kind->heap_of_cpu, mk_kind_no_heaps.heap_of_cpu,
			      memory_order_release);
	mk_look_lock();
	mk_look_add(kind);
	mk_look_unlock();
}

const char *mk_described_mapping_name(const struct memkind *kind)
{
	return kind->row->name - strlen(prefix);
}

void mk_described_end(struct memkind *kind, const struct mk_reason *reason)
{
	mk_look_lock();
	mk_look_remove(kind);
	kind->then = NULL;
	kind->reason = reason;
	atomic_store_explicit(&kind->status, MEMKIND_ERROR_INVALID, memory_order_release);
	mk_heaps_end(kind);
	atomic_store_explicit(&kind->heap_of_cpu, mk_kind_no_heaps.heap_of_cpu,
			      memory_order_release);
	mk_look_unlock();
}
