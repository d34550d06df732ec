/* SPDX-License-Identifier: BSD-2-Clause */
/* memkind run: starts a program under one of the libraries that replace its malloc. */
#include "run.h"

#include <errno.h>
#include <limits.h>
#include <memkind_ng.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "base/options.h"
#include "named.h"
#include "library.h"
#include "preload/memtier_config.h"
#include "preload/objects.h"
#include "preload/range.h"
#include "tool.h"

enum { STATUS_SIZE = 512 };

struct wish {
	const char *kind, *size, *objects, *tiers; /* NULL: not given */
	bool is_stats, is_help;
	char **program;
};

static int refuse(const char *name, const char *what)
{
	mk_tool_error("%s %s; see memkind run --help", name, what);
	return MK_TOOL_USAGE;
}

/* Takes the option at *INDEX. */
static int parse_option(char **arguments, int *index, struct wish *wish)
{
	const struct {
		const char *name;
		const char **value;
	} options[] = {
		{"--kind", &wish->kind},
		{"--size", &wish->size},
		{"--objects", &wish->objects},
		{"--tiers", &wish->tiers},
	};
	const char *argument = arguments[*index];

	if (strcmp(argument, "--stats") == 0) {
		wish->is_stats = true;
		return MK_TOOL_DONE;
	}
	if (strcmp(argument, "--help") == 0) {
		wish->is_help = true;
		return MK_TOOL_DONE;
	}
	for (size_t i = 0; i < MK_ARRAY_SIZE(options); i++) {
		const char *value = mk_tool_option_value(arguments, index, options[i].name);

		if (value != NULL) {
			*options[i].value = value;
			return MK_TOOL_DONE;
		}
		if (strcmp(argument, options[i].name) == 0)
			return refuse(argument, "needs a value");
	}
	return refuse(argument, "is no option");
}

/* Options end at "--" or at the first word that is none. */
static int parse(char **arguments, struct wish *wish)
{
	int result = MK_TOOL_DONE;
	int i = 1;

	for (; result == MK_TOOL_DONE && !wish->is_help && arguments[i] != NULL; i++) {
		if (arguments[i][0] != '-')
			break;
		if (strcmp(arguments[i], "--") == 0) {
			i++;
			break;
		}
		result = parse_option(arguments, &i, wish);
	}
	wish->program = arguments + i;
	return result;
}

static int check_usage(const struct wish *wish)
{
	if ((wish->kind == NULL) == (wish->tiers == NULL))
		return refuse("one of --kind and --tiers", "must be given");
	if (wish->tiers != NULL && (wish->size != NULL || wish->objects != NULL))
		return refuse("--size and --objects", "are for --kind");
	if (wish->program[0] == NULL)
		return refuse("a program", "must be given");
	return MK_TOOL_DONE;
}

static int check_available(const char *name, memkind_t kind)
{
	char status[STATUS_SIZE];

	if (memkind_check_available(kind) == 0)
		return MK_TOOL_DONE;
	memkind_ng_kind_status(kind, status, sizeof(status));
	mk_tool_error("%s is %s", name, status);
	return MK_RUN_FAILURE;
}

static int refuse_value(const char *name, const char *value, enum mk_option option)
{
	mk_tool_error("%s %s refused: allowed is %s", name, value, mk_option_values(option));
	return MK_TOOL_USAGE;
}

static int check_kind(const struct wish *wish)
{
	struct mk_range range;
	memkind_t kind = mk_named_find("--kind", wish->kind);

	if (kind == NULL)
		return MK_TOOL_USAGE;
	if (wish->size != NULL && !mk_range_parse(wish->size, &range))
		return refuse_value("--size", wish->size, MK_OPTION_PRELOAD_SIZE);
	if (wish->objects != NULL && !mk_objects_name(wish->objects))
		return refuse_value("--objects", wish->objects, MK_OPTION_PRELOAD_OBJECTS);
	return check_available(wish->kind, kind);
}

static int check_tier(const struct mk_memtier_tier *tier)
{
	char text[MK_MEMTIER_TEXT_SIZE];
	memkind_t kind;

	if (tier->kind == MK_MEMTIER_KMEM_DAX)
		return check_available("KMEM_DAX", MEMKIND_DAX_KMEM);
	if (tier->kind != MK_MEMTIER_DESCRIBED)
		return MK_TOOL_DONE;
	if (!mk_memtier_copy(tier->text, text))
		return refuse(text, "is too long");
	kind = mk_named_find("--tiers", text);
	return kind == NULL ? MK_TOOL_USAGE : check_available(text, kind);
}

