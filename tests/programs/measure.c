/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a command and writes what its whole tree of processes used: CPU seconds of all of them, and
 * KiB of the largest. It is linked statically, so that a preload is in the command only, and small,
 * so that what a child inherits of it before exec is no peak of the command's.
 *
 * usage: measure REPORT COMMAND...; the exit status is the command's, 128 + N for signal N
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile pid_t command;

static void pass_on(int number)
{
	kill(command, number);
}

static double seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

static int report(const char *path)
{
	struct rusage usage;
	FILE *file = fopen(path, "w");

	if (file == NULL || getrusage(RUSAGE_CHILDREN, &usage) != 0)
		return -1;
	fprintf(file, "%.6f %ld\n", seconds(usage.ru_utime) + seconds(usage.ru_stime),
		usage.ru_maxrss);
	return fclose(file);
}

static pid_t start(char **argv)
{
	pid_t pid = fork();

	if (pid == 0) {
		execvp(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	return pid;
}

/* Waits for every descendant, also for those that outlive their parents. */
static int wait_for_all(void)
{
	int status;
	int ret_status = 0;
	pid_t pid;

	while ((pid = wait(&status)) > 0 || errno == EINTR)
		if (pid == command)
			ret_status = status;
	return ret_status;
}

int main(int argc, char **argv)
{
	int status;

	if (argc < 3 || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
		return 2;
	command = start(argv + 2);
	if (command < 0)
		return 2;
	signal(SIGTERM, pass_on);
	signal(SIGINT, pass_on);
	status = wait_for_all();
	if (report(argv[1]) != 0)
		return 2;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
