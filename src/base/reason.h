/* SPDX-License-Identifier: BSD-2-Clause */
/* Why something can't be had, and what to do about it: constant phrases for people. */
#ifndef MK_BASE_REASON_H
#define MK_BASE_REASON_H

/* What a remedy is about, where that depends on the machine. */
enum mk_detail {
	MK_DETAIL_NONE,
	MK_DETAIL_ALLOWED, /* the nodes that the process may use */
	MK_DETAIL_FAR,	   /* the far nodes, those that it may not use, too */
	MK_DETAIL_DEVICE,  /* the dax device that is to be acted on */
	MK_DETAIL_TIE,	   /* the nodes that are equally close, and to which CPUs */
	MK_DETAIL_POOL,	   /* the file of a pool of huge pages */
};

struct mk_reason {
	const char *text;
	const char *remedy; /* the detail takes the place of its '*' */
	enum mk_detail detail;
};

#endif
