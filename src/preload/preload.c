/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libmemkind-preload.so.0: what a program allocates, or a part of it that is chosen by size or by
 * the object that asks, is of the kind that the environment names; the rest is of MEMKIND_DEFAULT.
 */
#include <memkind.h>
#include <memkind_ng.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/bits.h"
#include "base/options.h"
#include "preload/names.h"
#include "preload/objects.h"
#include "preload/range.h"
#include "preload/refuse.h"

/* The kind of every block. NULL: it depends, or the environment was not read yet. */
static _Atomic(memkind_t) every_kind;

/*
 * The blocks that are of a kind of their own; no kind: not read yet. Written by the first call that
 * finds an environment, which is a call of the only thread: to start another one allocates.
 */
static struct {
	memkind_t kind;
	struct mk_range sizes;
	bool is_by_object;
} chosen;

static MK_COLD void read_environment(void)
{
	const char *name = mk_option_text(MK_OPTION_PRELOAD_KIND);
	const char *sizes = mk_option_text(MK_OPTION_PRELOAD_SIZE);
	const char *objects = mk_option_text(MK_OPTION_PRELOAD_OBJECTS);
	memkind_t kind = MEMKIND_DEFAULT;
	struct mk_range range = {.least = 0, .most = SIZE_MAX};
	char status[1024];

	if (name != NULL)
		kind = mk_kind_named(name, status, sizeof(status));
	if (kind == NULL)
		mk_refuse(MK_OPTION_PRELOAD_KIND, status);
	if (sizes != NULL && !mk_range_parse(sizes, &range))
		mk_refuse(MK_OPTION_PRELOAD_SIZE, NULL);
	if (objects != NULL && !mk_objects_name(objects))
		mk_refuse(MK_OPTION_PRELOAD_OBJECTS, NULL);
	chosen.sizes = range;
	chosen.is_by_object = objects != NULL;
	/* Before anything that might allocate, and come here again. */
	chosen.kind = kind;
	if (name != NULL && memkind_check_available(kind) != 0) {
		memkind_ng_kind_status(kind, status, sizeof(status));
		mk_refuse(MK_OPTION_PRELOAD_KIND, status);
	}
	if (kind == MEMKIND_DEFAULT || (sizes == NULL && objects == NULL))
		atomic_store_explicit(&every_kind, kind, memory_order_relaxed);
}

/* Where every_kind does not tell. */
static inline memkind_t choose_kind(size_t size, const void *caller)
{
	if (chosen.kind == NULL) {
		if (!mk_options_are_there())
			return MEMKIND_DEFAULT;
		read_environment();
	}
	if (!mk_range_has(&chosen.sizes, size))
		return MEMKIND_DEFAULT;
	if (chosen.is_by_object && !mk_objects_have(caller))
		return MEMKIND_DEFAULT;
	return chosen.kind;
}

/* NULL: choose_kind() tells. */
MK_INLINE
memkind_t kind_of_all(void)
{
	return atomic_load_explicit(&every_kind, memory_order_relaxed);
}

/* A bad setting stops a program that has not allocated either. */
__attribute__((constructor)) static void start(void)
{
	choose_kind(1, NULL);
}

/* Apart, so that the functions that call these end in a jump either way. */
static __attribute__((noinline)) void *take_chosen(size_t size, const void *caller)
{
	return memkind_malloc(choose_kind(size, caller), size);
}

static __attribute__((noinline)) void *take_chosen_zeroed(size_t count, size_t size,
							  const void *caller)
{
	size_t total;

	if (!mk_multiply(count, size, &total))
		total = SIZE_MAX;
	return memkind_calloc(choose_kind(total, caller), count, size);
}

static __attribute__((noinline)) void *resize_chosen(void *block, size_t size, const void *caller)
{
	return memkind_realloc(choose_kind(size, caller), block, size);
}

static inline void *mk_take(size_t size, const void *caller)
{
	memkind_t kind = kind_of_all();

	return MK_LIKELY(kind != NULL) ? memkind_malloc(kind, size) : take_chosen(size, caller);
}

static inline void *mk_take_zeroed(size_t count, size_t size, const void *caller)
{
	memkind_t kind = kind_of_all();

	return MK_LIKELY(kind != NULL) ? memkind_calloc(kind, count, size)
				       : take_chosen_zeroed(count, size, caller);
}

static inline void *mk_resize(void *block, size_t size, const void *caller)
{
	memkind_t kind = kind_of_all();

	return MK_LIKELY(kind != NULL) ? memkind_realloc(kind, block, size)
				       : resize_chosen(block, size, caller);
}

static inline int mk_take_aligned(void **ret_block, size_t alignment, size_t size,
				  const void *caller)
{
	memkind_t kind = kind_of_all();

	if (MK_UNLIKELY(kind == NULL))
		kind = choose_kind(size, caller);
	return memkind_posix_memalign(kind, ret_block, alignment, size);
}

static inline void mk_give(void *block)
{
	memkind_free(NULL, block);
}

static inline size_t mk_usable(void *block)
{
	return memkind_malloc_usable_size(NULL, block);
}

#include "preload/interpose.h"
