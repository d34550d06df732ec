/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kinds that the program makes. Those on files and areas have a row, a table of one entry, one heap and
 * its backing; those by description have what static kinds have.
 */
#include "kind/dynamic.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/lock.h"
#include "base/log.h"
#include "base/options.h"
#include "kind/described.h"
#include "kind/fixed.h"
#include "kind/pmem.h"
#include "os/vm.h"

enum {
	DYNAMIC_LIMIT = MEMKIND_MAX_KIND - MK_KIND_COUNT,
	NAME_SIZE = 32,
};

struct dynamic_type {
	int64_t (*capacity)(const struct mk_backing *backing); /* NULL: by description */
	void (*end)(struct mk_backing *backing);	       /* NULL: nothing to do */
	/* Around a fork; NULL: a fork child has its own copy. */
	void (*prepare_fork)(struct mk_backing *backing);
	void (*resume_parent)(struct mk_backing *backing);
	bool (*enter_child)(struct mk_backing *backing); /* false: it can't be used any more */
};

static const struct dynamic_type pmem_type = {mk_pmem_capacity, mk_pmem_end, mk_pmem_prepare_fork,
					      mk_pmem_resume_parent, mk_pmem_enter_child};
static const struct dynamic_type fixed_type = {.capacity = mk_fixed_capacity};
static const struct dynamic_type described_type = {.capacity = NULL};

/* Guard: dynamic_lock; the hot path reads the table. */
struct dynamic {
	struct memkind kind;		 /* must be first: handles point to it */
	const struct dynamic_type *type; /* NULL: the kind was destroyed, or never made */
	unsigned front_count;		 /* kinds that this one comes behind */
	bool is_part;			 /* it ends with the kind in front of it */
	/* The rest but for `described` is of those on files and areas. */
	struct mk_heap *heap;
	struct mk_kind_row row;
	char name[NAME_SIZE];
	struct mk_cpu_table table; /* its mask is 0: the first entry is for all CPUs */
	union {
		struct mk_backing backing;
		struct mk_pmem pmem;
		struct mk_fixed fixed;
		struct mk_described described;
	};
};

static struct mk_lock dynamic_lock = MK_LOCK_INIT;
/* What a destroyed kind stood in is used again, and never unmapped. */
static struct dynamic *dynamics[DYNAMIC_LIMIT];

static void lock(void)
{
	mk_lock_acquire(&dynamic_lock, MK_RANK_DYNAMIC);
}

static void unlock(void)
{
	mk_lock_release(&dynamic_lock, MK_RANK_DYNAMIC);
}

static bool is_alive(const struct dynamic *dynamic)
{
	return dynamic != NULL && dynamic->type != NULL;
}

/* All zero, but for the tables, which are used again. */
static void clear(struct dynamic *dynamic)
{
	void *tables = dynamic->kind.tables;

	memset(dynamic, 0, sizeof(*dynamic));
	dynamic->kind.tables = tables;
}

/* Memory for one more kind, as clear() leaves it: 0 or a MEMKIND code. */
static int find_room(struct dynamic **ret_dynamic)
{
	size_t i = 0;
	void *memory;

	while (i < DYNAMIC_LIMIT && is_alive(dynamics[i]))
		i++;
	if (i == DYNAMIC_LIMIT)
		return MEMKIND_ERROR_TOOMANY;
	if (dynamics[i] != NULL) {
		clear(dynamics[i]);
	} else {
		if (mk_vm_map(mk_align_up(sizeof(struct dynamic), mk_vm_page_size()), &memory) != 0)
			return MEMKIND_ERROR_MALLOC;
		dynamics[i] = memory;
	}
	*ret_dynamic = dynamics[i];
	return 0;
}

static int64_t own_capacity(const struct memkind *kind)
{
	const struct dynamic *dynamic = (const struct dynamic *)kind;
	int64_t capacity = -1;

	lock();
	if (is_alive(dynamic))
		capacity = dynamic->type->capacity(&dynamic->backing);
	unlock();
	return capacity;
}

/* The backing is started, and the name set. */
static int finish(struct dynamic *dynamic, const struct dynamic_type *type,
		  struct memkind **ret_kind)
{
	struct memkind *kind = &dynamic->kind;

