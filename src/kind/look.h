/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking at the machine: the verdict on each kind, and what follows when the machine changes. */
#ifndef MK_KIND_LOOK_H
#define MK_KIND_LOOK_H

#include "kind/kind.h"

/* The lock of MK_RANK_KIND. */
void mk_look_lock(void);
void mk_look_unlock(void);

/* The rest is called under that lock, but for mk_look_generation. */

/* A kind with a description comes, and ends: it is judged anew with the static ones. */
void mk_look_add(struct memkind *kind);
void mk_look_remove(struct memkind *kind);

/* The current snapshot; NULL before a kind that has nodes was asked about. */
const struct mk_topology *mk_look_topology(void);

/* False: the C library has no rseq, CPU tables are of no use. */
bool mk_look_has_rseq(void);

/*
 * The verdict on the kind, 0 or a MEMKIND code: made now where there is none, or where a new look,
 * one a second at most, may give a better one.
 */
int mk_look_ask(struct memkind *kind);

/* True: one of the kinds behind this one is available. */
bool mk_look_has_successor(const struct memkind *kind);

/* A new look where CPU_NODE, on which a thread runs, came after the last one. */
void mk_look_for_stranger(unsigned cpu_node);

/* A new look because of an mbind error; not at once again where the last one changed nothing. */
void mk_look_for_trouble(void);

/* Counts the looks that changed something; without the lock. */
unsigned mk_look_generation(void);

#endif
