/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A heap manager for machines with several kinds of memory. What does not say "Since 1.15.0"
 * belongs to the API of 1.0 to 1.14.
 */
#ifndef MEMKIND_H
#define MEMKIND_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header; memkind_get_version() tells that of the library. */
#define MEMKIND_VERSION_MAJOR 1
#define MEMKIND_VERSION_MINOR 15
#define MEMKIND_VERSION_PATCH 0

/*
 * Results below zero of functions that return a code. The gaps are codes that are no longer used.
 */
enum {
	MEMKIND_SUCCESS = 0,
	MEMKIND_ERROR_UNAVAILABLE = -1,		   /* there is no memory of this kind */
	MEMKIND_ERROR_MBIND = -2,		   /* the process may not bind memory to nodes */
	MEMKIND_ERROR_MMAP = -3,		   /* memory could not be mapped */
	MEMKIND_ERROR_MALLOC = -6,		   /* out of memory */
	MEMKIND_ERROR_ENVIRON = -12,		   /* an environment variable has a bad value */
	MEMKIND_ERROR_INVALID = -13,		   /* an argument is not allowed */
	MEMKIND_ERROR_TOOMANY = -15,		   /* there are as many kinds as there can be */
	MEMKIND_ERROR_BADOPS = -17,		   /* a kind lacks an operation */
	MEMKIND_ERROR_HUGETLB = -18,		   /* there are no huge pages */
	MEMKIND_ERROR_MEMTYPE_NOT_AVAILABLE = -20, /* the machine has no memory of this type */
	MEMKIND_ERROR_OPERATION_FAILED = -21,	   /* the operation failed or is not supported */
	MEMKIND_ERROR_ARENAS_CREATE = -22,	   /* a heap could not be made */
	MEMKIND_ERROR_RUNTIME = -255 /* anything else; see memkind_check_available() */
};

enum memkind_const {
	MEMKIND_ERROR_MESSAGE_SIZE = 128 /* bytes that hold any text of memkind_error_message() */
};

/*
 * A kind of memory. The handles below are constants from the start of the program; compare them
 * with ==, for example with what memkind_detect_kind() returns. They need no set-up and are never
 * destroyed.
 *
 * Any function may be called by any thread at any time. A block may be freed or resized by any
 * thread, also after the thread that allocated it has ended.
 */
struct memkind;
typedef struct memkind *memkind_t;

/* The policy of the process decides, as with malloc(3). Always available. */
extern memkind_t MEMKIND_DEFAULT;

/* The ordinary memory of the nodes that have CPUs, and no other. */
extern memkind_t MEMKIND_REGULAR;

/*
 * Page by page in turn over all nodes of the process; where a node is full the kernel goes on with
 * the others.
 */
extern memkind_t MEMKIND_INTERLEAVE;

/*
 * Persistent and other far memory that the kernel's kmem driver made ordinary memory. The nodes are
 * those of the environment variable MEMKIND_DAX_KMEM_NODES (a list such as 2,3 or 2-3), else they
 * are found on the machine. Memory is granted whether or not the nodes have room for it; what
 * happens when they are full is said below.
 *
 * Each block is on the nodes right for the CPU that the thread runs on while it allocates.
 */

/* The far node closest to the CPU, or nodes where several are; when full: swap, OOM killer. */
extern memkind_t MEMKIND_DAX_KMEM;

/* All far nodes, the ones near to the CPU first; when all are full: swap, OOM killer. */
extern memkind_t MEMKIND_DAX_KMEM_ALL;

/*
 * The one far node closest to the CPU; when it is full, other nodes in order of their distance from
 * it, and swap at last. Not available (MEMKIND_ERROR_RUNTIME) where several far nodes are equally
 * close to a CPU that the process may run on; NULL with ENOMEM for a thread on any other such CPU.
 */
extern memkind_t MEMKIND_DAX_KMEM_PREFERRED;

/* Page by page in turn over all far nodes; when they are full, over other nodes. */
extern memkind_t MEMKIND_DAX_KMEM_INTERLEAVE;

/*
 * Version of the library: major * 1000000 + minor * 1000 + patch, that is 1015000 for 1.15.0.
 */
int memkind_get_version(void);

