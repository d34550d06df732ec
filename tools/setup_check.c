/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind setup: whether the kernel and the programs can do what the plan wants. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bits.h"
#include "os/sysfs.h"
#include "setup.h"

#define RELEASE "proc/sys/kernel/osrelease"

enum {
	KERNEL_WITH_KMEM = 5001,
	LINE_SIZE = 256,
};

/* The command of each program that came last of those that plans have, and since when. */
static const struct {
	const char *name;
	const char *command;
	const char *since;
} programs[MK_SETUP_PROGRAM_COUNT] = {
	[MK_SETUP_NDCTL] = {"ndctl", "create-namespace", "60"},
	[MK_SETUP_DAXCTL] = {"daxctl", "reconfigure-device", "66"},
	[MK_SETUP_CXL] = {"cxl", "create-region", "76"},
};

void mk_setup_add_note(struct mk_setup_plan *plan, const char *format, ...)
{
	va_list arguments;

	if (plan->note_count == MK_SETUP_NOTES)
		return;
	va_start(arguments, format);
	vsnprintf(plan->notes[plan->note_count++], sizeof(plan->notes[0]), format, arguments);
	va_end(arguments);
}

static void block(struct mk_setup_plan *plan)
{
	plan->is_blocked = true;
}

unsigned mk_setup_kernel(const struct mk_setup_machine *machine)
{
	unsigned long major, minor;
	char release[LINE_SIZE];
	char *end;

	if (mk_sysfs_read(machine->root, RELEASE, release, sizeof(release)) < 0)
		return 0;
	major = strtoul(release, &end, 10);
	if (end[0] != '.')
		return 0;
	minor = strtoul(end + 1, NULL, 10);
	return (unsigned)(major * 1000 + minor);
}

/* True: the options of the kernel are known, and this one is not among them. */
static bool lacks_option(const struct mk_setup_machine *machine, const char *option)
{
	char release[LINE_SIZE], path[2 * LINE_SIZE], value[LINE_SIZE];

	if (mk_sysfs_read(machine->root, RELEASE, release, sizeof(release)) < 0)
		return false;
	release[strcspn(release, "\n")] = '\0';
	snprintf(path, sizeof(path), "boot/config-%s", release);
	return mk_sysfs_exists(machine->root, path) &&
	       mk_sysfs_line(machine->root, path, option, value, sizeof(value)) != 0;
}

static void check_kernel(const struct mk_setup_machine *machine, struct mk_setup_plan *plan)
{
	unsigned kernel = mk_setup_kernel(machine);

	if (kernel != 0 && kernel < KERNEL_WITH_KMEM) {
		mk_setup_add_note(
			plan, "Linux %u.%u can't make nodes of such memory: 5.1 or newer is needed",
			kernel / 1000, kernel % 1000);
		block(plan);
	} else if (lacks_option(machine, "CONFIG_DEV_DAX_KMEM=")) {
		mk_setup_add_note(plan, "this kernel can't make nodes of such memory: it was built "
					"without CONFIG_DEV_DAX_KMEM");
		block(plan);
	}
}

/* Starts a program with one option; a descriptor of what it prints, or -1. */
static int start(const char *name, const char *option, pid_t *ret_child)
{
	char *arguments[] = {(char *)name, (char *)option, NULL};
	posix_spawn_file_actions_t actions;
	int ends[2], error;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	error = posix_spawnp(ret_child, name, &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (error == 0)
		return ends[0];
	close(ends[0]);
	return -1;
}

/* Is WANTED a line that the program prints? "": any. */
static bool prints(const char *name, const char *option, const char *wanted)
{
	char line[LINE_SIZE];
	bool is_found = false;
	pid_t child;
	int fd = start(name, option, &child);
	FILE *output = fd < 0 ? NULL : fdopen(fd, "r");

	if (fd < 0)
		return false;
	while (output != NULL && fgets(line, sizeof(line), output) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		is_found = is_found || wanted[0] == '\0' || strcmp(line, wanted) == 0;
	}
	if (output != NULL)
		fclose(output);
	else
		close(fd);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return is_found;
}

static bool is_needed(const struct mk_setup_plan *plan, const char *program)
{
	size_t length = strlen(program);

	for (size_t i = 0; i < plan->count; i++)
		for (size_t j = 0; j < plan->items[i].command_count; j++)
			if (strncmp(plan->items[i].commands[j], program, length) == 0 &&
			    plan->items[i].commands[j][length] == ' ')
				return true;
	return false;
}

static void check_program(struct mk_setup_plan *plan, enum mk_setup_program program)
{
	const char *name = programs[program].name;

	if (!is_needed(plan, name))
		return;
	if (!prints(name, "--version", "")) {
		mk_setup_add_note(plan, "%s is not installed: install the package %s", name,
				  program == MK_SETUP_CXL ? "cxl or ndctl" : name);
		block(plan);
		return;
	}
	if (!prints(name, "--list-cmds", programs[program].command)) {
		mk_setup_add_note(plan, "this %s is too old to have %s: %s or newer is needed",
				  name, programs[program].command, programs[program].since);
		block(plan);
	}
}

void mk_setup_check(const struct mk_setup_machine *machine, struct mk_setup_plan *plan)
{
	check_kernel(machine, plan);
	/* What is installed on a captured machine is not known. */
	for (unsigned program = 0; machine->is_live && program < MK_SETUP_PROGRAM_COUNT; program++)
		check_program(plan, program);
}
