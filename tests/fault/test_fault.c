/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel refuses the Nth call of a sort, or all from the Nth on, for every N: the first use of
 * all kinds and what follows succeeds or says ENOMEM, loses nothing, and works again afterwards.
 *
 *	test_fault [EVERY [REST]]      every so many N only; of calls that are rarely refused REST
 *	test_fault random COUNT SEED   COUNT processes in which any call may be refused, by chance
 *
 * The last line counts what was done, refused and survived.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <memkind_ng.h>

#include "api/kinds.h"
#include "fault/refuse.h"
#include "heap/cache.h"
#include "heap/meta.h"
#include "support/heap_invariants.h"

enum {
	SLOT_COUNT = 160,
	EDGE = 64,			  /* bytes marked at both ends of a block */
	USED_KIND_COUNT = FIRST_HBW_KIND, /* the others are made of the same */
	FULL_USE_STEP = 3, /* DEFAULT, DAX_KMEM and DAX_KMEM_INTERLEAVE: a kind of each policy */
	RECORD_LIMIT = 20000,
	FOREVER = -1, /* refuse until told otherwise */
	DONE = 0,     /* a child's status: nothing was refused */
	REFUSED = 1,  /* a child's status: something was, and all was well */
	FAILED = 2,
	LATER_MS = 11000, /* pages idle for as long are purged; kinds may look again */
};

/*
 * Two of them need a second reservation, which is released when they are gone; less where their pages
 * come with them.
 */
static size_t huge_size = (size_t)600 << 20;
#define FILLED_HUGE_SIZE ((size_t)9 << 20)

struct block {
	memkind_t kind;
	unsigned char *base;
	size_t size;
};

/* Of one thread: its blocks outlive it. */
struct shelf {
	struct block blocks[SLOT_COUNT];
	unsigned count;
	bool is_strict; /* nothing may fail */
};

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			dprintf(2, "line %d: not true: %s\n", __LINE__, #condition);               \
			_exit(FAILED);                                                             \
		}                                                                                  \
	} while (0)

static unsigned stride = 1, rest_stride;

/* An emulator may have none of the calls on nodes. */
static bool has_node_calls;

/* Of all processes. */
static struct {
	_Atomic unsigned long operations, refused, survived;
} * totals;

static unsigned char mark_of(const struct block *block, size_t at)
{
	return (unsigned char)(((uintptr_t)block->base >> 4) * 31 + at);
}

static void mark(struct block *block)
{
	for (size_t at = 0; at < block->size && at < EDGE; at++) {
		block->base[at] = mark_of(block, at);
		block->base[block->size - 1 - at] = mark_of(block, block->size - 1 - at);
	}
}

static void check_marks(const struct block *block)
{
	for (size_t at = 0; at < block->size && at < EDGE; at++) {
		size_t end = block->size - 1 - at;

		CHECK(block->base[at] == mark_of(block, at));
		CHECK(block->base[end] == mark_of(block, end));
	}
}

/* Keeps a block that was got; one that was not has to have a reason. */
static struct block *keep(struct shelf *shelf, memkind_t kind, void *base, size_t size, int error)
{
	struct block *block = &shelf->blocks[shelf->count];

	CHECK(shelf->count < SLOT_COUNT);
	totals->operations++;
	if (base == NULL) {
		CHECK(error == ENOMEM);
		CHECK(!shelf->is_strict);
		return NULL;
	}
	*block = (struct block){kind, base, size};
	mark(block);
	shelf->count++;
	return block;
}

static struct block *allocate(struct shelf *shelf, memkind_t kind, size_t size)
{
	void *base;

	errno = 0;
	base = memkind_malloc(kind, size);
	return keep(shelf, kind, base, size, errno);
}

static void allocate_zeroed(struct shelf *shelf, memkind_t kind, size_t size)
{
	unsigned char *base;

	errno = 0;
	base = memkind_calloc(kind, 1, size);
	if (base != NULL)
		CHECK(base[0] == 0 && memcmp(base, base + 1, size - 1) == 0);
	keep(shelf, kind, base, size, errno);
}

static void allocate_aligned(struct shelf *shelf, memkind_t kind, size_t alignment, size_t size)
{
	void *base = NULL;
	int error = memkind_posix_memalign(kind, &base, alignment, size);

	CHECK((error == 0) == (base != NULL) && (uintptr_t)base % alignment == 0);
	keep(shelf, kind, base, size, error);
}

