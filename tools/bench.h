/* SPDX-License-Identifier: BSD-2-Clause */
/* What `memkind bench` measures, and the forms in which it shows that. */
#ifndef TOOLS_BENCH_H
#define TOOLS_BENCH_H

#include <stdbool.h>

struct mk_bench_wish {
	double seconds;
	const char *svg; /* NULL: none */
	bool is_json, is_help;
};

#endif
