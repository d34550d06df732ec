/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptions of kinds with any text: no fault; what is refused is named by a part of the text, or by a
 * key; what is accepted is within what is allowed, and reads as the same when it is written.
 */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "kind/chain.h"

/* Without weights it does not matter how often, and in which order, nodes are named. */
static void drop_order(struct mk_spec *spec)
{
	if (spec->weight_count != 0)
		return;
	spec->listed_count = 0;
	memset(spec->listed, 0, sizeof(spec->listed));
}

static void check_written(const struct mk_spec *spec)
{
	char text[2048], cut[16];
	size_t length = mk_spec_write(spec, text, sizeof(text));
	struct mk_spec_refusal refusal;
	struct mk_spec again, expected;
	const char *then;

	MK_FUZZ_CHECK(length == strlen(text));
	MK_FUZZ_CHECK(mk_spec_parse(text, &again, &then, &refusal) == 0 && then == NULL);
	memcpy(&expected, spec, sizeof(expected));
	drop_order(&expected);
	drop_order(&again);
	MK_FUZZ_CHECK(memcmp(&again, &expected, sizeof(again)) == 0);
	MK_FUZZ_CHECK(mk_spec_write(spec, cut, sizeof(cut)) == length);
	MK_FUZZ_CHECK(strlen(cut) < sizeof(cut) && strncmp(cut, text, sizeof(cut) - 1) == 0);
}

static void check_spec(const struct mk_spec *spec)
{
	MK_FUZZ_CHECK(spec->source <= MK_SPEC_LIST);
	MK_FUZZ_CHECK((spec->source == MK_SPEC_LIST) == !mk_nodeset_is_empty(&spec->nodes));
	MK_FUZZ_CHECK(spec->policy <= MEMKIND_NG_POLICY_WEIGHTED);
	MK_FUZZ_CHECK(spec->use <= MEMKIND_NG_USE_CLOSEST);
	MK_FUZZ_CHECK(spec->pages <= MEMKIND_NG_PAGES_1G);
	MK_FUZZ_CHECK(spec->exhaustion <= MEMKIND_NG_EXHAUSTION_NULL);
	MK_FUZZ_CHECK(spec->weight_count <= MK_SPEC_TURN_LIMIT);
	MK_FUZZ_CHECK(spec->weight_count == 0 || spec->weight_count == spec->listed_count);
	MK_FUZZ_CHECK(spec->step % 65536 == 0);
	MK_FUZZ_CHECK(spec->limit == 0 || spec->limit >= 4096);
	check_written(spec);
}

static void check_chain(const struct mk_chain *chain)
{
	MK_FUZZ_CHECK(chain->count <= MK_CHAIN_LIMIT);
	MK_FUZZ_CHECK(chain->count != 0 || chain->last != NULL);
	for (size_t i = 0; i < chain->count; i++)
		check_spec(&chain->specs[i]);
}

static void check_refusal(const struct mk_spec_refusal *refusal)
{
	char line[2048], cut[32];
	int length = mk_chain_write_refusal(refusal, line, sizeof(line));

	MK_FUZZ_CHECK(refusal->allowed != NULL && length > 0 && (size_t)length < sizeof(line));
	MK_FUZZ_CHECK(mk_chain_write_refusal(refusal, cut, sizeof(cut)) == length);
	MK_FUZZ_CHECK(mk_chain_write_refusal(refusal, NULL, 0) == length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct mk_spec_refusal refusal;
	struct mk_chain chain;
	struct mk_spec spec;
	const char *then;
	int result;

	MK_FUZZ_CHECK(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	result = mk_chain_parse(text, &chain, &refusal);
	MK_FUZZ_CHECK(result == 0 || result == -EINVAL);
	if (result != 0)
		check_refusal(&refusal);
	else
		check_chain(&chain);
	if (mk_spec_parse(text, &spec, &then, &refusal) == 0)
		check_spec(&spec);
	free(text);
	return 0;
}
