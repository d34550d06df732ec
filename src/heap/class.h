/* SPDX-License-Identifier: BSD-2-Clause */
/* Size classes: which class serves a size, and what each class is like. */
#ifndef MK_HEAP_CLASS_H
#define MK_HEAP_CLASS_H

#include "heap/types.h"

struct mk_class {
	uint32_t size;		/* bytes usable in an object */
	uint32_t stride;	/* distance of objects: the size, but 16 for the 8-byte class */
	uint32_t inverse;	/* offset / stride is offset * inverse >> 32 within a slab */
	uint16_t slab_pages;	/* small classes */
	uint16_t slab_objects;	/* small classes */
	uint8_t magazine_count; /* objects of a full magazine: 1 to 63 */
	uint8_t full_limit;	/* full magazines that a cache keeps besides the loaded one */
	uint32_t magazine_size; /* bytes that a full magazine counts for */
};

/* Filled by mk_class_start(), which is called before the first heap is made. */
extern struct mk_class mk_classes[MK_CLASS_COUNT] MK_HIDDEN;
/* The sizes once more, where one address computation leads to them. */
extern uint32_t mk_class_sizes[MK_CLASS_COUNT] MK_HIDDEN;
/* (size + 7) / 8 -> class */
extern const uint8_t mk_class_table[MK_SMALL_SIZE / 8 + 1] MK_HIDDEN;

void mk_class_start(void);

/* Whether objects of the class live in slabs. */
static inline bool mk_class_is_small(unsigned class)
{
	return class < MK_CLASS_SMALL_END;
}

/* The class of a size of 0 to MK_SMALL_SIZE bytes: MK_CLASS_NONE for 0. */
MK_INLINE
unsigned mk_class_of_small(size_t size)
{
	return mk_class_table[(size + 7) >> 3];
}

/* The class of any size of at least 1. */
unsigned mk_class_of(size_t size);

/*
 * The smallest class whose objects are SIZE bytes or more and aligned to ALIGNMENT (a power of two);
 * MK_CLASS_LARGE where no class promises that. The class of a multiple of a power of two is itself
 * such a multiple: up to eight times the power all multiples are classes, above it only multiples
 * are.
 */
static inline unsigned mk_class_of_aligned(size_t alignment, size_t size)
{
	if (alignment > MK_PAGE_SIZE || size > MK_MEDIUM_SIZE)
		return MK_CLASS_LARGE;
	return mk_class_of(mk_align_up(size, alignment));
}

#endif
