/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts what an operation costs: instructions, system calls, mappings, pages of payload touched.
 *
 * The parent single-steps the child and counts the steps in memory that both share: the child reads
 * an instruction counter. Unlike under valgrind, the registered rseq is used. A line of output is
 * NAME.SIZE VALUE. Usage: count SET INTERFACE [ARGUMENT...], the set and the interface being names
 * of the tables below and of allocator.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "allocator.h"
#include "random.h"

enum { SAMPLE_COUNT = 33, WARM_UP_COUNT = 100, BLOCK_LIMIT = 1000, CALLOC_COUNT = 8, PAGE = 4096 };
enum mode { MODE_RUN, MODE_STEP, MODE_SYSTEM_CALLS };
/* FRESH belongs to "budget" as well; "reused" is what is left of it without. */
enum { HITS = 1, BUDGET = 2, COMPARE = 4, FRESH = 8, TIERS = 16 };

#define CALLOC_SIZE ((size_t)4 << 20)

/* The child asks for a mode; the parent counts. */
struct shared {
	volatile enum mode mode;
	volatile uint64_t steps;
	volatile uint64_t system_call_stops;
};

typedef void *malloc_function(void *pool, size_t size);
typedef void free_function(void *pool, void *block);

/*
 * What is stepped through. Functions of a pool take it first; malloc and free take one argument,
 * which is given to them in its place.
 */
static malloc_function *volatile stepped_malloc;
static free_function *volatile stepped_free;

static struct shared *shared;
static uint64_t malloc_frame;
static uint64_t free_frame;
static uint64_t touch_count;
static void *blocks[BLOCK_LIMIT];

/* One instruction, to subtract what a call costs around the function itself. */
void bench_nothing(void);
__asm__(".text\n.globl bench_nothing\nbench_nothing:\n\tret\n");

static void enter(enum mode mode)
{
	shared->mode = mode;
	raise(SIGUSR1);
}

static void print(const char *what, size_t size, double value)
{
	printf("%s.%zu %.1f\n", what, size, value);
}

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static uint64_t median(uint64_t *samples, size_t count)
{
	qsort(samples, count, sizeof(*samples), compare);
	return samples[count / 2];
}

static __attribute__((noinline)) uint64_t step_malloc(size_t size, void **ret_block)
{
	malloc_function *function = stepped_malloc;
	void *first = bench_allocator.pool != NULL ? bench_allocator.pool : (void *)size;
	uint64_t start = shared->steps;

	*ret_block = function(first, size);
	return shared->steps - start - malloc_frame;
}

static __attribute__((noinline)) uint64_t step_free(void *block)
{
	free_function *function = stepped_free;
	void *first = bench_allocator.pool != NULL ? bench_allocator.free_pool : block;
	uint64_t start = shared->steps;

	function(first, block);
	return shared->steps - start - free_frame;
}

/* What is counted around the function, the counter's own instructions. */
static void measure_frames(void)
{
	void *block;

	stepped_malloc = (malloc_function *)(void *)bench_nothing;
	stepped_free = (free_function *)(void *)bench_nothing;
	enter(MODE_STEP);
	malloc_frame = step_malloc(64, &block) - 1;
	free_frame = step_free(NULL) - 1;
	enter(MODE_RUN);
}

static void choose_functions(void)
{
	const struct bench_allocator *allocator = &bench_allocator;

	if (allocator->pool != NULL) {
		stepped_malloc = allocator->pool_malloc;
		stepped_free = allocator->pool_free;
	} else {
		stepped_malloc = (malloc_function *)(void *)allocator->malloc;
		stepped_free = (free_function *)(void *)allocator->free;
	}
}

static void warm_up(size_t size)
{
	for (int i = 0; i < WARM_UP_COUNT; i++)
		bench_free(bench_take(size));
}

