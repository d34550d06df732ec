/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The classic workloads of many threads, written after their published descriptions. Each does a
 * fixed amount of work in all, however many threads share it.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "work.h"

enum {
	THREAD_LIMIT = 64,
	TRANSFER_COUNT = 1024,
	LARSON_SLOT_COUNT = 1000,
	BATCH_SIZE = 120,
	RP_BATCH_LIMIT = 200,
	APART = 128, /* two cache lines, since processors fetch their neighbours, too */
};

/* Apart, or what the workers themselves share would be measured. */
struct worker {
	_Alignas(APART) pthread_t thread;
	void (*run)(struct worker *worker);
	uint64_t seed;
	unsigned thread_count;
	void **blocks; /* of larson, which the next thread takes over */
	void *first;   /* of cache-scratch */
};

static _Atomic(void *) transfers[TRANSFER_COUNT];

static void *begin(void *argument)
{
	struct worker *worker = argument;

	worker->run(worker);
	return NULL;
}

static void start(struct worker *worker)
{
	if (pthread_create(&worker->thread, NULL, begin, worker) != 0)
		bench_die("pthread_create");
}

static void run_workers(struct worker *workers, unsigned thread_count,
			void (*run)(struct worker *worker))
{
	if (thread_count > THREAD_LIMIT)
		bench_die("so many threads");
	for (unsigned i = 0; i < thread_count; i++) {
		workers[i].run = run;
		workers[i].thread_count = thread_count;
		if (workers[i].seed == 0)
			workers[i].seed = i + 1;
		start(&workers[i]);
	}
	for (unsigned i = 0; i < thread_count; i++)
		pthread_join(workers[i].thread, NULL);
}

/* Puts BLOCK (or NULL) into a random place, and returns what was there. */
static void *exchange(uint64_t *state, void *block)
{
	return atomic_exchange(&transfers[bench_random(state) % TRANSFER_COUNT], block);
}

static void empty_transfers(void)
{
	for (unsigned i = 0; i < TRANSFER_COUNT; i++) {
		void *block = atomic_exchange(&transfers[i], NULL);

		if (block != NULL)
			bench_free(block);
	}
}

/* larson: a server's slots, replaced at random; each generation of threads frees the last one's. */
static void larson_generation(struct worker *worker)
{
	unsigned count = 200000 / worker->thread_count;

	for (unsigned i = 0; i < count; i++) {
		size_t slot = bench_random(&worker->seed) % LARSON_SLOT_COUNT;

		bench_free(worker->blocks[slot]);
		worker->blocks[slot] = bench_malloc(8 + bench_random(&worker->seed) % 993);
	}
}

static void run_larson(unsigned thread_count)
{
	static void *slots[THREAD_LIMIT][LARSON_SLOT_COUNT];
	struct worker workers[THREAD_LIMIT] = {0};
	uint64_t state = 1;

	for (unsigned i = 0; i < thread_count; i++) {
		workers[i].blocks = slots[i];
		for (unsigned slot = 0; slot < LARSON_SLOT_COUNT; slot++)
			slots[i][slot] = bench_malloc(8 + bench_random(&state) % 993);
	}
	for (int generation = 0; generation < 20; generation++)
		run_workers(workers, thread_count, larson_generation);
	for (unsigned i = 0; i < thread_count; i++)
		for (unsigned slot = 0; slot < LARSON_SLOT_COUNT; slot++)
			bench_free(slots[i][slot]);
}

/* Writes a small block again and again: slow where two threads' blocks share a cache line. */
static void write_often(struct worker *worker)
{
	unsigned count = 100000 / worker->thread_count;

	for (unsigned i = 0; i < count; i++) {
		volatile char *block = bench_malloc(8);

		for (int repeat = 0; repeat < 1000 / 8; repeat++)
			for (int byte = 0; byte < 8; byte++)
				block[byte]++;
		bench_free((void *)block);
	}
}

static void run_cache_thrash(unsigned thread_count)
{
	struct worker workers[THREAD_LIMIT] = {0};

	run_workers(workers, thread_count, write_often);
}

/* cache-scratch: passive sharing; what main allocated side by side is freed by the threads. */
static void scratch(struct worker *worker)
{
	bench_free(worker->first);
	write_often(worker);
}

static void run_cache_scratch(unsigned thread_count)
{
	struct worker workers[THREAD_LIMIT] = {0};

	for (unsigned i = 0; i < thread_count; i++)
		workers[i].first = bench_malloc(8);
	run_workers(workers, thread_count, scratch);
}

