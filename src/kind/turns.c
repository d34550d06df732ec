/* SPDX-License-Identifier: BSD-2-Clause */
/* Nodes that take turns by weights. */
#include "kind/turns.h"

/* The moment up to which a place must have had so many turns, if none of its own is to be late. */
static unsigned deadline(unsigned count, unsigned period, unsigned weight)
{
	return (count * period + weight - 1) / weight;
}

/*
 * The place whose next turn has to come soonest. One that had its share takes none before its time:
 * by both rules together nobody is ever a whole turn ahead or behind (they are those of "proportionate
 * fair" scheduling, of which it is proven).
 */
static unsigned next_place(const struct mk_weights *weights, const unsigned *counts, unsigned now,
			   unsigned period)
{
	unsigned soonest = 0, best = 0;

	for (unsigned i = 0; i < weights->count; i++) {
		unsigned weight = weights->weight[i];
		unsigned end;

		if (weight == 0 || counts[i] * period / weight > now)
			continue;
		end = deadline(counts[i] + 1, period, weight);
		if (soonest == 0 || end < soonest) {
			soonest = end;
			best = i;
		}
	}
	return best;
}

void mk_turns_make(struct mk_turns *turns, const struct mk_weights *weights)
{
	unsigned counts[MK_WEIGHT_COUNT] = {0};

	turns->period = 0;
	for (unsigned i = 0; i < weights->count; i++)
		turns->period += weights->weight[i];
	for (unsigned now = 0; now < turns->period; now++) {
		unsigned place = next_place(weights, counts, now, turns->period);

		turns->place[now] = (uint8_t)place;
		counts[place]++;
	}
}

uint64_t mk_turns_count(const struct mk_turns *turns, uint64_t number,
			const struct mk_weights *chosen)
{
	unsigned rest = (unsigned)(number % turns->period);
	uint64_t in_period = 0, in_rest = 0;

	for (unsigned i = 0; i < turns->period; i++) {
		if (chosen->weight[turns->place[i]] == 0)
			continue;
		in_period++;
		in_rest += i < rest;
	}
	return number / turns->period * in_period + in_rest;
}
