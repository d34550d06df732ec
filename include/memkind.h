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
	MEMKIND_MAX_KIND = 512,		  /* kinds that there can be at once, with those below */
	MEMKIND_ERROR_MESSAGE_SIZE = 128, /* bytes that hold any text of memkind_error_message() */
	MEMKIND_PMEM_MIN_SIZE = 16777216  /* the lowest limit of a kind on a file, in bytes */
};

/* What memkind_create_kind() is asked for: one of these, or both in one number. */
typedef enum memkind_memtype_t {
	MEMKIND_MEMTYPE_DEFAULT = 1,
	MEMKIND_MEMTYPE_HIGH_BANDWIDTH = 2
} memkind_memtype_t;

typedef enum memkind_policy_t {
	MEMKIND_POLICY_BIND_LOCAL = 0,	    /* the closest nodes, and no others */
	MEMKIND_POLICY_BIND_ALL = 1,	    /* all nodes of the type, and no others */
	MEMKIND_POLICY_PREFERRED_LOCAL = 2, /* the closest node, and others when it is full */
	MEMKIND_POLICY_INTERLEAVE_LOCAL = 3,
	MEMKIND_POLICY_INTERLEAVE_ALL = 4, /* page by page in turn over all nodes of the type */
	MEMKIND_POLICY_MAX_VALUE
} memkind_policy_t;

/* Which pages: 0 for the system's own, or */
typedef enum memkind_bits_t {
	MEMKIND_MASK_PAGE_SIZE_2MB = 21 /* huge pages of 2 MiB */
} memkind_bits_t;

/* What becomes of freed memory of a kind on a file. */
typedef enum memkind_mem_usage_policy {
	/* Space that was not used for 10 seconds is given back to the filesystem. */
	MEMKIND_MEM_USAGE_POLICY_DEFAULT = 0,
	/* Whole pages are given back at once; freeing and allocating cost a system call then. */
	MEMKIND_MEM_USAGE_POLICY_CONSERVATIVE = 1,
	MEMKIND_MEM_USAGE_POLICY_MAX_VALUE
} memkind_mem_usage_policy;

/* What memkind_get_stat() tells, in bytes. */
typedef enum memkind_stat_type {
	/*
	 * Of the memory that a kind has from the system, what is in RAM now: also freed memory that
	 * was not given back yet, but no page that was never touched, or is in swap.
	 */
	MEMKIND_STAT_TYPE_RESIDENT = 0,
	/* Pages that have blocks, or objects kept for new blocks; a page is 4096 bytes. */
	MEMKIND_STAT_TYPE_ACTIVE = 1,
	/* Bytes usable in the program's blocks. What threads keep for new blocks does not count. */
	MEMKIND_STAT_TYPE_ALLOCATED = 2,
	MEMKIND_STAT_TYPE_MAX_VALUE
} memkind_stat_type;

/* What memkind_stats_print() writes; values may be joined with |. */
typedef enum memkind_stat_print_opt {
	MEMKIND_STAT_PRINT_ALL = 0,
	MEMKIND_STAT_PRINT_JSON_FORMAT = 1,
	MEMKIND_STAT_PRINT_OMIT_GENERAL = 2,		    /* version, environment, size classes */
	MEMKIND_STAT_PRINT_OMIT_MERGED_ARENA = 4,	    /* the sum of all heaps, in detail */
	MEMKIND_STAT_PRINT_OMIT_DESTROYED_MERGED_ARENA = 8, /* how many heaps were destroyed */
	MEMKIND_STAT_PRINT_OMIT_PER_ARENA = 16,		    /* each heap: a kind has one or more */
	MEMKIND_STAT_PRINT_OMIT_PER_SIZE_CLASS_BINS = 32,   /* blocks of up to 32 KiB by size */
	MEMKIND_STAT_PRINT_OMIT_PER_SIZE_CLASS_LARGE = 64,  /* larger ones by size */
	MEMKIND_STAT_PRINT_OMIT_MUTEX = 128,		    /* how often locks were waited for */
	MEMKIND_STAT_PRINT_OMIT_EXTENT = 256		    /* free memory by size of its pieces */
} memkind_stat_print_opt;

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
 * Memory of high bandwidth. The nodes are those of the environment variable MEMKIND_HBW_NODES (a
 * list such as 2,3 or 2-3). Else, on Knights Landing and Knights Mill, those without CPUs; else
 * those whose bandwidth, as the firmware tells it (HMAT), is MEMKIND_HBW_THRESHOLD MB/s or more,
 * 204800 where that is not set. Where it is not set and no node has as much: those with more than
 * twice the bandwidth of the slowest node of DRAM. On each CPU the closest of them serve, near or
 * not. Else as the kinds above.
 */

