/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole malloc family, listed once, as a template. A library that is loaded before a program
 * has one .c file that defines the functions below, which say where memory comes from, and then
 * includes this file, which defines and exports what the program calls. What is the same for all
 * policies is in the other files of this folder.
 *
 * No function of the family may be called in such a library: it would be the program's turn.
 * The first call may come before any constructor, and the last one after all destructors.
 */
#ifndef MK_PRELOAD_INTERPOSE_H
#define MK_PRELOAD_INTERPOSE_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"
#include "os/vm.h"
#include "preload/derived.h"
#include "preload/export.h"

/*
 * What the library defines. Sizes are at least 1, and counts times sizes may overflow; CALLER is an
 * address in the function that asks. NULL: ENOMEM is in errno.
 */
static void *mk_take(size_t size, const void *caller);
static void *mk_take_zeroed(size_t count, size_t size, const void *caller);
/*
 * 0, or EINVAL: ALIGNMENT is no power of two of at least sizeof(void *); or ENOMEM. errno is kept.
 */
static int mk_take_aligned(void **ret_block, size_t alignment, size_t size, const void *caller);
/* BLOCK is not NULL, and as it was where the answer is NULL. */
static void *mk_resize(void *block, size_t size, const void *caller);
/* BLOCK is not NULL; errno is kept. */
static void mk_give(void *block);
static size_t mk_usable(void *block);

/* In an exported function: where it was called, also through those that end in a call of it. */
#define MK_CALLER __builtin_return_address(0)

/*
 * The exported functions have names of their own to the compiler, which else would know better what
 * a malloc is.
 */
void *mk_malloc(size_t size) MK_NAMED("malloc");
void *mk_calloc(size_t count, size_t size) MK_NAMED("calloc");
int mk_posix_memalign(void **ret_block, size_t alignment, size_t size) MK_NAMED("posix_memalign");
void *mk_memalign(size_t alignment, size_t size) MK_NAMED("memalign");
void *mk_valloc(size_t size) MK_NAMED("valloc");
void *mk_pvalloc(size_t size) MK_NAMED("pvalloc");
size_t mk_malloc_usable_size(void *block) MK_NAMED("malloc_usable_size");

MK_ALIAS("aligned_alloc", "memalign");
MK_ALIAS("__libc_malloc", "malloc");
MK_ALIAS("__libc_calloc", "calloc");
MK_ALIAS("__libc_realloc", "realloc");
MK_ALIAS("__libc_free", "free");
MK_ALIAS("__libc_memalign", "memalign");
MK_ALIAS("__libc_valloc", "valloc");
MK_ALIAS("__libc_pvalloc", "pvalloc");
MK_ALIAS("__posix_memalign", "posix_memalign");
/* operator delete(void *), and the one with an alignment */
MK_ALIAS("_ZdlPv", "free");
MK_ALIAS("_ZdlPvSt11align_val_t", "free");

/* Of no bytes a program may ask for a block, too, different from all others. */
MK_INLINE
size_t mk_at_least_1(size_t size)
{
	return size + (size == 0);
}

void *mk_malloc(size_t size)
{
	return mk_take(mk_at_least_1(size), MK_CALLER);
}

void *mk_calloc(size_t count, size_t size)
{
	if (MK_UNLIKELY(count == 0 || size == 0))
		count = size = 1;
	return mk_take_zeroed(count, size, MK_CALLER);
}

/* As libc's: a block that is to have no bytes is freed. */
void *mk_realloc(void *block, size_t size)
{
	if (MK_UNLIKELY(block == NULL))
		return mk_take(mk_at_least_1(size), MK_CALLER);
	if (MK_LIKELY(size != 0))
		return mk_resize(block, size, MK_CALLER);
	mk_give(block);
	return NULL;
}

void mk_free(void *block)
{
	if (MK_LIKELY(block != NULL))
		mk_give(block);
}

int mk_posix_memalign(void **ret_block, size_t alignment, size_t size)
{
	void *block;
	int error = mk_take_aligned(&block, alignment, mk_at_least_1(size), MK_CALLER);

	if (error == 0)
		*ret_block = block;
	return error;
}

/* NULL with errno. */
static void *take_aligned(size_t alignment, size_t size, const void *caller)
{
	void *block;
	int error = mk_take_aligned(&block, mk_max_size(alignment, sizeof(void *)),
				    mk_at_least_1(size), caller);

	if (error == 0)
		return block;
	errno = error;
	return NULL;
}

/* Alignments are rounded up to a power of two, as libc's memalign and, long, aligned_alloc do. */
void *mk_memalign(size_t alignment, size_t size)
{
	if (alignment > SIZE_MAX / 2 + 1) {
		errno = EINVAL;
		return NULL;
	}
	if (alignment > 1)
		alignment = (size_t)2 << mk_log2(alignment - 1);
	return take_aligned(alignment, size, MK_CALLER);
}

void *mk_valloc(size_t size)
{
	return take_aligned(mk_vm_page_size(), size, MK_CALLER);
}

void *mk_pvalloc(size_t size)
{
	size_t page_size = mk_vm_page_size();

	/* What can't be rounded up is too much in any case. */
	if (size <= SIZE_MAX - page_size)
		size = mk_align_up(mk_at_least_1(size), page_size);
	return take_aligned(page_size, size, MK_CALLER);
}

size_t mk_malloc_usable_size(void *block)
{
	return block == NULL ? 0 : mk_usable(block);
}

/*
 * C++'s operators that the others are made of; those are in derived.c. Without memory the C++
 * library has its turn: it calls the program's new-handler and malloc, until there is a block, and
 * throws.
 */
void *mk_new(size_t size)
{
	void *block = mk_take(mk_at_least_1(size), MK_CALLER);

	return MK_LIKELY(block != NULL) ? block : MK_NEXT_OPERATOR(mk_new, "_Znwm")(size);
}

void *mk_new_aligned(size_t size, size_t alignment)
{
	void *block = take_aligned(alignment, size, MK_CALLER);

	return MK_LIKELY(block != NULL)
		       ? block
		       : MK_NEXT_OPERATOR(mk_new_aligned, "_ZnwmSt11align_val_t")(size, alignment);
}

extern __typeof__(mk_new) own_new __attribute__((alias("_Znwm"), visibility("hidden")));
extern __typeof__(mk_new_aligned) own_new_aligned
	__attribute__((alias("_ZnwmSt11align_val_t"), visibility("hidden")));

/* These two call the operators above, where a program has replaced them. */
void *mk_new_nothrow(size_t size, const void *tag)
{
	__typeof__(mk_new) *plain_new = mk_new;
	void *block = NULL;

	MK_KEEP_IN_REGISTER(plain_new);
	if (MK_LIKELY(plain_new == own_new))
		block = mk_take(mk_at_least_1(size), MK_CALLER);
	return MK_LIKELY(block != NULL)
		       ? block
		       : MK_NEXT_OPERATOR(mk_new_nothrow, "_ZnwmRKSt9nothrow_t")(size, tag);
}

void *mk_new_aligned_nothrow(size_t size, size_t alignment, const void *tag)
{
	__typeof__(mk_new_aligned) *plain_new = mk_new_aligned;
	void *block = NULL;

	MK_KEEP_IN_REGISTER(plain_new);
	if (MK_LIKELY(plain_new == own_new_aligned))
		block = take_aligned(alignment, size, MK_CALLER);
	return MK_LIKELY(block != NULL) ? block
					: MK_NEXT_OPERATOR(mk_new_aligned_nothrow,
							   "_ZnwmSt11align_val_tRKSt9nothrow_t")(
						  size, alignment, tag);
}

#endif
