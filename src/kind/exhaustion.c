/* SPDX-License-Identifier: BSD-2-Clause */
/* What it means that the nodes of a kind are full, or that several are equally close. */
#include "kind/exhaustion.h"

#include <string.h>

#include "base/options.h"
#include "base/reason.h"
#include "kind/backing.h"
#include "kind/weights.h"

/* A variable that holds one of two words, the first of which is what holds without it. */
struct choice_of_words {
	enum mk_option option;
	const char *words[2];
	struct mk_reason refusal;
};

static const struct choice_of_words exhaustion_words = {
	MK_OPTION_EXHAUSTION,
	{"swap", "null"},
	{"MEMKIND_EXHAUSTION is neither swap nor null", "set it to one of these, or unset it",
	 MK_DETAIL_NONE}};
static const struct choice_of_words tie_words = {MK_OPTION_DAX_KMEM_TIES,
						 {"refuse", "all"},
						 {"MEMKIND_DAX_KMEM_TIES is neither refuse nor all",
						  "set it to one of these, or unset it",
						  MK_DETAIL_NONE}};

/* 0 or 1; -1: another word. */
static int word_of(const struct choice_of_words *choice)
{
	const char *text = mk_option_text(choice->option);

	if (text == NULL)
		return 0;
	for (int i = 0; i < 2; i++)
		if (strcmp(text, choice->words[i]) == 0)
			return i;
	return -1;
}

static bool is_far_preferred(const struct memkind *kind)
{
	return kind->row->source == MK_SOURCE_FAR && kind->row->choice == MK_CHOICE_CLOSEST_ONE;
}

bool mk_exhaustion_can_be_null(const struct memkind *kind)
{
	return (kind->row->mode == MK_POLICY_BIND || kind->row->mode == MK_POLICY_INTERLEAVE ||
		kind->row->mode == MK_POLICY_WEIGHTED) &&
	       (kind->row->flags & (MK_KIND_ON_HUGE_PAGES | MK_KIND_ON_GIGANTIC_PAGES)) == 0;
}

const struct mk_reason *mk_exhaustion_refusal(const struct memkind *kind)
{
	const struct choice_of_words *choice = NULL;

	if (mk_exhaustion_can_be_null(kind) && kind->exhaustion == MK_EXHAUSTION_NOT_SET)
		choice = &exhaustion_words;
	else if (is_far_preferred(kind))
		choice = &tie_words;
	if (choice == NULL || word_of(choice) >= 0)
		return NULL;
	mk_option_log_refusal(choice->option);
	return &choice->refusal;
}

bool mk_exhaustion_is_null(const struct memkind *kind)
{
	if (!mk_exhaustion_can_be_null(kind))
		return false;
	if (kind->exhaustion != MK_EXHAUSTION_NOT_SET)
		return kind->exhaustion == MK_EXHAUSTION_NULL;
	return word_of(&exhaustion_words) == 1;
}

bool mk_exhaustion_takes_ties(const struct memkind *kind)
{
	return is_far_preferred(kind) && word_of(&tie_words) == 1;
}

/* As the kernel counts for a policy that prefers a node, but for a whole set of such nodes first. */
static void order_from_ties(const struct mk_topology *topology, struct mk_placement *placement)
{
	struct mk_nodeset rest = *mk_topology_set(topology, MK_SET_ALLOWED);

	mk_nodeset_for_each (node, &placement->nodes)
		mk_node_order_append(&placement->order, node);
	mk_nodeset_subtract(&rest, &placement->nodes);
	mk_topology_append_by_distance(topology, &rest, placement->order.node[0],
				       &placement->order);
}

static void order_far_first(const struct mk_topology *topology, unsigned cpu_node,
			    struct mk_placement *placement)
{
	struct mk_nodeset near = *mk_topology_set(topology, MK_SET_REGULAR);

	mk_topology_append_by_distance(topology, &placement->nodes, cpu_node, &placement->order);
	mk_nodeset_subtract(&near, &placement->nodes);
	mk_topology_append_by_distance(topology, &near, cpu_node, &placement->order);
}

void mk_exhaustion_place(const struct memkind *kind, const struct mk_topology *topology,
			 unsigned cpu_node, struct mk_placement *placement)
{
	bool has_ties = mk_exhaustion_takes_ties(kind) && mk_nodeset_count(&placement->nodes) > 1;

	if (kind->row->mode == MK_POLICY_WEIGHTED) {
		mk_weights_place(kind->spec, topology, mk_exhaustion_is_null(kind), placement);
	} else if (mk_exhaustion_is_null(kind)) {
		placement->fill = MK_FILL_OR_REFUSE;
		placement->is_for_any_cpu = kind->row->choice == MK_CHOICE_ALL;
		mk_topology_append_by_distance(topology, &placement->nodes, cpu_node,
					       &placement->order);
	} else if (has_ties || kind->row->choice == MK_CHOICE_ALL_THEN_NEAR) {
		placement->fill = MK_FILL_IN_ORDER;
		if (has_ties)
			order_from_ties(topology, placement);
		else
			order_far_first(topology, cpu_node, placement);
		mk_nodeset_clear(&placement->nodes);
		mk_nodeset_add(&placement->nodes, placement->order.node[0]);
	}
}
