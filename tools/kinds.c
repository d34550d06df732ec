/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memkind kinds: asks the library's own choice about every kind, for this machine or a tree. There is one
 * thread, which needs no lock for that.
 */
#include "kinds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap/limit.h"
#include "kind/chain.h"
#include "kind/choice.h"
#include "kind/dynamic.h"
#include "kind/exhaustion.h"
#include "kind/status.h"
#include "machine.h"
#include "tool.h"

enum { WHY_SIZE = 2048 };

/* About one machine. */
struct question {
	const char *root; /* NULL: this one */
	const struct mk_topology *topology;
	const char *text;      /* of the kind that is asked for; NULL: all static ones are */
	struct mk_chain chain; /* the same */
};

static int print_help(void)
{
	puts("usage: memkind kinds [--kind KIND] [--json] [--sysroot DIR]\n\n"
	     "Shows every kind: whether it is available here or why not and what to do about it, the\n"
	     "policy of its memory, and, for the CPUs of each node, the nodes that serve it with\n"
	     "their capacity and what is free of it.\n\n"
	     "  --kind KIND    that one only, by name, or by a description, such as\n"
	     "                 \"nodes=2,3;limit=1G;then=default\", with those behind it\n"
	     "  --json         one JSON object instead of a table\n"
	     "  --sysroot DIR  look at the sys and proc below DIR instead of those of this machine,\n"
	     "                 such as memkind capture saves; mbind is taken for allowed there\n"
	     "  --help         show this\n\n"
	     "The policy is followed by \"or NULL\" where full nodes do not mean swap.\n"
	     "MEMKIND_DAX_KMEM_NODES, MEMKIND_DAX_KMEM_TIES, MEMKIND_EXHAUSTION, MEMKIND_HBW_NODES and\n"
	     "MEMKIND_HBW_THRESHOLD count as in any program.\n\n"
	     "The exit code is 0, or 1 where DIR can't be read, and 2 where options are wrong.");
	return MK_TOOL_DONE;
}

static void measure(const struct question *question, const struct memkind *kind,
		    struct mk_kinds_place *place)
{
	enum mk_huge_size huge = kind->huge_size;

	place->is_free_known = true;
	mk_nodeset_for_each (id, &place->nodes) {
		const struct mk_node *node = mk_topology_find_node(question->topology, id);
		uint64_t free_size = 0;

		if (node == NULL)
			continue;
		place->size += huge == MK_HUGE_NONE
				       ? node->memory_size
				       : node->huge_page_count[huge] * mk_huge_bytes(huge);
		if (node->has_memory && !mk_machine_free(question->root, id, huge, &free_size))
			place->is_free_known = false;
		place->free_size += free_size;
	}
	place->size = mk_min_size(place->size, mk_limit_left(kind->limit));
	place->free_size = mk_min_size(place->free_size, mk_limit_left(kind->limit));
}

/* Nodes for threads on one CPU node; none where the kind needs one and there are several. */
static void find_nodes(const struct memkind *kind, const struct mk_topology *topology,
		       unsigned cpu_node, struct mk_nodeset *ret_nodes)
{
	struct mk_placement placement;

	mk_nodeset_clear(ret_nodes);
	if (mk_choice_place(kind, topology, cpu_node, &placement) == 0)
		mk_choice_serving_nodes(kind, topology, cpu_node, ret_nodes);
}

/* The place of these nodes, new or known; NULL: no memory. */
static struct mk_kinds_place *place_of(struct mk_kinds_entry *entry, const struct mk_nodeset *nodes)
{
	struct mk_kinds_place *places;

	for (size_t i = 0; i < entry->place_count; i++)
		if (mk_nodeset_is_equal(&entry->places[i].nodes, nodes))
			return &entry->places[i];
	places = realloc(entry->places, (entry->place_count + 1) * sizeof(*places));
	if (places == NULL)
		return NULL;
	entry->places = places;
	places += entry->place_count++;
	memset(places, 0, sizeof(*places));
	places->nodes = *nodes;
	return places;
}

static bool find_places(const struct memkind *kind, const struct question *question,
			struct mk_kinds_entry *entry)
{
	const struct mk_nodeset *cpu_nodes = mk_topology_set(question->topology, MK_SET_CPU);