/* xmalloc: batches of blocks travel to other threads, which free them. */
static void xmalloc(struct worker *worker)
{
	static const unsigned short sizes[] = {8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512};
	unsigned count = 40000 / worker->thread_count;

	for (unsigned round = 0; round < count; round++) {
		void **batch = bench_malloc(BATCH_SIZE * sizeof(void *));

		for (int i = 0; i < BATCH_SIZE; i++)
			batch[i] = bench_malloc(sizes[bench_random(&worker->seed) % 12]);
		batch = exchange(&worker->seed, batch);
		for (int i = 0; batch != NULL && i < BATCH_SIZE; i++)
			bench_free(batch[i]);
		if (batch != NULL)
			bench_free(batch);
	}
}

static void run_xmalloc(unsigned thread_count)
{
	struct worker workers[THREAD_LIMIT] = {0};

	run_workers(workers, thread_count, xmalloc);
	for (unsigned i = 0; i < TRANSFER_COUNT; i++) {
		void **batch = atomic_exchange(&transfers[i], NULL);

		for (int block = 0; batch != NULL && block < BATCH_SIZE; block++)
			bench_free(batch[block]);
		if (batch != NULL)
			bench_free(batch);
	}
}

/* mstress: many small and few large blocks, some of them kept, some handed to other threads. */
static void mstress(struct worker *worker)
{
	enum { KEPT_COUNT = 2000 };
	unsigned count = 50000 / worker->thread_count;
	void *kept[KEPT_COUNT] = {NULL};

	for (unsigned i = 0; i < count; i++) {
		uint64_t *seed = &worker->seed;
		size_t size = 8 * (1 + bench_random(seed) % 64);
		void **slot = &kept[bench_random(seed) % KEPT_COUNT];
		void *block;

		if (bench_random(seed) % 10 == 0)
			size *= 10;
		if (bench_random(seed) % 1000 == 0)
			size *= 50;
		block = bench_malloc(size);
		memset(block, 1, size < 512 ? size : 512);
		if (bench_random(seed) % 4 == 0)
			block = exchange(seed, block);
		if (*slot != NULL)
			bench_free(*slot);
		*slot = block;
	}
	for (int i = 0; i < KEPT_COUNT; i++)
		if (kept[i] != NULL)
			bench_free(kept[i]);
}

static void run_mstress(unsigned thread_count)
{
	struct worker workers[THREAD_LIMIT] = {0};

	for (int round = 0; round < 40; round++) {
		run_workers(workers, thread_count, mstress);
		/* Half of the rounds begin with blocks of threads that have ended. */
		if (round % 2 == 0)
			empty_transfers();
	}
	empty_transfers();
}

/*
 * sh6bench: batches of one size after the other, small ones more often; a part outlives its batch,
 * the rest is freed forwards and backwards in turn. MOVES: sh8bench, the survivors change threads.
 */
static void sh_batches(struct worker *worker, bool moves)
{
	enum { BATCH = 500, SURVIVOR_COUNT = 4000 };
	void *batch[BATCH];
	void *survivors[SURVIVOR_COUNT] = {NULL};
	unsigned round_count = 10000 / worker->thread_count;
	unsigned next = 0;

	for (unsigned round = 0; round < round_count; round++) {
		size_t limit = (size_t)16 << (bench_random(&worker->seed) % 7);
		size_t size = 1 + bench_random(&worker->seed) % limit;

		for (int i = 0; i < BATCH; i++)
			batch[i] =
				bench_malloc(size + (moves ? bench_random(&worker->seed) % 64 : 0));
		for (int i = 0; i < BATCH; i++) {
			void *block = batch[round % 2 == 0 ? i : BATCH - 1 - i];

			if (i % 10 == 0) {
				void **slot = &survivors[next++ % SURVIVOR_COUNT];
				void *old = *slot;

				*slot = block;
				block = moves ? exchange(&worker->seed, old) : old;
			}
			if (block != NULL)
				bench_free(block);
		}
	}
	for (int i = 0; i < SURVIVOR_COUNT; i++)
		if (survivors[i] != NULL)
			bench_free(survivors[i]);
}

static void sh6(struct worker *worker)
{
	sh_batches(worker, false);
}

static void run_sh6bench(unsigned thread_count)
{
	struct worker workers[THREAD_LIMIT] = {0};

	run_workers(workers, thread_count, sh6);
}