static int check_tiers(const char *tiers)
{
	struct mk_memtier_config config;
	struct mk_memtier_refusal refusal;
	int result = MK_TOOL_DONE;

	if (mk_memtier_parse(tiers, mk_option_text(MK_OPTION_MEM_THRESHOLDS), &config, &refusal) !=
	    0) {
		mk_tool_error("%s \"%.*s\" refused: allowed is %s",
			      refusal.is_threshold ? mk_option_name(MK_OPTION_MEM_THRESHOLDS)
						   : "--tiers",
			      (int)refusal.part.length, refusal.part.start, refusal.allowed);
		return MK_TOOL_USAGE;
	}
	for (size_t i = 0; i < config.tier_count && result == MK_TOOL_DONE; i++)
		result = check_tier(&config.tiers[i]);
	return result;
}

/* Before those that are loaded anyway. A name that the loader does not find it would pass over. */
static int preload(const char *name)
{
	const char *others = getenv("LD_PRELOAD");
	bool has_others = others != NULL && others[0] != '\0';
	char path[PATH_MAX];
	char *all;
	int result;

	if (!mk_library_find(name, path))
		return -ENOENT;
	if (asprintf(&all, "%s%s%s", path, has_others ? ":" : "", has_others ? others : "") < 0)
		return -ENOMEM;
	result = setenv("LD_PRELOAD", all, 1) == 0 ? 0 : -errno;
	free(all);
	return result;
}

static int set_or_clear(const char *name, const char *value)
{
	int result = value != NULL ? setenv(name, value, 1) : unsetenv(name);

	return result == 0 ? 0 : -errno;
}

static int set_environment(const struct wish *wish)
{
	const struct {
		const char *name;
		const char *value;
	} variables[] = {
		{mk_option_name(MK_OPTION_PRELOAD_KIND), wish->kind},
		{mk_option_name(MK_OPTION_PRELOAD_SIZE), wish->size},
		{mk_option_name(MK_OPTION_PRELOAD_OBJECTS), wish->objects},
		{mk_option_name(MK_OPTION_MEM_TIERS), wish->tiers},
	};
	const char *library = wish->kind != NULL ? "libmemkind-preload.so.0" : "libmemtier.so.0";
	int error = preload(library);

	if (error == -ENOENT) {
		mk_tool_error("%s is not installed beside libmemkind.so.0", library);
		return MK_RUN_FAILURE;
	}
	for (size_t i = 0; i < MK_ARRAY_SIZE(variables) && error == 0; i++)
		error = set_or_clear(variables[i].name, variables[i].value);
	if (error == 0)
		return MK_TOOL_DONE;
	mk_tool_error("the environment can't be set: %s", strerror(-error));
	return MK_RUN_FAILURE;
}

int mk_run_execute(char **program)
{
	int error;

	execvp(program[0], program);
	error = errno;
	mk_tool_error("%s can't be run: %s", program[0], strerror(error));
	return error == ENOENT ? MK_RUN_NOT_FOUND : MK_RUN_NOT_EXECUTABLE;
}

static int print_help(void)
{
	puts("usage: memkind run --kind KIND [--size A:B] [--objects LIST] [--stats] [--] PROGRAM...\n"
	     "       memkind run --tiers TIERS [--stats] [--] PROGRAM...\n\n"
	     "Runs a program, and what it starts, with its memory of a kind, or spread over tiers.\n\n"
	     "  --kind KIND     such as dax_kmem_preferred, or a description, such as\n"
	     "                  \"nodes=2;limit=1G;then=default\"; another word lists all\n"
	     "  --size A:B      blocks of A to B bytes only, such as 64K:1M, 64K: or :1M\n"
	     "  --objects LIST  blocks only that are asked for by these programs and libraries, by\n"
	     "                  name or path, such as libfoo.so.1:program\n"
	     "  --tiers TIERS   such as \"KIND:DRAM,RATIO:1;KIND:KMEM_DAX,RATIO:4;"
	     "POLICY:STATIC_RATIO\"\n"
	     "  --stats         at the end, on standard error: what the program and its children had\n"
	     "                  in memory when each of them ended, by kind and node; what they share\n"
	     "                  counts for each\n"
	     "  --help          show this\n\n"
	     "Blocks that are not of the kind are ordinary memory (default). Programs without a\n"
	     "dynamic loader, or with privileges of their own, are not changed.\n\n"
	     "The exit code is the program's; 128 and the signal's number where a signal ended it and\n"
	     "--stats is given; 127 where it was not found, 126 where it can't be run, 125 where the\n"
	     "kind is not available here or a library is not installed, and 2 where options are wrong.");
	return MK_TOOL_DONE;
}

int mk_tool_run(char **arguments)
{
	struct wish wish = {0};
	int result;

	mk_tool_name = "memkind: run";
	result = parse(arguments, &wish);
	if (result == MK_TOOL_DONE && wish.is_help)
		return print_help();
	if (result == MK_TOOL_DONE)
		result = check_usage(&wish);
	if (result == MK_TOOL_DONE)
		result = wish.kind != NULL ? check_kind(&wish) : check_tiers(wish.tiers);
	if (result == MK_TOOL_DONE)
		result = set_environment(&wish);
	if (result != MK_TOOL_DONE)
		return result;
	return wish.is_stats ? mk_run_with_stats(wish.program) : mk_run_execute(wish.program);
}
