/* SPDX-License-Identifier: MIT */
/* progress.c - see progress.h */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include "progress.h"

/* The line that is there now, for the thread that writes it anew. */
static struct {
	pthread_mutex_t mutex;
	struct progress *p;		/* NULL: none */
	char what[200];
	char detail[200];		/* as it was last */
	long long since_ns;		/* it is so */
	int thread;			/* it was started */
} line = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int columns(void)
{
	struct winsize w;

	return ioctl(2, TIOCGWINSZ, &w) || !w.ws_col ? 80 : w.ws_col;
}

/* Past stderr, which shows no control characters (safe_stderr). */
static void erase_line(void)
{
	dprintf(2, "\r\033[K");
}

/* What goes on, and for how long nothing else. */
static int add_detail(char *text, size_t size)
{
	char detail[200];
	long seconds;

	line.p->detail(detail);
	if (strcmp(detail, line.detail)) {
		strcpy(line.detail, detail);
		line.since_ns = now_ns();
	}
	seconds = (now_ns() - line.since_ns) / 1000000000;
	if (!*detail)
		return 0;
	if (seconds < 2)
		return snprintf(text, size, ": %s", detail);
	return snprintf(text, size, ": %s, for %ld s", detail, seconds);
}

static void draw(void)
{
	const struct progress *p = line.p;
	char text[600];
	int n = 0, most = columns() - 1;
	long left = 0;

	if (p->until_ns)
		left = (p->until_ns - now_ns()) / 1000000000;
	else if (p->done)
		left = (now_ns() - p->began_ns) / 1e9 / p->done *
		       (p->all - p->done);
	left = left > 0 ? left : 0;
	if (p->until_ns)
		n = snprintf(text, sizeof(text), "undecided: ");
	else if (p->all)
		n = snprintf(text, sizeof(text), "%ld of %ld: ", p->done, p->all);
	n += snprintf(text + n, sizeof(text) - n, "%s", line.what);
	if (p->done || p->until_ns)
		n += snprintf(text + n, sizeof(text) - n, ", %ld:%02ld left",
			      left / 60, left % 60);
	if (p->detail)
		n += add_detail(text + n, sizeof(text) - n);
	erase_line();
	dprintf(2, "%.*s", most, text);
}

static void *draw_every_second(void *arg)
{
	static const struct timespec second = { 1, 0 };

	(void)arg;
	for (;;) {
		nanosleep(&second, NULL);
		pthread_mutex_lock(&line.mutex);
		if (line.p)
			draw();
		pthread_mutex_unlock(&line.mutex);
	}
	return NULL;
}

/* It takes no signal: they interrupt the work. */
static void start_thread(void)
{
	pthread_attr_t detached;
	sigset_t all, before;
	pthread_t thread;

	sigfillset(&all);
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	line.thread = !pthread_create(&thread, &detached, draw_every_second,
				      NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&detached);
}

void progress_show(struct progress *p, const char *what)
{
	if (!isatty(2))
		return;
	if (!p->began_ns)
		p->began_ns = now_ns();
	pthread_mutex_lock(&line.mutex);
	line.p = p;
	p->shown = 1;
	snprintf(line.what, sizeof(line.what), "%s", what);
	*line.detail = 0;		/* its time is counted from here */
	draw();
	pthread_mutex_unlock(&line.mutex);
	if (p->detail && !line.thread)
		start_thread();
}

void progress_clear(struct progress *p)
{
	pthread_mutex_lock(&line.mutex);
	if (p->shown)
		erase_line();
	p->shown = 0;
	line.p = NULL;
	pthread_mutex_unlock(&line.mutex);
}
