/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes that share nodes, of which one after another is killed.
 *
 *	group [-p PROCESSES] [-k KILLS] [-s SEED] [-g CGROUP] KIND...
 *
 * Each allocates in all kinds, writes a pattern and looks at it before it frees. KILLS times one that
 * is picked at random is killed with SIGKILL, and another one started for it. With -g it is not one of
 * them: a process in that cgroup takes memory until it has none or is killed for the cgroup's limit.
 * Each time all others must go on: none has died, and all get further. At the end all end, and the
 * nodes have as much free as before. Prints a line of counts; exits with 0 if so, with 1 if not.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESS_LIMIT 16
#define KIND_LIMIT    8
#define CPUS	      2
#define SLOTS	      64
#define STEP_COUNT    200 /* operations of each process from one kill to the next */
#define WAIT_MS	      60000
#define GREEDY_SIZE   (1UL << 20)
#define SLACK_KIB     16384L /* what the kernel keeps of ended processes for later */

struct block {
	unsigned char *start;
	size_t size;
	unsigned char mark;
};

/* Of all processes. */
struct board {
	atomic_ulong operations[PROCESS_LIMIT]; /* one that follows another goes on counting */
	atomic_ulong wrong_bytes, refused_count;
	atomic_bool is_over;
};

static struct board *board;
static memkind_t kinds[KIND_LIMIT];
static unsigned kind_count;
static unsigned process_count = 5, kill_count = 10;
static uint32_t seed = 1;
static pid_t members[PROCESS_LIMIT];
static unsigned long dead_count, failure_count;

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static void put_block(struct block *block)
{
	if (block->start == NULL)
		return;
	for (size_t at = 0; at < block->size; at++)
		if (block->start[at] != block->mark) {
			atomic_fetch_add(&board->wrong_bytes, 1);
			break;
		}
	memkind_free(NULL, block->start);
}

static void replace(struct block *block, uint32_t *random)
{
	unsigned shift = 4 + next_random(random) % 14;

	put_block(block);
	block->size = 1 + next_random(random) % (1u << shift);
	block->mark = (unsigned char)next_random(random);
	block->start = memkind_malloc(kinds[next_random(random) % kind_count], block->size);
	if (block->start == NULL)
		atomic_fetch_add(&board->refused_count, 1);
	else
		memset(block->start, block->mark, block->size);
}

static void run_member(unsigned number, uint32_t random)
{
	static struct block slots[SLOTS];

	probe_pin((int)(number % CPUS));
	while (!atomic_load(&board->is_over)) {
		replace(&slots[next_random(&random) % SLOTS], &random);
		atomic_fetch_add(&board->operations[number], 1);
	}
	for (unsigned i = 0; i < SLOTS; i++)
		put_block(&slots[i]);
	_exit(0);
}

static void start_member(unsigned number)
{
	uint32_t random = next_random(&seed);

	fflush(stdout);
	members[number] = fork();
	if (members[number] < 0)
		probe_die("fork");
	if (members[number] == 0)
		run_member(number, random);
}

static void join_cgroup(const char *cgroup)
{
	char path[256];
	int file;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	file = open(path, O_WRONLY | O_CLOEXEC);
	if (file < 0 || write(file, "0", 1) != 1)
		probe_die("%s", path);
	close(file);
}

/* Until there is nothing left for it, one way or the other. */
static void run_greedy(const char *cgroup)
{
	unsigned char *block;
	uint32_t random = seed;

	join_cgroup(cgroup);
	while ((block = memkind_malloc(kinds[next_random(&random) % kind_count], GREEDY_SIZE)) !=
	       NULL)
		memset(block, 1, GREEDY_SIZE);
	_exit(errno == ENOMEM ? 0 : 1);
}

