/* SPDX-License-Identifier: BSD-2-Clause */
/* memtier: runs a program with its memory in DRAM and on far nodes, through libmemtier.so.0. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <memkind.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "library.h"
#include "tool.h"

#define LIBRARY "libmemtier.so.0"
/* More is no ratio: a thousand bytes of DRAM would be an exabyte. */
#define PLAUSIBLE (UINT64_C(1) << 60)
/* How far a ratio of capacities may be from them, so that its numbers are small. */
#define TOLERANCE 0.05

struct ratio {
	uint64_t dram, far;
};

struct request {
	const char *ratio;     /* NULL: that of the capacities */
	const char *threshold; /* NULL: none */
	bool is_verbose;
};

static void print_help(void)
{
	puts("memtier runs a program with its allocations in several kinds of memory.\n"
	     "Use it as a prefix:\n"
	     "    memtier [options] program [args]\n"
	     "Options:\n"
	     "    -r/--ratio D:P  bytes of DRAM to bytes of far memory (KMEM_DAX); without it,\n"
	     "                    as much of each as is installed. 1:3 means 1 byte of DRAM\n"
	     "                    for 3 bytes of far memory.\n"
	     "    -t/--threshold INIT_VAL:SIZE,MIN_VAL:SIZE,MAX_VAL:SIZE\n"
	     "                    blocks below INIT_VAL go to DRAM, others to far memory; it moves\n"
	     "                    from MIN_VAL to MAX_VAL to come near to the ratio\n"
	     "    -v/--verbose    show what is set, on standard error\n"
	     "    -h/--help       this message\n"
	     "The exit code is that of the program; 1 where it can't be run.");
}

/* A number as C has them, at *TEXT, which moves behind it. */
static bool take_number(const char **text, uint64_t *ret_number)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	errno = 0;
	*ret_number = strtoull(*text, &end, 0);
	*text = end;
	return true;
}

/* What is wrong with a ratio, or NULL. */
static const char *parse_ratio(const char *text, struct ratio *ret_ratio)
{
	if (strchr(text, '.') != NULL || !take_number(&text, &ret_ratio->dram))
		return "--ratio expects integers.";
	if (*text != ':')
		return "--ratio must have a colon between values.";
	text++;
	if (!take_number(&text, &ret_ratio->far))
		return "--ratio expects integers.";
	if (*text != '\0')
		return "--ratio must have exactly two values in this version of memtier.";
	if (ret_ratio->dram > PLAUSIBLE || ret_ratio->far > PLAUSIBLE)
		return "the number to --ratio doesn't seem to be plausible.";
	if (ret_ratio->dram == 0 && ret_ratio->far == 0)
		return "empty ratio would disallow using any memory.";
	return NULL;
}

/* The smallest numbers that are near to the ratio; neither of its own is 0. */
static struct ratio simplify(struct ratio ratio)
{
	bool is_far_larger = ratio.far > ratio.dram;
	double larger = (double)(is_far_larger ? ratio.far : ratio.dram);
	double wanted = larger / (double)(is_far_larger ? ratio.dram : ratio.far);
	double small = 1;

	while (fabs(round(wanted * small) / small - wanted) > TOLERANCE * wanted)
		small++;
	larger = round(wanted * small);
	return is_far_larger ? (struct ratio){(uint64_t)small, (uint64_t)larger}
			     : (struct ratio){(uint64_t)larger, (uint64_t)small};
}

/* What cannot be told of a kind is nothing. */
static uint64_t capacity_of(memkind_t kind)
{
	ssize_t capacity = memkind_get_capacity(kind);

	return capacity > 0 ? (uint64_t)capacity : 0;
}

static const char *find_ratio(bool is_verbose, struct ratio *ret_ratio)
{
	struct ratio ratio = {capacity_of(MEMKIND_REGULAR), capacity_of(MEMKIND_DAX_KMEM)};

	if (is_verbose)
		fprintf(stderr, "Installed capacities: %ju:%ju\n", (uintmax_t)ratio.dram,
			(uintmax_t)ratio.far);
	if (ratio.far == 0)
		return "there appears to be no KMEM_DAX devices installed in this system.";
	ratio = ratio.dram == 0 ? (struct ratio){0, 1} : simplify(ratio);
	if (is_verbose)
		fprintf(stderr, "Using ratio of DRAM:KMEM_DAX %ju:%ju\n", (uintmax_t)ratio.dram,
			(uintmax_t)ratio.far);
	*ret_ratio = ratio;
	return NULL;
}

