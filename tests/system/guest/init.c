/* SPDX-License-Identifier: BSD-2-Clause */
/* PID 1 of the guest: mounts, runs the job on the serial line, hands its exit code to QEMU. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define EXIT_PORT     0x501 /* isa-debug-exit: QEMU ends with (value * 2) + 1 */
#define EXIT_NO_JOB   120
#define EXIT_SIGNAL   121
#define EXIT_NO_START 122

static void mount_one(const char *type, const char *where, const char *options)
{
	if (mount(type, where, type, 0, options) != 0)
		printf("init: mount %s: %s\n", where, strerror(errno));
}

/* The serial line as standard input, output and error, without translation of line ends. */
static void open_serial(void)
{
	struct termios settings;
	int fd = open("/dev/ttyS0", O_RDWR | O_NOCTTY);

	if (fd < 0)
		return;
	if (tcgetattr(fd, &settings) == 0) {
		cfmakeraw(&settings);
		tcsetattr(fd, TCSANOW, &settings);
	}
	for (int target = 0; target <= 2; target++)
		dup2(fd, target);
	if (fd > 2)
		close(fd);
}

static void run_job(void)
{
	static char *const arguments[] = {"sh", "/job/run", NULL};
	static char *const environment[] = {"PATH=/bin:/job/bin", "HOME=/", "TERM=dumb", NULL};

	setsid();
	execve("/bin/busybox", arguments, environment);
	_exit(EXIT_NO_START);
}

/* Waits for the job, and for the orphans that every PID 1 inherits. */
static int wait_for_job(pid_t job)
{
	for (;;) {
		int status;
		pid_t pid = wait(&status);

		if (pid < 0 && errno != EINTR)
			return EXIT_NO_JOB;
		if (pid != job)
			continue;
		return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SIGNAL;
	}
}

int main(void)
{
	int code = EXIT_NO_JOB;
	pid_t job;

	mount_one("devtmpfs", "/dev", "");
	open_serial();
	setvbuf(stdout, NULL, _IONBF, 0);
	mount_one("proc", "/proc", "");
	mount_one("sysfs", "/sys", "");
	mount_one("tmpfs", "/tmp", "mode=1777");
	mount_one("cgroup2", "/cgroup", "");
	job = fork();
	if (job == 0)
		run_job();
	if (job > 0)
		code = wait_for_job(job);
	printf("guest: exit %d\n", code);
	tcdrain(STDOUT_FILENO);
	if (ioperm(EXIT_PORT, 1, 1) == 0)
		outb((unsigned char)code, EXIT_PORT);
	reboot(RB_POWER_OFF);
	return 0;
}