/*
 * Writes a text on the code ERR, of this library or EINVAL or ENOMEM, to MSG: at most SIZE bytes
 * with the terminating zero, cut where they do not suffice. SIZE 0: MSG is not touched and may be
 * NULL. An unknown code has a text of its own that names it.
 */
void memkind_error_message(int err, char *msg, size_t size);

/*
 * 0 where memory of KIND can be had, else the reason:
 * MEMKIND_ERROR_UNAVAILABLE: the machine has none, or the process may not use it
 * MEMKIND_ERROR_MBIND: the kernel or a seccomp filter refuses to bind memory
 * MEMKIND_ERROR_ENVIRON: MEMKIND_DAX_KMEM_NODES is empty, no list, or names a node without memory
 * MEMKIND_ERROR_RUNTIME: see MEMKIND_DAX_KMEM_PREFERRED
 * MEMKIND_ERROR_INVALID: KIND is NULL
 * The first call looks at the machine. A kind that was not available looks again, at most once a
 * second, but for a bad environment variable, which is read once.
 */
int memkind_check_available(memkind_t kind);

/*
 * Bytes of memory, free or not, of the nodes that serve the calling thread's CPU; of all nodes of
 * the process for MEMKIND_DEFAULT and MEMKIND_INTERLEAVE. -1: KIND is NULL, not available, or one
 * that prefers its node and takes others.
 */
ssize_t memkind_get_capacity(memkind_t kind);

/* The kind of the block that PTR points to or into. NULL: PTR is NULL or in no live block. */
memkind_t memkind_detect_kind(void *ptr);

/*
 * SIZE bytes, aligned to 16. NULL: SIZE is 0 (errno is untouched); ENOMEM: out of memory or address
 * space, or KIND is not available; EINVAL: KIND is NULL.
 */
void *memkind_malloc(memkind_t kind, size_t size);

/*
 * NUM * SIZE bytes of zeroes. NULL: as memkind_malloc(), and ENOMEM where the product overflows.
 */
void *memkind_calloc(memkind_t kind, size_t num, size_t size);

/*
 * SIZE bytes at a multiple of ALIGNMENT, in *MEMPTR: 0, or a positive code; errno is kept.
 * EINVAL: ALIGNMENT is not a power of two of at least sizeof(void *), or MEMPTR or KIND is NULL
 * ENOMEM: as memkind_malloc()
 * SIZE 0: returns 0 and stores NULL. Failure stores NULL, too. MEMKIND_DEFAULT differs: there
 * failure leaves *MEMPTR as it was, and SIZE 0 is looked at before ALIGNMENT.
 */
int memkind_posix_memalign(memkind_t kind, void **memptr, size_t alignment, size_t size);

/*
 * Makes the block PTR hold SIZE bytes and returns where it is now; what was in it stays, as far as
 * it fits.
 * PTR NULL: as memkind_malloc(). SIZE 0: frees PTR and returns NULL, errno is untouched.
 * KIND NULL: the block's own; KIND and PTR both NULL: NULL and EINVAL.
 * Another kind than the block's: the block moves to KIND.
 * NULL with ENOMEM: PTR is as it was.
 */
void *memkind_realloc(memkind_t kind, void *ptr, size_t size);

/*
 * Frees a block of any kind; NULL is allowed. KIND is not needed and may be NULL: the block's own
 * kind counts. Keeps errno. An address that is no block ends the process with a line on stderr.
 */
void memkind_free(memkind_t kind, void *ptr);

/* Define it as const before the #include, to pass pointers to const. */
#ifndef MEMKIND_MALLOC_USABLE_SIZE_CONST
#define MEMKIND_MALLOC_USABLE_SIZE_CONST
#endif

/* Bytes that the block PTR can hold; 0 for NULL. KIND may be NULL. */
size_t memkind_malloc_usable_size(memkind_t kind, MEMKIND_MALLOC_USABLE_SIZE_CONST void *ptr);

/*
 * Starts (true) or ends (false) a thread that gives idle memory back; without it, memory that was
 * idle for 10 seconds is given back by later frees of the same kind. 0, also where it was so already;
 * MEMKIND_ERROR_OPERATION_FAILED: no thread could be started. A fork child has none. With
 * MEMKIND_HOG_MEMORY=1 freed memory is kept either way.
 */
int memkind_set_bg_threads(bool state);

#ifdef __cplusplus
}
#endif

#endif
