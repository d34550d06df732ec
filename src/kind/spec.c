/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptions of kinds: a table says what a key may be. */
#include "kind/spec.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "base/parse.h"
#include "kind/turns.h"

enum {
	LIST_SIZE = 512, /* of a text of nodes */
	STEP_UNIT = 64 << 10,
	HUGE_PAGE_SIZE = 2 << 20,
	LIMIT_LEAST = 4096,
	MS_PER_S = 1000,
};

#define THEN "then="

struct key {
	const char *name;
	bool (*read)(const struct key *key, struct mk_word value, struct mk_spec *spec);
	/* Writes nothing where the key was not given. The buffer is of LIST_SIZE or more. */
	size_t (*write)(const struct key *key, const struct mk_spec *spec, char *buffer,
			size_t size);
	const char *const
		*words; /* of a key that is one of them: number 1 on, with a NULL behind */
	size_t offset;
	const char *allowed;
};

static bool is_word(struct mk_word word, const char *text)
{
	return strlen(text) == word.length && memcmp(word.start, text, word.length) == 0;
}

/* The index of the word, or that of the NULL behind the last one. */
static unsigned find_word(const char *const *words, struct mk_word word)
{
	unsigned i = 0;

	while (words[i] != NULL && !is_word(word, words[i]))
		i++;
	return i;
}

/* What the key sets, where that is one number. */
static void *field_of(const struct key *key, struct mk_spec *spec)
{
	return (char *)spec + key->offset;
}

static const void *value_of(const struct key *key, const struct mk_spec *spec)
{
	return (const char *)spec + key->offset;
}

static bool read_word(const struct key *key, struct mk_word value, struct mk_spec *spec)
{
	unsigned i = find_word(key->words, value);

	*(unsigned *)field_of(key, spec) = i + 1;
	return key->words[i] != NULL;
}

/* At the end of what a buffer holds so far; its length goes on where it is full. */
#define ADD(length, buffer, size, ...)                                                             \
	((length) += (size_t)snprintf((length) < (size) ? (buffer) + (length) : NULL,              \
				      (length) < (size) ? (size) - (length) : 0, __VA_ARGS__))

static size_t write_word(const struct key *key, const struct mk_spec *spec, char *buffer,
			 size_t size)
{
	unsigned number = *(const unsigned *)value_of(key, spec);
	size_t length = 0;

	if (number != 0)
		ADD(length, buffer, size, "%s=%s", key->name, key->words[number - 1]);
	return length;
}

static void add_listed(unsigned first, unsigned last, void *context)
{
	struct mk_spec *spec = context;

	for (unsigned node = first; node <= last; node++) {
		if (node < MK_NODE_LIMIT)
			mk_nodeset_add(&spec->nodes, node);
		else
			spec->listed_count = UINT_MAX;
		if (spec->listed_count < MK_SPEC_TURN_LIMIT)
			spec->listed[spec->listed_count] = (uint16_t)node;
		if (spec->listed_count != UINT_MAX)
			spec->listed_count++;
	}
}

static bool read_list(struct mk_word value, struct mk_spec *spec)
{
	char text[LIST_SIZE];

	if (value.length == 0 || value.length >= sizeof(text))
		return false;
	memcpy(text, value.start, value.length);
	text[value.length] = '\0';
	return strspn(text, "0123456789,-") == value.length &&
	       mk_parse_list(text, add_listed, spec) == 0 && spec->listed_count != UINT_MAX;
}

static const char *const source_words[] = {
	[MK_SPEC_ALL] = "all", [MK_SPEC_DRAM] = "dram", [MK_SPEC_KMEM] = "kmem",
	[MK_SPEC_CXL] = "cxl", [MK_SPEC_HBM] = "hbm",	[MK_SPEC_FAR] = "far",
	[MK_SPEC_LIST] = NULL,
};

static bool read_nodes(const struct key *key, struct mk_word value, struct mk_spec *spec)
{
	spec->source = (enum mk_spec_source)find_word(key->words, value);
	return spec->source != MK_SPEC_LIST || read_list(value, spec);
}

