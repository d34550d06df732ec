/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An OpenMP program, to be built with -fopenmp by any compiler: whose memory does its runtime hand
 * out? Arguments: the allocator, the kind that its blocks must be of ("none": libmemkind is not
 * loaded), and the nodes that their pages must be on, all of them. Exit code 1: it is otherwise.
 */
#include <dlfcn.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE_SIZE  4096UL
#define PAGE_COUNT 256UL

static const struct {
	const char *name;
	omp_allocator_handle_t allocator;
	omp_memspace_handle_t space;
} choices[] = {
	{"default", omp_default_mem_alloc, omp_default_mem_space},
	{"large_cap", omp_large_cap_mem_alloc, omp_large_cap_mem_space},
	{"high_bw", omp_high_bw_mem_alloc, omp_high_bw_mem_space},
};

static void die(const char *what)
{
	fprintf(stderr, "openmp: %s\n", what);
	exit(2);
}

/* "large_cap", or "large_cap:interleaved" for an allocator made with that trait. */
static omp_allocator_handle_t allocator_of(const char *name)
{
	omp_alloctrait_t traits[] = {{omp_atk_partition, omp_atv_interleaved}};
	size_t length = strcspn(name, ":");

	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		if (strncmp(choices[i].name, name, length) != 0 || choices[i].name[length] != '\0')
			continue;
		return name[length] == '\0' ? choices[i].allocator
					    : omp_init_allocator(choices[i].space, 1, traits);
	}
	die("unknown allocator");
	return omp_null_allocator;
}

/* The kind of a block, by the word of the library that the runtime has loaded; "none" without. */
static const char *kind_of(void *block)
{
	static const char *const names[] = {"DEFAULT",
					    "DAX_KMEM",
					    "DAX_KMEM_ALL",
					    "DAX_KMEM_PREFERRED",
					    "DAX_KMEM_INTERLEAVE",
					    "INTERLEAVE",
					    "HBW",
					    "HBW_PREFERRED",
					    "HBW_INTERLEAVE"};
	void *library = dlopen("libmemkind.so.0", RTLD_NOW | RTLD_NOLOAD);
	void *(*detect)(void *block);
	int (*version)(void);
	Dl_info info;

	if (library == NULL)
		return "none";
	*(void **)&detect = dlsym(library, "memkind_detect_kind");
	*(void **)&version = dlsym(library, "memkind_get_version");
	dladdr(*(void **)&detect, &info);
	printf("%s, version %d\n", info.dli_fname, version());
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char symbol[64];
		void **handle;

		snprintf(symbol, sizeof(symbol), "MEMKIND_%s", names[i]);
		handle = dlsym(library, symbol);
		if (handle != NULL && detect(block) == *handle)
			return names[i];
	}
	return "another";
}

static unsigned long nodes_of(char *block)
{
	unsigned long nodes = 0;

	for (size_t i = 0; i < PAGE_COUNT; i++) {
		void *page = block + i * PAGE_SIZE;
		int node = -1;

		if (syscall(SYS_move_pages, 0, 1, &page, NULL, &node, 0) != 0)
			die("move_pages");
		if (node >= 0)
			nodes |= 1UL << node;
	}
	return nodes;
}

int main(int argc, char *argv[])
{
	omp_allocator_handle_t allocator;
	unsigned long wanted = 0;
	int wrong_count = 0;

	if (argc != 4)
		die("usage: openmp ALLOCATOR KIND NODE,...");
	for (char *text = argv[3]; *text != '\0'; text += strspn(text, ","))
		wanted |= 1UL << strtoul(text, &text, 10);
	allocator = allocator_of(argv[1]);
#pragma omp parallel num_threads(2) reduction(+ : wrong_count)
	{
		char *block = omp_alloc(PAGE_COUNT * PAGE_SIZE, allocator);

		if (block == NULL)
			die("no memory");
		memset(block, 1, PAGE_COUNT * PAGE_SIZE);
#pragma omp critical
		{
			unsigned long nodes = nodes_of(block);

			const char *kind = kind_of(block);

			wrong_count += strcmp(kind, argv[2]) != 0 || nodes != wanted;
			printf("%s: %s on nodes %#lx\n", argv[1], kind, nodes);
		}
		omp_free(block, allocator);
	}
	return wrong_count != 0;
}
