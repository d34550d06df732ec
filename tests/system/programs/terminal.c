/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a command in a terminal of 24 lines of 80 columns, as somebody would who looks and presses a key.
 *
 *	terminal TEXT KEY COMMAND
 *
 * When the command has written TEXT, and not before, it gets KEY. Exits with what the command exits with,
 * or with 1 and what was written where TEXT does not come.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PATIENCE_MS = 30000,
	WRITTEN_SIZE = 65536,
};

static char written[WRITTEN_SIZE];
static size_t length;

/* Appends what comes. False: it is over, or nothing has come for too long. */
static int read_more(int terminal)
{
	struct pollfd wait = {.fd = terminal, .events = POLLIN};
	ssize_t count;

	if (poll(&wait, 1, PATIENCE_MS) != 1 || length == WRITTEN_SIZE - 1)
		return 0;
	count = read(terminal, written + length, WRITTEN_SIZE - 1 - length);
	if (count <= 0)
		return 0;
	length += (size_t)count;
	written[length] = '\0';
	return 1;
}

static void show(void)
{
	for (size_t i = 0; i < length; i++)
		putchar(written[i] < ' ' && written[i] != '\n' ? '.' : written[i]);
	putchar('\n');
}

int main(int argc, char **argv)
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	int terminal, status;
	pid_t child;

	if (argc != 4)
		return 2;
	child = forkpty(&terminal, NULL, NULL, &size);
	if (child < 0)
		return 2;
	if (child == 0) {
		execl("/bin/sh", "sh", "-c", argv[3], (char *)NULL);
		_exit(127);
	}
	while (strstr(written, argv[1]) == NULL)
		if (!read_more(terminal)) {
			show();
			return 1;
		}
	if (write(terminal, argv[2], strlen(argv[2])) < 0)
		return 2;
	while (read_more(terminal))
		continue;
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
