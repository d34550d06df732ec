/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes fork and exit, threads come and go, signals arrive and the library is closed, all while
 * threads allocate. Arguments: the library's folder, and per cent of the normal counts; the variable
 * LIFECYCLE_SCALE multiplies these for a longer run.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <memkind.h>

enum {
	THREAD_COUNT = 6,
	EXIT_THREAD_COUNT = 3,
	SLOT_COUNT = 128,
	BLOCKS_OF_SHORT_THREAD = 24,
	ROUNDS_OF_TURN = 64,
	SIGNAL_COUNT = 20000,
	EDGE = 32,
	TIME_LIMIT_S = 60,
	/* What the process may grow by while thousands of threads come and go. */
	GROWTH_LIMIT_KB = 4096,
};

static const char *const kind_names[] = {
	"MEMKIND_DEFAULT",
	"MEMKIND_REGULAR",
	"MEMKIND_INTERLEAVE",
	"MEMKIND_DAX_KMEM",
	"MEMKIND_DAX_KMEM_ALL",
	"MEMKIND_DAX_KMEM_PREFERRED",
	"MEMKIND_DAX_KMEM_INTERLEAVE",
};

enum { KIND_COUNT = sizeof(kind_names) / sizeof(kind_names[0]) };

static struct {
	void *handle;
	void *(*malloc)(memkind_t kind, size_t size);
	void *(*calloc)(memkind_t kind, size_t count, size_t size);
	void *(*realloc)(memkind_t kind, void *block, size_t size);
	void (*free)(memkind_t kind, void *block);
	memkind_t kinds[KIND_COUNT];
} library;

/* A block starts with this; its last bytes hold the mark, too. */
struct block {
	size_t size;
	unsigned char mark;
};

/* Guard: lock. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t started;
	unsigned number;
} turn = {.lock = PTHREAD_MUTEX_INITIALIZER, .started = PTHREAD_COND_INITIALIZER};

static char library_path[4096];
static double scale = 1;
static _Atomic(struct block *) slots[SLOT_COUNT];
static _Atomic bool must_stop;
static _Atomic unsigned failure_count, round_count, signal_count;

static unsigned scaled(unsigned count)
{
	double result = count * scale;

	return result < 1 ? 1 : (unsigned)result;
}

static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void *symbol(const char *name)
{
	void *address = dlsym(library.handle, name);

	if (address == NULL)
		abort();
	return address;
}

static void open_library(void)
{
	library.handle = dlopen(library_path, RTLD_NOW | RTLD_LOCAL);
	if (library.handle == NULL)
		abort();
	*(void **)&library.malloc = symbol("memkind_malloc");
	*(void **)&library.calloc = symbol("memkind_calloc");
	*(void **)&library.realloc = symbol("memkind_realloc");
	*(void **)&library.free = symbol("memkind_free");
	for (unsigned i = 0; i < KIND_COUNT; i++)
		library.kinds[i] = *(memkind_t *)symbol(kind_names[i]);
}

static void close_library(void)
{
	assert_int_equal(dlclose(library.handle), 0);
}

static void mark(struct block *block, size_t size, uint32_t *seed)
{
	block->size = size;
	block->mark = (unsigned char)next_random(seed);
	memset((char *)block + size - EDGE, block->mark, EDGE);
}

static bool is_whole(const struct block *block)
{
	const unsigned char *bytes = (const unsigned char *)block + block->size - EDGE;

	for (unsigned i = 0; i < EDGE; i++)
		if (bytes[i] != block->mark)
			return false;
	return true;
}

static size_t random_size(uint32_t *seed)
{
	uint32_t value = next_random(seed);
	unsigned shift = value % 500 == 0 ? 21 : value % 50 == 0 ? 16 : 10;

	return sizeof(struct block) + EDGE + (next_random(seed) & ((1u << shift) - 1));
}

static void free_block(struct block *block)
{
	if (!is_whole(block))
		failure_count++;
	library.free(NULL, block);
}

static struct block *new_block(memkind_t kind, size_t size, uint32_t *seed)
{
	struct block *block;

	if (next_random(seed) % 4 == 0) {
		block = library.calloc(kind, 1, size);
		if (block != NULL &&
		    (block->size != 0 || block->mark != 0 || ((char *)block)[size - 1] != 0))
			failure_count++;
	} else {
		block = library.malloc(kind, size);
	}
	if (block == NULL)
		failure_count++;
	else
		mark(block, size, seed);
	return block;
}

/* Grown or shrunk, the head stays. */
static struct block *resize(struct block *block, size_t size, uint32_t *seed)
{
	size_t old_size = block->size;
	struct block *moved = library.realloc(NULL, block, size);

