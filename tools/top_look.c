/* SPDX-License-Identifier: BSD-2-Clause */
/* Walks through /proc, and compares with the look before. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/parse.h"
#include "os/thread.h"
#include "tool.h"
#include "top.h"

enum {
	PATH_SIZE = 64,
	LINE_SIZE = 1024,
	MS_A_SECOND = 1000,
	START_TIME_FIELD = 22, /* of stat, counted from 1; the second one is the name */
};

static FILE *open_file(int pid, const char *name)
{
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return fopen(path, "re");
}

/* Names are of any bytes; terminals and JSON are not. */
static void copy_name(const char *name, size_t length, char *ret_name)
{
	length = mk_min_size(length, MK_TOP_NAME_SIZE - 1);
	for (size_t i = 0; i < length; i++)
		ret_name[i] = (char)(isprint((unsigned char)name[i]) ? name[i] : '?');
	ret_name[length] = '\0';
}

/* "PID (NAME) FIELDS": 0 or -errno. */
static int read_stat(int pid, struct mk_top_process *process)
{
	FILE *stat = open_file(pid, "stat");
	char line[LINE_SIZE];
	size_t length;
	char *name, *end;

	if (stat == NULL)
		return -errno;
	length = fread(line, 1, sizeof(line) - 1, stat);
	fclose(stat);
	line[length] = '\0';
	name = strchr(line, '(');
	end = strrchr(line, ')');
	if (name == NULL || end == NULL)
		return -ESRCH;
	copy_name(name + 1, (size_t)(end - name - 1), process->name);
	for (int field = 2; field < START_TIME_FIELD && end != NULL; field++)
		end = strchr(end + 1, ' ');
	process->pid = pid;
	if (end != NULL)
		process->start_time = strtoull(end + 1, NULL, 10);
	return 0;
}

/* 0 or -errno; that the process does not use the library is no error, and *ret_uses says so. */
static int ask_library(int pid, bool *ret_uses)
{
	FILE *maps = open_file(pid, "maps");
	int error;

	if (maps == NULL)
		return -errno;
	*ret_uses = mk_top_uses_library(maps);
	/* A process that can be read in part ends in the middle. */
	error = ferror(maps) ? -EACCES : 0;
	fclose(maps);
	return error;
}

/* 0 or -errno. */
static int read_process(int pid, struct mk_top_process *ret_process)
{
	struct mk_top_process process = {0};
	int error = read_stat(pid, &process);
	FILE *smaps, *numa_maps;

	if (error != 0)
		return error;
	smaps = open_file(pid, "smaps");
	if (smaps == NULL)
		return -errno;
	numa_maps = open_file(pid, "numa_maps");
	if (numa_maps == NULL) {
		/* Where the process is there, the file is, too, but on a kernel without it. */
		error = errno == ENOENT && access("/proc/self/numa_maps", F_OK) != 0 ? -ENOSYS
										     : -errno;
		fclose(smaps);
		return error;
	}
	mk_top_parse(smaps, numa_maps, &process);
	fclose(smaps);
	fclose(numa_maps);
	*ret_process = process;
	return 0;
}

static double growth_of(uint64_t size, uint64_t before, double seconds)
{
	return ((double)size - (double)before) / seconds;
}

static uint64_t size_before(const struct mk_top_process *before, const struct mk_top_row *row)
{
	for (size_t i = 0; i < before->row_count; i++)
		if (before->rows[i].place == row->place && before->rows[i].group == row->group &&
		    strcmp(before->rows[i].label, row->label) == 0)
			return before->rows[i].size;
	return 0;
}

static void compare_with(struct mk_top_process *process, const struct mk_top_process *before,
			 double seconds)
{
	process->has_growth = true;
	process->growth = growth_of(process->size + process->swap_size,
				    before->size + before->swap_size, seconds);
	for (size_t i = 0; i < process->row_count; i++) {
		struct mk_top_row *row = &process->rows[i];

		row->growth = growth_of(row->size, size_before(before, row), seconds);
	}
}

static void find_growth(struct mk_top_look *look, const struct mk_top_look *before)
{
	double seconds = look->time_s - before->time_s;

	for (size_t i = 0; i < look->process_count && seconds > 0; i++)
		for (size_t k = 0; k < before->process_count; k++)
			if (look->processes[i].pid == before->processes[k].pid &&
			    look->processes[i].start_time == before->processes[k].start_time)
				compare_with(&look->processes[i], &before->processes[k], seconds);
}

