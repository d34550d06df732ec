/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which blocks are of the kind that the environment names, here MEMKIND_DAX_KMEM, which node 0 is.
 * Arguments: the folder of the plugins; whose blocks: "all", "plugin", "program" or "nobody"; the
 * least and the largest size, 0: there is none.
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memkind.h"

enum { PROGRAM, PLUGIN, WHO };

static const char *whose;
static size_t least, most;
static void *plugin, *operators;

/* The functions of the family as WHO calls them; those of the program are libc's. */
static struct family {
	void *(*malloc)(size_t size);
	void *(*calloc)(size_t count, size_t size);
	void *(*realloc)(void *block, size_t size);
	void *(*aligned_alloc)(size_t alignment, size_t size);
	void *(*valloc)(size_t size);
	int (*posix_memalign)(void **block, size_t alignment, size_t size);
} families[WHO] = {
	[PROGRAM] = {malloc, calloc, realloc, aligned_alloc, valloc, posix_memalign},
};

static memkind_t wanted_kind(int who, size_t size)
{
	static const char *const names[WHO] = {"program", "plugin"};

	if (strcmp(whose, "all") != 0 && strcmp(whose, names[who]) != 0)
		return MEMKIND_DEFAULT;
	return size >= least && (most == 0 || size <= most) ? MEMKIND_DAX_KMEM : MEMKIND_DEFAULT;
}

static void check_and_free(int who, size_t size, void *block)
{
	assert_non_null(block);
	assert_ptr_equal(memkind_detect_kind(block), wanted_kind(who, size));
	free(block);
}

static void check_functions(int who, size_t size)
{
	const struct family *family = &families[who];
	void *block;

	check_and_free(who, size, family->malloc(size));
	check_and_free(who, size * 16, family->calloc(16, size));
	check_and_free(who, size, family->realloc(NULL, size));
	check_and_free(who, size, family->realloc(malloc(10), size));
	check_and_free(who, size, family->realloc(malloc(1 << 20), size));
	check_and_free(who, size, family->aligned_alloc(64, size));
	check_and_free(who, size, family->valloc(size));
	assert_int_equal(family->posix_memalign(&block, 4096, size), 0);
	check_and_free(who, size, block);
}

static void blocks_are_of_the_kind_they_should(void **state)
{
	const size_t sizes[] = {1,    least - 1, least,	  least + 1, (least + most) / 2,
				most, most + 1,	 most * 2};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (int who = 0; who < WHO && sizes[i] != 0; who++)
			check_functions(who, sizes[i]);
}

static void what_moves_keeps_its_contents(void **state)
{
	static const size_t sizes[] = {1000, 10000, 2 << 20, 10000, 1000};
	char *block = malloc(1000);

	(void)state;
	memset(block, 'x', 1000);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		block = realloc(block, sizes[i]);
		assert_ptr_equal(memkind_detect_kind(block), wanted_kind(PROGRAM, sizes[i]));
		for (size_t j = 0; j < 1000; j++)
			assert_int_equal(block[j], 'x');
	}
	free(block);
}

/* The C++ library is the plugin's alone: its part without memory has to be found there. */
static void operators_of_plugins_count_as_theirs(void **state)
{
	static const char *const names[] = {
		"plugin_new",
		"plugin_new_array",
		"plugin_new_nothrow",
		"plugin_new_array_nothrow",
		"plugin_new_aligned",
		"plugin_new_array_aligned",
		"plugin_new_aligned_nothrow",
		"plugin_new_array_aligned_nothrow",
	};

	(void)state;
	if (operators == NULL)
		skip();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		void *(*take)(size_t) = dlsym(operators, names[i]);

		assert_non_null(take);
		check_and_free(PLUGIN, least, take(least));
		check_and_free(PLUGIN, 100, take(100));
		assert_null(take(SIZE_MAX / 2));
	}
}

/* Where the library has them. */
static void it_can_be_switched_off(void **state)
{
	void (*disable)(void) = dlsym(RTLD_DEFAULT, "disableAutoHBW");
	void (*enable)(void) = dlsym(RTLD_DEFAULT, "enableAutoHBW");
	void *block;

	(void)state;
	if (disable == NULL || enable == NULL)
		skip();
	disable();
	block = malloc(least);
	assert_ptr_equal(memkind_detect_kind(block), MEMKIND_DEFAULT);
	free(block);
	enable();
	check_and_free(PROGRAM, least, malloc(least));
}

static void *open_plugin(const char *folder, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_of_the_kind_they_should),
		cmocka_unit_test(what_moves_keeps_its_contents),
		cmocka_unit_test(operators_of_plugins_count_as_theirs),
		cmocka_unit_test(it_can_be_switched_off),
	};

	if (argc != 5)
		return 2;
	whose = argv[2];
	least = strtoul(argv[3], NULL, 10);
	most = strtoul(argv[4], NULL, 10);
	plugin = open_plugin(argv[1], "libplugin.so");
	operators = open_plugin(argv[1], "libplugin-operators.so");
	if (plugin == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		return 2;
	}
	families[PLUGIN] = (struct family){
		dlsym(plugin, "plugin_malloc"),	 dlsym(plugin, "plugin_calloc"),
		dlsym(plugin, "plugin_realloc"), dlsym(plugin, "plugin_aligned_alloc"),
		dlsym(plugin, "plugin_valloc"),	 dlsym(plugin, "plugin_posix_memalign"),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
