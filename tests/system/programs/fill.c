/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fills a kind with touched blocks of 1 MiB, from one CPU, until it is refused, killed, or has
 * enough; a parent that the kernel never kills prints what a shared log says.
 *
 *	fill -c CPU -l LIMIT_MIB [-k BLOCKS_A_STEP] [-a NAME] KIND
 *
 * Output, one record a line; other programs draw it, so its form is fixed:
 *
 *	start kind=DAX_KMEM cpu=0 block=1048576
 *	step ms=T blocks=N cpu=C node0=PAGES node1=PAGES node2=PAGES node3=PAGES swap=PAGES
 *	end reason=limit|killed|null blocks=N
 *
 * The kind is called NAME there, if there is one. ms counts from the start; blocks have been touched
 * so far; cpu is the one the process runs on. nodeN are the pages of 4096 bytes of these blocks that are on node N (move_pages), a field for
 * each online node and in ascending order; swap is the rest of the touched pages. There is a step
 * after every BLOCKS_A_STEP blocks (default 4) and one at the end, if the process lived to tell.
 * Exits with 0, whatever the reason was; 2: the test itself is broken.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BLOCK_SIZE  (1UL << 20)
#define BLOCK_PAGES (BLOCK_SIZE / PROBE_PAGE_SIZE)
#define BLOCK_LIMIT 4096
#define LOG_NODES   16
#define WAIT_MS	    50

struct step {
	long ms;
	size_t blocks;
	int cpu;
	size_t on_node[LOG_NODES];
	size_t swap;
};

/* Shared by parent and child; steps are complete below step_count (release, acquire). */
struct fill_log {
	sem_t news;
	atomic_size_t step_count;
	atomic_size_t block_count;
	atomic_bool is_null; /* the library refused */
	struct step steps[BLOCK_LIMIT + 1];
};

struct options {
	int cpu;
	size_t limit; /* blocks */
	size_t step_size;
	const char *kind_name;
	const char *shown_name;
};

static char *blocks[BLOCK_LIMIT];
static struct probe_count count; /* of the child's blocks, as far as they were looked at */
static size_t counted;
static unsigned long swap_seen;

static unsigned long free_swap(void)
{
	struct sysinfo info;

	if (sysinfo(&info) != 0)
		probe_die("sysinfo");
	return info.freeswap;
}

/* Pages only move when something is swapped: until then a look at the new blocks is exact. */
static void look_at_blocks(size_t block_count)
{
	unsigned long swap = free_swap();

	if (swap != swap_seen) {
		swap_seen = swap;
		counted = 0;
		memset(&count, 0, sizeof(count));
	}
	for (; counted < block_count; counted++)
		probe_locate(blocks[counted], BLOCK_SIZE, &count);
}

static void write_step(struct fill_log *log, size_t block_count, long started)
{
	size_t number = atomic_load(&log->step_count);
	struct step *step = &log->steps[number];

	look_at_blocks(block_count);
	step->ms = probe_ms() - started;
	step->blocks = block_count;
	step->cpu = sched_getcpu();
	step->swap = block_count * BLOCK_PAGES;
	for (int node = 0; node < LOG_NODES; node++) {
		step->on_node[node] = count.on_node[node];
		step->swap -= count.on_node[node];
	}
	atomic_store(&log->step_count, number + 1);
	sem_post(&log->news);
}

static void fill(const struct options *options, struct fill_log *log)
{
	memkind_t kind = probe_kind(options->kind_name);
	long started = probe_ms();

	probe_pin(options->cpu);
	swap_seen = free_swap();
	for (size_t i = 0; i < options->limit; i++) {
		char *block;

		/* A block of exactly these pages, so that every page belongs to one block. */
		if (memkind_posix_memalign(kind, (void **)&block, PROBE_PAGE_SIZE, BLOCK_SIZE)) {
			atomic_store(&log->is_null, true);
			break;
		}
		/* One byte over and over: swap that compresses needs no memory for it. */
		memset(block, 0x5a, BLOCK_SIZE);
		blocks[i] = block;
		atomic_store(&log->block_count, i + 1);
		if ((i + 1) % options->step_size == 0)
			write_step(log, i + 1, started);
	}
	write_step(log, atomic_load(&log->block_count), started);
}

