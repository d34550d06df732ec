/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hbwmalloc.h: one policy for a process, so each case has a process of its own. Argument:
 * "available", where MEMKIND_HBW_NODES names node 0, or "absent".
 */
#include <errno.h>
#include <hbwmalloc.h>
#include <limits.h>
#include <memkind.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* The numbers that old programs are compiled with. */
_Static_assert(HBW_POLICY_BIND == 1 && HBW_POLICY_PREFERRED == 2 && HBW_POLICY_INTERLEAVE == 3 &&
		       HBW_POLICY_BIND_ALL == 4,
	       "policies");
_Static_assert(HBW_PAGESIZE_4KB == 1 && HBW_PAGESIZE_2MB == 2 && HBW_PAGESIZE_1GB_STRICT == 3 &&
		       HBW_PAGESIZE_1GB == 4 && HBW_PAGESIZE_MAX_VALUE == 5,
	       "sizes of pages");
_Static_assert(sizeof(hbw_policy_t) == 4 && sizeof(hbw_pagesize_t) == 4, "enums have 4 bytes");

#define GIB ((size_t)1 << 30)

static bool is_available;

/* For the processes of the cases, which know no cmocka. */
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);                     \
			fflush(stdout);                                                            \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static void run_alone(void (*run)(const void *context), const void *context)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		run(context);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void check_availability(const void *context)
{
	(void)context;
	CHECK(hbw_check_available() == (is_available ? 0 : ENODEV));
	CHECK(hbw_check_available() == (is_available ? 0 : ENODEV));
}

static void availability_is_that_of_the_kind(void **state)
{
	(void)state;
	run_alone(check_availability, NULL);
}

/* Two calls, what they give, and the policy then. */
static const struct settings {
	int first, first_code;
	int second, second_code;
	int policy;
} settings[] = {
	{HBW_POLICY_BIND, 0, HBW_POLICY_PREFERRED, EPERM, HBW_POLICY_BIND},
	{HBW_POLICY_PREFERRED, 0, HBW_POLICY_BIND, EPERM, HBW_POLICY_PREFERRED},
	{HBW_POLICY_INTERLEAVE, 0, HBW_POLICY_INTERLEAVE, 0, HBW_POLICY_INTERLEAVE},
	{HBW_POLICY_BIND_ALL, 0, 0, EINVAL, HBW_POLICY_BIND_ALL},
	{0, EINVAL, HBW_POLICY_BIND, 0, HBW_POLICY_BIND},
	{5, EINVAL, HBW_POLICY_BIND_ALL, 0, HBW_POLICY_BIND_ALL},
	{-1, EINVAL, INT_MAX, EINVAL, HBW_POLICY_PREFERRED},
};

static void check_settings(const void *context)
{
	const struct settings *row = context;

	CHECK(hbw_get_policy() == HBW_POLICY_PREFERRED);
	CHECK(hbw_set_policy((hbw_policy_t)row->first) == row->first_code);
	CHECK(hbw_set_policy((hbw_policy_t)row->second) == row->second_code);
	CHECK((int)hbw_get_policy() == row->policy);
}

static void a_policy_is_set_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		run_alone(check_settings, &settings[i]);
}

static void ask_malloc(void)
{
	hbw_free(hbw_malloc(0));
}

static void ask_calloc(void)
{
	hbw_free(hbw_calloc(0, 1));
}

static void ask_realloc(void)
{
	hbw_free(hbw_realloc(NULL, 0));
}

static void ask_memalign(void)
{
	void *block;

	CHECK(hbw_posix_memalign(&block, 3, 1) == EINVAL);
}

static void ask_memalign_psize(void)
{
	void *block;

	CHECK(hbw_posix_memalign_psize(&block, 8, 0, HBW_PAGESIZE_2MB) == 0 && block == NULL);
}

static void ask_nothing(void)
{
	void *block;

	hbw_free(NULL);
	CHECK(hbw_malloc_usable_size(NULL) == 0);
	hbw_check_available();
	CHECK(hbw_posix_memalign_psize(&block, 8, 1, HBW_PAGESIZE_MAX_VALUE) == EINVAL);
	CHECK(hbw_posix_memalign_psize(&block, 8, 1, HBW_PAGESIZE_1GB_STRICT) == EINVAL);
	CHECK(hbw_verify_memory_region(NULL, 1, 0) == EINVAL);
}

static const struct first_call {
	void (*call)(void);
	int code; /* of a policy that is set after it */
} first_calls[] = {
	{ask_malloc, EPERM},   {ask_calloc, EPERM},	    {ask_realloc, EPERM},
	{ask_memalign, EPERM}, {ask_memalign_psize, EPERM}, {ask_nothing, 0},
};

static void check_first_call(const void *context)
{
	const struct first_call *row = context;

	row->call();
	CHECK(hbw_set_policy(HBW_POLICY_BIND_ALL) == row->code);
}

static void the_first_call_for_memory_sets_the_policy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(first_calls) / sizeof(first_calls[0]); i++)
		run_alone(check_first_call, &first_calls[i]);
}

