/* SPDX-License-Identifier: BSD-2-Clause */
/* The writer of reports: the same items as JSON and as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bits.h"
#include "base/writer.h"

struct result {
	char text[8192];
	unsigned call_count;
};

static void append(void *context, const char *text)
{
	struct result *result = context;

	assert_true(strlen(result->text) + strlen(text) < sizeof(result->text));
	strcat(result->text, text);
	result->call_count++;
}

static void write_all_shapes(struct mk_writer *writer)
{
	struct mk_nodeset nodes = {{1 << 3 | 1 << 4}};

	mk_writer_line(writer, "begin");
	mk_writer_number(writer, "first", 1);
	mk_writer_open(writer, "object", "An object", MK_SHAPE_OBJECT);
	mk_writer_text(writer, "word", "a");
	mk_writer_open(writer, "empty", NULL, MK_SHAPE_LIST);
	mk_writer_close(writer);
	mk_writer_open(writer, "rows", NULL, MK_SHAPE_LIST);
	for (unsigned i = 0; i < 2; i++) {
		mk_writer_open(writer, NULL, NULL, MK_SHAPE_ROW);
		mk_writer_number(writer, "x", i);
		mk_writer_open(writer, "in", NULL, MK_SHAPE_ROW);
		mk_writer_number(writer, "y", UINT64_MAX);
		mk_writer_close(writer);
		mk_writer_number(writer, "z", 0);
		mk_writer_close(writer);
	}
	mk_writer_close(writer);
	mk_writer_nodes(writer, "list", &nodes);
	mk_writer_flag(writer, "flag", true);
	mk_writer_close(writer);
	mk_writer_line(writer, "end");
}

static void run(void (*body)(struct mk_writer *writer), bool is_json, struct result *ret_result)
{
	struct mk_writer writer;

	memset(ret_result, 0, sizeof(*ret_result));
	mk_writer_start(&writer, append, ret_result, is_json);
	body(&writer);
	mk_writer_end(&writer);
}

static void shapes_in_json(void **state)
{
	struct result result;

	(void)state;
	run(write_all_shapes, true, &result);
	assert_string_equal(result.text,
			    "{\"first\":1,\"object\":{\"word\":\"a\",\"empty\":[],\"rows\":["
			    "{\"x\":0,\"in\":{\"y\":18446744073709551615},\"z\":0},"
			    "{\"x\":1,\"in\":{\"y\":18446744073709551615},\"z\":0}],"
			    "\"list\":[3,4],\"flag\":true}}\n");
	assert_int_equal(result.call_count, 1);
}

static void shapes_in_text(void **state)
{
	struct result result;

	(void)state;
	run(write_all_shapes, false, &result);
	assert_string_equal(result.text, "begin\n"
					 "first: 1\n"
					 "An object:\n"
					 "  word: \"a\"\n"
					 "  empty:\n"
					 "  rows:\n"
					 "    x: 0  in: y: 18446744073709551615  z: 0\n"
					 "    x: 1  in: y: 18446744073709551615  z: 0\n"
					 "  list: 3  4\n"
					 "  flag: true\n"
					 "end\n");
}

static void write_odd_bytes(struct mk_writer *writer)
{
	mk_writer_text(writer, "a\"key", "\" \\ \n \x01 \x7f \xff");
}

static void bytes_that_json_does_not_allow_are_escaped(void **state)
{
	struct result result;

	(void)state;
	run(write_odd_bytes, true, &result);
	assert_string_equal(
		result.text,
		"{\"a\\u0022key\":\"\\u0022 \\u005c \\u000a \\u0001 \\u007f \\u00ff\"}\n");
}

static void write_much(struct mk_writer *writer)
{
	for (unsigned i = 0; i < 300; i++)
		mk_writer_number(writer, "number", 1000 + i);
}

static void a_long_text_comes_in_pieces(void **state)
{
	struct result result;

	(void)state;
	run(write_much, false, &result);
	assert_int_equal(strlen(result.text), 300 * strlen("number: 1000\n"));
	assert_true(result.call_count > 5);
	assert_non_null(strstr(result.text, "number: 1000\nnumber: 1001\n"));
	assert_non_null(strstr(result.text, "number: 1298\nnumber: 1299\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes_in_json),
		cmocka_unit_test(shapes_in_text),
		cmocka_unit_test(bytes_that_json_does_not_allow_are_escaped),
		cmocka_unit_test(a_long_text_comes_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
