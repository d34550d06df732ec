/* SPDX-License-Identifier: BSD-2-Clause */
/* What is read out of /proc/PID/smaps and numa_maps, also of kernels and machines that are not here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../tools/top.h"

static FILE *open_text(const char *text)
{
	FILE *file = fmemopen((void *)text, strlen(text), "r");

	assert_non_null(file);
	return file;
}

static struct mk_top_process parse(const char *smaps, const char *numa_maps)
{
	struct mk_top_process process = {0};
	FILE *first = open_text(smaps), *second = open_text(numa_maps);

	mk_top_parse(first, second, &process);
	fclose(first);
	fclose(second);
	return process;
}

static void check_row(const struct mk_top_process *process, size_t index,
		      const struct mk_top_row *expected)
{
	const struct mk_top_row *row = &process->rows[index];

	assert_true(index < process->row_count);
	assert_int_equal(row->group, expected->group);
	assert_string_equal(row->label, expected->label);
	assert_int_equal(row->place, expected->place);
	assert_int_equal(row->size, expected->size);
}

#define CHECK(process, ...)                                                                        \
	do {                                                                                       \
		const struct mk_top_row rows[] = {__VA_ARGS__};                                    \
                                                                                                   \
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)                        \
			check_row(&(process), i, &rows[i]);                                        \
		assert_int_equal((process).row_count, sizeof(rows) / sizeof(rows[0]));             \
		free((process).rows);                                                              \
	} while (0)

/* A reservation: what is committed, what is not; the program; a stack. */
#define NAMED_SMAPS                                                                                \
	"55d0c0000000-55d0c0002000 r-xp 00000000 08:01 1234      /usr/bin/prog with blanks\n"      \
	"Size:                  8 kB\nRss:                   8 kB\nSwap:                  0 kB\n"  \
	"SwapPss:               0 kB\nVmFlags: rd ex mr mw me\n"                                   \
	"7f0000000000-7f0000200000 rw-p 00000000 00:00 0         [anon:memkind_dax_kmem]\n"        \
	"Size:               2048 kB\nRss:                2048 kB\nSwap:                 12 kB\n"  \
	"SwapPss:               6 kB\nVmFlags: rd wr mr mw me ac sd\n"                             \
	"7f0000200000-7f0040000000 ---p 00000000 00:00 0         [anon:memkind_dax_kmem]\n"        \
	"Size:            1046528 kB\nSwap:                  0 kB\n"                               \
	"7f0040000000-7f0040200000 rw-p 00000000 00:00 0         [anon:memkind_dax_kmem]\n"        \
	"Swap:                  0 kB\n"                                                            \
	"7f0080000000-7f0080200000 rw-p 00000000 00:00 0         [anon:memkind_default]\n"         \
	"Swap:                  0 kB\n"                                                            \
	"7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0         [stack]\n"                        \
	"Swap:                  4 kB\n"

static void named_memory_is_of_its_kind(void **state)
{
	struct mk_top_process process = parse(
		NAMED_SMAPS,
		"55d0c0000000 default file=/usr/bin/prog\\040with\\040blanks mapped=2 N0=2 "
		"kernelpagesize_kB=4\n"
		"7f0000000000 bind:2 anon=509 dirty=509 swapcache=1 N2=509 kernelpagesize_kB=4\n"
		"7f0000200000 bind:2\n"
		"7f0040000000 bind:3 anon=5 dirty=5 N2=1 N3=4 kernelpagesize_kB=4\n"
		"7f0080000000 default anon=3 dirty=3 N1=3 kernelpagesize_kB=4\n"
		"7ffc00000000 default stack anon=7 dirty=7 N0=7 kernelpagesize_kB=4\n");

	(void)state;
	assert_int_equal(process.size, (2 + 509 + 5 + 3 + 7) * 4096);
	assert_int_equal(process.swap_size, 16 * 1024);
	CHECK(process, {MK_TOP_KIND, "dax_kmem", 2, 510 * 4096, 0},
	      {MK_TOP_KIND, "dax_kmem", 3, 4 * 4096, 0},
	      {MK_TOP_KIND, "dax_kmem", MK_TOP_SWAP, 12 * 1024, 0},
	      {MK_TOP_KIND, "default", 1, 3 * 4096, 0}, {MK_TOP_OTHER, "other", 0, 9 * 4096, 0},
	      {MK_TOP_OTHER, "other", MK_TOP_SWAP, 4096, 0});
}

