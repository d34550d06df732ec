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

static int refuse(char **arguments, const char *word, const char *what, const char *needed)
{
	mk_tool_error("%s %s%s; see memkind %s --help", word, what, needed, arguments[0]);
	return MK_TOOL_USAGE;
}

/* Takes the argument at *INDEX. False: it is none of the options. */
static bool take_option(char **arguments, int *index, const struct mk_tool_option *options)
{
	for (; options->name != NULL; options++) {
		const char *value;

		if (options->needs == NULL) {
			if (strcmp(arguments[*index], options->name) != 0)
				continue;
			*options->is_given = true;
			return true;
		}
		value = mk_tool_option_value(arguments, index, options->name);
		if (value == NULL)
			continue;
		*options->value = value;
		return true;
	}
	return false;
}

/* What is missing behind the option; NULL: it is no option with a value. */
static const char *needed_by(const char *word, const struct mk_tool_option *options)
{
	for (; options->name != NULL; options++)
		if (strcmp(word, options->name) == 0)
			return options->needs;
	return NULL;
}

int mk_tool_parse(char **arguments, const struct mk_tool_option *options, const char **operand)
{
	for (int i = 1; arguments[i] != NULL; i++) {
		const char *word = arguments[i];
		const char *needed;

		if (take_option(arguments, &i, options))
			continue;
		needed = needed_by(word, options);
		if (needed != NULL)
			return refuse(arguments, word, "needs ", needed);
		if (operand == NULL || word[0] == '-')
			return refuse(arguments, word, "is no option", "");
		if (*operand != NULL)
			return refuse(arguments, word, "is one too many", "");
		*operand = word;
	}
	return MK_TOOL_DONE;
}

int mk_tool_refuse_value(char **arguments, const struct mk_tool_option *option)
{
	return refuse(arguments, option->name, "needs ", option->needs);
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
