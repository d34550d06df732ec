/* SPDX-License-Identifier: BSD-2-Clause */
/* What `memkind top` knows of processes, and the forms in which it shows that. */
#ifndef TOOLS_TOP_H
#define TOOLS_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum mk_top_sort {
	MK_TOP_BY_BYTES,
	MK_TOP_BY_GROWTH,
	MK_TOP_BY_SWAP,
	MK_TOP_BY_PID,
	MK_TOP_BY_NAME,
	MK_TOP_SORT_COUNT
};

struct mk_top_wish {
	int pid; /* 0: all that use the library */
	enum mk_top_sort sort;
	bool is_reversed;
	double interval_s;
	bool has_interval; /* it was given */
	bool is_once, is_json, is_help;
};

/* What the label of a row is. */
enum mk_top_group {
	MK_TOP_KIND,   /* the name of a kind, without memkind_ */
	MK_TOP_POLICY, /* the policy of memory whose kind is not known, as numa_maps has it */
	MK_TOP_OTHER,
};

enum {
	MK_TOP_LABEL_SIZE = 48,
	MK_TOP_NAME_SIZE = 32,
	MK_TOP_SWAP = -1, /* a place that is no node */
};

/* The memory of a group in one place. */
struct mk_top_row {
	enum mk_top_group group;
	char label[MK_TOP_LABEL_SIZE];
	int place; /* a node or MK_TOP_SWAP */
	uint64_t size;
	double growth; /* bytes a second; only where the process has some */
};

struct mk_top_process {
	int pid;
	uint64_t start_time; /* a process of the same number has another one */
	char name[MK_TOP_NAME_SIZE];
	struct mk_top_row *rows; /* by group, label and place; swap comes last */
	size_t row_count;
	uint64_t size, swap_size; /* of all rows: in memory, in swap */
	bool has_growth;	  /* the look before this one saw the process, too */
	double growth;
};

/* What there was at one moment. */
struct mk_top_look {
	struct mk_top_process *processes;
	size_t process_count;
	unsigned denied_count; /* processes that could not be read */
	double time_s;
};

const char *mk_top_sort_name(enum mk_top_sort sort);

/*
 * LIST with room for one more item of SIZE bytes behind COUNT; *ROOM is how many there can be. Where
 * there is no memory the program ends with a line on standard error.
 */
void *mk_top_grow(void *list, size_t count, size_t *room, size_t size);

/* What one of /proc/PID/maps says: the process uses the library. */
bool mk_top_uses_library(FILE *maps);

/* Adds the rows of a process, and up, from its /proc/PID/smaps and numa_maps. */
void mk_top_parse(FILE *smaps, FILE *numa_maps, struct mk_top_process *process);

/*
 * Looks at the processes, in the order that is wished; BEFORE: the last look, for growth, or NULL. 0 or
 * -errno: *ret_look is untouched then. mk_top_end() gives back what a look has.
 */
int mk_top_look(const struct mk_top_wish *wish, const struct mk_top_look *before,
		struct mk_top_look *ret_look);
void mk_top_end(struct mk_top_look *look);

/* What that -errno means: a line on standard error, and MK_TOOL_FAILURE. */
int mk_top_complain(const struct mk_top_wish *wish, int error);

void mk_top_sort(const struct mk_top_wish *wish, struct mk_top_look *look);

/* "12.3 MiB"; with a sign where it is growth, and "-" where that is not known. */
enum { MK_TOP_TEXT_SIZE = 16 };
void mk_top_format_size(uint64_t size, char ret_text[static MK_TOP_TEXT_SIZE]);
void mk_top_format_growth(bool is_known, double growth, char ret_text[static MK_TOP_TEXT_SIZE]);
void mk_top_format_place(int place, char ret_text[static MK_TOP_TEXT_SIZE]);

void mk_top_print_table(const struct mk_top_look *look);

/* One line. MK_TOOL_DONE or MK_TOOL_FAILURE. */
int mk_top_print_json(const struct mk_top_look *look);

/* Shows looks until the user ends it. MK_TOOL_DONE or MK_TOOL_FAILURE. */
int mk_top_show(const struct mk_top_wish *wish);

#endif