/* In the order they were named where that is known, else as ranges. */
static size_t write_list(const struct mk_spec *spec, char *buffer, size_t size)
{
	const char *separator = "";
	unsigned first, end = 0;
	size_t length = 0;

	if (spec->listed_count <= MK_SPEC_TURN_LIMIT) {
		for (unsigned i = 0; i < spec->listed_count; i++) {
			ADD(length, buffer, size, "%s%u", separator, spec->listed[i]);
			separator = ",";
		}
		return length;
	}
	while (mk_nodeset_next_run(&spec->nodes, end, &first, &end)) {
		ADD(length, buffer, size, "%s%u", separator, first);
		if (end - first > 1)
			ADD(length, buffer, size, "-%u", end - 1);
		separator = ",";
	}
	return length;
}

static size_t write_nodes(const struct key *key, const struct mk_spec *spec, char *buffer,
			  size_t size)
{
	size_t length = 0;

	ADD(length, buffer, size, "%s=", key->name);
	if (spec->source != MK_SPEC_LIST)
		ADD(length, buffer, size, "%s", key->words[spec->source]);
	else
		length += write_list(spec, buffer + length, size - length);
	return length;
}

static bool is_step(size_t size)
{
	return size != 0 && size % STEP_UNIT == 0 && size <= MK_GIB;
}

static bool is_limit(size_t size)
{
	return size >= LIMIT_LEAST;
}

static bool read_size(const struct key *key, struct mk_word value, struct mk_spec *spec)
{
	const char *text = value.start;
	uint64_t size;

	if (!mk_parse_size(&text, &size) || text != value.start + value.length)
		return false;
	*(size_t *)field_of(key, spec) = size;
	return key->offset == offsetof(struct mk_spec, step) ? is_step(size) : is_limit(size);
}

static size_t write_size(const struct key *key, const struct mk_spec *spec, char *buffer,
			 size_t size)
{
	static const char units[] = {'\0', 'K', 'M', 'G', 'T', '\0'};
	size_t bytes = *(const size_t *)value_of(key, spec);
	const char *unit = units;
	size_t length = 0;

	if (bytes == 0)
		return 0;
	for (; bytes % MK_KIB == 0 && unit[1] != '\0'; unit++)
		bytes /= MK_KIB;
	ADD(length, buffer, size, "%s=%zu%.*s", key->name, bytes, *unit != '\0', unit);
	return length;
}

static bool read_decay(const struct key *key, struct mk_word value, struct mk_spec *spec)
{
	const char *text = value.start;
	struct mk_word unit;
	uint64_t number;

	(void)key;
	if (!mk_parse_digits(&text, 10, &number) || number > INT_MAX)
		return false;
	unit = (struct mk_word){text, value.length - (size_t)(text - value.start)};
	if (is_word(unit, "s"))
		number *= MS_PER_S;
	else if (unit.length != 0 && !is_word(unit, "ms"))
		return false;
	spec->purges_at_once = number == 0;
	spec->decay_ms = (unsigned)number;
	return number <= INT_MAX;
}

static size_t write_decay(const struct key *key, const struct mk_spec *spec, char *buffer,
			  size_t size)
{
	size_t length = 0;

	if (spec->purges_at_once || spec->decay_ms != 0)
		ADD(length, buffer, size, "%s=%u", key->name, spec->decay_ms);
	return length;
}

static bool read_weights(const struct key *key, struct mk_word value, struct mk_spec *spec)
{
	const char *text = value.start;
	uint64_t weight;

	(void)key;
	spec->has_auto_weights = is_word(value, "auto");
	if (spec->has_auto_weights)
		return true;
	for (;; text++) {
		if (spec->weight_count == MK_SPEC_TURN_LIMIT ||
		    !mk_parse_digits(&text, 10, &weight) || weight == 0 ||
		    weight > MK_SPEC_WEIGHT_LIMIT)
			return false;
		spec->weights[spec->weight_count++] = (uint16_t)weight;
		if (*text != ':')
			return text == value.start + value.length;
	}
}

