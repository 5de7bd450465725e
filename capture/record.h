/* SPDX-License-Identifier: MIT */
/*
 * record.h - runs a command under strace and tracefs, writes a folder
 *
 *     strace.log     what strace saw, from the command's own execve on
 *     kernel.log     the tracepoints, a line each (kernel_print)
 *     manifest.json  what was run where, on which clock, what is missing
 *
 * The command is our own child: its exit status, standard streams, terminal
 * and signals are as without us, and strace attaches to it before it is let
 * go.  So no shell and no strace stands between us and it.
 */
#ifndef IOMODELS_RECORD_H
#define IOMODELS_RECORD_H

#include <sys/types.h>
#include "../log/align.h"
#include "kernel.h"

struct recording {
	char *const *command;		/* ends with NULL; NULL: attach to pid */
	pid_t pid;
	const char *dir;		/* exists; its files are their owner's */
	const char *said_by;		/* before its messages; NULL: capture */
	const char *scenario;		/* for the manifest, or NULL */
	int no_strace, no_kernel;	/* not asked for */
	/*
	 * Called when strace.log and kernel.log are written: cuts strace.log,
	 * and sets lines, files, alignment and aligned.  Nothing here reads a
	 * log.
	 * 0, or -1 with errno.
	 */
	int (*read)(struct recording *r);

	/* What comes of it: */
	char path[4096];		/* of the command's executable */
	char without_strace[256];	/* why that side is missing, or empty */
	char without_kernel[256];
	char without_stacks[128];	/* of the kernel, at each sleep */
	char without_rings[128];	/* buffers, and unread completions */
	pid_t strace;			/* its process number; 0: it was not there */
	int ns_precision;		/* of strace: 0 means microseconds */
	long lines;			/* in strace.log */
	struct text files;		/* executed and mapped, one path per line */
	struct kernel *kernel;
	const struct kernel_event *events;	/* from the command's execve on */
	long n;
	long lost;			/* -1: the records are not complete */
	struct alignment alignment;
	int aligned;			/* there was something to compare */
	int64_t began, ended;		/* CLOCK_REALTIME */
	int64_t stopped;		/* of it, by SIGTSTP (Ctrl-Z), ns */
	int interrupted;		/* a signal ended us; it was passed on */
	int failed;			/* the logs are not whole: for nobody */
	int status;			/* of wait(2) */
};

/*
 * Returns the exit status of the command, 128 + N when signal N ended it; 126
 * or 127 when it could not be started and 1 when nothing can be captured: then
 * a line on stderr has said why.  With a pid it ends at SIGINT, SIGTERM or
 * when the process does, with 0.
 */
int record(struct recording *r);

void record_free(struct recording *r);

/* Write manifest.json; 0 or -1 with errno. */
int manifest_write(const struct recording *r);

#endif
