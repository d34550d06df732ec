/* SPDX-License-Identifier: BSD-2-Clause */
/* Files without a name: openat, fallocate, mmap. */
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/bits.h"
#include "os/vm.h"

enum {
	NAME_ATTEMPTS = 100,
	NAME_ROOM = 32,
	/* Programs and shell scripts count on the lowest descriptors, and take some by their number. */
	FIRST_FD = 512,
	OWNER_ONLY = 0600,
	FOR_ALL = 0666,
};

/* The C library of an old system may lack them. */
#ifndef MAP_SHARED_VALIDATE
#define MAP_SHARED_VALIDATE 0x03
#endif
#ifndef MAP_SYNC
#define MAP_SYNC 0x80000
#endif

/* A signal would have a file without a name keep it, or a fallocate of long duration start anew. */
static void block_signals(sigset_t *ret_old)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, ret_old);
}

static void restore_signals(const sigset_t *old)
{
	pthread_sigmask(SIG_SETMASK, old, NULL);
}

int mk_file_absolute(const char *path, char *ret_path, size_t size)
{
	size_t length = strlen(path);
	size_t start = 0;
	int saved_errno = errno;

	if (path[0] == '\0') {
		path = "/";
		length = 1;
	}
	if (path[0] != '/') {
		if (getcwd(ret_path, size) == NULL) {
			int error = errno == ERANGE ? -ENAMETOOLONG : -errno;

			errno = saved_errno;
			return error;
		}
		start = strlen(ret_path) + 1;
		ret_path[start - 1] = '/';
	}
	if (start + length >= size)
		return -ENAMETOOLONG;
	memcpy(ret_path + start, path, length + 1);
	return 0;
}

/* For filesystems without O_TMPFILE. A descriptor, or -1 with errno. */
static int open_and_unlink(const char *directory)
{
	char path[PATH_MAX + NAME_ROOM];
	struct timespec now;
	int fd = -1;

	clock_gettime(CLOCK_REALTIME, &now);
	for (int i = 0; i < NAME_ATTEMPTS && fd < 0; i++) {
		snprintf(path, sizeof(path), "%s/memkind.%08lx%02x", directory,
			 (unsigned long)(now.tv_nsec ^ now.tv_sec << 8 ^ getpid()), (unsigned)i);
		fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, OWNER_ONLY);
		if (fd < 0 && errno != EEXIST)
			return -1;
	}
	if (fd >= 0)
		unlink(path);
	return fd;
}

static int open_without_name(const char *directory)
{
	int fd = open(directory, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, OWNER_ONLY);

	/* What kernels and filesystems without O_TMPFILE say to a directory opened for writing. */
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
		fd = open_and_unlink(directory);
	return fd;
}

/* FD itself where there is no higher one to be had. */
static int move_up(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD);

	if (high < 0)
		return fd;
	close(fd);
	return high;
}

int mk_file_create(const char *directory, struct mk_file *ret_file)
{
	int saved_errno = errno;
	struct stat status;
	sigset_t signals;
	int error = 0;
	int fd;

	block_signals(&signals);
	fd = open_without_name(directory);
	if (fd < 0 || fstat(fd, &status) != 0) {
		error = -errno;
		if (fd >= 0)
			close(fd);
	} else {
		*ret_file = (struct mk_file){move_up(fd), status.st_dev, status.st_ino};
	}
	restore_signals(&signals);
	errno = saved_errno;
	return error;
}

bool mk_file_is_open(const struct mk_file *file)
{
	int saved_errno = errno;
	struct stat status;
	bool is_same = fstat(file->fd, &status) == 0 && status.st_dev == file->device &&
		       status.st_ino == file->inode;

	errno = saved_errno;
	return is_same;
}

int mk_file_close(const struct mk_file *file)
{
	int saved_errno = errno;

	if (!mk_file_is_open(file))
		return -EBADF;
	close(file->fd);
	errno = saved_errno;
	return 0;
}

/* The kernel would send a signal that ends the process. */
static bool is_beyond_limit(size_t end)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
	       end > limit.rlim_cur;
}

int mk_file_fill(const struct mk_file *file, size_t offset, size_t size)
{
	int saved_errno = errno;
	sigset_t signals;
	int error;

	if (!mk_file_is_open(file))
		return -EBADF;
	if (is_beyond_limit(offset + size))
		return -EFBIG;
	block_signals(&signals);
	do {
		error = posix_fallocate(file->fd, (off_t)offset, (off_t)size);
	} while (error == EINTR);
	restore_signals(&signals);
	errno = saved_errno;
	return -error;
}

int mk_file_punch(const struct mk_file *file, size_t offset, size_t size)
{
	int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	int saved_errno = errno;
	int error;

	if (!mk_file_is_open(file))
		return -EBADF;
	error = fallocate(file->fd, mode, (off_t)offset, (off_t)size) == 0 ? 0 : -errno;
	errno = saved_errno;
	return error;
}

