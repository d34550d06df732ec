/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program for check_stats_print.py: uses kinds, then writes its report with every value of the
 * options to standard output, a line "@ OPTIONS" before each; or with those of its argument alone to
 * standard error.
 */
#include <memkind.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sink {
	memkind_t kind;
	size_t call_count;
};

/* A callback may allocate. */
static void write_out(void *context, const char *text)
{
	struct sink *sink = context;
	char *copy = memkind_malloc(sink->kind, strlen(text) + 1);

	strcpy(copy, text);
	fputs(copy, stdout);
	memkind_free(sink->kind, copy);
	sink->call_count++;
}

static int use_kinds(void)
{
	memkind_t kind;

	for (size_t size = 1; size < 10000000; size += size / 2 + 1) {
		memkind_free(MEMKIND_REGULAR, memkind_malloc(MEMKIND_REGULAR, size));
		if (memkind_malloc(MEMKIND_DEFAULT, size) == NULL ||
		    memkind_malloc(MEMKIND_REGULAR, size) == NULL)
			return 1;
	}
	if (memkind_create_pmem("/tmp", 0, &kind) != 0 || memkind_destroy_kind(kind) != 0 ||
	    memkind_create_pmem("/tmp", 0, &kind) != 0)
		return 1;
	return memkind_malloc(kind, 100) == NULL;
}

int main(int argc, char **argv)
{
	static const int bad[] = {0x200, 0x201, 0x3ff, -1, 1 << 30};
	struct sink sink = {MEMKIND_DEFAULT, 0};

	if (use_kinds() != 0)
		return 1;
	if (argc > 1)
		return memkind_stats_print(NULL, NULL, (memkind_stat_print_opt)atoi(argv[1])) != 0;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (memkind_stats_print(write_out, &sink, (memkind_stat_print_opt)bad[i]) !=
		    MEMKIND_ERROR_INVALID)
			return 1;
	if (sink.call_count != 0)
		return 1;
	for (int options = 0; options <= 0x1ff; options++) {
		printf("@ %d\n", options);
		if (memkind_stats_print(write_out, &sink, (memkind_stat_print_opt)options) != 0)
			return 1;
	}
	return 0;
}
