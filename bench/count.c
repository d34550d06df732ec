/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts what an operation of libmemkind costs: instructions, system calls, pages of payload touched.
 *
 * The parent single-steps the child and counts the steps in memory that both share: the child reads
 * an instruction counter. Unlike under valgrind, the registered rseq is used. A line of output is
 * NAME VALUE. Usage: count LIBRARY
 */
#include <dlfcn.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "random.h"

enum { SAMPLE_COUNT = 33, WARM_UP_COUNT = 100, BLOCK_LIMIT = 1000, CALLOC_COUNT = 8, PAGE = 4096 };
enum mode { MODE_RUN, MODE_STEP, MODE_SYSTEM_CALLS };

#define CALLOC_SIZE ((size_t)4 << 20)

/* The child asks for a mode; the parent counts. */
struct shared {
	volatile enum mode mode;
	volatile uint64_t steps;
	volatile uint64_t system_call_stops;
};

struct memkind;
typedef void *malloc_function(struct memkind *kind, size_t size);
typedef void free_function(struct memkind *kind, void *block);
typedef void *calloc_function(struct memkind *kind, size_t count, size_t size);

struct subject {
	const char *name;
	struct memkind *kind;	   /* to allocate from */
	struct memkind *free_kind; /* what is said at free */
	malloc_function *volatile malloc;
	free_function *volatile free;
	calloc_function *volatile calloc;
};

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

