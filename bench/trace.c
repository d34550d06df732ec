/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fragmentation: a server's life on a clock of its own. Each phase has other sizes than the one
 * before; most blocks die young, some live on into the next phases. Then the load ends, and what
 * is resident is compared with what still lives: at once, after the decay, after a purge.
 */
#include <string.h>

#include "work.h"

enum {
	WHEEL_SIZE = 1 << 14, /* ticks; no block lives longer */
	ITEM_LIMIT = 1 << 20,
	PHASE_TICKS = 1500,
	TICK_BYTES = 128 << 10,
	YOUNG_TICKS = 50,
	OLD_TICKS = 2000,
	OLD_PERCENT = 10,
	DECAY_SECONDS = 15,
};

static const struct phase {
	unsigned smallest;
	unsigned octaves;
} phases[] = {{16, 5}, {64, 5}, {16, 3}, {256, 6}, {1024, 6}, {16, 6}, {32, 2}, {512, 4}};
enum { PHASE_COUNT = sizeof(phases) / sizeof(phases[0]) };

/* Item 0 is none: it ends lists. */
struct item {
	void *block;
	uint32_t size;
	uint32_t next;
};

static struct {
	struct item *items;
	uint32_t *wheel;
	uint32_t free_item;
	uint32_t used_count;
	uint32_t tick;
	size_t live;
	size_t peak_live;
	double own_rss;
	uint64_t random;
} trace;

static uint32_t take_item(void)
{
	uint32_t number = trace.free_item;

	if (number == 0) {
		number = ++trace.used_count;
		if (number == ITEM_LIMIT)
			bench_die("holding so many items");
		return number;
	}
	trace.free_item = trace.items[number].next;
	return number;
}

/* Spread evenly up to twice the mean. */
static uint32_t lifetime(void)
{
	bool is_old = bench_random(&trace.random) % 100 < OLD_PERCENT;

	return 1 + bench_random(&trace.random) % (2 * (is_old ? OLD_TICKS : YOUNG_TICKS));
}

static size_t allocate(const struct phase *phase)
{
	size_t base = (size_t)phase->smallest << bench_random(&trace.random) % phase->octaves;
	size_t size = base + bench_random(&trace.random) % base;
	uint32_t number = take_item();
	uint32_t *slot = &trace.wheel[(trace.tick + lifetime()) % WHEEL_SIZE];

	trace.items[number] =
		(struct item){memset(bench_take(size), 1, size), (uint32_t)size, *slot};
	*slot = number;
	trace.live += size;
	return size;
}

/* The time of some blocks has come. */
static void expire(void)
{
	uint32_t *slot = &trace.wheel[trace.tick % WHEEL_SIZE];

	while (*slot != 0) {
		uint32_t number = *slot;
		struct item *item = &trace.items[number];

		bench_free(item->block);
		trace.live -= item->size;
		*slot = item->next;
		item->next = trace.free_item;
		trace.free_item = number;
	}
	trace.tick++;
}

static void run_phase(const struct phase *phase)
{
	for (int tick = 0; tick < PHASE_TICKS; tick++) {
		expire();
		for (size_t bytes = 0; bytes < TICK_BYTES;)
			bytes += allocate(phase);
		if (trace.live > trace.peak_live)
			trace.peak_live = trace.live;
	}
}

static void report_over_live(const char *name)
{
	bench_report(name, (bench_rss() - trace.own_rss) / (double)trace.live);
}

/* A little work goes on: many allocators give memory back only when they are called. */
static void wait_for_decay(void)
{
	enum { COUNT = 500 };
	const struct timespec pause = {0, 50000000};
	double deadline = bench_ns(CLOCK_MONOTONIC) + DECAY_SECONDS * 1e9;
	void *blocks[COUNT];

	while (bench_ns(CLOCK_MONOTONIC) < deadline) {
		for (int i = 0; i < COUNT; i++)
			blocks[i] = bench_malloc(16 + (size_t)i * 32);
		for (int i = 0; i < COUNT; i++)
			bench_free(blocks[i]);
		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
}

static void run_server(unsigned number)
{
	trace.items = bench_own(ITEM_LIMIT * sizeof(*trace.items));
	trace.wheel = bench_own(WHEEL_SIZE * sizeof(*trace.wheel));
	trace.random = 1;
	trace.own_rss = bench_rss();
	for (unsigned round = 0; round < number; round++)
		for (int i = 0; i < PHASE_COUNT; i++)
			run_phase(&phases[i]);
	bench_report("peak", (bench_peak_rss() - trace.own_rss) / (double)trace.peak_live);
	while (trace.live > trace.peak_live / 8)
		expire();
	report_over_live("settled");
	wait_for_decay();
	report_over_live("decayed");
	if (bench_allocator.start_thread != NULL && bench_allocator.start_thread() == 0) {
		wait_for_decay();
		report_over_live("with-thread");
	}
	if (bench_allocator.purge == NULL)
		return;
	bench_allocator.purge();
	report_over_live("purged");
}

const struct bench_workload bench_trace_workloads[] = {
	{"server", run_server},
	{NULL, NULL},
};
