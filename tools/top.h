/* SPDX-License-Identifier: BSD-2-Clause */
/* What `memkind top` knows of processes, and the forms in which it shows that. */
#ifndef TOOLS_TOP_H
#define TOOLS_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum mk_top_sort {
	MK_TOP_BY_BYTES,
	MK_TOP_BY_GROWTH,
	MK_TOP_BY_SWAP,
	MK_TOP_BY_PID,
	MK_TOP_BY_NAME,
	MK_TOP_SORT_COUNT
};

struct mk_top_wish {
	int pid; /* 0: all that use the library */
	enum mk_top_sort sort;
	double interval_s;
	bool has_interval; /* it was given */
	bool is_once, is_json, is_help;
};

const char *mk_top_sort_name(enum mk_top_sort sort);

#endif
