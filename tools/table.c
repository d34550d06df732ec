/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables for people. A pipe gets lines of any length; a terminal none that it would have to break. */
#include "table.h"

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/bits.h"
#include "tool.h"

enum {
	GAP = 2,
	LEAST_WRAP = 12, /* no wrapped column is narrower */
};

struct mk_table {
	const struct mk_column *columns;
	unsigned column_count;
	char **cells; /* row-major, without headings */
	size_t cell_count;
	bool is_broken; /* no memory */
	FILE *stream;	/* of the cell that is being written */
	char *text;
	size_t text_size;
};

struct mk_table *mk_table_new(const struct mk_column *columns, unsigned column_count)
{
	struct mk_table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return NULL;
	table->columns = columns;
	table->column_count = column_count;
	return table;
}

/* TEXT is the table's from now on. */
static void add_text(struct mk_table *table, char *text)
{
	char **cells = realloc(table->cells, (table->cell_count + 1) * sizeof(*cells));

	if (cells != NULL)
		table->cells = cells;
	if (cells == NULL || text == NULL) {
		table->is_broken = true;
		free(text);
		return;
	}
	cells[table->cell_count++] = text;
}

void mk_table_add(struct mk_table *table, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	if (table == NULL)
		return;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	add_text(table, text);
}

FILE *mk_table_cell(struct mk_table *table)
{
	if (table != NULL)
		table->stream = open_memstream(&table->text, &table->text_size);
	return table == NULL ? NULL : table->stream;
}

void mk_table_end_cell(struct mk_table *table)
{
	if (table == NULL || table->stream == NULL)
		return;
	fclose(table->stream);
	table->stream = NULL;
	add_text(table, table->text);
}

static const char *cell(const struct mk_table *table, size_t row, unsigned column)
{
	const char *text = table->cells[row * table->column_count + column];

	return text[0] == '\0' ? "-" : text;
}

static size_t row_count(const struct mk_table *table)
{
	return table->cell_count / table->column_count;
}

unsigned mk_table_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 ||
	    size.ws_col == 0)
		return UINT_MAX;
	return size.ws_col;
}

/* How much of TEXT goes in a line of so many characters: up to a blank or behind a comma, else behind
 * an underscore. */
static size_t line_length(const char *text, size_t width)
{
	size_t length = strlen(text);

	if (length <= width)
		return length;
	for (size_t at = width; at > 0; at--)
		if (text[at] == ' ' || text[at - 1] == ',')
			return at;
	for (size_t at = width; at > 0; at--)
		if (text[at - 1] == '_')
			return at;
	return width;
}

/* The natural widths; 0: nothing in the column. */
static void measure(const struct mk_table *table, size_t *widths)
{
	for (unsigned column = 0; column < table->column_count; column++) {
		bool is_empty = true;

		widths[column] = strlen(table->columns[column].heading);
		for (size_t row = 0; row < row_count(table); row++) {
			const char *text = cell(table, row, column);

			widths[column] = mk_max_size(widths[column], strlen(text));
			is_empty = is_empty && strcmp(text, "-") == 0;
		}
		if (is_empty)
			widths[column] = 0;
	}
}

/* Makes columns that may be wrapped narrower, the widest first, until the table fits. */
static void fit(const struct mk_table *table, size_t *widths)
{
	size_t room = mk_table_width();

	for (;;) {
		size_t total = 0, widest = 0;
		unsigned chosen = 0;

		for (unsigned column = 0; column < table->column_count; column++) {
			total += widths[column] == 0 ? 0 : widths[column] + GAP;
			if (table->columns[column].alignment == MK_ALIGN_WRAP &&
			    widths[column] > widest) {
				widest = widths[column];
				chosen = column;
			}
		}
		if (total <= mk_max_size(room, GAP) + GAP || widest <= LEAST_WRAP)
			return;
		widths[chosen] =
			mk_max_size(LEAST_WRAP, widest - mk_min_size(widest, total - GAP - room));
	}
}

static void print_blanks(size_t count)
{
	printf("%*s", (int)count, "");
}

/* One line of a row; the texts move on behind what was printed. False: nothing is left of them. */
static bool print_line(const struct mk_table *table, const size_t *widths, const char **texts)
{
	size_t blanks = 0;
	bool is_left = false;

	for (unsigned column = 0; column < table->column_count; column++) {
		size_t width = widths[column];
		size_t length = line_length(texts[column], width);
		bool is_right = table->columns[column].alignment == MK_ALIGN_RIGHT;

		if (width == 0)
			continue;
		if (length != 0) {
			print_blanks(blanks + (is_right ? width - length : 0));
			printf("%.*s", (int)length, texts[column]);
			blanks = 0;
		}
		blanks += (is_right && length != 0 ? 0 : width - length) + GAP;
		texts[column] += length;
		texts[column] += strspn(texts[column], " ");
		is_left = is_left || texts[column][0] != '\0';
	}
	puts("");
	return is_left;
}

static void print_rows(const struct mk_table *table, size_t *widths, const char **texts)
{
	for (unsigned column = 0; column < table->column_count; column++)
		texts[column] = table->columns[column].heading;
	while (print_line(table, widths, texts))
		;
	for (size_t row = 0; row < row_count(table); row++) {
		for (unsigned column = 0; column < table->column_count; column++)
			texts[column] = cell(table, row, column);
		while (print_line(table, widths, texts))
			;
	}
}

static void free_table(struct mk_table *table)
{
	if (table == NULL)
		return;
	for (size_t i = 0; i < table->cell_count; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

int mk_table_print(struct mk_table *table)
{
	bool is_whole = table != NULL && !table->is_broken;
	size_t *widths = is_whole ? calloc(table->column_count, sizeof(*widths)) : NULL;
	const char **texts = is_whole ? calloc(table->column_count, sizeof(*texts)) : NULL;

	is_whole = widths != NULL && texts != NULL;
	if (is_whole) {
		measure(table, widths);
		fit(table, widths);
		print_rows(table, widths, texts);
	} else {
		mk_tool_error("out of memory");
	}
	free(texts);
	free(widths);
	free_table(table);
	return is_whole ? MK_TOOL_DONE : MK_TOOL_FAILURE;
}

/* A word that is longer than the line stays whole: it may be a path, to be copied. */
static size_t text_length(const char *text, size_t width)
{
	size_t length = line_length(text, width);
	size_t word = strcspn(text, " ");

	return word > width ? word : length;
}

void mk_table_print_text(const char *head, unsigned indent, const char *text)
{
	size_t width = mk_table_width();

	width = width > indent + LEAST_WRAP ? width - indent : LEAST_WRAP;
	printf("%-*s", (int)indent, head);
	for (;;) {
		size_t length = text_length(text, width);

		printf("%.*s\n", (int)length, text);
		text += length;
		text += strspn(text, " ");
		if (text[0] == '\0')
			return;
		print_blanks(indent);
	}
}

const char *mk_table_size(uint64_t size, char ret_text[static MK_SIZE_TEXT])
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	size_t unit = 0;
	double value = (double)size / 1024;

	for (; value >= 1024 && unit + 1 < MK_ARRAY_SIZE(units); unit++)
		value /= 1024;
	if (size == 0)
		ret_text[0] = '\0';
	else
		snprintf(ret_text, MK_SIZE_TEXT, "%.1f %s", value, units[unit]);
	return ret_text;
}