/* The node closest to the CPU, or nodes where several are; when full: swap, OOM killer. */
extern memkind_t MEMKIND_HBW;

/* All nodes, of all sockets, the ones near to the CPU first; when all are full: swap, OOM killer. */
extern memkind_t MEMKIND_HBW_ALL;

/* The one node closest to the CPU, and others when it is full; see MEMKIND_DAX_KMEM_PREFERRED. */
extern memkind_t MEMKIND_HBW_PREFERRED;

/* Page by page in turn over all nodes; when they are full, over other nodes. */
extern memkind_t MEMKIND_HBW_INTERLEAVE;

/*
 * Huge pages of 2 MiB of the pool that the machine's administrator made (vm.nr_hugepages), or that
 * the kernel may add to it (vm.nr_overcommit_hugepages). The first is of the process's policy, the
 * others of the nodes of the kinds above that have such pages; MEMKIND_ERROR_HUGETLB: none has.
 * Pages are taken from the pool before blocks on them are handed out: where it has no more the
 * result is NULL and ENOMEM. Pages that are idle go back to it as other memory does, but a page goes
 * as a whole. A fork child that writes to a block needs another page for it, and gets SIGBUS where
 * there is none.
 */
extern memkind_t MEMKIND_HUGETLB;
extern memkind_t MEMKIND_HBW_HUGETLB;
extern memkind_t MEMKIND_HBW_ALL_HUGETLB;
extern memkind_t MEMKIND_HBW_PREFERRED_HUGETLB;

/*
 * The node with the most memory, free or not; with others that have about as much: at most a
 * sixteenth less, since what firmware and kernel keep for themselves makes equal nodes differ. The
 * ones near to the CPU first; when full: swap, OOM killer. Not of GPUs, nor are the kinds below.
 */
extern memkind_t MEMKIND_HIGHEST_CAPACITY;

/*
 * The one of these nodes that is closest to the CPU, and others when it is full. Not available
 * (MEMKIND_ERROR_MEMTYPE_NOT_AVAILABLE) where several are equally close to a CPU that the process
 * may run on.
 */
extern memkind_t MEMKIND_HIGHEST_CAPACITY_PREFERRED;

/*
 * One node of those local to the CPU: its own, and those without CPUs that are nearest to it. Where
 * none of these has what is asked for, of the closest ones that have. When it is full: swap, OOM
 * killer; the PREFERRED ones go on with other nodes. The first is the largest node, and the most
 * distant one of those with about as much. Latency and bandwidth are those of the HMAT; the smallest
 * of equal ones is taken, and without figures the kinds are not available
 * (MEMKIND_ERROR_MEMTYPE_NOT_AVAILABLE).
 */
extern memkind_t MEMKIND_HIGHEST_CAPACITY_LOCAL;
extern memkind_t MEMKIND_HIGHEST_CAPACITY_LOCAL_PREFERRED;
extern memkind_t MEMKIND_LOWEST_LATENCY_LOCAL;
extern memkind_t MEMKIND_LOWEST_LATENCY_LOCAL_PREFERRED;
extern memkind_t MEMKIND_HIGHEST_BANDWIDTH_LOCAL;
extern memkind_t MEMKIND_HIGHEST_BANDWIDTH_LOCAL_PREFERRED;

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
 * MEMKIND_ERROR_ENVIRON: MEMKIND_DAX_KMEM_NODES or MEMKIND_HBW_NODES is empty, no list, or names a
 * node without memory; or MEMKIND_HBW_THRESHOLD is no number up to 4294967295
 * MEMKIND_ERROR_MEMTYPE_NOT_AVAILABLE: no node has high bandwidth, or figures to go by
 * MEMKIND_ERROR_HUGETLB: there are no huge pages
 * MEMKIND_ERROR_RUNTIME: see MEMKIND_DAX_KMEM_PREFERRED
 * MEMKIND_ERROR_INVALID: KIND is NULL
 * The first call looks at the machine. A kind that was not available looks again, at most once a
 * second, but for a bad environment variable, which is read once.
 */
