/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts of the kernel and of users: numbers, lists of ranges, masks, node strings. */
#ifndef MK_BASE_PARSE_H
#define MK_BASE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/nodeset.h"

/* What a list or a mask calls for each of its ranges, FIRST to LAST including both. */
typedef void mk_range_visitor(unsigned first, unsigned last, void *context);

/*
 * A whole number in BASE (10 or 16, with or without 0x), white space around it allowed: 0, or
 * -EINVAL, *ret_value untouched then.
 */
int mk_parse_number(const char *text, int base, uint64_t *ret_value);

/*
 * The digits at *TEXT in BASE (at most 16), without a prefix: *TEXT moves behind them. False: there is
 * none, or the number does not fit; *ret_value is untouched then.
 */
bool mk_parse_digits(const char **text, int base, uint64_t *ret_value);

/*
 * A number of bytes at *TEXT, which moves behind it, with K, M, G or T where one follows. False: there is
 * no digit, or it does not fit; *ret_size is untouched then.
 */
bool mk_parse_size(const char **text, uint64_t *ret_size);

/*
 * A kernel list such as "0-3,8", white space around it allowed; empty is an empty list. 0, or -EINVAL
 * where the text is no list: the ranges before the fault were visited. Ids above 65535 are a fault.
 */
int mk_parse_list(const char *text, mk_range_visitor *visit, void *context);

/* A kernel mask such as "00000000,0000000f", most significant word first: as mk_parse_list. */
int mk_parse_mask(const char *text, mk_range_visitor *visit, void *context);

/* A kernel list of nodes; ids of 1024 and above are left out. Replaces *ret_nodes even on failure. */
int mk_parse_nodes(const char *text, struct mk_nodeset *ret_nodes);

/*
 * The number that such a text as "0:12000,2:3000" has for the node ID: 0; -ENOENT: it has none; -EINVAL:
 * it is no such text, a number is 0 or above UINT32_MAX, or a node stands twice. *ret_number is
 * untouched on failure.
 */
int mk_parse_number_of_node(const char *text, unsigned id, uint64_t *ret_number);

/*
 * What a user writes into MEMKIND_DAX_KMEM_NODES: numbers (also 0x2, 02) and ranges, separated by
 * commas; a descending range is its first number; "all"; "!" before a list: all others; "+" before
 * one: positions within ALLOWED instead of ids. White space may stand before a number. 0, or
 * -EINVAL: no such text, or no node in it; -ENODEV: a node that is not in ALLOWED. *ret_nodes is
 * untouched then.
 */
int mk_parse_node_string(const char *text, const struct mk_nodeset *allowed,
			 struct mk_nodeset *ret_nodes);

#endif
