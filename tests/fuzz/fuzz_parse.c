/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsers on any text: no fault, outputs untouched on failure, results within what was allowed. */
#include <errno.h>
#include <string.h>

#include "base/parse.h"
#include "fuzz.h"

enum {
	MASK_SIZE = 4, /* bytes at the front: which of the nodes 0 to 31 are allowed */
	MARK = 4711,
};

static void check_range(unsigned first, unsigned last, void *context)
{
	unsigned *count = context;

	MK_FUZZ_CHECK(first <= last && last < 65536);
	(*count)++;
}

static void check_lists(const char *text)
{
	unsigned count = 0, mask_count = 0;
	struct mk_nodeset nodes;
	int result = mk_parse_list(text, check_range, &count);

	MK_FUZZ_CHECK(result == 0 || result == -EINVAL);
	MK_FUZZ_CHECK(count <= strlen(text));
	MK_FUZZ_CHECK(mk_parse_nodes(text, &nodes) == result);
	result = mk_parse_mask(text, check_range, &mask_count);
	MK_FUZZ_CHECK(result == 0 || result == -EINVAL);
	MK_FUZZ_CHECK(mask_count <= 16 * (strlen(text) + 1));
}

static void check_number(const char *text, int base)
{
	uint64_t value = MARK;
	int result = mk_parse_number(text, base, &value);

	MK_FUZZ_CHECK(result == 0 || (result == -EINVAL && value == MARK));
}

static void check_number_of_node(const char *text)
{
	uint64_t number = MARK;
	int result = mk_parse_number_of_node(text, 2, &number);

	MK_FUZZ_CHECK(result == 0 || result == -EINVAL || result == -ENOENT);
	MK_FUZZ_CHECK(result == 0 ? number > 0 && number <= UINT32_MAX : number == MARK);
}

static void check_node_string(const char *text, const struct mk_nodeset *allowed)
{
	struct mk_nodeset nodes, untouched;
	int result;

	mk_nodeset_clear(&nodes);
	mk_nodeset_add(&nodes, MK_NODE_LIMIT - 1);
	untouched = nodes;
	result = mk_parse_node_string(text, allowed, &nodes);
	if (result == 0)
		MK_FUZZ_CHECK(mk_nodeset_is_subset(&nodes, allowed) &&
			      !mk_nodeset_is_empty(&nodes));
	else
		MK_FUZZ_CHECK((result == -EINVAL || result == -ENODEV) &&
			      mk_nodeset_is_equal(&nodes, &untouched));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mk_nodeset allowed;
	char *text;

	mk_nodeset_clear(&allowed);
	if (size < MASK_SIZE)
		return 0;
	for (unsigned i = 0; i < MASK_SIZE; i++)
		allowed.word[0] |= (uint64_t)data[i] << (8 * i);
	size -= MASK_SIZE;
	text = malloc(size + 1);
	MK_FUZZ_CHECK(text != NULL);
	memcpy(text, data + MASK_SIZE, size);
	text[size] = '\0';
	check_lists(text);
	check_number(text, 10);
	check_number(text, 16);
	check_number_of_node(text);
	check_node_string(text, &allowed);
	free(text);
	return 0;
}
