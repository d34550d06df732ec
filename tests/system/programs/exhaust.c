/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes fill a kind until it gives NULL, all at once and over and over, beside one that has more
 * memory than each of them and nothing to do with it:
 *
 *	exhaust -c CPU -o NODES -r ROUNDS [-p PROCESSES] [-i INNOCENT_MIB] [-s SEED] KIND
 *
 * Blocks are of 64 bytes to 1 GiB. In each round every process takes blocks until the smallest is
 * refused; then all look: no page is off NODES or swapped, what was written is there, and the nodes
 * have at most 4 MiB left for each process and what the kernel keeps for itself. Then each frees half
 * of its blocks, picked at random. At the end nobody was killed and nothing was swapped out.
 * Exits with 0 if so, with 1 if not, after a line that says what is wrong.
 */
#include "probe.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB	      (1UL << 20)
#define BLOCK_LIMIT   (1UL << 19)
#define PROCESS_LIMIT 16
#define LARGEST_SHIFT 30
#define LEAST_SIZE    64UL
#define LOOK_LIMIT    3

struct options {
	int cpu;
	unsigned long nodes;
	unsigned rounds, process_count, seed;
	size_t innocent_size;
	const char *kind_name;
};

/* Of all processes. */
struct board {
	pthread_barrier_t barrier;
	atomic_uint failure_count;
	atomic_bool is_over;
	atomic_bool is_innocent_ready;
	atomic_ulong most_left;	 /* KiB that the nodes had free when all were refused */
	atomic_ulong least_held; /* blocks' bytes of all processes, then */
	atomic_ulong held;
	atomic_ulong operation_count, refusal_count, wrong_count;
};

struct block {
	unsigned char *start;
	size_t size;
	unsigned char mark;
};

static struct block blocks[BLOCK_LIMIT];
static size_t block_count;
static uint64_t seed;

static uint64_t next_random(void)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return seed >> 33;
}

static void fail(struct board *board, const char *what, unsigned long number)
{
	printf("# process %d: %s: %lu\n", (int)getpid(), what, number);
	fflush(stdout);
	atomic_fetch_add(&board->failure_count, 1);
}

static unsigned long free_kib(unsigned long nodes)
{
	unsigned long sum = 0;

	for (unsigned node = 0; node < PROBE_NODES; node++)
		if ((nodes >> node & 1) != 0)
			sum += probe_free_size(node) / 1024;
	return sum;
}

/* Any size up to 1 << SHIFT, each magnitude as often as the others. */
static size_t random_size(unsigned shift)
{
	size_t top = (size_t)1 << (6 + next_random() % (shift - 5));

	return top - next_random() % (top / 2);
}

static bool take_block(memkind_t kind, size_t size)
{
	struct block *block = &blocks[block_count];

	if (block_count == BLOCK_LIMIT)
		probe_die("too many blocks");
	errno = 0;
	block->start = memkind_malloc(kind, size);
	if (block->start == NULL)
		return false;
	block->size = size;
	block->mark = (unsigned char)next_random();
	memset(block->start, block->mark, size);
	block_count++;
	return true;
}

/* The sizes get smaller as they are refused, to the smallest. */
static void fill(struct board *board, memkind_t kind)
{
	for (unsigned shift = LARGEST_SHIFT; shift >= 6;) {
		atomic_fetch_add(&board->operation_count, 1);
		if (take_block(kind, random_size(shift)))
			continue;
		atomic_fetch_add(&board->refusal_count, 1);
		if (errno != ENOMEM)
			fail(board, "errno of a refusal", (unsigned long)errno);
		shift--;
	}
}

/* All pages of all blocks, those of many small ones with one call: most follow one another. */
static void count_pages(struct probe_count *count)
{
	void *pages[PROBE_PAGES_AT_ONCE];
	uintptr_t last = 0;
	size_t page_count = 0;

	for (size_t i = 0; i < block_count; i++) {
		uintptr_t end = (uintptr_t)blocks[i].start + blocks[i].size;
		uintptr_t page = (uintptr_t)blocks[i].start & ~(PROBE_PAGE_SIZE - 1);

		for (; page < end; page += PROBE_PAGE_SIZE) {
			if (page == last)
				continue;
			last = page;
			pages[page_count++] = (void *)page;
			if (page_count < PROBE_PAGES_AT_ONCE)
				continue;
			probe_locate_pages(pages, page_count, count);
			page_count = 0;
		}
	}
	probe_locate_pages(pages, page_count, count);
}

