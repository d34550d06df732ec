/* SPDX-License-Identifier: BSD-2-Clause */
/* Cases: the functions of hbwmalloc.h. */
#include "compat.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define PAGE_SIZE    4096UL

static const char *owner_of(void *block)
{
	return name_of(api.memkind_detect_kind(block));
}

static void say_blocks(const void *unused)
{
	void *block, *aligned = (void *)1;
	int code;

	(void)unused;
	block = api.hbw_malloc(1000);
	say("malloc", "%s, errno %d", owner_of(block), block == NULL ? errno : 0);
	say("usable", "%zu", api.hbw_malloc_usable_size(block));
	block = api.hbw_realloc(block, 50000);
	say("realloc", "%s", owner_of(block));
	api.hbw_free(block);
	block = api.hbw_calloc(10, 100);
	say("calloc", "%s", owner_of(block));
	api.hbw_free(block);
	code = api.hbw_posix_memalign(&aligned, 128, 1000);
	say("memalign", "%d, aligned %d", code, code == 0 && (uintptr_t)aligned % 128 == 0);
	say("memalign_bad", "%d", api.hbw_posix_memalign(&aligned, 3, 1000));
	api.hbw_free(NULL);
	say("usable_NULL", "%zu", api.hbw_malloc_usable_size(NULL));
	say_block("malloc_0", api.hbw_malloc(0));
	say_block("malloc_max", api.hbw_malloc(SIZE_MAX));
	say("policy", "%u", api.hbw_get_policy());
}

static void say_verify(const void *unused)
{
	char *area = mmap(NULL, 8 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	char *block = api.hbw_malloc(8 * PAGE_SIZE);

	(void)unused;
	say("NULL", "%d", api.hbw_verify_memory_region(NULL, 1, 0));
	say("size_0", "%d", api.hbw_verify_memory_region(area, 0, 0));
	say("flag_2", "%d", api.hbw_verify_memory_region(area, 1, 2));
	say("untouched", "%d", api.hbw_verify_memory_region(area, 8 * PAGE_SIZE, 0));
	if (api.hbw_check_available() != 0)
		return;
	say("touched", "%d", api.hbw_verify_memory_region(block, 8 * PAGE_SIZE, HBW_TOUCH_PAGES));
	memset(block, 1, 8 * PAGE_SIZE);
	say("written", "%d", api.hbw_verify_memory_region(block + 1, 4 * PAGE_SIZE, 0));
	memset(area, 1, 8 * PAGE_SIZE);
	munmap(area + 4 * PAGE_SIZE, PAGE_SIZE);
	say("hole", "%d", api.hbw_verify_memory_region(area, 8 * PAGE_SIZE, 0));
}

static void say_psize(const void *argument)
{
	const hbw_pagesize_t *size = argument;
	void *block = (void *)1;
	int code = api.hbw_posix_memalign_psize(&block, 64, 1000, *size);

	say("result", "%d, %s", code,
	    code == 0		 ? owner_of(block)
	    : block == (void *)1 ? "untouched"
				 : "stored");
	say("policy_after", "%d", api.hbw_set_policy(HBW_POLICY_BIND_ALL));
}

void run_hbw(const void *unused)
{
	static const hbw_pagesize_t sizes[] = {0, 1, 2, 3, 4, 5, 6, 1000000};
	char name[32];

	(void)unused;
	if (is_absent(hbw_check_available))
		return;
	say("available", "%d", api.hbw_check_available());
	say("policy", "%u", api.hbw_get_policy());
	attempt("blocks", say_blocks, NULL);
	attempt("verify", say_verify, NULL);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		snprintf(name, sizeof(name), "psize/%u", sizes[i]);
		attempt(name, say_psize, &sizes[i]);
	}
}

static void say_policy(const void *argument)
{
	const hbw_policy_t *policy = argument;
	static const hbw_pagesize_t sizes[] = {HBW_PAGESIZE_4KB, HBW_PAGESIZE_2MB};
	void *block;

	say("set", "%d", api.hbw_set_policy(*policy));
	say("get", "%u", api.hbw_get_policy());
	say("set_again", "%d", api.hbw_set_policy(*policy));
	say("set_other", "%d",
	    api.hbw_set_policy(*policy == HBW_POLICY_BIND ? HBW_POLICY_INTERLEAVE
							  : HBW_POLICY_BIND));
	block = api.hbw_malloc(100);
	say("malloc", "%s, errno %d", owner_of(block), block == NULL ? errno : 0);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		char key[32];
		int code;

		block = NULL;
		code = api.hbw_posix_memalign_psize(&block, 4096, 5000, sizes[i]);

		snprintf(key, sizeof(key), "psize/%u", sizes[i]);
		say(key, "%d, %s", code, owner_of(block));
	}
	say("set_at_last", "%d", api.hbw_set_policy(HBW_POLICY_PREFERRED));
}

void run_hbw_policies(const void *unused)
{
	static const hbw_policy_t policies[] = {0, 1, 2, 3, 4, 5, (hbw_policy_t)-1};
	char name[32];

	(void)unused;
	if (is_absent(hbw_check_available))
		return;
	for (size_t i = 0; i < COUNT(policies); i++) {
		snprintf(name, sizeof(name), "%d", (int)policies[i]);
		attempt(name, say_policy, &policies[i]);
	}
}
