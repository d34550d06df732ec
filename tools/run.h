/* SPDX-License-Identifier: BSD-2-Clause */
/* What `memkind run --stats` does while the program runs, and after it. */
#ifndef TOOLS_RUN_H
#define TOOLS_RUN_H

/* How `memkind run` ends where the program can't tell; as shells, env(1) and nohup(1) do. */
enum {
	MK_RUN_FAILURE = 125,
	MK_RUN_NOT_EXECUTABLE = 126,
	MK_RUN_NOT_FOUND = 127,
	MK_RUN_SIGNAL = 128, /* and the number of the signal that ended the program */
};

/* Becomes the program; returns, after a line on standard error, where that fails: the exit code. */
int mk_run_execute(char **program);

/*
 * Runs the program with MEMKIND_PRELOAD_STATS and waits for its end; signals that somebody sends to
 * this process are sent on. Prints what it and its children had of each kind on each node to standard
 * error. Returns the exit code.
 */
int mk_run_with_stats(char **program);

#endif
