/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind top: which processes have how much memory of which kind, once or live. */
#include "top.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/parse.h"
#include "tool.h"

static const char *const sort_names[] = {
	[MK_TOP_BY_BYTES] = "bytes", [MK_TOP_BY_GROWTH] = "growth", [MK_TOP_BY_SWAP] = "swap",
	[MK_TOP_BY_PID] = "pid",     [MK_TOP_BY_NAME] = "name",
};

const char *mk_top_sort_name(enum mk_top_sort sort)
{
	return sort_names[sort];
}

static bool parse_pid(const char *text, int *ret_pid)
{
	uint64_t pid;

	if (mk_parse_number(text, 10, &pid) != 0 || pid == 0 || pid > INT32_MAX)
		return false;
	*ret_pid = (int)pid;
	return true;
}

static bool parse_sort(const char *text, enum mk_top_sort *ret_sort)
{
	for (size_t i = 0; i < MK_ARRAY_SIZE(sort_names); i++)
		if (strcmp(text, sort_names[i]) == 0) {
			*ret_sort = (enum mk_top_sort)i;
			return true;
		}
	return false;
}

static int parse(char **arguments, struct mk_top_wish *wish)
{
	const char *pid = NULL, *interval = NULL, *sort = NULL;
	const struct mk_tool_option options[] = {
		{"--pid", "the number of a process", &pid, NULL},
		{"--interval", "seconds, 0.1 to 3600", &interval, NULL},
		{"--sort", "bytes, growth, swap, pid or name", &sort, NULL},
		{"--once", NULL, NULL, &wish->is_once},
		{"--json", NULL, NULL, &wish->is_json},
		{"--help", NULL, NULL, &wish->is_help},
		{NULL, NULL, NULL, NULL},
	};
	int result = mk_tool_parse(arguments, options, NULL);

	if (result != MK_TOOL_DONE)
		return result;
	if (pid != NULL && !parse_pid(pid, &wish->pid))
		return mk_tool_refuse_value(arguments, &options[0]);
	if (interval != NULL && !mk_tool_parse_seconds(interval, 0.1, 3600, &wish->interval_s))
		return mk_tool_refuse_value(arguments, &options[1]);
	if (sort != NULL && !parse_sort(sort, &wish->sort))
		return mk_tool_refuse_value(arguments, &options[2]);
	wish->has_interval = interval != NULL;
	return MK_TOOL_DONE;
}

static int print_help(void)
{
	puts("usage: memkind top [--once] [--json] [--pid PID] [--interval SECONDS] [--sort KEY]\n\n"
	     "Shows the processes that use libmemkind: their bytes by kind and node, what is in swap,\n"
	     "and how fast that grows. In a terminal it goes on until q is pressed; arrows select a\n"
	     "process, s sorts by the next key, r turns the order round.\n\n"
	     "  --once              one table, and the end; so it is where the output is no terminal\n"
	     "  --json              a JSON object a line instead: without --once one every interval\n"
	     "  --pid PID           this process only, whether it uses the library or not\n"
	     "  --interval SECONDS  between two looks: 0.1 to 3600, else 2; with --once there are two\n"
	     "                      looks then, and growth between them\n"
	     "  --sort KEY          bytes, growth, swap, pid or name; else bytes\n"
	     "  --help              show this\n\n"
	     "Kinds are known where the kernel keeps names of memory (Linux 5.17 with\n"
	     "CONFIG_ANON_VMA_NAME). Where it does not, memory is shown by its policy, such as bind:2.\n"
	     "All else is \"other\": the program's code and stacks, files, and kinds on files and on\n"
	     "areas of the program. What several processes share counts for each. Processes of\n"
	     "other users can be read by root only; how many were left out is said.");
	return MK_TOOL_DONE;
}

static void wait_s(double seconds)
{
	struct timespec time = {.tv_sec = (time_t)seconds};

	time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
	while (nanosleep(&time, &time) != 0 && errno == EINTR)
		continue;
}

/* One look after the other, as JSON; or one, or the second of two where there is to be growth. */
static int print_looks(const struct mk_top_wish *wish)
{
	bool is_endless = wish->is_json && !wish->is_once;
	int look_count = wish->has_interval ? 2 : 1;
	struct mk_top_look before = {0}, look;
	int result = MK_TOOL_DONE;

	for (int i = 0; result == MK_TOOL_DONE && (is_endless || i < look_count); i++) {
		int error;

		if (i != 0)
			wait_s(wish->interval_s);
		error = mk_top_look(wish, i == 0 ? NULL : &before, &look);
		if (error != 0) {
			result = mk_top_complain(wish, error);
			break;
		}
		mk_top_end(&before);
		before = look;
		if (wish->is_json && (is_endless || i + 1 == look_count))
			result = mk_top_print_json(&look);
	}
	if (result == MK_TOOL_DONE && !wish->is_json)
		mk_top_print_table(&before);
	mk_top_end(&before);
	return result;
}

int mk_tool_top(char **arguments)
{
	struct mk_top_wish wish = {.interval_s = 2};
	int result;

	mk_tool_name = "memkind: top";
	result = parse(arguments, &wish);
	if (result == MK_TOOL_DONE && wish.is_help)
		return print_help();
	if (result != MK_TOOL_DONE)
		return result;
	if (wish.is_once || wish.is_json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return print_looks(&wish);
	return mk_top_show(&wish);
}
