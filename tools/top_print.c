/* SPDX-License-Identifier: BSD-2-Clause */
/* What was seen as a table, and as JSON; and how sizes are written. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "json.h"
#include "tool.h"
#include "top.h"

enum { NAME_WIDTH = 15 };

/* VALUE is not negative. */
static void format(double value, const char *sign, char *ret_text)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	size_t unit = 0;

	for (; value >= 1024 && unit + 1 < MK_ARRAY_SIZE(units); unit++)
		value /= 1024;
	snprintf(ret_text, MK_TOP_TEXT_SIZE, unit == 0 ? "%s%.0f %s" : "%s%.1f %s", sign, value,
		 units[unit]);
}

void mk_top_format_size(uint64_t size, char ret_text[static MK_TOP_TEXT_SIZE])
{
	format((double)size, "", ret_text);
}

void mk_top_format_growth(bool is_known, double growth, char ret_text[static MK_TOP_TEXT_SIZE])
{
	if (!is_known)
		snprintf(ret_text, MK_TOP_TEXT_SIZE, "-");
	else if (fabs(growth) < 0.5)
		snprintf(ret_text, MK_TOP_TEXT_SIZE, "0");
	else
		format(fabs(growth), growth < 0 ? "-" : "+", ret_text);
}

void mk_top_format_place(int place, char ret_text[static MK_TOP_TEXT_SIZE])
{
	if (place == MK_TOP_SWAP)
		snprintf(ret_text, MK_TOP_TEXT_SIZE, "swap");
	else
		snprintf(ret_text, MK_TOP_TEXT_SIZE, "%d", place);
}

static void print_process(const struct mk_top_process *process)
{
	for (size_t i = 0; i < process->row_count; i++) {
		const struct mk_top_row *row = &process->rows[i];
		char size[MK_TOP_TEXT_SIZE], growth[MK_TOP_TEXT_SIZE], place[MK_TOP_TEXT_SIZE];

		mk_top_format_size(row->size, size);
		mk_top_format_growth(process->has_growth, row->growth, growth);
		mk_top_format_place(row->place, place);
		printf("%7d  %-*s  %-24s  %4s  %10s  %11s\n", process->pid, NAME_WIDTH,
		       process->name, row->label, place, size, growth);
	}
}

void mk_top_print_table(const struct mk_top_look *look)
{
	printf("%7s  %-*s  %-24s  %4s  %10s  %11s\n", "pid", NAME_WIDTH, "name", "kind", "node",
	       "size", "growth/s");
	for (size_t i = 0; i < look->process_count; i++)
		print_process(&look->processes[i]);
	if (look->denied_count != 0)
		mk_tool_error("processes that may not be read: %u; root sees all",
			      look->denied_count);
}

/* Null where there is nothing to say. */
static void set_text(struct json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, text == NULL ? NULL : json_object_new_string(text));
}

static void set_growth(struct json_object *object, bool is_known, double growth)
{
	json_object_object_add(object, "growth",
			       is_known ? json_object_new_int64(llround(growth)) : NULL);
}

static struct json_object *row_object(const struct mk_top_process *process,
				      const struct mk_top_row *row)
{
	struct json_object *object = json_object_new_object();

	set_text(object, "kind", row->group == MK_TOP_KIND ? row->label : NULL);
	set_text(object, "policy", row->group == MK_TOP_POLICY ? row->label : NULL);
	json_object_object_add(object, "node",
			       row->place == MK_TOP_SWAP ? NULL : json_object_new_int(row->place));
	json_object_object_add(object, "bytes", json_object_new_int64((int64_t)row->size));
	set_growth(object, process->has_growth, row->growth);
	return object;
}

static struct json_object *process_object(const struct mk_top_process *process)
{
	struct json_object *object = json_object_new_object();
	struct json_object *rows = json_object_new_array();

	for (size_t i = 0; i < process->row_count; i++)
		json_object_array_add(rows, row_object(process, &process->rows[i]));
	json_object_object_add(object, "pid", json_object_new_int(process->pid));
	set_text(object, "name", process->name);
	json_object_object_add(object, "bytes", json_object_new_int64((int64_t)process->size));
	json_object_object_add(object, "swap", json_object_new_int64((int64_t)process->swap_size));
	set_growth(object, process->has_growth, process->growth);
	json_object_object_add(object, "memory", rows);
	return object;
}

int mk_top_print_json(const struct mk_top_look *look)
{
	struct json_object *object = json_object_new_object();
	struct json_object *processes = json_object_new_array();
	int result;

	for (size_t i = 0; i < look->process_count; i++)
		json_object_array_add(processes, process_object(&look->processes[i]));
	json_object_object_add(object, "processes", processes);
	json_object_object_add(object, "denied", json_object_new_int((int)look->denied_count));
	result = mk_json_print_line(object);
	/* Who reads it wants it now. */
	return fflush(stdout) == 0 ? result : MK_TOOL_FAILURE;
}