/*
 * Where the pages are. The kernel moves pages within a node (compaction); one that is on its way is
 * nowhere for a moment, as if it were swapped out or had never been there: then all are looked for again.
 */
static struct probe_count locate(void)
{
	struct probe_count count;

	for (int i = 0; i < LOOK_LIMIT; i++) {
		count = (struct probe_count){.elsewhere = 0};
		count_pages(&count);
		if (count.elsewhere == 0)
			break;
		printf("# process %d: %zu pages are nowhere or on their way\n", (int)getpid(),
		       count.elsewhere);
		usleep(1000);
	}
	return count;
}

static void look(struct board *board, const struct options *options)
{
	struct probe_count count = locate();
	unsigned long held = 0;

	for (size_t i = 0; i < block_count; i++) {
		const struct block *block = &blocks[i];

		held += block->size;
		if (block->start[0] != block->mark ||
		    block->start[block->size / 2] != block->mark ||
		    block->start[block->size - 1] != block->mark) {
			fail(board, "a block lost what was written, bytes", block->size);
			atomic_fetch_add(&board->wrong_count, 1);
		}
	}
	if (count.elsewhere != 0)
		fail(board, "pages that are not in memory", count.elsewhere);
	if (probe_outside(&count, options->nodes) != 0)
		fail(board, "pages on wrong nodes", probe_outside(&count, options->nodes));
	atomic_fetch_add(&board->held, held);
}

static void look_together(struct board *board, const struct options *options, unsigned long kept)
{
	unsigned long left = free_kib(options->nodes);
	unsigned long held = atomic_exchange(&board->held, 0);

	if (left > atomic_load(&board->most_left))
		atomic_store(&board->most_left, left);
	if (atomic_load(&board->least_held) == 0 || held < atomic_load(&board->least_held))
		atomic_store(&board->least_held, held);
	printf("round ms=%ld blocks=%zu left_kib=%lu held_kib=%lu\n", probe_ms(), block_count, left,
	       held / 1024);
	fflush(stdout);
	if (left > kept + options->process_count * 4096UL)
		fail(board, "KiB left when all were refused", left);
}

static void free_half(struct board *board)
{
	size_t before = block_count;

	block_count = 0;
	for (size_t i = 0; i < before; i++) {
		if (next_random() % 2 == 0)
			blocks[block_count++] = blocks[i];
		else
			memkind_free(NULL, blocks[i].start);
	}
	atomic_fetch_add(&board->operation_count, before - block_count);
}

static void run_filler(struct board *board, const struct options *options, unsigned number,
		       unsigned long kept)
{
	memkind_t kind = probe_kind(options->kind_name);

	seed = options->seed + number;
	probe_pin(options->cpu);
	for (unsigned round = 0; round < options->rounds; round++) {
		fill(board, kind);
		pthread_barrier_wait(&board->barrier);
		look(board, options);
		if (pthread_barrier_wait(&board->barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
			look_together(board, options, kept);
		pthread_barrier_wait(&board->barrier);
		free_half(board);
	}
}

/* Has memory, writes to it, and would be the first to be killed. */
static void run_innocent(struct board *board, size_t size)
{
	unsigned char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		probe_die("memory of the innocent process");
	atomic_store(&board->is_innocent_ready, true);
	while (!atomic_load(&board->is_over)) {
		for (size_t i = 0; i < size; i += PROBE_PAGE_SIZE)
			memory[i]++;
		usleep(10000);
	}
}

/* What the kernel keeps free on each node: the sum of the high watermarks of its zones, in KiB. */
static unsigned long kept_kib(void)
{
	char line[256];
	unsigned long sum = 0;
	FILE *file = fopen("/proc/zoneinfo", "re");

	if (file == NULL)
		probe_die("/proc/zoneinfo");
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, "        high ", 13) == 0)
			sum += strtoul(line + 13, NULL, 10) * 4;
	fclose(file);
	return sum;
}

