/* SPDX-License-Identifier: BSD-2-Clause */
/* What memkind capture writes: the parts of files that are kept, and the machine as a text. */
#include "capture.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

/* Files of which parts of lines are kept, and which: the rest tells more than anybody needs. */
static const struct {
	const char *name;
	const char *lines;
} filters[] = {
	{"proc/self/status", "^(Mems|Cpus)_allowed_list:.*"},
	{"proc/self/mounts", "^/dev/pmem[0-9a-z.]*"},
	{"proc/swaps", "^/dev/pmem[0-9a-z.]*"},
	{"proc/meminfo", "^Mem(Total|Free):.*"},
	{"proc/cpuinfo", "^(cpu family\t|model\t\t):.*"},
	{"meminfo", "^Node +[0-9]+ Mem(Total|Free):.*"},
	{"boot/config-",
	 "^CONFIG_(DEV_DAX|CXL|LIBNVDIMM|BLK_DEV_PMEM|ACPI_NFIT|ACPI_HMAT)[A-Z_]*=.*"},
};

/* The lines to be kept of a file; NULL: all. */
static const char *filter_of(const char *name)
{
	for (size_t i = 0; i < MK_ARRAY_SIZE(filters); i++) {
		const char *found = strstr(name, filters[i].name);

		if (found == name ||
		    (found != NULL && found[-1] == '/' && strchr(found, '/') == NULL))
			return filters[i].lines;
	}
	return NULL;
}

/* Among the lines from TEXT to END. */
static bool has_line(const char *text, const char *end, const char *line, size_t length)
{
	for (; text < end; text = (const char *)memchr(text, '\n', (size_t)(end - text)) + 1)
		if ((size_t)(end - text) > length && memcmp(text, line, length) == 0 &&
		    text[length] == '\n')
			return true;
	return false;
}

/* Leaves what LINES matches, each once: CPUs are alike. */
static size_t keep_lines(const char *lines, char *bytes)
{
	const char *limit = bytes + strlen(bytes);
	char *end = bytes;
	regmatch_t match;
	regex_t regex;

	if (regcomp(&regex, lines, REG_EXTENDED) != 0)
		return 0;
	for (char *next, *line = bytes; line < limit; line = next) {
		size_t length = strcspn(line, "\n");

		line[length] = '\0';
		next = line + length + 1;
		if (regexec(&regex, line, 1, &match, 0) != 0 ||
		    has_line(bytes, end, line, (size_t)match.rm_eo))
			continue;
		memmove(end, line, (size_t)match.rm_eo);
		end += match.rm_eo;
		/* At or before the end of the line that was looked at. */
		*end++ = '\n';
	}
	regfree(&regex);
	*end = '\0';
	return (size_t)(end - bytes);
}

bool mk_capture_filter(const char *name, char *bytes, size_t *size)
{
	const char *lines = filter_of(name);

	if (lines == NULL)
		return true;
	*size = keep_lines(lines, bytes);
	return *size != 0;
}

/* Nothing but printable lines, each with an end. */
static bool is_plain(const char *bytes, size_t size)
{
	if (size < 2 || bytes[size - 1] != '\n')
		return false;
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != '\n' && bytes[i] != '\t' && (bytes[i] < ' ' || bytes[i] > '~'))
			return false;
	return true;
}

static void describe_raw(FILE *text, const char *name, const char *bytes, size_t size)
{
	fprintf(text, "raw %s = ", name);
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (byte == '\n')
			fputs("\\n", text);
		else if (byte == '\\')
			fputs("\\\\", text);
		else if (byte < ' ' || byte > '~')
			fprintf(text, "\\x%02x", byte);
		else
			fputc(byte, text);
	}
	fputc('\n', text);
}

void mk_capture_describe_file(FILE *text, const char *name, const char *bytes, size_t size)
{
	const char *end = bytes + size;

	if (!is_plain(bytes, size)) {
		describe_raw(text, name, bytes, size);
		return;
	}
	if (memchr(bytes, '\n', size) == end - 1) {
		fprintf(text, "file %s = %.*s", name, (int)size, bytes);
		return;
	}
	fprintf(text, "file %s\n", name);
	for (const char *line = bytes; line < end; line = strchr(line, '\n') + 1)
		fprintf(text, "\t%.*s\n", (int)strcspn(line, "\n"), line);
}

static int compare_numbers(const void *left, const void *right)
{
	unsigned long a = *(const unsigned long *)left, b = *(const unsigned long *)right;

	return (a > b) - (a < b);
}

void mk_capture_describe_blocks(FILE *text, const char *node, unsigned long *numbers, size_t count)
{
	qsort(numbers, count, sizeof(*numbers), compare_numbers);
	fprintf(text, "blocks %s = ", node);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && numbers[end] == numbers[end - 1] + 1;)
			end++;
		fprintf(text, i == 0 ? "%lu" : ",%lu", numbers[i]);
		if (end - i > 1)
			fprintf(text, "-%lu", numbers[end - 1]);
	}
	fputc('\n', text);
}