#define PLAIN_SMAPS                                                                                \
	"7f0000000000-7f0000200000 rw-p 00000000 00:00 0 \nSwap: 8 kB\n"                           \
	"7f0000200000-7f0040000000 ---p 00000000 00:00 0 \nSwap: 0 kB\n"                           \
	"7f0080000000-7f0080200000 rw-p 00000000 00:00 0 \nSwap: 0 kB\n"                           \
	"7f0090000000-7f0090200000 rw-s 00000000 00:01 9 /dev/zero (deleted)\nSwap: 0 kB\n"        \
	"7f00a0000000-7f00a0600000 rw-p 00000000 00:0f 9 /anon_hugepage (deleted)\nSwap: 0 kB\n"   \
	"7f00b0000000-7f00b0600000 rw-p 00000000 08:01 9 /data/#12 (deleted)\nSwap: 0 kB\n"        \
	"7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0 [stack]\nSwap: 0 kB\n"

static void other_memory_goes_by_its_policy(void **state)
{
	struct mk_top_process process =
		parse(PLAIN_SMAPS,
		      "7f0000000000 bind=static:2 anon=512 dirty=512 N2=512 kernelpagesize_kB=4\n"
		      "7f0000200000 bind=static:2\n"
		      "7f0080000000 default anon=3 dirty=3 N1=3 kernelpagesize_kB=4\n"
		      "7f0090000000 bind:2 file=/dev/zero\\040(deleted) N2=4 kernelpagesize_kB=4\n"
		      "7f00a0000000 prefer:2 file=/anon_hugepage\\040(deleted) huge anon=3 dirty=3 "
		      "N2=2 N0=1 kernelpagesize_kB=2048\n"
		      "7f00b0000000 default file=/data/#12\\040(deleted) N0=6 kernelpagesize_kB=4\n"
		      "7ffc00000000 bind:2 stack anon=7 dirty=7 N0=7 kernelpagesize_kB=4\n");

	(void)state;
	CHECK(process, {MK_TOP_POLICY, "bind=static:2", 2, 2 << 20, 0},
	      {MK_TOP_POLICY, "bind=static:2", MK_TOP_SWAP, 8192, 0},
	      {MK_TOP_POLICY, "prefer:2", 0, 2 << 20, 0},
	      {MK_TOP_POLICY, "prefer:2", 2, 4 << 20, 0}, {MK_TOP_OTHER, "other", 0, 13 * 4096, 0},
	      {MK_TOP_OTHER, "other", 1, 3 * 4096, 0}, {MK_TOP_OTHER, "other", 2, 4 * 4096, 0});
}

static void a_policy_may_have_two_words(void **state)
{
	struct mk_top_process process =
		parse("1000-2000 rw-p 00000000 00:00 0\n3000-4000 rw-p 00000000 00:00 0\n"
		      "5000-6000 rw-p 00000000 00:00 0\n7000-8000 rw-p 00000000 00:00 0\n",
		      "1000 weighted interleave:2-3 anon=1 dirty=1 N2=1 kernelpagesize_kB=4\n"
		      "3000 prefer (many):2 N2=1 kernelpagesize_kB=4\n"
		      "5000 local\n"
		      "7000 bind:3 N3=1 kernelpagesize_kB=4\n");

	(void)state;
	CHECK(process, {MK_TOP_POLICY, "bind:3", 3, 4096, 0},
	      {MK_TOP_POLICY, "prefer (many):2", 2, 4096, 0},
	      {MK_TOP_POLICY, "weighted interleave:2-3", 2, 4096, 0});
}

