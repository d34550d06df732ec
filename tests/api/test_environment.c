/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every environment variable of the library, with good values and bad ones: what a fresh process
 * answers, and what it writes. Linked statically: a set-uid program finds no library in the build.
 */
#include <errno.h>
#include <memkind.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	OUTPUT_SIZE = 4096,
	MIB = 1 << 20,
	/* Answers of processes besides those of memkind_check_available(). */
	KEPT = 1,
	GIVEN_BACK = 2,
	CANT_TELL = 3,
	DIED = 134, /* as shells call SIGABRT */
	BAD = MEMKIND_ERROR_ENVIRON,
	NO_FAR = MEMKIND_ERROR_UNAVAILABLE,
	NO_HBW = MEMKIND_ERROR_MEMTYPE_NOT_AVAILABLE,
};

/* Questions, each for a process of its own. */
static int ask_far(void)
{
	return memkind_check_available(MEMKIND_DAX_KMEM);
}

static int ask_hbw(void)
{
	int code = memkind_check_available(MEMKIND_HBW);

	/* All kinds of a source, and at each call, say the same of a bad variable. */
	if (code == BAD && (memkind_check_available(MEMKIND_HBW_ALL) != BAD ||
			    memkind_check_available(MEMKIND_HBW_PREFERRED) != BAD ||
			    memkind_check_available(MEMKIND_HBW_INTERLEAVE) != BAD ||
			    memkind_check_available(MEMKIND_HBW) != BAD ||
			    memkind_malloc(MEMKIND_HBW, 10) != NULL || errno != ENOMEM))
		return CANT_TELL;
	return code;
}

/* Of kinds that depend on no variable. */
static int ask_others(void)
{
	void *block = memkind_malloc(MEMKIND_REGULAR, 100);
	int code = memkind_check_available(MEMKIND_DEFAULT);

	if (block == NULL || memkind_malloc(MEMKIND_DEFAULT, 100) == NULL)
		return CANT_TELL;
	memkind_free(NULL, block);
	return code;
}

static int ask_made_kind(void)
{
	static char area[4 * MIB];
	memkind_t kind;
	int code = memkind_create_fixed(area, sizeof(area), &kind);

	return code != 0 ? code : memkind_destroy_kind(kind);
}

/* The space of all open files. */
static long space_used(void)
{
	struct stat status;
	long used = 0;

	for (int fd = STDERR_FILENO + 1; fd < 1024; fd++)
		if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
			used += status.st_blocks * 512L;
	return used;
}

/* A kind that gives memory back at once, unless it is told not to. */
static int ask_freed(void)
{
	struct memkind_config *config = memkind_config_new();
	memkind_t kind;
	long used;
	void *block;

	memkind_config_set_path(config, "/dev/shm");
	memkind_config_set_size(config, 0);
	memkind_config_set_memory_usage_policy(config, MEMKIND_MEM_USAGE_POLICY_CONSERVATIVE);
	if (memkind_create_pmem_with_config(config, &kind) != 0)
		return CANT_TELL;
	block = memkind_malloc(kind, 8 * MIB);
	if (block == NULL)
		return CANT_TELL;
	memset(block, 1, 8 * MIB);
	used = space_used();
	memkind_free(kind, block);
	if (used < 8 * MIB)
		return CANT_TELL;
	return space_used() <= used - 7 * MIB ? GIVEN_BACK : KEPT;
}

#define REFUSED "MEMKIND_ERROR: %s=\"%s\" refused: allowed is "
#define FATAL	"MEMKIND_FATAL: %s=\"%s\" refused: allowed is "
#define VAIN	"MEMKIND_INFO: %s has no effect.\n"

/* Of nodes, on a machine that has node 0 alone. */
#define GOOD_LISTS                                                                                 \
	{                                                                                          \
		"0", "0-0", "0,0", " 0", "00", "0x0", "all", "+0"                                  \
	}
#define BAD_LISTS                                                                                  \
	{                                                                                          \
		"", " ", "x", "-1", "0,", ",0", "0-", "-0", "0 1", "0;", "0.0", "1023", "0-1023",  \
			"0,1023", "1024", "999999", "99999999999999999999", "!all", "!0", "+1",    \
			"none"                                                                     \
	}

