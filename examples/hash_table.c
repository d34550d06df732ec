/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hash table with its slots, which are searched, in DRAM, and the values on far memory, or on other
 * nodes when that is full.
 *
 *	cc hash_table.c $(pkg-config --cflags --libs memkind)
 */
#include <memkind.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SLOTS 4096 /* a power of two, and more than there are keys */
#define KEYS  3000

struct slot {
	uint64_t key; /* 0: the slot is free */
	char *value;
};

static struct slot *find(struct slot *table, uint64_t key)
{
	uint64_t i = key * 0x9e3779b97f4a7c15u >> 52;

	while (table[i].key != 0 && table[i].key != key)
		i = (i + 1) % SLOTS;
	return &table[i];
}

static int put(struct slot *table, memkind_t kind, uint64_t key, const char *value)
{
	struct slot *slot = find(table, key);
	/* NULL for a new key; a block of any kind that was there before moves to this one. */
	char *block = memkind_realloc(kind, slot->value, strlen(value) + 1);

	if (block != NULL)
		*slot = (struct slot){key, strcpy(block, value)};
	return block != NULL;
}

int main(void)
{
	int has_far = memkind_check_available(MEMKIND_DAX_KMEM_PREFERRED) == 0;
	memkind_t kind = has_far ? MEMKIND_DAX_KMEM_PREFERRED : MEMKIND_REGULAR;
	struct slot *table = memkind_calloc(MEMKIND_REGULAR, SLOTS, sizeof(*table));
	char text[64];
	unsigned good = 0;

	for (uint64_t key = 1; table != NULL && key <= KEYS; key++) {
		snprintf(text, sizeof(text), "the value of %ju", (uintmax_t)key);
		if (!put(table, kind, key, "") || !put(table, kind, key, text))
			return 1;
		good += strcmp(find(table, key)->value, text) == 0;
	}
	for (unsigned i = 0; table != NULL && i < SLOTS; i++)
		memkind_free(kind, table[i].value);
	memkind_free(MEMKIND_REGULAR, table);
	printf("%u values in %s memory\n", good, has_far ? "far" : "ordinary");
	return good != KEYS;
}