	dynamic->row.name = dynamic->name;
	dynamic->backing.kind_name = dynamic->name;
	kind->row = &dynamic->row;
	kind->own_capacity = own_capacity;
	if (mk_heap_create(&dynamic->backing, kind, &dynamic->heap) != 0) {
		if (type->end != NULL)
			type->end(&dynamic->backing);
		return MEMKIND_ERROR_MALLOC;
	}
	mk_heap_tally_to(dynamic->heap, &kind->tallied_size);
	atomic_store_explicit(&dynamic->table.heap_of_cpu[0],
			      (uint16_t)mk_heap_number(dynamic->heap), memory_order_relaxed);
	/* Pairs with the acquire in mk_kind_heap_number(). */
	atomic_store_explicit(&kind->heap_of_cpu, dynamic->table.heap_of_cpu, memory_order_release);
	dynamic->type = type;
	mk_log_info("Initializing kind %s.", dynamic->name);
	*ret_kind = kind;
	return 0;
}

/* 0, or what to tell the program, with errno. */
static int code_of(int error)
{
	if (error == 0)
		return 0;
	errno = -error;
	return error == -ENOMEM ? MEMKIND_ERROR_MALLOC : MEMKIND_ERROR_INVALID;
}

int mk_dynamic_create_pmem(const char *directory, size_t limit, bool is_conservative,
			   struct memkind **ret_kind)
{
	struct dynamic *dynamic;
	int error;

	mk_options_check();
	lock();
	error = find_room(&dynamic);
	if (error == MEMKIND_ERROR_TOOMANY)
		*ret_kind = NULL;
	if (error == 0)
		error = code_of(mk_pmem_start(&dynamic->pmem, directory, limit, is_conservative));
	if (error == 0) {
		snprintf(dynamic->name, sizeof(dynamic->name), "pmem%08x",
			 (unsigned)dynamic->pmem.spare.fd);
		error = finish(dynamic, &pmem_type, ret_kind);
	}
	unlock();
	return error;
}

static bool is_taken(const struct mk_fixed *fixed)
{
	for (size_t i = 0; i < DYNAMIC_LIMIT; i++)
		if (is_alive(dynamics[i]) && dynamics[i]->type == &fixed_type &&
		    mk_fixed_overlaps(&dynamics[i]->fixed, fixed))
			return true;
	return false;
}

int mk_dynamic_create_fixed(void *base, size_t size, struct memkind **ret_kind)
{
	struct dynamic *dynamic;
	int error;

	mk_options_check();
	lock();
	*ret_kind = NULL;
	error = find_room(&dynamic);
	if (error == 0)
		error = code_of(mk_fixed_start(&dynamic->fixed, base, size));
	if (error == 0 && is_taken(&dynamic->fixed))
		error = code_of(-EEXIST);
	if (error == 0) {
		snprintf(dynamic->name, sizeof(dynamic->name), "fixed%p", base);
		error = finish(dynamic, &fixed_type, ret_kind);
	}
	unlock();
	return error;
}

static bool is_static(const struct memkind *kind)
{
	for (size_t id = 0; id < MK_KIND_COUNT; id++)
		if (kind == &mk_kinds[id])
			return true;
	return false;
}

/* NULL: there is no such kind. */
static struct dynamic *find(const struct memkind *kind)
{
	for (size_t i = 0; i < DYNAMIC_LIMIT; i++)
		if (is_alive(dynamics[i]) && &dynamics[i]->kind == kind)
			return dynamics[i];
	return NULL;
}

static int create_described(const struct mk_spec *spec, struct memkind *then,
			    struct dynamic **ret_dynamic)
{
	struct dynamic *front = find(then);
	int error = find_room(ret_dynamic);

	if (error != 0)
		return error;
	if (front != NULL)
		front->front_count++;
	mk_described_start(&(*ret_dynamic)->kind, &(*ret_dynamic)->described, spec, then);
	(*ret_dynamic)->type = &described_type;
	return 0;
}

/* No new blocks from now on. */
static void disable(struct dynamic *dynamic, int status, const struct mk_reason *reason)
{
	atomic_store_explicit(&dynamic->table.heap_of_cpu[0], 0, memory_order_relaxed);
	dynamic->kind.reason = reason;
	atomic_store_explicit(&dynamic->kind.status, status, memory_order_release);
}

static void destroy(struct dynamic *dynamic)
{
	static const struct mk_reason destroyed = {"the kind was destroyed", "make another one",
						   MK_DETAIL_NONE};
	const struct dynamic_type *type = dynamic->type;

	if (type == &described_type) {
		mk_described_end(&dynamic->kind, &destroyed);
	} else {
		disable(dynamic, MEMKIND_ERROR_INVALID, &destroyed);
		mk_heap_destroy(dynamic->heap);
	}
	atomic_store_explicit(&dynamic->kind.tallied_size, 0, memory_order_relaxed);
	if (type->end != NULL)
		type->end(&dynamic->backing);
	dynamic->type = NULL;
}

