/* SPDX-License-Identifier: BSD-2-Clause */
/* Hooks of the program around the functions of tiers: in builds with -Ddecorators=true only. */
#ifndef MK_TIER_HOOKS_H
#define MK_TIER_HOOKS_H

#include <memkind_memtier.h>
#include <stdbool.h>

/* MK_HAS_HOOKS: also memkind_malloc() and memkind_free() have hooks then, and so must be called. */
#ifdef MK_DECORATED

/* NULL where the program has no such function. */
#pragma weak memtier_kind_malloc_post
#pragma weak memtier_kind_calloc_post
#pragma weak memtier_kind_posix_memalign_post
#pragma weak memtier_kind_realloc_post
#pragma weak memtier_kind_free_pre
#pragma weak memtier_kind_usable_size_post

#define MK_HAS_HOOKS true
#define MK_HOOK(hook, ...)                                                                         \
	do {                                                                                       \
		if (hook != NULL)                                                                  \
			hook(__VA_ARGS__);                                                         \
	} while (0)

#else

#define MK_HAS_HOOKS false
#define MK_HOOK(hook, ...)                                                                         \
	do {                                                                                       \
	} while (0)

#endif

#endif
