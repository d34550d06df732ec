/* SPDX-License-Identifier: BSD-2-Clause */
/* The static kinds by name, as users write them. */
#ifndef MK_PRELOAD_NAMES_H
#define MK_PRELOAD_NAMES_H

#include <memkind.h>

#include "base/bits.h"

/* "hbw", "memkind_hbw" or "MEMKIND_HBW", in any case: the handle. NULL: there is no such kind. */
memkind_t mk_kind_named(const char *name);

/* All of them, from number 0; NULL behind the last one. */
memkind_t mk_kind_numbered(size_t number);

/* The name of one of these, without memkind_. */
const char *mk_kind_name(size_t number);

/* What is allowed, for the line that refuses another name. */
extern const char mk_kind_names[] MK_HIDDEN;

#endif