/* With those behind it that are parts of it. */
static void destroy_chain(struct dynamic *dynamic)
{
	do {
		struct dynamic *then = find(dynamic->kind.then);

		destroy(dynamic);
		if (then != NULL)
			then->front_count--;
		dynamic = then;
	} while (dynamic != NULL && dynamic->is_part);
}

int mk_dynamic_create_described(const struct mk_spec *specs, size_t count, struct memkind *then,
				struct memkind **ret_kind)
{
	struct dynamic *made = NULL, *dynamic;
	int error = 0;

	mk_options_check();
	lock();
	if (then != NULL && !is_static(then) && find(then) == NULL)
		error = MEMKIND_ERROR_INVALID;
	while (count-- > 0 && error == 0) {
		error = create_described(&specs[count], then, &dynamic);
		if (error != 0)
			break;
		if (made != NULL)
			made->is_part = true;
		made = dynamic;
		then = &dynamic->kind;
	}
	if (error == 0)
		*ret_kind = &made->kind;
	else if (made != NULL)
		destroy_chain(made);
	unlock();
	return error;
}

int mk_dynamic_destroy(struct memkind *kind)
{
	struct dynamic *dynamic;
	int error = 0;

	lock();
	dynamic = find(kind);
	if (dynamic == NULL)
		error = is_static(kind) ? 0 : MEMKIND_ERROR_INVALID;
	else if (dynamic->front_count != 0)
		error = MEMKIND_ERROR_OPERATION_FAILED;
	else
		destroy_chain(dynamic);
	unlock();
	return error;
}

bool mk_dynamic_is_kind(const struct memkind *kind)
{
	bool is_known;

	lock();
	is_known = is_static(kind) || find(kind) != NULL;
	unlock();
	return is_known;
}

const struct memkind *mk_dynamic_next(size_t *place, struct mk_kind_state *ret_state)
{
	struct dynamic *dynamic = NULL;

	lock();
	while (*place < DYNAMIC_LIMIT && !is_alive(dynamic))
		dynamic = dynamics[(*place)++];
	if (!is_alive(dynamic)) {
		dynamic = NULL;
	} else if (dynamic->type == &described_type) {
		mk_kind_read_state(&dynamic->kind, ret_state);
	} else {
		*ret_state = (struct mk_kind_state){
			.reason = dynamic->kind.reason,
			.capacity = dynamic->type->capacity(&dynamic->backing),
		};
		memcpy(ret_state->name, dynamic->name, sizeof(dynamic->name));
	}
	unlock();
	return dynamic == NULL ? NULL : &dynamic->kind;
}

int mk_dynamic_copy_at_fork(struct memkind *kind)
{
	struct dynamic *dynamic;
	bool is_file;

	lock();
	dynamic = find(kind);
	is_file = dynamic != NULL && dynamic->type == &pmem_type;
	if (is_file)
		dynamic->pmem.copies_at_fork = true;
	unlock();
	return is_file ? 0 : MEMKIND_ERROR_INVALID;
}

void mk_dynamic_lock_for_fork(void)
{
	mk_lock_acquire_for_fork(&dynamic_lock);
}

void mk_dynamic_unlock_for_fork(void)
{
	mk_lock_release_for_fork(&dynamic_lock);
}

/* The next kind from *I on that has to do with forks; NULL: there is none. *I moves behind it. */
static struct dynamic *next_forking(size_t *i)
{
	while (*i < DYNAMIC_LIMIT) {
		struct dynamic *dynamic = dynamics[(*i)++];

		if (is_alive(dynamic) && dynamic->type->enter_child != NULL)
			return dynamic;
	}
	return NULL;
}

void mk_dynamic_prepare_fork(void)
{
	struct dynamic *dynamic;

	for (size_t i = 0; (dynamic = next_forking(&i)) != NULL;)
		dynamic->type->prepare_fork(&dynamic->backing);
}

void mk_dynamic_resume_parent(void)
{
	struct dynamic *dynamic;

	for (size_t i = 0; (dynamic = next_forking(&i)) != NULL;)
		dynamic->type->resume_parent(&dynamic->backing);
}

void mk_dynamic_reset_in_child(void)
{
	static const struct mk_reason not_ours = {
		"the kind's file is that of the parent process",
		"call memkind_ng_copy_at_fork() before the fork, or make another kind",
		MK_DETAIL_NONE};
	struct dynamic *dynamic;

	mk_lock_reset_in_child(&dynamic_lock);
	for (size_t i = 0; (dynamic = next_forking(&i)) != NULL;)
		if (!dynamic->type->enter_child(&dynamic->backing))
			disable(dynamic, MEMKIND_ERROR_UNAVAILABLE, &not_ours);
}