static void count_hits(size_t size, int count)
{
	uint64_t mallocs[SAMPLE_COUNT];
	uint64_t frees[SAMPLE_COUNT];
	void *block;

	/* Some stay: what a page or slab costs that runs empty each time is another matter. */
	for (int i = 0; i < count; i++)
		blocks[i] = bench_take(size);
	warm_up(size);
	enter(MODE_STEP);
	for (int i = 0; i < SAMPLE_COUNT; i++) {
		mallocs[i] = step_malloc(size, &block);
		frees[i] = step_free(block);
	}
	enter(MODE_RUN);
	for (int i = 0; i < count; i++)
		bench_free(blocks[i]);
	print("malloc", size, (double)median(mallocs, SAMPLE_COUNT));
	print("free", size, (double)median(frees, SAMPLE_COUNT));
}

static void fill_and_drain(size_t size, int count)
{
	for (int i = 0; i < count; i++)
		blocks[i] = bench_take(size);
	for (int i = 0; i < count; i++)
		bench_free(blocks[i]);
}

/* Adds the steps of what takes place from block FIRST to block LAST, both in order. */
static void step_window(size_t size, int count, int first, int last, uint64_t *mallocs,
			uint64_t *frees)
{
	for (int i = 0; i < first; i++)
		blocks[i] = bench_take(size);
	enter(MODE_STEP);
	for (int i = first; i < last; i++)
		*mallocs += step_malloc(size, &blocks[i]);
	enter(MODE_RUN);
	for (int i = last; i < count; i++)
		blocks[i] = bench_take(size);
	for (int i = 0; i < first; i++)
		bench_free(blocks[i]);
	enter(MODE_STEP);
	for (int i = first; i < last; i++)
		*frees += step_free(blocks[i]);
	enter(MODE_RUN);
	for (int i = last; i < count; i++)
		bench_free(blocks[i]);
}

/* Means; few blocks are taken and freed often, so that what happens now and then has its share. */
static void count_window(size_t size, int count, int first, int last)
{
	int round_count = BLOCK_LIMIT / count;
	uint64_t mallocs = 0;
	uint64_t frees = 0;

	for (int i = 0; i < 4; i++)
		fill_and_drain(size, count);
	for (int i = 0; i < round_count; i++)
		step_window(size, count, first, last, &mallocs, &frees);
	print("fifo_malloc", size, (double)mallocs / (last - first) / round_count);
	print("fifo_free", size, (double)frees / (last - first) / round_count);
}

/* COUNT blocks, freed in the order of their allocation: misses and flushes are part of the mean. */
static void count_fifo(size_t size, int count)
{
	count_window(size, count, 0, count);
}

/* A seventh, in the middle: some peers need thousands of steps for each. */
static void count_fifo_part(size_t size, int count)
{
	count_window(size, count, count * 3 / 7, count * 4 / 7);
}

static void count_random_reuse(size_t size, int count)
{
	enum { PAIR_COUNT = 500 };
	uint64_t state = 1;
	uint64_t steps = 0;

	for (int i = 0; i < count; i++)
		blocks[i] = bench_take(size);
	enter(MODE_STEP);
	for (int i = 0; i < PAIR_COUNT; i++) {
		size_t slot = bench_random(&state) % (unsigned)count;

		steps += step_free(blocks[slot]);
		steps += step_malloc(size, &blocks[slot]);
	}
	enter(MODE_RUN);
	for (int i = 0; i < count; i++)
		bench_free(blocks[i]);
	print("random_pair", size, (double)steps / PAIR_COUNT);
}

static void count_system_calls(size_t size, int count)
{
	uint64_t stops;

	for (int i = 0; i < 4; i++)
		fill_and_drain(size, count);
	enter(MODE_SYSTEM_CALLS);
	stops = shared->system_call_stops;
	for (int i = 0; i < WARM_UP_COUNT; i++)
		fill_and_drain(size, count);
	stops = shared->system_call_stops - stops;
	enter(MODE_RUN);
	/* Each stops at its entry and at its exit. */
	print("system_calls", size, (double)stops / 2);
}

