/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A signal handler that calls _exit(3), after the microseconds of the argument, most likely in the middle
 * of a call of malloc or free.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

static void end(int signal)
{
	(void)signal;
	_exit(3);
}

int main(int argc, char **argv)
{
	struct itimerval timer = {.it_value.tv_usec = argc == 2 ? atoi(argv[1]) : 1};

	signal(SIGALRM, end);
	setitimer(ITIMER_REAL, &timer, NULL);
	/* Blocks that no thread keeps: each call takes a lock. */
	for (;;)
		free(malloc((size_t)300 << 20));
}
