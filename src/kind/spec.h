/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptions of kinds, as a struct or as a text. Pure functions: nothing is looked up on the machine,
 * and nothing is allocated.
 *
 *	text = item { ";" item } [ ";" then ]
 *	item = key "=" value
 *	then = "then=" ( name | text )
 *
 * Keys stand in any order, each at most once; memkind_ng.h has them.
 */
#ifndef MK_KIND_SPEC_H
#define MK_KIND_SPEC_H

#include <memkind_ng.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nodeset.h"

enum {
	MK_SPEC_TURN_LIMIT = 64, /* nodes with weights */
	MK_SPEC_WEIGHT_LIMIT = 65535,
};

/* Where the nodes come from. */
enum mk_spec_source {
	MK_SPEC_ALL, /* as where nothing is said */
	MK_SPEC_DRAM,
	MK_SPEC_KMEM,
	MK_SPEC_CXL,
	MK_SPEC_HBM,
	MK_SPEC_FAR,
	MK_SPEC_LIST,
};

/* What a description says. All bytes zero: nothing, and defaults hold. */
struct mk_spec {
	enum mk_spec_source source;
	struct mk_nodeset nodes; /* LIST: as a set; never empty */
	/* LIST: in the order they were named, with repetitions; more are not kept, only counted. */
	unsigned listed_count;
	uint16_t listed[MK_SPEC_TURN_LIMIT];
	/* Numbers of the enums of memkind_ng.h, without memkind_ng_; 0: not set. */
	unsigned policy, use, pages, exhaustion;
	unsigned decay_ms; /* 0: not set */
	bool purges_at_once;
	size_t limit; /* bytes; 0: none */
	bool has_auto_weights;
	unsigned weight_count; /* 0: none were given; else as many as listed */
	uint16_t weights[MK_SPEC_TURN_LIMIT];
	size_t step; /* bytes; 0: not set */
};

/* Part of a text, without a terminating zero. */
struct mk_word {
	const char *start;
	size_t length;
};

/* What is wrong: a word of the text, and what is allowed in its place: static. */
struct mk_spec_refusal {
	struct mk_word word;
	const char *allowed;
};

/*
 * Reads a description up to the end of TEXT, or up to "then=": *ret_then is what stands behind that,
 * NULL where there is none. 0; or -EINVAL, with *ret_refusal, and the others of no use.
 */
int mk_spec_parse(const char *text, struct mk_spec *ret_spec, const char **ret_then,
		  struct mk_spec_refusal *ret_refusal);

/* The same from a struct. A refusal is the text of a member, or names it. */
int mk_spec_read(const struct memkind_ng_spec *spec, struct mk_spec *ret_spec,
		 struct memkind **ret_then, struct mk_spec_refusal *ret_refusal);

/* True: TEXT is no name, it has a key and a value. */
bool mk_spec_is_text(const char *text);

/*
 * Writes a description that mk_spec_parse() reads as SPEC, as snprintf() writes: the
 * length without the terminating zero, whatever SIZE is.
 */
size_t mk_spec_write(const struct mk_spec *spec, char *buffer, size_t size);

#endif