/* What a policy means, by size of pages; NULL: refused. */
static const struct meaning {
	int policy; /* 0: none is set */
	memkind_t *small, *huge, *giant;
	memkind_t *small_without, *huge_without, *giant_without; /* where there is no such memory */
} meanings[] = {
	{0, &MEMKIND_HBW_PREFERRED, &MEMKIND_HBW_PREFERRED_HUGETLB, &MEMKIND_HBW_PREFERRED_GBTLB,
	 &MEMKIND_DEFAULT, &MEMKIND_HUGETLB, &MEMKIND_GBTLB},
	{HBW_POLICY_PREFERRED, &MEMKIND_HBW_PREFERRED, &MEMKIND_HBW_PREFERRED_HUGETLB,
	 &MEMKIND_HBW_PREFERRED_GBTLB, &MEMKIND_DEFAULT, &MEMKIND_HUGETLB, &MEMKIND_GBTLB},
	{HBW_POLICY_BIND, &MEMKIND_HBW, &MEMKIND_HBW_HUGETLB, &MEMKIND_HBW_GBTLB, &MEMKIND_HBW,
	 &MEMKIND_HBW_HUGETLB, &MEMKIND_HBW_GBTLB},
	{HBW_POLICY_BIND_ALL, &MEMKIND_HBW_ALL, &MEMKIND_HBW_ALL_HUGETLB, &MEMKIND_HBW_ALL_HUGETLB,
	 &MEMKIND_HBW_ALL, &MEMKIND_HBW_ALL_HUGETLB, &MEMKIND_HBW_ALL_HUGETLB},
	{HBW_POLICY_INTERLEAVE, &MEMKIND_HBW_INTERLEAVE, NULL, NULL, &MEMKIND_HBW_INTERLEAVE, NULL,
	 NULL},
};

static void check_block(void *block, const memkind_t *kind)
{
	CHECK(block != NULL);
	CHECK(memkind_detect_kind(block) == *kind);
	CHECK(hbw_malloc_usable_size(block) >= 100);
	memset(block, 1, 100);
	hbw_free(block);
}

/* Huge pages come and go: other tests make pools of them, and use them up. */
static void check_pages(hbw_pagesize_t pages, const memkind_t *kind)
{
	void *untouched = &is_available;
	void *block = untouched;
	int code = hbw_posix_memalign_psize(&block, 64, 100, pages);

	if (kind == NULL) {
		CHECK(code == EINVAL && block == untouched);
	} else if (code != 0) {
		CHECK(code == ENOMEM && block == NULL);
		CHECK(pages >= HBW_PAGESIZE_2MB || memkind_check_available(*kind) != 0);
	} else {
		CHECK((uintptr_t)block % 64 == 0);
		check_block(block, kind);
	}
}

static void check_small_blocks(const memkind_t *kind)
{
	bool is_there = memkind_check_available(*kind) == 0;
	void *block = NULL;

	errno = 0;
	CHECK((hbw_malloc(100) != NULL) == is_there && errno == (is_there ? 0 : ENOMEM));
	errno = 0;
	CHECK((hbw_calloc(10, 10) != NULL) == is_there && errno == (is_there ? 0 : ENOMEM));
	errno = 0;
	CHECK((hbw_realloc(NULL, 100) != NULL) == is_there && errno == (is_there ? 0 : ENOMEM));
	errno = 0;
	CHECK(hbw_posix_memalign(&block, 4096, 100) == (is_there ? 0 : ENOMEM) && errno == 0);
	if (!is_there) {
		CHECK(block == NULL);
		return;
	}
	CHECK((uintptr_t)block % 4096 == 0);
	check_block(block, kind);
	check_block(hbw_malloc(100), kind);
	check_block(hbw_calloc(25, 4), kind);
	check_block(hbw_realloc(hbw_realloc(NULL, 10), 100000), kind);
	check_block(hbw_malloc((size_t)30 << 20), kind);
}

static void check_meaning(const void *context)
{
	const struct meaning *row = context;

	CHECK(row->policy == 0 || hbw_set_policy((hbw_policy_t)row->policy) == 0);
	check_small_blocks(is_available ? row->small : row->small_without);
	check_pages((hbw_pagesize_t)0, is_available ? row->small : row->small_without);
	check_pages(HBW_PAGESIZE_4KB, is_available ? row->small : row->small_without);
	check_pages(HBW_PAGESIZE_2MB, is_available ? row->huge : row->huge_without);
	check_pages(HBW_PAGESIZE_1GB, is_available ? row->giant : row->giant_without);
}

static void policies_and_pages_lead_to_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		run_alone(check_meaning, &meanings[i]);
}

