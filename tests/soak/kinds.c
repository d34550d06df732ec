/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A new kind is a row of static_kinds, a description, or a row of made_kinds with the function that
 * makes it.
 */
#include "soak/kinds.h"

#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <memkind_ng.h>

#include "api/kinds.h"
#include "soak/shadow.h"

enum { KIND_LIMIT = 64 };
#define AREA_SIZE ((size_t)64 << 20)
#define FILE_SIZE ((size_t)32 << 20) /* copied at each fork */

static const struct named_kind static_kinds[] = {
	{NAMED_KIND(NG_DAX_KMEM_FIRST)},
	{NAMED_KIND(HIGHEST_CAPACITY)},
	{NAMED_KIND(HIGHEST_CAPACITY_PREFERRED)},
	{NAMED_KIND(HIGHEST_CAPACITY_LOCAL)},
	{NAMED_KIND(HIGHEST_CAPACITY_LOCAL_PREFERRED)},
};

/* Whose blocks are their own: none with another kind behind it. */
static const struct {
	const char *text;
	bool is_small;
} descriptions[] = {
	{"nodes=all;policy=interleave;pages=base;decay=100ms", false},
	{"nodes=0,0;policy=weighted;weights=2:1;step=64K", true},
	{"nodes=dram;limit=48M", true},
	{"nodes=dram;exhaustion=null;limit=48M;decay=0", true},
};

static struct shadow_kind kinds[KIND_LIMIT];
static unsigned kind_count;

static int make_fixed(memkind_t *ret_kind)
{
	void *area =
		mmap(NULL, AREA_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	SHADOW_CHECK(area != MAP_FAILED);
	return memkind_create_fixed(area, AREA_SIZE, ret_kind);
}

/* A fork child has to have all blocks, too. */
static int make_file(memkind_t *ret_kind)
{
	int code = memkind_create_pmem(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : ".", FILE_SIZE,
				       ret_kind);

	return code != 0 ? code : memkind_ng_copy_at_fork(*ret_kind);
}

static const struct {
	const char *name;
	int (*make)(memkind_t *ret_kind);
	bool is_copied;
} made_kinds[] = {
	{"fixed", make_fixed, false},
	{"pmem", make_file, true},
};

static void add(const struct shadow_kind *kind)
{
	SHADOW_CHECK(kind_count < KIND_LIMIT);
	kinds[kind_count++] = *kind;
}

static void add_static(const struct named_kind *row)
{
	add(&(struct shadow_kind){.name = row->name, .kind = *row->handle});
}

void shadow_make_kinds(void)
{
	for (unsigned i = 0; i < KIND_COUNT; i++)
		add_static(&all_kinds[i]);
	for (unsigned i = 0; i < sizeof(static_kinds) / sizeof(static_kinds[0]); i++)
		if (memkind_check_available(*static_kinds[i].handle) == 0)
			add_static(&static_kinds[i]);
		else
			printf("not available here: %s\n", static_kinds[i].name);
	for (unsigned i = 0; i < sizeof(descriptions) / sizeof(descriptions[0]); i++) {
		struct shadow_kind kind = {.name = descriptions[i].text,
					   .is_small = descriptions[i].is_small};

		SHADOW_CHECK(memkind_ng_create_from(kind.name, &kind.kind, NULL, 0) == 0);
		add(&kind);
	}
	for (unsigned i = 0; i < sizeof(made_kinds) / sizeof(made_kinds[0]); i++) {
		struct shadow_kind kind = {.name = made_kinds[i].name,
					   .is_small = true,
					   .is_copied = made_kinds[i].is_copied};

		SHADOW_CHECK(made_kinds[i].make(&kind.kind) == 0);
		add(&kind);
	}
	SHADOW_CHECK(kind_count != 0);
}

unsigned shadow_kind_count(void)
{
	return kind_count;
}

const struct shadow_kind *shadow_kind(unsigned number)
{
	return &kinds[number];
}
