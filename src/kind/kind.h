/* SPDX-License-Identifier: BSD-2-Clause */
/* Kinds: what memory means. The data model, and what the exported functions ask. */
#ifndef MK_KIND_KIND_H
#define MK_KIND_KIND_H

#include <memkind.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"
#include "base/nodeset.h"
#include "heap/heap.h"
#include "heap/refused.h"
#include "os/policy.h"
#include "os/thread.h"
#include "topology/topology.h"

/* Where the nodes of a kind come from. */
enum mk_kind_source {
	MK_SOURCE_NONE,	     /* the kind has no nodes: the policy of the process decides */
	MK_SOURCE_ALLOWED,   /* all memory that the process may use */
	MK_SOURCE_REGULAR,   /* the nodes of the CPUs */
	MK_SOURCE_FAR,	     /* MEMKIND_DAX_KMEM_NODES, else the far nodes detected */
	MK_SOURCE_HBW,	     /* MEMKIND_HBW_NODES, else the nodes of high bandwidth detected */
	MK_SOURCE_CAPACITY,  /* nodes of known size, */
	MK_SOURCE_LARGEST,   /* and the largest of these */
	MK_SOURCE_LATENCY,   /* nodes of known latency */
	MK_SOURCE_BANDWIDTH, /* nodes of known bandwidth */
	/* Of kinds by description: */
	MK_SOURCE_KMEM, /* nodes of dax devices on the kmem driver */
	MK_SOURCE_CXL,	/* nodes of CXL memory */
	MK_SOURCE_LIST, /* those that the description names */
	MK_SOURCE_COUNT
};

/* Which of these serve a thread. All but ALL depend on the CPU it runs on: a "local" kind. */
enum mk_kind_choice {
	MK_CHOICE_ALL,
	MK_CHOICE_ALL_NEAR_FIRST, /* all; those near to the thread's CPU are filled first */
	MK_CHOICE_ALL_THEN_NEAR,  /* the same, and when all are full those of MK_SOURCE_REGULAR */
	MK_CHOICE_CLOSEST,	  /* the closest, more than one where they are equal */
	MK_CHOICE_CLOSEST_ONE,	  /* the closest; none where several are equal */
	/* One of those that are local to the CPU: enum mk_merit. */
	MK_CHOICE_LOCAL_LARGEST,
	MK_CHOICE_LOCAL_LATENCY,
	MK_CHOICE_LOCAL_BANDWIDTH,
};

enum mk_kind_flags {
	MK_KIND_NO_HUGE_PAGES = 1 << 0,
	/* memkind_posix_memalign: size 0 goes first, and failure leaves *memptr as it was. */
	MK_KIND_PLAIN_MEMALIGN = 1 << 1,
	/* Pages of the pools of huge pages: of 2 MiB; or of 1 GiB, and where there are none 2 MiB. */
	MK_KIND_ON_HUGE_PAGES = 1 << 2,
	MK_KIND_ON_GIGANTIC_PAGES = 1 << 3,
	MK_KIND_ON_THAT_SIZE_ONLY = 1 << 4,
	/* Of the kernel's own pages: huge ones also where it makes them for those who ask. */
	MK_KIND_ASKS_HUGE_PAGES = 1 << 5,
};

/* A row of kinds.def. */
struct mk_kind_row {
	const char *name;
	enum mk_kind_source source;
	enum mk_kind_choice choice;
	enum mk_policy_mode mode;
	unsigned flags;
};

/*
 * CPU -> number of the heap that serves it; 0: take the slow path, which finds out and stores it.
 * The mask is one less than a power of two. A kind points to the entries, with the mask in front of
 * them, so that neither costs the hot path a sum. Tables are never freed.
 */
struct mk_cpu_table {
	uint32_t padding;
	uint32_t mask;
	_Atomic uint16_t heap_of_cpu[4]; /* and more */
};

static inline uint32_t mk_cpu_mask(const _Atomic uint16_t *heap_of_cpu)
{
	return ((const uint32_t *)(const void *)heap_of_cpu)[-1];
}

/* Status of a kind that nobody has asked about; else 0 or a MEMKIND code. */
#define MK_KIND_NOT_ASKED 1

/* What a kind does when its nodes are full; not set: what the environment says. */
enum mk_exhaustion { MK_EXHAUSTION_NOT_SET, MK_EXHAUSTION_SWAP, MK_EXHAUSTION_NULL };

struct mk_partition;
struct mk_spec;

/* Where a thread runs. */
struct mk_position {
	unsigned cpu;
	unsigned node; /* below MK_NODE_LIMIT */
};

/* What a handle points to. Guard of everything that is not atomic: the lock of MK_RANK_KIND. */
struct memkind {
	/* First, for the hot path. Published with release order, never NULL. */
	_Atomic(_Atomic uint16_t *) heap_of_cpu;
	const struct mk_kind_row *row; /* constant */
	/* Published with release order, after the verdict that it stands for. */
	_Atomic int status;
	const struct mk_reason *reason; /* static; NULL where the status is 0 */
	/*
	 * CPU node -> heap number, 0: not known; MK_NODE_LIMIT entries, or one for a kind that is
	 * not local. NULL until the first heap. Written under the lock, read without.
	 */
	_Atomic(_Atomic uint16_t *) heap_of_node;
	/* An mbind error (-errno) met by a backing and not looked into yet; 0: none. */
	_Atomic int trouble;
	struct mk_nodeset nodes;	 /* of the source, as far as the process may use them */
	enum mk_huge_size huge_size;	 /* of its pages; NONE: they are the kernel's own */
	bool is_unbound;		 /* mbind is denied, and the kind does without */
	enum mk_exhaustion exhaustion;	 /* constant from the first heap on */
	struct mk_partition *partitions; /* every heap this kind ever had */
	_Atomic bool allows_zero;	 /* a block of no bytes is a block of one */
	/* Constant. Of a kind that the program made; NULL: the capacity is that of the nodes. */
	int64_t (*own_capacity)(const struct memkind *kind);
	struct mk_refused refused;  /* of a kind with another one behind it */
	struct memkind *then;	    /* constant; asked when this one gives NULL; NULL: none is */
	const struct mk_spec *spec; /* constant; NULL: the kind has no description */
	struct mk_limit *limit;	    /* of all heaps together, constant; NULL: none */
	struct memkind *next;	    /* with a description, too; see mk_look_add() */
	void *tables;		    /* what the table and the entries of nodes are in */
	/* Bytes that tiers count, but for what threads have not settled; away from the hot path. */
	_Alignas(64) _Atomic int64_t tallied_size;
};

