/* SPDX-License-Identifier: MIT */
/*
 * stopped.c - Ctrl-Z: what runs before this process stops, and after
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>
#include "stopped.h"

static const int stops[] = { SIGTSTP, SIGTTIN, SIGTTOU };

static volatile pid_t owner;		/* a child of ours is not it */
static volatile sig_atomic_t tracing = -1, partner, times;
static volatile long long total_ns;

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void switch_tracing(const char *on)
{
	if (owner == getpid() && tracing >= 0 && write(tracing, on, 1) < 0)
		return;			/* the instance is gone */
}

static void on_stop(int sig, siginfo_t *info, void *context);

static void handle(int sig)
{
	/* SA_RESTART: as after a stop that nobody handles. */
	struct sigaction act = {
		.sa_sigaction = on_stop, .sa_flags = SA_SIGINFO | SA_RESTART,
	};

	sigfillset(&act.sa_mask);
	sigaction(sig, &act, NULL);
}

/* The kernel ignores it in a job that no shell controls: we go on at once. */
static void stop_now(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	signal(sig, SIG_DFL);
	raise(sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);	/* we sleep in here */
	sigprocmask(SIG_BLOCK, &set, NULL);
	handle(sig);
}

static void on_stop(int sig, siginfo_t *info, void *context)
{
	int before = errno, to = owner == getpid() &&
		info->si_code != SI_KERNEL ? partner : 0;
	long long began = now_ns();

	(void)context;
	switch_tracing("0");
	if (to)
		kill(to, sig);
	stop_now(sig);
	switch_tracing("1");
	if (to)
		kill(to, SIGCONT);
	total_ns += now_ns() - began;
	times++;
	errno = before;
}

void stopped_catch(void)
{
	owner = getpid();
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		struct sigaction was;

		if (!sigaction(stops[i], NULL, &was) &&
		    was.sa_handler == SIG_DFL)
			handle(stops[i]);
	}
}

void stopped_pause(int tracing_on)
{
	tracing = tracing_on;
}

void stopped_hand_on(int pid)
{
	partner = pid;
}

long long stopped_ns(void)
{
	return total_ns;
}

int stopped_times(void)
{
	return times;
}
