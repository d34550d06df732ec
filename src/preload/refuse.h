/* SPDX-License-Identifier: BSD-2-Clause */
/* The line that ends a process whose environment says what can't be. */
#ifndef MK_PRELOAD_REFUSE_H
#define MK_PRELOAD_REFUSE_H

/*
 * Writes "NAME="VALUE" refused: WHY" with a single write(2) to standard error, then _exit(1).
 * Parts that are long are cut.
 */
void mk_refuse(const char *name, const char *value, const char *why)
	__attribute__((noreturn, cold));

#endif