static int by_size(const struct mk_top_process *a, const struct mk_top_process *b)
{
	return (a->size < b->size) - (a->size > b->size);
}

static int by_growth(const struct mk_top_process *a, const struct mk_top_process *b)
{
	return (a->growth < b->growth) - (a->growth > b->growth);
}

static int by_swap(const struct mk_top_process *a, const struct mk_top_process *b)
{
	return (a->swap_size < b->swap_size) - (a->swap_size > b->swap_size);
}

static int by_pid(const struct mk_top_process *a, const struct mk_top_process *b)
{
	return (a->pid > b->pid) - (a->pid < b->pid);
}

static int by_name(const struct mk_top_process *a, const struct mk_top_process *b)
{
	return strcmp(a->name, b->name);
}

static int (*const orders[MK_TOP_SORT_COUNT])(const struct mk_top_process *a,
					      const struct mk_top_process *b) = {
	[MK_TOP_BY_BYTES] = by_size, [MK_TOP_BY_GROWTH] = by_growth, [MK_TOP_BY_SWAP] = by_swap,
	[MK_TOP_BY_PID] = by_pid,    [MK_TOP_BY_NAME] = by_name,
};

static int compare_processes(const void *left, const void *right, void *context)
{
	const struct mk_top_wish *wish = context;
	int order = orders[wish->sort](left, right);

	if (order == 0)
		return by_pid(left, right);
	return wish->is_reversed ? -order : order;
}

void mk_top_sort(const struct mk_top_wish *wish, struct mk_top_look *look)
{
	if (look->process_count != 0)
		qsort_r(look->processes, look->process_count, sizeof(look->processes[0]),
			compare_processes, (void *)wish);
}

static void add(struct mk_top_look *look, size_t *room, const struct mk_top_process *process)
{
	look->processes = mk_top_grow(look->processes, look->process_count, room, sizeof(*process));
	look->processes[look->process_count++] = *process;
}

static bool is_denial(int error)
{
	return error == -EACCES || error == -EPERM;
}

/* Processes that end meanwhile are no processes any more. 0 or -errno. */
static int look_at_all(struct mk_top_look *look)
{
	DIR *directory = opendir("/proc");
	const struct dirent *entry;
	size_t room = 0;
	int error = 0;

	if (directory == NULL)
		return -errno;
	while (error != -ENOSYS && (entry = readdir(directory)) != NULL) {
		struct mk_top_process process;
		bool uses = false;
		uint64_t pid;

		if (mk_parse_number(entry->d_name, 10, &pid) != 0 || (pid_t)pid == getpid())
			continue;
		error = ask_library((int)pid, &uses);
		if (error == 0 && uses)
			error = read_process((int)pid, &process);
		if (is_denial(error))
			look->denied_count++;
		else if (error == 0 && uses)
			add(look, &room, &process);
	}
	closedir(directory);
	return error == -ENOSYS ? error : 0;
}

/* 0 or -errno. */
static int look_at_one(int pid, struct mk_top_look *look)
{
	struct mk_top_process process;
	size_t room = 0;
	int error = read_process(pid, &process);

	if (error == 0)
		add(look, &room, &process);
	return error;
}

int mk_top_look(const struct mk_top_wish *wish, const struct mk_top_look *before,
		struct mk_top_look *ret_look)
{
	struct mk_top_look look = {.time_s = (double)mk_clock_ms() / MS_A_SECOND};
	int error = wish->pid != 0 ? look_at_one(wish->pid, &look) : look_at_all(&look);

	if (error != 0) {
		mk_top_end(&look);
		return error;
	}
	if (before != NULL)
		find_growth(&look, before);
	mk_top_sort(wish, &look);
	*ret_look = look;
	return 0;
}

int mk_top_complain(const struct mk_top_wish *wish, int error)
{
	if (error == -ENOSYS)
		mk_tool_error("the kernel does not tell nodes: there is no /proc/PID/numa_maps");
	else if (wish->pid == 0)
		mk_tool_error("/proc can't be read: %s", strerror(-error));
	else if (is_denial(error))
		mk_tool_error("process %d may not be read: it takes its user, or root, and a "
			      "kernel.yama.ptrace_scope that allows it",
			      wish->pid);
	else
		mk_tool_error("there is no process %d", wish->pid);
	return MK_TOOL_FAILURE;
}

void mk_top_end(struct mk_top_look *look)
{
	for (size_t i = 0; i < look->process_count; i++)
		free(look->processes[i].rows);
	free(look->processes);
	*look = (struct mk_top_look){0};
}
