/* SPDX-License-Identifier: BSD-2-Clause */
/* Size classes: the old library's sizes, since programs see them through usable_size. */
#include "heap/class.h"

enum {
	LINEAR_LIMIT = 128, /* classes of 16 bytes distance up to here */
	FIRST_GEOMETRIC = 10,
	LOG2_LINEAR_LIMIT = 7,
	MAGAZINE_BYTES = 256 << 10,	 /* a full magazine holds about this much at the most */
	MEDIUM_MAGAZINE_BYTES = 1 << 20, /* or, of a medium class, this much */
	MAGAZINE_BYTES_LEAST = 16 << 10, /* it counts for this at the least, since it costs 512 */
	CACHED_BYTES = 128 << 10,	 /* of a class, in full magazines of a cache */
	SLAB_PAGES_WANTED = 4,
	SLAB_PAGES_LIMIT = 64,
	SLAB_OBJECTS_WANTED = 8,
	WASTE_FRACTION = 16, /* at the most 1/16 of a slab may be left over */
};

struct mk_class mk_classes[MK_CLASS_COUNT];
uint32_t mk_class_sizes[MK_CLASS_COUNT];

/* Sizes above FROM, up to FROM + STEP; and four such classes, up to twice FROM. */
#define CLASS(class, from, step) [(from) / 8 + 1 ...((from) + (step)) / 8] = (class)
#define DOUBLING(class, from)                                                                      \
	CLASS((class), (from), (from) / 4), CLASS((class) + 1, (from) / 4 * 5, (from) / 4),        \
		CLASS((class) + 2, (from) / 4 * 6, (from) / 4),                                    \
		CLASS((class) + 3, (from) / 4 * 7, (from) / 4)

/* A constant, since threads read it before anything is started. */
const uint8_t mk_class_table[MK_SMALL_SIZE / 8 + 1] = {
	CLASS(1, 0, 8),	     CLASS(2, 8, 8),	 CLASS(3, 16, 16),   CLASS(4, 32, 16),
	CLASS(5, 48, 16),    CLASS(6, 64, 16),	 CLASS(7, 80, 16),   CLASS(8, 96, 16),
	CLASS(9, 112, 16),   DOUBLING(10, 128),	 DOUBLING(14, 256),  DOUBLING(18, 512),
	DOUBLING(22, 1024),  DOUBLING(26, 2048), DOUBLING(30, 4096), DOUBLING(34, 8192),
	DOUBLING(38, 16384),
};

static uint32_t size_of_class(unsigned class)
{
	unsigned step = class - FIRST_GEOMETRIC;

	if (class == 1)
		return 8;
	if (class < FIRST_GEOMETRIC)
		return (class - 1) * 16;
	return (5 + step % 4) << (LOG2_LINEAR_LIMIT - 2 + step / 4);
}

unsigned mk_class_of(size_t size)
{
	unsigned log2;

	if (size <= 8)
		return 1;
	if (size <= LINEAR_LIMIT)
		return (unsigned)(size + 15) / 16 + 1;
	if (size > MK_MEDIUM_SIZE)
		return MK_CLASS_LARGE;
	log2 = mk_log2(size - 1);
	return FIRST_GEOMETRIC + (log2 - LOG2_LINEAR_LIMIT) * 4 +
	       (unsigned)((size - 1) >> (log2 - 2) & 3);
}

/* The smallest slab that holds enough objects and wastes little. */
static void choose_slab(struct mk_class *class)
{
	for (unsigned pages = SLAB_PAGES_WANTED; pages <= SLAB_PAGES_LIMIT; pages++) {
		size_t bytes = pages * MK_PAGE_SIZE;
		size_t objects = bytes / class->stride;

		if (objects < SLAB_OBJECTS_WANTED ||
		    bytes - objects * class->stride > bytes / WASTE_FRACTION)
			continue;
		class->slab_objects = (uint16_t)mk_min_size(objects, MK_SLAB_OBJECTS);
		class->slab_pages =
			(uint16_t)(mk_align_up((size_t) class->slab_objects * class->stride,
					       MK_PAGE_SIZE) >>
				   MK_PAGE_SHIFT);
		return;
	}
}

static void start_class(unsigned number)
{
	struct mk_class *class = &mk_classes[number];

	class->size = size_of_class(number);
	mk_class_sizes[number] = class->size;
	class->stride = class->size < 16 ? 16 : class->size;
	class->inverse = (uint32_t)(((UINT64_C(1) << 32) + class->stride - 1) / class->stride);
	class->magazine_count = (uint8_t)mk_min_size(
		MK_MAGAZINE_SLOTS - 1,
		(number < MK_CLASS_SMALL_END ? MAGAZINE_BYTES : MEDIUM_MAGAZINE_BYTES) /
			class->stride);
	class->magazine_size = (uint32_t)mk_max_size(
		MAGAZINE_BYTES_LEAST, (size_t) class->magazine_count * class->stride);
	class->full_limit = (uint8_t)mk_max_size(1, CACHED_BYTES / class->magazine_size);
	if (number < MK_CLASS_SMALL_END)
		choose_slab(class);
}

void mk_class_start(void)
{
	for (unsigned class = 1; class < MK_CLASS_LARGE; class ++)
		start_class(class);
}
