/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind setup: whether somebody uses a device now. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "os/sysfs.h"
#include "setup_look.h"

/* A line of the file begins with the disk, or with a partition of it. */
static bool is_named_in(const struct mk_setup_look *look, const char *file, const char *disk)
{
	char key[MK_SETUP_PATH], rest[MK_SETUP_PATH];
	int error;

	snprintf(key, sizeof(key), "/dev/%s", disk);
	error = mk_sysfs_line(look->machine->root, file, key, rest, sizeof(rest));
	/* pmem1 is not pmem10. A rest that is too long is a path at which something is mounted. */
	return error == -EFBIG ||
	       (error == 0 && (rest[0] == '\0' || strchr(" \tp", rest[0]) != NULL));
}

static bool note_holder(const char *name, void *context)
{
	(void)name;
	*(bool *)context = true;
	return false;
}

/* What a process has open, or has mapped. */
struct process_search {
	int root;
	const char *process;
	const char *folder; /* of links to files: "fd" or "map_files" */
	const char *path;
	bool is_found;
};

static bool match_file(const char *name, void *context)
{
	struct process_search *search = context;
	char link[NAME_MAX * 3], target[MK_SETUP_PATH];

	snprintf(link, sizeof(link), "proc/%s/%s/%s", search->process, search->folder, name);
	search->is_found = mk_sysfs_link(search->root, link, target, sizeof(target)) > 0 &&
			   strcmp(target, search->path) == 0;
	return !search->is_found;
}

static bool match_process(const char *name, void *context)
{
	static const char *const folders[] = {"fd", "map_files"};
	struct process_search *search = context;
	char path[NAME_MAX * 2];

	if (name[0] < '1' || name[0] > '9')
		return true;
	search->process = name;
	for (unsigned i = 0; i < 2 && !search->is_found; i++) {
		search->folder = folders[i];
		snprintf(path, sizeof(path), "proc/%s/%s", name, search->folder);
		mk_sysfs_list(search->root, path, match_file, search);
	}
	return !search->is_found;
}

static bool is_open(const struct mk_setup_look *look, const char *device)
{
	char path[MK_SETUP_PATH];
	struct process_search search = {.root = look->machine->root, .path = path};

	snprintf(path, sizeof(path), "/dev/%s", device);
	mk_sysfs_list(search.root, "proc", match_process, &search);
	return search.is_found;
}

const char *mk_setup_use_of(const struct mk_setup_look *look, const char *device)
{
	char folder[MK_SETUP_PATH];
	bool is_held = false;

	if (is_named_in(look, "proc/self/mounts", device))
		return "mounted";
	if (is_named_in(look, "proc/swaps", device))
		return "in use as swap space";
	snprintf(folder, sizeof(folder), "sys/block/%s/holders", device);
	mk_sysfs_list(look->machine->root, folder, note_holder, &is_held);
	if (is_held)
		return "in use by another device";
	return is_open(look, device) ? "open in a program" : NULL;
}