/* A refused resize leaves the block as it was. */
static void resize(struct shelf *shelf, struct block *block, size_t size)
{
	unsigned char *base;

	errno = 0;
	base = memkind_realloc(block->kind, block->base, size);
	if (base == NULL) {
		CHECK(errno == ENOMEM && !shelf->is_strict);
		check_marks(block);
		return;
	}
	for (size_t at = 0; at < size && at < block->size && at < EDGE; at++)
		CHECK(base[at] == mark_of(block, at));
	block->base = base;
	block->size = size;
	mark(block);
}

/* A refused move leaves the block as it was, or in two places; it can be used all the same. */
static void move(struct shelf *shelf, memkind_t kind)
{
	struct block *block = allocate(shelf, kind, 300 << 10);
	memkind_t kinds[] = {MEMKIND_INTERLEAVE, MEMKIND_DEFAULT, kind};

	for (unsigned i = 0; block != NULL && i < MK_ARRAY_SIZE(kinds); i++) {
		int error = memkind_ng_move(block->base, kinds[i]);

		CHECK(error == 0 || !shelf->is_strict);
		CHECK(error != 0 || memkind_detect_kind(block->base) == kinds[i]);
		check_marks(block);
	}
}

static void empty(struct shelf *shelf)
{
	for (unsigned i = 0; i < shelf->count; i++) {
		check_marks(&shelf->blocks[i]);
		memkind_free(NULL, shelf->blocks[i].base);
	}
	shelf->count = 0;
}

static void fill(struct shelf *shelf, memkind_t kind)
{
	static const size_t sizes[] = {200, 5000, 200 << 10, 1200 << 10, 1500 << 10, 100};
	struct block *grown;

	for (unsigned i = 0; i < 80; i++)
		allocate(shelf, kind, 64);
	for (unsigned i = 0; i < 20; i++)
		allocate(shelf, kind, 30000);
	for (unsigned i = 0; i < 8; i++)
		allocate(shelf, kind, 300 << 10);
	allocate_zeroed(shelf, kind, 50000);
	allocate_zeroed(shelf, kind, 1100 << 10);
	allocate_aligned(shelf, kind, 1 << 20, 100000);
	allocate_aligned(shelf, kind, 4096, 64);
	grown = allocate(shelf, kind, 100);
	for (unsigned i = 0; grown != NULL && i < MK_ARRAY_SIZE(sizes); i++)
		resize(shelf, grown, sizes[i]);
}

static void *fill_shelf(void *argument)
{
	struct shelf *shelf = argument;

	for (unsigned id = 0; id < USED_KIND_COUNT; id++) {
		for (unsigned i = 0; i < 10; i++)
			allocate(shelf, *all_kinds[id].handle, 100);
		allocate(shelf, *all_kinds[id].handle, 100000);
	}
	return NULL;
}

