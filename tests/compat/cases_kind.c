/* SPDX-License-Identifier: BSD-2-Clause */
/* Cases: version and texts, which kinds there are, where their memory lies, lists of nodes. */
#include "compat.h"

#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE_SIZE      4096UL
#define MASK_WORDS     16
#define POLICY_ADDRESS 2 /* MPOL_F_ADDR */
#define PLACED_PAGES   64UL
#define POLICY_SIZE    128
#define COUNT(array)   (sizeof(array) / sizeof((array)[0]))

static void say_text(int code)
{
	char text[MEMKIND_ERROR_MESSAGE_SIZE];
	char unknown[64];
	char key[32];

	memset(text, 'x', sizeof(text));
	api.memkind_error_message(code, text, sizeof(text));
	snprintf(unknown, sizeof(unknown), "<memkind> Undefined error number: %d", code);
	snprintf(key, sizeof(key), "text/%d", code);
	if (strncmp(text, unknown, strlen(unknown)) == 0)
		say(key, "unknown");
	else
		say(key, "prefix %d, ends %d", strncmp(text, "<memkind> ", 10) == 0,
		    strnlen(text, sizeof(text)) < 127);
}

static void say_cut_texts(void)
{
	static const size_t sizes[] = {1, 2, 9, 20};
	char text[MEMKIND_ERROR_MESSAGE_SIZE];

	api.memkind_error_message(MEMKIND_ERROR_MALLOC, NULL, 0);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		char key[32];

		memset(text, 'x', sizeof(text));
		api.memkind_error_message(MEMKIND_ERROR_MALLOC, text, sizes[i]);
		snprintf(key, sizeof(key), "cut/%zu", sizes[i]);
		say(key, "length %zu, beyond untouched %d", strlen(text), text[sizes[i]] == 'x');
	}
}

void run_about(const void *unused)
{
	(void)unused;
	say("version", "%d", api.memkind_get_version());
	for (int code = -30; code <= 40; code++)
		say_text(code);
	say_text(MEMKIND_ERROR_RUNTIME);
	say_text(-256);
	say_cut_texts();
	for (size_t i = 0; i < handle_count; i++)
		if (handles[i].kind == NULL)
			say(handles[i].name, "absent");
#define HANDLE(name)
#define FUNCTION(result, name, parameters) (void)is_absent(name);
#define LATER				   FUNCTION
#define HIDDEN				   FUNCTION
#define TYPE(name, bytes)
#define CONSTANT(name, value)
#include "public.def"
}

/* What a kind that is not available, or not possible here, answers to requests. */
static void say_refusals(memkind_t kind)
{
	void *block = (void *)1;
	int code;

	say_block("malloc", api.memkind_malloc(kind, 100));
	say_block("calloc", api.memkind_calloc(kind, 10, 10));
	say_block("realloc", api.memkind_realloc(kind, NULL, 10));
	code = api.memkind_posix_memalign(kind, &block, 64, 64);
	say("memalign", "%d, stores %s, errno %d", code, block == NULL ? "NULL" : "nothing", errno);
	say_block("malloc_0", api.memkind_malloc(kind, 0));
	api.memkind_free(kind, NULL);
}

/* Some answers depend on the CPU. */
static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void run_kind(const void *argument)
{
	const struct handle *handle = argument;
	int code;

	run_on(0);
	code = api.memkind_check_available(handle->kind);
	say("available", "%d", code);
	say("capacity", "%zd", api.memkind_get_capacity(handle->kind));
	if (code != MEMKIND_SUCCESS)
		say_refusals(handle->kind);
}

void run_kinds(const void *unused)
{
	(void)unused;
	for (size_t i = 0; i < handle_count; i++) {
		if (handles[i].kind == NULL)
			say(handles[i].name, "absent");
		else
			attempt(handles[i].name, run_kind, &handles[i]);
	}
}

static void say_mask(const char *key, memkind_t kind, unsigned long maxnode,
		     int (*get)(memkind_t, unsigned long *, unsigned long))
{
	unsigned long mask[MASK_WORDS];
	int code;

	memset(mask, 0xff, sizeof(mask));
	code = get(kind, mask, maxnode);
	say(key, "%d, %lx %lx ... %lx", code, mask[0], mask[1], mask[MASK_WORDS - 1]);
}

