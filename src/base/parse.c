/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsers that take any bytes: they stop at the first fault and never read past the end. */
#include "base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

enum {
	ID_LIMIT = 65536,
	MASK_WORD_BITS = 32,
	MASK_WORD_DIGITS = 8,
};

static const char *skip_space(const char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

static int digit_value(char character, int base)
{
	int value = -1;

	if (character >= '0' && character <= '9')
		value = character - '0';
	else if (character >= 'a' && character <= 'f')
		value = character - 'a' + 10;
	else if (character >= 'A' && character <= 'F')
		value = character - 'A' + 10;
	return value < base ? value : -1;
}

bool mk_parse_digits(const char **text, int base, uint64_t *ret_value)
{
	const char *start = *text;
	uint64_t value = 0;

	for (; digit_value(**text, base) >= 0; (*text)++)
		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit_value(**text, base), &value))
			return false;
	if (*text == start)
		return false;
	*ret_value = value;
	return true;
}

bool mk_parse_size(const char **text, uint64_t *ret_size)
{
	static const char suffixes[] = "KMGT";
	const char *suffix;
	uint64_t size;

	if (!mk_parse_digits(text, 10, &size))
		return false;
	suffix = **text == '\0' ? NULL : strchr(suffixes, **text);
	if (suffix != NULL) {
		(*text)++;
		if (__builtin_mul_overflow(size, UINT64_C(1) << (10 * (suffix - suffixes + 1)),
					   &size))
			return false;
	}
	*ret_size = size;
	return true;
}

static void skip_hex_prefix(const char **text)
{
	if ((*text)[0] == '0' && ((*text)[1] == 'x' || (*text)[1] == 'X'))
		*text += 2;
}

int mk_parse_number(const char *text, int base, uint64_t *ret_value)
{
	uint64_t value;

	text = skip_space(text);
	if (base == 16)
		skip_hex_prefix(&text);
	if (!mk_parse_digits(&text, base, &value) || *skip_space(text) != '\0')
		return -EINVAL;
	*ret_value = value;
	return 0;
}

/* An id of a list; *TEXT moves behind it. */
static bool take_id(const char **text, uint64_t *ret_id)
{
	return mk_parse_digits(text, 10, ret_id) && *ret_id < ID_LIMIT;
}

int mk_parse_list(const char *text, mk_range_visitor *visit, void *context)
{
	text = skip_space(text);
	if (*text == '\0')
		return 0;
	for (;;) {
		uint64_t first, last;

		if (!take_id(&text, &first))
			return -EINVAL;
		last = first;
		if (*text == '-') {
			text++;
			if (!take_id(&text, &last) || last < first)
				return -EINVAL;
		}
		visit((unsigned)first, (unsigned)last, context);
		if (*text != ',')
			return *skip_space(text) == '\0' ? 0 : -EINVAL;
		text++;
	}
}

/* "2:3000"; *TEXT moves behind it. */
static bool take_pair(const char **text, uint64_t *ret_id, uint64_t *ret_number)
{
	if (!mk_parse_digits(text, 10, ret_id) || *ret_id >= MK_NODE_LIMIT || **text != ':')
		return false;
	(*text)++;
	return mk_parse_digits(text, 10, ret_number) && *ret_number > 0 &&
	       *ret_number <= UINT32_MAX;
}

int mk_parse_number_of_node(const char *text, unsigned id, uint64_t *ret_number)
{
	struct mk_nodeset seen;
	uint64_t found = 0;

	mk_nodeset_clear(&seen);
	for (;; text++) {
		uint64_t node, number;

		if (!take_pair(&text, &node, &number) || mk_nodeset_has(&seen, (unsigned)node))
			return -EINVAL;
		mk_nodeset_add(&seen, (unsigned)node);
		if (node == id)
			found = number;
		if (*text != ',')
			break;
	}
	if (*text != '\0')
		return -EINVAL;
	if (found == 0)
		return -ENOENT;
	*ret_number = found;
	return 0;
}

static void visit_word(uint64_t word, size_t base_id, mk_range_visitor *visit, void *context)
{
	while (word != 0) {
		unsigned first = (unsigned)__builtin_ctzll(word);
		unsigned count = (unsigned)__builtin_ctzll(~(word >> first));

		visit((unsigned)base_id + first, (unsigned)base_id + first + count - 1, context);
		word &= ~(((UINT64_C(1) << count) - 1) << first);
	}
}

