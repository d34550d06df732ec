/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kinds by description, on a machine of which node 0 is enough. Argument: "plain", or "slow" where the
 * process is instrumented or emulated.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "described.h"

enum {
	THREAD_COUNT = 8,
	MPOL_PREFERRED = 1,
	MPOL_BIND = 2,
	MPOL_INTERLEAVE = 3,
	MPOL_F_ADDR = 2,
	MPOL_MODES = 0xff,
};

static bool is_slow;

static void a_name_is_the_static_kind(void **state)
{
	(void)state;
	assert_ptr_equal(make("regular"), MEMKIND_REGULAR);
	assert_ptr_equal(make("memkind_dax_kmem_all"), MEMKIND_DAX_KMEM_ALL);
	assert_ptr_equal(make("MEMKIND_Dax_Kmem_First"), MEMKIND_NG_DAX_KMEM_FIRST);
}

static void what_is_refused_is_named(void **state)
{
	static const struct {
		const char *text, *word, *allowed;
	} rows[] = {
		{"nodes=0;limit=10X", "\"limit=10X\": allowed is", "K, M, G or T"},
		{"nodes=0;then=fast", "\"fast\": allowed is", "memkind_dax_kmem_first"},
		{"dax", "\"dax\": allowed is", "nodes=2,3;limit=1G"},
		{"", "\"\": allowed is", "a description"},
		{"nodes=0;then=", "\"\": allowed is", "a description"},
		{"nodes=0;then=nodes=1;then=decay=x", "\"decay=x\": allowed is", "milliseconds"},
	};
	char cut[10] = "unchanged";
	memkind_t kind = MEMKIND_REGULAR;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char error[1200] = "";

		assert_int_equal(memkind_ng_create_from(rows[i].text, &kind, error, sizeof(error)),
				 MEMKIND_ERROR_INVALID);
		assert_ptr_equal(kind, MEMKIND_REGULAR);
		assert_ptr_equal(strstr(error, rows[i].word), error);
		assert_non_null(strstr(error, rows[i].allowed));
	}
	assert_int_equal(memkind_ng_create_from("regular", &kind, cut, sizeof(cut)), 0);
	assert_string_equal(cut, "unchanged");
	assert_int_equal(memkind_ng_create_from("bad", &kind, cut, sizeof(cut)), -13);
	assert_string_equal(cut, "\"bad\": al");
	assert_int_equal(memkind_ng_create_from("bad", &kind, NULL, 0), MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_ng_create_from("regular", &kind, NULL, 1), MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_ng_create_from(NULL, &kind, NULL, 0), MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_ng_create_from("regular", NULL, NULL, 0), MEMKIND_ERROR_INVALID);
}

static void a_struct_is_checked(void **state)
{
	struct memkind_ng_spec spec = {.size = sizeof(spec)};
	memkind_t kind = NULL, gone;

	(void)state;
	assert_int_equal(memkind_ng_create(NULL, &kind), MEMKIND_ERROR_INVALID);
	assert_int_equal(memkind_ng_create(&spec, NULL), MEMKIND_ERROR_INVALID);
	spec.nodes = "fast";
	assert_int_equal(memkind_ng_create(&spec, &kind), MEMKIND_ERROR_INVALID);
	spec.nodes = NULL;
	spec.then = (memkind_t)&spec;
	assert_int_equal(memkind_ng_create(&spec, &kind), MEMKIND_ERROR_INVALID);
	gone = make("nodes=0");
	destroy(gone);
	spec.then = gone;
	assert_int_equal(memkind_ng_create(&spec, &kind), MEMKIND_ERROR_INVALID);
	assert_null(kind);
	spec.then = NULL;
	assert_int_equal(memkind_ng_create(&spec, &kind), 0);
	assert_int_equal(memkind_check_available(kind), 0);
	destroy(kind);
	/* A member that is beyond the end of the struct is not there. */
	spec.then = (memkind_t)&spec;
	spec.size = offsetof(struct memkind_ng_spec, then);
	assert_int_equal(memkind_ng_create(&spec, &kind), 0);
	destroy(kind);
}

