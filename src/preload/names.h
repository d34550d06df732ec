/* SPDX-License-Identifier: BSD-2-Clause */
/* The static kinds by name, as users write them. */
#ifndef MK_PRELOAD_NAMES_H
#define MK_PRELOAD_NAMES_H

#include <memkind.h>

#include "base/bits.h"

/* "hbw", "memkind_hbw" or "MEMKIND_HBW", in any case: the handle. NULL: there is no such kind. */
memkind_t mk_kind_named(const char *name);

/* One after the other, from 0 on: the name without memkind_; NULL: there is none of this index. */
const char *mk_kind_at(size_t index, memkind_t *ret_kind);

/* What is allowed, for the line that refuses another name. */
extern const char mk_kind_names[] MK_HIDDEN;

#endif
