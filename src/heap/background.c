/* SPDX-License-Identifier: BSD-2-Clause */
/* The background thread: purges what was idle for long, heap by heap. */
#include "heap/background.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

#include "base/lock.h"
#include "heap/depot.h"
#include "heap/registry.h"
#include "os/thread.h"

enum { INTERVAL_S = 1 };

/* Guard: background_lock, which is held while the thread is started and while it is waited for. */
static struct mk_lock background_lock = MK_LOCK_INIT;
static bool is_running;
static pthread_t thread;

/* What the thread waits on; stop_lock guards is_stopping. */
static pthread_mutex_t stop_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t stop_signal = PTHREAD_COND_INITIALIZER;
static bool is_stopping;

/* False: the thread is to end. */
static bool wait_an_interval(void)
{
	struct timespec until;
	bool goes_on;
	int error = 0;

	mk_clock_after(INTERVAL_S, &until);
	pthread_mutex_lock(&stop_lock);
	while (!is_stopping && error == 0)
		error = pthread_cond_clockwait(&stop_signal, &stop_lock, CLOCK_MONOTONIC, &until);
	goes_on = !is_stopping;
	pthread_mutex_unlock(&stop_lock);
	return goes_on;
}

static void *serve_heaps(void *unused)
{
	while (wait_an_interval())
		mk_registry_visit(mk_depot_give_idle);
	return unused;
}

/* The thread must not take signals that the program waits for. */
static int start_thread(void)
{
	sigset_t all, old;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&thread, NULL, serve_heaps, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -error;
}

static void set_stopping(bool stopping)
{
	pthread_mutex_lock(&stop_lock);
	is_stopping = stopping;
	pthread_cond_signal(&stop_signal);
	pthread_mutex_unlock(&stop_lock);
}

int mk_background_start(void)
{
	int error = 0;

	mk_lock_acquire(&background_lock, MK_RANK_BACKGROUND);
	if (!is_running) {
		set_stopping(false);
		error = start_thread();
		is_running = error == 0;
	}
	mk_lock_release(&background_lock, MK_RANK_BACKGROUND);
	return error;
}

void mk_background_stop(void)
{
	mk_lock_acquire(&background_lock, MK_RANK_BACKGROUND);
	if (is_running) {
		set_stopping(true);
		pthread_join(thread, NULL);
		is_running = false;
	}
	mk_lock_release(&background_lock, MK_RANK_BACKGROUND);
}

void mk_background_lock_for_fork(void)
{
	mk_lock_acquire_for_fork(&background_lock);
}

void mk_background_unlock_for_fork(void)
{
	mk_lock_release_for_fork(&background_lock);
}

void mk_background_reset_in_child(void)
{
	is_running = false;
	pthread_mutex_init(&stop_lock, NULL);
	pthread_cond_init(&stop_signal, NULL);
	mk_lock_reset_in_child(&background_lock);
}
