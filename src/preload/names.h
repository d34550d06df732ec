/* SPDX-License-Identifier: BSD-2-Clause */
/* The kinds by name, as users write them: static ones, and those that are made of a description. */
#ifndef MK_PRELOAD_NAMES_H
#define MK_PRELOAD_NAMES_H

#include <memkind.h>

#include "base/bits.h"

/*
 * "hbw", "memkind_hbw" or "MEMKIND_HBW", in any case: the handle. A description: a kind that is made of
 * it, and that counts below with those behind it. NULL: there is no such kind; WHY, of SIZE bytes, says
 * what is wrong and what is allowed. To be called by one thread at a time.
 */
memkind_t mk_kind_named(const char *text, char *why, size_t size);

/* One more kind that counts below. NAME stays. After 64 of them nothing happens. */
void mk_kind_add(memkind_t kind, const char *name);

/* All of them from number 0 on, the static ones first; NULL behind the last one. */
memkind_t mk_kind_numbered(size_t number);

/* The name of one of these, without memkind_. */
const char *mk_kind_name(size_t number);

#endif