static void say_masks(const char *name, memkind_t kind,
		      int (*get)(memkind_t, unsigned long *, unsigned long))
{
	static const unsigned long sizes[] = {1, 2, 3, 64, 128, 1024};
	char key[64];

	snprintf(key, sizeof(key), "%s/NULL", name);
	say(key, "%d", get(NULL, NULL, 64));
	for (size_t i = 0; i < COUNT(sizes); i++) {
		snprintf(key, sizeof(key), "%s/%lu", name, sizes[i]);
		say_mask(key, i % 2 == 0 ? kind : NULL, sizes[i], get);
	}
}

void run_masks(const void *unused)
{
	(void)unused;
	run_on(0);
	if (!is_absent(memkind_dax_kmem_all_get_mbind_nodemask))
		say_masks("dax_kmem_all", kind_of("DAX_KMEM_ALL"),
			  api.memkind_dax_kmem_all_get_mbind_nodemask);
	if (!is_absent(memkind_hbw_all_get_mbind_nodemask))
		say_masks("hbw_all", kind_of("HBW_ALL"), api.memkind_hbw_all_get_mbind_nodemask);
}

static void append_nodes(char *text, size_t size, const unsigned long *mask, unsigned words)
{
	size_t length = strlen(text);
	const char *separator = ":";

	for (unsigned node = 0; node < words * 64; node++) {
		if ((mask[node / 64] >> node % 64 & 1) == 0 || length >= size - 8)
			continue;
		length += (size_t)snprintf(text + length, size - length, "%s%u", separator, node);
		separator = ",";
	}
}

/* "bind:2,3" of the memory at ADDRESS. */
static void policy_at(const void *address, char text[POLICY_SIZE])
{
	static const char *const modes[] = {"default", "preferred", "bind", "interleave", "local"};
	unsigned long mask[MASK_WORDS] = {0};
	int mode = 0;

	/* The kernel uses one bit less than it is told. */
	if (syscall(SYS_get_mempolicy, &mode, mask, MASK_WORDS * 64 + 1, address, POLICY_ADDRESS) ||
	    mode < 0 || mode >= (int)COUNT(modes)) {
		snprintf(text, POLICY_SIZE, "mode %d, errno %d", mode, errno);
		return;
	}
	snprintf(text, POLICY_SIZE, "%s", modes[mode]);
	append_nodes(text, POLICY_SIZE, mask, MASK_WORDS);
}

/* The node of a page, or a negative error. */
static int node_at(void *address)
{
	int node = -EFAULT;

	syscall(SYS_move_pages, 0, 1, &address, NULL, &node, 0);
	return node;
}

/* KiB of the pages that ADDRESS lies in, as the kernel has them. */
static long page_kib_at(const void *address)
{
	FILE *file = fopen("/proc/self/smaps", "r");
	uintptr_t wanted = (uintptr_t)address;
	bool is_there = false;
	long size = -1;
	char line[512];

	while (file != NULL && size < 0 && fgets(line, sizeof(line), file) != NULL) {
		unsigned long first, last;

		if (sscanf(line, "%lx-%lx ", &first, &last) == 2)
			is_there = wanted >= first && wanted < last;
		else if (is_there && sscanf(line, "KernelPageSize: %ld", &size) != 1)
			size = -1;
	}
	if (file != NULL)
		fclose(file);
	return size;
}

static void say_place(const struct handle *handle)
{
	char *block = api.memkind_malloc(handle->kind, PLACED_PAGES * PAGE_SIZE);
	char text[POLICY_SIZE];
	unsigned long mask = 0;

	if (block == NULL) {
		say(handle->name, "NULL, errno %d", errno);
		return;
	}
	memset(block, 1, PLACED_PAGES * PAGE_SIZE);
	for (size_t i = 0; i < PLACED_PAGES; i++) {
		int node = node_at(block + i * PAGE_SIZE);

		if (node >= 0 && node < 64)
			mask |= 1UL << node;
	}
	policy_at(block, text);
	strcat(text, " on ");
	append_nodes(text, sizeof(text), &mask, 1);
	say(handle->name, "%s, pages of %ld KiB", text, page_kib_at(block));
	api.memkind_free(handle->kind, block);
}

