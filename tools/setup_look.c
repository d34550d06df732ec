/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind setup: reads below a root, and writes down what was found. */
#include "setup_look.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/sysfs.h"
#include "table.h"

static void read_word(const struct mk_setup_look *look, char *word, const char *format,
		      va_list arguments)
{
	char path[MK_SETUP_PATH];

	vsnprintf(path, sizeof(path), format, arguments);
	if (mk_sysfs_read(look->machine->root, path, word, MK_SETUP_WORD) < 0)
		word[0] = '\0';
	word[strcspn(word, " \n")] = '\0';
}

const char *mk_setup_word(const struct mk_setup_look *look, char word[static MK_SETUP_WORD],
			  const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	read_word(look, word, format, arguments);
	va_end(arguments);
	return word;
}

uint64_t mk_setup_number(const struct mk_setup_look *look, const char *format, ...)
{
	char word[MK_SETUP_WORD];
	va_list arguments;

	va_start(arguments, format);
	read_word(look, word, format, arguments);
	va_end(arguments);
	return strtoull(word, NULL, 0);
}

const char *mk_setup_link(const struct mk_setup_look *look, char target[static MK_SETUP_PATH],
			  const char *format, ...)
{
	char path[MK_SETUP_PATH];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(path, sizeof(path), format, arguments);
	va_end(arguments);
	if (mk_sysfs_link(look->machine->root, path, target, MK_SETUP_PATH) < 0)
		target[0] = '\0';
	return target;
}

bool mk_setup_is_device(const char *name, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(name, prefix, length) == 0 && name[length] >= '0' && name[length] <= '9' &&
	       strlen(name) < MK_SETUP_NAME &&
	       strspn(name + length, "0123456789.") == strlen(name + length);
}

void mk_setup_for_each(struct mk_setup_look *look, const char *folder, const char *prefix,
		       void (*each)(struct mk_setup_look *look, const char *name))
{
	struct dirent **entries;
	int count = scandirat(look->machine->root, folder, &entries, NULL, versionsort);

	for (int i = 0; i < count; i++) {
		if (mk_setup_is_device(entries[i]->d_name, prefix))
			each(look, entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

struct mk_setup_item *mk_setup_add_item(struct mk_setup_look *look, const char *name)
{
	static struct mk_setup_item lost;
	struct mk_setup_plan *plan = look->plan;
	struct mk_setup_item *items =
		realloc(plan->items, (plan->count + 1) * sizeof(*plan->items));
	struct mk_setup_item *item = &lost;

	look->is_starved = look->is_starved || items == NULL;
	if (items != NULL) {
		plan->items = items;
		item = &items[plan->count++];
	}
	memset(item, 0, sizeof(*item));
	snprintf(item->name, sizeof(item->name), "%s", name);
	return item;
}

void mk_setup_describe(struct mk_setup_item *item, uint64_t size, const char *format, ...)
{
	char text[MK_SIZE_TEXT];
	va_list arguments;
	int length = size == 0 ? 0
			       : snprintf(item->what, sizeof(item->what), "%s, ",
					  mk_table_size(size, text));

	va_start(arguments, format);
	vsnprintf(item->what + length, sizeof(item->what) - (size_t)length, format, arguments);
	va_end(arguments);
}

void mk_setup_add_command(struct mk_setup_item *item, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(item->commands[item->command_count++], MK_SETUP_COMMAND, format, arguments);
	va_end(arguments);
}

void mk_setup_add_node_command(struct mk_setup_look *look, struct mk_setup_item *item,
			       const char *device)
{
	mk_setup_add_command(item, "daxctl reconfigure-device --mode=system-ram %s%s",
			     look->is_online_by_kernel ? "--force " : "", device);
	look->has_new_nodes = true;
}

bool mk_setup_is_too_small(const struct mk_setup_look *look, struct mk_setup_item *item,
			   uint64_t size)
{
	char text[MK_SIZE_TEXT];

	if (size >= 2 * look->block_size)
		return false;
	mk_setup_describe(item, size, "too small: memory comes in blocks of %s",
			  mk_table_size(look->block_size, text));
	return true;
}

static void look_at_policy(struct mk_setup_look *look)
{
	char word[MK_SETUP_WORD];

	mk_setup_word(look, word, "sys/devices/system/memory/block_size_bytes");
	look->block_size = strtoull(word, NULL, 16);
	mk_setup_word(look, word, "sys/devices/system/memory/auto_online_blocks");
	look->is_online_by_kernel = word[0] != '\0' && strcmp(word, "offline") != 0;
	look->is_online_movable = strcmp(word, "online_movable") == 0;
}

/* Slow memory is no good place for the kernel's own data, and then can't be taken away again. */
static void note_policy(struct mk_setup_look *look)
{
	if (look->has_new_nodes && look->is_online_by_kernel && !look->is_online_movable)
		mk_setup_add_note(
			look->plan,
			"the kernel brings new memory online by itself, and keeps data of its "
			"own there: to keep it out, write online_movable to "
			"/sys/devices/system/memory/auto_online_blocks first, or start it "
			"with memhp_default_state=offline");
}

int mk_setup_look(const struct mk_setup_machine *machine, struct mk_setup_plan *ret_plan)
{
	struct mk_setup_look look = {.machine = machine, .plan = ret_plan};

	look_at_policy(&look);
	mk_setup_look_at_cxl(&look);
	mk_setup_look_at_nvdimms(&look);
	mk_setup_look_at_dax(&look);
	note_policy(&look);
	return look.is_starved ? -ENOMEM : 0;
}
