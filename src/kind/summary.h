/* SPDX-License-Identifier: BSD-2-Clause */
/* What there is to say of each kind, as memkind_ng_stats_json() gives it. */
#ifndef MK_KIND_SUMMARY_H
#define MK_KIND_SUMMARY_H

#include "base/writer.h"

/* No lock is held while the sink is called. */
void mk_summary_write(mk_sink *sink, void *context);

#endif
