/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the library says of kinds, and whether the calls agree with it.
 *
 *	avail [-c CPU] [-m] KIND=CODE[:CAPACITY_MIB]...
 *
 *   -c  run there only
 *   -m  allocate before memkind_check_available() is asked
 *
 * CODE is what memkind_check_available() must return. 0: all four allocating functions must give
 * memory that can be written; else they must give NULL and ENOMEM, the error must have a message,
 * and the capacity must be -1. CAPACITY_MIB is compared where it is given. Prints a line a kind,
 * "avail kind=K check=N capacity=BYTES", and exits with 0 if all was as said, with 1 if not.
 */
#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SMALL	   100
#define MEDIUM	   50000
#define NO_NUMBER  (-2L)
#define PATTERN	   0x77
#define ERROR_TEXT "<memkind>"

static int failures;

static void complain(const char *kind_name, const char *what)
{
	printf("# %s: %s\n", kind_name, what);
	failures++;
}

static bool is_usable(memkind_t kind, char *block, size_t size)
{
	bool is_right;

	if (block == NULL)
		return false;
	memset(block, PATTERN, size);
	is_right = block[0] == PATTERN && block[size - 1] == PATTERN &&
		   memkind_detect_kind(block) == kind;
	memkind_free(kind, block);
	return is_right;
}

static void expect_memory(const char *name, memkind_t kind)
{
	void *block = NULL;

	if (!is_usable(kind, memkind_malloc(kind, SMALL), SMALL))
		complain(name, "malloc gave nothing usable");
	if (!is_usable(kind, memkind_malloc(kind, MEDIUM), MEDIUM))
		complain(name, "malloc of a medium size gave nothing usable");
	if (!is_usable(kind, memkind_calloc(kind, SMALL, 2), SMALL * 2))
		complain(name, "calloc gave nothing usable");
	if (!is_usable(kind, memkind_realloc(kind, NULL, SMALL), SMALL))
		complain(name, "realloc of NULL gave nothing usable");
	if (memkind_posix_memalign(kind, &block, 64, SMALL) != 0 || !is_usable(kind, block, SMALL))
		complain(name, "posix_memalign gave nothing usable");
}

static void expect_null(const char *name, memkind_t kind)
{
	void *block = NULL;

	errno = 0;
	if (memkind_malloc(kind, SMALL) != NULL || errno != ENOMEM)
		complain(name, "malloc is not NULL with ENOMEM");
	errno = 0;
	if (memkind_calloc(kind, SMALL, 2) != NULL || errno != ENOMEM)
		complain(name, "calloc is not NULL with ENOMEM");
	errno = 0;
	if (memkind_realloc(kind, NULL, SMALL) != NULL || errno != ENOMEM)
		complain(name, "realloc of NULL is not NULL with ENOMEM");
	if (memkind_posix_memalign(kind, &block, 64, SMALL) != ENOMEM)
		complain(name, "posix_memalign is not ENOMEM");
}

static void expect_message(const char *name, int code)
{
	char text[128] = "";

	memkind_error_message(code, text, sizeof(text));
	if (strncmp(text, ERROR_TEXT, strlen(ERROR_TEXT)) != 0 || strstr(text, "ndefined") != NULL)
		complain(name, "the error has no message");
}

static void check_calls(const char *name, memkind_t kind, int code)
{
	if (code == 0)
		expect_memory(name, kind);
	else
		expect_null(name, kind);
}

static void check_answers(const char *name, memkind_t kind, int code, long capacity)
{
	int said = memkind_check_available(kind);
	ssize_t size = memkind_get_capacity(kind);

	printf("avail kind=%s check=%d capacity=%zd\n", name, said, size);
	if (said != code)
		complain(name, "check_available says something else");
	if (code != 0) {
		expect_message(name, code);
		if (size != -1)
			complain(name, "an unavailable kind has a capacity");
	}
	if (capacity != NO_NUMBER && size >> 20 != capacity)
		complain(name, "another capacity");
}

static void check_kind(char *argument, bool allocates_first)
{
	char *name = strtok(argument, "=");
	char *code_text = strtok(NULL, ":");
	char *capacity_text = strtok(NULL, "");
	memkind_t kind = probe_kind(name);
	int code;

	if (code_text == NULL)
		probe_die("%s: no code", name);
	code = atoi(code_text);
	if (allocates_first)
		check_calls(name, kind, code);
	check_answers(name, kind, code, capacity_text == NULL ? NO_NUMBER : atol(capacity_text));
	check_calls(name, kind, code);
}

int main(int argc, char **argv)
{
	bool allocates_first = false;
	int option;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((option = getopt(argc, argv, "c:m")) != -1) {
		if (option == 'c')
			probe_pin(atoi(optarg));
		else if (option == 'm')
			allocates_first = true;
		else
			return 2;
	}
	if (optind == argc)
		probe_die("usage: avail [-c CPU] [-m] KIND=CODE[:CAPACITY_MIB]...");
	for (int i = optind; i < argc; i++)
		check_kind(argv[i], allocates_first);
	return failures == 0 ? 0 : 1;
}
