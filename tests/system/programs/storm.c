/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that allocate, write and free in several kinds while the machine changes under them.
 *
 *	storm [-n] [-a ALLOWED] [-t THREADS] -c COMMAND [@]KIND=NODES0/NODES1...
 *
 *   -n  nobody tells the library: the first large block of each kind and CPU has to find out
 *   -a  the change is complete when the process may use these nodes
 *   -c  changes the machine
 *   NODES0, NODES1: on which nodes a block may lie after the change that a thread on CPU 0, on CPU 1
 *   allocates; "none": it has to be refused.
 *   @: blocks that are there before are not touched while the change happens. Where memory is bound to
 *   nothing but a node that goes, the kernel may kill who touches it, even if its page is there: a page
 *   that is being moved looks as if there were none for a moment, and a new one is asked for.
 *
 * Every block holds a pattern, which is looked at before the block goes. Threads run before the
 * change, while it happens and after it. Then they end, all that they left is looked at and freed,
 * and what new threads allocate must lie where it should to the last page. Prints a line of counts;
 * exits with 0 if all was well, with 1 if not.
 */
#include "probe.h"

#include <errno.h>
#include <memkind_ng.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* libmemkind 1.14, with which all programs of this folder link, too, does not have them. */
#pragma weak memkind_ng_rescan
#pragma weak memkind_ng_trim
#pragma weak memkind_ng_where

#define CPUS	     2
#define KIND_LIMIT   12
#define THREAD_LIMIT 16
#define SLOTS	     16
#define STILL_COUNT  16
#define REST_SHARE   4 /* a thread rests after so many operations */
#define REST_US	     2000
#define CALM_COUNT   300 /* operations of each thread before and after the change */
#define CHECK_COUNT  40	 /* blocks of each new thread that are looked at */
#define WAIT_MS	     20000
/* More than any heap of the test has committed and free. */
#define LARGE_SIZE  (32UL << 20)
#define LARGE_STEP  (1UL << 20)
#define STATUS_LINE 256

struct kind {
	const char *name;
	memkind_t kind;
	unsigned long nodes[CPUS]; /* 0: none */
	bool is_still;
};

struct block {
	unsigned char *start;
	size_t size;
	unsigned char mark;
};

struct worker {
	pthread_t thread;
	int cpu;
	uint32_t random;
	struct block slots[SLOTS];
	atomic_ulong operations;
};

static struct kind kinds[KIND_LIMIT];
static unsigned kind_count, moving_count;
static struct block still_blocks[KIND_LIMIT * STILL_COUNT];
static struct worker workers[THREAD_LIMIT];
static unsigned worker_count = 8;
static atomic_bool must_stop;
static atomic_ulong refused_count, wrong_bytes, wrong_pages, checked_count;
static unsigned long failures;

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Few classes, and none of which a thread keeps much: nodes are small. */
static size_t random_size(uint32_t *state)
{
	static const size_t sizes[] = {48, 200, 600, 2000};
	size_t size = sizes[next_random(state) % (sizeof(sizes) / sizeof(sizes[0]))];

	return (next_random(state) % 32 == 0 ? LARGE_SIZE / 64 : size) - next_random(state) % 16;
}

static void check_bytes(const struct block *block)
{
	for (size_t at = 0; at < block->size; at++)
		if (block->start[at] != (unsigned char)(block->mark + at / 64)) {
			atomic_fetch_add(&wrong_bytes, 1);
			return;
		}
}

static void put_block(struct block *block)
{
	if (block->start == NULL)
		return;
	check_bytes(block);
	memkind_free(NULL, block->start);
	block->start = NULL;
}

static void get_block(struct block *block, memkind_t kind, uint32_t *random)
{
	block->size = random_size(random);
	block->mark = (unsigned char)next_random(random);
	errno = 0;
	block->start = memkind_malloc(kind, block->size);
	if (block->start == NULL) {
		atomic_fetch_add(errno == ENOMEM ? &refused_count : &wrong_bytes, 1);
		return;
	}
	for (size_t at = 0; at < block->size; at += 64)
		memset(block->start + at, (unsigned char)(block->mark + at / 64),
		       block->size - at < 64 ? block->size - at : 64);
}