int memkind_check_available(memkind_t kind);

/*
 * Bytes of memory, free or not, of the nodes that serve the calling thread's CPU; of all nodes of
 * the process for MEMKIND_DEFAULT and MEMKIND_INTERLEAVE. Of a kind on a file: its limit, rounded
 * up to 2 MiB, or, without one, the size of the filesystem; of a kind on an area: the area's size.
 * Of MEMKIND_HUGETLB and MEMKIND_GBTLB: huge pages, with those that the kernel may add.
 * -1: KIND is NULL, not available, one that prefers its node and takes others, or one on huge pages
 * of high bandwidth, or the filesystem can't be asked.
 */
ssize_t memkind_get_capacity(memkind_t kind);

/*
 * The kind of the block that PTR points to or into. NULL: PTR is NULL or never was in a block. Of a
 * block that was freed the answer may be its kind for a while.
 */
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

/*
 * Moves the block PTR of up to 32 KiB to another place of its kind, where that helps to get whole
 * pages free: called for all blocks of a program that has freed many between them, it packs them
 * together. Returns where the block is now, with what was in it; PTR is freed then. NULL: the block
 * stays where it is. KIND is not needed and may be NULL. PTR may be NULL, too.
 */
void *memkind_defrag_reallocate(memkind_t kind, void *ptr);

/* Define it as const before the #include, to pass pointers to const. */
#ifndef MEMKIND_MALLOC_USABLE_SIZE_CONST
#define MEMKIND_MALLOC_USABLE_SIZE_CONST
#endif

/* Bytes that the block PTR can hold; 0 for NULL. KIND may be NULL. */
size_t memkind_malloc_usable_size(memkind_t kind, MEMKIND_MALLOC_USABLE_SIZE_CONST void *ptr);

/*
 * Stores one of the handles above in *KIND, chosen by what it is to be:
 *   MEMTYPE_FLAGS    POLICY             FLAGS 0                 MEMKIND_MASK_PAGE_SIZE_2MB
 *   HIGH_BANDWIDTH   BIND_LOCAL         MEMKIND_HBW             MEMKIND_HBW_HUGETLB
 *   HIGH_BANDWIDTH   BIND_ALL           MEMKIND_HBW_ALL         MEMKIND_HBW_ALL_HUGETLB
 *   HIGH_BANDWIDTH   PREFERRED_LOCAL    MEMKIND_HBW_PREFERRED   MEMKIND_HBW_PREFERRED_HUGETLB
 *   HIGH_BANDWIDTH   INTERLEAVE_ALL     MEMKIND_HBW_INTERLEAVE
 *   DEFAULT          PREFERRED_LOCAL    MEMKIND_DEFAULT         MEMKIND_HUGETLB
 *   both             INTERLEAVE_ALL     MEMKIND_INTERLEAVE
 * Where that is not available, MEMKIND_POLICY_PREFERRED_LOCAL gives MEMKIND_DEFAULT. 0, or, with
 * *KIND as it was:
 * MEMKIND_ERROR_INVALID: none of the above, or KIND is NULL
 * MEMKIND_ERROR_MEMTYPE_NOT_AVAILABLE: it is not available
 */
int memkind_create_kind(memkind_memtype_t memtype_flags, memkind_policy_t policy,
			memkind_bits_t flags, memkind_t *kind);

