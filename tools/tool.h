/* SPDX-License-Identifier: BSD-2-Clause */
/* What the commands of the tool share. */
#ifndef TOOLS_TOOL_H
#define TOOLS_TOOL_H

#include <stdbool.h>

/* What a command returns, and the process with it. */
enum {
	MK_TOOL_DONE = 0,
	MK_TOOL_FAILURE = 1,
	MK_TOOL_USAGE = 2,
};

/* Who speaks in error lines; "memkind" at first. */
extern const char *mk_tool_name;

/* Writes the name, ": ", the text and a line end to standard error. */
void mk_tool_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * The value of the option at *INDEX, "--name=VALUE" or "--name VALUE"; *INDEX is the last argument
 * used then. NULL: another option, or no value.
 */
const char *mk_tool_option_value(char **arguments, int *index, const char *name);

/* An option of a command: one with a value, or one that is given or not. */
struct mk_tool_option {
	const char *name;
	const char *needs;  /* what its value is, such as "a directory"; NULL: it has none */
	const char **value; /* where the value goes, */
	bool *is_given;	    /* or that it was given */
};

/*
 * Reads all arguments behind the command's name. OPTIONS ends with a row without a name; *OPERAND gets
 * the one word that is no option, and where OPERAND is NULL there is none. MK_TOOL_DONE, or
 * MK_TOOL_USAGE after a line on standard error.
 */
int mk_tool_parse(char **arguments, const struct mk_tool_option *options, const char **operand);

/* The value of an option of the command is not what it needs: a line that says so, and MK_TOOL_USAGE. */
int mk_tool_refuse_value(char **arguments, const struct mk_tool_option *option);

/* "2" or "0.5", within LEAST and MOST. False: it is no such text; *ret_seconds is untouched then. */
bool mk_tool_parse_seconds(const char *text, double least, double most, double *ret_seconds);

/* RESULT; FAILURE where all was done and standard output could not be written. */
int mk_tool_finish(int result, int failure);

/* One function a command; ARGUMENTS begins with its name and ends with NULL. */
int mk_tool_bench(char **arguments);
int mk_tool_capture(char **arguments);
int mk_tool_kinds(char **arguments);
int mk_tool_nodes(char **arguments);
int mk_tool_run(char **arguments);
int mk_tool_setup(char **arguments);
int mk_tool_top(char **arguments);

#endif
