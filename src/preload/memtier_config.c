/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts are cut at separators into parts; tables say what a part may be. */
#include "preload/memtier_config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/bits.h"
#include "base/parse.h"

/* A parameter of a record, such as RATIO of a tier. */
struct parameter {
	const char *name;
	bool (*read)(struct mk_part value, void *field);
	size_t offset; /* of the field in the record */
	const char *allowed;
};

struct format {
	const char *separators; /* between name and value */
	const char *allowed;	/* where there is no such parameter */
	size_t count;
	const struct parameter *parameters;
};

static const char *const kind_names[] = {
	[MK_MEMTIER_DRAM] = "DRAM",
	[MK_MEMTIER_KMEM_DAX] = "KMEM_DAX",
	[MK_MEMTIER_FS_DAX] = "FS_DAX",
};

static const char *const policy_names[] = {
	[MEMTIER_POLICY_STATIC_RATIO] = "STATIC_RATIO",
	[MEMTIER_POLICY_DYNAMIC_THRESHOLD] = "DYNAMIC_THRESHOLD",
};

static int refuse(struct mk_memtier_refusal *refusal, struct mk_part part, const char *allowed)
{
	refusal->part = part;
	refusal->allowed = allowed;
	return -EINVAL;
}

static struct mk_part whole(const char *text)
{
	return (struct mk_part){.start = text, .length = strlen(text)};
}

/* Bytes from AT on that no separator is looked for in: a kind in brackets, or one. */
static size_t step_over(struct mk_part part, size_t at)
{
	static const char before[] = "KIND:";
	size_t length = sizeof(before) - 1;
	const char *end;

	if (part.start[at] != '[' || at < length ||
	    memcmp(part.start + at - length, before, length) != 0)
		return 1;
	end = memchr(part.start + at, ']', part.length - at);
	return end == NULL ? 1 : (size_t)(end - part.start) - at;
}

/*
 * What stands before the first of SEPARATORS in *REST, which is then what stands behind it; its start is
 * NULL where there is none of them. Those in the brackets of a kind do not count.
 */
static struct mk_part cut(struct mk_part *rest, const char *separators)
{
	struct mk_part part = *rest;
	size_t length = 0;

	while (length < rest->length && strchr(separators, rest->start[length]) == NULL)
		length += step_over(*rest, length);
	part.length = length;
	if (length == rest->length) {
		*rest = (struct mk_part){.start = NULL};
	} else {
		rest->start += length + 1;
		rest->length -= length + 1;
	}
	return part;
}

static bool is_word(struct mk_part part, const char *word)
{
	return strlen(word) == part.length && memcmp(part.start, word, part.length) == 0;
}

/* The index of the word that PART is, or COUNT. */
static size_t find_word(struct mk_part part, const char *const *words, size_t count)
{
	size_t i = 0;

	while (i < count && !is_word(part, words[i]))
		i++;
	return i;
}

static bool read_kind(struct mk_part value, void *record)
{
	size_t kind = find_word(value, kind_names, MK_ARRAY_SIZE(kind_names));
	struct mk_memtier_tier *tier = record;

	tier->kind = (enum mk_memtier_kind)kind;
	if (kind < MK_ARRAY_SIZE(kind_names))
		return true;
	tier->kind = MK_MEMTIER_DESCRIBED;
	if (value.length <= 2 || value.start[0] != '[' || value.start[value.length - 1] != ']')
		return false;
	tier->text = (struct mk_part){value.start + 1, value.length - 2};
	return true;
}

static bool read_ratio(struct mk_part value, void *field)
{
	const char *text = value.start;
	int base = 10;
	uint64_t number;

	/* Of octal numbers the 0 is a digit, too. */
	if (text[0] == '0')
		base = text[1] == 'x' || text[1] == 'X' ? 16 : 8;
	if (base == 16)
		text += 2;
	if (!mk_parse_digits(&text, base, &number) || text != value.start + value.length ||
	    number == 0 || number > UINT32_MAX)
		return false;
	*(unsigned *)field = (unsigned)number;
	return true;
}

static bool read_path(struct mk_part value, void *field)
{
	*(struct mk_part *)field = value;
	return value.length != 0;
}