static unsigned long online_nodes(void)
{
	char text[256] = "";
	int fd = open("/sys/devices/system/node/online", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (length <= 0)
		probe_die("list of online nodes");
	close(fd);
	text[strcspn(text, "\n")] = '\0';
	return probe_parse_nodes(text);
}

static void print_steps(const struct fill_log *log, unsigned long nodes, size_t *printed)
{
	for (; *printed < atomic_load(&log->step_count); (*printed)++) {
		const struct step *step = &log->steps[*printed];

		printf("step ms=%ld blocks=%zu cpu=%d", step->ms, step->blocks, step->cpu);
		for (int node = 0; node < LOG_NODES; node++) {
			if ((nodes >> node & 1) != 0)
				printf(" node%d=%zu", node, step->on_node[node]);
		}
		printf(" swap=%zu\n", step->swap);
	}
	fflush(stdout);
}

/* Prints until the child is gone; returns the reason. */
static const char *watch(pid_t child, struct fill_log *log)
{
	unsigned long nodes = online_nodes();
	size_t printed = 0;
	int status;
	pid_t gone;

	do {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += WAIT_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		sem_timedwait(&log->news, &until);
		gone = waitpid(child, &status, WNOHANG);
		print_steps(log, nodes, &printed);
	} while (gone == 0);
	if (gone != child)
		probe_die("waitpid");
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return "killed";
	errno = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		probe_die("the filling process ended with status %#x", (unsigned)status);
	return atomic_load(&log->is_null) ? "null" : "limit";
}

static void write_score(const char *score)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, score, strlen(score)) < 0)
		probe_die("oom_score_adj");
	close(fd);
}

static struct options parse(int argc, char **argv)
{
	struct options options = {.step_size = 4};
	int option;

	while ((option = getopt(argc, argv, "c:l:k:a:")) != -1) {
		switch (option) {
		case 'c':
			options.cpu = atoi(optarg);
			break;
		case 'l':
			options.limit = strtoul(optarg, NULL, 10);
			break;
		case 'k':
			options.step_size = strtoul(optarg, NULL, 10);
			break;
		case 'a':
			options.shown_name = optarg;
			break;
		default:
			exit(2);
		}
	}
	if (optind + 1 != argc || options.limit == 0 || options.limit > BLOCK_LIMIT ||
	    options.step_size == 0)
		probe_die("usage: fill -c CPU -l LIMIT_MIB [-k BLOCKS_A_STEP] [-a NAME] KIND");
	options.kind_name = argv[optind];
	if (options.shown_name == NULL)
		options.shown_name = options.kind_name;
	return options;
}

int main(int argc, char **argv)
{
	struct options options = parse(argc, argv);
	struct fill_log *log = mmap(NULL, sizeof(*log), PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	const char *reason;
	pid_t child;

	if (log == MAP_FAILED || sem_init(&log->news, 1, 0) != 0)
		probe_die("log");
	write_score("-1000");
	printf("start kind=%s cpu=%d block=%lu\n", options.shown_name, options.cpu, BLOCK_SIZE);
	fflush(stdout);
	child = fork();
	if (child < 0)
		probe_die("fork");
	if (child == 0) {
		write_score("1000");
		/* In memory before it is scarce. */
		memset(blocks, 0, sizeof(blocks));
		fill(&options, log);
		_exit(0);
	}
	if (mlockall(MCL_CURRENT) != 0)
		probe_die("mlockall");
	reason = watch(child, log);
	printf("end reason=%s blocks=%zu\n", reason, atomic_load(&log->block_count));
	return 0;
}
