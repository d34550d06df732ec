/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A directory to make files in: of the working directory, or of a small filesystem that is mounted for
 * this process alone and vanishes with it.
 */
#ifndef TESTS_API_DISK_H
#define TESTS_API_DISK_H

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { SKIPPED = 77 };

struct disk {
	char path[64]; /* where files go */
	bool is_mounted;
	bool is_small; /* it can be filled, and nobody else uses it */
};

struct disk_type {
	const char *name;
	const char *options; /* of a mount without an image */
	const char *make;    /* the program that makes an image; NULL: there is none */
	long image_mb;
};

static const struct disk_type disk_types[] = {
	{"folder", NULL, NULL, 0},
	{"tmpfs", "size=96m", NULL, 0},
	/* It has neither fallocate nor holes, and no end. */
	{"ramfs", "", NULL, 0},
	/* It has holes, and no fallocate. */
	{"ext2", NULL, "mkfs.ext2", 96},
	{"ext4", NULL, "mkfs.ext4", 96},
	/* Its tools make none smaller. */
	{"xfs", NULL, "mkfs.xfs", 304},
};

static struct disk disk;

static void skip_disk(const char *reason)
{
	printf("SKIP: %s\n", reason);
	exit(SKIPPED);
}

static void remove_folder(void)
{
	if (disk.is_mounted)
		umount2(disk.path, MNT_DETACH);
	rmdir(disk.path);
}

static bool run(const char *format, const char *first, const char *second, const char *third)
{
	char command[512];

	snprintf(command, sizeof(command), format, first, second, third);
	return system(command) == 0;
}

/* Without a name, the image is gone when it is unmounted. */
static void mount_image(const struct disk_type *type)
{
	char image[80];
	int fd;

	if (!run("PATH=$PATH:/sbin:/usr/sbin command -v %s >%s 2>%s", type->make, "/dev/null",
		 "/dev/null"))
		skip_disk("the program that makes such a filesystem is not installed");
	snprintf(image, sizeof(image), "%s.image", disk.path);
	fd = open(image, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, type->image_mb << 20) != 0)
		skip_disk("no room for an image");
	close(fd);
	if (!run("PATH=$PATH:/sbin:/usr/sbin %s -q %s %s", type->make, image, "") ||
	    !run("mount -t %s -o loop %s %s 2>/dev/null", type->name, image, disk.path)) {
		unlink(image);
		skip_disk("the kernel can't mount such an image");
	}
	unlink(image);
}

static void mount_disk(const struct disk_type *type)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		skip_disk("only root may mount a filesystem");
	if (type->make != NULL)
		mount_image(type);
	else if (mount("none", disk.path, type->name, 0, type->options) != 0)
		skip_disk("the filesystem can't be mounted");
	disk.is_mounted = true;
	disk.is_small = strcmp(type->name, "ramfs") != 0;
}

/* Ends the process with a reason where the machine can't have such a disk. */
static void start_disk(const char *name)
{
	size_t i = 0;

	snprintf(disk.path, sizeof(disk.path), "disk-%s-XXXXXX", name);
	if (mkdtemp(disk.path) == NULL)
		exit(1);
	atexit(remove_folder);
	while (strcmp(disk_types[i].name, name) != 0)
		i++;
	if (i != 0)
		mount_disk(&disk_types[i]);
}

/* Bytes free on the disk, now. */
static inline int64_t free_on_disk(void)
{
	struct statvfs status;

	if (statvfs(disk.path, &status) != 0)
		return -1;
	return (int64_t)(status.f_bfree * status.f_frsize);
}

/* Names in the directory, but for its own two and lost+found. */
static inline int names_on_disk(void)
{
	DIR *folder = opendir(disk.path);
	const struct dirent *entry;
	int count = 0;

	if (folder == NULL)
		return -1;
	while ((entry = readdir(folder)) != NULL)
		count += entry->d_name[0] != '.' && strcmp(entry->d_name, "lost+found") != 0;
	closedir(folder);
	return count;
}

/* Calls EACH for every descriptor of this process that is a file on the disk; returns how many. */
static inline int for_each_descriptor(void (*each)(int fd))
{
	struct stat folder, status;
	int count = 0;

	if (stat(disk.path, &folder) != 0)
		return -1;
	for (int fd = 3; fd < 1024; fd++) {
		if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
		    status.st_dev != folder.st_dev || status.st_nlink != 0)
			continue;
		count++;
		if (each != NULL)
			each(fd);
	}
	return count;
}

#endif
