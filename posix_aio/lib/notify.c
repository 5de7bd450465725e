/* SPDX-License-Identifier: MIT */
/*
 * notify.c - SIGEV_SIGNAL, SIGEV_THREAD and the eventfd of posixaio_ext.h
 *
 * The signal is sent after the result was published, to the process, with
 * si_code SI_ASYNCIO and the program's value.  A callback runs in a thread of
 * its own, with no signal blocked, with the program's attributes or detached; or,
 * after posixaio_callback_threads(), in one of a few that are used again.
 *
 * posixaio_descriptor() is an eventfd: the thread that ends a request adds 1 to
 * it.  For a native request the kernel adds 1 (IOCB_FLAG_RESFD).
 *
 * The queue of signals may be full (RLIMIT_SIGPENDING), and threads may have
 * run out.  Neither makes a request fail that has succeeded, and no
 * notification is lost: the pool tries again after RETRY_NS, in the order of
 * the refusals, until all notifications have got through.
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

/* ---- the descriptor ---- */

int end_descriptor = -1;

/* It may run in a signal handler. */
void notify_descriptor(void)
{
	int fd = __atomic_load_n(&end_descriptor, __ATOMIC_ACQUIRE);
	uint64_t one = 1;

	/* A full eventfd is readable, too. */
	if (fd >= 0)
		enter_kernel(__NR_write, fd, &one, sizeof(one));
}

/* ---- callbacks ---- */

struct call {
	void (*function)(sigval_t);
	sigval_t value;
	struct call *next;
};

/* Threads that are used again.  The holder of the lock blocks all signals. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct call *first, **end;
	int waiting;			/* calls in the list */
	int max, threads, idle;
	int seconds;			/* that an idle thread stays */
} callers = {
	.seconds = 1,
	.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER,
};

void notify_threads(int max)
{
	__atomic_store_n(&callers.max, max, __ATOMIC_RELAXED);
}

void notify_idle(int seconds)
{
	__atomic_store_n(&callers.seconds, seconds, __ATOMIC_RELAXED);
}

/* In the child of fork. */
void notify_forget(void)
{
	int max = callers.max, seconds = callers.seconds;

	end_descriptor = -1;
	memset(&callers, 0, sizeof(callers));
	pthread_mutex_init(&callers.lock, NULL);
	pthread_cond_init(&callers.more, NULL);
	callers.max = max;
	callers.seconds = seconds;
}

/* Under the lock: take the first call; NULL: none came in time. */
static struct call *next_call(void)
{
	struct timespec until;
	struct call *c;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += __atomic_load_n(&callers.seconds, __ATOMIC_RELAXED);
	callers.idle++;
	while (!callers.first &&
	       pthread_cond_timedwait(&callers.more, &callers.lock, &until) !=
		       ETIMEDOUT)
		;
	callers.idle--;
	c = callers.first;
	if (c) {
		callers.first = c->next;
		callers.waiting--;
	}
	return c;
}

static void *serve_calls(void *unused);

/* Called under the lock; unlocks.  0, or why there is no new thread. */
static int add_caller(void)
{
	pthread_attr_t detached;
	pthread_t thread;
	int err;

	callers.threads++;
	pthread_mutex_unlock(&callers.lock);
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	err = pthread_create(&thread, &detached, serve_calls, NULL);
	pthread_attr_destroy(&detached);
	if (err) {
		pthread_mutex_lock(&callers.lock);
		callers.threads--;
		pthread_mutex_unlock(&callers.lock);
	}
	return err;
}

/* A callback has ended its thread: another one goes on. */
static void caller_ends(void *unused)
{
	sigset_t all;

	(void)unused;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	pthread_mutex_lock(&callers.lock);
	callers.threads--;
	if (callers.first)
		add_caller();
	else
		pthread_mutex_unlock(&callers.lock);
}

static void *serve_calls(void *unused)
{
	sigset_t all, none;
	struct call *c, call;

	sigfillset(&all);
	sigemptyset(&none);
	pthread_mutex_lock(&callers.lock);
	while ((c = next_call())) {
		pthread_mutex_unlock(&callers.lock);
		call = *c;
		free(c);
		pthread_cleanup_push(caller_ends, NULL);
		pthread_sigmask(SIG_SETMASK, &none, NULL);
		call.function(call.value);
		pthread_sigmask(SIG_SETMASK, &all, NULL);
		pthread_cleanup_pop(0);
		pthread_mutex_lock(&callers.lock);
	}
	callers.threads--;
	pthread_mutex_unlock(&callers.lock);
	return unused;
}

/* Called with all signals blocked.  On an error the caller still owns c. */
static int call_later(struct call *c)
{
	struct call **at;
	int err = 0, max = __atomic_load_n(&callers.max, __ATOMIC_RELAXED);

	pthread_mutex_lock(&callers.lock);
	c->next = NULL;
	*(callers.first ? callers.end : &callers.first) = c;
	callers.end = &c->next;
	callers.waiting++;
	pthread_cond_signal(&callers.more);
	if (callers.waiting <= callers.idle || callers.threads >= max)
		pthread_mutex_unlock(&callers.lock);
	else
		err = add_caller();
	if (!err)
		return 0;
	/* Without a new thread, the other threads call it, if there are any. */
	pthread_mutex_lock(&callers.lock);
	for (at = &callers.first; *at && *at != c; at = &(*at)->next)
		;
	if (callers.threads || !*at) {
		err = 0;
	} else {
		*at = c->next;
		if (!*at)
			callers.end = at;
		callers.waiting--;
	}
	pthread_mutex_unlock(&callers.lock);
	return err;
}

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
	if (attr == &detached &&
	    __atomic_load_n(&callers.max, __ATOMIC_RELAXED) > 0)
		err = call_later(c);
	else
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
