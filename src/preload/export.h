/* SPDX-License-Identifier: BSD-2-Clause */
/* How the libraries that are loaded before a program export functions under names of others. */
#ifndef MK_PRELOAD_EXPORT_H
#define MK_PRELOAD_EXPORT_H

#include "api/export.h"

/* On a declaration: the exported symbol. */
#define MK_NAMED(symbol) __asm__(symbol) MK_EXPORT

/* One more exported symbol of a function that is defined in the same file. */
#define MK_ALIAS(symbol, other)                                                                    \
	__asm__(".globl " symbol "\n.type " symbol ", %function\n.set " symbol ", " other)

#endif
