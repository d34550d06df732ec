/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind run --stats: waits for the program and adds up what it and its children report. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/options.h"
#include "run.h"
#include "tool.h"

enum {
	ROW_LIMIT = 4096,
	WORD_SIZE = 64,
	/* Children may have given up what the program was started with. */
	FOR_ALL = 0666,
};

/* What processes had of a kind on a node. */
struct row {
	char kind[WORD_SIZE], node[WORD_SIZE];
	uint64_t size;
	unsigned process_count;
};

static struct row rows[ROW_LIMIT];
static size_t row_count;

/* What a terminal sends goes to the program, too; it is sent on what is sent to this process alone. */
static const int sent_on[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};

static void add(const struct row *part)
{
	struct row *row = rows;

	while (row < rows + row_count &&
	       (strcmp(row->kind, part->kind) != 0 || strcmp(row->node, part->node) != 0))
		row++;
	if (row < rows + row_count) {
		row->size += part->size;
		row->process_count += part->process_count;
	} else if (row_count < ROW_LIMIT) {
		rows[row_count++] = *part;
	}
}

static int compare(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	int order = strcmp(a->kind, b->kind);

	if (order == 0)
		order = (int)strlen(a->node) - (int)strlen(b->node);
	return order != 0 ? order : strcmp(a->node, b->node);
}

/* PID COMM KIND NODE BYTES */
static bool parse_line(char *line, struct row *ret_part)
{
	enum { KIND = 2, NODE, BYTES, WORD_COUNT };
	char *words[WORD_COUNT];
	char *rest = NULL, *end;

	for (size_t i = 0; i < WORD_COUNT; i++) {
		words[i] = strtok_r(i == 0 ? line : NULL, " \n", &rest);
		if (words[i] == NULL)
			return false;
	}
	snprintf(ret_part->kind, WORD_SIZE, "%s", words[KIND]);
	snprintf(ret_part->node, WORD_SIZE, "%s", words[NODE]);
	ret_part->size = strtoull(words[BYTES], &end, 10);
	ret_part->process_count = 1;
	return *end == '\0';
}

static void read_report(FILE *report)
{
	char line[4 * WORD_SIZE];
	struct row part;

	while (fgets(line, sizeof(line), report) != NULL)
		if (parse_line(line, &part))
			add(&part);
	qsort(rows, row_count, sizeof(rows[0]), compare);
}

static void print_table(void)
{
	size_t width = strlen("kind");

	if (row_count == 0) {
		mk_tool_error("no process has left a report");
		return;
	}
	for (size_t i = 0; i < row_count; i++)
		width = mk_max_size(width, strlen(rows[i].kind));
	fprintf(stderr, "%-*s  node            bytes  processes\n", (int)width, "kind");
	for (size_t i = 0; i < row_count; i++)
		fprintf(stderr, "%-*s  %4s  %15" PRIu64 "  %9u\n", (int)width, rows[i].kind,
			rows[i].node, rows[i].size, rows[i].process_count);
}

static int exit_code(int status)
{
	return WIFSIGNALED(status) ? MK_RUN_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The signals are blocked. The exit code of the child. */
static int wait_for(pid_t child, const sigset_t *signals)
{
	siginfo_t signal;
	int status;

	for (;;) {
		if (waitpid(child, &status, WNOHANG) == child)
			return exit_code(status);
		if (sigwaitinfo(signals, &signal) > 0 && signal.si_signo != SIGCHLD &&
		    signal.si_code <= 0)
			kill(child, signal.si_signo);
	}
}

static int run(char **program)
{
	/* Who ignores it never hears of a child. */
	void (*old_handler)(int) = signal(SIGCHLD, SIG_DFL);
	sigset_t signals, old;
	pid_t child;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	for (size_t i = 0; i < MK_ARRAY_SIZE(sent_on); i++)
		sigaddset(&signals, sent_on[i]);
	sigprocmask(SIG_BLOCK, &signals, &old);
	child = fork();
	if (child == 0) {
		signal(SIGCHLD, old_handler);
		sigprocmask(SIG_SETMASK, &old, NULL);
		_exit(mk_run_execute(program));
	}
	if (child > 0)
		return wait_for(child, &signals);
	mk_tool_error("no process can be made: %s", strerror(errno));
	return MK_RUN_FAILURE;
}

/* An empty file in *RET_PATH, named in the environment of the program. NULL, after a line: none. */
static FILE *make_report(char **ret_path)
{
	const char *folder = getenv("TMPDIR");
	FILE *report;
	int fd;

	if (folder == NULL || folder[0] == '\0')
		folder = "/tmp";
	if (asprintf(ret_path, "%s/memkind-run-XXXXXX", folder) < 0)
		return NULL;
	fd = mkstemp(*ret_path);
	if (fd >= 0)
		fchmod(fd, FOR_ALL);
	report = fd < 0 ? NULL : fdopen(fd, "r");
	if (report == NULL || setenv(mk_option_name(MK_OPTION_PRELOAD_STATS), *ret_path, 1) != 0) {
		mk_tool_error("%s can't be made: %s", *ret_path, strerror(errno));
		return NULL;
	}
	return report;
}

int mk_run_with_stats(char **program)
{
	char *path;
	FILE *report = make_report(&path);
	int code;

	if (report == NULL)
		return MK_RUN_FAILURE;
	code = run(program);
	read_report(report);
	fclose(report);
	unlink(path);
	free(path);
	if (row_count != 0 || (code != MK_RUN_NOT_FOUND && code != MK_RUN_NOT_EXECUTABLE))
		print_table();
	return code;
}