/* Numbers that the library takes; a part that is not 0 stays so. */
static void shrink(struct ratio *ratio)
{
	while (ratio->dram > UINT32_MAX || ratio->far > UINT32_MAX) {
		ratio->dram = ratio->dram / 2 + (ratio->dram == 1);
		ratio->far = ratio->far / 2 + (ratio->far == 1);
	}
}

static void set(const struct request *request, const char *name, const char *value)
{
	if (request->is_verbose)
		fprintf(stderr, "setting %s=%s\n", name, value);
	if (setenv(name, value, 1) != 0) {
		mk_tool_error("out of memory");
		exit(MK_TOOL_FAILURE);
	}
}

/*
 * A memtier that is not installed has its library beside it; if that is not there, beside libmemkind.
 * Else the loader finds it.
 */
static void find_library(const char *program, char ret_path[static PATH_MAX])
{
	const char *slash = strrchr(program, '/');
	char found[PATH_MAX];
	int length = 0;

	if (slash != NULL && strncmp(program, "/usr", 4) != 0)
		length = (int)(slash + 1 - program);
	snprintf(ret_path, PATH_MAX, "%.*s" LIBRARY, length, program);
	if (length != 0 && access(ret_path, F_OK) != 0 && mk_library_find(LIBRARY, found))
		snprintf(ret_path, PATH_MAX, "%s", found);
}

static void set_preload(const struct request *request, const char *program)
{
	const char *others = getenv("LD_PRELOAD");
	bool has_others = others != NULL && others[0] != '\0';
	char path[PATH_MAX];
	char *value;

	find_library(program, path);
	if (asprintf(&value, "%s%s%s", path, has_others ? ":" : "", has_others ? others : "") < 0) {
		mk_tool_error("out of memory");
		exit(MK_TOOL_FAILURE);
	}
	set(request, "LD_PRELOAD", value);
	free(value);
}

static void set_tiers(const struct request *request, const struct ratio *ratio)
{
	const char *policy = request->threshold == NULL ? "STATIC_RATIO" : "DYNAMIC_THRESHOLD";
	char dram[64] = "", far[64] = "", tiers[256];

	if (ratio->dram != 0)
		snprintf(dram, sizeof(dram), "KIND:DRAM,RATIO:%ju;", (uintmax_t)ratio->dram);
	if (ratio->far != 0)
		snprintf(far, sizeof(far), "KIND:KMEM_DAX,RATIO:%ju;", (uintmax_t)ratio->far);
	snprintf(tiers, sizeof(tiers), "%s%sPOLICY:%s", dram, far, policy);
	set(request, "MEMKIND_MEM_TIERS", tiers);
	if (request->threshold != NULL)
		set(request, "MEMKIND_MEM_THRESHOLDS", request->threshold);
}

/* Comes back where it fails. */
static int run(const struct request *request, char **arguments, char **command)
{
	struct ratio ratio = {0, 0};
	const char *fault = request->ratio != NULL ? parse_ratio(request->ratio, &ratio)
						   : find_ratio(request->is_verbose, &ratio);

	if (fault == NULL && request->threshold != NULL && (ratio.dram == 0 || ratio.far == 0))
		fault = "--threshold requires multiple tiers with non-zero ratios.";
	if (fault != NULL) {
		mk_tool_error("%s", fault);
		return MK_TOOL_FAILURE;
	}
	shrink(&ratio);
	set_preload(request, arguments[0]);
	set_tiers(request, &ratio);
	execvp(command[0], command);
	mk_tool_error("couldn't exec \"%s\": %s", command[0], strerror(errno));
	return MK_TOOL_FAILURE;
}

int main(int argument_count, char **arguments)
{
	static const struct option options[] = {
		{"ratio", required_argument, NULL, 'r'},
		{"threshold", required_argument, NULL, 't'},
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct request request = {.ratio = NULL};
	int option;

	mk_tool_name = "memtier";
	while ((option = getopt_long(argument_count, arguments, "+r:t:vh", options, NULL)) != -1) {
		if (option == 'r') {
			request.ratio = optarg;
		} else if (option == 't') {
			request.threshold = optarg;
		} else if (option == 'v') {
			request.is_verbose = true;
		} else {
			print_help();
			return mk_tool_finish(option == 'h' ? MK_TOOL_DONE : MK_TOOL_FAILURE,
					      MK_TOOL_FAILURE);
		}
	}
	if (arguments[optind] == NULL) {
		fputs("Usage: memtier [options] program [args]\n", stderr);
		print_help();
		return mk_tool_finish(MK_TOOL_FAILURE, MK_TOOL_FAILURE);
	}
	return run(&request, arguments, arguments + optind);
}
