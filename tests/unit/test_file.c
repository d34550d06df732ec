/* SPDX-License-Identifier: BSD-2-Clause */
/* Files without a name, in the working directory. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bits.h"
#include "os/file.h"
#include "os/vm.h"

static struct mk_file new_file(void)
{
	struct mk_file file = {-1, 0, 0};

	assert_int_equal(mk_file_create(".", &file), 0);
	assert_true(file.fd >= 0);
	return file;
}

static blkcnt_t blocks_of(const struct mk_file *file)
{
	struct stat status;

	assert_int_equal(fstat(file->fd, &status), 0);
	return status.st_blocks;
}

static void paths_become_absolute(void **state)
{
	char path[PATH_MAX], here[PATH_MAX], wanted[2 * PATH_MAX];

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	snprintf(wanted, sizeof(wanted), "%s/some/folder", here);
	assert_int_equal(mk_file_absolute("some/folder", path, sizeof(path)), 0);
	assert_string_equal(path, wanted);
	assert_int_equal(mk_file_absolute("/some", path, sizeof(path)), 0);
	assert_string_equal(path, "/some");
	assert_int_equal(mk_file_absolute("", path, sizeof(path)), 0);
	assert_string_equal(path, "/");
	assert_int_equal(mk_file_absolute("/some", path, 6), 0);
	assert_int_equal(mk_file_absolute("/some", path, 5), -ENAMETOOLONG);
	assert_int_equal(mk_file_absolute("x", path, 2), -ENAMETOOLONG);
	assert_int_equal(mk_file_absolute("x", path, strlen(here) + 2), -ENAMETOOLONG);
	assert_int_equal(mk_file_absolute("x", path, strlen(here) + 3), 0);
}

static void files_have_no_name_and_stay_here(void **state)
{
	struct mk_file file = new_file();
	struct stat status;

	(void)state;
	assert_int_equal(fstat(file.fd, &status), 0);
	assert_int_equal(status.st_nlink, 0);
	assert_int_equal(status.st_size, 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_true((fcntl(file.fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(mk_file_close(&file), 0);
	assert_int_equal(fcntl(file.fd, F_GETFD), -1);
}

/* "exec 3>file" in a shell, and programs that open what they want to have as 0, 1 and 2. */
static void low_descriptors_are_left_to_the_program(void **state)
{
	int lowest = dup(0);
	struct rlimit limit, few = {lowest + 3, lowest + 3};
	struct mk_file file;

	(void)state;
	close(lowest);
	file = new_file();
	assert_int_equal(dup(0), lowest);
	assert_int_equal(mk_file_close(&file), 0);
	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	few.rlim_max = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	file = new_file();
	assert_int_equal(file.fd, lowest);
	assert_int_equal(mk_file_close(&file), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void errors_are_those_of_the_system(void **state)
{
	struct mk_file file;

	(void)state;
	errno = 7;
	assert_int_equal(mk_file_create("/no/such/folder", &file), -ENOENT);
	assert_int_equal(mk_file_create("/dev/null", &file), -ENOTDIR);
	assert_int_equal(errno, 7);
}

/* QEMU's user mode, in which other processors are tested, does not always follow a hint. */
#ifdef __x86_64__
#define HINTS_ARE_FOLLOWED 1
#else
#define HINTS_ARE_FOLLOWED 0
#endif

static void a_file_is_mapped_at_a_multiple_where_that_can_be_had(void **state)
{
	enum { ATTEMPT_COUNT = 10 };
	struct mk_file file = new_file();
	unsigned aligned_count = 0;

	(void)state;
	for (int i = 0; i < ATTEMPT_COUNT; i++) {
		void *base = NULL;

		assert_int_equal(mk_file_map(&file, 4 * MK_MIB, 2 * MK_MIB, &base), 0);
		aligned_count += (uintptr_t)base % (2 * MK_MIB) == 0;
		mk_vm_release(base, 4 * MK_MIB);
	}
	if (HINTS_ARE_FOLLOWED)
		assert_int_equal(aligned_count, ATTEMPT_COUNT);
	assert_int_equal(mk_file_close(&file), 0);
}

static void filled_parts_can_be_written_and_punched(void **state)
{
	struct mk_file file = new_file();
	size_t size = 4 * MK_MIB;
	char *base = NULL;

	(void)state;
	assert_int_equal(mk_file_map(&file, size, 2 * MK_MIB, (void **)&base), 0);
	assert_int_equal(mk_file_fill(&file, MK_MIB, MK_MIB), 0);
	assert_true(blocks_of(&file) * 512 >= (blkcnt_t)MK_MIB);
	assert_int_equal(mk_vm_commit(base + MK_MIB, MK_MIB), 0);
	memset(base + MK_MIB, 1, MK_MIB);
	/* What was written stays; filling again changes nothing. */
	assert_int_equal(mk_file_fill(&file, MK_MIB, MK_MIB), 0);
	assert_int_equal(base[2 * MK_MIB - 1], 1);
	assert_int_equal(mk_file_punch(&file, MK_MIB, MK_MIB / 2), 0);
	assert_true(blocks_of(&file) * 512 < (blkcnt_t)MK_MIB);
	assert_int_equal(mk_file_fill(&file, MK_MIB, MK_MIB / 2), 0);
	assert_int_equal(base[MK_MIB], 0);
	assert_int_equal(base[2 * MK_MIB - 1], 1);
	assert_int_equal(mk_file_punch(&file, 0, 2 * MK_MIB), 0);
	assert_int_equal(blocks_of(&file), 0);
	assert_int_equal(base[2 * MK_MIB - 1], 0);
	mk_vm_release(base, size);
	assert_int_equal(mk_file_close(&file), 0);
}

static void the_limit_of_file_size_sends_no_signal(void **state)
{
	struct mk_file file = new_file();
	struct rlimit limit, old;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = (struct rlimit){MK_MIB, old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(mk_file_fill(&file, 0, MK_MIB), 0);
	assert_int_equal(mk_file_fill(&file, MK_MIB, 4096), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(mk_file_fill(&file, MK_MIB, 4096), 0);
	assert_int_equal(mk_file_close(&file), 0);
}

static volatile sig_atomic_t tick_count;

static void tick(int number)
{
	(void)number;
	tick_count++;
}

/* A timer that ticks faster than the work is done would make it start over and over. */
static void signals_do_not_disturb(void **state)
{
	struct itimerval often = {{0, 100}, {0, 100}}, never = {{0, 0}, {0, 0}};
	struct mk_file file = new_file();

	(void)state;
	signal(SIGALRM, tick);
	assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(mk_file_fill(&file, i * 4 * MK_MIB, 4 * MK_MIB), 0);
	while (tick_count == 0)
		;
	assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
	assert_int_equal(mk_file_close(&file), 0);
}

static void a_descriptor_of_another_file_is_left_alone(void **state)
{
	struct mk_file file = new_file(), other = new_file();

	(void)state;
	assert_true(mk_file_is_open(&file));
	assert_int_equal(dup3(other.fd, file.fd, O_CLOEXEC), file.fd);
	assert_false(mk_file_is_open(&file));
	assert_int_equal(mk_file_fill(&file, 0, 4096), -EBADF);
	assert_int_equal(mk_file_punch(&file, 0, 4096), -EBADF);
	assert_int_equal(mk_file_close(&file), -EBADF);
	assert_int_equal(blocks_of(&other), 0);
	assert_int_equal(fcntl(file.fd, F_GETFD), FD_CLOEXEC);
	close(file.fd);
	assert_int_equal(mk_file_close(&file), -EBADF);
	assert_int_equal(mk_file_close(&other), 0);
}

static void the_size_of_the_filesystem_is_known(void **state)
{
	uint64_t size = 0;

	(void)state;
	assert_int_equal(mk_file_system_size(".", &size), 0);
	assert_true(size > MK_MIB);
	assert_int_equal(mk_file_system_size("/no/such/folder", &size), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_become_absolute),
		cmocka_unit_test(files_have_no_name_and_stay_here),
		cmocka_unit_test(low_descriptors_are_left_to_the_program),
		cmocka_unit_test(errors_are_those_of_the_system),
		cmocka_unit_test(a_file_is_mapped_at_a_multiple_where_that_can_be_had),
		cmocka_unit_test(filled_parts_can_be_written_and_punched),
		cmocka_unit_test(the_limit_of_file_size_sends_no_signal),
		cmocka_unit_test(signals_do_not_disturb),
		cmocka_unit_test(a_descriptor_of_another_file_is_left_alone),
		cmocka_unit_test(the_size_of_the_filesystem_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
