/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compiles where the headers that the compiler finds declare what public.def lists, as it is there.
 * -DOLD_HEADERS: they are those of libmemkind 1.14.
 */
#include <hbwmalloc.h>
#include <memkind.h>
#include <memkind_memtier.h>

#define HANDLE(name)                                                                               \
	_Static_assert(__builtin_types_compatible_p(__typeof__(MEMKIND_##name), memkind_t), #name);
#define FUNCTION(result, name, parameters)                                                         \
	_Static_assert(__builtin_types_compatible_p(__typeof__(name), result parameters), #name);
#ifdef OLD_HEADERS
#define LATER(result, name, parameters)
#else
#define LATER FUNCTION
#endif
#define HIDDEN(result, name, parameters)
#define TYPE(name, bytes)     _Static_assert(sizeof(name) == (bytes), #name);
#define CONSTANT(name, value) _Static_assert((name) == (value), #name);

#include "public.def"
