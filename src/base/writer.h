/* SPDX-License-Identifier: BSD-2-Clause */
/* Names and values, as JSON or as text for people, piece by piece to a function. */
#ifndef MK_BASE_WRITER_H
#define MK_BASE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nodeset.h"

typedef void mk_sink(void *context, const char *text);

/* What holds items. Text gives a line to each item, but one line to all of a row. */
enum mk_shape {
	MK_SHAPE_OBJECT,
	MK_SHAPE_LIST, /* its items have no keys: NULL */
	MK_SHAPE_ROW,  /* an object */
	MK_SHAPE_ROW_LIST,
};

struct mk_writer {
	mk_sink *sink;
	void *context;
	bool is_json;
	bool is_first; /* nothing was written since a shape was opened */
	unsigned depth;
	unsigned row_depth; /* of the row that is open; 0: none */
	char closings[8];   /* brackets, from the outermost to the innermost shape that is open */
	size_t length;	    /* in TEXT */
	char text[512];
};

/* Nothing is allocated. The sink gets a text of any length each time, and for good at the end. */
void mk_writer_start(struct mk_writer *writer, mk_sink *sink, void *context, bool is_json);
void mk_writer_end(struct mk_writer *writer);

/* TITLE is for the text, where it differs from the key; NULL: it does not. */
void mk_writer_open(struct mk_writer *writer, const char *key, const char *title,
		    enum mk_shape shape);
void mk_writer_close(struct mk_writer *writer);

void mk_writer_number(struct mk_writer *writer, const char *key, uint64_t value);
void mk_writer_flag(struct mk_writer *writer, const char *key, bool value);
void mk_writer_nodes(struct mk_writer *writer, const char *key, const struct mk_nodeset *nodes);
void mk_writer_text(struct mk_writer *writer, const char *key, const char *value);

/* A line of the text; JSON has none. */
void mk_writer_line(struct mk_writer *writer, const char *line);

#endif
