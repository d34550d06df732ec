/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind kinds: a table of the kinds that are available, and why the others are not. */
#include <stdbool.h>
#include <string.h>

#include "base/bits.h"
#include "kinds.h"
#include "nodes.h"
#include "table.h"
#include "tool.h"

enum { LABEL_WIDTH = 10 };

static void add_nodes(struct mk_table *table, const struct mk_nodeset *nodes, const char *none)
{
	FILE *stream = mk_table_cell(table);

	if (stream != NULL && mk_nodeset_is_empty(nodes))
		fputs(none, stream);
	else if (stream != NULL)
		mk_nodes_write_set(stream, nodes);
	mk_table_end_cell(table);
}

static void add_entry(struct mk_table *table, const struct mk_kinds_entry *entry)
{
	char text[MK_SIZE_TEXT];

	for (size_t i = 0; i < entry->place_count; i++) {
		const struct mk_kinds_place *place = &entry->places[i];

		mk_table_add(table, "%s", i == 0 ? entry->name : " ");
		mk_table_add(table, "%s%s", i == 0 ? mk_policy_name(entry->mode) : " ",
			     i == 0 && entry->is_null_when_full ? ", or NULL" : "");
		add_nodes(table, &place->cpu_nodes, "all");
		add_nodes(table, &place->nodes, "none: a tie");
		mk_table_add(table, "%s", mk_table_size(place->size, text));
		mk_table_add(table, "%s",
			     mk_table_size(place->is_free_known ? place->free_size : 0, text));
	}
}

static int print_available(const struct mk_kinds_entry *entries, size_t count)
{
	static const struct mk_column columns[] = {
		{"kind", MK_ALIGN_WRAP},	{"policy", MK_ALIGN_LEFT},
		{"for CPUs of", MK_ALIGN_WRAP}, {"nodes", MK_ALIGN_WRAP},
		{"capacity", MK_ALIGN_RIGHT},	{"free", MK_ALIGN_RIGHT},
	};
	struct mk_table *table = mk_table_new(columns, MK_ARRAY_SIZE(columns));

	for (size_t i = 0; i < count; i++)
		if (entries[i].status == 0)
			add_entry(table, &entries[i]);
	return mk_table_print(table);
}

static bool is_same_fault(const struct mk_kinds_entry *a, const struct mk_kinds_entry *b)
{
	return a->status != 0 && b->status != 0 && a->reason == b->reason &&
	       strcmp(a->remedy, b->remedy) == 0;
}

/* All kinds with the fault of entry FIRST, which is the first of them. */
static void print_fault(const struct mk_kinds_entry *entries, size_t count, size_t first)
{
	char names[MK_KIND_COUNT * 64];
	size_t length = 0;

	for (size_t i = first; i < count; i++)
		if (is_same_fault(&entries[first], &entries[i]))
			length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s",
						   i == first ? "" : ", ", entries[i].name);
	puts("");
	mk_table_print_text("", 0, names);
	mk_table_print_text("  why", LABEL_WIDTH, entries[first].reason);
	mk_table_print_text("  remedy", LABEL_WIDTH, entries[first].remedy);
}

int mk_kinds_print_text(const struct mk_kinds_entry *entries, size_t count)
{
	bool is_first_fault = true;

	if (print_available(entries, count) != MK_TOOL_DONE)
		return MK_TOOL_FAILURE;
	for (size_t i = 0; i < count; i++) {
		bool is_said = entries[i].status == 0;

		for (size_t j = 0; j < i; j++)
			is_said = is_said || is_same_fault(&entries[j], &entries[i]);
		if (is_said)
			continue;
		if (is_first_fault)
			puts("\nnot available:");
		is_first_fault = false;
		print_fault(entries, count, i);
	}
	return MK_TOOL_DONE;
}