/* Both files are read one after the other, while the process runs. */
static void mappings_that_move_meanwhile_are_found_or_left_out(void **state)
{
	struct mk_top_process process =
		parse("7f0000000000-7f0000200000 rw-p 00000000 00:00 0 [anon:memkind_hbw]\n"
		      "7f0000200000-7f0040000000 ---p 00000000 00:00 0 [anon:memkind_hbw]\n",
		      "7f0000000000 bind:1 anon=1 N1=1 kernelpagesize_kB=4\n"
		      "7f0000400000 bind:1 anon=2 N1=2 kernelpagesize_kB=4\n"
		      "7f0040000000 bind:1 anon=4 N1=4 kernelpagesize_kB=4\n"
		      "7effffffffff bind:1 anon=8 N1=8 kernelpagesize_kB=4\n");

	(void)state;
	CHECK(process, {MK_TOP_KIND, "hbw", 1, 3 * 4096, 0});
}

static void what_is_no_such_file_has_no_rows(void **state)
{
	static const char *const texts[] = {
		"\n",
		"7f00-",
		"7f0000000000",
		"7f0000000000 bind:2",
		"N0=1 kernelpagesize_kB=4\n",
		"0 bind N=1 N0= N0=x N9999=1 kernelpagesize_kB=4\n",
		"0 bind N0=1\n",
		"0 bind N0=1 kernelpagesize_kB=\n",
		"7f0000000000-7f0000200000\n",
		"0-ffff rwx\n",
		"Swap: 4 kB\n",
		"Swap:\n",
		"\xff\xfe\x01\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
			struct mk_top_process process = parse(texts[i], texts[k]);

			assert_int_equal(process.row_count, 0);
			free(process.rows);
		}
}

static void long_names_and_policies_are_cut(void **state)
{
	struct mk_top_process process =
		parse("1000-2000 rw-p 00000000 00:00 0 [anon:memkind_"
		      "0123456789012345678901234567890123456789012345678901234567890123456789]\n"
		      "3000-4000 rw-p 00000000 00:00 0\n",
		      "1000 bind:1 N1=1 kernelpagesize_kB=4\n"
		      "3000 interleave:0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,38,40 "
		      "N1=1 kernelpagesize_kB=4\n");

	(void)state;
	CHECK(process, {MK_TOP_KIND, "01234567890123456789012345678901234567890123456", 1, 4096, 0},
	      {MK_TOP_POLICY, "interleave:0,2,4,6,8,10,12,14,16,18,20,22,24,26", 1, 4096, 0});
}

static bool uses(const char *maps)
{
	FILE *file = open_text(maps);
	bool does = mk_top_uses_library(file);

	fclose(file);
	return does;
}

static void who_uses_the_library(void **state)
{
	(void)state;
	assert_true(uses("1000-2000 r-xp 0 08:01 5 /usr/lib/libmemkind.so.0.0.1\n"));
	assert_true(uses("1-2 rw-p 0 0:0 0\n1000-2000 rw-p 0 00:00 0 [anon:memkind_default]\n"));
	assert_false(uses("1000-2000 r-xp 0 08:01 5 /usr/lib/libc.so.6\n"));
	assert_false(uses("1000-2000 r-xp 0 08:01 5 /usr/lib/libmemkind-progs/doc\n"));
	assert_false(uses("\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named_memory_is_of_its_kind),
		cmocka_unit_test(other_memory_goes_by_its_policy),
		cmocka_unit_test(a_policy_may_have_two_words),
		cmocka_unit_test(mappings_that_move_meanwhile_are_found_or_left_out),
		cmocka_unit_test(what_is_no_such_file_has_no_rows),
		cmocka_unit_test(long_names_and_policies_are_cut),
		cmocka_unit_test(who_uses_the_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
