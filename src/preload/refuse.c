/* SPDX-License-Identifier: BSD-2-Clause */
/* The line that ends a process whose environment says what can't be. */
#include "preload/refuse.h"

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"

enum { LINE_SIZE = 2048 };

void mk_refuse(enum mk_option option, const char *why)
{
	char line[LINE_SIZE];

	snprintf(line, sizeof(line), "memkind: %s=\"%.256s\" refused: %s%.1024s",
		 mk_option_name(option), mk_option_text(option), why == NULL ? "allowed is " : "",
		 why == NULL ? mk_option_values(option) : why);
	mk_log_make_plain(line);
	mk_log_write(NULL, line);
	mk_log_write(NULL, "\n");
	_exit(1);
}
