/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What AddressSanitizer or valgrind's memcheck is told about the heap's memory, in builds with
 * -Dannotate=asan or =valgrind; nothing otherwise.
 *
 * Memory that is in no live block is out of bounds, and a block has the bytes that were asked for;
 * who asks for a block's usable size may use all of it from then on. Objects bypass the caches, as
 * with MEMKIND_CHECK=1, so that misuse is seen at the call.
 */
#ifndef MK_HEAP_ANNOTATE_H
#define MK_HEAP_ANNOTATE_H

#include <stdbool.h>
#include <stddef.h>

#if defined(MK_ANNOTATE_ASAN)

#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>

enum { MK_ANNOTATES = true };

/* Address space of the heap's: pointers in live blocks keep libc's blocks from being leaks. */
static inline void mk_annotate_reserve(void *base, size_t size)
{
	__lsan_register_root_region(base, size);
}

/* Memory of the heap's that is in no block. */
static inline void mk_annotate_commit(void *base, size_t size)
{
	__asan_poison_memory_region(base, size);
}

/* A reservation, of which COMMITTED_SIZE bytes were committed, is about to be somebody else's. */
static inline void mk_annotate_release(void *base, size_t size, size_t committed_size)
{
	__lsan_unregister_root_region(base, size);
	__asan_unpoison_memory_region(base, committed_size);
}

/* The application gets a block; NULL is allowed. */
static inline void mk_annotate_malloc(void *block, size_t size, bool is_zeroed)
{
	(void)is_zeroed;
	if (block != NULL)
		__asan_unpoison_memory_region(block, size);
}

/* A live block, which has room for USABLE_SIZE bytes, is SIZE bytes long from now on. */
static inline void mk_annotate_resize(void *block, size_t usable_size, size_t size)
{
	__asan_poison_memory_region(block, usable_size);
	__asan_unpoison_memory_region(block, size);
}

/* The application gives a block back. */
static inline void mk_annotate_free(void *block, size_t usable_size)
{
	__asan_poison_memory_region(block, usable_size);
}

#elif defined(MK_ANNOTATE_VALGRIND)

#include <valgrind/memcheck.h>

enum { MK_ANNOTATES = true };

/* memcheck looks for pointers in all of the process's memory anyway. */
static inline void mk_annotate_reserve(void *base, size_t size)
{
	(void)base;
	(void)size;
}

static inline void mk_annotate_commit(void *base, size_t size)
{
	VALGRIND_MAKE_MEM_NOACCESS(base, size);
}

static inline void mk_annotate_release(void *base, size_t size, size_t committed_size)
{
	(void)size;
	VALGRIND_MAKE_MEM_DEFINED(base, committed_size);
}

static inline void mk_annotate_malloc(void *block, size_t size, bool is_zeroed)
{
	if (block != NULL)
		VALGRIND_MALLOCLIKE_BLOCK(block, size, 0, is_zeroed);
}

/* How many of a live block's bytes are in bounds: memcheck wants to hear it, but does not tell. */
static inline size_t mk_annotated_size(const char *block, size_t usable_size)
{
	size_t inside = 0, outside = usable_size;
	unsigned char bits;

	while (inside < outside) {
		size_t middle = inside + (outside - inside) / 2;

		/* 3: out of bounds. */
		if (VALGRIND_GET_VBITS(block + middle, &bits, 1) == 3)
			outside = middle;
		else
			inside = middle + 1;
	}
	return inside;
}

static inline void mk_annotate_resize(void *block, size_t usable_size, size_t size)
{
	size_t old_size = mk_annotated_size(block, usable_size);

	VALGRIND_RESIZEINPLACE_BLOCK(block, old_size, size, 0);
}

static inline void mk_annotate_free(void *block, size_t usable_size)
{
	(void)usable_size;
	VALGRIND_FREELIKE_BLOCK(block, 0);
}

#else

enum { MK_ANNOTATES = false };

static inline void mk_annotate_reserve(void *base, size_t size)
{
	(void)base;
	(void)size;
}

static inline void mk_annotate_commit(void *base, size_t size)
{
	(void)base;
	(void)size;
}

static inline void mk_annotate_release(void *base, size_t size, size_t committed_size)
{
	(void)base;
	(void)size;
	(void)committed_size;
}

static inline void mk_annotate_malloc(void *block, size_t size, bool is_zeroed)
{
	(void)block;
	(void)size;
	(void)is_zeroed;
}

static inline void mk_annotate_resize(void *block, size_t usable_size, size_t size)
{
	(void)block;
	(void)usable_size;
	(void)size;
}

static inline void mk_annotate_free(void *block, size_t usable_size)
{
	(void)block;
	(void)usable_size;
}

#endif

#endif
