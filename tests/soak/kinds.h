/* SPDX-License-Identifier: BSD-2-Clause */
/* The kinds that the shadow model allocates from. */
#ifndef MK_TESTS_SOAK_KINDS_H
#define MK_TESTS_SOAK_KINDS_H

#include <memkind.h>
#include <stdbool.h>

struct shadow_kind {
	const char *name;
	memkind_t kind;
	bool is_small; /* it may be full, or not available where calls are denied */
	bool is_copied; /* at a fork, and not in the same moment: what threads write meanwhile is lost */
};

/* Finds or makes all of them, before there are threads; prints those that are not available here. */
void shadow_make_kinds(void);

unsigned shadow_kind_count(void);
const struct shadow_kind *shadow_kind(unsigned number);

#endif
