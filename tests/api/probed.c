/* SPDX-License-Identifier: BSD-2-Clause */
/* A program for check_probes.py: passes each probe once or more, the same ones each time. */
#include <memkind_ng.h>
#include <stdint.h>
#include <string.h>

enum { LARGE_SIZE = 8 << 20 };

int main(void)
{
	memkind_t kind;
	char *block = memkind_malloc(MEMKIND_REGULAR, LARGE_SIZE);

	if (block == NULL)
		return 1;
	memset(block, 1, LARGE_SIZE);
	memkind_free(MEMKIND_REGULAR, block);
	if (memkind_ng_trim(MEMKIND_REGULAR) != 1)
		return 1;
	/* More than the address space has. */
	if (memkind_malloc(MEMKIND_REGULAR, (size_t)1 << 47) != NULL)
		return 1;
	if (memkind_create_pmem("/tmp", 0, &kind) != 0 || memkind_malloc(kind, LARGE_SIZE) == NULL)
		return 1;
	return memkind_destroy_kind(kind) != 0;
}
