/* SPDX-License-Identifier: MIT */
/*
 * normal.h - the calls of a strace log in normal form, and what they show
 *
 * Threads have numbers instead of pids, and there are no times: what is left
 * is the same in each run.  strace shows order and arguments; of its times
 * only the order of magnitude is used here: which call slept through a pause,
 * and which calls lie between two messages.
 */
#ifndef IOMODELS_NORMAL_H
#define IOMODELS_NORMAL_H

#include <stdio.h>
#include "text.h"

/* Of lab/: whose log it is, for the caller; nothing here looks at them. */
struct program;
struct scenario;

struct traced_call {
	int thread;		/* 1, 2, ... in order of appearance */
	double entered, left;	/* seconds since 1970; left 0: not seen */
	int last;		/* the line of log in which it ends, from 1 */
	char *name;		/* "epoll_pwait" */
	char *text;		/* "epoll_pwait(4, [...], 64, -1, NULL, 8) = 1" */
	const char *error;	/* "EAGAIN", in text, or NULL */
};

struct trace {
	const struct program *program;
	const struct scenario *scenario;
	char command[128];	/* "build/models/epoll"; "": not known */
	struct text log;	/* strace's lines: thread numbers, no times */
	struct text *frames;	/* of each of them, as strace -k gave them */
	int lines;		/* of log */
	struct traced_call *calls;	/* in the order in which they began */
	int count, threads;
	double steps[32];	/* when the client had done a step */
	int step_count;
};

/* Add what strace has written to f.  Returns 0, or -1: no call is in it. */
int trace_read_log(struct trace *t, FILE *f);

/* Read a file of traces/.  Returns 0, or -1 with the reason in why. */
int trace_read(struct trace *t, const char *path, char why[256]);

void trace_free(struct trace *t);

/* ---- what it shows ---- */

struct trace_cost {
	int calls;		/* of all threads, for the second message */
	char waits[64];		/* the calls that slept until it came */
	char copies[32];	/* the call that brought its bytes */
	int threads;
};

/* Of a trace of "two"; returns -1 when the trace shows no messages. */
int trace_row(const struct trace *t, struct trace_cost *row);

/*
 * What must not change from one capture to the next: the names of the calls,
 * one line per thread, sorted.  What depends on timing is left out: calls
 * that found nothing (EAGAIN), futex, repetitions of the last one or two
 * calls; of several threads also the end, and which of them did the work.  Of
 * a hosted program and of a file job's threads only the set of names is
 * compared.  `besides` is a text of more names to leave out, or NULL.
 */
void trace_sequence(const struct trace *t, const char *besides,
		    struct text *out);

/*
 * The name of a call that the text of a header does not contain as a word,
 * or NULL when all are there.
 */
const char *trace_unnamed(const struct trace *t, const char *header);

#endif
