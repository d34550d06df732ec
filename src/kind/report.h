/* SPDX-License-Identifier: BSD-2-Clause */
/* The report on all heaps that memkind_stats_print() gives. */
#ifndef MK_KIND_REPORT_H
#define MK_KIND_REPORT_H

#include "base/writer.h"

/* All bits of memkind_stat_print_opt. */
#define MK_REPORT_OPTIONS 0x1ffu

/* OPTIONS are bits of memkind_stat_print_opt. No lock is held while the sink is called. */
void mk_report_write(mk_sink *sink, void *context, unsigned options);

#endif
