/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables for people: columns as wide as what is in them, and lines as the terminal has room for. */
#ifndef TOOLS_TABLE_H
#define TOOLS_TABLE_H

#include <stdint.h>
#include <stdio.h>

enum mk_alignment {
	MK_ALIGN_LEFT,
	MK_ALIGN_RIGHT,
	MK_ALIGN_WRAP, /* left; its text goes on below where the terminal is too narrow */
};

struct mk_column {
	const char *heading;
	enum mk_alignment alignment;
};

struct mk_table;

/* COLUMNS stay. NULL: no memory; the functions below may be given it. */
struct mk_table *mk_table_new(const struct mk_column *columns, unsigned column_count);

/* The next cell, row by row: "-" where the text is empty. */
void mk_table_add(struct mk_table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A stream for the text of the next cell, which ends with mk_table_end_cell(). NULL: no memory. */
FILE *mk_table_cell(struct mk_table *table);
void mk_table_end_cell(struct mk_table *table);

/* Prints and frees it. Columns in which no row has anything are left out. MK_TOOL_DONE or
 * MK_TOOL_FAILURE, after a line on standard error: no memory. */
int mk_table_print(struct mk_table *table);

/* Characters in a line of the terminal that standard output is; UINT_MAX: it is none. */
unsigned mk_table_width(void);

/* Prints TEXT, broken between words, each line behind INDENT blanks, the first one behind HEAD. */
void mk_table_print_text(const char *head, unsigned indent, const char *text);

/* "384.0 MiB"; "" for 0. */
enum { MK_SIZE_TEXT = 32 };
const char *mk_table_size(uint64_t size, char ret_text[static MK_SIZE_TEXT]);

#endif
