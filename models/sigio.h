/* SPDX-License-Identifier: MIT */
/*
 * sigio.h - ask for SIGIO, and sleep until it comes
 *
 * fcntl F_SETOWN names who gets the signal, O_ASYNC turns it on.  O_ASYNC is
 * a flag of the open file: an accepted socket begins without it (and without
 * O_NONBLOCK), whatever its listener has.
 *
 * How the models share state with a handler: they do not.  SIGIO is blocked
 * all the time except in the one call that sleeps, which unblocks it and sleeps
 * in one step.  A signal that comes while the program works stays pending and
 * ends the next sleep at once, so none can fall between a look at the sockets
 * and the sleep, and its handler never runs in the middle of the work.
 * SIGTERM is never blocked, so that it is handled while stdout is full; its
 * handler, on_stop, sends a SIGIO to the process (getpid kill).
 */
#ifndef IOMODELS_SIGIO_H
#define IOMODELS_SIGIO_H

#include "server.h"

static unsigned long while_asleep;	/* the mask: lets the signals in */

static void on_sigio(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)info, (void)context;	/* it has ended the sleep */
}

/* Block SIGIO from now on, and have on_stop send it. */
static void block_sigio(void)
{
	unsigned long set = SIGNAL_BIT(SIGIO);

	wake_with = SIGIO;
	must(sys_rt_sigprocmask(SIG_BLOCK, &set, &while_asleep));
	while_asleep &= ~set;
}

/*
 * sig 0: plain SIGIO.  A real-time signal is queued and carries the descriptor.
 * Returns 0, or -errno: the kernel has no memory for it (ENOMEM).
 */
static long signal_me(int fd, int sig)
{
	long err = sys_fcntl(fd, F_SETOWN, must(sys_getpid()));

	if (!err && sig)
		err = sys_fcntl(fd, F_SETSIG, sig);
	return err ? err : sys_fcntl(fd, F_SETFL,
				     O_RDWR | O_NONBLOCK | FASYNC);
}

/*
 * Sleep for up to seconds_max seconds, or for ever (-1).  0: do not sleep, only
 * let pending signals in.  ppoll is rt_sigsuspend with a limit of time.
 */
static void sleep_until_signal(long seconds_max)
{
	struct timespec limit = { .tv_sec = seconds_max };

	if (seconds_max < 0)
		woken(sys_rt_sigsuspend(&while_asleep));
	else
		woken(sys_ppoll(NULL, 0, &limit, &while_asleep));
}

#endif