/* Flags beyond MAP_SHARED; MAP_FAILED with errno. */
static void *map_shared(const struct mk_file *file, size_t size, void *base, int flags)
{
	void *mapped =
		mmap(base, size, PROT_NONE, MAP_SHARED_VALIDATE | MAP_SYNC | flags, file->fd, 0);

	if (mapped == MAP_FAILED)
		mapped = mmap(base, size, PROT_NONE, MAP_SHARED | flags, file->fd, 0);
	return mapped;
}

/*
 * Not MAP_FIXED over a reservation: a filesystem that refuses MAP_SYNC does so after the reservation
 * was unmapped, when another thread may take the addresses. A hint is enough.
 */
int mk_file_map(const struct mk_file *file, size_t size, size_t alignment, void **ret_base)
{
	int saved_errno = errno;
	void *mapped, *hint = NULL;
	int error = mk_vm_reserve(size, alignment, &hint);

	if (error != 0)
		return error;
	mk_vm_release(hint, size);
	mapped = map_shared(file, size, hint, 0);
	error = mapped == MAP_FAILED ? -errno : 0;
	errno = saved_errno;
	if (error == 0)
		*ret_base = mapped;
	return error;
}

int mk_file_map_over(const struct mk_file *file, size_t size, void *base)
{
	int saved_errno = errno;
	int error = map_shared(file, size, base, MAP_FIXED) == MAP_FAILED ? -errno : 0;

	errno = saved_errno;
	return error;
}

/* Not copy_file_range(): extents that two files share need space at the next write. */
static int copy_range(const struct mk_file *from, const struct mk_file *to, off_t start, off_t end)
{
	if (lseek(to->fd, start, SEEK_SET) < 0)
		return -errno;
	while (start < end) {
		ssize_t size = sendfile(to->fd, from->fd, &start, (size_t)(end - start));

		if (size == 0)
			return -EIO;
		if (size < 0 && errno != EINTR)
			return -errno;
	}
	return 0;
}

/* Past the C library's function, which sanitizers do not let read what is in no block. */
static int copy_memory(const char *memory, const struct mk_file *to, off_t size)
{
	off_t start = 0;

	while (start < size) {
		long written = syscall(SYS_pwrite64, to->fd, memory + start, size - start, start);

		if (written < 0 && errno != EINTR)
			return -errno;
		start += written < 0 ? 0 : written;
	}
	return 0;
}

static int copy_data(const struct mk_file *from, const struct mk_file *to, off_t end)
{
	off_t start = 0;
	int error = 0;

	while (start < end && error == 0) {
		off_t data = lseek(from->fd, start, SEEK_DATA);
		off_t hole = data < 0 ? -1 : lseek(from->fd, data, SEEK_HOLE);

		/* There is no data left; or the filesystem does not tell. */
		if (data < 0 && errno == ENXIO)
			break;
		data = data < 0 ? start : data;
		hole = hole < 0 || hole > end ? end : hole;
		error = data < hole ? copy_range(from, to, data, hole) : 0;
		start = hole;
	}
	return error;
}

int mk_file_copy(const struct mk_file *from, const void *memory, const struct mk_file *to,
		 size_t size)
{
	int saved_errno = errno;
	int error = mk_file_is_open(from) ? copy_data(from, to, (off_t)size)
					  : copy_memory(memory, to, (off_t)size);

	errno = saved_errno;
	return error;
}

int mk_file_is_dax(const struct mk_file *file)
{
	int saved_errno = errno;
	void *page = mmap(NULL, mk_vm_page_size(), PROT_READ | PROT_WRITE,
			  MAP_SHARED_VALIDATE | MAP_SYNC, file->fd, 0);

	errno = saved_errno;
	if (page == MAP_FAILED)
		return -EOPNOTSUPP;
	mk_vm_release(page, mk_vm_page_size());
	return 0;
}

int mk_file_system_size(const char *path, uint64_t *ret_size)
{
	int saved_errno = errno;
	struct statvfs status;
	int error = statvfs(path, &status) == 0 ? 0 : -errno;

	errno = saved_errno;
	if (error == 0)
		*ret_size = (uint64_t)status.f_blocks * status.f_frsize;
	return error;
}

int mk_file_append(const char *path, const void *bytes, size_t size)
{
	const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int saved_errno = errno;
	int fd = open(path, flags, FOR_ALL);
	ssize_t written = fd < 0 ? -1 : write(fd, bytes, size);
	int error = 0;

	if (written != (ssize_t)size)
		error = written < 0 ? -errno : -EIO;
	if (fd >= 0)
		close(fd);
	errno = saved_errno;
	return error;
}
