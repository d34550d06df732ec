/* SPDX-License-Identifier: BSD-2-Clause */
/* The process. It ends by a raw system call: libc's name for it may be taken. */
#include "os/process.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/sysfs.h"

static volatile sig_atomic_t late_status;

int mk_process_id(void)
{
	return getpid();
}

void mk_process_name(char *ret_name, size_t size)
{
	int self = mk_sysfs_open("/proc/self");
	char *end = NULL;

	if (self >= 0) {
		if (mk_sysfs_read(self, "comm", ret_name, size) > 0)
			end = strchr(ret_name, '\n');
		mk_sysfs_close(self);
	}
	if (end != NULL)
		*end = '\0';
	else
		memcpy(ret_name, "?", 2);
}

int mk_process_path(char *ret_path, size_t size)
{
	int saved_errno = errno;
	ssize_t length = readlink("/proc/self/exe", ret_path, size);
	int error = length < 0 ? -errno : 0;

	errno = saved_errno;
	if (error == 0 && (size_t)length == size)
		error = -ENAMETOOLONG;
	if (error == 0)
		ret_path[length] = '\0';
	return error;
}

void mk_process_end(int status)
{
	for (;;)
		syscall(SYS_exit_group, status);
}

static void end_late(int signal)
{
	(void)signal;
	mk_process_end(late_status);
}

void mk_process_end_within(unsigned seconds, int status)
{
	struct sigaction action = {.sa_handler = end_late};
	sigset_t alarms;

	late_status = status;
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	sigaction(SIGALRM, &action, NULL);
	pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
	alarm(seconds);
}
