/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What MEMKIND_MEM_TIERS, MEMKIND_MEM_THRESHOLDS and MEMKIND_MEM_TIERING_LOG_LEVEL say. Pure functions
 * from texts, which must outlive their results; nothing is allocated.
 *
 *	tiers      = tier ";" { tier ";" } "POLICY:" ( "STATIC_RATIO" | "DYNAMIC_THRESHOLD" )
 *	tier       = parameter { "," parameter }
 *	parameter  = "KIND:" kind | "RATIO:" number | "PATH:" directory | "PMEM_SIZE_LIMIT:" size
 *	kind       = "DRAM" | "KMEM_DAX" | "FS_DAX" | "[" text "]"
 *	thresholds = threshold { ";" threshold }
 *	threshold  = bound { "," bound }
 *	bound      = ( "INIT_VAL" | "MIN_VAL" | "MAX_VAL" ) ( ":" | "=" ) size
 *	number     = 1 to 4294967295, also in octal (010) and hexadecimal (0x10)
 *	size       = digits [ "K" | "M" | "G" ]
 *
 * Parameters stand in any order, each at most once. KIND and RATIO are needed; PATH is where KIND is
 * FS_DAX, and nowhere else, PMEM_SIZE_LIMIT may be there: 0, or at least 16M. DRAM and KMEM_DAX are a
 * tier once at most. The text in brackets is what memkind_ng_create_from() takes. DYNAMIC_THRESHOLD needs two tiers, and thresholds need DYNAMIC_THRESHOLD: they are
 * fewer than the tiers. There are no blanks, and no empty parts.
 */
#ifndef MK_PRELOAD_MEMTIER_CONFIG_H
#define MK_PRELOAD_MEMTIER_CONFIG_H

#include <memkind_memtier.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	MK_MEMTIER_TIER_LIMIT = 64,
	MK_MEMTIER_TEXT_SIZE = 1024, /* of a kind in brackets */
};

/* A part of a text: no zero ends it. */
struct mk_part {
	const char *start;
	size_t length;
};

enum mk_memtier_kind {
	MK_MEMTIER_DRAM,
	MK_MEMTIER_KMEM_DAX,
	MK_MEMTIER_FS_DAX,
	MK_MEMTIER_DESCRIBED,
};

struct mk_memtier_tier {
	enum mk_memtier_kind kind;
	struct mk_part text; /* DESCRIBED: the kind, without the brackets */
	unsigned ratio;
	struct mk_part path; /* FS_DAX: where its files are */
	size_t size_limit;   /* FS_DAX: 0: none */
};

enum mk_memtier_bound {
	MK_MEMTIER_VAL,
	MK_MEMTIER_MIN,
	MK_MEMTIER_MAX,
	MK_MEMTIER_BOUND_COUNT,
};

/* Between a tier and the next one. What is not given is as memtier_ctl_set() has it at first. */
struct mk_memtier_threshold {
	unsigned given; /* bit I: bound I */
	size_t bounds[MK_MEMTIER_BOUND_COUNT];
};

struct mk_memtier_config {
	memtier_policy_t policy;
	size_t tier_count;
	size_t threshold_count; /* those of the text: there may be fewer than tiers - 1 */
	struct mk_memtier_tier tiers[MK_MEMTIER_TIER_LIMIT];
	struct mk_memtier_threshold thresholds[MK_MEMTIER_TIER_LIMIT];
};

/* What is wrong: the part of the text, and what would be allowed, a phrase that never goes away. */
struct mk_memtier_refusal {
	bool is_threshold; /* of MEMKIND_MEM_THRESHOLDS */
	struct mk_part part;
	const char *allowed;
};

/*
 * TIERS and THRESHOLDS are the texts of the variables; THRESHOLDS may be NULL. 0; or -EINVAL with
 * *ret_refusal, and *ret_config of no use. Whether the bounds of thresholds go together, the builder
 * knows.
 */
int mk_memtier_parse(const char *tiers, const char *thresholds,
		     struct mk_memtier_config *ret_config, struct mk_memtier_refusal *ret_refusal);

/* A kind's text with a zero behind it; cut, and false, where it is too long. */
bool mk_memtier_copy(struct mk_part text, char ret_text[static MK_MEMTIER_TEXT_SIZE]);

/* 0 to 2, 0 for NULL and no text: 0; else -EINVAL, *ret_level untouched. */
int mk_memtier_parse_level(const char *text, unsigned *ret_level);

#endif
