/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind setup: dax devices, in a node or not yet. */
#include <stdio.h>
#include <string.h>

#include "setup_look.h"

static bool is_node_online(const struct mk_setup_look *look, uint64_t node)
{
	const struct mk_node *found =
		node < MK_NODE_LIMIT
			? mk_topology_find_node(look->machine->topology, (unsigned)node)
			: NULL;

	return found != NULL && found->has_memory;
}

static void plan_kmem(const struct mk_setup_look *look, struct mk_setup_item *item, uint64_t size)
{
	uint64_t node = mk_setup_number(look, MK_SETUP_DAX "%s/target_node", item->name);

	if (is_node_online(look, node)) {
		mk_setup_describe(item, size, "memory of node %u already", (unsigned)node);
		return;
	}
	mk_setup_describe(item, size, "bound to kmem, but offline");
	mk_setup_add_command(item, "daxctl online-memory %s", item->name);
}

/* Persistent memory may be what a program keeps its data in; other memory is lost with each restart. */
static void describe_content(const struct mk_setup_look *look, struct mk_setup_item *item,
			     uint64_t size)
{
	char path[MK_SETUP_PATH];
	const char *content;

	mk_setup_link(look, path, MK_SETUP_DAX "%s", item->name);
	if (path[0] != '\0' && strstr(path, "/ndbus") == NULL) {
		mk_setup_describe(item, size, "in no node yet");
		return;
	}
	switch (mk_setup_look_into(look->machine, item->name, &content)) {
	case MK_SETUP_BLANK:
		mk_setup_describe(item, size, "devdax mode, blank");
		return;
	case MK_SETUP_DATA:
		mk_setup_describe(item, size, "devdax mode, holds %s", content);
		snprintf(item->loss, sizeof(item->loss), "%s", content);
		return;
	case MK_SETUP_UNREADABLE:
		mk_setup_describe(item, size, "devdax mode, what it holds is not known");
		snprintf(item->loss, sizeof(item->loss), "whatever it holds");
	}
}

static void enter_dax(struct mk_setup_look *look, const char *name)
{
	uint64_t size = mk_setup_number(look, MK_SETUP_DAX "%s/size", name);
	char path[MK_SETUP_PATH];
	struct mk_setup_item *item;
	const char *driver, *use;

	/* A seed for a new one. */
	driver = strrchr(mk_setup_link(look, path, MK_SETUP_DAX "%s/driver", name), '/');
	if (size == 0 && driver == NULL)
		return;
	item = mk_setup_add_item(look, name);
	if (driver != NULL && strcmp(driver, "/kmem") == 0) {
		plan_kmem(look, item, size);
		return;
	}
	if (size < look->block_size && mk_setup_is_too_small(look, item, size))
		return;
	use = mk_setup_use_of(look, name);
	if (use != NULL) {
		mk_setup_describe(item, size, "devdax mode, %s: left as it is", use);
		return;
	}
	describe_content(look, item, size);
	mk_setup_add_node_command(look, item, name);
}

void mk_setup_look_at_dax(struct mk_setup_look *look)
{
	mk_setup_for_each(look, MK_SETUP_DAX, "dax", enter_dax);
}
