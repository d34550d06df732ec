/* SPDX-License-Identifier: BSD-2-Clause */
/* Turns by weights: evenly spread, and the same again for those that remain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bits.h"
#include "kind/turns.h"

static struct mk_turns make(const struct mk_weights *weights)
{
	struct mk_turns turns;

	mk_turns_make(&turns, weights);
	return turns;
}

static void assert_turns(const struct mk_weights *weights, const char *expected)
{
	struct mk_turns turns = make(weights);

	assert_int_equal(turns.period, strlen(expected));
	for (unsigned i = 0; i < turns.period; i++)
		assert_int_equal('A' + turns.place[i], expected[i]);
}

static void few_weights_take_turns_as_one_would_by_hand(void **state)
{
	(void)state;
	assert_turns(&(struct mk_weights){1, {3}}, "AAA");
	assert_turns(&(struct mk_weights){2, {1, 1}}, "AB");
	assert_turns(&(struct mk_weights){2, {4, 1}}, "AAAAB");
	assert_turns(&(struct mk_weights){2, {2, 5}}, "BBABBAB");
	assert_turns(&(struct mk_weights){3, {0, 1, 2}}, "CBC");
	assert_turns(&(struct mk_weights){3, {0, 0, 0}}, "");
}

/* After any number of turns the share of each is exact, give or take less than one turn. */
static void assert_even(const struct mk_weights *weights)
{
	struct mk_turns turns = make(weights);
	long counts[MK_WEIGHT_COUNT] = {0};

	for (unsigned now = 0; now < turns.period; now++) {
		counts[turns.place[now]]++;
		for (unsigned i = 0; i < weights->count; i++) {
			long off = counts[i] * (long)turns.period -
				   (long)(now + 1) * weights->weight[i];

			assert_true(labs(off) < (long)turns.period);
		}
	}
	for (unsigned i = 0; i < weights->count; i++)
		assert_int_equal(counts[i], weights->weight[i]);
}

/* Small ones, and now and then one as large as many can be together. */
static struct mk_weights mixed_weights(unsigned count)
{
	struct mk_weights weights = {.count = count};

	for (unsigned i = 0; i < count; i++)
		weights.weight[i] = (uint16_t)(i % 4 == 3 ? MK_WEIGHT_SUM / count - i % 3
							  : 1 + (i * 7 + count) % 9);
	return weights;
}

static void everybody_has_the_exact_share_at_any_moment(void **state)
{
	(void)state;
	assert_even(&(struct mk_weights){2, {1, MK_WEIGHT_SUM - 1}});
	assert_even(&(struct mk_weights){8, {1, 1, 2, 3, 5, 8, 13, 21}});
	for (unsigned count = 1; count <= MK_WEIGHT_COUNT; count++) {
		struct mk_weights weights = mixed_weights(count);

		assert_even(&weights);
	}
}

static void turns_of_some_are_counted(void **state)
{
	const struct mk_weights weights = {3, {3, 2, 4}};
	const struct mk_weights chosen = {3, {0, 2, 4}};
	struct mk_turns turns = make(&weights);
	uint64_t count = 0;

	(void)state;
	for (unsigned now = 0; now < 100; now++) {
		assert_int_equal(mk_turns_count(&turns, now, &chosen), count);
		count += turns.place[now % turns.period] != 0;
	}
	assert_int_equal(mk_turns_count(&turns, UINT64_C(9) << 40, &chosen), UINT64_C(6) << 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_weights_take_turns_as_one_would_by_hand),
		cmocka_unit_test(everybody_has_the_exact_share_at_any_moment),
		cmocka_unit_test(turns_of_some_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
