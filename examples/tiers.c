/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DRAM and far memory used as one, a fifth of the bytes in DRAM: the program says what, not where.
 *
 *	cc tiers.c $(pkg-config --cflags --libs memkind)
 */
#include <memkind_memtier.h>
#include <stdio.h>

#define COUNT 20000

static struct memtier_memory *make(memkind_t far)
{
	struct memtier_builder *builder = memtier_builder_new(MEMTIER_POLICY_STATIC_RATIO);
	struct memtier_memory *memory = NULL;

	if (memtier_builder_add_tier(builder, MEMKIND_REGULAR, 1) == 0 &&
	    memtier_builder_add_tier(builder, far, 4) == 0)
		memory = memtier_builder_construct_memtier_memory(builder);
	memtier_builder_delete(builder);
	return memory;
}

int main(void)
{
	static void *blocks[COUNT];
	int has_far = memkind_check_available(MEMKIND_DAX_KMEM) == 0;
	memkind_t far = has_far ? MEMKIND_DAX_KMEM : MEMKIND_DEFAULT;
	struct memtier_memory *memory = make(far);
	double near_size, far_size;

	if (memory == NULL)
		return 1;
	for (int i = 0; i < COUNT; i++) {
		blocks[i] = memtier_malloc(memory, (i % 10 + 1) * 100);
		if (blocks[i] == NULL)
			return 1;
	}
	near_size = memtier_kind_allocated_size(MEMKIND_REGULAR);
	far_size = memtier_kind_allocated_size(far);
	for (int i = 0; i < COUNT; i++)
		memtier_free(blocks[i]);
	memtier_delete_memtier_memory(memory);
	printf("%.1f MB in DRAM, %.1f MB in %s memory\n", near_size / 1e6, far_size / 1e6,
	       has_far ? "far" : "ordinary");
	/* The ratio holds to within a percent, and all bytes are given back. */
	return far_size < 3.96 * near_size || far_size > 4.04 * near_size ||
	       memtier_kind_allocated_size(MEMKIND_REGULAR) != 0 ||
	       memtier_kind_allocated_size(far) != 0;
}