	if (moved == NULL || moved->size != old_size) {
		failure_count++;
		return moved;
	}
	mark(moved, size, seed);
	return moved;
}

static void hand_over(struct block *block, uint32_t *seed)
{
	block = atomic_exchange(&slots[next_random(seed) % SLOT_COUNT], block);
	if (block != NULL)
		free_block(block);
}

static void do_round(uint32_t *seed)
{
	memkind_t kind = library.kinds[next_random(seed) % KIND_COUNT];
	struct block *block = new_block(kind, random_size(seed), seed);

	if (block != NULL && next_random(seed) % 8 == 0)
		block = resize(block, random_size(seed), seed);
	if (block != NULL)
		hand_over(block, seed);
	round_count++;
}

static void *allocate_until_told(void *argument)
{
	uint32_t seed = 7u + 2654435761u * (uint32_t)(uintptr_t)argument;

	while (!must_stop)
		do_round(&seed);
	return NULL;
}

static void start_threads(pthread_t *threads, unsigned count, void *(*body)(void *))
{
	must_stop = false;
	for (uintptr_t i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, body, (void *)(i + 1)) != 0)
			abort();
}

static void join_threads(const pthread_t *threads, unsigned count)
{
	must_stop = true;
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void empty_slots(void)
{
	for (unsigned i = 0; i < SLOT_COUNT; i++) {
		struct block *block = atomic_exchange(&slots[i], NULL);

		if (block != NULL)
			free_block(block);
	}
}

static pid_t fork_quietly(void)
{
	pid_t child;

	/* Else a child that exits prints what is in the buffers once more. */
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		alarm(TIME_LIMIT_S);
	return child;
}

static void assert_child_is_well(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) != child)
		assert_int_equal(errno, EINTR);
	assert_int_equal(status, 0);
}

static void exit_while_threads_allocate(void)
{
	pthread_t threads[EXIT_THREAD_COUNT];

	open_library();
	start_threads(threads, EXIT_THREAD_COUNT, allocate_until_told);
	while (round_count < 20 * EXIT_THREAD_COUNT)
		sched_yield();
	exit(failure_count != 0);
}

/* Nothing used the library before: each child starts it. */
static void a_process_may_exit_while_threads_allocate(void **state)
{
	unsigned count = scaled(1000);

	(void)state;
	for (unsigned i = 0; i < count; i++) {
		pid_t child = fork_quietly();

		if (child == 0)
			exit_while_threads_allocate();
		assert_child_is_well(child);
	}
}

static void the_library_may_be_closed_while_threads_allocate(void **state)
{
	pthread_t threads[THREAD_COUNT];
	unsigned count = scaled(1000);

	(void)state;
	open_library();
	start_threads(threads, THREAD_COUNT, allocate_until_told);
	close_library();
	for (unsigned i = 0; i < count; i++) {
		void *handle = dlopen(library_path, RTLD_NOW | RTLD_LOCAL);

		assert_non_null(handle);
		assert_int_equal(dlclose(handle), 0);
	}
	join_threads(threads, THREAD_COUNT);
	assert_int_equal(failure_count, 0);
	open_library();
	empty_slots();
	assert_int_equal(failure_count, 0);
}

static int use_all_kinds(void)
{
	uint32_t seed = 11;

	failure_count = 0;
	for (unsigned i = 0; i < KIND_COUNT; i++)
		for (size_t size = 100; size <= 1000000; size *= 100) {
			struct block *block = new_block(library.kinds[i], size, &seed);

			if (block != NULL)
				free_block(block);
		}
	return failure_count != 0;
}

/* Allocates in turns that the forking thread starts: else this one hardly gets a CPU. */
static void *allocate_in_turns(void *argument)
{
	uint32_t seed = 31u + 2654435761u * (uint32_t)(uintptr_t)argument;
	unsigned seen = 0;

	while (!must_stop) {
		pthread_mutex_lock(&turn.lock);
		while (turn.number == seen && !must_stop)
			pthread_cond_wait(&turn.started, &turn.lock);
		seen = turn.number;
		pthread_mutex_unlock(&turn.lock);
		for (unsigned i = 0; i < ROUNDS_OF_TURN; i++)
			do_round(&seed);
	}
	return NULL;
}

static void start_turn(bool is_last)
{
	pthread_mutex_lock(&turn.lock);
	turn.number++;
	must_stop = is_last;
	pthread_cond_broadcast(&turn.started);
	pthread_mutex_unlock(&turn.lock);
}

