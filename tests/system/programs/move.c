/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moves blocks of the kind FROM, whose pages are on node SOURCE, to the kind TO on node TARGET:
 *
 *	move -c CPU -s SOURCE -t TARGET [-h] [-n COUNT] MODE FROM TO
 *
 *   place    there, on to DEFAULT and back, in between others, which have to stay; -h: with huge pages,
 *            of which some are shared with the others
 *   full     another process takes what TARGET has meanwhile
 *   fork     a block that a living child has, too
 *   partly   as full, and yet another one takes what the block leaves behind
 *   many     COUNT moves of small blocks: no mapping is left behind
 *   ratio    to a kind that has three of four pages on SOURCE, and the rest on TARGET
 *   threads  several threads move, allocate and free side by side while others write
 *
 * What memkind_ng_where() and the kernel say decides. Exits with 0 if all is as it has to be, with 1 after
 * a line that says what is wrong.
 */
#include "block.h"

#include <memkind_ng.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* libmemkind 1.14, with which all programs of this folder link, too, does not have them. */
#pragma weak memkind_ng_move
#pragma weak memkind_ng_trim

enum {
	KEPT_SIZE = 6 * MIB,
	SMALL_COUNT = 16,
	THREAD_COUNT = 3,
	HOG_LIMIT = 20,
	ROUND_COUNT = 60,
};

struct scene {
	int cpu;
	unsigned source, target;
	bool has_huge_pages;
	int move_count;
	memkind_t from, to;
};

static size_t mapping_count(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	size_t count = 0;
	int byte;

	if (maps == NULL)
		probe_die("/proc/self/maps");
	while ((byte = fgetc(maps)) != EOF)
		count += byte == '\n';
	fclose(maps);
	return count;
}

/* Its pages go back, its addresses are of the first kind again. */
static void free_and_look(const struct scene *scene, struct block *block)
{
	struct block *again;

	memkind_free(NULL, block->start);
	again = block_take(scene->from, block->size, 77);
	block_check_place(again, scene->source, "a block after one that had moved");
	check(memkind_detect_kind(again->start) == scene->from, "its kind", 0);
	memkind_free(NULL, again->start);
}

/* Blocks side by side, touched when all are there: only so do huge pages reach across their ends. */
static void take_three(const struct scene *scene, struct block *blocks[3])
{
	static const size_t sizes[3] = {3 * MIB + 300 * KIB, 32 * MIB + 700 * KIB, 5 * MIB};

	for (int i = 0; i < 3; i++)
		blocks[i] = block_get(scene->from, sizes[i]);
	for (int i = 0; i < 3; i++)
		block_write(blocks[i], (unsigned char)i);
	for (int i = 0; i < 3; i++)
		block_note_nodes(blocks[i]);
	for (int i = 0; i < 2; i++)
		check(blocks[i]->start + blocks[i]->size == blocks[i + 1]->start, "beside", i);
}

static long huge_kib(void)
{
	return probe_number_of("/proc/self/smaps", "AnonHugePages:");
}

static void place(const struct scene *scene)
{
	struct block *blocks[3], *block;
	char before[PROBE_POLICY_SIZE], after[PROBE_POLICY_SIZE];
	size_t mappings;
	long huge;

	take_three(scene, blocks);
	block = blocks[1];
	mappings = mapping_count();
	huge = huge_kib();
	probe_policy(block->start, before);
	block_check_place(block, scene->source, "before");
	block_move(block, scene->to, scene->target, "there");
	probe_policy(block->start, after);
	printf("policy %s, then %s; %ld KiB of huge pages, then %ld\n", before, after, huge,
	       huge_kib());
	/* Those at the ends were split, and no others. */
	check(!scene->has_huge_pages || huge - huge_kib() == 4 * KIB, "KiB of huge pages",
	      huge_kib());
	block_check_nodes(blocks[0], "a page of the block below");
	block_check_nodes(blocks[2], "a page of the block above");
	block_move(block, MEMKIND_DEFAULT, scene->source, "to DEFAULT");
	block_move(block, scene->to, scene->target, "there again");
	block_move(block, scene->from, scene->source, "back");
	probe_policy(block->start, after);
	check(strcmp(before, after) == 0, "policy", 0);
	check(mapping_count() == mappings, "mappings", (long)(mapping_count() - mappings));
	block_move(block, scene->to, scene->target, "there once more");
	free_and_look(scene, block);
	block_check_nodes(blocks[0], "a page of the block below, at last");
	block_check_nodes(blocks[2], "a page of the block above, at last");
}

