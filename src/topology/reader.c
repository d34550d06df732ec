/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading below a root into static buffers; the topology lock guards them. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "os/sysfs.h"
#include "topology/snapshot.h"

enum {
	PATH_SIZE = 512,
	/* The largest text by far: the CPU list of a node, 8192 CPUs in single numbers. */
	TEXT_SIZE = 64 << 10,
	LINK_SIZE = 1024,
};

static char text[TEXT_SIZE];
static char link_text[LINK_SIZE];

/* False: the path is too long to be one of ours. */
static bool make_path(char *path, const char *format, va_list arguments)
{
	int length = vsnprintf(path, PATH_SIZE, format, arguments);

	return length >= 0 && length < PATH_SIZE;
}

static const char *read_text(const struct mk_reader *reader, const char *format, va_list arguments)
{
	char path[PATH_SIZE];
	ssize_t length;

	if (!make_path(path, format, arguments))
		return NULL;
	length = mk_sysfs_read(reader->root, path, text, sizeof(text));
	if (length == -EMFILE || length == -ENFILE || length == -ENOMEM)
		*reader->is_starved = true;
	return length >= 0 ? text : NULL;
}

const char *mk_reader_text(const struct mk_reader *reader, const char *format, ...)
{
	const char *found;
	va_list arguments;

	va_start(arguments, format);
	found = read_text(reader, format, arguments);
	va_end(arguments);
	return found;
}

bool mk_reader_number(const struct mk_reader *reader, int base, uint64_t *ret_value,
		      const char *format, ...)
{
	const char *found;
	va_list arguments;

	va_start(arguments, format);
	found = read_text(reader, format, arguments);
	va_end(arguments);
	return found != NULL && mk_parse_number(found, base, ret_value) == 0;
}

const char *mk_reader_link(const struct mk_reader *reader, const char *format, ...)
{
	char path[PATH_SIZE];
	va_list arguments;
	bool fits;

	va_start(arguments, format);
	fits = make_path(path, format, arguments);
	va_end(arguments);
	return fits && mk_sysfs_link(reader->root, path, link_text, sizeof(link_text)) >= 0
		       ? link_text
		       : NULL;
}

bool mk_reader_add_node(const char *name, void *nodes)
{
	uint64_t id;

	if (strncmp(name, "node", 4) == 0 && mk_parse_number(name + 4, 10, &id) == 0 &&
	    id < MK_NODE_LIMIT)
		mk_nodeset_add(nodes, (unsigned)id);
	return true;
}