static void a_process_may_fork_while_threads_allocate(void **state)
{
	pthread_t threads[THREAD_COUNT];
	unsigned count = scaled(1000);

	(void)state;
	start_threads(threads, THREAD_COUNT, allocate_in_turns);
	for (unsigned i = 0; i < count; i++) {
		unsigned begin = round_count;
		pid_t child;

		start_turn(false);
		/* The fork comes early in one turn and late in another. */
		while (round_count - begin < 1 + i % ROUNDS_OF_TURN)
			sched_yield();
		child = fork_quietly();
		if (child == 0)
			_exit(use_all_kinds());
		assert_child_is_well(child);
	}
	start_turn(true);
	join_threads(threads, THREAD_COUNT);
	empty_slots();
	assert_int_equal(failure_count, 0);
}

static void count_signal(int number)
{
	(void)number;
	signal_count++;
}

static void *allocate_until_signalled(void *argument)
{
	uint32_t seed = 63u + 2654435761u * (uint32_t)(uintptr_t)argument;

	while (signal_count < scaled(SIGNAL_COUNT))
		do_round(&seed);
	return NULL;
}

/* As a profiler sends them: a handler that does nothing to the heap, without SA_RESTART. */
static void signals_may_arrive_at_any_time(void **state)
{
	struct sigaction action = {.sa_handler = count_signal};
	struct itimerval interval = {{0, 50}, {0, 50}}, stop = {{0, 0}, {0, 0}};
	pthread_t threads[THREAD_COUNT];
	sigset_t alarms;

	(void)state;
	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	start_threads(threads, THREAD_COUNT, allocate_until_signalled);
	/* Not to this thread, which only waits. */
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &alarms, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &interval, NULL), 0);
	join_threads(threads, THREAD_COUNT);
	assert_int_equal(setitimer(ITIMER_REAL, &stop, NULL), 0);
	empty_slots();
	assert_int_equal(failure_count, 0);
}

static unsigned long resident_kb(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*u %lu", &pages), 1);
	fclose(file);
	return pages * ((unsigned long)sysconf(_SC_PAGESIZE) / 1024);
}

/* Frees half of its blocks itself; others free the rest, most of them when it is gone. */
static void *allocate_and_end(void *argument)
{
	uint32_t seed = 99u + 2654435761u * (uint32_t)(uintptr_t)argument;
	struct block *blocks[BLOCKS_OF_SHORT_THREAD];

	for (unsigned i = 0; i < BLOCKS_OF_SHORT_THREAD; i++)
		blocks[i] = new_block(library.kinds[1 + i % 2], 64 << i % 8, &seed);
	for (unsigned i = 0; i < BLOCKS_OF_SHORT_THREAD; i++) {
		if (blocks[i] == NULL)
			continue;
		if (i % 2 == 0)
			free_block(blocks[i]);
		else
			hand_over(blocks[i], &seed);
	}
	return NULL;
}

static void run_short_threads(unsigned count)
{
	pthread_t threads[4];

	for (unsigned i = 0; i < count; i += 4) {
		start_threads(threads, 4, allocate_and_end);
		join_threads(threads, 4);
	}
}

static void short_threads_leak_nothing(void **state)
{
	unsigned count = scaled(100000);
	unsigned long before, after;

	(void)state;
	run_short_threads(count / 10 + 2000);
	before = resident_kb();
	run_short_threads(count - count / 10);
	after = resident_kb();
	empty_slots();
	assert_int_equal(failure_count, 0);
	/* With fewer threads than normal: a sanitizer, which keeps memory of its own. */
	if (scale >= 1 && after > before + GROWTH_LIMIT_KB)
		fail_msg("%lu KiB more after %u threads", after - before, count);
}

int main(int argc, char **argv)
{
	/* The first one finds no library in the process; the others use the one that is open. */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_may_exit_while_threads_allocate),
		cmocka_unit_test(the_library_may_be_closed_while_threads_allocate),
		cmocka_unit_test(a_process_may_fork_while_threads_allocate),
		cmocka_unit_test(signals_may_arrive_at_any_time),
		cmocka_unit_test(short_threads_leak_nothing),
	};
	const char *longer = getenv("LIFECYCLE_SCALE");

	if (argc != 3)
		return 99;
	snprintf(library_path, sizeof(library_path), "%s/libmemkind.so.0", argv[1]);
	scale = strtod(argv[2], NULL) / 100 * (longer == NULL ? 1 : strtod(longer, NULL));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
