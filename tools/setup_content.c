/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind setup: whether a device holds anything. What is not known to be blank counts as data. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "setup.h"

enum {
	LOOKED_AT = 1 << 20, /* bytes at the start, and at the end */
};

/* What begins a file system and the like. */
static const struct {
	size_t offset;
	const char *bytes;
	size_t size;
	const char *name;
} signatures[] = {
	{512, "EFI PART", 8, "a partition table"},
	{1080, "\x53\xef", 2, "an ext4 (or ext2, ext3) file system"},
	{0, "XFSB", 4, "an xfs file system"},
	{65600, "_BHRfS_M", 8, "a btrfs file system"},
	{1024, "\x10\x20\xf5\xf2", 4, "an f2fs file system"},
	{0, "LUKS\xba\xbe", 6, "an encrypted disk (LUKS)"},
	{512, "LABELONE", 8, "a volume of LVM"},
	{4096, "\xfc\x4e\x2b\xa9", 4, "a member of a RAID"},
	{4086, "SWAPSPACE2", 10, "swap space"},
	{510, "\x55\xaa", 2, "a partition table"},
};

static const char *name_of(const char *bytes, size_t size)
{
	for (size_t i = 0; i < MK_ARRAY_SIZE(signatures); i++)
		if (signatures[i].offset + signatures[i].size <= size &&
		    memcmp(bytes + signatures[i].offset, signatures[i].bytes, signatures[i].size) ==
			    0)
			return signatures[i].name;
	return "data";
}

static bool is_zero(const char *bytes, size_t size)
{
	return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* A disk, or a file that stands for a device. */
static enum mk_setup_content look_into_file(int fd, const char **ret_name)
{
	static char bytes[LOOKED_AT];
	off_t size = lseek(fd, 0, SEEK_END);
	ssize_t length = size < 0 ? -1 : pread(fd, bytes, sizeof(bytes), 0);

	if (length <= 0)
		return MK_SETUP_UNREADABLE;
	if (!is_zero(bytes, (size_t)length)) {
		*ret_name = name_of(bytes, (size_t)length);
		return MK_SETUP_DATA;
	}
	if (size <= (off_t)sizeof(bytes))
		return MK_SETUP_BLANK;
	length = pread(fd, bytes, sizeof(bytes), size - (off_t)sizeof(bytes));
	if (length != (ssize_t)sizeof(bytes))
		return MK_SETUP_UNREADABLE;
	*ret_name = "data at its end";
	return is_zero(bytes, sizeof(bytes)) ? MK_SETUP_BLANK : MK_SETUP_DATA;
}

/* A dax device can't be read, but mapped, in pages of its own size. */
static enum mk_setup_content look_into_dax(int fd, const char **ret_name)
{
	static const size_t page_sizes[] = {2 * MK_MIB, MK_GIB};
	enum mk_setup_content content = MK_SETUP_UNREADABLE;

	for (size_t i = 0; i < MK_ARRAY_SIZE(page_sizes) && content == MK_SETUP_UNREADABLE; i++) {
		char *bytes = mmap(NULL, page_sizes[i], PROT_READ, MAP_SHARED, fd, 0);

		if (bytes == MAP_FAILED)
			continue;
		content = is_zero(bytes, LOOKED_AT) ? MK_SETUP_BLANK : MK_SETUP_DATA;
		*ret_name = "what a program keeps in it";
		munmap(bytes, page_sizes[i]);
	}
	return content;
}

enum mk_setup_content mk_setup_look_into(const struct mk_setup_machine *machine, const char *name,
					 const char **ret_name)
{
	enum mk_setup_content content;
	struct stat state;
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "dev/%s", name);
	fd = openat(machine->root, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &state) != 0) {
		if (fd >= 0)
			close(fd);
		return MK_SETUP_UNREADABLE;
	}
	content =
		S_ISCHR(state.st_mode) ? look_into_dax(fd, ret_name) : look_into_file(fd, ret_name);
	close(fd);
	return content;
}