static struct options parse(int argc, char **argv)
{
	struct options options = {.rounds = 1, .process_count = 4, .seed = 1};
	int option;

	while ((option = getopt(argc, argv, "c:o:r:p:i:s:")) != -1) {
		switch (option) {
		case 'c':
			options.cpu = atoi(optarg);
			break;
		case 'o':
			options.nodes = probe_parse_nodes(optarg);
			break;
		case 'r':
			options.rounds = (unsigned)atoi(optarg);
			break;
		case 'p':
			options.process_count = (unsigned)atoi(optarg);
			break;
		case 'i':
			options.innocent_size = strtoul(optarg, NULL, 10) * MIB;
			break;
		case 's':
			options.seed = (unsigned)strtoul(optarg, NULL, 10);
			break;
		default:
			exit(2);
		}
	}
	if (optind + 1 != argc || options.process_count == 0 ||
	    options.process_count > PROCESS_LIMIT)
		probe_die("usage: exhaust -c CPU -o NODES -r ROUNDS [-p PROCESSES] "
			  "[-i INNOCENT_MIB] [-s SEED] KIND");
	options.kind_name = argv[optind];
	return options;
}

static struct board *make_board(unsigned process_count)
{
	struct board *board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t attributes;

	if (board == MAP_FAILED || pthread_barrierattr_init(&attributes) != 0 ||
	    pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) != 0 ||
	    pthread_barrier_init(&board->barrier, &attributes, process_count) != 0)
		probe_die("board");
	return board;
}

/* One that was killed would leave the others at the barrier: all end then. */
static void wait_for(struct board *board, unsigned process_count)
{
	for (unsigned i = 0; i < process_count; i++) {
		int status;
		pid_t child = wait(&status);

		if (child < 0)
			probe_die("wait");
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			continue;
		fail(board, "a process ended with the status", (unsigned long)status);
		kill(0, SIGTERM);
	}
}

int main(int argc, char **argv)
{
	struct options options = parse(argc, argv);
	struct board *board = make_board(options.process_count);
	unsigned long swapped = (unsigned long)probe_number_of("/proc/vmstat", "pswpout ");
	unsigned long kills = (unsigned long)probe_number_of("/proc/vmstat", "oom_kill ");
	unsigned long kept = kept_kib();
	pid_t innocent = 0;

	setpgid(0, 0);
	signal(SIGTERM, SIG_IGN);
	if (options.innocent_size != 0 && (innocent = fork()) == 0) {
		signal(SIGTERM, SIG_DFL);
		run_innocent(board, options.innocent_size);
		_exit(0);
	}
	while (innocent != 0 && !atomic_load(&board->is_innocent_ready))
		usleep(1000);
	for (unsigned i = 0; i < options.process_count; i++) {
		pid_t child = fork();

		if (child < 0)
			probe_die("fork");
		if (child == 0) {
			signal(SIGTERM, SIG_DFL);
			run_filler(board, &options, i, kept);
			_exit(0);
		}
	}
	wait_for(board, options.process_count);
	atomic_store(&board->is_over, true);
	if (innocent != 0)
		wait_for(board, 1);
	swapped = (unsigned long)probe_number_of("/proc/vmstat", "pswpout ") - swapped;
	kills = (unsigned long)probe_number_of("/proc/vmstat", "oom_kill ") - kills;
	if (swapped != 0)
		fail(board, "pages swapped out", swapped);
	if (kills != 0)
		fail(board, "killed", kills);
	printf("exhaust rounds=%u processes=%u failures=%u left_kib=%lu held_kib=%lu\n",
	       options.rounds, options.process_count, atomic_load(&board->failure_count),
	       atomic_load(&board->most_left), atomic_load(&board->least_held) / 1024);
	/* A process that was refused and went on has survived it: else it would not have ended well. */
	printf("counts operations=%lu faults=%lu survived=%lu wrong=%lu killed=%lu\n",
	       atomic_load(&board->operation_count), atomic_load(&board->refusal_count),
	       atomic_load(&board->failure_count) == 0 ? atomic_load(&board->refusal_count) : 0,
	       atomic_load(&board->wrong_count), kills);
	return atomic_load(&board->failure_count) == 0 ? 0 : 1;
}
