/* SPDX-License-Identifier: BSD-2-Clause */
/* Giving memory back leaves the huge pages of what is still used whole. Real ones, read from smaps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "heap/heap.h"
#include "heap/pages.h"
#include "os/thread.h"
#include "support/plain_backing.h"

enum { BLOCK_COUNT = 32, BLOCK_SIZE = 3 << 20 };

static struct plain_backing backing;
static struct mk_heap *heap;
static char *blocks[BLOCK_COUNT];

/* Huge pages are asked for here, so that the machine's setting may stay what it is. */
static int reserve_huge(struct mk_backing *of, size_t size, void **ret_base, size_t *ret_size)
{
	int error = plain_reserve(of, size, ret_base, ret_size);

	if (error == 0 && madvise(*ret_base, size, MADV_HUGEPAGE) != 0)
		error = -errno;
	return error;
}

/* Bytes of huge pages in the mappings of the heap's reservation. */
static size_t huge_size(void)
{
	const struct mk_reservation *reservation = heap->pages.reservations;
	FILE *file = fopen("/proc/self/smaps", "r");
	bool is_inside = false;
	size_t sum = 0;
	char line[512];

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		unsigned long start, end, kib;

		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			is_inside = start - reservation->base < reservation->size;
		else if (is_inside && sscanf(line, "AnonHugePages: %lu kB", &kib) == 1)
			sum += kib * MK_KIB;
	}
	fclose(file);
	return sum;
}

static void purge_after(uint64_t age_ms)
{
	uint64_t now = mk_clock_ms();

	for (struct mk_span *span = heap->pages.oldest; span != NULL; span = span->age_next)
		span->freed_ms = now - age_ms;
	heap->pages.purge_checked_ms = 0;
	mk_pages_purge_idle(heap);
}

static void purging_keeps_huge_pages_that_are_used(void **state)
{
	static struct mk_backing_ops ops;
	size_t before, purged;

	(void)state;
	plain_start(&backing, MK_GIB);
	ops = *backing.head.ops;
	ops.reserve = reserve_huge;
	backing.head.ops = &ops;
	assert_int_equal(mk_heap_create(&backing.head, NULL, &heap), 0);
	for (size_t i = 0; i < BLOCK_COUNT; i++) {
		blocks[i] = mk_heap_malloc(heap, BLOCK_SIZE);
		assert_non_null(blocks[i]);
	}
	for (size_t i = 0; i < BLOCK_COUNT; i++)
		memset(blocks[i], 1, BLOCK_SIZE);
	before = huge_size();
	if (before < (size_t)BLOCK_COUNT * BLOCK_SIZE / 2) {
		print_message("the kernel gives no huge pages: %zu bytes of them\n", before);
		skip();
	}
	for (size_t i = 0; i < BLOCK_COUNT; i += 2)
		mk_heap_free(blocks[i]);
	purge_after(6000);
	purged = backing.purged;
	/* Half of the freed blocks contain a whole chunk, or more. */
	assert_true(purged >= BLOCK_COUNT / 4 * MK_CHUNK_SIZE);
	assert_true(huge_size() >= before - purged);
	print_message("huge pages: %zu MiB, %zu MiB after %zu MiB were given back\n",
		      before / MK_MIB, huge_size() / MK_MIB, purged / MK_MIB);
	/* All of it goes in the end, and with it the huge pages of which a part was used. */
	purge_after(11000);
	assert_true(backing.purged >= (size_t)BLOCK_COUNT / 2 * BLOCK_SIZE);
	for (size_t i = 1; i < BLOCK_COUNT; i += 2)
		for (size_t byte = 0; byte < BLOCK_SIZE; byte += 4096)
			assert_int_equal(blocks[i][byte], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(purging_keeps_huge_pages_that_are_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