static void *run_load(void *argument)
{
	struct worker *worker = argument;

	probe_pin(worker->cpu);
	while (!atomic_load(&must_stop)) {
		struct block *block = &worker->slots[next_random(&worker->random) % SLOTS];

		put_block(block);
		get_block(block, kinds[next_random(&worker->random) % moving_count].kind,
			  &worker->random);
		/* As programs do, and without it the kernel hardly gets to move a page. */
		if (atomic_fetch_add(&worker->operations, 1) % REST_SHARE == 0)
			usleep(REST_US);
	}
	return NULL;
}

/* Bytes in memory of a block that is on none of NODES, by what the library says. */
static size_t bytes_outside(const void *start, size_t size, unsigned long nodes)
{
	size_t bytes[PROBE_NODES + 2];
	size_t outside = 0;

	if (memkind_ng_where(start, size, bytes, PROBE_NODES) != 0)
		probe_die("where");
	for (unsigned node = 0; node < PROBE_NODES; node++)
		if ((nodes >> node & 1) == 0)
			outside += bytes[node];
	return outside;
}

/* After the change: each block is where it should be, or was refused as it should be. */
static void check_block(const struct block *block, const struct kind *kind, int cpu)
{
	size_t outside;

	atomic_fetch_add(&checked_count, 1);
	if ((block->start == NULL) != (kind->nodes[cpu] == 0)) {
		printf("# %s on CPU %d: %s\n", kind->name, cpu,
		       block->start == NULL ? "refused" : "not refused");
		atomic_fetch_add(&wrong_pages, 1);
	}
	if (block->start == NULL)
		return;
	outside = bytes_outside(block->start, block->size, kind->nodes[cpu]);
	if (outside == 0)
		return;
	printf("# %s on CPU %d: %zu of %zu bytes on a wrong node\n", kind->name, cpu, outside,
	       block->size);
	atomic_fetch_add(&wrong_pages, 1);
}

static void *run_check(void *argument)
{
	struct worker *worker = argument;

	probe_pin(worker->cpu);
	for (unsigned i = 0; i < CHECK_COUNT; i++) {
		const struct kind *kind = &kinds[next_random(&worker->random) % kind_count];
		struct block *block = &worker->slots[i % SLOTS];

		put_block(block);
		get_block(block, kind->kind, &worker->random);
		check_block(block, kind, worker->cpu);
	}
	return NULL;
}

static void start_all(void *(*run)(void *))
{
	atomic_store(&must_stop, false);
	for (unsigned i = 0; i < worker_count; i++) {
		workers[i].cpu = (int)(i % CPUS);
		workers[i].random = i + 1;
		errno = pthread_create(&workers[i].thread, NULL, run, &workers[i]);
		if (errno != 0)
			probe_die("thread");
	}
}

static void end_all(void)
{
	atomic_store(&must_stop, true);
	for (unsigned i = 0; i < worker_count; i++)
		pthread_join(workers[i].thread, NULL);
}

static unsigned long operations_of_all(void)
{
	unsigned long sum = 0;

	for (unsigned i = 0; i < worker_count; i++)
		sum += atomic_load(&workers[i].operations);
	return sum;
}

/* Until all threads together have done so many more. */
static void let_run(unsigned long count)
{
	unsigned long until = operations_of_all() + count;
	long end = probe_ms() + WAIT_MS;

	while (operations_of_all() < until) {
		if (probe_ms() > end)
			probe_die("the threads hang");
		usleep(1000);
	}
}

/* The kernel tells processes of a change some time after it. */
static void wait_until_allowed(const char *nodes)
{
	char line[STATUS_LINE], wanted[STATUS_LINE];
	long end = probe_ms() + WAIT_MS;
	bool is_found = nodes == NULL;

	snprintf(wanted, sizeof(wanted), "Mems_allowed_list:\t%s\n", nodes == NULL ? "" : nodes);
	while (!is_found) {
		FILE *status = fopen("/proc/self/status", "re");

		if (status == NULL || probe_ms() > end)
			probe_die("the nodes %s are never those allowed", nodes);
		while (fgets(line, sizeof(line), status) != NULL)
			is_found |= strcmp(line, wanted) == 0;
		fclose(status);
	}
}

