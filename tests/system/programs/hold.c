/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Holds memory of a kind while a command looks at it.
 *
 *	hold -c CPU KIND MIB COMMAND
 *
 * Runs on this CPU only. Exits with what the command exits with.
 */
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

int main(int argc, char **argv)
{
	size_t size;
	char *block;
	int status;

	if (argc != 6 || strcmp(argv[1], "-c") != 0)
		probe_die("usage: hold -c CPU KIND MIB COMMAND");
	probe_pin(atoi(argv[2]));
	size = strtoul(argv[4], NULL, 10) << 20;
	block = memkind_malloc(probe_kind(argv[3]), size);
	if (block == NULL)
		probe_die("%zu bytes", size);
	memset(block, 1, size);
	status = system(argv[5]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
