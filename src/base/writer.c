/* SPDX-License-Identifier: BSD-2-Clause */
/* Names and values, as JSON or as text for people. */
#include "base/writer.h"

#include <stdio.h>
#include <string.h>

static void flush(struct mk_writer *writer)
{
	writer->text[writer->length] = '\0';
	if (writer->length != 0)
		writer->sink(writer->context, writer->text);
	writer->length = 0;
}

static void put_character(struct mk_writer *writer, char character)
{
	if (writer->length == sizeof(writer->text) - 1)
		flush(writer);
	writer->text[writer->length++] = character;
}

static void put(struct mk_writer *writer, const char *text)
{
	for (; *text != '\0'; text++)
		put_character(writer, *text);
}

/* What is not ASCII counts as Latin-1: any bytes are valid JSON then. */
static void put_quoted(struct mk_writer *writer, const char *text)
{
	char escape[8];

	put_character(writer, '"');
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\') {
			put_character(writer, *text);
			continue;
		}
		snprintf(escape, sizeof(escape), "\\u%04x", byte);
		put(writer, escape);
	}
	put_character(writer, '"');
}

static bool is_in_row(const struct mk_writer *writer)
{
	return writer->row_depth != 0;
}

static void indent(struct mk_writer *writer)
{
	for (unsigned i = 0; i < writer->depth; i++)
		put(writer, "  ");
}

static void put_key(struct mk_writer *writer, const char *key)
{
	if (writer->is_json) {
		if (!writer->is_first)
			put_character(writer, ',');
		if (key != NULL) {
			put_quoted(writer, key);
			put_character(writer, ':');
		}
	} else {
		if (!is_in_row(writer))
			indent(writer);
		else if (!writer->is_first)
			put(writer, "  ");
		if (key != NULL) {
			put(writer, key);
			put_character(writer, ':');
		}
	}
	writer->is_first = false;
}

/* Between a key, if there is one, and what stands on the same line. */
static void put_space(struct mk_writer *writer, const char *key)
{
	if (!writer->is_json && key != NULL)
		put_character(writer, ' ');
}

static void end_line(struct mk_writer *writer)
{
	if (!writer->is_json && !is_in_row(writer))
		put_character(writer, '\n');
}

void mk_writer_start(struct mk_writer *writer, mk_sink *sink, void *context, bool is_json)
{
	memset(writer, 0, sizeof(*writer));
	writer->sink = sink;
	writer->context = context;
	writer->is_json = is_json;
	writer->is_first = true;
	if (is_json)
		put_character(writer, '{');
}

void mk_writer_end(struct mk_writer *writer)
{
	if (writer->is_json)
		put(writer, "}\n");
	flush(writer);
}

void mk_writer_open(struct mk_writer *writer, const char *key, const char *title,
		    enum mk_shape shape)
{
	bool is_list = shape == MK_SHAPE_LIST || shape == MK_SHAPE_ROW_LIST;

	put_key(writer, writer->is_json || title == NULL ? key : title);
	if (shape == MK_SHAPE_ROW || shape == MK_SHAPE_ROW_LIST)
		put_space(writer, key);
	if (writer->is_json)
		put_character(writer, is_list ? '[' : '{');
	writer->closings[writer->depth++] = is_list ? ']' : '}';
	writer->is_first = true;
	if (shape == MK_SHAPE_OBJECT || shape == MK_SHAPE_LIST)
		end_line(writer);
	else if (!is_in_row(writer))
		writer->row_depth = writer->depth;
}

void mk_writer_close(struct mk_writer *writer)
{
	writer->depth--;
	if (writer->is_json)
		put_character(writer, writer->closings[writer->depth]);
	if (writer->row_depth > writer->depth) {
		writer->row_depth = 0;
		end_line(writer);
	}
	writer->is_first = false;
}

static void put_item(struct mk_writer *writer, const char *key, const char *text)
{
	put_key(writer, key);
	put_space(writer, key);
	put(writer, text);
	end_line(writer);
}

void mk_writer_number(struct mk_writer *writer, const char *key, uint64_t value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);
	put_item(writer, key, digits);
}

void mk_writer_flag(struct mk_writer *writer, const char *key, bool value)
{
	put_item(writer, key, value ? "true" : "false");
}

void mk_writer_nodes(struct mk_writer *writer, const char *key, const struct mk_nodeset *nodes)
{
	mk_writer_open(writer, key, NULL, MK_SHAPE_ROW_LIST);
	mk_nodeset_for_each (node, nodes)
		mk_writer_number(writer, NULL, node);
	mk_writer_close(writer);
}

void mk_writer_text(struct mk_writer *writer, const char *key, const char *value)
{
	put_key(writer, key);
	put_space(writer, key);
	put_quoted(writer, value);
	end_line(writer);
}

void mk_writer_line(struct mk_writer *writer, const char *line)
{
	if (writer->is_json)
		return;
	put(writer, line);
	put_character(writer, '\n');
}
