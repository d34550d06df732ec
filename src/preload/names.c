/* SPDX-License-Identifier: BSD-2-Clause */
/* The kinds by name, as users write them: static ones, and those that are made of a description. */
#include "preload/names.h"

#include <memkind_ng.h>
#include <stdatomic.h>
#include <string.h>

enum {
	OWN_LIMIT = 64,
	TEXT_SIZE = 4096, /* of all descriptions together */
};

#define THEN ";then="

static const struct {
	memkind_t *handle;
	const char *name;
} kinds[] = {
#define MK_KIND(id, name, source, choice, mode, flags) {&MEMKIND_##id, name},
#include "kind/kinds.def"
#undef MK_KIND
};

static const size_t prefix = sizeof("memkind_") - 1;

static struct {
	memkind_t kind;
	const char *name;
} own[OWN_LIMIT];
static _Atomic size_t own_count;

/* Of the environment programs make what they like. */
static char texts[TEXT_SIZE];
static size_t text_length;

void mk_kind_add(memkind_t kind, const char *name)
{
	size_t count = atomic_load_explicit(&own_count, memory_order_relaxed);

	if (count == OWN_LIMIT)
		return;
	own[count].kind = kind;
	own[count].name = name;
	/* Pairs with the acquire in mk_kind_numbered(). */
	atomic_store_explicit(&own_count, count + 1, memory_order_release);
}

/* The description at TEXT, without what comes then. */
static const char *keep(const char *text, size_t length)
{
	char *kept = texts + text_length;

	if (length >= sizeof(texts) - text_length)
		return "described";
	memcpy(kept, text, length);
	text_length += length + 1;
	return kept;
}

/* A kind of a description, and those behind it, but for the static one at the end. */
static void add_chain(memkind_t kind, const char *text)
{
	while (kind != NULL && strchr(text, '=') != NULL) {
		const char *then = strstr(text, THEN);
		size_t length = then == NULL ? strlen(text) : (size_t)(then - text);

		mk_kind_add(kind, keep(text, length));
		kind = memkind_ng_get_then(kind);
		text += length + (then == NULL ? 0 : strlen(THEN));
	}
}

memkind_t mk_kind_named(const char *text, char *why, size_t size)
{
	memkind_t kind = NULL;

	if (memkind_ng_create_from(text, &kind, why, size) != 0)
		return NULL;
	add_chain(kind, text);
	return kind;
}

memkind_t mk_kind_numbered(size_t number)
{
	size_t own_number = number - MK_ARRAY_SIZE(kinds);

	if (number < MK_ARRAY_SIZE(kinds))
		return *kinds[number].handle;
	if (own_number < atomic_load_explicit(&own_count, memory_order_acquire))
		return own[own_number].kind;
	return NULL;
}

const char *mk_kind_name(size_t number)
{
	if (number < MK_ARRAY_SIZE(kinds))
		return kinds[number].name + prefix;
	return own[number - MK_ARRAY_SIZE(kinds)].name;
}
