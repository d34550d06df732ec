/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is made of other functions of the family. A program may replace some, as its own malloc or one
 * of C++'s operators, and expects the rest to call those: so these are called by their symbol,
 * whosever they are by then.
 */
#ifndef MK_PRELOAD_DERIVED_H
#define MK_PRELOAD_DERIVED_H

#include <stddef.h>

#include "preload/export.h"

/* Defined by interpose.h. TAG is std::nothrow, which says no more than its type. */
void *mk_realloc(void *block, size_t size) MK_NAMED("realloc");
void mk_free(void *block) MK_NAMED("free");
void *mk_new(size_t size) MK_NAMED("_Znwm");
void *mk_new_aligned(size_t size, size_t alignment) MK_NAMED("_ZnwmSt11align_val_t");
void *mk_new_nothrow(size_t size, const void *tag) MK_NAMED("_ZnwmRKSt9nothrow_t");
void *mk_new_aligned_nothrow(size_t size, size_t alignment, const void *tag)
	MK_NAMED("_ZnwmSt11align_val_tRKSt9nothrow_t");
void mk_delete(void *block) MK_NAMED("_ZdlPv");
void mk_delete_aligned(void *block, size_t alignment) MK_NAMED("_ZdlPvSt11align_val_t");

/*
 * The C++ library's definition of one of the operators, which calls malloc, and the program's
 * new-handler, and throws. It is there wherever CALLER calls an operator; else the process dies.
 */
void *mk_next_operator(const char *symbol, const void *caller);
#define MK_NEXT_OPERATOR(function, symbol)                                                         \
	((__typeof__(&(function)))mk_next_operator(symbol, __builtin_return_address(0)))

#endif
