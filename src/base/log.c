/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines on standard error, formatted in a buffer on the stack. */
#include "base/log.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/options.h"

enum { LINE_SIZE = 256 };

void mk_log_make_plain(char *text)
{
	for (; *text != '\0'; text++)
		if (iscntrl((unsigned char)*text))
			*text = '?';
}

static void write_line(const char *prefix, const char *format, va_list arguments)
{
	char line[LINE_SIZE];
	int saved_errno = errno;
	int length = snprintf(line, sizeof(line), "%s", prefix);
	int more = vsnprintf(line + length, sizeof(line) - (size_t)length, format, arguments);

	mk_log_make_plain(line);
	length = more < 0 || length + more > LINE_SIZE - 1 ? LINE_SIZE - 1 : length + more;
	line[length] = '\n';
	/* Where stderr is closed there is nowhere to report it. */
	(void)!write(STDERR_FILENO, line, (size_t)length + 1);
	errno = saved_errno;
}

void mk_log_info(const char *format, ...)
{
	va_list arguments;

	if (!mk_option_debug())
		return;
	va_start(arguments, format);
	write_line("MEMKIND_INFO: ", format, arguments);
	va_end(arguments);
}

void mk_log_error(const char *format, ...)
{
	va_list arguments;

	if (!mk_option_debug())
		return;
	va_start(arguments, format);
	write_line("MEMKIND_ERROR: ", format, arguments);
	va_end(arguments);
}

void mk_log_write(void *context, const char *text)
{
	int saved_errno = errno;
	size_t length = strlen(text);
	ssize_t written = 1;

	(void)context;
	while (length != 0 && (written > 0 || errno == EINTR)) {
		written = write(STDERR_FILENO, text, length);
		if (written > 0) {
			text += written;
			length -= (size_t)written;
		}
	}
	errno = saved_errno;
}

void mk_log_warning(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line("MEMKIND_WARNING: ", format, arguments);
	va_end(arguments);
}

void mk_die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line("", format, arguments);
	va_end(arguments);
	abort();
}
