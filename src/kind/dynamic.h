/* SPDX-License-Identifier: BSD-2-Clause */
/* Kinds that the program makes and destroys: on files, on areas of its own, by description. */
#ifndef MK_KIND_DYNAMIC_H
#define MK_KIND_DYNAMIC_H

#include "kind/kind.h"

/*
 * Each returns 0 or a MEMKIND code, after which *ret_kind is as it was, but NULL after
 * MEMKIND_ERROR_TOOMANY and, for a fixed kind, after all. Arguments that the system refuses are
 * MEMKIND_ERROR_INVALID, with errno.
 */
int mk_dynamic_create_pmem(const char *directory, size_t limit, bool is_conservative,
			   struct memkind **ret_kind);
int mk_dynamic_create_fixed(void *base, size_t size, struct memkind **ret_kind);

struct mk_spec;

/*
 * Kinds by description, COUNT of them, at least one: each is asked when the one before it has no memory,
 * and THEN, which may be NULL, after the last. *RET_KIND is the first, with which all of them end. 0;
 * MEMKIND_ERROR_INVALID: THEN is no kind; or another MEMKIND code. *ret_kind is as it was after all.
 */
int mk_dynamic_create_described(const struct mk_spec *specs, size_t count, struct memkind *then,
				struct memkind **ret_kind);

/*
 * Static kinds stay. MEMKIND_ERROR_INVALID: KIND is no kind, or not any more. MEMKIND_ERROR_OPERATION_FAILED:
 * it comes behind another one.
 */
int mk_dynamic_destroy(struct memkind *kind);

/* True: KIND is a static one, or one that the program made and did not destroy. */
bool mk_dynamic_is_kind(const struct memkind *kind);

/*
 * What the kind is that stands at *PLACE, from 0 on, or behind it; *PLACE moves behind it. The kind may
 * be destroyed meanwhile: it is good for the name of an owner of heaps only. NULL: there is none.
 */
const struct memkind *mk_dynamic_next(size_t *place, struct mk_kind_state *ret_state);

/* From now on. MEMKIND_ERROR_INVALID: KIND is no kind on files. */
int mk_dynamic_copy_at_fork(struct memkind *kind);

/* The fork handlers' part. */
void mk_dynamic_lock_for_fork(void);
void mk_dynamic_unlock_for_fork(void);
/* With the locks of all heaps. */
void mk_dynamic_prepare_fork(void);
void mk_dynamic_resume_parent(void);
void mk_dynamic_reset_in_child(void);

#endif