static const struct variable {
	const char *name;
	int (*ask)(void);
	int good, bad;	     /* answers */
	const char *line;    /* of bad values, with MEMKIND_DEBUG=1; NULL: none */
	bool is_always_said; /* without it, too */
	const char *good_values[12], *bad_values[24];
} variables[] = {
	{"MEMKIND_DAX_KMEM_NODES", ask_far, 0, BAD, REFUSED, false, GOOD_LISTS, BAD_LISTS},
	{"MEMKIND_HBW_NODES", ask_hbw, 0, BAD, REFUSED, false, GOOD_LISTS, BAD_LISTS},
	{"MEMKIND_HBW_THRESHOLD",
	 ask_hbw,
	 NO_HBW,
	 BAD,
	 REFUSED,
	 false,
	 {"", "0", "1", "204800", "4294967295", " 5", "\t007"},
	 {" ", "x", "-1", "-", "1 ", "1x", "0x10", "1.5", "1e3", "1M", "4294967296",
	  "18446744073709551616", "99999999999999999999999"}},
	/* Nobody needs it for other kinds. */
	{"MEMKIND_HBW_THRESHOLD", ask_others, 0, 0, NULL, false, {"x", "-1"}, {NULL}},
	{"MEMKIND_BACKGROUND_THREAD_LIMIT",
	 ask_others,
	 0,
	 DIED,
	 FATAL,
	 true,
	 {"", "0", "1", "4", "4294967295", " 3"},
	 {" ", "-1", "abc", "2x", "2 ", "0x2", "1.0", "4294967296", "18446744073709551616"}},
	{"MEMKIND_BACKGROUND_THREAD_LIMIT", ask_made_kind, 0, DIED, FATAL, true, {"2"}, {"x"}},
	{"MEMKIND_HOG_MEMORY",
	 ask_freed,
	 KEPT,
	 GIVEN_BACK,
	 NULL,
	 false,
	 {"1", "1x", "10", "1 "},
	 {"", "0", "01", " 1", "on", "yes", "-1", "2"}},
	/* Those of the old library's parts: whatever they hold. */
	{"MEMKIND_ARENA_NUM_PER_KIND",
	 ask_others,
	 0,
	 0,
	 VAIN,
	 false,
	 {NULL},
	 {"", "0", "4", "abc", "-1", "2147483648", "99999999999999999999"}},
	{"MEMKIND_ARENA_NUM_PER_KIND", ask_made_kind, 0, 0, VAIN, false, {NULL}, {"0", "4", "abc"}},
	{"MEMKIND_HEAP_MANAGER",
	 ask_others,
	 0,
	 0,
	 VAIN,
	 false,
	 {NULL},
	 {"", "TBB", "tbb", "JEMALLOC", "x"}},
	{"JEMK_MALLOC_CONF", ask_others, 0, 0, VAIN, false, {NULL}, {"", "stats_print:true", "x"}},
};

enum { VARIABLE_COUNT = sizeof(variables) / sizeof(variables[0]) };

static void start_environment(void)
{
	for (size_t i = 0; i < VARIABLE_COUNT; i++)
		unsetenv(variables[i].name);
	unsetenv("MEMKIND_DEBUG");
}

static int answer_of(int status)
{
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	/* Codes are negative and small. */
	return (int8_t)WEXITSTATUS(status);
}

/* The answer of a process, and what it writes to standard error. */
static int ask_alone(int (*ask)(void), char *ret_output)
{
	size_t length = 0;
	ssize_t count;
	int ends[2], status;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		_exit(ask() & 0xff);
	}
	close(ends[1]);
	while ((count = read(ends[0], ret_output + length, OUTPUT_SIZE - 1 - length)) > 0)
		length += (size_t)count;
	close(ends[0]);
	ret_output[length] = '\0';
	assert_int_equal(waitpid(child, &status, 0), child);
	return answer_of(status);
}

static bool has_line(const char *output, const struct variable *row, const char *value)
{
	char line[256];

	_Pragma("GCC diagnostic push");
	_Pragma("GCC diagnostic ignored \"-Wformat-nonliteral\"");
	snprintf(line, sizeof(line), row->line, row->name, value);
	_Pragma("GCC diagnostic pop");
	return strstr(output, line) != NULL;
}

static void check_value(const struct variable *row, const char *value, bool is_bad)
{
	int expected = is_bad ? row->bad : row->good;
	char output[OUTPUT_SIZE];
	int answer;

	start_environment();
	setenv(row->name, value, 1);
	for (int is_debugged = 0; is_debugged < 2; is_debugged++) {
		bool is_said =
			is_bad && row->line != NULL && (is_debugged != 0 || row->is_always_said);

		if (is_debugged != 0)
			setenv("MEMKIND_DEBUG", "1", 1);
		answer = ask_alone(row->ask, output);
		if (answer != expected)
			print_message("%s=\"%s\": %d, not %d; %s\n", row->name, value, answer,
				      expected, output);
		assert_int_equal(answer, expected);
		if (is_said)
			assert_true(has_line(output, row, value));
		else if (is_debugged != 0)
			assert_null(strstr(output, row->name));
		else
			assert_string_equal(output, "");
	}
}

static void every_value_is_taken_or_refused(void **state)
{
	char output[OUTPUT_SIZE];

	(void)state;
	for (size_t i = 0; i < VARIABLE_COUNT; i++) {
		const struct variable *row = &variables[i];

		start_environment();
		if (ask_alone(row->ask, output) == CANT_TELL) {
			print_message("SKIP: %s can't be tried here\n", row->name);
			continue;
		}
		for (size_t j = 0; row->good_values[j] != NULL; j++)
			check_value(row, row->good_values[j], false);
		for (size_t j = 0; row->bad_values[j] != NULL; j++)
			check_value(row, row->bad_values[j], true);
	}
}