/* Takes what a node has, but for what the kernel would take elsewhere, once it has less than LIMIT. */
static void take_node(unsigned node, size_t limit, int ready)
{
	const size_t size = 512UL * MIB, step = 256 * KIB;
	unsigned long mask = 1UL << node;
	unsigned char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED ||
	    syscall(SYS_mbind, memory, size, 1 /* preferred */, &mask, 65UL, 0) != 0 ||
	    madvise(memory, size, MADV_NOHUGEPAGE) != 0 || write(ready, "", 1) != 1)
		probe_die("the hog");
	for (size_t done = 0;;) {
		if (done + step > size || probe_free_size(node) > limit ||
		    probe_free_size(node) < KEPT_SIZE) {
			usleep(500);
			continue;
		}
		memset(memory + done, 1, step);
		done += step;
		limit = SIZE_MAX;
	}
}

/*
 * A process that does so, and has let go of the block: as long as pages are shared they do not move. It
 * comes before the mover, on the CPU of both, so that it is in time however slow the machine is.
 */
static pid_t start_hog(const struct scene *scene, const struct block *block, unsigned node,
		       size_t limit)
{
	const struct sched_param first = {.sched_priority = 1};
	int pipes[2];
	pid_t child;
	char byte;

	if (pipe(pipes) != 0)
		probe_die("pipe");
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		munmap(block->start, block->size);
		probe_pin(scene->cpu);
		if (sched_setscheduler(0, SCHED_FIFO, &first) != 0)
			probe_die("sched_setscheduler");
		take_node(node, limit, pipes[1]);
	}
	close(pipes[1]);
	if (child < 0 || read(pipes[0], &byte, 1) != 1)
		probe_die("the hog");
	close(pipes[0]);
	return child;
}

