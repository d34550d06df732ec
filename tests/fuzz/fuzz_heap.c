/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sequences of operations on several small heaps by several threads, against a shadow: contents stay,
 * blocks never overlap, zeroed ones are zero, and in the end everything is free again.
 */
#include <pthread.h>
#include <semaphore.h>
#include <string.h>

#include "fuzz.h"
#include "heap/cache.h"
#include "heap/heap.h"
#include "heap/meta.h"
#include "os/thread.h"
#include "support/heap_invariants.h"
#include "support/plain_backing.h"

enum {
	HEAP_COUNT = 3,
	SLOT_COUNT = 64,
	THREAD_COUNT = 4, /* thread 0 is the caller */
	OPERATION_LIMIT = 4000,
	EDGE = 64,	   /* bytes that are marked at both ends of a block */
	WHOLE = 2048,	   /* blocks up to this are marked all over */
	MIDDLE_COUNT = 32, /* places marked between the edges of a long block */
	SIZE_LIMIT = 3 << 20,
	LATER_MS = 11000, /* longer than the decay */
};

enum operation {
	OP_MALLOC,
	OP_MALLOC_MANY,
	OP_ZEROED,
	OP_ALIGNED,
	OP_FREE,
	OP_FREE_MANY,
	OP_RESIZE,
	OP_SWITCH_THREAD,
	OP_END_THREAD,
	OP_PURGE,
	OP_LATER,
	OP_DRAIN,
	OP_LIMIT,
	OP_PURGE_FAILS,
	OP_WALK,
	OP_COUNT
};

struct block {
	unsigned char *base; /* NULL: no block in this slot */
	size_t size;
	struct mk_heap *heap;
	unsigned char mark;
};

struct worker {
	pthread_t thread;
	sem_t go, done;
	bool is_running, must_end;
};

struct input {
	const uint8_t *data;
	size_t left;
};

static struct plain_backing backings[HEAP_COUNT];
static struct mk_heap *heaps[HEAP_COUNT];
static struct block blocks[SLOT_COUNT];
static struct worker workers[THREAD_COUNT];
static unsigned current_thread;
static struct input input;
static enum operation operation;
static unsigned char next_mark;
static _Atomic uint64_t clock_ms;

/* Linked in place of the clock, so that an input does the same each time. */
uint64_t __wrap_mk_clock_ms(void);

uint64_t __wrap_mk_clock_ms(void)
{
	return ++clock_ms;
}

static unsigned next_byte(void)
{
	if (input.left == 0)
		return 0;
	input.left--;
	return *input.data++;
}

/* Of all magnitudes alike. */
static size_t next_size(void)
{
	unsigned magnitude = next_byte() % 23;
	size_t size = ((size_t)next_byte() << 8 | next_byte()) << 8 >> (23 - magnitude);

	return 1 + size % SIZE_LIMIT;
}

static struct block *next_block(void)
{
	return &blocks[next_byte() % SLOT_COUNT];
}

static struct mk_heap *next_heap(void)
{
	return heaps[next_byte() % HEAP_COUNT];
}

static bool is_marked_at(const struct block *block, size_t at)
{
	return block->size <= WHOLE || at < EDGE || at >= block->size - EDGE;
}

/* Every byte of a short block; of a long one the edges, and starts of pages between. */
static size_t next_place(const struct block *block, size_t at)
{
	size_t stride = mk_align_up(block->size / MIDDLE_COUNT + 1, MK_PAGE_SIZE);

	if (is_marked_at(block, at + 1))
		return at + 1;
	return mk_min_size(at - at % MK_PAGE_SIZE + stride, block->size - EDGE);
}

static void mark(struct block *block)
{
	block->mark = ++next_mark;
	for (size_t at = 0; at < block->size; at = next_place(block, at))
		block->base[at] = (unsigned char)(block->mark + at);
}

/* The bytes below LIMIT hold what was put there. */
static void check_marks(const struct block *block, const unsigned char *bytes, size_t limit)
{
	for (size_t at = 0; at < block->size && at < limit; at = next_place(block, at))
		MK_FUZZ_CHECK(bytes[at] == (unsigned char)(block->mark + at));
}

static void check_block(const struct block *block)
{
	check_marks(block, block->base, block->size);
	MK_FUZZ_CHECK(mk_heap_usable_size(block->base) >= block->size);
	MK_FUZZ_CHECK(mk_heap_of(block->base) == block->heap);
	MK_FUZZ_CHECK(mk_heap_of(block->base + block->size - 1) == block->heap);
}

