/* SPDX-License-Identifier: BSD-2-Clause */
/* Kinds by description in tests: made, filled, emptied. */
#ifndef TESTS_API_DESCRIBED_H
#define TESTS_API_DESCRIBED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <memkind_ng.h>

#define MIB ((size_t)1 << 20)

enum { BLOCK_LIMIT = 1 << 19 };

static void *blocks[BLOCK_LIMIT];

static memkind_t make(const char *text)
{
	memkind_t kind = NULL;
	char error[200] = "";

	if (memkind_ng_create_from(text, &kind, error, sizeof(error)) != 0)
		fail_msg("%s: %s", text, error);
	assert_non_null(kind);
	return kind;
}

static void destroy(memkind_t kind)
{
	assert_int_equal(memkind_destroy_kind(kind), 0);
}

static inline size_t resident(memkind_t kind)
{
	size_t size = 0;

	assert_int_equal(memkind_ng_get_resident(kind, &size, 1), 0);
	return size;
}

/* Blocks until there is none, or none of this kind; returns how many there are. */
static size_t fill(memkind_t kind, size_t size)
{
	size_t count = 0;

	for (; count < BLOCK_LIMIT; count++) {
		blocks[count] = memkind_malloc(kind, size);
		if (blocks[count] == NULL)
			break;
		memset(blocks[count], 1, size);
		if (memkind_detect_kind(blocks[count]) != kind) {
			memkind_free(NULL, blocks[count]);
			break;
		}
	}
	assert_true(count < BLOCK_LIMIT);
	return count;
}

static void empty(size_t count)
{
	while (count-- > 0)
		memkind_free(NULL, blocks[count]);
}

#endif
