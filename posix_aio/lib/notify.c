/* SPDX-License-Identifier: MIT */
/*
 * notify.c - SIGEV_SIGNAL and SIGEV_THREAD
 *
 * The signal is sent after the result was published, to the process, with
 * si_code SI_ASYNCIO and the program's value.  A callback runs in a thread of
 * its own, with no signal blocked, with the program's attributes or detached.
 *
 * A queue of signals may be full (RLIMIT_SIGPENDING), and threads may have run
 * out.  Neither fails a request that has succeeded, and no notification is
 * lost: the pool tries again each RETRY_NS, in the order of the refusals, until
 * all have got through.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "engine.h"

/* One system call and nothing else: it may run in a signal handler. */
long notify_signal(const struct sigevent *sigev)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = sigev->sigev_signo;
	info.si_code = SI_ASYNCIO;
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value = sigev->sigev_value;
	/* No such signal: nothing to try again. */
	return enter_kernel(__NR_rt_sigqueueinfo, info.si_pid,
			    sigev->sigev_signo, &info) == -EAGAIN ? -EAGAIN : 0;
}

void notify_here(const struct sigevent *sigev, void (*leave)(void *))
{
	sigset_t none, old;

	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, &old);
	pthread_cleanup_push(leave, NULL);
	sigev->sigev_notify_function(sigev->sigev_value);
	pthread_cleanup_pop(0);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

struct call {
	void (*function)(sigval_t);
	sigval_t value;
};

static void *callback(void *arg)
{
	struct call c = *(struct call *)arg;
	sigset_t none;

	free(arg);
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	c.function(c.value);
	return NULL;
}

static long notify_thread(const struct sigevent *sigev)
{
	pthread_attr_t *attr = sigev->sigev_notify_attributes, detached;
	struct call *c = malloc(sizeof(*c));
	pthread_t thread;
	sigset_t all, old;
	int err;

	if (!c)
		return -EAGAIN;
	c->function = sigev->sigev_notify_function;
	c->value = sigev->sigev_value;
	if (!attr) {
		pthread_attr_init(&detached);
		pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
		attr = &detached;
	}
	/* The new thread lets signals in by itself, once it owns its call. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&thread, attr, callback, c);
	if (err)
		free(c);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (attr == &detached)
		pthread_attr_destroy(&detached);
	return -err;
}

long notify(const struct sigevent *sigev)
{
	if (sigev->sigev_notify == SIGEV_SIGNAL)
		return notify_signal(sigev);
	if (sigev->sigev_notify == SIGEV_THREAD)
		return notify_thread(sigev);
	return 0;
}
