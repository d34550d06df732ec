/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cache in far memory that grows until there is no more of it, and then evicts the oldest entries:
 *
 *	cc cache.c $(pkg-config --cflags --libs memkind) && ./a.out [SECONDS [KIND]]
 */
#include <memkind_ng.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLOT_COUNT 100000

static char *values[SLOT_COUNT];
static size_t sizes[SLOT_COUNT];
static unsigned long first, next; /* entries are numbered, and N is in slot N % SLOT_COUNT */

static void evict(void)
{
	memkind_free(NULL, values[first++ % SLOT_COUNT]);
}

/* NULL says that the memory is full: old entries make room. Where others have it all, none is kept. */
static void insert(memkind_t kind, size_t size)
{
	char *value;

	if (next - first == SLOT_COUNT)
		evict();
	while ((value = memkind_malloc(kind, size)) == NULL && first != next)
		evict();
	if (value != NULL) {
		values[next % SLOT_COUNT] = memset(value, (char)next, size);
		sizes[next++ % SLOT_COUNT] = size;
	}
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 1);
	const char *text = argc > 2 ? argv[2] : "nodes=far;exhaustion=null;limit=64M";
	unsigned long held = 0;
	char error[200];
	memkind_t kind;

	if (memkind_ng_create_from(text, &kind, error, sizeof(error)) != 0)
		return fprintf(stderr, "%s\n", error), 2;
	if (memkind_check_available(kind) != 0)
		return printf("ordinary memory only: %s\n", memkind_ng_unavailable_reason(kind)), 0;
	while (time(NULL) < end)
		insert(kind, 100 + (size_t)rand() % 32000);
	for (unsigned long i = first; i < next; i++) {
		held += sizes[i % SLOT_COUNT];
		if (values[i % SLOT_COUNT][sizes[i % SLOT_COUNT] - 1] != (char)i)
			return fprintf(stderr, "entry %lu was lost\n", i), 1;
	}
	printf("%lu entries evicted, %lu MiB kept in far memory\n", first, held >> 20);
	return 0;
}