/* True: it was killed, or got NULL. */
static bool run_into_limit(const char *cgroup)
{
	int status;
	pid_t greedy;

	next_random(&seed);
	fflush(stdout);
	greedy = fork();
	if (greedy == 0)
		run_greedy(cgroup);
	if (greedy < 0 || waitpid(greedy, &status, 0) != greedy)
		probe_die("the process in the cgroup");
	return status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static bool kill_one(void)
{
	unsigned number = next_random(&seed) % process_count;
	int status;

	if (kill(members[number], SIGKILL) != 0 ||
	    waitpid(members[number], &status, 0) != members[number])
		probe_die("kill");
	start_member(number);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* Every member, the new one too, gets so much further. False: one hangs, or has died. */
static bool all_go_on(void)
{
	unsigned long until[PROCESS_LIMIT];
	long end = probe_ms() + WAIT_MS;

	for (unsigned i = 0; i < process_count; i++)
		until[i] = atomic_load(&board->operations[i]) + STEP_COUNT;
	for (unsigned i = 0; i < process_count;) {
		int status;

		if (waitpid(members[i], &status, WNOHANG) != 0) {
			printf("# process %u died: status %d\n", i, status);
			dead_count++;
			return false;
		}
		if (probe_ms() > end) {
			printf("# process %u hangs\n", i);
			return false;
		}
		if (atomic_load(&board->operations[i]) >= until[i])
			i++;
		else
			usleep(1000);
	}
	return true;
}

static void end_all(void)
{
	atomic_store(&board->is_over, true);
	for (unsigned i = 0; i < process_count; i++) {
		int status;

		if (waitpid(members[i], &status, 0) != members[i] || status != 0)
			failure_count++;
	}
}

static long free_kib(void)
{
	return probe_number_of("/proc/meminfo", "MemFree:");
}

static const char *parse(int argc, char **argv)
{
	const char *cgroup = NULL;
	int option;

	while ((option = getopt(argc, argv, "p:k:s:g:")) != -1) {
		if (option == 'p')
			process_count = (unsigned)atoi(optarg);
		else if (option == 'k')
			kill_count = (unsigned)atoi(optarg);
		else if (option == 's')
			seed = (uint32_t)strtoul(optarg, NULL, 10);
		else if (option == 'g')
			cgroup = optarg;
		else
			exit(2);
	}
	while (optind < argc && kind_count < KIND_LIMIT)
		kinds[kind_count++] = probe_kind(argv[optind++]);
	if (kind_count == 0 || process_count == 0 || process_count > PROCESS_LIMIT)
		probe_die("usage: group [-p PROCESSES] [-k KILLS] [-s SEED] [-g CGROUP] KIND...");
	return cgroup;
}

int main(int argc, char **argv)
{
	const char *cgroup = parse(argc, argv);
	long before = free_kib();
	unsigned long operations = 0;
	unsigned survived = 0;
	long end;

	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (board == MAP_FAILED)
		probe_die("board");
	for (unsigned i = 0; i < process_count; i++)
		start_member(i);
	while (survived < kill_count && (cgroup != NULL ? run_into_limit(cgroup) : kill_one()) &&
	       all_go_on())
		survived++;
	end_all();
	for (end = probe_ms() + WAIT_MS; free_kib() + SLACK_KIB < before && probe_ms() < end;)
		usleep(1000);
	if (free_kib() + SLACK_KIB < before) {
		printf("# %ld KiB were free, now %ld\n", before, free_kib());
		failure_count++;
	}
	for (unsigned i = 0; i < process_count; i++)
		operations += atomic_load(&board->operations[i]);
	failure_count += dead_count + atomic_load(&board->wrong_bytes) + (survived < kill_count);
	printf("group kills=%u refused=%lu failures=%lu\n", kill_count,
	       atomic_load(&board->refused_count), failure_count);
	printf("counts operations=%lu faults=%u survived=%u wrong=%lu killed=%lu\n", operations,
	       kill_count, survived, atomic_load(&board->wrong_bytes), dead_count);
	return failure_count == 0 ? 0 : 1;
}