/* A block that needs a commit, of each kind on each CPU; some pages of it are touched. */
static void find_out(void)
{
	for (unsigned i = 0; i < kind_count * CPUS; i++) {
		const struct kind *kind = &kinds[i / CPUS];
		struct block block = {.size = LARGE_SIZE};

		probe_pin((int)(i % CPUS));
		block.start = memkind_malloc(kind->kind, block.size);
		for (size_t at = 0; block.start != NULL && at < block.size; at += LARGE_STEP)
			block.start[at] = 1;
		check_block(&block, kind, (int)(i % CPUS));
		memkind_free(NULL, block.start);
		memkind_ng_trim(kind->kind);
	}
}

/* On both CPUs in turns, of the kinds that threads leave alone for now. */
static void get_still_blocks(void)
{
	uint32_t random = 1;

	for (unsigned i = 0; i < kind_count * STILL_COUNT; i++) {
		probe_pin((int)(i % CPUS));
		if (kinds[i / STILL_COUNT].is_still)
			get_block(&still_blocks[i], kinds[i / STILL_COUNT].kind, &random);
	}
}

static void free_all(void)
{
	for (unsigned i = 0; i < kind_count * STILL_COUNT; i++)
		put_block(&still_blocks[i]);
	for (unsigned i = 0; i < worker_count; i++)
		for (unsigned j = 0; j < SLOTS; j++)
			put_block(&workers[i].slots[j]);
}

static unsigned long parse_nodes(const char *text)
{
	return strcmp(text, "none") == 0 ? 0 : probe_parse_nodes(text);
}

static void parse_kind(char *text)
{
	struct kind *kind = &kinds[kind_count++];
	char *first = strrchr(text, '=');
	char *second = first == NULL ? NULL : strchr(first, '/');

	if (second == NULL || kind_count > KIND_LIMIT)
		probe_die("%s", text);
	*first = *second = '\0';
	kind->is_still = *text == '@';
	kind->name = text + kind->is_still;
	kind->kind = probe_kind(kind->name);
	kind->nodes[0] = parse_nodes(first + 1);
	kind->nodes[1] = parse_nodes(second + 1);
}

/* Those that threads use during the change come first. */
static void parse_kinds(char **texts, int count)
{
	for (int turn = 0; turn < 2; turn++) {
		for (int i = 0; i < count; i++)
			if ((*texts[i] == '@') == (turn == 1))
				parse_kind(texts[i]);
		if (turn == 0)
			moving_count = kind_count;
	}
}

static void run(const char *command, const char *allowed, bool is_told)
{
	get_still_blocks();
	start_all(run_load);
	let_run(CALM_COUNT * worker_count);
	fflush(stdout);
	/* Our own code is what runs it, as a shell would. */
	if (system(command) != 0) // NOLINT(cert-env33-c)
		probe_die("%s", command);
	wait_until_allowed(allowed);
	if (is_told)
		memkind_ng_rescan();
	else
		find_out();
	let_run(CALM_COUNT * worker_count);
	end_all();
	free_all();
	for (unsigned i = 0; i < kind_count; i++)
		memkind_ng_trim(kinds[i].kind);
	start_all(run_check);
	end_all();
	free_all();
}

int main(int argc, char **argv)
{
	const char *command = NULL, *allowed = NULL;
	bool is_told = true;
	int option;

	while ((option = getopt(argc, argv, "na:t:c:")) != -1) {
		if (option == 'n')
			is_told = false;
		else if (option == 'a')
			allowed = optarg;
		else if (option == 't')
			worker_count = (unsigned)atoi(optarg);
		else if (option == 'c')
			command = optarg;
		else
			return 2;
	}
	parse_kinds(argv + optind, argc - optind);
	if (command == NULL || moving_count == 0 || worker_count == 0 ||
	    worker_count > THREAD_LIMIT)
		probe_die("usage: storm [-n] [-a ALLOWED] [-t THREADS] -c COMMAND "
			  "[@]KIND=NODES0/NODES1...");
	run(command, allowed, is_told);
	failures = atomic_load(&wrong_bytes) + atomic_load(&wrong_pages);
	printf("storm threads=%u operations=%lu refused=%lu checked=%lu wrong_blocks=%lu "
	       "misplaced=%lu\n",
	       worker_count, operations_of_all(), atomic_load(&refused_count),
	       atomic_load(&checked_count), atomic_load(&wrong_bytes), atomic_load(&wrong_pages));
	printf("counts operations=%lu faults=1 survived=%d wrong=%lu\n", operations_of_all(),
	       failures == 0, atomic_load(&wrong_bytes));
	return failures == 0 ? 0 : 1;
}
