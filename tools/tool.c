/* SPDX-License-Identifier: BSD-2-Clause */
/* What the programs of this folder share: arguments, error lines, the end. */
#include "tool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *mk_tool_name = "memkind";

void mk_tool_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "%s: ", mk_tool_name);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
}

const char *mk_tool_option_value(char **arguments, int *index, const char *name)
{
	const char *argument = arguments[*index];
	size_t length = strlen(name);

	if (strncmp(argument, name, length) != 0)
		return NULL;
	if (argument[length] == '=')
		return argument + length + 1;
	if (argument[length] != '\0' || arguments[*index + 1] == NULL)
		return NULL;
	(*index)++;
	return arguments[*index];
}

bool mk_tool_parse_seconds(const char *text, double least, double most, double *ret_seconds)
{
	char *end;
	double seconds;

	/* strtod() knows more: blanks, signs, hexadecimal digits, names. */
	if (text[0] == '\0' || text[strspn(text, "0123456789.")] != '\0')
		return false;
	seconds = strtod(text, &end);
	if (*end != '\0' || seconds < least || seconds > most)
		return false;
	*ret_seconds = seconds;
	return true;
}

int mk_tool_finish(int result, int failure)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return result;
	mk_tool_error("standard output could not be written");
	return result == MK_TOOL_DONE ? failure : result;
}
