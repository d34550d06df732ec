/* SPDX-License-Identifier: BSD-2-Clause */
/* A text as users write it where a kind is named: descriptions, each behind the other, and a name. */
#ifndef MK_KIND_CHAIN_H
#define MK_KIND_CHAIN_H

#include "kind/spec.h"

enum { MK_CHAIN_LIMIT = 8 };

struct mk_chain {
	struct mk_spec specs[MK_CHAIN_LIMIT];
	size_t count;
	struct memkind *last; /* a static kind, behind these or alone; NULL: none */
};

/* 0; or -EINVAL, with *ret_refusal, and *ret_chain of no use. */
int mk_chain_parse(const char *text, struct mk_chain *ret_chain,
		   struct mk_spec_refusal *ret_refusal);

/* Writes a refusal, as snprintf() writes: the length without the terminating zero. */
int mk_chain_write_refusal(const struct mk_spec_refusal *refusal, char *buffer, size_t size);

#endif
