/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program does with its memory while threads come and go, processes are forked, and plugins
 * loaded and unloaded. Argument: the folder of the plugins.
 */
#include <dlfcn.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "memkind.h"

enum { THREADS = 8, ROUNDS = 20000, SLOTS = 512, FORKS = 40 };

static const char *folder;
static atomic_bool has_to_stop;

/* A block begins with its size and ends with it; both say that nobody else wrote to it. */
static void *make(uint32_t size)
{
	unsigned char *block = malloc(size);

	memcpy(block, &size, sizeof(size));
	memcpy(block + size - sizeof(size), &size, sizeof(size));
	return block;
}

static bool is_intact(const void *block)
{
	const unsigned char *bytes = block;
	uint32_t size;

	memcpy(&size, bytes, sizeof(size));
	return memcmp(bytes + size - sizeof(size), &size, sizeof(size)) == 0;
}

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static uint32_t random_size(uint32_t *state)
{
	uint32_t bits = next_random(state) % 17;

	return 8 + next_random(state) % (1U << bits);
}

static void *_Atomic shared[SLOTS];

/* Puts blocks where other threads take them to free or resize them. NULL: all were intact. */
static void *exchange(void *argument)
{
	uint32_t state = (uint32_t)(uintptr_t)argument;

	for (int i = 0; i < ROUNDS; i++) {
		uint32_t size = random_size(&state);
		void *block = atomic_exchange(&shared[next_random(&state) % SLOTS], NULL);

		if (block != NULL && !is_intact(block))
			return block;
		if (block != NULL && size % 4 == 0) {
			block = realloc(block, size);
			memcpy(block, &size, sizeof(size));
			memcpy((char *)block + size - sizeof(size), &size, sizeof(size));
		} else {
			free(block);
			block = make(size);
		}
		block = atomic_exchange(&shared[next_random(&state) % SLOTS], block);
		if (block != NULL && !is_intact(block))
			return block;
		free(block);
	}
	return NULL;
}

static void threads_exchange_blocks(void **test_state)
{
	pthread_t threads[THREADS];

	(void)test_state;
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, exchange, (void *)(i + 1)), 0);
	for (int i = 0; i < THREADS; i++) {
		void *broken;

		pthread_join(threads[i], &broken);
		assert_null(broken);
	}
	for (int i = 0; i < SLOTS; i++)
		free(atomic_exchange(&shared[i], NULL));
}

static pthread_key_t key;
static atomic_int ended_count;

/* Runs when the library's own handler of the thread's end may have run already. */
static void end_of_thread(void *block)
{
	void *others[100];

	if (!is_intact(block))
		return;
	for (int i = 0; i < 100; i++)
		others[i] = make(8 + 300 * (uint32_t)i);
	for (int i = 0; i < 100; i++)
		free(others[i]);
	free(block);
	/* A second time in the next round of destructors. */
	if (atomic_fetch_add(&ended_count, 1) % 2 == 0)
		pthread_setspecific(key, make(100));
}

static void *set_and_end(void *argument)
{
	(void)argument;
	pthread_setspecific(key, make(200));
	return NULL;
}

static void destructors_of_threads_allocate(void **state)
{
	(void)state;
	assert_int_equal(pthread_key_create(&key, end_of_thread), 0);
	for (int i = 0; i < 200; i++) {
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, set_and_end, NULL), 0);
		pthread_join(thread, NULL);
	}
	assert_int_equal(ended_count, 400);
	pthread_key_delete(key);
}

static void *churn(void *argument)
{
	uint32_t state = (uint32_t)(uintptr_t)argument;
	void *kept[64] = {0};

	while (!atomic_load(&has_to_stop)) {
		unsigned slot = next_random(&state) % 64;

		free(kept[slot]);
		kept[slot] = make(random_size(&state));
	}
	for (int i = 0; i < 64; i++)
		free(kept[i]);
	return NULL;
}

/* What a child does that was forked while others allocated; also in a thread of its own. */
static void live_as_child(void *block)
{
	pthread_t thread;
	void *broken;
	int status;

	if (!is_intact(block))
		_exit(2);
	free(block);
	if (pthread_create(&thread, NULL, exchange, (void *)99) != 0)
		_exit(3);
	pthread_join(thread, &broken);
	if (broken != NULL)
		_exit(4);
	if (fork() == 0)
		_exit(exchange((void *)98) == NULL ? 0 : 5);
	wait(&status);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 6);
}

static void children_allocate(void **state)
{
	pthread_t threads[4];

	(void)state;
	atomic_store(&has_to_stop, false);
	for (uintptr_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, churn, (void *)(i + 1)), 0);
	for (int i = 0; i < FORKS; i++) {
		void *block = make(1000);
		int status;

		if (fork() == 0) {
			alarm(60);
			live_as_child(block);
		}
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
		assert_true(is_intact(block));
		free(block);
	}
	atomic_store(&has_to_stop, true);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

static void *open_plugin(int flags)
{
	char path[PATH_MAX];
	void *plugin;

	snprintf(path, sizeof(path), "%s/libplugin.so", folder);
	plugin = dlopen(path, flags);
	if (plugin == NULL)
		fail_msg("%s", dlerror());
	return plugin;
}

/* Its constructor and its destructor allocate; a block of it outlives it. */
static void plugins_come_and_go(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++) {
		void *plugin = open_plugin(i % 2 == 0 ? RTLD_NOW | RTLD_LOCAL : RTLD_LAZY);
		void *(*take)(size_t) = dlsym(plugin, "plugin_malloc");
		void *(*resize)(void *, size_t) = dlsym(plugin, "plugin_realloc");
		char *block = take(100);
		char *moved = resize(strdup("text of the program"), 100000);

		assert_string_equal(moved, "text of the program");
		strcpy(block, "text of the plugin");
		assert_non_null(memkind_detect_kind(block));
		assert_int_equal(dlclose(plugin), 0);
		block = realloc(block, 5000);
		assert_string_equal(block, "text of the plugin");
		free(block);
		free(moved);
	}
}

/* It uses libmemkind itself, too: both see each other's blocks. */
static void programs_use_memkind_themselves(void **state)
{
	void *ours = memkind_malloc(MEMKIND_REGULAR, 100);
	void *plain = malloc(100);

	(void)state;
	assert_ptr_equal(memkind_detect_kind(ours), MEMKIND_REGULAR);
	assert_null(memkind_malloc(MEMKIND_REGULAR, 0));
	assert_null(memkind_malloc(MEMKIND_DEFAULT, 0));
	assert_true(malloc_usable_size(ours) >= 100);
	free(ours);
	memkind_free(NULL, plain);
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_exchange_blocks),
		cmocka_unit_test(destructors_of_threads_allocate),
		cmocka_unit_test(children_allocate),
		cmocka_unit_test(plugins_come_and_go),
		cmocka_unit_test(programs_use_memkind_themselves),
	};

	if (argc != 2)
		return 2;
	folder = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
