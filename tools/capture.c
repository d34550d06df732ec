/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memkind capture: copies what the library and this tool read of a machine, and no more, into a
 * directory: as sys and proc, for --sysroot, and as one text. Names, serial numbers, unique ids and paths
 * of users are in none of these files, or in lines that are left out.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "capture.h"
#include "tool.h"

#define NODE	  "sys/devices/system/node/"
#define TEXT_NAME "machine.txt"

enum { FILE_LIMIT = 1 << 20 };

/* THE list of what is read of a machine, below its root. */
static const char *const patterns[] = {
	"sys/devices/system/cpu/possible",
	"sys/devices/system/cpu/online",
	NODE "online",
	NODE "has_memory",
	NODE "has_generic_initiator",
	NODE "node[0-9]*/cpulist",
	NODE "node[0-9]*/cpumap",
	NODE "node[0-9]*/distance",
	NODE "node[0-9]*/meminfo",
	NODE "node[0-9]*/access[01]/initiators/node*",
	NODE "node[0-9]*/access[01]/initiators/*_*",
	NODE "node[0-9]*/hugepages/*/nr_hugepages",
	NODE "node[0-9]*/hugepages/*/surplus_hugepages",
	NODE "node[0-9]*/hugepages/*/free_hugepages",
	"sys/devices/system/memory/block_size_bytes",
	"sys/devices/system/memory/auto_online_blocks",
	"sys/devices/virtual/memory_tiering/*/nodelist",
	"sys/kernel/mm/hugepages/*/nr_overcommit_hugepages",
	"sys/kernel/mm/mempolicy/weighted_interleave/node*",
	"proc/self/status",
	"proc/self/mounts",
	"proc/swaps",
	"proc/meminfo",
	"proc/cpuinfo",
	"proc/sys/kernel/osrelease",
	"proc/driver/nvidia/gpus/*/numa_status",
};

/* Devices, which are links, and what is read in the directories that these lead to. */
static const struct {
	const char *pattern;
	const char *files[8];
} devices[] = {
	{"sys/bus/dax/devices/*", {"target_node", "numa_node", "size", "driver"}},
	{"sys/bus/cxl/devices/endpoint*", {"uport"}},
	{"sys/bus/cxl/devices/port*", {"uport"}},
	{"sys/bus/cxl/devices/root*", {"dport*"}},
	{"sys/bus/cxl/devices/decoder*", {"cap_pmem", "cap_ram", "target_list"}},
	{"sys/bus/cxl/devices/mem*", {"numa_node", "ram/size", "pmem/size"}},
	{"sys/bus/cxl/devices/region*", {"resource", "size", "target[0-9]*"}},
	{"sys/bus/cxl/devices/*", {NULL}},
	{"sys/bus/nd/devices/region*", {"available_size", "nstype", "namespace_seed"}},
	{"sys/bus/nd/devices/namespace*", {"size", "mode", "holder"}},
	{"sys/bus/nd/devices/nmem*", {NULL}},
	{"sys/block/pmem*", {"holders/*"}},
};

struct capture {
	char root[PATH_MAX]; /* an absolute path; the working directory, too */
	int target;	     /* the directory that is filled */
	FILE *text;	     /* the machine as a text */
	bool is_empty;
	int error; /* of writing: an errno */
};

static int print_help(void)
{
	puts("usage: memkind capture [--sysroot DIR] DIR\n\n"
	     "Saves what there is to know of this machine's memory in the new or empty directory DIR,\n"
	     "for a bug report. memkind nodes and kinds say the same of DIR, with --sysroot, as of the\n"
	     "machine, and memkind setup all but what devices hold. DIR/" TEXT_NAME
	     " is all of it\n"
	     "in one file.\n\n"
	     "Serial numbers, unique ids, names of hosts and paths of users are left out; what is\n"
	     "saved are numbers of nodes and CPUs, sizes, distances, speeds, device paths of memory,\n"
	     "the kernel's release and some of its options, and which nodes and CPUs this process may\n"
	     "use.\n\n"
	     "  --sysroot DIR  save of the sys and proc below this one instead of this machine's\n"
	     "  --help         show this\n\n"
	     "The exit code is 0, or 1 where DIR is not empty or something can't be read or written,\n"
	     "and 2 where arguments are wrong.");
	return MK_TOOL_DONE;
}

static void note_error(struct capture *capture)
{
	if (capture->error == 0)
		capture->error = errno != 0 ? errno : EIO;
}

