/* SPDX-License-Identifier: BSD-2-Clause */
/* Sets up the allocator under test: the table of interfaces, and the process's malloc and kinds. */
#include "allocator.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FIRST_FIXED_SIZE ((size_t)8 << 30)

struct memkind;
struct memtier_builder;
typedef int create_pmem_function(const char *directory, size_t limit, struct memkind **ret_kind);
typedef int create_fixed_function(void *area, size_t size, struct memkind **ret_kind);

struct bench_allocator bench_allocator;

static create_pmem_function *create_pmem;
static create_fixed_function *create_fixed;
static const char *pmem_directory;
static int (*set_threads)(bool state);

void bench_die(const char *what)
{
	fprintf(stderr, "bench: %s failed\n", what);
	exit(1);
}

void bench_lack(const char *reason)
{
	fprintf(stderr, "%s\n", reason);
	exit(BENCH_EXIT_LACKING);
}

void *bench_symbol(void *library, const char *name)
{
	void *found = dlsym(library, name);

	if (found == NULL) {
		fprintf(stderr, "there is no %s\n", name);
		exit(BENCH_EXIT_LACKING);
	}
	return found;
}

void *bench_load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (library == NULL)
		bench_lack(dlerror());
	return library;
}

/* jemalloc only has such a thread. */
static int start_process_thread(void)
{
	int (*mallctl)(const char *name, void *old, size_t *old_size, void *new, size_t new_size);
	bool yes = true;

	mallctl = dlsym(RTLD_DEFAULT, "mallctl");
	return mallctl == NULL ? -1 : mallctl("background_thread", NULL, NULL, &yes, sizeof(yes));
}

/* The first of these that the process has, which depends on what is preloaded. */
static void purge_process(void)
{
	int (*trim)(size_t keep) = dlsym(RTLD_DEFAULT, "malloc_trim");
	int (*mallctl)(const char *name, void *old, size_t *old_size, void *new, size_t new_size);
	void (*mimalloc_collect)(bool force) = dlsym(RTLD_DEFAULT, "mi_collect");
	void (*tcmalloc_release)(void) = dlsym(RTLD_DEFAULT, "MallocExtension_ReleaseFreeMemory");
	int (*tbb_command)(int command, void *argument);

	mallctl = dlsym(RTLD_DEFAULT, "mallctl");
	tbb_command = dlsym(RTLD_DEFAULT, "scalable_allocation_command");
	if (mallctl != NULL) {
		mallctl("thread.tcache.flush", NULL, NULL, NULL, 0);
		mallctl("arena.4096.purge", NULL, NULL, NULL, 0); /* MALLCTL_ARENAS_ALL */
	} else if (mimalloc_collect != NULL) {
		mimalloc_collect(true);
	} else if (tcmalloc_release != NULL) {
		tcmalloc_release();
	} else if (tbb_command != NULL) {
		tbb_command(0, NULL); /* TBBMALLOC_CLEAN_ALL_BUFFERS */
	} else if (trim != NULL) {
		trim(0);
	}
}

static void use_process(char **arguments)
{
	struct bench_allocator *allocator = &bench_allocator;

	(void)arguments;
	allocator->malloc = bench_symbol(RTLD_DEFAULT, "malloc");
	allocator->calloc = bench_symbol(RTLD_DEFAULT, "calloc");
	allocator->realloc = bench_symbol(RTLD_DEFAULT, "realloc");
	allocator->memalign = bench_symbol(RTLD_DEFAULT, "posix_memalign");
	allocator->free = bench_symbol(RTLD_DEFAULT, "free");
	allocator->frees_without_pool = true;
	allocator->start_thread = start_process_thread;
	allocator->purge = purge_process;
}

static int start_kinds_thread(void)
{
	return set_threads(true);
}

static void *use_library(const char *path)
{
	struct bench_allocator *allocator = &bench_allocator;
	void *library = bench_load(path);

	allocator->pool_malloc = bench_symbol(library, "memkind_malloc");
	allocator->pool_calloc = bench_symbol(library, "memkind_calloc");
	allocator->pool_realloc = bench_symbol(library, "memkind_realloc");
	allocator->pool_memalign = bench_symbol(library, "memkind_posix_memalign");
	allocator->pool_free = bench_symbol(library, "memkind_free");
	allocator->detect = bench_symbol(library, "memkind_detect_kind");
	set_threads = bench_symbol(library, "memkind_set_bg_threads");
	allocator->start_thread = start_kinds_thread;
	allocator->frees_without_pool = true;
	return library;
}