static size_t write_weights(const struct key *key, const struct mk_spec *spec, char *buffer,
			    size_t size)
{
	const char *separator = "=";
	size_t length = 0;

	if (spec->has_auto_weights)
		ADD(length, buffer, size, "%s=auto", key->name);
	else if (spec->weight_count != 0)
		ADD(length, buffer, size, "%s", key->name);
	for (unsigned i = 0; i < spec->weight_count; i++) {
		ADD(length, buffer, size, "%s%u", separator, spec->weights[i]);
		separator = ":";
	}
	return length;
}

static const char *const policy_words[] = {"bind",	 "preferred", "far-first",
					   "interleave", "weighted",  NULL};
static const char *const use_words[] = {"all", "closest", NULL};
static const char *const page_words[] = {"base", "huge", "2M", "1G", NULL};
static const char *const exhaustion_words[] = {"swap", "null", NULL};

#define WORDS(key, array, allowed)                                                                 \
	{                                                                                          \
#key, read_word, write_word, array, offsetof(struct mk_spec, key), allowed         \
	}
#define SIZE(key, allowed)                                                                         \
	{                                                                                          \
#key, read_size, write_size, NULL, offsetof(struct mk_spec, key), allowed          \
	}
#define OTHER(key, words, allowed)                                                                 \
	{                                                                                          \
#key, read_##key, write_##key, words, 0, allowed                                   \
	}

enum key_id { NODES, POLICY, USE, PAGES, EXHAUSTION, DECAY, LIMIT, WEIGHTS, STEP, KEY_COUNT };

static const struct key keys[KEY_COUNT] = {
	[NODES] = OTHER(nodes, source_words,
			"nodes= and numbers below 1024, such as 2,3 or 2-3, or all, dram, kmem, "
			"cxl, hbm or far"),
	[POLICY] = WORDS(policy, policy_words,
			 "policy=bind, preferred, far-first, interleave or weighted"),
	[USE] = WORDS(use, use_words, "use=all or closest"),
	[PAGES] = WORDS(pages, page_words, "pages=base, huge, 2M or 1G"),
	[EXHAUSTION] = WORDS(exhaustion, exhaustion_words, "exhaustion=swap or null"),
	[DECAY] = OTHER(decay, NULL,
			"decay= and milliseconds, such as 500, 500ms or 10s, or 0 for at once"),
	[LIMIT] = SIZE(limit, "limit= and bytes from 4096 on; K, M, G or T may follow them"),
	[WEIGHTS] = OTHER(weights, NULL,
			  "weights= and up to 64 numbers from 1 to 65535, such as 4:1, or auto"),
	[STEP] = SIZE(step, "step= and a multiple of 64K, up to 1G"),
};

static int refuse(struct mk_spec_refusal *refusal, struct mk_word word, const char *allowed)
{
	*refusal = (struct mk_spec_refusal){word, allowed};
	return -EINVAL;
}

static int refuse_key(struct mk_spec_refusal *refusal, enum key_id id, const char *allowed)
{
	return refuse(refusal, (struct mk_word){keys[id].name, strlen(keys[id].name)}, allowed);
}

/* Of the smallest whole numbers that are in the same ratio. */
static size_t sum_of_weights(const struct mk_spec *spec)
{
	size_t sum = 0, divisor = 0;

	for (unsigned i = 0; i < spec->weight_count; i++) {
		sum += spec->weights[i];
		divisor = mk_common_divisor(spec->weights[i], divisor);
	}
	return divisor == 0 ? 0 : sum / divisor;
}

static int check_stripes(const struct mk_spec *spec, struct mk_spec_refusal *refusal)
{
	if (sum_of_weights(spec) > MK_WEIGHT_SUM)
		return refuse_key(refusal, WEIGHTS,
				  "weights that sum up to 1000 at most, in their smallest numbers");
	if (spec->pages >= MEMKIND_NG_PAGES_2M)
		return refuse_key(refusal, PAGES, "pages=base or huge with policy=weighted");
	if (spec->pages == MEMKIND_NG_PAGES_HUGE && spec->step % HUGE_PAGE_SIZE != 0)
		return refuse_key(refusal, STEP, "a multiple of 2M with pages=huge");
	return 0;
}