static void sh8(struct worker *worker)
{
	sh_batches(worker, true);
}

static void run_sh8bench(unsigned thread_count)
{
	struct worker workers[THREAD_LIMIT] = {0};

	run_workers(workers, thread_count, sh8);
	empty_transfers();
}

/* alloc-test: random slots are filled and emptied in turn, all of a block is written and read. */
static void alloc_test(struct worker *worker)
{
	enum { SLOT_COUNT = 1 << 13 };
	struct {
		unsigned char *block;
		size_t size;
	} slots[SLOT_COUNT] = {{NULL, 0}};
	unsigned count = 4000000 / worker->thread_count;
	unsigned sum = 0;

	for (unsigned i = 0; i < count; i++) {
		size_t slot = bench_random(&worker->seed) % SLOT_COUNT;
		unsigned bits = bench_random(&worker->seed) % 10;

		if (slots[slot].block != NULL) {
			sum += slots[slot].block[slots[slot].size - 1];
			bench_free(slots[slot].block);
			slots[slot].block = NULL;
			continue;
		}
		slots[slot].size = 1 + bench_random(&worker->seed) % (2u << bits);
		slots[slot].block = bench_malloc(slots[slot].size);
		memset(slots[slot].block, (int)i, slots[slot].size);
	}
	for (int i = 0; i < SLOT_COUNT; i++)
		if (slots[i].block != NULL)
			bench_free(slots[i].block);
	atomic_signal_fence(memory_order_seq_cst);
	worker->seed += sum;
}

static void run_alloc_test(unsigned thread_count)
{
	struct worker workers[THREAD_LIMIT] = {0};

	run_workers(workers, thread_count, alloc_test);
}

/*
 * rptest: each thread keeps an array of blocks, small ones more often, and frees and allocates
 * scattered batches of it; every second batch is handed to another thread, which frees it.
 */
struct rp_batch {
	unsigned count;
	void *blocks[RP_BATCH_LIMIT];
};

static void rp_free(struct rp_batch *batch)
{
	if (batch == NULL)
		return;
	for (unsigned i = 0; i < batch->count; i++)
		bench_free(batch->blocks[i]);
	bench_free(batch);
}

/* From 8 to 16,000 bytes: the product of two even spreads falls off towards the large ones. */
static size_t rp_size(uint64_t *seed)
{
	uint64_t product = (uint64_t)(bench_random(seed) >> 16) * (bench_random(seed) >> 16);

	return 8 + (size_t)((product * 15992) >> 32);
}

static void rptest(struct worker *worker)
{
	enum { KEPT_COUNT = 1000 };
	void *kept[KEPT_COUNT] = {NULL};
	uint64_t *seed = &worker->seed;
	unsigned count = 6000 / worker->thread_count;

	for (unsigned round = 0; round < count; round++) {
		struct rp_batch *batch = bench_malloc(sizeof(*batch));
		unsigned slot = bench_random(seed) % KEPT_COUNT;

		batch->count = 0;
		for (unsigned left = 1 + bench_random(seed) % RP_BATCH_LIMIT; left > 0; left--) {
			slot = (slot + 1 + bench_random(seed) % 16) % KEPT_COUNT;
			if (kept[slot] != NULL)
				batch->blocks[batch->count++] = kept[slot];
			kept[slot] = bench_malloc(rp_size(seed));
		}
		rp_free(round % 2 == 0 ? batch : exchange(seed, batch));
	}
	for (int i = 0; i < KEPT_COUNT; i++)
		if (kept[i] != NULL)
			bench_free(kept[i]);
}

static void run_rptest(unsigned thread_count)
{
	struct worker workers[THREAD_LIMIT] = {0};

	run_workers(workers, thread_count, rptest);
	for (unsigned i = 0; i < TRANSFER_COUNT; i++)
		rp_free(atomic_exchange(&transfers[i], NULL));
}

const struct bench_workload bench_thread_workloads[] = {
	{"larson", run_larson},
	{"cache-scratch", run_cache_scratch},
	{"cache-thrash", run_cache_thrash},
	{"xmalloc", run_xmalloc},
	{"mstress", run_mstress},
	{"sh6bench", run_sh6bench},
	{"sh8bench", run_sh8bench},
	{"alloc-test", run_alloc_test},
	{"rptest", run_rptest},
	{NULL, NULL},
};
