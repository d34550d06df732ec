/* SPDX-License-Identifier: BSD-2-Clause */
/* The slow path of an allocation: from a kind and a thread to a heap, and from there to a block. */
#include "heap/probe.h"
#include "kind/heaps.h"
#include "kind/kind.h"
#include "kind/look.h"

enum { ATTEMPT_COUNT = 3 };

struct mk_position mk_kind_position(const struct memkind *kind)
{
	struct mk_position position = {0, 0};

	if (!mk_kind_is_local(kind))
		return position;
	if (mk_thread_cpu(&position.cpu, &position.node) != 0 || position.node >= MK_NODE_LIMIT)
		return (struct mk_position){UINT32_MAX, 0};
	return position;
}

struct mk_heap *mk_kind_heap(struct memkind *kind)
{
	unsigned number = mk_kind_heap_number(kind);
	struct mk_heap *heap = NULL;
	struct mk_position position;

	if (number == 0) {
		position = mk_kind_position(kind);
		number = mk_heaps_known(kind, position);
	}
	if (number != 0)
		return mk_heap_by_number(number);
	mk_look_lock();
	if (mk_kind_is_local(kind))
		mk_look_for_stranger(position.node);
	if (mk_look_ask(kind) == 0)
		heap = mk_heaps_make(kind, position);
	mk_look_unlock();
	return heap;
}

static void *allocate_from(struct mk_heap *heap, const struct mk_request *request)
{
	if (request->alignment != 0)
		return mk_heap_malloc_aligned(heap, request->alignment, request->size);
	if (request->is_zeroed)
		return mk_heap_malloc_zeroed(heap, request->size);
	return mk_heap_malloc(heap, request->size);
}

/*
 * After a failure: where mbind was the reason, the machine or what the process may do has changed.
 * True: the kinds have changed since GENERATION, so that another attempt may succeed.
 */
static bool is_worth_retry(struct memkind *kind, unsigned generation)
{
	if (atomic_load_explicit(&kind->trouble, memory_order_relaxed) != 0) {
		mk_look_lock();
		/* Whoever had the lock before may have looked already. */
		if (mk_look_generation() == generation)
			mk_look_for_trouble();
		atomic_store_explicit(&kind->trouble, 0, memory_order_relaxed);
		mk_look_unlock();
	}
	return mk_look_generation() != generation;
}

static void *allocate_here(struct memkind *kind, const struct mk_request *request)
{
	for (int attempt = 0; attempt < ATTEMPT_COUNT; attempt++) {
		unsigned generation = mk_look_generation();
		struct mk_heap *heap = mk_kind_heap(kind);
		void *block = heap == NULL ? NULL : allocate_from(heap, request);

		/* Other heaps of the kind may have idle pages, which count as well. */
		if (block == NULL && heap != NULL && kind->limit != NULL && mk_heap_reclaim(kind))
			block = allocate_from(heap, request);
		if (block != NULL)
			return block;
		if (!is_worth_retry(kind, generation))
			break;
	}
	MK_PROBE_EXHAUSTED(kind->row->name, request->size, request->alignment);
	return NULL;
}

void *mk_kind_allocate(struct memkind *kind, const struct mk_request *request)
{
	size_t size = request->size + request->alignment;
	void *block = NULL;

	for (; block == NULL && kind->then != NULL; kind = kind->then) {
		if (mk_refused_holds(&kind->refused, size, mk_clock_ms()))
			continue;
		block = allocate_here(kind, request);
		if (block == NULL)
			mk_refused_note(&kind->refused, size, mk_clock_ms());
	}
	return block != NULL ? block : allocate_here(kind, request);
}
