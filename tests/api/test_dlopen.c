/* SPDX-License-Identifier: BSD-2-Clause */
/* The library opened by its name, as OpenMP runtimes do. Argument: the library's folder. */
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <memkind.h>

static const char *folder;
static pthread_barrier_t closed;

struct library {
	void *handle;
	int (*check_available)(memkind_t kind);
	void *(*malloc)(memkind_t kind, size_t size);
	void (*free)(memkind_t kind, void *block);
	memkind_t *kind;
};

static void *symbol(void *handle, const char *name)
{
	void *address = dlsym(handle, name);

	assert_non_null(address);
	return address;
}

static void open_library(const char *name, struct library *ret_library)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	ret_library->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (ret_library->handle == NULL)
		fail_msg("%s", dlerror());
	*(void **)&ret_library->check_available =
		symbol(ret_library->handle, "memkind_check_available");
	*(void **)&ret_library->malloc = symbol(ret_library->handle, "memkind_malloc");
	*(void **)&ret_library->free = symbol(ret_library->handle, "memkind_free");
	ret_library->kind = symbol(ret_library->handle, "MEMKIND_DAX_KMEM");
}

static void both_names_open_the_library(void **state)
{
	static const char *const names[] = {"libmemkind.so", "libmemkind.so.0"};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct library library;
		char *block;

		open_library(names[i], &library);
		assert_int_equal(library.check_available(*library.kind), 0);
		block = library.malloc(*library.kind, 1000);
		assert_non_null(block);
		memset(block, 1, 1000);
		library.free(NULL, block);
		dlclose(library.handle);
	}
}

/* The thread's cache outlives the dlclose of another thread, and its end finds the code. */
static void *use_and_end_after_close(void *argument)
{
	struct library *library = argument;
	void *block = library->malloc(*library->kind, 100);

	library->free(NULL, block);
	pthread_barrier_wait(&closed);
	pthread_barrier_wait(&closed);
	return block == NULL ? NULL : argument;
}

static void threads_may_end_after_dlclose(void **state)
{
	struct library library;
	pthread_t thread;
	void *result = NULL;

	(void)state;
	pthread_barrier_init(&closed, NULL, 2);
	open_library("libmemkind.so", &library);
	assert_int_equal(pthread_create(&thread, NULL, use_and_end_after_close, &library), 0);
	pthread_barrier_wait(&closed);
	dlclose(library.handle);
	pthread_barrier_wait(&closed);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_ptr_equal(result, &library);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_names_open_the_library),
		cmocka_unit_test(threads_may_end_after_dlclose),
	};

	if (argc != 2)
		return 99;
	folder = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
