/* SPDX-License-Identifier: BSD-2-Clause */
/* What is made of other functions of the family, and of C++'s operators most. */
#include "preload/derived.h"

#include <dlfcn.h>
#include <errno.h>

#include "base/bits.h"
#include "base/log.h"
#include "preload/objects.h"

MK_COLD void *mk_next_operator(const char *symbol, const void *caller)
{
	void *next = dlsym(RTLD_NEXT, symbol);
	const struct link_map *object = next == NULL ? mk_object_of(caller) : NULL;
	void *library = object == NULL ? NULL : dlopen(object->l_name, RTLD_LAZY | RTLD_NOLOAD);

	/* A plugin that brings the C++ library along is in no scope of ours. */
	if (library != NULL)
		next = dlsym(library, symbol);
	if (next == NULL)
		mk_die("memkind: out of memory in %s, without a C++ library to tell it", symbol);
	return next;
}

/* Each ends in a jump, so that the function it calls sees the program's caller, not this file. */
#define MK_DERIVED(type, name, symbol, parameters, call)                                           \
	type name parameters MK_NAMED(symbol);                                                     \
	type name parameters                                                                       \
	{                                                                                          \
		return call;                                                                       \
	}                                                                                          \
	_Static_assert(1, "a semicolon follows")

/* clang-format off */
MK_DERIVED(void, mk_cfree, "cfree", (void *block), mk_free(block));
MK_DERIVED(void, mk_free_sized, "free_sized", (void *block), mk_free(block));
MK_DERIVED(void, mk_free_aligned_sized, "free_aligned_sized", (void *block), mk_free(block));

MK_DERIVED(void *, mk_new_array, "_Znam", (size_t size), mk_new(size));
MK_DERIVED(void *, mk_new_array_aligned, "_ZnamSt11align_val_t",
	    (size_t size, size_t alignment), mk_new_aligned(size, alignment));
MK_DERIVED(void *, mk_new_array_nothrow, "_ZnamRKSt9nothrow_t",
	    (size_t size, const void *tag), mk_new_nothrow(size, tag));
MK_DERIVED(void *, mk_new_array_aligned_nothrow, "_ZnamSt11align_val_tRKSt9nothrow_t",
	    (size_t size, size_t alignment, const void *tag),
	    mk_new_aligned_nothrow(size, alignment, tag));

MK_DERIVED(void, mk_delete_sized, "_ZdlPvm", (void *block), mk_delete(block));
MK_DERIVED(void, mk_delete_nothrow, "_ZdlPvRKSt9nothrow_t", (void *block), mk_delete(block));
MK_DERIVED(void, mk_delete_array, "_ZdaPv", (void *block), mk_delete(block));
MK_DERIVED(void, mk_delete_array_sized, "_ZdaPvm", (void *block), mk_delete_array(block));
MK_DERIVED(void, mk_delete_array_nothrow, "_ZdaPvRKSt9nothrow_t",
	    (void *block), mk_delete_array(block));
MK_DERIVED(void, mk_delete_aligned_sized, "_ZdlPvmSt11align_val_t",
	    (void *block, size_t size, size_t alignment),
	    ((void)size, mk_delete_aligned(block, alignment)));
MK_DERIVED(void, mk_delete_aligned_nothrow, "_ZdlPvSt11align_val_tRKSt9nothrow_t",
	    (void *block, size_t alignment), mk_delete_aligned(block, alignment));
MK_DERIVED(void, mk_delete_array_aligned, "_ZdaPvSt11align_val_t",
	    (void *block, size_t alignment), mk_delete_aligned(block, alignment));
MK_DERIVED(void, mk_delete_array_aligned_sized, "_ZdaPvmSt11align_val_t",
	    (void *block, size_t size, size_t alignment),
	    ((void)size, mk_delete_array_aligned(block, alignment)));
MK_DERIVED(void, mk_delete_array_aligned_nothrow, "_ZdaPvSt11align_val_tRKSt9nothrow_t",
	    (void *block, size_t alignment), mk_delete_array_aligned(block, alignment));
/* clang-format on */

void *mk_reallocarray(void *block, size_t count, size_t size) MK_NAMED("reallocarray");
void *mk_reallocarray(void *block, size_t count, size_t size)
{
	size_t total;

	if (MK_LIKELY(mk_multiply(count, size, &total)))
		return mk_realloc(block, total);
	errno = ENOMEM;
	return NULL;
}
