/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Uses all that environment variables are about, whatever these say: a kind may be missing, blocks may be
 * refused, but what there is has to be right. Prints a line of counts; exits with 0 if all was well.
 */
#include <errno.h>
#include <hbwmalloc.h>
#include <memkind_ng.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/kinds.h"

static const size_t sizes[] = {1, 100, 5000, 70000, 3 << 20};
static const char *const descriptions[] = {
	"nodes=0;policy=weighted;weights=auto",
	"nodes=far;policy=preferred",
	"nodes=hbm;then=nodes=kmem;limit=1M;then=regular",
};
static unsigned long operation_count, wrong_count;

static void check(bool is_right, const char *what)
{
	wrong_count += !is_right;
	if (!is_right)
		printf("# wrong: %s\n", what);
}

static void check_block(unsigned char *block, size_t size, memkind_t owner, const char *name)
{
	operation_count++;
	if (block == NULL) {
		check(errno == ENOMEM || errno == EINVAL, name);
		return;
	}
	memset(block, 0x5a, size);
	check(block[0] == 0x5a && block[size - 1] == 0x5a, name);
	check(owner == NULL || memkind_detect_kind(block) == owner, name);
}

static void use_kind(memkind_t kind, bool has_others, const char *name)
{
	char text[1000];
	int status = memkind_check_available(kind);

	memkind_ng_kind_status(kind, text, sizeof(text));
	check(strlen(text) > 0, name);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		void *block;

		errno = 0;
		block = memkind_malloc(kind, sizes[i]);
		check(has_others || (block == NULL) == (status != 0), name);
		check_block(block, sizes[i], has_others ? NULL : kind, name);
		memkind_free(i % 2 == 0 ? kind : NULL, block);
	}
}

static void use_description(const char *text)
{
	memkind_t kind;

	check(memkind_ng_create_from(text, &kind, NULL, 0) == 0, text);
	use_kind(kind, strstr(text, "then=") != NULL, text);
	check(memkind_destroy_kind(kind) == 0, text);
}

/* Of which a library that is loaded first may be the owner. */
static void use_malloc(void)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		void *block;

		errno = 0;
		block = malloc(sizes[i]);
		check_block(block, sizes[i], NULL, "malloc");
		block = realloc(block, 2 * sizes[i]);
		check_block(block, 2 * sizes[i], NULL, "realloc");
		free(block);
	}
}

static void use_hbw(void)
{
	void *block;

	hbw_check_available();
	errno = 0;
	block = hbw_malloc(1000);
	check_block(block, 1000, NULL, "hbw_malloc");
	hbw_free(block);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(all_kinds) / sizeof(all_kinds[0]); i++)
		use_kind(*all_kinds[i].handle, false, all_kinds[i].name);
	for (size_t i = 0; i < sizeof(descriptions) / sizeof(descriptions[0]); i++)
		use_description(descriptions[i]);
	use_malloc();
	use_hbw();
	memkind_ng_rescan();
	printf("counts operations=%lu wrong=%lu\n", operation_count, wrong_count);
	return wrong_count == 0 ? 0 : 1;
}
