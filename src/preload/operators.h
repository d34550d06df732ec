/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * C++'s operator new and delete. A program may replace some and expects the others to call those:
 * so each that C++ makes of another one calls it by its symbol, whosever it is by then.
 */
#ifndef MK_PRELOAD_OPERATORS_H
#define MK_PRELOAD_OPERATORS_H

#include <stddef.h>

#include "preload/export.h"

/* Defined by interpose.h. TAG is std::nothrow, which says no more than its type. */
void *mk_new(size_t size) MK_NAMED("_Znwm");
void *mk_new_aligned(size_t size, size_t alignment) MK_NAMED("_ZnwmSt11align_val_t");
void *mk_new_nothrow(size_t size, const void *tag) MK_NAMED("_ZnwmRKSt9nothrow_t");
void *mk_new_aligned_nothrow(size_t size, size_t alignment, const void *tag)
	MK_NAMED("_ZnwmSt11align_val_tRKSt9nothrow_t");
void mk_delete(void *block) MK_NAMED("_ZdlPv");
void mk_delete_aligned(void *block, size_t alignment) MK_NAMED("_ZdlPvSt11align_val_t");

/*
 * The definition of the C++ library for one of these, which calls malloc, and the program's
 * new-handler, and throws. It is there wherever somebody calls an operator; else the process dies.
 */
void *mk_next_operator(const char *symbol);
#define MK_NEXT_OPERATOR(function, symbol) ((__typeof__(&(function)))mk_next_operator(symbol))

#endif
