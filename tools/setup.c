/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind setup: says how persistent and CXL memory becomes memory of nodes, and does it. */
#include "setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine.h"
#include "os/sysfs.h"
#include "table.h"
#include "tool.h"

enum { INDENT = 4 };

static int print_help(void)
{
	puts("usage: memkind setup [--apply] [--sysroot DIR]\n\n"
	     "Looks for persistent and CXL memory that is in no node yet, and prints the commands\n"
	     "(ndctl, daxctl, cxl) that make nodes of it, which the DAX_KMEM kinds then use. Commands\n"
	     "that would destroy something have a # in front; what is mounted or in use is left alone.\n\n"
	     "  --apply        runs the commands, as root, after a yes typed at the terminal; where one\n"
	     "                 would destroy something, the name of the device has to be typed, too\n"
	     "  --sysroot DIR  look at the sys and proc below DIR instead of those of this machine,\n"
	     "                 such as memkind capture saves\n"
	     "  --help         show this\n\n"
	     "Namespaces and regions are still there after a restart; what makes nodes of them then\n"
	     "is told in daxctl-reconfigure-device(1).\n\n"
	     "The exit code is 0, or 1 where DIR can't be read, the answer is not yes or a command\n"
	     "fails, and 2 where options are wrong.");
	return MK_TOOL_DONE;
}

static bool has_commands(const struct mk_setup_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->items[i].command_count != 0)
			return true;
	return false;
}

static void print_item(const struct mk_setup_item *item, unsigned number)
{
	char head[MK_SETUP_NAME + 16];
	char text[MK_SETUP_NAME + MK_SETUP_TEXT + 2];

	if (item->command_count != 0)
		snprintf(head, sizeof(head), "%u.", number);
	else
		snprintf(head, sizeof(head), "-");
	snprintf(text, sizeof(text), "%s: %s", item->name, item->what);
	mk_table_print_text(head, INDENT, text);
	if (item->loss[0] != '\0') {
		snprintf(text, sizeof(text), "# destroys %s", item->loss);
		mk_table_print_text("", 2 * INDENT, text);
	}
	/* Whole, to be copied. */
	for (size_t i = 0; i < item->command_count; i++)
		printf("%*s%s%s\n", 2 * INDENT, "", item->loss[0] == '\0' ? "" : "# ",
		       item->commands[i]);
}

static void print_plan(const struct mk_setup_plan *plan)
{
	unsigned number = 0;

	for (size_t i = 0; i < plan->note_count; i++)
		mk_table_print_text("*", INDENT, plan->notes[i]);
	for (size_t i = 0; i < plan->count; i++)
		print_item(&plan->items[i], plan->items[i].command_count != 0 ? ++number : 0);
	if (plan->count == 0)
		puts("There is no persistent and no CXL memory that the kernel shows.");
	else if (number == 0)
		puts("There is nothing to do.");
}

static int look(const struct mk_setup_machine *machine, struct mk_setup_plan *ret_plan)
{
	int error = mk_setup_look(machine, ret_plan);

	if (error != 0) {
		mk_tool_error("out of memory");
		return MK_TOOL_FAILURE;
	}
	mk_setup_check(machine, ret_plan);
	if (machine->is_live && geteuid() != 0 && ret_plan->count != 0)
		mk_setup_add_note(ret_plan,
				  "this is not root: what devices hold can't be seen, and "
				  "the commands are for root");
	return MK_TOOL_DONE;
}

static int run(const struct mk_setup_machine *machine, bool is_apply)
{
	struct mk_setup_plan plan = {.items = NULL};
	int result = look(machine, &plan);

	if (result == MK_TOOL_DONE)
		print_plan(&plan);
	if (result == MK_TOOL_DONE && is_apply && has_commands(&plan)) {
		if (plan.is_blocked) {
			mk_tool_error("this machine can't run the commands, as it says above");
			result = MK_TOOL_FAILURE;
		} else {
			result = mk_setup_apply(&plan);
		}
	}
	free(plan.items);
	return result;
}

static int start(const char *root, bool is_apply)
{
	struct mk_setup_machine machine = {.is_live = root == NULL};
	int result = mk_machine_look(root, &machine.topology);

	if (result != MK_TOOL_DONE)
		return result;
	machine.root = mk_sysfs_open(root == NULL ? "/" : root);
	if (machine.root < 0) {
		mk_tool_error("%s can't be read: %s", root == NULL ? "/" : root,
			      strerror(-machine.root));
		return MK_TOOL_FAILURE;
	}
	result = run(&machine, is_apply);
	mk_sysfs_close(machine.root);
	return result;
}

int mk_tool_setup(char **arguments)
{
	const char *root = NULL;
	bool is_apply = false, is_help = false;
	const struct mk_tool_option options[] = {
		{"--apply", NULL, NULL, &is_apply},
		{"--sysroot", "a directory", &root, NULL},
		{"--help", NULL, NULL, &is_help},
		{NULL, NULL, NULL, NULL},
	};
	int result;

	mk_tool_name = "memkind: setup";
	result = mk_tool_parse(arguments, options, NULL);
	if (result == MK_TOOL_DONE && is_help)
		return print_help();
	if (result != MK_TOOL_DONE)
		return result;
	if (is_apply && root != NULL) {
		mk_tool_error("--apply and --sysroot exclude each other; see memkind setup --help");
		return MK_TOOL_USAGE;
	}
	if (is_apply && geteuid() != 0) {
		mk_tool_error("--apply needs root");
		return MK_TOOL_FAILURE;
	}
	return start(root, is_apply);
}
