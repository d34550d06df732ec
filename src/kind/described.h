/* SPDX-License-Identifier: BSD-2-Clause */
/* Kinds by description: a row like those of static kinds, and what such rows do not have. */
#ifndef MK_KIND_DESCRIBED_H
#define MK_KIND_DESCRIBED_H

#include "heap/limit.h"
#include "kind/kind.h"
#include "kind/spec.h"

/* What the kind points to; it stays as long as the kind. */
struct mk_described {
	struct mk_kind_row row;
	struct mk_spec spec;
	struct mk_limit limit;
	char name[72]; /* memkind_ and the description, cut where it is longer */
};

/* Makes of a zeroed kind, which keeps its tables, what the spec says; THEN may be NULL. */
void mk_described_start(struct memkind *kind, struct mk_described *described,
			const struct mk_spec *spec, struct memkind *then);

/* The name of the kind's mappings, where others have that of their row. */
const char *mk_described_mapping_name(const struct memkind *kind);

/* The end of its heaps and blocks; whoever asks it for more gets NULL. */
void mk_described_end(struct memkind *kind, const struct mk_reason *reason);

#endif
