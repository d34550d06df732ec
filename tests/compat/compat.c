/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls everything that libmemkind has to offer, with ordinary and with odd arguments, and prints
 * what comes back. Arguments: the library, then the groups of cases to run; without any, all.
 */
#include "compat.h"

#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PREFIX_SIZE 512

struct api api;

struct handle handles[] = {
#define HANDLE(name) {#name, NULL},
#define FUNCTION(result, name, parameters)
#define LATER(result, name, parameters)
#define HIDDEN(result, name, parameters)
#define TYPE(name, bytes)
#define CONSTANT(name, value)
#include "public.def"
#undef HANDLE
#undef FUNCTION
#undef LATER
#undef HIDDEN
};
const size_t handle_count = sizeof(handles) / sizeof(handles[0]);

static const char *library_path;
static char prefix[PREFIX_SIZE];

static void run_places_of_cpus(const void *unused);

static const struct group {
	const char *name;
	void (*run)(const void *argument);
	bool is_helper; /* run by another group only */
} groups[] = {
	{"about", run_about, false},
	{"kinds", run_kinds, false},
	{"masks", run_masks, false},
	{"places", run_places_of_cpus, false},
	{"lists", run_lists, false},
	{"heap", run_heap, false},
	{"null_kind", run_null_kind, false},
	{"threads", run_threads, false},
	{"create_kind", run_create_kind, false},
	{"pmem", run_pmem, false},
	{"fixed", run_fixed, false},
	{"many_kinds", run_many_kinds, false},
	{"stats", run_stats, false},
	{"background", run_background, false},
	{"load", run_load, true},
	{"hbw", run_hbw, false},
	{"memtier", run_memtier, false},
	{"hbw_policies", run_hbw_policies, false},
};

memkind_t kind_of(const char *name)
{
	for (size_t i = 0; i < handle_count; i++)
		if (strcmp(handles[i].name, name) == 0)
			return handles[i].kind;
	fprintf(stderr, "no kind is called %s\n", name);
	exit(2);
}

const char *name_of(memkind_t kind)
{
	if (kind == NULL)
		return "none";
	for (size_t i = 0; i < handle_count; i++)
		if (handles[i].kind == kind)
			return handles[i].name;
	return "another";
}

void say(const char *key, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	printf("%s%s = ", prefix, key);
	vprintf(format, arguments);
	putchar('\n');
	va_end(arguments);
	fflush(stdout);
	errno = ERRNO_BEFORE;
}

void say_block(const char *key, const void *block)
{
	say(key, "%s, errno %d", block != NULL ? "a block" : "NULL", errno);
}

bool say_absent(const char *name, void (*function)(void))
{
	if (function == NULL)
		say(name, "absent");
	return function == NULL;
}

static void extend_prefix(const char *name)
{
	size_t length = strlen(prefix);

	snprintf(prefix + length, sizeof(prefix) - length, "%s/", name);
}

/* Waits for the child that PID names, which ran what NAME says. */
static void finish(pid_t pid, const char *name)
{
	char key[PREFIX_SIZE];
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		perror(name);
		exit(2);
	}
	snprintf(key, sizeof(key), "%s/end", name);
	if (WIFSIGNALED(status))
		say(key, "signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		say(key, "exit status %d", WEXITSTATUS(status));
}

/* In a child: an end of the program, so that nothing is printed or run at exit. */
__attribute__((noreturn)) static void end(void)
{
	fflush(stdout);
	_exit(0);
}

void attempt(const char *name, void (*run)(const void *argument), const void *argument)
{
	pid_t pid = fork();

	if (pid == 0) {
		extend_prefix(name);
		errno = ERRNO_BEFORE;
		run(argument);
		end();
	}
	finish(pid, name);
}

void attempt_with(const char *setting, void (*run)(const void *argument), const void *argument)
{
	pid_t pid = fork();

	if (pid == 0) {
		putenv(strdup(setting));
		extend_prefix(setting);
		errno = ERRNO_BEFORE;
		run(argument);
		end();
	}
	finish(pid, setting);
}

void attempt_anew(const char *setting, const char *group)
{
	pid_t pid = fork();

	if (pid == 0) {
		putenv(strdup(setting));
		extend_prefix(setting);
		setenv("COMPAT_PREFIX", prefix, 1);
		execl("/proc/self/exe", "compat", library_path, group, (char *)NULL);
		_exit(2);
	}
	finish(pid, setting);
}

static void run_places_of_cpus(const void *unused)
{
	cpu_set_t all;

	(void)unused;
	sched_getaffinity(0, sizeof(all), &all);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		char name[32];

		snprintf(name, sizeof(name), "cpu%d", cpu);
		if (CPU_ISSET(cpu, &all))
			attempt(name, run_places, &cpu);
	}
}

static void look_up(void)
{
	void *library = dlopen(library_path, RTLD_NOW | RTLD_GLOBAL);

	if (library == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		exit(2);
	}
#define HANDLE(name)
#define FUNCTION(result, name, parameters) *(void **)&api.name = dlsym(library, #name);
#define LATER				   FUNCTION
#define HIDDEN				   FUNCTION
#include "public.def"
	for (size_t i = 0; i < handle_count; i++) {
		char name[64];
		memkind_t *variable;

		snprintf(name, sizeof(name), "MEMKIND_%s", handles[i].name);
		variable = dlsym(library, name);
		if (variable != NULL)
			handles[i].kind = *variable;
	}
}

static bool is_wanted(const struct group *group, char *const names[])
{
	if (*names == NULL)
		return !group->is_helper;
	for (; *names != NULL; names++)
		if (strcmp(*names, group->name) == 0)
			return true;
	return false;
}

int main(int argc, char *argv[])
{
	const struct rlimit no_core = {0, 0};
	const char *outer = getenv("COMPAT_PREFIX");

	if (argc < 2) {
		fprintf(stderr, "usage: %s LIBRARY [GROUP]...\n", argv[0]);
		return 2;
	}
	library_path = argv[1];
	setrlimit(RLIMIT_CORE, &no_core);
	look_up();
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (!is_wanted(&groups[i], argv + 2))
			continue;
		if (outer != NULL) {
			snprintf(prefix, sizeof(prefix), "%s", outer);
			errno = ERRNO_BEFORE;
			groups[i].run(NULL);
		} else {
			attempt(groups[i].name, groups[i].run, NULL);
		}
	}
	return 0;
}
