/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program for test_top.py: for each line "KIND MIB" of standard input it allocates that much, writes to
 * it, and says so with a line. KIND is default or dax_kmem.
 */
#include <memkind.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
	char kind[32];
	size_t mib;

	while (scanf("%31s %zu", kind, &mib) == 2) {
		size_t size = mib << 20;
		char *block = memkind_malloc(
			strcmp(kind, "default") == 0 ? MEMKIND_DEFAULT : MEMKIND_DAX_KMEM, size);

		if (block == NULL)
			return 1;
		memset(block, 1, size);
		puts("done");
		fflush(stdout);
	}
	return 0;
}