	mk_nodeset_for_each (cpu_node, cpu_nodes) {
		struct mk_kinds_place *place;
		struct mk_nodeset nodes;

		find_nodes(kind, question->topology, cpu_node, &nodes);
		place = place_of(entry, &nodes);
		if (place == NULL)
			return false;
		mk_nodeset_add(&place->cpu_nodes, cpu_node);
	}
	for (size_t i = 0; i < entry->place_count; i++) {
		if (mk_nodeset_is_equal(&entry->places[i].cpu_nodes, cpu_nodes))
			mk_nodeset_clear(&entry->places[i].cpu_nodes);
		measure(question, kind, &entry->places[i]);
	}
	return true;
}

static bool judge(struct memkind *kind, const struct question *question,
		  struct mk_kinds_entry *entry)
{
	const struct mk_reason *reason = NULL;

	entry->name = kind->row->name + (kind->spec == NULL ? strlen("memkind_") : 0);
	entry->status = mk_choice_judge(kind, question->topology, &reason);
	entry->mode = kind->is_unbound ? MK_POLICY_DEFAULT : kind->row->mode;
	entry->is_null_when_full = mk_exhaustion_is_null(kind);
	if (entry->status == 0)
		return find_places(kind, question, entry);
	entry->reason = reason->text;
	mk_status_write_remedy(kind, question->topology, reason, entry->remedy,
			       sizeof(entry->remedy));
	return true;
}

/* Sets *COUNT to the number of entries, even where memory is short. */
static bool judge_all(const struct question *question, struct mk_kinds_entry *entries,
		      size_t *count)
{
	bool is_whole = true;

	for (*count = 0; *count < MK_KIND_COUNT && is_whole; (*count)++)
		is_whole = judge(&mk_kinds[*count], question, &entries[*count]);
	return is_whole;
}

/* The same for the kind that is asked for, and those behind it. */
static bool judge_chain(const struct question *question, struct mk_kinds_entry *entries,
			size_t *count)
{
	const struct mk_chain *chain = &question->chain;
	struct memkind *kind = chain->last;
	bool is_whole = true;

	*count = 0;
	if (chain->count != 0 &&
	    mk_dynamic_create_described(chain->specs, chain->count, chain->last, &kind) != 0)
		return false;
	for (; kind != NULL && is_whole; kind = kind->then)
		is_whole = judge(kind, question, &entries[(*count)++]);
	return is_whole;
}

static int show(const struct question *question, bool is_json)
{
	struct mk_kinds_entry entries[MK_KIND_COUNT] = {0};
	bool is_whole;
	int result = MK_TOOL_FAILURE;
	size_t count;

	if (question->root != NULL)
		mk_choice_assume_mbind();
	if (question->text == NULL)
		is_whole = judge_all(question, entries, &count);
	else
		is_whole = judge_chain(question, entries, &count);
	if (!is_whole)
		mk_tool_error("out of memory");
	else if (is_json)
		result = mk_kinds_print_json(entries, count);
	else
		result = mk_kinds_print_text(entries, count);
	for (size_t i = 0; i < count; i++)
		free(entries[i].places);
	return result;
}

_Static_assert(MK_CHAIN_LIMIT < (int)MK_KIND_COUNT, "a chain has an entry each");

static int read_kind(struct question *question)
{
	struct mk_spec_refusal refusal;
	char why[WHY_SIZE];

	if (question->text == NULL ||
	    mk_chain_parse(question->text, &question->chain, &refusal) == 0)
		return MK_TOOL_DONE;
	mk_chain_write_refusal(&refusal, why, sizeof(why));
	mk_tool_error("--kind refused: %s", why);
	return MK_TOOL_USAGE;
}

int mk_tool_kinds(char **arguments)
{
	struct question question = {.root = NULL};
	bool is_json = false, is_help = false;
	const struct mk_tool_option options[] = {
		{"--kind", "a kind", &question.text, NULL},
		{"--json", NULL, NULL, &is_json},
		{"--sysroot", "a directory", &question.root, NULL},
		{"--help", NULL, NULL, &is_help},
		{NULL, NULL, NULL, NULL},
	};
	int result;

	mk_tool_name = "memkind: kinds";
	result = mk_tool_parse(arguments, options, NULL);
	if (result == MK_TOOL_DONE && is_help)
		return print_help();
	if (result == MK_TOOL_DONE)
		result = read_kind(&question);
	if (result == MK_TOOL_DONE)
		result = mk_machine_look(question.root, &question.topology);
	return result == MK_TOOL_DONE ? show(&question, is_json) : result;
}
