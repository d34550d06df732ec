/* SPDX-License-Identifier: BSD-2-Clause */
/* The report at the end of a process. */
#include "preload/report.h"

#include <ctype.h>
#include <limits.h>
#include <memkind_ng.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/bits.h"
#include "base/options.h"
#include "os/file.h"
#include "os/process.h"
#include "preload/export.h"
#include "preload/names.h"
#include "preload/refuse.h"

enum {
	NODE_LIMIT = 1024,
	NAME_SIZE = 64,
	REPORT_SIZE = 16384, /* it ends with the last line that fits */
	/* Until it is clear that nothing hangs; then for the rest. */
	PROBE_S = 1,
	PATIENCE_S = 60,
};

/* Written before main() and, the second one, by a fork child before it goes on. */
static char path[PATH_MAX]; /* empty: no report is wanted */
static int own_id;

/* The process whose report was begun: by one thread, which has what follows to itself. */
static _Atomic int reported_id;

static struct {
	char name[NAME_SIZE]; /* of the process */
	char text[REPORT_SIZE];
	size_t length;
	size_t sizes[NODE_LIMIT];
} report;

void mk_exit_now(int status) MK_NAMED("_exit") __attribute__((noreturn));
MK_ALIAS("_Exit", "_exit");

/* One word. */
static void read_name(void)
{
	mk_process_name(report.name, sizeof(report.name));
	for (char *character = report.name; *character != '\0'; character++)
		if (!isgraph((unsigned char)*character))
			*character = '_';
}

static void add_line(const char *kind, const char *node, size_t size)
{
	size_t room = sizeof(report.text) - report.length;
	int length = snprintf(report.text + report.length, room, "%d %s %s %s %zu\n", own_id,
			      report.name, kind, node, size);

	if (length > 0 && (size_t)length < room)
		report.length += (size_t)length;
}

static void add_kind(memkind_t kind, const char *name)
{
	char node[12];
	size_t size = 0;

	if (memkind_ng_get_resident(kind, report.sizes, NODE_LIMIT) == 0) {
		for (unsigned i = 0; i < NODE_LIMIT; i++) {
			if (report.sizes[i] == 0)
				continue;
			snprintf(node, sizeof(node), "%u", i);
			add_line(name, node, report.sizes[i]);
		}
		return;
	}
	/* The kernel may not tell nodes (seccomp), and still what is in memory. */
	memkind_update_cached_stats();
	memkind_get_stat(kind, MEMKIND_STAT_TYPE_RESIDENT, &size);
	if (size != 0)
		add_line(name, "?", size);
}

static void add_kinds(void)
{
	memkind_t kind;

	for (size_t i = 0; (kind = mk_kind_numbered(i)) != NULL; i++)
		add_kind(kind, mk_kind_name(i));
}

/* A vfork child, whose memory is its parent's, has none. */
static bool is_wanted(void)
{
	return path[0] != '\0' && own_id == mk_process_id() &&
	       atomic_exchange_explicit(&reported_id, own_id, memory_order_relaxed) != own_id;
}

static void write_report(void)
{
	report.length = 0;
	read_name();
	add_kinds();
	if (report.length != 0)
		mk_file_append(path, report.text, report.length);
}

__attribute__((destructor)) static void report_at_exit(void)
{
	if (is_wanted())
		write_report();
}

/*
 * A signal handler that calls it may have interrupted this very thread where it held a lock that the
 * report needs. To update the statistics takes little time and the same locks.
 */
void mk_exit_now(int status)
{
	if (is_wanted()) {
		mk_process_end_within(PROBE_S, status);
		memkind_update_cached_stats();
		mk_process_end_within(PATIENCE_S, status);
		write_report();
	}
	mk_process_end(status);
}

static void enter_child(void)
{
	own_id = mk_process_id();
}

/* Programs overwrite what they have as environment, and change directories. */
__attribute__((constructor)) static void prepare_report(void)
{
	const char *text = mk_option_text(MK_OPTION_PRELOAD_STATS);

	if (text == NULL)
		return;
	if (text[0] == '\0' || mk_file_absolute(text, path, sizeof(path)) != 0)
		mk_refuse(MK_OPTION_PRELOAD_STATS, NULL);
	enter_child();
	pthread_atfork(NULL, NULL, enter_child);
}
