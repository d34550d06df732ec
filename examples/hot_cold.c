/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is read all the time in DRAM, what is read now and then on far memory:
 *
 *	cc hot_cold.c $(pkg-config --cflags --libs memkind)
 */
#include <memkind.h>
#include <memkind_ng.h>
#include <stdio.h>
#include <string.h>

#define COUNT	    1000
#define RECORD_SIZE 4096

/* The index that every search reads. */
struct entry {
	unsigned key;
	char *record;
};

/* Far memory where the machine has some, else DRAM. */
static memkind_t far_kind(void)
{
	const char *reason = memkind_ng_unavailable_reason(MEMKIND_DAX_KMEM);

	if (reason == NULL)
		return MEMKIND_DAX_KMEM;
	printf("no far memory: %s\n", reason);
	return MEMKIND_REGULAR;
}

int main(void)
{
	memkind_t far = far_kind();
	struct entry *index = memkind_calloc(MEMKIND_REGULAR, COUNT, sizeof(*index));
	unsigned good = 0;

	if (index == NULL)
		return 1;
	for (unsigned i = 0; i < COUNT; i++) {
		index[i].key = 7 * i;
		index[i].record = memkind_malloc(far, RECORD_SIZE);
		if (index[i].record == NULL)
			return 1;
		snprintf(index[i].record, RECORD_SIZE, "record %u", index[i].key);
	}
	for (unsigned i = 0; i < COUNT; i++) {
		char expected[32];

		snprintf(expected, sizeof(expected), "record %u", 7 * i);
		good += memkind_detect_kind(index[i].record) == far &&
			strcmp(index[i].record, expected) == 0;
		/* Whose block it is, free finds out. */
		memkind_free(NULL, index[i].record);
	}
	memkind_free(NULL, index);
	printf("%u records in %s memory\n", good, far == MEMKIND_DAX_KMEM ? "far" : "ordinary");
	return good != COUNT;
}
