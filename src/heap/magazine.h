/* SPDX-License-Identifier: BSD-2-Clause */
/* Magazines: where a class's begins, and what is in it. */
#ifndef MK_HEAP_MAGAZINE_H
#define MK_HEAP_MAGAZINE_H

#include "heap/class.h"
#include "heap/meta.h"
#include "heap/types.h"

/* What top[class] is without a magazine: empty to a pop, full to a push. */
extern struct mk_magazine mk_magazine_none MK_HIDDEN;
#define MK_MAGAZINE_NONE_TOP (&mk_magazine_none.slot[MK_MAGAZINE_SLOTS - 1])

static inline void **mk_magazine_bottom(struct mk_magazine *magazine, unsigned class)
{
	return &magazine->slot[MK_MAGAZINE_SLOTS - 1 - mk_classes[class].magazine_count];
}

static inline void **mk_magazine_full_top(struct mk_magazine *magazine)
{
	return &magazine->slot[MK_MAGAZINE_SLOTS - 1];
}

/* The magazine that a top points into; not for MK_MAGAZINE_NONE_TOP. */
static inline struct mk_magazine *mk_magazine_of(void **top)
{
	return (struct mk_magazine *)mk_align_down((uintptr_t)top, MK_MAGAZINE_SIZE);
}

/* An empty magazine of the class; NULL: out of memory. */
static inline struct mk_magazine *mk_magazine_make(unsigned class)
{
	struct mk_magazine *magazine = mk_meta_alloc(MK_META_MAGAZINE);

	if (magazine != NULL)
		*mk_magazine_bottom(magazine, class) = NULL;
	return magazine;
}

/* In a list slot 0 links magazines; it is a bottom, and NULL again, in a magazine of 63 objects. */
static inline void mk_magazine_push(struct mk_magazine **list, struct mk_magazine *magazine)
{
	magazine->slot[0] = *list;
	*list = magazine;
}

/* NULL: the list is empty. */
static inline struct mk_magazine *mk_magazine_pop(struct mk_magazine **list)
{
	struct mk_magazine *magazine = *list;

	if (magazine != NULL) {
		*list = magazine->slot[0];
		magazine->slot[0] = NULL;
	}
	return magazine;
}

/* Frees the magazines of a list, not what is in them. */
static inline void mk_magazine_discard(struct mk_magazine **list)
{
	struct mk_magazine *magazine;

	while ((magazine = mk_magazine_pop(list)) != NULL)
		mk_meta_free(MK_META_MAGAZINE, magazine);
}

#endif