enum mk_kind_id {
#define MK_KIND(id, name, source, choice, mode, flags) MK_KIND_##id,
#include "kind/kinds.def"
#undef MK_KIND
	MK_KIND_COUNT
};

extern struct memkind mk_kinds[MK_KIND_COUNT] MK_HIDDEN;

/* A table of one entry, always 0: every call takes the slow path. */
extern struct mk_cpu_table mk_kind_no_heaps MK_HIDDEN;

/* A static kind by its name, with or without memkind_, in any case. NULL: there is none. */
struct memkind *mk_kind_by_name(const char *name);

/* What is allowed there. */
extern const char mk_kind_allowed_names[] MK_HIDDEN;

/* True: OWNER is KIND, or serves it when it has no memory. */
static inline bool mk_kind_is_served_by(const struct memkind *kind, const struct memkind *owner)
{
	while (kind != NULL && kind != owner)
		kind = kind->then;
	return kind != NULL;
}

static inline bool mk_kind_is_local(const struct memkind *kind)
{
	return kind->row->choice != MK_CHOICE_ALL;
}

/* The heap for a block allocated on this CPU now; 0: ask mk_kind_allocate(). */
MK_INLINE
unsigned mk_kind_heap_number(struct memkind *kind)
{
	/* Pairs with the release in make_tables(). */
	const _Atomic uint16_t *heap_of_cpu =
		atomic_load_explicit(&kind->heap_of_cpu, memory_order_acquire);

	return atomic_load_explicit(&heap_of_cpu[mk_rseq_cpu() & mk_cpu_mask(heap_of_cpu)],
				    memory_order_relaxed);
}

/* The calling thread's position; CPU 0 of node 0 where the kind is not local. */
struct mk_position mk_kind_position(const struct memkind *kind);

/* What a block is to be; an alignment of 0 is that of any block. */
struct mk_request {
	size_t size; /* at least 1 */
	size_t alignment;
	bool is_zeroed;
};

/*
 * The whole way to a block: looks at the machine where that was not done, makes the heap, and asks
 * it, and then the kinds behind this one. NULL: out of memory, or no kind is available to this
 * thread; errno is untouched.
 */
void *mk_kind_allocate(struct memkind *kind, const struct mk_request *request);

/*
 * The heap for a block allocated by the calling thread now, made where there is none yet. NULL: out of
 * memory, or the kind is not available to this thread.
 */
struct mk_heap *mk_kind_heap(struct memkind *kind);

/* Moves a block to the place that a kind has for the calling thread; see memkind_ng_move(). */
int mk_kind_move(void *block, struct memkind *to);

/*
 * 0 or a MEMKIND code; *ret_reason, which may be NULL, is static, or NULL where the kind is
 * available, or one of those behind it. An unavailable kind looks at the machine again, at most once
 * a second; a bad environment variable stays bad.
 */
int mk_kind_check(struct memkind *kind, const struct mk_reason **ret_reason);

/*
 * Writes what mk_kind_check() says in words, as snprintf() writes: the length without the terminating
 * zero, whatever SIZE is.
 */
size_t mk_kind_status(struct memkind *kind, char *buffer, size_t size);

/* What a kind is at one moment. */
struct mk_kind_state {
	char name[64];
	const struct mk_reason *reason; /* why it is not available; NULL: it is */
	enum mk_policy_mode mode;
	struct mk_nodeset nodes; /* all that serve any thread; empty: none is chosen */
	int64_t capacity;	 /* see mk_kind_capacity() */
};

/* Of a kind that nobody destroys meanwhile. */
void mk_kind_read_state(struct memkind *kind, struct mk_kind_state *ret_state);

/*
 * Sets the bytes of KIND in memory on each node: 0; -EPERM, -ENOSYS: the kernel does not tell. See
 * memkind_ng_get_resident().
 */
int mk_kind_resident(const struct memkind *kind, size_t ret_sizes[static MK_NODE_LIMIT]);

/*
 * Bytes of the nodes that serve the calling thread, or of what the kind was made of, full or not; -1:
 * not available, no answer.
 */
int64_t mk_kind_capacity(struct memkind *kind);

/*
 * The nodes that serve the calling thread: 0; or a MEMKIND code, *ret_nodes is untouched then.
 */
int mk_kind_nodes(struct memkind *kind, struct mk_nodeset *ret_nodes);

/* Looks at the machine again and adapts all kinds. */
void mk_kind_rescan(void);

/*
 * What the kind is to do when its nodes are full: 0; MEMKIND_ERROR_OPERATION_FAILED: the kind can't,
 * or was used already.
 */
int mk_kind_set_exhaustion(struct memkind *kind, enum mk_exhaustion exhaustion);

/* The fork handlers' part. */
void mk_kind_lock_for_fork(void);
void mk_kind_unlock_for_fork(void);
void mk_kind_reset_in_child(void);

#endif