static int check_weights(const struct mk_spec *spec, struct mk_spec_refusal *refusal)
{
	bool has_weights = spec->has_auto_weights || spec->weight_count != 0;

	if (spec->policy != MEMKIND_NG_POLICY_WEIGHTED) {
		if (has_weights)
			return refuse_key(refusal, WEIGHTS, "weights with policy=weighted");
		if (spec->step != 0)
			return refuse_key(refusal, STEP, "step with policy=weighted");
		return 0;
	}
	if (!has_weights)
		return refuse_key(refusal, POLICY, "policy=weighted with weights=");
	if (spec->use == MEMKIND_NG_USE_CLOSEST)
		return refuse_key(refusal, USE, "use=all with policy=weighted");
	if (spec->weight_count != 0 &&
	    (spec->source != MK_SPEC_LIST || spec->weight_count != spec->listed_count))
		return refuse_key(refusal, WEIGHTS,
				  "as many weights as nodes= names by number, or auto");
	return check_stripes(spec, refusal);
}

/* What does not go together, whatever each key alone may be. */
static int check(const struct mk_spec *spec, struct mk_spec_refusal *refusal)
{
	bool uses_others = spec->policy == MEMKIND_NG_POLICY_PREFERRED ||
			   spec->policy == MEMKIND_NG_POLICY_FAR_FIRST;

	if (spec->policy == MEMKIND_NG_POLICY_PREFERRED && spec->use == MEMKIND_NG_USE_ALL)
		return refuse_key(refusal, USE, "use=closest with policy=preferred");
	if (spec->policy == MEMKIND_NG_POLICY_FAR_FIRST && spec->use == MEMKIND_NG_USE_CLOSEST)
		return refuse_key(refusal, USE, "use=all with policy=far-first");
	if (spec->exhaustion == MEMKIND_NG_EXHAUSTION_NULL && uses_others)
		return refuse_key(refusal, EXHAUSTION,
				  "exhaustion=null with policy=bind, interleave or weighted");
	if (spec->policy == MEMKIND_NG_POLICY_FAR_FIRST && spec->pages >= MEMKIND_NG_PAGES_2M)
		return refuse_key(refusal, PAGES, "pages=base or huge with policy=far-first");
	return check_weights(spec, refusal);
}

/* What stands before the next ";"; *TEXT moves behind it, and is NULL at the end. */
static struct mk_word take_item(const char **text)
{
	struct mk_word item = {*text, strcspn(*text, ";")};

	*text = item.start[item.length] == '\0' ? NULL : item.start + item.length + 1;
	return item;
}

/* One item; its bit in *GIVEN must be 0, and is 1 then. */
static int parse_item(struct mk_word item, struct mk_spec *spec, unsigned *given,
		      struct mk_spec_refusal *refusal)
{
	const char *equals = memchr(item.start, '=', item.length);
	struct mk_word name = {item.start, equals == NULL ? 0 : (size_t)(equals - item.start)};
	struct mk_word value;
	size_t i = 0;

	while (i < KEY_COUNT && !is_word(name, keys[i].name))
		i++;
	if (i == KEY_COUNT || (*given >> i & 1) != 0)
		return refuse(refusal, item,
			      "nodes=, policy=, use=, pages=, exhaustion=, decay=, limit=, "
			      "weights= and step=, with semicolons, each once, and then= at last");
	value = (struct mk_word){equals + 1, item.length - name.length - 1};
	if (!keys[i].read(&keys[i], value, spec))
		return refuse(refusal, item, keys[i].allowed);
	*given |= 1u << i;
	return 0;
}

static bool is_then(const char *text)
{
	return strncmp(text, THEN, strlen(THEN)) == 0;
}

int mk_spec_parse(const char *text, struct mk_spec *ret_spec, const char **ret_then,
		  struct mk_spec_refusal *ret_refusal)
{
	unsigned given = 0;
	int error = 0;

