/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking at devices below a root: what the parts of `memkind setup` share. */
#ifndef TOOLS_SETUP_LOOK_H
#define TOOLS_SETUP_LOOK_H

#include <stdint.h>

#include "setup.h"

#define MK_SETUP_ND  "sys/bus/nd/devices/"
#define MK_SETUP_DAX "sys/bus/dax/devices/"
#define MK_SETUP_CXL "sys/bus/cxl/devices/"

enum { MK_SETUP_PATH = 256, MK_SETUP_WORD = 128 };

struct mk_setup_look {
	const struct mk_setup_machine *machine;
	struct mk_setup_plan *plan;
	uint64_t block_size;	  /* of memory; 0: unknown */
	bool is_online_by_kernel; /* new memory is: daxctl then wants to be forced */
	bool is_online_movable;	  /* and as memory that the kernel itself does not use */
	bool has_new_nodes;	  /* when the commands have run */
	bool is_starved;	  /* there was no memory for an item */
	unsigned module_count;	  /* persistent modules, and */
	unsigned region_count;	  /* regions of these */
	bool has_new_regions;	  /* of CXL memory, when the commands have run */
};

/* The first word of a file; "" where there is none. */
const char *mk_setup_word(const struct mk_setup_look *look, char word[static MK_SETUP_WORD],
			  const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same as a number, as C writes them; 0 where there is none. */
uint64_t mk_setup_number(const struct mk_setup_look *look, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Where a link leads to; "" where there is none. */
const char *mk_setup_link(const struct mk_setup_look *look, char target[static MK_SETUP_PATH],
			  const char *format, ...) __attribute__((format(printf, 3, 4)));

/* PREFIX and a number, such as 1 or 1.0: nothing else is to get into a command. */
bool mk_setup_is_device(const char *name, const char *prefix);

/* Calls EACH with the names in a directory that are PREFIX and a number, 9 before 10. */
void mk_setup_for_each(struct mk_setup_look *look, const char *folder, const char *prefix,
		       void (*each)(struct mk_setup_look *look, const char *name));

/* A new item, empty; of no use where there is no memory. */
struct mk_setup_item *mk_setup_add_item(struct mk_setup_look *look, const char *name);

/* Says what it is, behind its size. */
void mk_setup_describe(struct mk_setup_item *item, uint64_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void mk_setup_add_command(struct mk_setup_item *item, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The command that makes a node's memory of a dax device. */
void mk_setup_add_node_command(struct mk_setup_look *look, struct mk_setup_item *item,
			       const char *device);

/* The kernel makes memory of whole blocks, and the first is lost to the device's own records. */
bool mk_setup_is_too_small(const struct mk_setup_look *look, struct mk_setup_item *item,
			   uint64_t size);

/* Why a disk or a dax device can't be taken now, such as "mounted"; NULL: it can. */
const char *mk_setup_use_of(const struct mk_setup_look *look, const char *device);

/* Each adds items for the devices of one bus. */
void mk_setup_look_at_nvdimms(struct mk_setup_look *look);
void mk_setup_look_at_dax(struct mk_setup_look *look);
void mk_setup_look_at_cxl(struct mk_setup_look *look);

#endif
