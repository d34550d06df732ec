/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * More memory than the machine has: a kind whose blocks are a file in the directory that is the
 * argument. On a DAX filesystem they are the persistent memory itself.
 *
 *	cc file_kind.c $(pkg-config --cflags --libs memkind)
 */
#include <memkind.h>
#include <stdio.h>
#include <string.h>

#define LIMIT	   (64UL << 20)
#define BLOCK_SIZE (1UL << 20)

int main(int argc, char **argv)
{
	const char *directory = argc > 1 ? argv[1] : "/tmp";
	char text[MEMKIND_ERROR_MESSAGE_SIZE];
	unsigned long count = 0;
	char *last = NULL;
	memkind_t kind;
	int is_good;
	int error = memkind_create_pmem(directory, LIMIT, &kind);

	if (error != 0) {
		memkind_error_message(error, text, sizeof(text));
		fprintf(stderr, "%s: %s\n", directory, text);
		return 1;
	}
	printf("blocks are in %s %s\n",
	       memkind_check_dax_path(directory) == 0 ? "persistent memory of"
						      : "the page cache for",
	       directory);
	/* At the limit malloc gives NULL. Each block has the address of the one before. */
	for (char *block; (block = memkind_malloc(kind, BLOCK_SIZE)) != NULL; count++) {
		memset(block, 1, BLOCK_SIZE);
		memcpy(block, &last, sizeof(last));
		last = block;
	}
	is_good = count == LIMIT / BLOCK_SIZE && memkind_detect_kind(last) == kind;
	while (last != NULL) {
		char *block = last;

		memcpy(&last, block, sizeof(last));
		memkind_free(kind, block);
		count--;
	}
	printf("%lu MiB in the file\n", LIMIT >> 20);
	/* The file has no name: its space is free again now, as it would be after a crash. */
	return memkind_destroy_kind(kind) != 0 || !is_good || count != 0;
}