static bool read_size(struct mk_part value, void *field)
{
	static const char suffixes[] = "KMG";
	const char *text = value.start, *end = value.start + value.length;
	const char *suffix;
	uint64_t number;
	size_t unit = 1;

	if (!mk_parse_digits(&text, 10, &number))
		return false;
	suffix = text == end ? NULL : strchr(suffixes, *text);
	if (suffix != NULL) {
		unit = MK_KIB << (10 * (suffix - suffixes));
		text++;
	}
	return text == end && mk_multiply(number, unit, field);
}

static bool read_limit(struct mk_part value, void *field)
{
	size_t limit;

	if (!read_size(value, &limit) || (limit != 0 && limit < MEMKIND_PMEM_MIN_SIZE))
		return false;
	*(size_t *)field = limit;
	return true;
}

enum tier_parameter { KIND, RATIO, PATH, SIZE_LIMIT };

static const struct parameter tier_parameters[] = {
	[KIND] =
		{"KIND", read_kind, 0,
		 "KIND:DRAM, KIND:KMEM_DAX, KIND:FS_DAX or a kind such as KIND:[nodes=2;limit=1G]"},
	[RATIO] = {"RATIO", read_ratio, offsetof(struct mk_memtier_tier, ratio),
		   "RATIO: and a number from 1 to 4294967295"},
	[PATH] = {"PATH", read_path, offsetof(struct mk_memtier_tier, path),
		  "PATH: and a directory"},
	[SIZE_LIMIT] = {"PMEM_SIZE_LIMIT", read_limit, offsetof(struct mk_memtier_tier, size_limit),
			"PMEM_SIZE_LIMIT: and 0, or a number of bytes of at least 16M; K, M or G "
			"may follow it"},
};

static const struct format tier_format = {
	":", "KIND:, RATIO:, PATH: and PMEM_SIZE_LIMIT:, with commas, each once",
	MK_ARRAY_SIZE(tier_parameters), tier_parameters};

#define BOUND(name, bound)                                                                         \
	[bound] = {name, read_size,                                                                \
		   offsetof(struct mk_memtier_threshold, bounds) + (bound) * sizeof(size_t),       \
		   name ": and a number of bytes; K, M or G may follow it"}

static const struct parameter threshold_parameters[] = {
	BOUND("INIT_VAL", MK_MEMTIER_VAL),
	BOUND("MIN_VAL", MK_MEMTIER_MIN),
	BOUND("MAX_VAL", MK_MEMTIER_MAX),
};

static const struct format threshold_format = {
	":=", "INIT_VAL:, MIN_VAL: and MAX_VAL:, with commas, each once",
	MK_ARRAY_SIZE(threshold_parameters), threshold_parameters};

/* One parameter; its bit in *GIVEN must be 0, and is 1 then. */
static int parse_item(struct mk_part item, const struct format *format, void *record,
		      unsigned *given, struct mk_memtier_refusal *refusal)
{
	struct mk_part value = item;
	struct mk_part name = cut(&value, format->separators);
	const struct parameter *parameter;
	size_t i = 0;

	while (i < format->count && !is_word(name, format->parameters[i].name))
		i++;
	if (i == format->count || *given >> i & 1)
		return refuse(refusal, item, format->allowed);
	parameter = &format->parameters[i];
	if (value.start == NULL || !parameter->read(value, (char *)record + parameter->offset))
		return refuse(refusal, item, parameter->allowed);
	*given |= 1u << i;
	return 0;
}

static int parse_record(struct mk_part part, const struct format *format, void *record,
			unsigned *ret_given, struct mk_memtier_refusal *refusal)
{
	int error = 0;

	*ret_given = 0;
	while (error == 0 && part.start != NULL)
		error = parse_item(cut(&part, ","), format, record, ret_given, refusal);
	return error;
}

/* Whether a kind is a tier of CONFIG already and must not be one again. */
static bool is_taken(const struct mk_memtier_config *config, enum mk_memtier_kind kind)
{
	for (size_t i = 0; i < config->tier_count; i++)
		if (config->tiers[i].kind == kind && kind < MK_MEMTIER_FS_DAX)
			return true;
	return false;
}

static int add_tier(struct mk_memtier_config *config, struct mk_part part,
		    struct mk_memtier_refusal *refusal)
{
	struct mk_memtier_tier tier = {.size_limit = 0};
	unsigned given;
	bool is_file;
	int error = parse_record(part, &tier_format, &tier, &given, refusal);