static void use_thread(bool is_strict)
{
	static struct shelf shelf;
	pthread_t thread;

	shelf.is_strict = is_strict;
	CHECK(pthread_create(&thread, NULL, fill_shelf, &shelf) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	empty(&shelf);
}

static void check_heaps(bool are_empty)
{
	for (unsigned number = 1; number < MK_HEAP_LIMIT; number++) {
		struct mk_heap *heap = mk_heap_by_number(number);
		size_t used_size = 0;
		const char *fault = heap == NULL ? NULL : heap_fault(heap, &used_size);

		if (fault != NULL)
			dprintf(2, "heap %u: %s\n", number, fault);
		CHECK(fault == NULL);
		if (are_empty && used_size != 0)
			dprintf(2, "heap %u: %zu bytes are lost\n", number, used_size);
		CHECK(!are_empty || used_size == 0);
	}
}

static void give_back(void)
{
	refuse_pass_time(LATER_MS);
	for (unsigned number = 1; number < MK_HEAP_LIMIT; number++) {
		struct mk_heap *heap = mk_heap_by_number(number);

		if (heap == NULL)
			continue;
		mk_cache_drain(heap);
		mk_lock_acquire(&heap->pages.lock, MK_RANK_PAGES);
		mk_pages_purge(heap, 0);
		mk_lock_release(&heap->pages.lock, MK_RANK_PAGES);
	}
}

/* Its kind is made, conservative or not, used and destroyed. */
static void use_file(struct shelf *shelf, memkind_mem_usage_policy policy)
{
	struct memkind_config *config = memkind_config_new();
	memkind_t kind;
	int code;

	CHECK(config != NULL || !shelf->is_strict);
	memkind_config_set_path(config, access("/dev/shm", W_OK) == 0 ? "/dev/shm" : ".");
	memkind_config_set_memory_usage_policy(config, policy);
	code = memkind_create_pmem_with_config(config, &kind);
	memkind_config_delete(config);
	if (code != 0) {
		CHECK(!shelf->is_strict &&
		      (code == MEMKIND_ERROR_INVALID || code == MEMKIND_ERROR_MALLOC));
		return;
	}
	fill(shelf, kind);
	check_heaps(false);
	empty(shelf);
	/* Some of what was given back is used again. */
	allocate(shelf, kind, 2 << 20);
	allocate_zeroed(shelf, kind, 1 << 20);
	empty(shelf);
	CHECK(memkind_destroy_kind(kind) == 0);
}

/* What the library tells of itself may be nothing while calls are refused. */
static void look_on(struct shelf *shelf, bool is_strict)
{
	struct block *block = allocate(shelf, MEMKIND_DAX_KMEM, 3 << 20);
	size_t bytes[3] = {0, 0, 0}, resident = 0;

	CHECK(memkind_ng_rescan() == 0);
	if (block == NULL)
		return;
	if (memkind_ng_where(block->base, block->size, bytes, 1) == 0)
		CHECK(bytes[0] + bytes[1] + bytes[2] <= block->size + (2 << 20));
	else
		CHECK(!is_strict || !has_node_calls);
	CHECK(memkind_update_cached_stats() == 0 || !is_strict);
	CHECK(memkind_get_stat(MEMKIND_DAX_KMEM, MEMKIND_STAT_TYPE_RESIDENT, &resident) == 0 ||
	      !is_strict);
	empty(shelf);
}

static void use_everything(bool is_strict)
{
	static struct shelf shelf;

	shelf.is_strict = is_strict;
	for (unsigned id = 0; id < USED_KIND_COUNT; id++) {
		memkind_t kind = *all_kinds[id].handle;

		if (id % FULL_USE_STEP == 0)
			fill(&shelf, kind);
		else
			allocate(&shelf, kind, 100);
		empty(&shelf);
		allocate(&shelf, kind, huge_size);
		allocate(&shelf, kind, huge_size);
		empty(&shelf);
	}
	look_on(&shelf, is_strict);
	move(&shelf, MEMKIND_REGULAR);
	empty(&shelf);
	use_file(&shelf, MEMKIND_MEM_USAGE_POLICY_DEFAULT);
	use_file(&shelf, MEMKIND_MEM_USAGE_POLICY_CONSERVATIVE);
	use_thread(is_strict);
	check_heaps(false);
	give_back();
	check_heaps(true);
}

/* What was begun to be refused, and then all without it; how many calls were. */
static long use_and_stop(void)
{
	long refused_count;

	use_everything(false);
	refused_count = refuse_stop();
	totals->refused += (unsigned long)refused_count;
	refuse_pass_time(LATER_MS);
	use_everything(true);
	totals->survived += (unsigned long)refused_count;
	return refused_count;
}

static int run_refused(const struct refusal *refusal)
{
	alarm(60);
	refuse_start(refusal);
	return use_and_stop() != 0 ? REFUSED : DONE;
}

static int run_unlucky(uint32_t seed, unsigned one_of)
{
	alarm(60);
	refuse_start_at_random(seed, one_of);
	use_and_stop();
	return DONE;
}

/* Metadata memory ends, but for a thread's record and COUNT spans. */
static int run_without_metadata(unsigned count)
{
	static const struct refusal all_mappings = {REFUSED_MMAP, ENOMEM, 0, FOREVER};
	static void *hoard[RECORD_LIMIT];
	void *thread = mk_meta_alloc(MK_META_THREAD);
	unsigned taken = 0;

	alarm(60);
	use_everything(true);
	refuse_start(&all_mappings);
	while (taken < RECORD_LIMIT && (hoard[taken] = mk_meta_alloc(MK_META_SPAN)) != NULL)
		taken++;
	CHECK(taken < RECORD_LIMIT && taken > count);
	/* Those of threads that ended. */
	while (mk_meta_alloc(MK_META_CACHE) != NULL)
		continue;
	mk_meta_free(MK_META_THREAD, thread);
	for (unsigned i = 0; i < count; i++)
		mk_meta_free(MK_META_SPAN, hoard[--taken]);
	use_everything(false);
	refuse_stop();
	while (taken > 0)
		mk_meta_free(MK_META_SPAN, hoard[--taken]);
	refuse_pass_time(LATER_MS);
	use_everything(true);
	return DONE;
}

static void exhausted_metadata(void **state)
{
	(void)state;
	for (unsigned count = 0; count < 40; count += stride) {
		int status = 0;
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0)
			_exit(run_without_metadata(count));
		assert_int_equal(waitpid(child, &status, 0), child);
		if (status != DONE)
			fail_msg("with %u spans: status %d", count, status);
	}
}