static void check_zero(const unsigned char *bytes, size_t size)
{
	MK_FUZZ_CHECK(bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

static void free_block(struct block *block)
{
	if (block->base == NULL)
		return;
	check_block(block);
	mk_heap_free(block->base);
	block->base = NULL;
}

static void keep(struct block *block, struct mk_heap *heap, void *base, size_t size)
{
	MK_FUZZ_CHECK((uintptr_t)base % (size > MK_SMALL_SIZE ? MK_PAGE_SIZE : 16) == 0);
	block->base = base;
	block->size = size;
	block->heap = heap;
	mark(block);
}

/* What does not fit into the heap's memory is refused, and nothing else changes. */
static void allocate(struct block *block, enum operation how)
{
	struct mk_heap *heap = next_heap();
	size_t size = next_size();
	size_t alignment = (size_t)1 << next_byte() % 23;
	void *base;

	free_block(block);
	if (how == OP_ALIGNED)
		base = mk_heap_malloc_aligned(heap, alignment, size);
	else if (how == OP_ZEROED)
		base = mk_heap_malloc_zeroed(heap, size);
	else
		base = mk_heap_malloc(heap, size);
	if (base == NULL)
		return;
	if (how == OP_ALIGNED)
		MK_FUZZ_CHECK((uintptr_t)base % alignment == 0);
	if (how == OP_ZEROED)
		check_zero(base, size);
	keep(block, heap, base, size);
}

static void allocate_many(void)
{
	struct mk_heap *heap = next_heap();
	unsigned first = next_byte(), count = next_byte() % SLOT_COUNT;
	size_t size = next_size();

	for (unsigned i = 0; i < count; i++) {
		struct block *block = &blocks[(first + i) % SLOT_COUNT];
		void *base;

		free_block(block);
		base = mk_heap_malloc(heap, size);
		if (base == NULL)
			return;
		keep(block, heap, base, size);
	}
}

static void free_many(void)
{
	unsigned first = next_byte(), step = 1 + next_byte() % 7;

	for (unsigned i = 0; i < SLOT_COUNT; i += step)
		free_block(&blocks[(first + i) % SLOT_COUNT]);
}

static void resize(struct block *block)
{
	struct block old = *block;
	size_t size = next_size();

	if (block->base == NULL)
		return;
	/* A large block often grows a little, towards its neighbour. */
	if (block->size > MK_MEDIUM_SIZE && size < MK_MEDIUM_SIZE)
		size += block->size;
	check_block(block);
	if (mk_heap_resize(block->base, size)) {
		check_marks(&old, block->base, size);
		MK_FUZZ_CHECK(mk_heap_usable_size(block->base) >= size);
		block->size = size;
		mark(block);
		return;
	}
	check_block(block);
	block->base = mk_heap_malloc(block->heap, size);
	if (block->base == NULL) {
		block->base = old.base;
		return;
	}
	memcpy(block->base, old.base, mk_min_size(size, old.size));
	mk_heap_free(old.base);
	check_marks(&old, block->base, size);
	keep(block, block->heap, block->base, size);
}

static void purge(struct mk_heap *heap)
{
	mk_lock_acquire(&heap->pages.lock, MK_RANK_PAGES);
	mk_pages_purge(heap, 0);
	mk_lock_release(&heap->pages.lock, MK_RANK_PAGES);
}

static size_t walk(const struct mk_heap *heap)
{
	size_t used_size = 0;
	const char *fault = heap_fault(heap, &used_size);

	if (fault != NULL)
		fprintf(stderr, "%s\n", fault);
	MK_FUZZ_CHECK(fault == NULL);
	return used_size;
}

static void set_limit(unsigned heap, size_t room)
{
	backings[heap].commit_limit = backings[heap].committed + room;
}

static void maintain(void)
{
	unsigned heap = next_byte() % HEAP_COUNT;

	switch (operation) {
	case OP_PURGE:
		purge(heaps[heap]);
		break;
	case OP_DRAIN:
		mk_cache_drain(heaps[heap]);
		break;
	case OP_LIMIT:
		set_limit(heap, (size_t)next_byte() << 16);
		break;
	case OP_PURGE_FAILS:
		backings[heap].purge_error = next_byte() % 2 == 0 ? 0 : -EINVAL;
		break;
	case OP_LATER:
		clock_ms += LATER_MS;
		break;
	default:
		walk(heaps[heap]);
	}
}

/* In the thread whose turn it is. */
static void operate(void)
{
	switch (operation) {
	case OP_MALLOC:
	case OP_ZEROED:
	case OP_ALIGNED:
		allocate(next_block(), operation);
		break;
	case OP_MALLOC_MANY:
		allocate_many();
		break;
	case OP_FREE:
		free_block(next_block());
		break;
	case OP_FREE_MANY:
		free_many();
		break;
	case OP_RESIZE:
		resize(next_block());
		break;
	default:
		maintain();
	}
}

static void *work(void *argument)
{
	struct worker *worker = argument;

	for (;;) {
		sem_wait(&worker->go);
		if (worker->must_end)
			return NULL;
		operate();
		sem_post(&worker->done);
	}
}

static void start_worker(struct worker *worker)
{
	worker->must_end = false;
	worker->is_running = true;
	sem_init(&worker->go, 0, 0);
	sem_init(&worker->done, 0, 0);
	MK_FUZZ_CHECK(pthread_create(&worker->thread, NULL, work, worker) == 0);
}

/* Its caches go back; its blocks live on. */
static void end_worker(struct worker *worker)
{
	if (!worker->is_running)
		return;
	worker->must_end = true;
	sem_post(&worker->go);
	MK_FUZZ_CHECK(pthread_join(worker->thread, NULL) == 0);
	worker->is_running = false;
}

static void run_operation(void)
{
	struct worker *worker = &workers[current_thread];

	if (current_thread == 0) {
		operate();
		return;
	}
	if (!worker->is_running)
		start_worker(worker);
	sem_post(&worker->go);
	while (sem_wait(&worker->done) != 0)
		continue;
}

static void start(void)
{
	static const size_t reservations[HEAP_COUNT] = {4 * MK_MIB, 16 * MK_MIB, 64 * MK_MIB};

	for (unsigned heap = 0; heap < HEAP_COUNT; heap++) {
		if (heaps[heap] == NULL) {
			plain_start(&backings[heap], reservations[heap]);
			MK_FUZZ_CHECK(mk_heap_create(&backings[heap].head, NULL, &heaps[heap]) ==
				      0);
		}
		backings[heap].purge_error = 0;
		set_limit(heap, 16 * MK_MIB);
		mk_pages_start(&heaps[heap]->pages);
	}
	current_thread = 0;
	next_mark = 0;
	clock_ms = LATER_MS;
}

/* An empty heap keeps a reservation: without it the next input finds the heap as new. */
static void forget_reservation(struct mk_heap *heap)
{
	struct mk_reservation *reservation = heap->pages.reservations;

	if (reservation == NULL)
		return;
	MK_FUZZ_CHECK(reservation->next == NULL);
	if (reservation->top != NULL) {
		mk_pages_take_free(heap, reservation->top);
		mk_meta_free(MK_META_SPAN, reservation->top);
	}
	heap->pages.reservations = NULL;
	heap->pages.committed_size = 0;
	heap->pages.purge_checked_ms = 0;
	heap->backing->ops->release(heap->backing, (void *)reservation->base, reservation->size);
	mk_meta_free(MK_META_RESERVATION, reservation);
}

/* Nothing is lost: with all blocks freed and all caches emptied, all pages are free. */
static void finish(void)
{
	for (unsigned slot = 0; slot < SLOT_COUNT; slot++)
		free_block(&blocks[slot]);
	for (unsigned i = 1; i < THREAD_COUNT; i++)
		end_worker(&workers[i]);
	for (unsigned heap = 0; heap < HEAP_COUNT; heap++) {
		walk(heaps[heap]);
		mk_cache_drain(heaps[heap]);
		MK_FUZZ_CHECK(walk(heaps[heap]) == 0);
		backings[heap].purge_error = 0;
		clock_ms += LATER_MS;
		purge(heaps[heap]);
		MK_FUZZ_CHECK(heaps[heap]->pages.dirty_size == 0);
		walk(heaps[heap]);
		forget_reservation(heaps[heap]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = (struct input){data, size};
	start();
	for (unsigned count = 0; input.left != 0 && count < OPERATION_LIMIT; count++) {
		operation = (enum operation)(next_byte() % OP_COUNT);
		if (operation == OP_SWITCH_THREAD)
			current_thread = next_byte() % THREAD_COUNT;
		else if (operation == OP_END_THREAD)
			end_worker(&workers[next_byte() % THREAD_COUNT]);
		else
			run_operation();
	}
	finish();
	return 0;
}
