/* SPDX-License-Identifier: BSD-2-Clause */
/* Files below a root by openat, read, readlinkat and getdents64. */
#include "os/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	CHUNK_SIZE = 4096,
	ENTRIES_SIZE = 4096,
	READ_LIMIT = 1000, /* calls: a file that never ends must not hold the process up */
};

/* O_NONBLOCK: a FIFO in a broken tree must not block. */
static int open_below(int root, const char *path, int flags)
{
	int fd;

	do
		fd = openat(root, path, flags | O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

int mk_sysfs_open(const char *root)
{
	int saved_errno = errno;
	int fd = open_below(AT_FDCWD, root, O_DIRECTORY);

	errno = saved_errno;
	return fd;
}

void mk_sysfs_close(int root)
{
	int saved_errno = errno;

	close(root);
	errno = saved_errno;
}

static ssize_t read_all(int fd, char *buffer, size_t size)
{
	size_t length = 0;

	for (int calls = 0; calls < READ_LIMIT && length < size; calls++) {
		ssize_t got = read(fd, buffer + length, size - length);

		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == 0) {
			buffer[length] = '\0';
			return (ssize_t)strlen(buffer);
		}
		length += got < 0 ? 0 : (size_t)got;
	}
	return -EFBIG;
}

ssize_t mk_sysfs_read(int root, const char *path, char *buffer, size_t size)
{
	int saved_errno = errno;
	ssize_t length = open_below(root, path, 0);

	if (length >= 0) {
		int fd = (int)length;

		length = read_all(fd, buffer, size);
		close(fd);
	}
	errno = saved_errno;
	return length;
}

/* A search for one line, which takes the file in pieces. */
struct line_search {
	const char *key;
	size_t matched; /* characters of the key seen in this line; NO_MATCH: it is another line */
	char *buffer;
	size_t size, length;
};

#define NO_MATCH SIZE_MAX

/* Looks at one character: 0 to go on, 1 at the end of the line looked for, or -errno. */
static int look_at(struct line_search *search, char character)
{
	bool is_ours = search->matched != NO_MATCH && search->key[search->matched] == '\0';

	if (character == '\n' && is_ours)
		return 1;
	if (character == '\n') {
		search->matched = 0;
	} else if (is_ours) {
		if (search->length + 1 >= search->size)
			return -EFBIG;
		search->buffer[search->length++] = character;
	} else if (search->matched != NO_MATCH) {
		bool is_next = character == search->key[search->matched];

		search->matched = is_next ? search->matched + 1 : NO_MATCH;
	}
	return 0;
}

static int search_file(int fd, struct line_search *search)
{
	char chunk[CHUNK_SIZE];

	for (int calls = 0; calls < READ_LIMIT; calls++) {
		ssize_t got = read(fd, chunk, sizeof(chunk));
		int result = 0;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0) /* the last line may lack its end */
			return look_at(search, '\n') == 1 ? 0 : -ENOMSG;
		for (ssize_t at = 0; at < got && result == 0; at++)
			result = look_at(search, chunk[at]);
		if (result != 0)
			return result == 1 ? 0 : result;
	}
	return -ENOMSG;
}

int mk_sysfs_line(int root, const char *path, const char *key, char *buffer, size_t size)
{
	struct line_search search = {.key = key, .buffer = buffer, .size = size};
	int saved_errno = errno;
	int result = open_below(root, path, 0);

	if (result >= 0) {
		int fd = result;

		result = search_file(fd, &search);
		close(fd);
	}
	if (result == 0)
		buffer[search.length] = '\0';
	errno = saved_errno;
	return result;
}

ssize_t mk_sysfs_link(int root, const char *path, char *buffer, size_t size)
{
	int saved_errno = errno;
	ssize_t length = readlinkat(root, path, buffer, size);

	if (length < 0)
		length = -errno;
	else if ((size_t)length == size)
		length = -EFBIG;
	else
		buffer[length] = '\0';
	errno = saved_errno;
	return length;
}

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int list_entries(int fd, bool (*each)(const char *name, void *context), void *context)
{
	union {
		struct dirent64 entry;
		char bytes[ENTRIES_SIZE];
	} buffer;

	for (;;) {
		long size = syscall(SYS_getdents64, fd, buffer.bytes, sizeof(buffer.bytes));
		long offset = 0;

		if (size <= 0)
			return size == 0 ? 0 : -errno;
		while (offset < size) {
			const struct dirent64 *entry = (const void *)(buffer.bytes + offset);

			if (!is_dot(entry->d_name) && !each(entry->d_name, context))
				return 0;
			offset += entry->d_reclen;
		}
	}
}

int mk_sysfs_list(int root, const char *path, bool (*each)(const char *name, void *context),
		  void *context)
{
	int saved_errno = errno;
	int result = open_below(root, path, O_DIRECTORY);

	if (result >= 0) {
		int fd = result;

		result = list_entries(fd, each, context);
		close(fd);
	}
	errno = saved_errno;
	return result;
}

bool mk_sysfs_exists(int root, const char *path)
{
	int saved_errno = errno;
	bool exists = faccessat(root, path, F_OK, 0) == 0;

	errno = saved_errno;
	return exists;
}