static int status_of_child(const struct refusal *refusal)
{
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(run_refused(refusal));
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static long stride_of(enum refused_call call)
{
	if (call < REFUSED_PUNCH)
		return stride;
	/* It is called for every 64 MiB of every heap. */
	return call == REFUSED_MINCORE ? 29L * rest_stride : rest_stride;
}

/* Every N until there are no more calls to refuse. */
static void refuse_each(enum refused_call call, int error, long count)
{
	struct refusal refusal = {call, error, 0, count};
	long step = stride_of(call);
	int status = REFUSED;

	for (; status == REFUSED; refusal.first += step) {
		status = status_of_child(&refusal);
		if (status != REFUSED && status != DONE)
			fail_msg("%s refused from call %ld on, %ld times, errno %d: status %d",
				 refused_calls[call].name, refusal.first, count, error, status);
	}
	/* With the first one there was something to refuse. */
	assert_true(refusal.first > step);
	print_message("%s: %ld calls\n", refused_calls[call].name, refusal.first - step);
}

static void refused_mappings(void **state)
{
	(void)state;
	refuse_each(REFUSED_MMAP, ENOMEM, 1);
	refuse_each(REFUSED_MMAP, ENOMEM, FOREVER);
}

static void refused_commits(void **state)
{
	(void)state;
	refuse_each(REFUSED_MPROTECT, ENOMEM, 1);
	refuse_each(REFUSED_MPROTECT, ENOMEM, FOREVER);
}

static void refused_purges(void **state)
{
	(void)state;
	refuse_each(REFUSED_MADVISE, EINVAL, 1);
	refuse_each(REFUSED_MADVISE, EINVAL, FOREVER);
}

static void refused_policies(void **state)
{
	(void)state;
	refuse_each(REFUSED_MBIND, ENOMEM, 1);
	refuse_each(REFUSED_MBIND, ENOMEM, FOREVER);
	refuse_each(REFUSED_MBIND, EPERM, FOREVER);
	refuse_each(REFUSED_GET_MEMPOLICY, EPERM, 1);
	refuse_each(REFUSED_GET_MEMPOLICY, EPERM, FOREVER);
}

static void refused_releases(void **state)
{
	(void)state;
	refuse_each(REFUSED_MUNMAP, ENOMEM, 1);
	refuse_each(REFUSED_MUNMAP, ENOMEM, FOREVER);
}

static void refused_disk_space(void **state)
{
	(void)state;
	refuse_each(REFUSED_FALLOCATE, ENOSPC, 1);
	refuse_each(REFUSED_FALLOCATE, ENOSPC, FOREVER);
}

static void refused_rest(void **state)
{
	(void)state;
	for (enum refused_call call = REFUSED_PUNCH; call < REFUSED_CALL_COUNT; call++) {
		if (call == REFUSED_HOME_NODE && !has_node_calls)
			continue;
		refuse_each(call, refused_calls[call].error, 1);
		refuse_each(call, refused_calls[call].error, FOREVER);
	}
}

/* From one call of 2 to one of 512. */
static int run_at_random(unsigned count, uint32_t seed)
{
	int failed = 0;

	for (unsigned i = 0; i < count; i++) {
		int status = 0;
		pid_t child = fork();

		if (child == 0)
			_exit(run_unlucky(seed + i, 2u << i % 9));
		if (child < 0 || waitpid(child, &status, 0) != child)
			return 2;
		if (status == 0)
			continue;
		printf("seed %u, one of %u refused: status %d\n", seed + i, 2u << i % 9, status);
		failed = 1;
	}
	return failed;
}

static int run_in_turn(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused_mappings),   cmocka_unit_test(refused_commits),
		cmocka_unit_test(refused_purges),     cmocka_unit_test(refused_policies),
		cmocka_unit_test(refused_releases),   cmocka_unit_test(exhausted_metadata),
		cmocka_unit_test(refused_disk_space), cmocka_unit_test(refused_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	int status;

	totals = mmap(NULL, sizeof(*totals), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (totals == MAP_FAILED)
		return 2;
	has_node_calls = syscall(SYS_mbind, NULL, 0L, 0L, NULL, 0L, 0L) == 0;
	if (getenv("MEMKIND_EXHAUSTION") != NULL)
		huge_size = FILLED_HUGE_SIZE;
	if (argc == 4 && strcmp(argv[1], "random") == 0) {
		status = run_at_random((unsigned)strtoul(argv[2], NULL, 10),
				       (uint32_t)strtoul(argv[3], NULL, 10));
	} else {
		if (argc > 1)
			stride = (unsigned)strtoul(argv[1], NULL, 10);
		rest_stride = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 7 * stride;
		status = run_in_turn();
	}
	printf("counts operations=%lu faults=%lu survived=%lu lost=0 wrong=0\n", totals->operations,
	       totals->refused, totals->survived);
	return status;
}
