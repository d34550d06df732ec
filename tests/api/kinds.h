/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Static kinds, for tests that have to hold for each. With MEMKIND_DAX_KMEM_NODES=0 and
 * MEMKIND_HBW_NODES=0 these are available on any machine.
 */
#ifndef TESTS_API_KINDS_H
#define TESTS_API_KINDS_H

#include <memkind.h>
#include <stdio.h>

struct named_kind {
	const char *name;
	memkind_t *handle;
};

#define NAMED_KIND(id) .name = #id, .handle = &MEMKIND_##id

static const struct named_kind all_kinds[] = {
	{NAMED_KIND(DEFAULT)},
	{NAMED_KIND(REGULAR)},
	{NAMED_KIND(INTERLEAVE)},
	{NAMED_KIND(DAX_KMEM)},
	{NAMED_KIND(DAX_KMEM_ALL)},
	{NAMED_KIND(DAX_KMEM_PREFERRED)},
	{NAMED_KIND(DAX_KMEM_INTERLEAVE)},
	{NAMED_KIND(HBW)},
	{NAMED_KIND(HBW_ALL)},
	{NAMED_KIND(HBW_PREFERRED)},
	{NAMED_KIND(HBW_INTERLEAVE)},
};

enum {
	KIND_COUNT = sizeof(all_kinds) / sizeof(all_kinds[0]),
	FIRST_DAX_KIND = 3,
	FIRST_HBW_KIND = 7,
};

#endif