/* Places of all kinds that are available, on the CPU that ARGUMENT points to. */
void run_places(const void *argument)
{
	const int *cpu = argument;

	run_on(*cpu);
	for (size_t i = 0; i < handle_count; i++) {
		if (handles[i].kind == NULL)
			say(handles[i].name, "absent");
		else if (api.memkind_check_available(handles[i].kind) == MEMKIND_SUCCESS)
			say_place(&handles[i]);
	}
}

static void say_listed(const char *name)
{
	memkind_t kind = kind_of(name);
	char key[64];

	if (kind == NULL) {
		say(name, "absent");
		return;
	}
	snprintf(key, sizeof(key), "%s/available", name);
	say(key, "%d", api.memkind_check_available(kind));
	snprintf(key, sizeof(key), "%s/capacity", name);
	say(key, "%zd", api.memkind_get_capacity(kind));
}

static void say_dax(const void *unused)
{
	(void)unused;
	run_on(0);
	say_listed("DAX_KMEM");
	say_listed("DAX_KMEM_ALL");
	say_listed("DAX_KMEM_PREFERRED");
}

static void say_hbw(const void *unused)
{
	(void)unused;
	run_on(0);
	say_listed("HBW");
	say_listed("HBW_ALL");
	say_listed("HBW_PREFERRED");
}

/* Each variable with every value, good and bad. */
void run_lists(const void *unused)
{
	static const char *const lists[] = {
		"0",	  "2,3",  "2-3",  "3,2,2", "0x2", "02",	  " 2",	 "all",
		"+0",	  "!0,1", "3-2",  "0-0",   "-1",  "4",	  "2-4", "1023",
		"999999", "x",	  "0,x",  "0,",	   ",0",  "0,,0", "0 ",	 ";",
		" ",	  "",	  "!all", "0-",	   "0x",  "+0-0", "!-1", "netdev:eth0",
	};
	static const char *const thresholds[] = {
		"0",  "1",  "204800", "4294967295", "4294967296", "",
		" 1", "1 ", "-1",     "x",	    "1x",	  "0x1",
	};
	char setting[128];

	(void)unused;
	for (size_t i = 0; i < COUNT(lists); i++) {
		snprintf(setting, sizeof(setting), "MEMKIND_DAX_KMEM_NODES=%s", lists[i]);
		attempt_with(setting, say_dax, NULL);
		snprintf(setting, sizeof(setting), "MEMKIND_HBW_NODES=%s", lists[i]);
		attempt_with(setting, say_hbw, NULL);
	}
	for (size_t i = 0; i < COUNT(thresholds); i++) {
		snprintf(setting, sizeof(setting), "MEMKIND_HBW_THRESHOLD=%s", thresholds[i]);
		attempt_with(setting, say_hbw, NULL);
	}
	attempt_with("MEMKIND_DEBUG=0", say_dax, NULL);
	attempt_with("MEMKIND_DEBUG=1", say_dax, NULL);
}

/* All combinations that memkind_create_kind() has to tell apart, and some that it must refuse. */
void run_create_kind(const void *unused)
{
	static const memkind_bits_t flags[] = {0, 1, 4, 16, 20, 21, 22, 1024};

	(void)unused;
	if (is_absent(memkind_create_kind))
		return;
	for (memkind_memtype_t type = 0; type <= 4; type++) {
		for (memkind_policy_t policy = 0; policy <= MEMKIND_POLICY_MAX_VALUE; policy++) {
			for (size_t i = 0; i < COUNT(flags); i++) {
				memkind_t kind = NULL;
				char key[64];
				int code = api.memkind_create_kind(type, policy, flags[i], &kind);

				snprintf(key, sizeof(key), "%u/%u/%u", type, policy, flags[i]);
				say(key, "%d, %s", code, name_of(kind));
			}
		}
	}
	say("no_place", "%d",
	    api.memkind_create_kind(MEMKIND_MEMTYPE_DEFAULT, MEMKIND_POLICY_PREFERRED_LOCAL, 0,
				    NULL));
	if (is_absent(memkind_get_kind_by_partition))
		return;
	for (int partition = -2; partition <= MEMKIND_MAX_KIND; partition++) {
		memkind_t kind = (memkind_t)1;
		int code = api.memkind_get_kind_by_partition(partition, &kind);
		char key[64];

		snprintf(key, sizeof(key), "partition/%d", partition);
		if (partition <= MEMKIND_NUM_BASE_KIND || partition >= MEMKIND_MAX_KIND - 1)
			say(key, "%d, %s", code, name_of(kind));
	}
}
