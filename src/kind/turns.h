/* SPDX-License-Identifier: BSD-2-Clause */
/* Nodes that take turns by weights: pure arithmetic. */
#ifndef MK_KIND_TURNS_H
#define MK_KIND_TURNS_H

#include <stddef.h>
#include <stdint.h>

#define MK_WEIGHT_COUNT 64   /* nodes that can have a weight each */
#define MK_WEIGHT_SUM	1000 /* the most that all weights together are */

/* Weights by place; which node is at which place, somebody else knows. */
struct mk_weights {
	unsigned count;
	uint16_t weight[MK_WEIGHT_COUNT]; /* 0: never gets a turn */
};

/* Whose turn it is, over and over: places, each as often as its weight says. */
struct mk_turns {
	unsigned period; /* sum of the weights; 0: nobody's */
	uint8_t place[MK_WEIGHT_SUM];
};

/*
 * WEIGHTS sum up to MK_WEIGHT_SUM at most. The turns are spread evenly: at any moment each place had
 * its exact share of the turns so far, give or take less than one.
 */
void mk_turns_make(struct mk_turns *turns, const struct mk_weights *weights);

/* How many of the first NUMBER turns were of places with a weight in CHOSEN that is not 0. */
uint64_t mk_turns_count(const struct mk_turns *turns, uint64_t number,
			const struct mk_weights *chosen);

#endif
