/* SPDX-License-Identifier: BSD-2-Clause */
/* The static kinds by name, as users write them. */
#include "preload/names.h"

#include <memkind_ng.h>
#include <strings.h>

static const struct {
	memkind_t *handle;
	const char *name;
} kinds[] = {
#define MK_KIND(id, name, source, choice, mode, flags) {&MEMKIND_##id, name},
#include "kind/kinds.def"
#undef MK_KIND
};

const char mk_kind_names[] = "allowed is one of"
#define MK_KIND(id, name, source, choice, mode, flags) " " name
#include "kind/kinds.def"
#undef MK_KIND
			     ", with or without memkind_";

static const size_t prefix = sizeof("memkind_") - 1;

memkind_t mk_kind_named(const char *name)
{
	for (size_t i = 0; i < MK_ARRAY_SIZE(kinds); i++)
		if (strcasecmp(name, kinds[i].name) == 0 ||
		    strcasecmp(name, kinds[i].name + prefix) == 0)
			return *kinds[i].handle;
	return NULL;
}

memkind_t mk_kind_numbered(size_t number)
{
	return number < MK_ARRAY_SIZE(kinds) ? *kinds[number].handle : NULL;
}

const char *mk_kind_name(size_t number)
{
	return kinds[number].name + prefix;
}