static void use_kind(char **arguments)
{
	void *library = use_library(arguments[0]);

	bench_allocator.pool = *(void **)bench_symbol(library, arguments[1]);
	bench_allocator.free_pool = bench_allocator.pool;
}

static void use_kind_freed_as_null(char **arguments)
{
	use_kind(arguments);
	bench_allocator.free_pool = NULL;
}

/* Without a limit: the file grows as it is used. */
static void *new_pmem_kind(size_t size)
{
	struct memkind *kind = NULL;

	(void)size;
	return create_pmem(pmem_directory, 0, &kind) == 0 ? kind : NULL;
}

static void *new_fixed_kind(size_t size)
{
	struct memkind *kind = NULL;
	void *area = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (area == MAP_FAILED)
		return NULL;
	return create_fixed(area, size, &kind) == 0 ? kind : NULL;
}

static void use_first_of_created(void *(*create)(size_t size))
{
	bench_allocator.create = create;
	bench_allocator.pool = create(FIRST_FIXED_SIZE);
	bench_allocator.free_pool = bench_allocator.pool;
	if (bench_allocator.pool == NULL)
		bench_die("creating a kind");
}

static void use_pmem(char **arguments)
{
	create_pmem = bench_symbol(use_library(arguments[0]), "memkind_create_pmem");
	pmem_directory = arguments[1];
	use_first_of_created(new_pmem_kind);
}

static void use_fixed(char **arguments)
{
	create_fixed = bench_symbol(use_library(arguments[0]), "memkind_create_fixed");
	use_first_of_created(new_fixed_kind);
}

/* So much in each tier, by its ratio, that the thread need not look at the totals each time. */
static void fill_tier(void *library, struct memkind *kind, size_t ratio)
{
	void *(*take)(struct memkind * kind, size_t size);

	take = bench_symbol(library, "memtier_kind_malloc");
	if (take(kind, ratio << 25) == NULL)
		bench_die("filling tiers");
}

static void use_tiers(char **arguments)
{
	struct bench_allocator *allocator = &bench_allocator;
	void *library = use_library(arguments[0]);
	struct memkind *near = *(struct memkind **)bench_symbol(library, "MEMKIND_DEFAULT");
	struct memkind *far = *(struct memkind **)bench_symbol(library, "MEMKIND_REGULAR");
	struct memtier_builder *(*new_builder)(unsigned policy);
	int (*add_tier)(struct memtier_builder * builder, struct memkind * kind, unsigned ratio);
	void *(*construct)(struct memtier_builder * builder);
	struct memtier_builder *builder;

	new_builder = bench_symbol(library, "memtier_builder_new");
	add_tier = bench_symbol(library, "memtier_builder_add_tier");
	construct = bench_symbol(library, "memtier_builder_construct_memtier_memory");
	builder = new_builder(strcmp(arguments[1], "threshold") == 0);
	if (builder == NULL || add_tier(builder, near, 1) != 0 || add_tier(builder, far, 4) != 0)
		bench_die("building tiers");
	fill_tier(library, near, 1);
	fill_tier(library, far, 4);
	allocator->pool = construct(builder);
	allocator->pool_malloc = bench_symbol(library, "memtier_malloc");
	allocator->pool_calloc = bench_symbol(library, "memtier_calloc");
	allocator->pool_realloc = bench_symbol(library, "memtier_realloc");
	allocator->pool_memalign = bench_symbol(library, "memtier_posix_memalign");
	allocator->pool_free = bench_symbol(library, "memtier_kind_free");
}

static const struct interface {
	const char *name;
	int argument_count;
	void (*use)(char **arguments);
} interfaces[] = {
	{"process", 0, use_process},
	{"kind", 2, use_kind},				   /* LIBRARY SYMBOL */
	{"kind-freed-as-null", 2, use_kind_freed_as_null}, /* LIBRARY SYMBOL */
	{"pmem", 2, use_pmem},				   /* LIBRARY DIRECTORY */
	{"fixed", 1, use_fixed},			   /* LIBRARY */
	{"tiers", 2, use_tiers},			   /* LIBRARY "ratio" or "threshold" */
	{"jemalloc", 0, bench_use_jemalloc},
	{"mimalloc", 0, bench_use_mimalloc},
	{"tbb", 1, bench_use_tbb}, /* LIBRARY */
};

void bench_choose(int word_count, char **words)
{
	for (size_t i = 0; i < sizeof(interfaces) / sizeof(interfaces[0]) && word_count > 0; i++) {
		if (strcmp(interfaces[i].name, words[0]) != 0)
			continue;
		if (interfaces[i].argument_count != word_count - 1)
			break;
		interfaces[i].use(words + 1);
		return;
	}
	bench_die("finding such an interface");
}