/*
 * Makes a kind whose memory is a file in the directory DIR, and stores its handle in *KIND. The
 * file has no name and is gone when the kind is destroyed or the process ends. On a DAX filesystem
 * of persistent memory the blocks are that memory, with no page cache between; any other filesystem
 * will do, too.
 * DIR: an existing directory in which the process may create files; relative to the working
 * directory of this moment. "" is "/".
 * MAX_SIZE: bytes that the blocks may take at the most, rounded up to a page; 0: as many as the
 * filesystem has; else at least MEMKIND_PMEM_MIN_SIZE. The library's own records are in ordinary
 * memory and do not count.
 * Disk space is reserved before a block is handed out: a full disk, a quota, or RLIMIT_FSIZE give
 * NULL and ENOMEM from memkind_malloc(), and never SIGBUS. (Where RLIMIT_FSIZE ends one file, the
 * kind goes on in another one.) Where the filesystem can punch holes, space of freed blocks is
 * given back after a while.
 * A fork child may read the blocks, as the parent changes them and as long as the parent keeps the
 * kind; it must not write them: that ends in SIGSEGV. To it the kind is not available
 * (MEMKIND_ERROR_UNAVAILABLE, and NULL with ENOMEM from memkind_malloc()); it may free blocks and
 * destroy the kind, which changes nothing for the parent; but see memkind_ng_copy_at_fork(). Programs
 * that are executed inherit nothing.
 * 0, or, with *KIND as it was:
 * MEMKIND_ERROR_INVALID: DIR or KIND is NULL, MAX_SIZE is too small, or no file can be made in DIR,
 * for a reason that errno tells (ENOENT, ENOTDIR, EACCES, EROFS, ENAMETOOLONG, ENOSPC, EMFILE ...)
 * MEMKIND_ERROR_MALLOC: out of memory
 * MEMKIND_ERROR_TOOMANY: there are MEMKIND_MAX_KIND kinds; *KIND is NULL
 */
int memkind_create_pmem(const char *dir, size_t max_size, memkind_t *kind);

/*
 * What memkind_create_pmem_with_config() makes a kind of. One object may serve for many kinds, and
 * may be deleted while they live. It is of use to one thread at a time.
 */
struct memkind_config;

/*
 * A new object: no directory, size 0, MEMKIND_MEM_USAGE_POLICY_DEFAULT. NULL: out of memory. Delete
 * it with memkind_config_delete(), which takes NULL, too.
 */
struct memkind_config *memkind_config_new(void);
void memkind_config_delete(struct memkind_config *cfg);

/*
 * Set a value, which is looked at when a kind is made; nothing where CFG is NULL. Of the path the
 * pointer alone is stored: the text has to stay until then.
 */
void memkind_config_set_path(struct memkind_config *cfg, const char *pmem_dir);
void memkind_config_set_size(struct memkind_config *cfg, size_t pmem_size);
void memkind_config_set_memory_usage_policy(struct memkind_config *cfg,
					    memkind_mem_usage_policy policy);

/*
 * As memkind_create_pmem() with the path and the size of CFG, and with its policy.
 * MEMKIND_ERROR_INVALID also where CFG is NULL or its policy is none; no kind is made then.
 */
int memkind_create_pmem_with_config(struct memkind_config *cfg, memkind_t *kind);

/*
 * Makes a kind of the SIZE bytes at ADDR, which the program owns, can write, and keeps until the
 * kind is destroyed: blocks are in whole pages of that area and nowhere else; the library never
 * maps, protects or unmaps it. The bytes need not be zero. The library's own records are in
 * ordinary memory.
 * SIZE may be 0, or less than a page: every memkind_malloc() gives NULL with ENOMEM then.
 * The area may be a block of more than 32 KiB of another kind, of which the first page is not used
 * then. Whether a fork child has a copy of it, or the parent's memory, is for the program to
 * decide; a child that shares the memory must not use the kind.
 * 0, or, with NULL in *KIND:
 * MEMKIND_ERROR_INVALID: ADDR or KIND is NULL; the area reaches beyond 2^48, has bytes in common
 * with that of another such kind (errno EEXIST), or is inside a block of up to 32 KiB of this
 * library
 * MEMKIND_ERROR_MALLOC, MEMKIND_ERROR_TOOMANY: as memkind_create_pmem()
 */
int memkind_create_fixed(void *addr, size_t size, memkind_t *kind);

/*
 * Destroys a kind that the program made, with all its blocks: no thread may use one or ask for one
 * any more. What a file took is free space again when this returns. 0, also for the kinds that need
 * not be destroyed, which stay; MEMKIND_ERROR_INVALID: KIND is NULL, unknown, or was destroyed
 * before.
 */
