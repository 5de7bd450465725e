/* SPDX-License-Identifier: MIT */
/* progress.c - see progress.h */
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "progress.h"

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Past stderr, which shows no control characters (safe_stderr). */
static void erase_line(void)
{
	dprintf(2, "\r\033[K");
}

void progress_show(struct progress *p, const char *what)
{
	long left = 0;

	if (!isatty(2))
		return;
	if (!p->began_ns)
		p->began_ns = now_ns();
	if (p->until_ns)
		left = (p->until_ns - now_ns()) / 1000000000;
	else if (p->done)
		left = (now_ns() - p->began_ns) / 1e9 / p->done *
		       (p->all - p->done);
	erase_line();
	if (p->until_ns)
		fprintf(stderr, "undecided: %s", what);
	else
		fprintf(stderr, "%ld of %ld: %s", p->done, p->all, what);
	if (p->done || p->until_ns)
		fprintf(stderr, ", %ld:%02ld left", left / 60, left % 60);
	fflush(stderr);
	p->shown = 1;
}

void progress_clear(struct progress *p)
{
	if (p->shown)
		erase_line();
	p->shown = 0;
}