static size_t resident_page_count(void *block, size_t size)
{
	unsigned char pages[CALLOC_SIZE / PAGE];
	uintptr_t start = (uintptr_t)block & ~(uintptr_t)(PAGE - 1);
	size_t resident = 0;

	if (mincore((void *)start, size, pages) != 0)
		return SIZE_MAX;
	for (size_t i = 0; i < size / PAGE; i++)
		resident += pages[i] & 1;
	return resident;
}

/* Never freed before, so never used: the worst of some blocks. */
static void count_fresh_calloc(size_t size, int count)
{
	uint64_t worst = 0;
	size_t resident = 0;

	for (int i = 0; i < count; i++) {
		uint64_t start;

		enter(MODE_STEP);
		start = shared->steps;
		blocks[i] = bench_allocator.pool_calloc(bench_allocator.pool, 1, size);
		start = shared->steps - start;
		enter(MODE_RUN);
		worst = start > worst ? start : worst;
		resident += resident_page_count(blocks[i], size);
	}
	for (int i = 0; i < count; i++)
		bench_free(blocks[i]);
	print("calloc_fresh", size, (double)worst);
	print("calloc_resident", size, (double)resident);
}

static void on_touch(int signal_number, siginfo_t *info, void *context)
{
	uintptr_t page = (uintptr_t)info->si_addr & ~(uintptr_t)(PAGE - 1);

	(void)signal_number;
	(void)context;
	touch_count++;
	if (mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE) != 0)
		_exit(1);
}

/*
 * Whole pages, so that what lies between the blocks is guarded too. What the allocator has unmapped
 * since is left alone.
 */
static void protect_payload(size_t size, int count, int protection)
{
	for (int i = 0; i < count; i++) {
		uintptr_t start = (uintptr_t)blocks[i] & ~(uintptr_t)(PAGE - 1);
		uintptr_t end = ((uintptr_t)blocks[i] + size + PAGE - 1) & ~(uintptr_t)(PAGE - 1);

		if (mprotect((void *)start, end - start, protection) != 0 && errno != ENOMEM)
			bench_die("mprotect");
	}
}

static void count_touches(size_t size, int count)
{
	struct sigaction action = {.sa_sigaction = on_touch, .sa_flags = SA_SIGINFO};
	uint64_t touched;

	sigaction(SIGSEGV, &action, NULL);
	for (int i = 0; i < count; i++)
		blocks[i] = bench_take(size);
	touch_count = 0;
	protect_payload(size, count, PROT_NONE);
	for (int i = 0; i < count; i++)
		bench_free(blocks[i]);
	for (int i = 0; i < count; i++)
		blocks[i] = bench_take(size);
	touched = touch_count;
	protect_payload(size, count, PROT_READ | PROT_WRITE);
	for (int i = 0; i < count; i++)
		bench_free(blocks[i]);
	print("touched", size, (double)touched);
}

static size_t mapping_count(void)
{
	char text[65536];
	int file = open("/proc/self/maps", O_RDONLY);
	size_t count = 0;
	ssize_t size;

	while ((size = read(file, text, sizeof(text))) > 0)
		for (ssize_t i = 0; i < size; i++)
			count += text[i] == '\n';
	close(file);
	return count;
}

/* System calls and mappings that COUNT blocks, which stay, bring about. */
static void count_growth(size_t size, int count)
{
	uint64_t stops;
	size_t mappings = mapping_count();

	enter(MODE_SYSTEM_CALLS);
	stops = shared->system_call_stops;
	for (int i = 0; i < count; i++)
		bench_malloc(size);
	stops = shared->system_call_stops - stops;
	enter(MODE_RUN);
	print("gib_system_calls", size, (double)stops / 2);
	print("gib_mappings", size, (double)(mapping_count() - mappings));
}