/* Words of a mask that begins at TEXT; 0: it is none. */
static size_t count_words(const char *text)
{
	size_t words = 1;
	size_t digits = 0;

	for (; digit_value(*text, 16) >= 0 || *text == ','; text++) {
		digits = *text == ',' ? 0 : digits + 1;
		words += *text == ',';
		if (digits > MASK_WORD_DIGITS)
			return 0;
	}
	return *skip_space(text) == '\0' && words <= ID_LIMIT / MASK_WORD_BITS ? words : 0;
}

int mk_parse_mask(const char *text, mk_range_visitor *visit, void *context)
{
	size_t words = count_words(text);

	if (*skip_space(text) == '\0')
		return 0;
	if (words == 0)
		return -EINVAL;
	for (; words > 0; words--, text++) {
		uint64_t word;

		if (!mk_parse_digits(&text, 16, &word))
			return -EINVAL;
		visit_word(word, (words - 1) * MASK_WORD_BITS, visit, context);
	}
	return 0;
}

static void add_nodes(unsigned first, unsigned last, void *context)
{
	for (unsigned node = first; node <= last && node < MK_NODE_LIMIT; node++)
		mk_nodeset_add(context, node);
}

int mk_parse_nodes(const char *text, struct mk_nodeset *ret_nodes)
{
	mk_nodeset_clear(ret_nodes);
	return mk_parse_list(text, add_nodes, ret_nodes);
}

/* A number as strtoul reads it in base 0. */
static bool take_user_number(const char **text, uint64_t *ret_value)
{
	const char *start = skip_space(*text);
	int base = 10;

	if (start[0] == '0' && (start[1] == 'x' || start[1] == 'X'))
		base = 16;
	else if (start[0] == '0')
		base = 8;
	if (base == 16)
		start += 2;
	*text = start;
	return mk_parse_digits(text, base, ret_value);
}

/* The id of the POSITION-th node of a set, or MK_NODE_LIMIT. */
static unsigned nth_node(const struct mk_nodeset *set, uint64_t position)
{
	unsigned node = mk_nodeset_next(set, 0);

	for (; node < MK_NODE_LIMIT && position > 0; position--)
		node = mk_nodeset_next(set, node + 1);
	return node;
}

/* The node that is meant: NUMBER itself or, relative, the one at that position in ALLOWED. */
static int find_allowed(const struct mk_nodeset *allowed, uint64_t number, bool is_relative,
			unsigned *ret_node)
{
	unsigned node = MK_NODE_LIMIT;

	if (number < MK_NODE_LIMIT)
		node = is_relative ? nth_node(allowed, number) : (unsigned)number;
	if (!mk_nodeset_has(allowed, node))
		return -ENODEV;
	*ret_node = node;
	return 0;
}

/* "2", "2-3", or one of them behind a "+": *TEXT moves behind it. */
static int take_range(const char **text, const struct mk_nodeset *allowed, struct mk_nodeset *nodes)
{
	bool is_relative = **text == '+';
	uint64_t first, last;

	*text += is_relative;
	if (!take_user_number(text, &first))
		return -EINVAL;
	last = first;
	if (**text == '-') {
		(*text)++;
		if (!take_user_number(text, &last))
			return -EINVAL;
	}
	if (**text != ',' && **text != '\0')
		return -EINVAL;
	if (last < first)
		last = first;
	for (uint64_t number = first; number <= last; number++) {
		unsigned node;
		int error = find_allowed(allowed, number, is_relative, &node);

		if (error != 0)
			return error;
		mk_nodeset_add(nodes, node);
	}
	return 0;
}

static bool is_all(const char *text)
{
	text += *text == '+';
	return text[0] == 'a' && text[1] == 'l' && text[2] == 'l' && text[3] == '\0';
}

/* Items separated by commas; "all" can only be the last. */
static int take_items(const char *text, const struct mk_nodeset *allowed, struct mk_nodeset *nodes)
{
	for (;; text++) {
		int error;

		if (is_all(text)) {
			mk_nodeset_unite(nodes, allowed);
			return 0;
		}
		error = take_range(&text, allowed, nodes);
		if (error != 0 || *text == '\0')
			return error;
	}
}

int mk_parse_node_string(const char *text, const struct mk_nodeset *allowed,
			 struct mk_nodeset *ret_nodes)
{
	bool is_complement = *text == '!';
	struct mk_nodeset nodes;
	int error;

	mk_nodeset_clear(&nodes);
	error = take_items(text + is_complement, allowed, &nodes);
	if (error != 0)
		return error;
	if (is_complement) {
		struct mk_nodeset others = *allowed;

		mk_nodeset_subtract(&others, &nodes);
		nodes = others;
	}
	if (mk_nodeset_is_empty(&nodes))
		return -EINVAL;
	*ret_nodes = nodes;
	return 0;
}