static void nothing_is_set_and_nothing_is_said(void **state)
{
	char output[OUTPUT_SIZE];

	(void)state;
	start_environment();
	assert_int_equal(ask_alone(ask_others, output), 0);
	assert_string_equal(output, "");
	assert_int_equal(ask_alone(ask_far, output), NO_FAR);
	assert_string_equal(output, "");
}

/* A list comes before the threshold, which may be anything then. */
static void a_list_makes_the_threshold_useless(void **state)
{
	char output[OUTPUT_SIZE];

	(void)state;
	start_environment();
	setenv("MEMKIND_HBW_NODES", "0", 1);
	setenv("MEMKIND_HBW_THRESHOLD", "x", 1);
	setenv("MEMKIND_DEBUG", "1", 1);
	assert_int_equal(ask_alone(ask_hbw, output), 0);
	assert_null(strstr(output, "refused"));
}

static void debugging_has_the_lines_of_the_old_library(void **state)
{
	static const char *const unknown[] = {"", "0", "1 ", " 1", "1x", "2", "yes", "true"};
	char output[OUTPUT_SIZE], line[128];

	(void)state;
	start_environment();
	setenv("MEMKIND_DEBUG", "1", 1);
	assert_int_equal(ask_alone(ask_others, output), 0);
	assert_non_null(strstr(output, "MEMKIND_INFO: Initializing kind memkind_regular.\n"));
	assert_non_null(strstr(output, "MEMKIND_INFO: Initializing kind memkind_default.\n"));
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		setenv("MEMKIND_DEBUG", unknown[i], 1);
		assert_int_equal(ask_alone(ask_others, output), 0);
		snprintf(line, sizeof(line), "MEMKIND_WARNING: debug option \"%s\" ", unknown[i]);
		assert_int_equal(strncmp(output, line, strlen(line)), 0);
		/* One line, whatever is done after it. */
		assert_ptr_equal(strchr(output, '\n'), output + strlen(output) - 1);
	}
}

/* What a line holds of a value is bounded. */
static void long_values_are_refused_in_one_line(void **state)
{
	static char value[100000];
	char output[OUTPUT_SIZE];

	(void)state;
	memset(value, '7', sizeof(value) - 1);
	start_environment();
	setenv("MEMKIND_HBW_NODES", value, 1);
	setenv("MEMKIND_DEBUG", "1", 1);
	assert_int_equal(ask_alone(ask_hbw, output), BAD);
	assert_true(strlen(output) < 1000);
	assert_non_null(strstr(output, "777\" refused: allowed is "));
}

/* What a value holds can't look like a line of the library's, nor steer a terminal. */
static void control_characters_are_not_logged(void **state)
{
	char output[OUTPUT_SIZE];

	(void)state;
	start_environment();
	setenv("MEMKIND_HBW_NODES", "0\nMEMKIND_ERROR: no \x1b[2J\x7f", 1);
	setenv("MEMKIND_DEBUG", "1", 1);
	assert_int_equal(ask_alone(ask_hbw, output), BAD);
	assert_non_null(strstr(output, "=\"0?MEMKIND_ERROR: no ?[2J?\" refused: allowed is "));
}

/* The variables are read at the first use. */
static int ask_twice(void)
{
	int code = ask_hbw();

	setenv("MEMKIND_HBW_NODES", "0", 1);
	return code == BAD ? ask_hbw() : CANT_TELL;
}

static void a_variable_is_read_once(void **state)
{
	char output[OUTPUT_SIZE];

	(void)state;
	start_environment();
	setenv("MEMKIND_HBW_NODES", "x", 1);
	assert_int_equal(ask_alone(ask_twice, output), BAD);
}

/* A program that runs as another user than the one who called it. */
static int become_set_uid(void)
{
	const int nobody = 65534;

	if (setresuid((uid_t)nobody, 0, 0) != 0)
		return CANT_TELL;
	execl("/proc/self/exe", "test", "ask_hbw", (char *)NULL);
	return CANT_TELL;
}

static int run_again(void)
{
	execl("/proc/self/exe", "test", "ask_hbw", (char *)NULL);
	return CANT_TELL;
}

static void set_uid_programs_ignore_all(void **state)
{
	char output[OUTPUT_SIZE];
	int answer;

	(void)state;
	start_environment();
	setenv("MEMKIND_HBW_NODES", "0", 1);
	setenv("MEMKIND_DEBUG", "1", 1);
	if (ask_alone(run_again, output) != 0)
		skip();
	answer = ask_alone(become_set_uid, output);
	if (answer == CANT_TELL)
		skip();
	assert_int_equal(answer, NO_HBW);
	assert_string_equal(output, "");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_set_and_nothing_is_said),
		cmocka_unit_test(every_value_is_taken_or_refused),
		cmocka_unit_test(a_list_makes_the_threshold_useless),
		cmocka_unit_test(debugging_has_the_lines_of_the_old_library),
		cmocka_unit_test(long_values_are_refused_in_one_line),
		cmocka_unit_test(control_characters_are_not_logged),
		cmocka_unit_test(a_variable_is_read_once),
		cmocka_unit_test(set_uid_programs_ignore_all),
	};

	if (argc == 2 && strcmp(argv[1], "ask_hbw") == 0)
		return ask_hbw() & 0xff;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
