/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind setup --apply: asks, and runs the commands one after the other. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "setup.h"
#include "tool.h"

enum {
	WORD_LIMIT = 16,
	ANSWER_SIZE = 64,
	WAIT_STEPS = 100, /* for a device to appear */
	WAIT_STEP_MS = 50,
};

static bool is_answer(const char *wanted)
{
	char answer[ANSWER_SIZE];

	fflush(stdout);
	if (fgets(answer, sizeof(answer), stdin) == NULL) {
		puts("");
		return false;
	}
	answer[strcspn(answer, "\n")] = '\0';
	return strcmp(answer, wanted) == 0;
}

/* A device of its own appears a moment after the command that made it. */
static void wait_for_device(const char *command)
{
	static const struct timespec step = {.tv_nsec = WAIT_STEP_MS * 1000000L};
	const char *device = strrchr(command, ' ');
	char path[128];

	if (strncmp(command, "daxctl ", strlen("daxctl ")) != 0 || device == NULL)
		return;
	snprintf(path, sizeof(path), "/sys/bus/dax/devices/%s", device + 1);
	for (int i = 0; i < WAIT_STEPS && access(path, F_OK) != 0; i++)
		nanosleep(&step, NULL);
}

/* Commands are words with a blank between them. Its exit code, or -errno. */
static int run(const char *command)
{
	char words[MK_SETUP_COMMAND];
	char *arguments[WORD_LIMIT + 1];
	char *rest = NULL;
	size_t count = 0;
	int error, status;
	pid_t child;

	snprintf(words, sizeof(words), "%s", command);
	for (char *word = strtok_r(words, " ", &rest); word != NULL && count < WORD_LIMIT;
	     word = strtok_r(NULL, " ", &rest))
		arguments[count++] = word;
	if (count == 0)
		return -EINVAL;
	arguments[count] = NULL;
	error = posix_spawnp(&child, arguments[0], NULL, NULL, arguments, environ);
	if (error != 0)
		return -error;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_item(const struct mk_setup_item *item)
{
	for (size_t i = 0; i < item->command_count; i++) {
		int code;

		printf("+ %s\n", item->commands[i]);
		fflush(stdout);
		wait_for_device(item->commands[i]);
		code = run(item->commands[i]);
		if (code == 0)
			continue;
		if (code < 0)
			mk_tool_error("%s can't be run: %s; nothing more was done",
				      item->commands[i], strerror(-code));
		else
			mk_tool_error("%s failed, with exit code %d; nothing more was done",
				      item->commands[i], code);
		return MK_TOOL_FAILURE;
	}
	return MK_TOOL_DONE;
}

/* What destroys something is asked about by itself, and only the name is a yes. */
static bool is_wanted(const struct mk_setup_item *item)
{
	if (item->loss[0] == '\0')
		return true;
	printf("%s: this DESTROYS %s. Type %s to go on: ", item->name, item->loss, item->name);
	if (is_answer(item->name))
		return true;
	printf("%s is left as it is.\n", item->name);
	return false;
}

int mk_setup_apply(const struct mk_setup_plan *plan)
{
	int result = MK_TOOL_DONE;

	printf("\nRun these commands? Type yes: ");
	if (!is_answer("yes")) {
		mk_tool_error("nothing was done");
		return MK_TOOL_FAILURE;
	}
	for (size_t i = 0; i < plan->count && result == MK_TOOL_DONE; i++)
		if (plan->items[i].command_count != 0 && is_wanted(&plan->items[i]))
			result = run_item(&plan->items[i]);
	return result;
}
