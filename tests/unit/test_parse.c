/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers, kernel lists, masks and node strings: good ones, bad ones, and what bad ones leave. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bits.h"
#include "base/parse.h"

enum { RANGES_SIZE = 256 };

/* Writes each range as "first-last " so that a test can compare texts. */
static void write_range(unsigned first, unsigned last, void *context)
{
	char *ranges = context;
	size_t length = strlen(ranges);

	snprintf(ranges + length, RANGES_SIZE - length, "%u-%u ", first, last);
}

struct range_row {
	const char *text;
	int result;
	const char *ranges;
};

static void check_ranges(int (*parse)(const char *, mk_range_visitor *, void *),
			 const struct range_row *rows, size_t row_count)
{
	for (size_t i = 0; i < row_count; i++) {
		char ranges[RANGES_SIZE] = "";
		int result = parse(rows[i].text, write_range, ranges);

		if (result != rows[i].result || strcmp(ranges, rows[i].ranges) != 0)
			fail_msg("\"%s\" gives %d and \"%s\", not %d and \"%s\"", rows[i].text,
				 result, ranges, rows[i].result, rows[i].ranges);
	}
}

static void numbers_are_whole(void **state)
{
	static const struct {
		const char *text;
		int base;
		int result;
		uint64_t value;
	} rows[] = {
		{"0", 10, 0, 0},
		{" 42\n", 10, 0, 42},
		{"007", 10, 0, 7},
		{"18446744073709551615", 10, 0, UINT64_MAX},
		{"18446744073709551616", 10, -EINVAL, 0},
		{"99999999999999999999999999", 10, -EINVAL, 0},
		{"", 10, -EINVAL, 0},
		{"\n", 10, -EINVAL, 0},
		{"-1", 10, -EINVAL, 0},
		{"+1", 10, -EINVAL, 0},
		{"1 2", 10, -EINVAL, 0},
		{"1x", 10, -EINVAL, 0},
		{"0x10", 10, -EINVAL, 0},
		{"f", 10, -EINVAL, 0},
		{"\xff", 10, -EINVAL, 0},
		{"8000000\n", 16, 0, 0x8000000},
		{"0x4d0000000\n", 16, 0, 0x4d0000000},
		{"0XaBc", 16, 0, 0xabc},
		{"0xffffffffffffffff", 16, 0, UINT64_MAX},
		{"0x10000000000000000", 16, -EINVAL, 0},
		{"0x", 16, -EINVAL, 0},
		{"0xg", 16, -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < MK_ARRAY_SIZE(rows); i++) {
		uint64_t value = 4711;
		uint64_t expected = rows[i].result == 0 ? rows[i].value : 4711;
		int result = mk_parse_number(rows[i].text, rows[i].base, &value);

		if (result != rows[i].result || value != expected)
			fail_msg("\"%s\" gives %d and %llu", rows[i].text, result,
				 (unsigned long long)value);
	}
}

static void numbers_of_nodes(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t number; /* of node 2 */
	} rows[] = {
		{"2:3000", 0, 3000},
		{"0:12000,2:3000", 0, 3000},
		{"2:4294967295,1023:1", 0, UINT32_MAX},
		{"0:1", -ENOENT, 0},
		{"", -EINVAL, 0},
		{"2", -EINVAL, 0},
		{"2:", -EINVAL, 0},
		{"2:0", -EINVAL, 0},
		{"2:4294967296", -EINVAL, 0},
		{"2:1,", -EINVAL, 0},
		{",2:1", -EINVAL, 0},
		{"2:1,2:1", -EINVAL, 0},
		{"2:1,0:1,0:1", -EINVAL, 0},
		{"2:1,1024:1", -EINVAL, 0},
		{"2:1 ", -EINVAL, 0},
		{" 2:1", -EINVAL, 0},
		{"2=1", -EINVAL, 0},
		{"2:1x", -EINVAL, 0},
		{"2:0x1", -EINVAL, 0},
		{"0-2:1", -EINVAL, 0},
		{":1", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < MK_ARRAY_SIZE(rows); i++) {
		uint64_t number = 4711;
		uint64_t expected = rows[i].result == 0 ? rows[i].number : 4711;
		int result = mk_parse_number_of_node(rows[i].text, 2, &number);

		if (result != rows[i].result || number != expected)
			fail_msg("\"%s\" gives %d and %llu", rows[i].text, result,
				 (unsigned long long)number);
	}
}

static void lists_of_the_kernel(void **state)
{
	static const struct range_row rows[] = {
		{"", 0, ""},
		{"\n", 0, ""},
		{" \n", 0, ""},
		{"0\n", 0, "0-0 "},
		{"0-3,8\n", 0, "0-3 8-8 "},
		{"0-3,8,10-11", 0, "0-3 8-8 10-11 "},
		{"5,3,4", 0, "5-5 3-3 4-4 "},
		{"65535", 0, "65535-65535 "},
		{"65536", -EINVAL, ""},
		{"0,65536", -EINVAL, "0-0 "},
		{"0-99999999999999999999", -EINVAL, ""},
		{"3-1", -EINVAL, ""},
		{"1-", -EINVAL, ""},
		{"-1", -EINVAL, ""},
		{"1,", -EINVAL, "1-1 "},
		{",1", -EINVAL, ""},
		{"1,,2", -EINVAL, "1-1 "},
		{"1 2", -EINVAL, "1-1 "},
		{"1;2", -EINVAL, "1-1 "},
		{"1-2-3", -EINVAL, "1-2 "},
		{"x", -EINVAL, ""},
		{"0x1", -EINVAL, "0-0 "},
		{"\x80\xff", -EINVAL, ""},
	};

	(void)state;
	check_ranges(mk_parse_list, rows, MK_ARRAY_SIZE(rows));
}

static void masks_of_the_kernel(void **state)
{
	static const struct range_row rows[] = {
		{"", 0, ""},
		{"\n", 0, ""},
		{"0\n", 0, ""},
		{"3\n", 0, "0-1 "},
		{"5", 0, "0-0 2-2 "},
		{"ffffffff", 0, "0-31 "},
		{"00000001,00000003\n", 0, "32-32 0-1 "},
		{"80000000,00000000,F0000000", 0, "95-95 28-31 "},
		{"1,0", 0, "32-32 "},
		{"123456789", -EINVAL, ""},
		{"1,,2", -EINVAL, "64-64 "},
		{"1,", -EINVAL, "32-32 "},
		{",1", -EINVAL, ""},
		{",", -EINVAL, ""},
		{"g", -EINVAL, ""},
		{"1 2", -EINVAL, ""},
		{"0x1", -EINVAL, ""},
		{"-1", -EINVAL, ""},
	};

	(void)state;
	check_ranges(mk_parse_mask, rows, MK_ARRAY_SIZE(rows));
}

static void a_mask_of_all_ids_and_one_word_more(void **state)
{
	static char mask[2049 * 9 + 1];
	char ranges[RANGES_SIZE] = "";

	(void)state;
	strcpy(mask, "80000000");
	for (int word = 1; word < 2048; word++)
		strcat(mask, ",00000000");
	assert_int_equal(mk_parse_mask(mask, write_range, ranges), 0);
	assert_string_equal(ranges, "65535-65535 ");
	strcat(mask, ",00000000");
	assert_int_equal(mk_parse_mask(mask, write_range, ranges), -EINVAL);
}

static struct mk_nodeset nodes_of(const char *text)
{
	struct mk_nodeset nodes;

	assert_int_equal(mk_parse_nodes(text, &nodes), 0);
	return nodes;
}

static void ids_above_the_limit_are_left_out(void **state)
{
	struct mk_nodeset nodes = nodes_of("1-2,1020-2000,65535\n");

	(void)state;
	assert_int_equal(mk_nodeset_count(&nodes), 6);
	assert_true(mk_nodeset_has(&nodes, 1023));
	assert_int_equal(mk_parse_nodes("5,x", &nodes), -EINVAL);
	assert_int_equal(mk_nodeset_count(&nodes), 1);
	assert_true(mk_nodeset_has(&nodes, 5));
}

struct string_row {
	const char *text;
	int result;
	const char *nodes;
};

static void check_strings(const char *allowed_text, const struct string_row *rows, size_t row_count)
{
	struct mk_nodeset allowed = nodes_of(allowed_text);

	for (size_t i = 0; i < row_count; i++) {
		/* What a failure must not touch. */
		struct mk_nodeset nodes = nodes_of("7,99");
		struct mk_nodeset expected = nodes_of(rows[i].result == 0 ? rows[i].nodes : "7,99");
		int result = mk_parse_node_string(rows[i].text, &allowed, &nodes);

		if (result != rows[i].result || !mk_nodeset_is_equal(&nodes, &expected))
			fail_msg("\"%s\" gives %d and %u nodes from %u", rows[i].text, result,
				 mk_nodeset_count(&nodes), mk_nodeset_next(&nodes, 0));
	}
}

static void node_strings_of_users(void **state)
{
	static const struct string_row rows[] = {
		{"2,3", 0, "2-3"},
		{"2-3", 0, "2-3"},
		{"3,2,2", 0, "2-3"},
		{"0x2", 0, "2"},
		{"0X3", 0, "3"},
		{"02", 0, "2"},
		{" 2", 0, "2"},
		{"2, 3", 0, "2-3"},
		{"all", 0, "0-3"},
		{"+0", 0, "0"},
		{"+2-3", 0, "2-3"},
		{"+all", 0, "0-3"},
		{"!0,1", 0, "2-3"},
		{"!0-1", 0, "2-3"},
		{"!+0-1", 0, "2-3"},
		{"3-2", 0, "3"},
		{"1,3", 0, "1,3"},
		{"0-3", 0, "0-3"},
		{"", -EINVAL, NULL},
		{" ", -EINVAL, NULL},
		{"!all", -EINVAL, NULL},
		{"!0-3", -EINVAL, NULL},
		{"!", -EINVAL, NULL},
		{"+", -EINVAL, NULL},
		{"-1", -EINVAL, NULL},
		{"4", -ENODEV, NULL},
		{"2-4", -ENODEV, NULL},
		{"!4", -ENODEV, NULL},
		{"+4", -ENODEV, NULL},
		{"1023", -ENODEV, NULL},
		{"1024", -ENODEV, NULL},
		{"999999", -ENODEV, NULL},
		{"0-18446744073709551615", -ENODEV, NULL},
		{"18446744073709551615", -ENODEV, NULL},
		{"18446744073709551616", -EINVAL, NULL},
		{"x", -EINVAL, NULL},
		{"2,x", -EINVAL, NULL},
		{"2,", -EINVAL, NULL},
		{",2", -EINVAL, NULL},
		{"0,,0", -EINVAL, NULL},
		{"2 ", -EINVAL, NULL},
		{"2\n", -EINVAL, NULL},
		{";", -EINVAL, NULL},
		{"2;3", -EINVAL, NULL},
		{"2-", -EINVAL, NULL},
		{"08", -EINVAL, NULL},
		{"0x", -EINVAL, NULL},
		{"allx", -EINVAL, NULL},
		{"ALL", -EINVAL, NULL},
		{"!!0", -EINVAL, NULL},
		{"netdev:eth0", -EINVAL, NULL},
		{"file:/tmp", -EINVAL, NULL},
		{"ip:127.0.0.1", -EINVAL, NULL},
	};

	(void)state;
	check_strings("0-3", rows, MK_ARRAY_SIZE(rows));
}

static void positions_among_sparse_nodes(void **state)
{
	static const struct string_row rows[] = {
		{"+0", 0, "0"},
		{"+1", 0, "64"},
		{"+2-3", 0, "1022-1023"},
		{"+4", -ENODEV, NULL},
		{"1", -ENODEV, NULL},
		{"0x3ff", 0, "1023"},
		{"!+0", 0, "64,1022-1023"},
		{"all", 0, "0,64,1022-1023"},
	};

	(void)state;
	check_strings("0,64,1022-1023", rows, MK_ARRAY_SIZE(rows));
}

static void no_node_is_allowed(void **state)
{
	static const struct string_row rows[] = {
		{"all", -EINVAL, NULL},
		{"0", -ENODEV, NULL},
		{"+0", -ENODEV, NULL},
	};

	(void)state;
	check_strings("", rows, MK_ARRAY_SIZE(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_whole),
		cmocka_unit_test(numbers_of_nodes),
		cmocka_unit_test(lists_of_the_kernel),
		cmocka_unit_test(masks_of_the_kernel),
		cmocka_unit_test(a_mask_of_all_ids_and_one_word_more),
		cmocka_unit_test(ids_above_the_limit_are_left_out),
		cmocka_unit_test(node_strings_of_users),
		cmocka_unit_test(positions_among_sparse_nodes),
		cmocka_unit_test(no_node_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
