/* SPDX-License-Identifier: BSD-2-Clause */
/* What there is to say of each kind, as JSON. */
#include "kind/summary.h"

#include <stdio.h>

#include "heap/heap.h"
#include "kind/dynamic.h"

static void write_sizes(struct mk_writer *writer, const struct memkind *kind)
{
	struct mk_stats stats;

	mk_stats_get_now(kind, &stats);
	mk_writer_number(writer, "allocated", stats.allocated_size);
	mk_writer_number(writer, "active", stats.active_size);
	mk_writer_number(writer, "resident", stats.resident_size);
}

/* Nothing where the kernel does not tell. */
static void write_places(struct mk_writer *writer, const struct memkind *kind)
{
	size_t sizes[MK_NODE_LIMIT];
	char node[12];

	if (mk_kind_resident(kind, sizes) != 0)
		return;
	mk_writer_open(writer, "resident_on", NULL, MK_SHAPE_ROW);
	for (unsigned i = 0; i < MK_NODE_LIMIT; i++) {
		if (sizes[i] == 0)
			continue;
		snprintf(node, sizeof(node), "%u", i);
		mk_writer_number(writer, node, sizes[i]);
	}
	mk_writer_close(writer);
}

static void write_kind(struct mk_writer *writer, const struct memkind *kind,
		       const struct mk_kind_state *state)
{
	mk_writer_open(writer, NULL, NULL, MK_SHAPE_OBJECT);
	mk_writer_text(writer, "kind", state->name);
	mk_writer_flag(writer, "available", state->reason == NULL);
	if (state->reason != NULL)
		mk_writer_text(writer, "reason", state->reason->text);
	mk_writer_text(writer, "policy", mk_policy_name(state->mode));
	mk_writer_nodes(writer, "nodes", &state->nodes);
	if (state->capacity >= 0)
		mk_writer_number(writer, "capacity", (uint64_t)state->capacity);
	write_sizes(writer, kind);
	write_places(writer, kind);
	mk_writer_close(writer);
}

void mk_summary_write(mk_sink *sink, void *context)
{
	struct mk_kind_state state;
	struct mk_writer writer;
	const struct memkind *kind;
	size_t place = 0;

	mk_writer_start(&writer, sink, context, true);
	mk_writer_open(&writer, "kinds", NULL, MK_SHAPE_LIST);
	for (unsigned id = 0; id < MK_KIND_COUNT; id++) {
		mk_kind_read_state(&mk_kinds[id], &state);
		write_kind(&writer, &mk_kinds[id], &state);
	}
	while ((kind = mk_dynamic_next(&place, &state)) != NULL)
		write_kind(&writer, kind, &state);
	mk_writer_close(&writer);
	mk_writer_end(&writer);
}
