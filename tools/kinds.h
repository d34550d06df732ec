/* SPDX-License-Identifier: BSD-2-Clause */
/* What `memkind kinds` found out of a kind, and the two forms in which it is printed. */
#ifndef TOOLS_KINDS_H
#define TOOLS_KINDS_H

#include "kind/kind.h"

/* Where threads get a kind's blocks that run on CPUs of these nodes. */
struct mk_kinds_place {
	struct mk_nodeset cpu_nodes; /* none: all alike, wherever the thread runs */
	struct mk_nodeset nodes;     /* none: several are equally close, and the kind needs one */
	uint64_t size, free_size;    /* bytes of these nodes, or of their pools of huge pages */
	bool is_free_known;
};

struct mk_kinds_entry {
	const char *name; /* without memkind_ */
	int status;	  /* 0 or a MEMKIND code */
	const char *reason;
	char remedy[512];
	enum mk_policy_mode mode;
	bool is_null_when_full; /* instead of swap */
	struct mk_kinds_place *places;
	size_t place_count;
};

/* MK_TOOL_DONE or MK_TOOL_FAILURE. */
int mk_kinds_print_json(const struct mk_kinds_entry *entries, size_t count);
int mk_kinds_print_text(const struct mk_kinds_entry *entries, size_t count);

#endif