/* Makes the directories above NAME. */
static void make_parents(struct capture *capture, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", name);
	for (char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdirat(capture->target, path, 0777) != 0 && errno != EEXIST)
			note_error(capture);
		*slash = '/';
	}
}

static void write_file(struct capture *capture, const char *name, const char *bytes, size_t size)
{
	int fd = openat(capture->target, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		note_error(capture);
	if (fd >= 0 && close(fd) != 0)
		note_error(capture);
}

static void copy_file(struct capture *capture, const char *name)
{
	static char bytes[FILE_LIMIT + 2]; /* the filter may end the last line */
	FILE *file = fopen(name, "re");
	bool is_read;
	size_t size;

	if (file == NULL)
		return;
	size = fread(bytes, 1, FILE_LIMIT, file);
	is_read = ferror(file) == 0;
	fclose(file);
	bytes[size] = '\0';
	if (!is_read || !mk_capture_filter(name, bytes, &size))
		return;
	make_parents(capture, name);
	write_file(capture, name, bytes, size);
	mk_capture_describe_file(capture->text, name, bytes, size);
	capture->is_empty = false;
}

static void copy_link(struct capture *capture, const char *name)
{
	char target[PATH_MAX];
	ssize_t length = readlink(name, target, sizeof(target) - 1);

	if (length < 0)
		return;
	target[length] = '\0';
	make_parents(capture, name);
	if (symlinkat(target, capture->target, name) != 0 && errno != EEXIST)
		note_error(capture);
	fprintf(capture->text, "link %s -> %s\n", name, target);
	capture->is_empty = false;
}

static bool is_captured(const struct capture *capture, const char *name)
{
	struct stat state;

	return fstatat(capture->target, name, &state, AT_SYMLINK_NOFOLLOW) == 0;
}

static void copy(struct capture *capture, const char *name)
{
	struct stat state;

	if (is_captured(capture, name) || lstat(name, &state) != 0)
		return;
	if (S_ISLNK(state.st_mode))
		copy_link(capture, name);
	else if (S_ISREG(state.st_mode))
		copy_file(capture, name);
}

static void copy_all(struct capture *capture, const char *pattern)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			copy(capture, found.gl_pathv[i]);
	globfree(&found);
}

/* Below the root, the directory that a link leads to; false: none, or elsewhere. */
static bool resolve(const struct capture *capture, const char *name, char ret_path[static PATH_MAX])
{
	size_t length = strcmp(capture->root, "/") == 0 ? 0 : strlen(capture->root);
	char path[PATH_MAX];
	struct stat state;

	if (realpath(name, path) == NULL || strncmp(path, capture->root, length) != 0 ||
	    path[length] != '/' || stat(path, &state) != 0 || !S_ISDIR(state.st_mode))
		return false;
	memcpy(ret_path, path + length + 1, strlen(path + length + 1) + 1);
	return true;
}

static void copy_device(struct capture *capture, const char *link, const char *const *files)
{
	char directory[PATH_MAX], pattern[2 * PATH_MAX];

	copy(capture, link);
	if (!resolve(capture, link, directory))
		return;
	for (; *files != NULL; files++) {
		snprintf(pattern, sizeof(pattern), "%s/%s", directory, *files);
		copy_all(capture, pattern);
	}
}