static const struct counter {
	void (*run)(size_t size, int count);
	size_t size;
	int count;
	unsigned sets;
} counters[] = {
	/* First, while no memory of the heap has been used. */
	{count_fresh_calloc, CALLOC_SIZE, CALLOC_COUNT, FRESH},
	{count_hits, 64, 10, HITS | BUDGET | COMPARE | TIERS},
	{count_hits, 1024, 10, HITS | BUDGET | COMPARE | TIERS},
	{count_hits, 16384, 10, HITS | BUDGET | COMPARE},
	{count_hits, 32768, 10, HITS | BUDGET},
	{count_hits, 262144, 10, BUDGET | COMPARE},
	{count_random_reuse, 64, BLOCK_LIMIT, BUDGET | COMPARE | TIERS},
	{count_fifo, 64, BLOCK_LIMIT, BUDGET | TIERS},
	{count_fifo, 16384, BLOCK_LIMIT, BUDGET},
	{count_fifo_part, 64, BLOCK_LIMIT, COMPARE},
	{count_fifo_part, 16384, BLOCK_LIMIT, COMPARE},
	{count_fifo, 262144, 16, BUDGET},
	{count_system_calls, 64, BLOCK_LIMIT, BUDGET},
	{count_system_calls, 16384, BLOCK_LIMIT, BUDGET},
	{count_system_calls, 262144, 16, BUDGET},
	{count_touches, 64, BLOCK_LIMIT, BUDGET | COMPARE},
	{count_touches, 16384, BLOCK_LIMIT, BUDGET | COMPARE},
	{count_touches, 262144, 16, BUDGET},
	{count_growth, 16384, 65536, COMPARE},
};

static unsigned find_set(const char *name)
{
	if (strcmp(name, "hits") == 0)
		return HITS;
	if (strcmp(name, "budget") == 0)
		return BUDGET | FRESH;
	if (strcmp(name, "reused") == 0)
		return BUDGET;
	if (strcmp(name, "tiers") == 0)
		return TIERS;
	return strcmp(name, "compare") == 0 ? COMPARE : 0;
}

static void be_child(unsigned set, int word_count, char **words)
{
	bench_choose(word_count, words);
	bench_free(bench_take(64));
	measure_frames();
	choose_functions();
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		if ((counters[i].sets & set) != 0)
			counters[i].run(counters[i].size, counters[i].count);
	exit(fflush(stdout) == 0 ? 0 : 1);
}

/* Counts this stop. Returns the signal to hand to the child. */
static int take_stop(int status)
{
	int number = WSTOPSIG(status);

	if (number == (SIGTRAP | 0x80)) {
		shared->system_call_stops++;
		return 0;
	}
	if (number == SIGTRAP) {
		shared->steps++;
		return 0;
	}
	return number == SIGUSR1 || number == SIGSTOP ? 0 : number;
}

static int watch(pid_t child)
{
	static const int requests[] = {PTRACE_CONT, PTRACE_SINGLESTEP, PTRACE_SYSCALL};
	int status;

	if (waitpid(child, &status, 0) != child ||
	    ptrace(PTRACE_SETOPTIONS, child, NULL,
		   (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) != 0) {
		perror("count: ptrace");
		return 1;
	}
	while (WIFSTOPPED(status)) {
		long number = take_stop(status);

		if (ptrace(requests[shared->mode], child, NULL, (void *)number) != 0 ||
		    waitpid(child, &status, 0) != child) {
			perror("count: ptrace");
			return 1;
		}
	}
	if (WIFSIGNALED(status))
		fprintf(stderr, "count: ended by signal %d\n", WTERMSIG(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Both on one CPU: the switch between them is cheap then, and locality kinds see one CPU. */
static void stay_here(void)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	sched_setaffinity(0, sizeof(here), &here);
}

int main(int argc, char **argv)
{
	unsigned set = argc > 2 ? find_set(argv[1]) : 0;
	pid_t child;

	if (set == 0) {
		fprintf(stderr,
			"usage: %s hits|budget|reused|tiers|compare INTERFACE [ARGUMENT...]\n",
			argv[0]);
		return 2;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED) {
		perror("count: mmap");
		return 1;
	}
	stay_here();
	setvbuf(stdout, NULL, _IOLBF, 0);
	child = fork();
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
			perror("count: ptrace");
			_exit(1);
		}
		raise(SIGSTOP);
		be_child(set, argc - 2, argv + 2);
	}
	if (child < 0) {
		perror("count: fork");
		return 1;
	}
	return watch(child);
}
