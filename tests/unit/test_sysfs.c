/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading below a root: what trees may hold that no reader expects, and errno that stays. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/sysfs.h"

enum {
	MARK = 4711, /* errno before every call, and after it */
	MANY = 500,
	SMALL = 8,
};

static char root_path[] = "/tmp/mk-sysfs-XXXXXX";
static int root;

static void write_bytes(const char *name, const char *bytes, size_t size)
{
	int fd = openat(root, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

static int set_up(void **state)
{
	(void)state;
	if (mkdtemp(root_path) == NULL)
		return -1;
	root = mk_sysfs_open(root_path);
	/* A call that blocks ends the test. */
	alarm(60);
	return root < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	mk_sysfs_close(root);
	snprintf(command, sizeof(command), "rm -rf %s", root_path);
	return system(command);
}

/* Reads into a buffer of SIZE bytes with errno marked; the text is compared where there is one. */
static void check_read(const char *path, size_t size, ssize_t expected, const char *text)
{
	char buffer[4096];
	ssize_t result;

	memset(buffer, '#', sizeof(buffer));
	errno = MARK;
	result = mk_sysfs_read(root, path, buffer, size);
	assert_int_equal(errno, MARK);
	assert_int_equal(result, expected);
	if (text != NULL)
		assert_string_equal(buffer, text);
	assert_int_equal(buffer[size], '#');
}

static void files_that_fit(void **state)
{
	(void)state;
	write_bytes("empty", "", 0);
	write_bytes("short", "0-3\n", 4);
	write_bytes("full", "1234567", SMALL - 1);
	check_read("empty", SMALL, 0, "");
	check_read("empty", 1, 0, "");
	check_read("short", SMALL, 4, "0-3\n");
	check_read("full", SMALL, SMALL - 1, "1234567");
}

static void files_that_are_too_big(void **state)
{
	(void)state;
	write_bytes("big", "12345678", SMALL);
	check_read("big", SMALL, -EFBIG, NULL);
	check_read("big", 1, -EFBIG, NULL);
	check_read("big", 0, -EFBIG, NULL);
	check_read("big", SMALL + 1, SMALL, "12345678");
}

static void nul_bytes_end_the_text(void **state)
{
	(void)state;
	write_bytes("padded", "0-3\n\0\0\0", 7);
	write_bytes("hidden", "\0abc", 4);
	check_read("padded", SMALL, 4, "0-3\n");
	check_read("hidden", SMALL, 0, "");
}

static void endless_files_end(void **state)
{
	(void)state;
	assert_int_equal(symlinkat("/dev/zero", root, "endless"), 0);
	check_read("endless", 2048, -EFBIG, NULL);
}

static void paths_that_are_no_files(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(root, "folder", 0755), 0);
	assert_int_equal(symlinkat("nowhere", root, "dangling"), 0);
	assert_int_equal(symlinkat("loop", root, "loop"), 0);
	check_read("folder", SMALL, -EISDIR, NULL);
	check_read("dangling", SMALL, -ENOENT, NULL);
	check_read("loop", SMALL, -ELOOP, NULL);
	check_read("missing", SMALL, -ENOENT, NULL);
	check_read("missing/deeper", SMALL, -ENOENT, NULL);
	check_read("", SMALL, -ENOENT, NULL);
}

static void a_fifo_does_not_block(void **state)
{
	char buffer[SMALL];
	int writer;

	(void)state;
	assert_int_equal(mkfifoat(root, "fifo", 0644), 0);
	/* No writer: an empty file. */
	check_read("fifo", SMALL, 0, "");
	writer = openat(root, "fifo", O_RDWR | O_CLOEXEC);
	assert_true(writer >= 0);
	errno = MARK;
	assert_int_equal(mk_sysfs_read(root, "fifo", buffer, sizeof(buffer)), -EAGAIN);
	assert_int_equal(errno, MARK);
	close(writer);
}

static void links_are_not_followed(void **state)
{
	char buffer[SMALL];

	(void)state;
	write_bytes("plain", "", 0);
	assert_int_equal(symlinkat("1234567", root, "fits"), 0);
	assert_int_equal(symlinkat("12345678", root, "long"), 0);
	errno = MARK;
	assert_int_equal(mk_sysfs_link(root, "fits", buffer, sizeof(buffer)), 7);
	assert_string_equal(buffer, "1234567");
	assert_int_equal(mk_sysfs_link(root, "long", buffer, sizeof(buffer)), -EFBIG);
	assert_int_equal(mk_sysfs_link(root, "plain", buffer, sizeof(buffer)), -EINVAL);
	assert_int_equal(mk_sysfs_link(root, "missing", buffer, sizeof(buffer)), -ENOENT);
	assert_int_equal(errno, MARK);
}

struct count {
	int seen, wanted;
};

static bool count_name(const char *name, void *context)
{
	struct count *count = context;

	assert_string_not_equal(name, ".");
	assert_string_not_equal(name, "..");
	errno = 0;
	return ++count->seen < count->wanted;
}

static void directories_of_many_names(void **state)
{
	struct count count = {0, MANY + 1};

	(void)state;
	assert_int_equal(mkdirat(root, "many", 0755), 0);
	for (int i = 0; i < MANY; i++) {
		char name[64];

		snprintf(name, sizeof(name), "many/a-name-that-fills-buffers-%d", i);
		write_bytes(name, "", 0);
	}
	errno = MARK;
	assert_int_equal(mk_sysfs_list(root, "many", count_name, &count), 0);
	assert_int_equal(errno, MARK);
	assert_int_equal(count.seen, MANY);
	count = (struct count){0, 3};
	assert_int_equal(mk_sysfs_list(root, "many", count_name, &count), 0);
	assert_int_equal(count.seen, 3);
}

static void what_cannot_be_listed(void **state)
{
	struct count count = {0, MANY};

	(void)state;
	write_bytes("file", "", 0);
	assert_int_equal(symlinkat("circle", root, "circle"), 0);
	errno = MARK;
	assert_int_equal(mk_sysfs_list(root, "file", count_name, &count), -ENOTDIR);
	assert_int_equal(mk_sysfs_list(root, "circle", count_name, &count), -ELOOP);
	assert_int_equal(mk_sysfs_list(root, "missing", count_name, &count), -ENOENT);
	assert_int_equal(errno, MARK);
	assert_int_equal(count.seen, 0);
	assert_int_equal(mk_sysfs_open("/nowhere/at/all"), -ENOENT);
	assert_int_equal(errno, MARK);
}

static void what_exists(void **state)
{
	(void)state;
	write_bytes("there", "", 0);
	assert_int_equal(symlinkat("nothing", root, "broken"), 0);
	errno = MARK;
	assert_true(mk_sysfs_exists(root, "there"));
	assert_true(mk_sysfs_exists(root, "."));
	assert_false(mk_sysfs_exists(root, "absent"));
	assert_false(mk_sysfs_exists(root, "broken"));
	assert_int_equal(errno, MARK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_that_fit),
		cmocka_unit_test(files_that_are_too_big),
		cmocka_unit_test(nul_bytes_end_the_text),
		cmocka_unit_test(endless_files_end),
		cmocka_unit_test(paths_that_are_no_files),
		cmocka_unit_test(a_fifo_does_not_block),
		cmocka_unit_test(links_are_not_followed),
		cmocka_unit_test(directories_of_many_names),
		cmocka_unit_test(what_cannot_be_listed),
		cmocka_unit_test(what_exists),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
