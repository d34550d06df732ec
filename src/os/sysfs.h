/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading small files, links and directories below a root, without the libc allocator. Paths are
 * relative to the root, such as "sys/devices/system/node/online". errno is kept.
 */
#ifndef MK_OS_SYSFS_H
#define MK_OS_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A root directory: a descriptor, or -errno. Close it with mk_sysfs_close. */
int mk_sysfs_open(const char *root);
void mk_sysfs_close(int root);

/*
 * The whole file, as text: what follows a NUL byte is not seen. Its length, or -errno; -EFBIG: SIZE
 * is too small for it and the final NUL. BUFFER is undefined on failure.
 */
ssize_t mk_sysfs_read(int root, const char *path, char *buffer, size_t size);

/*
 * What follows KEY in the first line that begins with it, without the line's end; the file may be of
 * any length. 0 or -errno; -ENOMSG: no such line; -EFBIG: SIZE is too small for it.
 */
int mk_sysfs_line(int root, const char *path, const char *key, char *buffer, size_t size);

/* Where a symbolic link points to, as text: its length, or -errno; -EFBIG as above. */
ssize_t mk_sysfs_link(int root, const char *path, char *buffer, size_t size);

/* Calls EACH with every name in a directory but . and .. until it says false: 0 or -errno. */
int mk_sysfs_list(int root, const char *path, bool (*each)(const char *name, void *context),
		  void *context);

/* True where the path exists, whatever it is. */
bool mk_sysfs_exists(int root, const char *path);

#endif
