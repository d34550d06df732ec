/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files without a name, as memory, and one that is appended to. Sizes are bytes; every function returns 0 or -errno and keeps
 * errno, unless it says otherwise.
 */
#ifndef MK_OS_FILE_H
#define MK_OS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A descriptor, and which file it is: a program may close what it did not open. */
struct mk_file {
	int fd;
	dev_t device;
	ino_t inode;
};

/*
 * PATH as one that does not depend on the working directory, "/" for an empty one: in ret_path, at
 * most SIZE bytes with the terminating zero. -ENAMETOOLONG: it does not fit.
 */
int mk_file_absolute(const char *path, char *ret_path, size_t size);

/*
 * A file of 0 bytes in DIRECTORY that has no name, for reading and writing, not inherited by other
 * programs. No signal handler runs while it has one. Its descriptor is a high one, if there may be such.
 */
int mk_file_create(const char *directory, struct mk_file *ret_file);

/* False: the program closed the descriptor; it may be another file by now. */
bool mk_file_is_open(const struct mk_file *file);

/* -EBADF: see mk_file_is_open; nothing is closed then. */
int mk_file_close(const struct mk_file *file);

/*
 * Disk space for a part of the file, which is made longer where it ends before: what was never
 * written reads as zero, and no write to the part can fail. -ENOSPC; -EFBIG: RLIMIT_FSIZE, or more
 * than the filesystem can (no SIGXFSZ is sent); -EBADF: see mk_file_is_open. The file may have got a
 * part of the space after an error.
 */
int mk_file_fill(const struct mk_file *file, size_t offset, size_t size);

/*
 * Gives the disk space of a part of the file back, which reads as zero then; the file stays as long
 * as it is. -EOPNOTSUPP: the filesystem has no holes.
 */
int mk_file_punch(const struct mk_file *file, size_t offset, size_t size);

/*
 * Maps the file's first SIZE bytes, more than it may have yet: shared, and without access (see
 * mk_vm_commit). At a multiple of ALIGNMENT, but for the rare case that another thread maps the very
 * same addresses at the same time. On DAX, what was written is durable with no more than the CPU's
 * cache flushed (MAP_SYNC).
 */
int mk_file_map(const struct mk_file *file, size_t size, size_t alignment, void **ret_base);

/*
 * Maps a file instead of what is mapped at BASE, as mk_file_map() does. To be called where no other
 * thread can map anything meanwhile; after an error nothing may be mapped there.
 */
int mk_file_map_over(const struct mk_file *file, size_t size, void *base);

/*
 * Writes the first SIZE bytes of FROM, which are mapped at MEMORY, to TO, which shares no disk space
 * with it then; where FROM has holes TO may stay as it is. TO was filled with zeroes (mk_file_fill).
 */
int mk_file_copy(const struct mk_file *from, const void *memory, const struct mk_file *to,
		 size_t size);

/* Is the file's memory DAX? 0; -EOPNOTSUPP: no. */
int mk_file_is_dax(const struct mk_file *file);

/*
 * Appends to the file of this path, which is made where there is none, with one write(2). -EIO: a part
 * was written. -ENXIO: a FIFO that nobody reads.
 */
int mk_file_append(const char *path, const void *bytes, size_t size);

/* Size of the filesystem of PATH, used or not. */
int mk_file_system_size(const char *path, uint64_t *ret_size);

#endif
