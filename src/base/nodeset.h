/* SPDX-License-Identifier: BSD-2-Clause */
/* A set of NUMA nodes, ids 0 to 1023, laid out as the kernel's node masks are. */
#ifndef MK_BASE_NODESET_H
#define MK_BASE_NODESET_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define MK_NODE_LIMIT 1024
#define MK_NODE_WORDS (MK_NODE_LIMIT / 64)

struct mk_nodeset {
	uint64_t word[MK_NODE_WORDS];
};

static inline void mk_nodeset_clear(struct mk_nodeset *set)
{
	memset(set, 0, sizeof(*set));
}

/* Ids of 1024 and above are ignored. */
static inline void mk_nodeset_add(struct mk_nodeset *set, unsigned node)
{
	if (node < MK_NODE_LIMIT)
		set->word[node / 64] |= UINT64_C(1) << (node % 64);
}

static inline void mk_nodeset_remove(struct mk_nodeset *set, unsigned node)
{
	if (node < MK_NODE_LIMIT)
		set->word[node / 64] &= ~(UINT64_C(1) << (node % 64));
}

static inline bool mk_nodeset_has(const struct mk_nodeset *set, unsigned node)
{
	return node < MK_NODE_LIMIT && (set->word[node / 64] >> (node % 64) & 1);
}

/* The lowest id of at least FROM, or MK_NODE_LIMIT. */
static inline unsigned mk_nodeset_next(const struct mk_nodeset *set, unsigned from)
{
	for (unsigned node = from; node < MK_NODE_LIMIT;) {
		uint64_t rest = set->word[node / 64] >> (node % 64);

		if (rest != 0)
			return node + (unsigned)__builtin_ctzll(rest);
		node = (node / 64 + 1) * 64;
	}
	return MK_NODE_LIMIT;
}

/* The first ids in a row of at least FROM: from *ret_first to below *ret_end. False: there are none. */
static inline bool mk_nodeset_next_run(const struct mk_nodeset *set, unsigned from,
				       unsigned *ret_first, unsigned *ret_end)
{
	unsigned end = mk_nodeset_next(set, from);

	if (end == MK_NODE_LIMIT)
		return false;
	*ret_first = end;
	while (mk_nodeset_has(set, end))
		end++;
	*ret_end = end;
	return true;
}

#define mk_nodeset_for_each(node, set)                                                             \
	for (unsigned node = mk_nodeset_next(set, 0); node < MK_NODE_LIMIT;                        \
	     node = mk_nodeset_next(set, node + 1))

static inline unsigned mk_nodeset_count(const struct mk_nodeset *set)
{
	unsigned count = 0;

	for (unsigned i = 0; i < MK_NODE_WORDS; i++)
		count += (unsigned)__builtin_popcountll(set->word[i]);
	return count;
}

static inline bool mk_nodeset_is_empty(const struct mk_nodeset *set)
{
	return mk_nodeset_next(set, 0) == MK_NODE_LIMIT;
}

static inline bool mk_nodeset_is_equal(const struct mk_nodeset *a, const struct mk_nodeset *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* Every node of A is in B. */
static inline bool mk_nodeset_is_subset(const struct mk_nodeset *a, const struct mk_nodeset *b)
{
	for (unsigned i = 0; i < MK_NODE_WORDS; i++)
		if (a->word[i] & ~b->word[i])
			return false;
	return true;
}

static inline void mk_nodeset_intersect(struct mk_nodeset *set, const struct mk_nodeset *other)
{
	for (unsigned i = 0; i < MK_NODE_WORDS; i++)
		set->word[i] &= other->word[i];
}

static inline void mk_nodeset_unite(struct mk_nodeset *set, const struct mk_nodeset *other)
{
	for (unsigned i = 0; i < MK_NODE_WORDS; i++)
		set->word[i] |= other->word[i];
}

static inline void mk_nodeset_subtract(struct mk_nodeset *set, const struct mk_nodeset *other)
{
	for (unsigned i = 0; i < MK_NODE_WORDS; i++)
		set->word[i] &= ~other->word[i];
}

/* Nodes one after another. */
struct mk_node_order {
	unsigned count;
	uint16_t node[MK_NODE_LIMIT];
};

/* To the end, where there is room: every node once. */
static inline void mk_node_order_append(struct mk_node_order *order, unsigned node)
{
	if (order->count < MK_NODE_LIMIT)
		order->node[order->count++] = (uint16_t)node;
}

static inline bool mk_node_order_is_equal(const struct mk_node_order *a,
					  const struct mk_node_order *b)
{
	return a->count == b->count && memcmp(a->node, b->node, a->count * sizeof(a->node[0])) == 0;
}

#endif
