/* SPDX-License-Identifier: BSD-2-Clause */
/* What `memkind setup` found of persistent and CXL memory, and what would make nodes of it. */
#ifndef TOOLS_SETUP_H
#define TOOLS_SETUP_H

#include <stdbool.h>
#include <stddef.h>

#include "topology/topology.h"

enum {
	MK_SETUP_NAME = 32,
	MK_SETUP_TEXT = 160,
	MK_SETUP_COMMAND = 160,
	MK_SETUP_COMMANDS = 3,
	MK_SETUP_NOTES = 12,
};

/* Programs that commands begin with. */
enum mk_setup_program { MK_SETUP_NDCTL, MK_SETUP_DAXCTL, MK_SETUP_CXL, MK_SETUP_PROGRAM_COUNT };

/* A device of the machine. */
struct mk_setup_item {
	char name[MK_SETUP_NAME];
	char what[MK_SETUP_TEXT]; /* what it is now */
	char loss[MK_SETUP_TEXT]; /* what the commands would destroy; "": nothing */
	char commands[MK_SETUP_COMMANDS][MK_SETUP_COMMAND];
	size_t command_count; /* 0: there is nothing to do, or nothing that can be done */
};

struct mk_setup_plan {
	struct mk_setup_item *items; /* in the order in which they are to be done; to be freed */
	size_t count;
	char notes[MK_SETUP_NOTES][2 * MK_SETUP_TEXT]; /* of the machine as a whole */
	size_t note_count;
	bool is_blocked; /* the kernel, or a program that is needed, can't: a note says which */
};

/* The machine that is looked at. */
struct mk_setup_machine {
	int root; /* as mk_sysfs_open() gave it */
	bool is_live;
	const struct mk_topology *topology;
};

/* 0 or -ENOMEM. */
int mk_setup_look(const struct mk_setup_machine *machine, struct mk_setup_plan *ret_plan);

/* Adds what is wrong with the kernel, and with the programs that the plan's commands need. */
void mk_setup_check(const struct mk_setup_machine *machine, struct mk_setup_plan *plan);

void mk_setup_add_note(struct mk_setup_plan *plan, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The kernel's release, such as 6.12 as 6012; 0: unknown. */
unsigned mk_setup_kernel(const struct mk_setup_machine *machine);

/* What a disk or a dax device holds. */
enum mk_setup_content {
	MK_SETUP_BLANK, /* zeroes at its start and at its end */
	MK_SETUP_DATA,
	MK_SETUP_UNREADABLE, /* nothing is known */
};

/*
 * Looks into dev/NAME below the root. *RET_NAME, where it is DATA, is a static phrase for it, such as
 * "an ext4 file system".
 */
enum mk_setup_content mk_setup_look_into(const struct mk_setup_machine *machine, const char *name,
					 const char **ret_name);

/* MK_TOOL_DONE or MK_TOOL_FAILURE. Asks at the terminal; runs commands. */
int mk_setup_apply(const struct mk_setup_plan *plan);

#endif
