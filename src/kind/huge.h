/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory of the pools of huge pages, under a memory policy. */
#ifndef MK_KIND_HUGE_H
#define MK_KIND_HUGE_H

#include "kind/backing.h"

/* As mk_anonymous_start(), for a placement with a page size. */
void mk_huge_start(struct mk_anonymous *anonymous, const struct mk_placement *placement);

#endif
