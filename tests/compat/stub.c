/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A library that has what the old headers declare, in name and type: what abidiff compares types
 * with, since Debian's library has no debug information. The compiler finds the old headers.
 */
#include <hbwmalloc.h>
#include <memkind.h>
#include <memkind_memtier.h>

#define HANDLE(name) memkind_t MEMKIND_##name;
#define FUNCTION(result, name, parameters)                                                         \
	result name parameters                                                                     \
	{                                                                                          \
		__builtin_trap();                                                                  \
	}
#define LATER(result, name, parameters)
#define HIDDEN(result, name, parameters)
#define TYPE(name, bytes)
#define CONSTANT(name, value)

#include "public.def"