static void stop(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* As long as nobody else takes it there is room for it; where it is now, too, for huge pages. */
static struct block *take_most_of_target(const struct scene *scene)
{
	size_t there = probe_free_size(scene->target) - 8 * MIB;
	size_t here = probe_free_size(scene->source) - 32 * MIB;
	size_t size = (there < here ? there : here) / PROBE_PAGE_SIZE * PROBE_PAGE_SIZE;
	struct block *block = block_take(scene->from, size, 5);

	block_check_place(block, scene->source, "before");
	block_note_nodes(block);
	return block;
}

struct hogs {
	pid_t there, here; /* here: 0 where nobody takes what the block leaves behind */
	long moved;	   /* pages, from their start on */
};

static long moved_pages(void)
{
	return probe_number_of("/proc/vmstat", "pgmigrate_success ");
}

static void stop_hogs(const struct hogs *hogs)
{
	stop(hogs->there);
	if (hogs->here != 0)
		stop(hogs->here);
}

/*
 * A move in whose midst others take what there is, until its error is WANTED or none of their doing.
 * Where they were too slow the block has moved, or is back for want of room, and others try.
 */
static int move_beside_hogs(const struct scene *scene, const struct block *block, int wanted,
			    struct hogs *ret_hogs)
{
	bool are_two = wanted == MEMKIND_NG_ERROR_PARTLY_MOVED;
	int error = 0;

	for (int i = 0; i < HOG_LIMIT; i++) {
		size_t limit = probe_free_size(scene->target) - 16 * MIB;

		*ret_hogs = (struct hogs){.here = 0};
		if (are_two)
			ret_hogs->here = start_hog(scene, block, scene->source, SIZE_MAX);
		while (are_two && probe_free_size(scene->source) > KEPT_SIZE)
			usleep(1000);
		ret_hogs->moved = -moved_pages();
		ret_hogs->there = start_hog(scene, block, scene->target, limit);
		error = memkind_ng_move(block->start, scene->to);
		ret_hogs->moved += moved_pages();
		if (error == wanted || (error != 0 && error != MEMKIND_NG_ERROR_NO_ROOM))
			break;
		stop_hogs(ret_hogs);
		block_move(block, scene->from, scene->source, "back from slow ones");
	}
	return error;
}

static void full(const struct scene *scene)
{
	struct block *block = take_most_of_target(scene);
	long swapped = probe_number_of("/proc/vmstat", "pswpout ");
	long kills = probe_number_of("/proc/vmstat", "oom_kill ");
	size_t mappings = mapping_count();
	struct hogs hogs;
	int error = move_beside_hogs(scene, block, MEMKIND_NG_ERROR_NO_ROOM, &hogs);

	block_check_error(block, error, MEMKIND_NG_ERROR_NO_ROOM, "full");
	printf("full: %zu MiB, %ld pages moved on the way\n", block->size / MIB, hogs.moved);
	check(hogs.moved >= (long)(16 * MIB / PROBE_PAGE_SIZE), "pages moved on the way",
	      hogs.moved);
	check(memkind_detect_kind(block->start) == scene->from, "kind", 0);
	block_check_nodes(block, "a page after the way back");
	block_check_place(block, scene->source, "rolled back");
	check(mapping_count() == mappings, "mappings", (long)(mapping_count() - mappings));
	check(probe_number_of("/proc/vmstat", "pswpout ") == swapped, "pages swapped", 0);
	check(probe_number_of("/proc/vmstat", "oom_kill ") == kills, "killed", 0);
	/* Here it is seen at once. */
	error = memkind_ng_move(block->start, scene->to);
	check(error == MEMKIND_NG_ERROR_NO_ROOM, "full from the start", error);
	stop_hogs(&hogs);
	free_and_look(scene, block);
}

static void fork_and_move(const struct scene *scene)
{
	struct block *block = block_take(scene->from, 8 * MIB, 6);
	int pipes[2], status, error;
	pid_t child;
	char byte;

	block_note_nodes(block);
	if (pipe(pipes) != 0)
		probe_die("pipe");
	child = fork();
	if (child == 0) {
		close(pipes[1]);
		_exit(read(pipes[0], &byte, 1) == 0 ? 0 : 2);
	}
	error = memkind_ng_move(block->start, scene->to);
	block_check_error(block, error, MEMKIND_NG_ERROR_UNMOVABLE, "with a child");
	check(memkind_detect_kind(block->start) == scene->from, "kind", 0);
	block_check_nodes(block, "a page of a child's");
	close(pipes[1]);
	if (waitpid(child, &status, 0) != child || status != 0)
		probe_die("the child");
	block_move(block, scene->to, scene->target, "without a child");
	free_and_look(scene, block);
}

static void partly(const struct scene *scene)
{
	struct block *block = take_most_of_target(scene);
	size_t bytes[PROBE_NODES + 2], mappings = mapping_count(), sum = 0;
	struct hogs hogs;
	int error = move_beside_hogs(scene, block, MEMKIND_NG_ERROR_PARTLY_MOVED, &hogs);

	block_check_error(block, error, MEMKIND_NG_ERROR_PARTLY_MOVED, "partly");
	check(memkind_ng_where(block->start, block->size, bytes, PROBE_NODES) == 0, "where", 0);
	for (unsigned node = 0; node < PROBE_NODES; node++)
		sum += bytes[node];
	printf("partly: %zu KiB on %u, %zu KiB on %u\n", bytes[scene->source] / KIB, scene->source,
	       bytes[scene->target] / KIB, scene->target);
	check(sum == block->size && bytes[scene->target] != 0, "bytes", (long)sum);
	check(memkind_detect_kind(block->start) == scene->from, "kind", 0);
	block_check_bytes(block);
	stop_hogs(&hogs);
	/* Now there is room. */
	block_move(block, scene->from, scene->source, "back");
	check(mapping_count() == mappings, "mappings", (long)(mapping_count() - mappings));
	free_and_look(scene, block);
}

static void many(const struct scene *scene)
{
	struct block *blocks[SMALL_COUNT];
	size_t mappings;
	long start;

	for (int i = 0; i < SMALL_COUNT; i++)
		blocks[i] = block_take(scene->from, (size_t)(36 + 4 * i) * KIB, (unsigned char)i);
	for (int i = 0; i < SMALL_COUNT; i++)
		block_note_nodes(blocks[i]);
	mappings = mapping_count();
	start = probe_ms();
	for (int i = 0; i < scene->move_count / 2; i++) {
		struct block *block = blocks[(unsigned)i * 7 % SMALL_COUNT];
		bool is_there = memkind_detect_kind(block->start) == scene->to;

		check(memkind_ng_move(block->start, is_there ? scene->from : scene->to) == 0,
		      "a move", i);
		/* At most a few are there at a time, whatever lies beside them. */
		block = blocks[(unsigned)(i / 3) * 5 % SMALL_COUNT];
		check(memkind_ng_move(block->start, scene->from) == 0, "a move back", i);
	}
	printf("%d moves in %ld ms, %zu and %zu mappings\n", scene->move_count, probe_ms() - start,
	       mappings, mapping_count());
	for (int i = 0; i < SMALL_COUNT; i++) {
		check(memkind_ng_move(blocks[i]->start, scene->from) == 0, "the last move", i);
		block_check_nodes(blocks[i], "a page in the end");
	}
	check(mapping_count() == mappings, "mappings", (long)(mapping_count() - mappings));
}

struct mover {
	const struct scene *scene;
	struct block *blocks[SMALL_COUNT];
	uint64_t *counted;
	unsigned number;
	pthread_t thread;
};

static void ratio(const struct scene *scene)
{
	struct block *block = block_take(scene->from, 32 * MIB, 5);
	size_t bytes[PROBE_NODES + 2];
	int error = memkind_ng_move(block->start, scene->to);

	check(error == 0, "to a ratio", error);
	check(memkind_detect_kind(block->start) == scene->to, "kind", 0);
	block_show_place(block, bytes);
	check(labs((long)bytes[scene->source] - 24 * MIB) <= MIB / 4, "of the source",
	      (long)bytes[scene->source]);
	check(bytes[scene->source] + bytes[scene->target] == block->size, "of the target",
	      (long)bytes[scene->target]);
	block_check_bytes(block);
	free_and_look(scene, block);
}

static atomic_bool is_over;

static void *move_at_random(void *argument)
{
	struct mover *mover = argument;
	const struct scene *scene = mover->scene;
	unsigned seed = mover->number;

	for (int round = 0; round < ROUND_COUNT; round++) {
		struct block *block = mover->blocks[(unsigned)rand_r(&seed) % SMALL_COUNT];
		bool goes = rand_r(&seed) % 2 == 0;
		void *other = memkind_malloc(scene->from, (size_t)(40 + round) * KIB);

		check(other != NULL, "another block", round);
		memset(other, 1, 40 * KIB);
		block_move(block, goes ? scene->to : scene->from,
			   goes ? scene->target : scene->source, "in a thread");
		if (round % 3 == 0)
			check(memkind_ng_move(other, scene->to) == 0, "another block moves", round);
		memkind_free(NULL, other);
		if (round % 10 == 0)
			memkind_ng_trim(scene->from);
	}
	return NULL;
}

/* A word of each page of a block that moves all the time: an addition that is lost shows. */
static void *add(void *argument)
{
	uint64_t *words = argument;
	uint64_t rounds = 0;

	while (!atomic_load(&is_over)) {
		for (size_t i = 0; i < MIB / sizeof(*words); i += 512)
			words[i]++;
		rounds++;
	}
	return (void *)(uintptr_t)rounds;
}

static void threads(const struct scene *scene)
{
	static struct mover movers[THREAD_COUNT];
	uint64_t *words = memkind_calloc(scene->from, 1, MIB);
	void *rounds;
	pthread_t adder;

	/* Neighbours are of different threads. */
	for (int i = 0; i < SMALL_COUNT * THREAD_COUNT; i++)
		movers[i % THREAD_COUNT].blocks[i / THREAD_COUNT] =
			block_take(scene->from, (size_t)(36 + 4 * i) * KIB, (unsigned char)i);
	if (words == NULL || pthread_create(&adder, NULL, add, words) != 0)
		probe_die("a thread");
	for (unsigned i = 0; i < THREAD_COUNT; i++) {
		movers[i].scene = scene;
		movers[i].number = i;
		if (pthread_create(&movers[i].thread, NULL, move_at_random, &movers[i]) != 0)
			probe_die("a thread");
	}
	for (int i = 0; i < ROUND_COUNT; i++)
		check(memkind_ng_move(words, i % 2 == 0 ? scene->to : scene->from) == 0,
		      "a block that is written to", i);
	for (int i = 0; i < THREAD_COUNT; i++)
		pthread_join(movers[i].thread, NULL);
	atomic_store(&is_over, true);
	pthread_join(adder, &rounds);
	for (size_t i = 0; i < MIB / sizeof(*words); i += 512)
		check(words[i] == (uintptr_t)rounds, "additions", (long)words[i]);
	printf("%lu additions to each word\n", (unsigned long)(uintptr_t)rounds);
	for (int i = 0; i < SMALL_COUNT * THREAD_COUNT; i++) {
		struct block *block = movers[i % THREAD_COUNT].blocks[i / THREAD_COUNT];

		block_move(block, scene->from, scene->source, "at last");
	}
}

static struct scene parse(int argc, char **argv)
{
	struct scene scene = {.cpu = 0};
	int option;

	while ((option = getopt(argc, argv, "c:s:t:hn:")) != -1) {
		switch (option) {
		case 'c':
			scene.cpu = atoi(optarg);
			break;
		case 's':
			scene.source = (unsigned)atoi(optarg);
			break;
		case 't':
			scene.target = (unsigned)atoi(optarg);
			break;
		case 'n':
			scene.move_count = atoi(optarg);
			break;
		case 'h':
			scene.has_huge_pages = true;
			break;
		default:
			exit(2);
		}
	}
	if (optind + 3 != argc || scene.source >= PROBE_NODES || scene.target >= PROBE_NODES)
		probe_die("usage: move -c CPU -s SOURCE -t TARGET [-h] [-n COUNT] MODE FROM TO");
	scene.from = probe_kind(argv[optind + 1]);
	scene.to = probe_kind(argv[optind + 2]);
	return scene;
}

/* What the library needs itself is there before mappings and nodes are looked at. */
static void prepare(const struct scene *scene)
{
	memkind_t kinds[] = {scene->from, scene->to, MEMKIND_DEFAULT};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		memkind_free(NULL, memkind_malloc(kinds[i], 40 * KIB));
		memkind_ng_trim(kinds[i]);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(const struct scene *scene);
	} modes[] = {
		{"place", place}, {"full", full},   {"fork", fork_and_move}, {"partly", partly},
		{"many", many},	  {"ratio", ratio}, {"threads", threads},
	};
	struct scene scene = parse(argc, argv);

	probe_pin(scene.cpu);
	prepare(&scene);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(argv[optind], modes[i].name) == 0) {
			modes[i].run(&scene);
			printf("moved\n");
			return 0;
		}
	probe_die("no mode %s", argv[optind]);
}