/* B1: a number that is no size of pages is refused, and nothing is read by it. */
static void check_bad_pages(const void *context)
{
	static const int numbers[] = {-1, 5, 6, 100, 1 << 20, INT_MAX, INT_MIN};
	void *block = &is_available;

	(void)context;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		CHECK(hbw_posix_memalign_psize(&block, 8, 100, (hbw_pagesize_t)numbers[i]) ==
		      EINVAL);
	for (size_t size = GIB - 1; size <= GIB + 1; size += 2)
		CHECK(hbw_posix_memalign_psize(&block, 8, size, HBW_PAGESIZE_1GB_STRICT) == EINVAL);
	CHECK(block == (void *)&is_available);
	/* None of these set a policy. */
	CHECK(hbw_set_policy(HBW_POLICY_INTERLEAVE) == 0);
	CHECK(hbw_posix_memalign_psize(&block, 8, GIB, HBW_PAGESIZE_1GB_STRICT) == EINVAL);
	CHECK(block == (void *)&is_available);
}

static void bad_sizes_of_pages_are_refused(void **state)
{
	(void)state;
	run_alone(check_bad_pages, NULL);
}

static void check_edges(const void *context)
{
	char *block;

	(void)context;
	errno = 0;
	CHECK(hbw_malloc(0) == NULL && hbw_calloc(0, 7) == NULL && hbw_calloc(7, 0) == NULL);
	CHECK(hbw_realloc(NULL, 0) == NULL && hbw_realloc(hbw_malloc(10), 0) == NULL);
	CHECK(errno == 0);
	CHECK(hbw_malloc(SIZE_MAX) == NULL && errno == ENOMEM);
	errno = 0;
	CHECK(hbw_calloc(SIZE_MAX / 2 + 2, 2) == NULL && errno == ENOMEM);
	CHECK(hbw_posix_memalign(NULL, 8, 8) == EINVAL);
	block = hbw_malloc(1000);
	memset(block, 7, 1000);
	hbw_free(block);
	block = hbw_calloc(10, 100);
	for (size_t i = 0; i < 1000; i++)
		CHECK(block[i] == 0);
	block[999] = 3;
	block = hbw_realloc(block, 1 << 20);
	CHECK(block[999] == 3);
	hbw_free(block);
	/* Blocks of other kinds are freed, too. */
	hbw_free(memkind_malloc(MEMKIND_REGULAR, 10));
}

static void sizes_are_checked_as_elsewhere(void **state)
{
	(void)state;
	run_alone(check_edges, NULL);
}

/* B3: threads that come first at once agree on the policy and on the kind. */
enum { THREAD_COUNT = 2, RACE_COUNT = 200 };

struct racer {
	_Atomic int *arrived;
	int policy; /* 0: asks for memory without setting one */
	int code;
	void *block;
};

static void *race(void *context)
{
	struct racer *racer = context;

	/* As close together as can be; a barrier wakes one after the other. */
	for (atomic_fetch_add(racer->arrived, 1); atomic_load(racer->arrived) < THREAD_COUNT;)
		sched_yield();
	if (racer->policy != 0)
		racer->code = hbw_set_policy((hbw_policy_t)racer->policy);
	racer->block = hbw_malloc(100);
	return NULL;
}

static void check_racer(const struct racer *racer, const struct racer *other)
{
	bool is_winner = racer->policy == (int)hbw_get_policy();

	CHECK(racer->policy == 0 || racer->code == (is_winner ? 0 : EPERM));
	CHECK((racer->block == NULL) == (other->block == NULL));
	CHECK(racer->block == NULL ||
	      memkind_detect_kind(racer->block) == memkind_detect_kind(other->block));
}

/* CONTEXT: the policy of the second thread; the first one has HBW_POLICY_BIND_ALL. */
static void check_race(const void *context)
{
	_Atomic int arrived = 0;
	struct racer racers[THREAD_COUNT] = {
		{.arrived = &arrived, .policy = HBW_POLICY_BIND_ALL},
		{.arrived = &arrived, .policy = *(const int *)context},
	};
	pthread_t threads[THREAD_COUNT];

	for (int i = 0; i < THREAD_COUNT; i++)
		CHECK(pthread_create(&threads[i], NULL, race, &racers[i]) == 0);
	for (int i = 0; i < THREAD_COUNT; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < THREAD_COUNT; i++)
		check_racer(&racers[i], &racers[0]);
}

static void threads_agree_on_policy_and_kind(void **state)
{
	static const int policies[] = {HBW_POLICY_BIND, 0};

	(void)state;
	for (int i = 0; i < RACE_COUNT; i++)
		run_alone(check_race, &policies[i % 2]);
}

/*
 * Argument: "available" or "absent"; or "race": one race alone, for the thread sanitizer, which loses
 * track of locks in children.
 */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(availability_is_that_of_the_kind),
		cmocka_unit_test(a_policy_is_set_once),
		cmocka_unit_test(the_first_call_for_memory_sets_the_policy),
		cmocka_unit_test(policies_and_pages_lead_to_kinds),
		cmocka_unit_test(bad_sizes_of_pages_are_refused),
		cmocka_unit_test(sizes_are_checked_as_elsewhere),
		cmocka_unit_test(threads_agree_on_policy_and_kind),
	};

	if (argc != 2)
		return 99;
	if (strcmp(argv[1], "race") == 0) {
		check_race(&(int){HBW_POLICY_BIND});
		return 0;
	}
	is_available = strcmp(argv[1], "available") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
