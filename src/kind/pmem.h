/* SPDX-License-Identifier: BSD-2-Clause */
/* Files without a name as memory: the backing of kinds on persistent memory or any filesystem. */
#ifndef MK_KIND_PMEM_H
#define MK_KIND_PMEM_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heap/backing.h"
#include "os/file.h"

#define MK_PMEM_NO_LIMIT SIZE_MAX

/* A reservation, which is the whole of one file. */
struct mk_pmem_range {
	void *base; /* NULL: the entry is free */
	size_t size;
	size_t committed; /* bytes from the bottom */
	struct mk_file file;
	struct mk_file copy; /* while a fork is made, for the child */
};

/* Each new file holds as much as all before, so that a few suffice; but see RLIMIT_FSIZE. */
#define MK_PMEM_RANGE_LIMIT 64

/* Guard: the page lock of its heap; of copies_at_fork dynamic_lock, which a fork holds, too. */
struct mk_pmem {
	struct mk_backing backing; /* must be first */
	/* Constant. */
	size_t limit;		      /* bytes that may be committed */
	char directory[PATH_MAX + 1]; /* absolute */
	size_t committed;	      /* in all ranges */
	bool is_inherited;	      /* in a fork child: the files are the parent's */
	bool copies_at_fork;
	bool is_copied; /* every range has its copy */
	bool has_spare;
	struct mk_file spare; /* made in advance, for the next range */
	struct mk_pmem_range ranges[MK_PMEM_RANGE_LIMIT];
};

/*
 * The caller gives the memory, zeroed. LIMIT is rounded up to a page. IS_CONSERVATIVE: the disk
 * space of freed pages is given back at once. 0 or -errno: there can be no file in DIRECTORY.
 */
int mk_pmem_start(struct mk_pmem *pmem, const char *directory, size_t limit, bool is_conservative);

/* After the heap was destroyed, or before it was made. */
void mk_pmem_end(struct mk_backing *backing);

/* Bytes: the limit, rounded up to 2 MiB, or else the size of the filesystem; -1: unknown. */
int64_t mk_pmem_capacity(const struct mk_backing *backing);

/*
 * Around a fork, with the page lock. Before: makes the child's copies of all files, if the kind is one
 * that does (copies_at_fork) and there is space. Then, in the parent: forgets them.
 */
void mk_pmem_prepare_fork(struct mk_backing *backing);
void mk_pmem_resume_parent(struct mk_backing *backing);

/*
 * In a fork child. True: it has files of its own, and goes on as the parent does. Else its memory is the
 * parent's: it can be read, as long as the parent keeps it, and neither written nor grown nor given back.
 */
bool mk_pmem_enter_child(struct mk_backing *backing);

#endif
