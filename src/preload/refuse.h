/* SPDX-License-Identifier: BSD-2-Clause */
/* The line that ends a process whose environment says what can't be. */
#ifndef MK_PRELOAD_REFUSE_H
#define MK_PRELOAD_REFUSE_H

#include "base/options.h"

/*
 * Writes the name of the option, its value, and WHY it is refused, with a single write(2) to standard
 * error, then _exit(1). WHY NULL: what is allowed.
 */
void mk_refuse(enum mk_option option, const char *why) __attribute__((noreturn, cold));

#endif