static void print(const char *what, const char *name, size_t size, double value)
{
	printf("%s.%s.%zu %.1f\n", what, name, size, value);
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

static __attribute__((noinline)) uint64_t step_malloc(const struct subject *subject, size_t size,
						      void **ret_block)
{
	malloc_function *function = subject->malloc;
	struct memkind *kind = subject->kind;
	uint64_t start = shared->steps;

	*ret_block = function(kind, size);
	return shared->steps - start - malloc_frame;
}

static __attribute__((noinline)) uint64_t step_free(const struct subject *subject, void *block)
{
	free_function *function = subject->free;
	struct memkind *kind = subject->free_kind;
	uint64_t start = shared->steps;

	function(kind, block);
	return shared->steps - start - free_frame;
}

/* What is counted around the function, the counter's own instructions. */
static void measure_frames(void)
{
	struct subject nothing = {
		.malloc = (malloc_function *)(void *)bench_nothing,
		.free = (free_function *)(void *)bench_nothing,
	};
	void *block;

	malloc_frame = free_frame = 0;
	enter(MODE_STEP);
	malloc_frame = step_malloc(&nothing, 64, &block) - 1;
	free_frame = step_free(&nothing, NULL) - 1;
	enter(MODE_RUN);
}

static void warm_up(const struct subject *subject, size_t size)
{
	for (int i = 0; i < WARM_UP_COUNT; i++)
		subject->free(subject->free_kind, subject->malloc(subject->kind, size));
}

static void count_hits(const struct subject *subject, size_t size)
{
	uint64_t mallocs[SAMPLE_COUNT];
	uint64_t frees[SAMPLE_COUNT];
	void *block;

	warm_up(subject, size);
	enter(MODE_STEP);
	for (int i = 0; i < SAMPLE_COUNT; i++) {
		mallocs[i] = step_malloc(subject, size, &block);
		frees[i] = step_free(subject, block);
	}
	enter(MODE_RUN);
	print("malloc", subject->name, size, (double)median(mallocs, SAMPLE_COUNT));
	print("free", subject->name, size, (double)median(frees, SAMPLE_COUNT));
}

static void fill_and_drain(const struct subject *subject, size_t size, int count)
{
	for (int i = 0; i < count; i++)
		blocks[i] = subject->malloc(subject->kind, size);
	for (int i = 0; i < count; i++)
		subject->free(subject->free_kind, blocks[i]);
}

/* COUNT blocks, freed in the order of their allocation: misses and flushes are part of the mean. */
static void count_fifo(const struct subject *subject, size_t size, int count)
{
	uint64_t mallocs = 0;
	uint64_t frees = 0;

	for (int i = 0; i < 4; i++)
		fill_and_drain(subject, size, count);
	enter(MODE_STEP);
	for (int i = 0; i < count; i++)
		mallocs += step_malloc(subject, size, &blocks[i]);
	for (int i = 0; i < count; i++)
		frees += step_free(subject, blocks[i]);
	enter(MODE_RUN);
	print("fifo_malloc", subject->name, size, (double)mallocs / count);
	print("fifo_free", subject->name, size, (double)frees / count);
}

static void count_random_reuse(const struct subject *subject, size_t size)
{
	enum { PAIR_COUNT = 500 };
	uint64_t state = 1;
	uint64_t steps = 0;

	for (int i = 0; i < BLOCK_LIMIT; i++)
		blocks[i] = subject->malloc(subject->kind, size);
	enter(MODE_STEP);
	for (int i = 0; i < PAIR_COUNT; i++) {
		size_t slot = bench_random(&state) % BLOCK_LIMIT;

		steps += step_free(subject, blocks[slot]);
		steps += step_malloc(subject, size, &blocks[slot]);
	}
	enter(MODE_RUN);
	for (int i = 0; i < BLOCK_LIMIT; i++)
		subject->free(subject->free_kind, blocks[i]);
	print("random_pair", subject->name, size, (double)steps / PAIR_COUNT);
}

static void count_system_calls(const struct subject *subject, size_t size, int count)
{
	uint64_t stops;

	for (int i = 0; i < 4; i++)
		fill_and_drain(subject, size, count);
	enter(MODE_SYSTEM_CALLS);
	stops = shared->system_call_stops;
	for (int i = 0; i < WARM_UP_COUNT; i++)
		fill_and_drain(subject, size, count);
	stops = shared->system_call_stops - stops;
	enter(MODE_RUN);
	/* Each stops at its entry and at its exit. */
	print("system_calls", subject->name, size, (double)stops / 2);
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
static void count_fresh_calloc(const struct subject *subject)
{
	calloc_function *function = subject->calloc;
	uint64_t worst = 0;
	size_t resident = 0;

	for (int i = 0; i < CALLOC_COUNT; i++) {
		uint64_t start;

		enter(MODE_STEP);
		start = shared->steps;
		blocks[i] = function(subject->kind, 1, CALLOC_SIZE);
		start = shared->steps - start;
		enter(MODE_RUN);
		worst = start > worst ? start : worst;
		resident += resident_page_count(blocks[i], CALLOC_SIZE);
	}
	for (int i = 0; i < CALLOC_COUNT; i++)
		subject->free(subject->free_kind, blocks[i]);
	print("calloc_fresh", subject->name, CALLOC_SIZE, (double)worst);
	print("calloc_resident", subject->name, CALLOC_SIZE, (double)resident);
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

/* Whole pages, so that what lies between the blocks is guarded too. */
static void protect_payload(size_t size, int count, int protection)
{
	for (int i = 0; i < count; i++) {
		uintptr_t start = (uintptr_t)blocks[i] & ~(uintptr_t)(PAGE - 1);
		uintptr_t end = ((uintptr_t)blocks[i] + size + PAGE - 1) & ~(uintptr_t)(PAGE - 1);

		if (mprotect((void *)start, end - start, protection) != 0) {
			perror("mprotect");
			exit(1);
		}
	}
}

static void count_touches(const struct subject *subject, size_t size, int count)
{
	struct sigaction action = {.sa_sigaction = on_touch, .sa_flags = SA_SIGINFO};
	uint64_t touched;

	sigaction(SIGSEGV, &action, NULL);
	for (int i = 0; i < count; i++)
		blocks[i] = subject->malloc(subject->kind, size);
	touch_count = 0;
	protect_payload(size, count, PROT_NONE);
	for (int i = 0; i < count; i++)
		subject->free(subject->free_kind, blocks[i]);
	for (int i = 0; i < count; i++)
		blocks[i] = subject->malloc(subject->kind, size);
	touched = touch_count;
	protect_payload(size, count, PROT_READ | PROT_WRITE);
	for (int i = 0; i < count; i++)
		subject->free(subject->free_kind, blocks[i]);
	print("touched", subject->name, size, (double)touched);
}

static void count_all(const struct subject *subject)
{
	static const size_t sizes[] = {64, 1024, 16384, 32768};

	/* First, while no memory of the heap has been used. */
	if (subject->free_kind != NULL)
		count_fresh_calloc(subject);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		count_hits(subject, sizes[i]);
	if (subject->free_kind == NULL)
		return;
	count_hits(subject, 262144);
	count_random_reuse(subject, 64);
	count_fifo(subject, 64, BLOCK_LIMIT);
	count_fifo(subject, 16384, BLOCK_LIMIT);
	count_fifo(subject, 262144, 16);
	count_system_calls(subject, 64, BLOCK_LIMIT);
	count_system_calls(subject, 16384, BLOCK_LIMIT);
	count_system_calls(subject, 262144, 16);
	count_touches(subject, 64, BLOCK_LIMIT);
	count_touches(subject, 16384, BLOCK_LIMIT);
	count_touches(subject, 262144, 16);
}

static void *symbol(void *library, const char *name)
{
	void *found = dlsym(library, name);

	if (found == NULL) {
		fprintf(stderr, "count: %s\n", dlerror());
		exit(1);
	}
	return found;
}

static void be_child(const char *path)
{
	static const char *const kinds[][2] = {
		{"default", "MEMKIND_DEFAULT"},
		{"regular", "MEMKIND_REGULAR"},
		{"dax_kmem", "MEMKIND_DAX_KMEM"},
		{"null", "MEMKIND_REGULAR"},
	};
	void *library = dlopen(path, RTLD_NOW);

	if (library == NULL) {
		fprintf(stderr, "count: %s\n", dlerror());
		exit(1);
	}
	measure_frames();
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct subject subject = {
			.name = kinds[i][0],
			.kind = *(struct memkind **)symbol(library, kinds[i][1]),
			.malloc = (malloc_function *)symbol(library, "memkind_malloc"),
			.free = (free_function *)symbol(library, "memkind_free"),
			.calloc = (calloc_function *)symbol(library, "memkind_calloc"),
		};
		void *block = subject.malloc(subject.kind, 64);

		if (block == NULL) {
			fprintf(stderr, "count: no memory of kind %s\n", kinds[i][1]);
			exit(1);
		}
		subject.free(subject.kind, block);
		subject.free_kind = strcmp(subject.name, "null") == 0 ? NULL : subject.kind;
		count_all(&subject);
	}
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
	pid_t child;

	if (argc != 2) {
		fprintf(stderr, "usage: %s LIBRARY\n", argv[0]);
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
		be_child(argv[1]);
	}
	if (child < 0) {
		perror("count: fork");
		return 1;
	}
	return watch(child);
}