int memkind_destroy_kind(memkind_t kind);

/*
 * Is the directory DIR on a DAX filesystem, so that blocks of memkind_create_pmem() are persistent
 * memory itself? 0: yes, or
 * MEMKIND_ERROR_MMAP: no (errno EOPNOTSUPP)
 * MEMKIND_ERROR_RUNTIME: no file can be made there, for the reason that errno tells
 * MEMKIND_ERROR_INVALID: DIR is NULL
 */
int memkind_check_dax_path(const char *dir);

/*
 * From now on memkind_malloc(), memkind_calloc(), memkind_posix_memalign() and memkind_realloc() with
 * a NULL pointer give a block of 8 bytes (true) or NULL (false, as at the start) where no bytes are
 * asked of KIND. memkind_realloc() of a block to 0 bytes frees it in any case. Since 1.15.0.
 */
void memkind_set_allow_zero_allocs(memkind_t kind, bool allow_zero_allocs);

/* Takes the snapshot that memkind_get_stat() tells of. Returns 0. */
int memkind_update_cached_stats(void);

/*
 * Stores a number about KIND, or about all kinds together where KIND is NULL, in *VALUE: as it was at
 * the last memkind_update_cached_stats(). What has come since, as a new kind, or one of which the
 * first block was allocated, is looked at now. A kind that was not used has 0.
 * The numbers are exact for all that happened before the snapshot; a thread that allocates or frees
 * while it is taken may be seen in the middle of it.
 * 0, or MEMKIND_ERROR_INVALID, with *VALUE untouched: there is no such STAT, or VALUE is NULL.
 */
int memkind_get_stat(memkind_t kind, memkind_stat_type stat, size_t *value);

/*
 * Writes what all kinds have at this moment, in text or JSON, piece by piece to WRITE_CB, which gets
 * CBOPAQUE each time; to standard error where WRITE_CB is NULL. WRITE_CB may call this library. The
 * text ends with the line "--- End jemalloc statistics ---". Names are those that the old library
 * took from jemalloc, where they fit; a heap is called an arena.
 * 0, or MEMKIND_ERROR_INVALID, and nothing is written: OPTS has a bit that is no option.
 */
int memkind_stats_print(void (*write_cb)(void *, const char *), void *cbopaque,
			memkind_stat_print_opt opts);

/*
 * Starts (true) or ends (false) a thread that gives idle memory back; without it, memory that was
 * idle for about 10 seconds is given back by later calls that the threads' caches can't serve. 0,
 * also where it was so already; MEMKIND_ERROR_INVALID: no thread could be started. A fork child has
 * none. With MEMKIND_HOG_MEMORY=1 freed memory is kept either way.
 */
int memkind_set_bg_threads(bool state);

/*
 * Hooks. A library that was built with -Ddecorators=true (this is not the default) calls those of
 * these functions that the program defines and exports (link with -rdynamic, or statically): "pre"
 * before the call, with pointers to its arguments, which may be changed; "post" after it, with the
 * arguments and a pointer to the result, which may be changed, too. The library defines none.
 */
#pragma GCC visibility push(default)
void memkind_malloc_pre(struct memkind **kind, size_t *size);
void memkind_malloc_post(struct memkind *kind, size_t size, void **result);
void memkind_calloc_pre(struct memkind **kind, size_t *num, size_t *size);
void memkind_calloc_post(struct memkind *kind, size_t num, size_t size, void **result);
void memkind_posix_memalign_pre(struct memkind **kind, void **memptr, size_t *alignment,
				size_t *size);
void memkind_posix_memalign_post(struct memkind *kind, void **memptr, size_t alignment, size_t size,
				 int *result);
void memkind_realloc_pre(struct memkind **kind, void **ptr, size_t *size);
void memkind_realloc_post(struct memkind *kind, void *ptr, size_t size, void **result);
void memkind_free_pre(struct memkind **kind, void **ptr);
void memkind_free_post(struct memkind *kind, void *ptr);
#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#include <memkind_deprecated.h>

#endif
