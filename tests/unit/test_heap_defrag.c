/* SPDX-License-Identifier: BSD-2-Clause */
/* Packing blocks together: when a block moves, and what that is good for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "heap/class.h"
#include "heap/heap.h"
#include "support/heap_invariants.h"
#include "support/plain_backing.h"

enum { BLOCK_COUNT = 200000 };

static struct mk_heap *new_heap(struct plain_backing *backing)
{
	struct mk_heap *heap;

	*backing = (struct plain_backing){0};
	plain_start(backing, 256 * MK_MIB);
	assert_int_equal(mk_heap_create(&backing->head, NULL, &heap), 0);
	return heap;
}

static size_t used_size(const struct mk_heap *heap)
{
	size_t used;

	assert_null(heap_fault(heap, &used));
	return used;
}

static void one_block_never_moves(void **state)
{
	struct plain_backing backing;
	struct mk_heap *heap = new_heap(&backing);

	(void)state;
	for (int round = 0; round < 3; round++)
		for (size_t size = 1; size <= 3 * MK_MIB; size += size / 3 + 1) {
			void *block = mk_heap_malloc(heap, size);

			assert_null(mk_heap_defrag(block));
			mk_heap_free(block);
		}
	mk_heap_destroy(heap);
}

/* Every share-th block stays. */
static void thin_out(struct mk_heap *heap, void **blocks, size_t count, size_t share)
{
	for (size_t i = 0; i < count; i++) {
		blocks[i] = mk_heap_malloc(heap, 64);
		memset(blocks[i], (int)i, 64);
	}
	for (size_t i = 0; i < count; i++)
		if (i % share != 0) {
			mk_heap_free(blocks[i]);
			blocks[i] = NULL;
		}
}

/* Returns how many moved. */
static size_t defrag_all(void **blocks, size_t count)
{
	size_t moved_count = 0;

	for (size_t i = 0; i < count; i++) {
		char expected[64];
		void *moved;

		if (blocks[i] == NULL)
			continue;
		moved = mk_heap_defrag(blocks[i]);
		if (moved != NULL) {
			assert_ptr_not_equal(moved, blocks[i]);
			blocks[i] = moved;
			moved_count++;
		}
		memset(expected, (int)i, sizeof(expected));
		assert_memory_equal(blocks[i], expected, sizeof(expected));
	}
	return moved_count;
}

static void thinned_out_blocks_are_packed(void **state)
{
	static void *blocks[BLOCK_COUNT];
	struct plain_backing backing;

	(void)state;
	for (size_t share = 2; share <= 32; share *= 4) {
		struct mk_heap *heap = new_heap(&backing);
		size_t least = BLOCK_COUNT / share * 64;

		thin_out(heap, blocks, BLOCK_COUNT, share);
		assert_true(used_size(heap) >= BLOCK_COUNT * 64 / 10 * 9);
		assert_true(defrag_all(blocks, BLOCK_COUNT) > BLOCK_COUNT / share / 4);
		assert_true(used_size(heap) <= least + least / 8 + MK_MIB);
		mk_heap_destroy(heap);
	}
}

static void it_comes_to_an_end(void **state)
{
	static void *blocks[BLOCK_COUNT / 10];
	struct plain_backing backing;
	struct mk_heap *heap = new_heap(&backing);
	int rounds = 0;

	(void)state;
	thin_out(heap, blocks, MK_ARRAY_SIZE(blocks), 3);
	while (defrag_all(blocks, MK_ARRAY_SIZE(blocks)) != 0)
		assert_true(rounds++ < 10);
	assert_null(heap_fault(heap, NULL));
	mk_heap_destroy(heap);
}

static void blocks_move_to_fuller_slabs_only(void **state)
{
	enum { SLAB_OBJECTS = 8, SIZE = 2048 };
	struct plain_backing backing;
	struct mk_heap *heap = new_heap(&backing);
	void *blocks[2 * SLAB_OBJECTS];
	const struct mk_span *fuller;

	(void)state;
	for (size_t i = 0; i < MK_ARRAY_SIZE(blocks); i++)
		blocks[i] = mk_heap_malloc(heap, SIZE);
	fuller = mk_pagemap_find(blocks[SLAB_OBJECTS]);
	/* Two are left in the first slab, five in the second. */
	for (size_t i = 2; i < SLAB_OBJECTS + 3; i++)
		mk_heap_free(blocks[i]);
	for (size_t i = SLAB_OBJECTS + 3; i < MK_ARRAY_SIZE(blocks); i++)
		assert_null(mk_heap_defrag(blocks[i]));
	for (size_t i = 0; i < 2; i++)
		assert_ptr_equal(mk_pagemap_find(mk_heap_defrag(blocks[i])), fuller);
	assert_null(mk_pagemap_find(blocks[0]));
	mk_heap_destroy(heap);
}

static void blocks_that_fill_their_slabs_stay(void **state)
{
	static void *blocks[BLOCK_COUNT / 10];
	struct plain_backing backing;
	struct mk_heap *heap = new_heap(&backing);

	(void)state;
	thin_out(heap, blocks, MK_ARRAY_SIZE(blocks), 1);
	assert_int_equal(defrag_all(blocks, MK_ARRAY_SIZE(blocks)), 0);
	mk_heap_destroy(heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_block_never_moves),
		cmocka_unit_test(thinned_out_blocks_are_packed),
		cmocka_unit_test(it_comes_to_an_end),
		cmocka_unit_test(blocks_move_to_fuller_slabs_only),
		cmocka_unit_test(blocks_that_fill_their_slabs_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