	memset(ret_spec, 0, sizeof(*ret_spec));
	while (error == 0 && text != NULL && (given == 0 || !is_then(text)))
		error = parse_item(take_item(&text), ret_spec, &given, ret_refusal);
	*ret_then = text == NULL ? NULL : text + strlen(THEN);
	return error != 0 ? error : check(ret_spec, ret_refusal);
}

bool mk_spec_is_text(const char *text)
{
	return strchr(text, '=') != NULL;
}

/* The bytes of a newer struct behind those that are known here. */
static bool has_unknown(const struct memkind_ng_spec *spec)
{
	const char *bytes = (const char *)spec;

	for (size_t i = sizeof(*spec); i < spec->size; i++)
		if (bytes[i] != 0)
			return true;
	return false;
}

static unsigned count_of(const char *const *words)
{
	unsigned count = 0;

	while (words[count] != NULL)
		count++;
	return count;
}

static int read_numbers(const struct memkind_ng_spec *from, struct mk_spec *spec,
			struct mk_spec_refusal *refusal)
{
	/* The caller may have stored any number. */
	const unsigned numbers[] = {(unsigned)from->policy, (unsigned)from->use,
				    (unsigned)from->pages, (unsigned)from->exhaustion};

	for (unsigned i = 0; i < MK_ARRAY_SIZE(numbers); i++) {
		const struct key *key = &keys[POLICY + i];

		if (numbers[i] > count_of(key->words))
			return refuse_key(refusal, (enum key_id)(POLICY + i), key->allowed);
		*(unsigned *)field_of(key, spec) = numbers[i];
	}
	if (from->decay_ms < -1)
		return refuse_key(refusal, DECAY, "-1 or more");
	if (from->limit != 0 && !is_limit(from->limit))
		return refuse_key(refusal, LIMIT, keys[LIMIT].allowed);
	if (from->step != 0 && !is_step(from->step))
		return refuse_key(refusal, STEP, keys[STEP].allowed);
	spec->purges_at_once = from->decay_ms == -1;
	spec->decay_ms = from->decay_ms > 0 ? (unsigned)from->decay_ms : 0;
	spec->limit = from->limit;
	spec->step = from->step;
	return 0;
}

static int read_string(enum key_id id, const char *string, struct mk_spec *spec,
		       struct mk_spec_refusal *refusal)
{
	struct mk_word value = {string, string == NULL ? 0 : strlen(string)};

	if (string == NULL || keys[id].read(&keys[id], value, spec))
		return 0;
	return refuse(refusal, value, keys[id].allowed);
}

int mk_spec_read(const struct memkind_ng_spec *spec, struct mk_spec *ret_spec,
		 struct memkind **ret_then, struct mk_spec_refusal *ret_refusal)
{
	struct memkind_ng_spec known = {.size = 0};
	int error;

	if (spec->size < sizeof(spec->size) || has_unknown(spec))
		return refuse(ret_refusal, (struct mk_word){"size", strlen("size")},
			      "sizeof(struct memkind_ng_spec), and members that are known here");
	memcpy(&known, spec, mk_min_size(spec->size, sizeof(known)));
	*ret_then = known.then;
	memset(ret_spec, 0, sizeof(*ret_spec));
	error = read_string(NODES, known.nodes, ret_spec, ret_refusal);
	if (error == 0)
		error = read_string(WEIGHTS, known.weights, ret_spec, ret_refusal);
	if (error == 0)
		error = read_numbers(&known, ret_spec, ret_refusal);
	return error != 0 ? error : check(ret_spec, ret_refusal);
}

size_t mk_spec_write(const struct mk_spec *spec, char *buffer, size_t size)
{
	size_t length = 0;

	if (size != 0)
		buffer[0] = '\0';
	for (unsigned i = 0; i < KEY_COUNT; i++) {
		char item[LIST_SIZE];
		size_t item_length = keys[i].write(&keys[i], spec, item, sizeof(item));

		if (item_length != 0)
			ADD(length, buffer, size, "%s%s", length == 0 ? "" : ";", item);
	}
	return length;
}
