/* SPDX-License-Identifier: BSD-2-Clause */
/* What the commands of the tool share. */
#ifndef TOOLS_TOOL_H
#define TOOLS_TOOL_H

/* What a command returns, and the process with it. */
enum {
	MK_TOOL_DONE = 0,
	MK_TOOL_FAILURE = 1,
	MK_TOOL_USAGE = 2,
};

/* Writes "memkind: ..." and a line end to standard error. */
void mk_tool_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One function a command; ARGUMENTS begins with its name and ends with NULL. */
int mk_tool_nodes(char **arguments);

#endif
