/* SPDX-License-Identifier: MIT */
/*
 * watch.h - a program under tracefs alone: no strace slows or stops it
 */
#ifndef IOMODELS_WATCH_H
#define IOMODELS_WATCH_H

#include "kernel.h"
#include "scenario.h"

struct watched {
	struct kernel *kernel;
	const struct kernel_event *events;	/* of the program, from its start on */
	long n;
	int main_pid;
	uint64_t steps[8];		/* when the client had done a step */
	int step_count;			/* (of CLOCK_REALTIME, as in kernel_log) */
	uint64_t stop;			/* when it got the stop signal, as in events */
	unsigned long inode;		/* of the file that a file job reads */
	long lost;			/* records that the kernel dropped */
};

/*
 * Run a server while c is played, then stop it; idle between the steps, as in
 * trace_run().  Returns 0, or with the reason in why -1 when it cannot be run
 * or seen here, 1 when it did not serve; watch_free() in either case.
 */
int watch_server(struct watched *w, const struct program *p,
		 const struct scenario *c, char why[256]);

/*
 * Run a file job with these options, ended by NULL, on a file of this
 * many bytes that is not in the page cache.
 */
int watch_file_job(struct watched *w, const struct program *p, long bytes,
		 char *const *options, char why[256]);

void watch_free(struct watched *w);

#endif