static void copy_devices(struct capture *capture, size_t row)
{
	glob_t found;

	if (glob(devices[row].pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			copy_device(capture, found.gl_pathv[i], devices[row].files);
	globfree(&found);
}

/* The links to the memory blocks of a node: memory0, memory1 and so on. */
static void copy_blocks(struct capture *capture, const char *node)
{
	char pattern[PATH_MAX];
	unsigned long *numbers = NULL;
	size_t count = 0;
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/memory[0-9]*", node);
	if (glob(pattern, 0, NULL, &found) == 0)
		numbers = calloc(found.gl_pathc, sizeof(*numbers));
	for (size_t i = 0; numbers != NULL && i < found.gl_pathc; i++) {
		const char *name = found.gl_pathv[i];
		char target[PATH_MAX];
		ssize_t length = readlink(name, target, sizeof(target) - 1);

		if (length < 0)
			continue;
		target[length] = '\0';
		make_parents(capture, name);
		if (symlinkat(target, capture->target, name) != 0)
			note_error(capture);
		numbers[count++] = strtoul(strrchr(name, '/') + strlen("/memory"), NULL, 10);
	}
	if (count != 0)
		mk_capture_describe_blocks(capture->text, node, numbers, count);
	free(numbers);
	globfree(&found);
}

static void copy_all_blocks(struct capture *capture)
{
	glob_t found;

	if (glob(NODE "node[0-9]*", 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			copy_blocks(capture, found.gl_pathv[i]);
	globfree(&found);
}

/* The first word of a file. */
static bool read_word(const char *name, char *word, int size)
{
	FILE *file = fopen(name, "re");
	bool is_read = file != NULL && fgets(word, size, file) != NULL;

	if (file != NULL)
		fclose(file);
	if (is_read)
		word[strcspn(word, "\n")] = '\0';
	return is_read;
}

/* Of the first CPU of each node its socket: enough for a map. */
static void copy_sockets(struct capture *capture)
{
	char cpus[32], name[128], *end;
	glob_t found;

	if (glob(NODE "node[0-9]*/cpulist", 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++) {
			unsigned long cpu;

			if (!read_word(found.gl_pathv[i], cpus, sizeof(cpus)))
				continue;
			cpu = strtoul(cpus, &end, 10);
			snprintf(name, sizeof(name),
				 "sys/devices/system/cpu/cpu%lu/topology/physical_package_id", cpu);
			if (end != cpus)
				copy(capture, name);
		}
	globfree(&found);
}

/* The options of the kernel that runs. */
static void copy_kernel_options(struct capture *capture)
{
	char release[128], name[256];

	if (!read_word("proc/sys/kernel/osrelease", release, sizeof(release)) ||
	    strchr(release, '/') != NULL)
		return;
	snprintf(name, sizeof(name), "boot/config-%s", release);
	copy(capture, name);
}

static void copy_machine(struct capture *capture)
{
	for (size_t i = 0; i < MK_ARRAY_SIZE(patterns); i++)
		copy_all(capture, patterns[i]);
	for (size_t i = 0; i < MK_ARRAY_SIZE(devices); i++)
		copy_devices(capture, i);
	copy_all_blocks(capture);
	copy_sockets(capture);
	copy_kernel_options(capture);
}

/* An empty directory, made where it is not there: a descriptor, or -1 after a line. */
static int open_target(const char *path)
{
	const struct dirent *entry;
	bool is_made = mkdir(path, 0777) == 0;
	int target = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = target < 0 ? NULL : opendir(path);

	if (directory == NULL) {
		mk_tool_error("%s can't be made: %s", path, strerror(errno));
		return -1;
	}
	do
		entry = readdir(directory);
	while (!is_made && entry != NULL && entry->d_name[0] == '.' &&
	       (entry->d_name[1] == '\0' || strcmp(entry->d_name, "..") == 0));
	closedir(directory);
	if (is_made || entry == NULL)
		return target;
	mk_tool_error("%s is not empty", path);
	close(target);
	return -1;
}

static int save(const char *root, const char *path)
{
	struct capture capture = {.is_empty = true};
	int text;

	capture.target = open_target(path);
	if (capture.target < 0)
		return MK_TOOL_FAILURE;
	if (realpath(root, capture.root) == NULL || chdir(root) != 0) {
		mk_tool_error("%s can't be read: %s", root, strerror(errno));
		return MK_TOOL_FAILURE;
	}
	text = openat(capture.target, TEXT_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	capture.text = text < 0 ? NULL : fdopen(text, "w");
	if (capture.text == NULL) {
		mk_tool_error("%s/" TEXT_NAME " can't be written: %s", path, strerror(errno));
		return MK_TOOL_FAILURE;
	}
	copy_machine(&capture);
	if (fclose(capture.text) != 0)
		note_error(&capture);
	if (capture.error != 0)
		mk_tool_error("%s can't be written: %s", path, strerror(capture.error));
	else if (capture.is_empty)
		mk_tool_error("there is nothing to read below %s", root);
	else
		printf("%s/" TEXT_NAME "\n", path);
	return capture.error != 0 || capture.is_empty ? MK_TOOL_FAILURE : MK_TOOL_DONE;
}

int mk_tool_capture(char **arguments)
{
	const char *root = "/", *path = NULL;
	bool is_help = false;
	const struct mk_tool_option options[] = {
		{"--sysroot", "a directory", &root, NULL},
		{"--help", NULL, NULL, &is_help},
		{NULL, NULL, NULL, NULL},
	};
	int result;

	mk_tool_name = "memkind: capture";
	result = mk_tool_parse(arguments, options, &path);
	if (result == MK_TOOL_DONE && is_help)
		return print_help();
	if (result != MK_TOOL_DONE)
		return result;
	if (path == NULL) {
		mk_tool_error("a directory must be given; see memkind capture --help");
		return MK_TOOL_USAGE;
	}
	return save(root, path);
}
