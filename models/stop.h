/* SPDX-License-Identifier: MIT */
/*
 * stop.h - SIGTERM and SIGINT end a server, whatever call it sleeps in
 *
 * Stopping rests on one fact: shutdown(2) on a TCP listener makes every
 * accept4 on it return EINVAL, the one that sleeps and those still to come
 * (AF_UNIX: see listen.h).  So the loops need no flag, and no moment between a
 * test and a sleep could lose the signal.  shutdown acts on the open file: an
 * inherited listener (--fd) ends for all processes that have it.
 *
 * A server that sleeps in something else (sigio.h, uring_udp.c) is woken by a
 * second signal, which on_stop sends to its own process.
 * Neither a peer nor a full stdout delays the end by more than two seconds: on_late.
 * (A write to a file does, as long as its file system is frozen.)
 */
#ifndef IOMODELS_STOP_H
#define IOMODELS_STOP_H

#include "../syscalls/start.h"
#include "../syscalls/program.h"
#include "warn.h"

static int listener = -1;		/* sigio_udp: the socket itself */
static int stopping;		/* set by on_stop; few models look at it */
static int datagrams;		/* sigio_udp: nothing to finish, no accept4 */
static int at_once;		/* --fd, AF_UNIX: shutdown wakes no ACCEPT */
static int wake_with;		/* signal that ends the sleep, or 0 */
static volatile int printing;	/* a message goes to stdout, which may wait */
static void on_late(int sig, siginfo_t *info, void *context);

static void on_stop(int sig, siginfo_t *info, void *context)
{
	static const struct itimerval two_seconds = { .it_value.tv_sec = 2 };
	long self;

	(void)sig, (void)info, (void)context;
	if (__atomic_exchange_n(&stopping, 1, __ATOMIC_RELAXED) || at_once)
		on_late(0, info, context);	/* a second signal: at once */
	if (!datagrams)
		sys_shutdown(listener, SHUT_RD);
	sys_setitimer(ITIMER_REAL, &two_seconds, NULL);
	if (!wake_with)
		return;
	self = sys_getpid();
	if (self > 0)		/* a filter may refuse it; kill(-1) is for all */
		sys_kill(self, wake_with);
}

static void on_late(int sig, siginfo_t *info, void *context)
{
	(void)info, (void)context;
	if (!stopping)			/* not ours: kill -ALRM, or alarm(2) of */
		return;			/* the program that started this one */
	/* Not warn(): the thread that we interrupt may hold its lock. */
	if (!has_room(2))
		sys_exit_group(0);
	if (printing)
		print(2, NAME ": stopped%s, and a message is lost\n", sig ?
		      "; stdout was full for two seconds" : " at once");
	else if (sig)
		print(2, NAME ": stopped after two seconds; a peer had not "
		      "closed, or no descriptor was free\n");
	sys_exit_group(0);
}

/*
 * SA_RESTART: an accept4 or recvfrom that the handler interrupts goes on
 * sleeping (and accept4 wakes at once, with EINVAL).  The calls that wait for
 * many descriptors return EINTR all the same: signal(7).
 */
static void on_signal(int sig, void (*handler)(int, siginfo_t *, void *),
		      unsigned long mask)
{
	struct kernel_sigaction act = {
		.handler = handler,
		.flags = SA_SIGINFO | SA_RESTART,
		.mask = mask,
	};

#ifdef SIGNAL_RETURN			/* x86-64: no default way back */
	act.flags |= SA_RESTORER;
	act.restorer = SIGNAL_RETURN;
#endif
	must(sys_rt_sigaction(sig, &act, NULL));
}

/* The program that started this one may have had them blocked. */
static void stop_on_signals(void)
{
	unsigned long set = SIGNAL_BIT(SIGTERM) | SIGNAL_BIT(SIGINT) |
			    SIGNAL_BIT(SIGALRM);

	on_signal(SIGTERM, on_stop, SIGNAL_BIT(SIGINT));
	on_signal(SIGINT, on_stop, SIGNAL_BIT(SIGTERM));
	on_signal(SIGALRM, on_late, 0);
	on_signal(SIGPIPE, (void *)SIG_IGN, 0);	/* write says EPIPE instead */
	must(sys_rt_sigprocmask(SIG_UNBLOCK, &set, NULL));
}

#endif
