/* SPDX-License-Identifier: BSD-2-Clause */
/* The exported malloc family. The hot path has no frame: what is rare is a tail call. */
#include <errno.h>
#include <memkind.h>
#include <stdint.h>
#include <string.h>

#include "api/export.h"
#include "api/fork.h"
#include "heap/fast.h"
#include "heap/heap.h"
#include "kind/kind.h"

/* No block is larger than the address space; the layers below need not fear overflow. */
#define SIZE_LIMIT ((size_t)1 << 48)
/* Alignments above would take a good part of the address space to satisfy. */
#define ALIGNMENT_LIMIT ((size_t)1 << 40)

__attribute__((used)) static void (*const linked_with)(void) = mk_fork_register;

/* Where no bytes are asked for: true, no block either; or one byte, if the kind allows that. */
static bool is_nothing(const struct memkind *kind, size_t *size)
{
	if (kind == NULL || *size != 0)
		return false;
	if (!atomic_load_explicit(&kind->allows_zero, memory_order_relaxed))
		return true;
	*size = 1;
	return false;
}

/* NULL and errno; SIZE is not 0, and KIND may be NULL. */
static void *allocate(struct memkind *kind, const struct mk_request *request)
{
	void *block = NULL;

	if (kind == NULL) {
		errno = EINVAL;
		return NULL;
	}
	if (request->size < SIZE_LIMIT)
		block = mk_kind_allocate(kind, request);
	if (block == NULL)
		errno = ENOMEM;
	return block;
}

static MK_COLD void *malloc_slowly(struct memkind *kind, size_t size)
{
	struct mk_request request;
	void *block = NULL;

	if (is_nothing(kind, &size))
		return NULL;
	request = (struct mk_request){.size = size};
	if (kind != NULL && size > MK_SMALL_SIZE && size <= MK_MEDIUM_SIZE)
		block = mk_fast_take(mk_kind_heap_number(kind), mk_class_of(size));
	return block != NULL ? block : allocate(kind, &request);
}

MK_EXPORT void *memkind_malloc(memkind_t kind, size_t size)
{
	void ***top;
	void *block;

	if (MK_UNLIKELY(kind == NULL) || MK_UNLIKELY(size > MK_SMALL_SIZE))
		return malloc_slowly(kind, size);
	top = mk_fast_top(mk_kind_heap_number(kind), size);
	block = **top;
	MK_KEEP_IN_REGISTER(block);
	if (MK_UNLIKELY(block == NULL))
		return malloc_slowly(kind, size);
	(*top)--;
	return block;
}

static MK_COLD void *calloc_slowly(struct memkind *kind, size_t size)
{
	struct mk_request request;

	if (is_nothing(kind, &size))
		return NULL;
	request = (struct mk_request){.size = size, .is_zeroed = true};
	return allocate(kind, &request);
}

MK_EXPORT void *memkind_calloc(memkind_t kind, size_t num, size_t size)
{
	size_t total;
	void *block = NULL;

	if (MK_UNLIKELY(!mk_multiply(num, size, &total)))
		total = SIZE_MAX;
	if (MK_LIKELY(kind != NULL) && MK_LIKELY(total <= MK_SMALL_SIZE))
		block = mk_fast_take(mk_kind_heap_number(kind), mk_class_of_small(total));
	return MK_LIKELY(block != NULL) ? memset(block, 0, total) : calloc_slowly(kind, total);
}

/* NULL: out of memory, or more than can be. */
static void *aligned_block(struct memkind *kind, size_t alignment, size_t size)
{
	struct mk_request request = {.size = size, .alignment = alignment};
	unsigned class = mk_class_of_aligned(alignment, size);
	void *block = mk_fast_take(mk_kind_heap_number(kind), class);

	if (block == NULL && alignment < ALIGNMENT_LIMIT && size < SIZE_LIMIT)
		block = mk_kind_allocate(kind, &request);
	return block;
}

static int allocate_aligned(struct memkind *kind, size_t alignment, size_t size, void **ret_block)
{
	void *block = NULL;

	if (!mk_is_power_of_two(alignment) || alignment < sizeof(void *))
		return EINVAL;
	if (size != 0) {
		block = aligned_block(kind, alignment, size);
		if (block == NULL)
			return ENOMEM;
	}
	*ret_block = block;
	return 0;
}

MK_EXPORT int memkind_posix_memalign(memkind_t kind, void **memptr, size_t alignment, size_t size)
{
	bool is_plain;
	int error;

	if (kind == NULL || memptr == NULL)
		return EINVAL;
	is_plain = (kind->row->flags & MK_KIND_PLAIN_MEMALIGN) != 0;
	if (is_nothing(kind, &size) && is_plain) {
		*memptr = NULL;
		return 0;
	}
	error = allocate_aligned(kind, alignment, size, memptr);
	if (error != 0 && !is_plain)
		*memptr = NULL;
	return error;
}

/* Keeps errno where it succeeds. */
static void *move_block(struct memkind *kind, void *block, size_t size)
{
	size_t usable_size = mk_heap_usable_size(block);
	void *moved = memkind_malloc(kind, size);

	if (moved == NULL)
		return NULL;
	memcpy(moved, block, mk_min_size(usable_size, size));
	mk_heap_free(block);
	return moved;
}

/* BLOCK and SIZE are not 0. */
static void *reallocate(struct memkind *kind, void *block, size_t size)
{
	struct memkind *owner = mk_heap_owner_of(block);
	int saved_errno = errno;
	bool is_own;
	void *moved;

	if (kind == NULL)
		kind = owner;
	is_own = mk_kind_is_served_by(kind, owner);
	if (is_own && size < SIZE_LIMIT && mk_heap_resize(block, size))
		return block;
	moved = move_block(kind, block, size);
	/* A block that is larger than need be, and can't move, still is what was asked for. */
	if (moved == NULL && is_own && size <= mk_heap_usable_size(block)) {
		errno = saved_errno;
		return block;
	}
	return moved;
}

MK_EXPORT void *memkind_realloc(memkind_t kind, void *ptr, size_t size)
{
	if (ptr == NULL)
		return memkind_malloc(kind, size);
	if (size == 0) {
		memkind_free(kind, ptr);
		return NULL;
	}
	return reallocate(kind, ptr, size);
}

MK_EXPORT void memkind_free(memkind_t kind, void *ptr)
{
	(void)kind;
	if (MK_LIKELY(mk_fast_free(ptr)))
		return;
	mk_heap_free(ptr);
}

MK_EXPORT void *memkind_defrag_reallocate(memkind_t kind, void *ptr)
{
	(void)kind;
	return ptr == NULL ? NULL : mk_heap_defrag(ptr);
}

MK_EXPORT void memkind_set_allow_zero_allocs(memkind_t kind, bool allow_zero_allocs)
{
	if (kind != NULL)
		atomic_store_explicit(&kind->allows_zero, allow_zero_allocs, memory_order_relaxed);
}

MK_EXPORT size_t memkind_malloc_usable_size(memkind_t kind, void *ptr)
{
	size_t size = mk_fast_usable_size(ptr);

	(void)kind;
	return MK_LIKELY(size != 0) || ptr == NULL ? size : mk_heap_usable_size(ptr);
}