static int mode_of(void *block)
{
	int mode = -1;

	assert_int_equal(syscall(SYS_get_mempolicy, &mode, NULL, 0, block, MPOL_F_ADDR), 0);
	return mode & MPOL_MODES;
}

static void a_policy_is_the_kernels(void **state)
{
	static const struct {
		const char *text;
		int mode;
	} rows[] = {
		{"nodes=0", MPOL_BIND},
		{"nodes=all", MPOL_BIND},
		{"nodes=far", MPOL_BIND},
		{"nodes=far;use=closest", MPOL_BIND},
		{"nodes=hbm;policy=preferred", MPOL_PREFERRED},
		{"nodes=0;policy=preferred", MPOL_PREFERRED},
		{"nodes=dram;policy=far-first", MPOL_PREFERRED},
		{"nodes=0,0;policy=interleave", MPOL_INTERLEAVE},
		{"nodes=dram;policy=interleave;use=closest", MPOL_INTERLEAVE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memkind_t kind = make(rows[i].text);
		void *block = memkind_malloc(kind, 100);

		assert_non_null(block);
		assert_int_equal(mode_of(block), rows[i].mode);
		assert_int_equal(memkind_check_available(kind), 0);
		assert_true(memkind_get_capacity(kind) > 0 || rows[i].mode == MPOL_PREFERRED);
		destroy(kind);
	}
}

static void nodes_that_are_not_there_have_a_reason(void **state)
{
	static const char *const texts[] = {"nodes=1023", "nodes=cxl", "nodes=kmem"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		memkind_t kind = make(texts[i]);
		char status[300];

		if (memkind_check_available(kind) == 0)
			skip();
		assert_int_equal(memkind_check_available(kind), MEMKIND_ERROR_UNAVAILABLE);
		assert_non_null(memkind_ng_unavailable_reason(kind));
		assert_true(memkind_ng_kind_status(kind, status, sizeof(status)) > 0);
		assert_ptr_equal(strstr(status, "not available here: the process may use no"),
				 status);
		errno = 0;
		assert_null(memkind_malloc(kind, 100));
		assert_int_equal(errno, ENOMEM);
		assert_int_equal(memkind_get_capacity(kind), -1);
		destroy(kind);
	}
}

static void every_function_works(void **state)
{
	memkind_t kind = make("nodes=0;limit=64M");
	char *block = memkind_calloc(kind, 3, 1000);
	void *aligned = NULL;
	size_t allocated;

	(void)state;
	assert_int_equal(block[2999], 0);
	strcpy(block, "kept");
	block = memkind_realloc(kind, block, 5 * MIB);
	assert_string_equal(block, "kept");
	assert_ptr_equal(memkind_detect_kind(block), kind);
	assert_true(memkind_malloc_usable_size(kind, block) >= 5 * MIB);
	assert_int_equal(memkind_posix_memalign(kind, &aligned, 4 * MIB, 100), 0);
	assert_int_equal((uintptr_t)aligned % (4 * MIB), 0);
	memkind_update_cached_stats();
	assert_int_equal(memkind_get_stat(kind, MEMKIND_STAT_TYPE_ALLOCATED, &allocated), 0);
	assert_in_range(allocated, 5 * MIB, 6 * MIB);
	memkind_set_allow_zero_allocs(kind, true);
	assert_non_null(memkind_malloc(kind, 0));
	memkind_free(kind, block);
	memkind_free(NULL, aligned);
	assert_int_equal(memkind_ng_trim(kind), 1);
	assert_in_range(resident(kind), 0, 64 * 1024);
	assert_int_equal(memkind_get_capacity(kind), 64 * MIB);
	destroy(kind);
}

/* Pages of blocks of any size; what was idle is given up for other sizes. */
static void a_limit_is_exact_to_the_page(void **state)
{
	static const size_t sizes[] = {64, 1024, 16384, 262144, MIB, 8 * MIB, 5000};
	static const char *const texts[] = {"nodes=0;limit=8M", "nodes=0;limit=8M;exhaustion=null",
					    "nodes=far;limit=8M;pages=base",
					    "policy=far-first;limit=8M",
					    "policy=interleave;limit=8M;decay=0"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		memkind_t kind = make(texts[i]);

		for (size_t j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
			size_t count = fill(kind, sizes[j]);

			assert_int_equal(errno, ENOMEM);
			assert_in_range(count * sizes[j], 8 * MIB * 3 / 4, 8 * MIB);
			assert_true(resident(kind) <= 8 * MIB);
			empty(count);
		}
		assert_null(memkind_malloc(kind, 8 * MIB + 1));
		memkind_ng_trim(kind);
		assert_int_equal(resident(kind), 0);
		destroy(kind);
	}
}

static void a_block_grows_up_to_the_limit(void **state)
{
	memkind_t kind = make("nodes=0;limit=2M;pages=base");
	char *block = memkind_malloc(kind, MIB / 2);

	(void)state;
	for (size_t size = MIB; size <= 2 * MIB; size += MIB / 2) {
		block = memkind_realloc(kind, block, size);
		assert_non_null(block);
		memset(block, 1, size);
	}
	assert_null(memkind_realloc(kind, block, 2 * MIB + 1));
	assert_int_equal(block[2 * MIB - 1], 1);
	block = memkind_realloc(kind, block, 65536);
	assert_int_equal(block[65535], 1);
	/* What was cut off is there again. */
	assert_non_null(memkind_malloc(kind, MIB));
	assert_true(resident(kind) <= 2 * MIB);
	destroy(kind);
}

static memkind_t shared_kind;
static _Atomic size_t taken_size, most_taken_size;
static _Atomic unsigned refusal_count, fault_count;

static void note_most(size_t size)
{
	size_t most = most_taken_size;

	while (size > most && !atomic_compare_exchange_weak(&most_taken_size, &most, size))
		;
}

struct held {
	char *block;
	size_t size;
};

static void give(struct held *held, char mark)
{
	if (held->block == NULL)
		return;
	fault_count += held->block[held->size - 1] != mark;
	taken_size -= held->size;
	memkind_free(NULL, held->block);
}

static void *take_and_give(void *seed)
{
	uint64_t state = (uintptr_t)seed;
	struct held mine[16] = {{NULL, 0}};
	int round_count = is_slow ? 2000 : 50000;

	for (int round = 0; round < round_count; round++) {
		size_t i, size;

		state = state * 6364136223846793005u + 1442695040888963407u;
		i = state >> 60;
		give(&mine[i], (char)i);
		size = 1 + ((state >> 32) & 0xfffff) / (1 + (state >> 24 & 0xff));
		mine[i].size = size;
		mine[i].block = memkind_malloc(shared_kind, size);
		if (mine[i].block == NULL) {
			refusal_count++;
			continue;
		}
		mine[i].block[size - 1] = (char)i;
		note_most(atomic_fetch_add(&taken_size, size) + size);
	}
	for (int i = 0; i < 16; i++)
		give(&mine[i], (char)i);
	return NULL;
}

static void threads_never_exceed_a_limit(void **state)
{
	pthread_t threads[THREAD_COUNT];
	void *block;

	(void)state;
	shared_kind = make("nodes=0;limit=3M;pages=base");
	/* What is left is too little even for threads that happen to run one after another. */
	block = memkind_malloc(shared_kind, 2 * MIB);
	taken_size = 2 * MIB;
	for (uintptr_t i = 0; i < THREAD_COUNT; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, (void *)(i + 1)),
				 0);
	for (int i = 0; i < THREAD_COUNT; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(fault_count, 0);
	assert_int_not_equal(refusal_count, 0);
	assert_in_range(most_taken_size, 9 * MIB / 4, 3 * MIB);
	/* All threads gave back what they had. */
	memkind_free(shared_kind, block);
	assert_non_null(memkind_malloc(shared_kind, 3 * MIB));
	destroy(shared_kind);
}

static void decay_at_once_keeps_nothing(void **state)
{
	memkind_t kind = make("nodes=0;decay=0");
	void *block = memkind_malloc(kind, 5 * MIB);

	(void)state;
	memset(block, 1, 5 * MIB);
	assert_int_equal(resident(kind), 5 * MIB);
	memkind_free(kind, block);
	assert_int_equal(resident(kind), 0);
	destroy(kind);
}

static void exhaustion_is_for_the_first_block(void **state)
{
	memkind_t kind = make("nodes=0;exhaustion=swap");
	char *block;

	(void)state;
	assert_int_equal(memkind_ng_set_exhaustion(kind, MEMKIND_NG_EXHAUSTION_NULL), 0);
	block = memkind_malloc(kind, 3 * MIB);
	assert_non_null(block);
	/* Its pages are there already. */
	assert_true(resident(kind) >= 3 * MIB);
	assert_int_equal(memkind_ng_set_exhaustion(kind, MEMKIND_NG_EXHAUSTION_SWAP),
			 MEMKIND_ERROR_OPERATION_FAILED);
	destroy(kind);
	kind = make("nodes=0;policy=preferred");
	assert_int_equal(memkind_ng_set_exhaustion(kind, MEMKIND_NG_EXHAUSTION_NULL),
			 MEMKIND_ERROR_OPERATION_FAILED);
	destroy(kind);
}

static char report[1 << 16];

static void append(void *unused, const char *text)
{
	(void)unused;
	strncat(report, text, sizeof(report) - strlen(report) - 1);
}

static void reports_show_it(void **state)
{
	memkind_t kind = make("nodes=0;limit=2M;then=regular");

	(void)state;
	assert_non_null(memkind_malloc(kind, 100));
	report[0] = '\0';
	assert_int_equal(memkind_ng_stats_json(append, NULL), 0);
	assert_non_null(strstr(report, "\"kind\":\"nodes=0;limit=2M\",\"available\":true,"
				       "\"policy\":\"bind\",\"nodes\":[0],\"capacity\":2097152"));
	destroy(kind);
	report[0] = '\0';
	assert_int_equal(memkind_ng_stats_json(append, NULL), 0);
	assert_null(strstr(report, "limit=2M"));
}

static void a_fork_child_has_its_own(void **state)
{
	memkind_t kind = make("nodes=far;limit=1M;then=regular");
	char *block = memkind_malloc(kind, 1000);
	int status;
	pid_t child;

	(void)state;
	strcpy(block, "parent");
	child = fork();
	if (child == 0) {
		size_t count = fill(kind, 4096);

		strcpy(block, "child");
		empty(count);
		memkind_free(NULL, block);
		_exit(count > 200 && memkind_destroy_kind(kind) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_string_equal(block, "parent");
	destroy(kind);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_the_static_kind),
		cmocka_unit_test(what_is_refused_is_named),
		cmocka_unit_test(a_struct_is_checked),
		cmocka_unit_test(a_policy_is_the_kernels),
		cmocka_unit_test(nodes_that_are_not_there_have_a_reason),
		cmocka_unit_test(every_function_works),
		cmocka_unit_test(a_limit_is_exact_to_the_page),
		cmocka_unit_test(a_block_grows_up_to_the_limit),
		cmocka_unit_test(threads_never_exceed_a_limit),
		cmocka_unit_test(decay_at_once_keeps_nothing),
		cmocka_unit_test(exhaustion_is_for_the_first_block),
		cmocka_unit_test(reports_show_it),
		cmocka_unit_test(a_fork_child_has_its_own),
	};

	if (argc < 2)
		return 1;
	is_slow = strcmp(argv[1], "plain") != 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