	if (error != 0)
		return error;
	if (!(given >> KIND & 1) || !(given >> RATIO & 1))
		return refuse(refusal, part, "a tier with KIND: and RATIO:");
	is_file = tier.kind == MK_MEMTIER_FS_DAX;
	if (is_file != (given >> PATH & 1) || (!is_file && (given >> SIZE_LIMIT & 1)))
		return refuse(
			refusal, part,
			"PATH: where it is KIND:FS_DAX, maybe with PMEM_SIZE_LIMIT:, and neither "
			"for other kinds");
	if (is_taken(config, tier.kind))
		return refuse(refusal, part, "one tier of DRAM, and one of KMEM_DAX");
	if (config->tier_count == MK_MEMTIER_TIER_LIMIT)
		return refuse(refusal, part, "at most 64 tiers");
	config->tiers[config->tier_count++] = tier;
	return 0;
}

static int parse_policy(struct mk_memtier_config *config, struct mk_part part,
			struct mk_memtier_refusal *refusal)
{
	struct mk_part value = part;
	struct mk_part name = cut(&value, ":");
	size_t policy = MEMTIER_POLICY_MAX_VALUE;

	if (value.start != NULL && is_word(name, "POLICY"))
		policy = find_word(value, policy_names, MK_ARRAY_SIZE(policy_names));
	if (policy == MEMTIER_POLICY_MAX_VALUE)
		return refuse(refusal, part,
			      "POLICY:STATIC_RATIO or POLICY:DYNAMIC_THRESHOLD at the end");
	if (config->tier_count == 0)
		return refuse(refusal, part,
			      "a tier, such as KIND:DRAM,RATIO:1; before the policy");
	if (policy == MEMTIER_POLICY_DYNAMIC_THRESHOLD && config->tier_count < 2)
		return refuse(refusal, part, "DYNAMIC_THRESHOLD for two tiers or more");
	config->policy = (memtier_policy_t)policy;
	return 0;
}

static int parse_tiers(const char *text, struct mk_memtier_config *config,
		       struct mk_memtier_refusal *refusal)
{
	struct mk_part rest = whole(text);
	struct mk_part part = cut(&rest, ";");
	int error = 0;

	for (; rest.start != NULL && error == 0; part = cut(&rest, ";"))
		error = add_tier(config, part, refusal);
	return error != 0 ? error : parse_policy(config, part, refusal);
}

static int parse_thresholds(const char *text, struct mk_memtier_config *config,
			    struct mk_memtier_refusal *refusal)
{
	struct mk_part rest = whole(text);
	int error = 0;

	if (config->policy != MEMTIER_POLICY_DYNAMIC_THRESHOLD)
		return refuse(refusal, rest, "thresholds with POLICY:DYNAMIC_THRESHOLD");
	while (error == 0 && rest.start != NULL) {
		struct mk_part part = cut(&rest, ";");
		struct mk_memtier_threshold *threshold =
			&config->thresholds[config->threshold_count];

		if (++config->threshold_count >= config->tier_count)
			return refuse(refusal, part, "fewer thresholds than tiers");
		error = parse_record(part, &threshold_format, threshold, &threshold->given,
				     refusal);
	}
	return error;
}

int mk_memtier_parse(const char *tiers, const char *thresholds,
		     struct mk_memtier_config *ret_config, struct mk_memtier_refusal *ret_refusal)
{
	int error;

	memset(ret_config, 0, sizeof(*ret_config));
	*ret_refusal = (struct mk_memtier_refusal){.is_threshold = false};
	error = parse_tiers(tiers, ret_config, ret_refusal);
	if (error != 0 || thresholds == NULL)
		return error;
	ret_refusal->is_threshold = true;
	return parse_thresholds(thresholds, ret_config, ret_refusal);
}

bool mk_memtier_copy(struct mk_part text, char ret_text[static MK_MEMTIER_TEXT_SIZE])
{
	size_t length = mk_min_size(text.length, MK_MEMTIER_TEXT_SIZE - 1);

	memcpy(ret_text, text.start, length);
	ret_text[length] = '\0';
	return length == text.length;
}

int mk_memtier_parse_level(const char *text, unsigned *ret_level)
{
	unsigned level = 0;

	if (text != NULL && text[0] != '\0') {
		if (text[0] < '0' || text[0] > '2' || text[1] != '\0')
			return -EINVAL;
		level = (unsigned)(text[0] - '0');
	}
	*ret_level = level;
	return 0;
}
