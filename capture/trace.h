/* SPDX-License-Identifier: MIT */
/*
 * trace.h - a server's system calls under strace: made, read, compared
 *
 * strace shows order and arguments; of its times only the order of magnitude
 * is used here: which call slept through a pause, and which calls lie between
 * two messages.
 */
#ifndef IOMODELS_TRACE_H
#define IOMODELS_TRACE_H

#include "scenario.h"

struct call {
	int thread;		/* 1, 2, ... in order of appearance */
	double entered, left;	/* seconds since 1970; left 0: not seen */
	char *name;		/* "epoll_pwait" */
	char *text;		/* "epoll_pwait(4, [...], 64, -1, NULL, 8) = 1" */
	const char *error;	/* "EAGAIN", in text, or NULL */
};

struct trace {
	const struct program *program;
	const struct scenario *scenario;
	struct text log;	/* strace's lines: thread numbers, no times */
	struct call *calls;	/* in the order in which they began */
	int count, threads;
	double steps[32];	/* when the client had done a step */
	int step_count;
};

/* NULL when strace can be used, else why not, and what to do. */
const char *trace_missing(void);

/* "6.1" */
void trace_version(char version[64]);

/*
 * What a file job is captured with in place of a client: six blocks of
 * 4096 bytes that are not in the page cache, four at once.
 */
extern const struct scenario reads_buffered, reads_direct;
const struct scenario *reads_find(const char *name);	/* or NULL */

/*
 * The scenarios that p is captured in, ended by NULL: "one", "two" and, when
 * signals drive it, "burst"; or the two above.
 */
enum { PLAYED = 4 };
void trace_scenarios(const struct program *p,
		     const struct scenario *list[PLAYED]);

/*
 * Run p under strace while c is played, then stop it.  The server is idle
 * between the steps of the scenario, so that the order of the calls does not
 * depend on who was faster.  Returns 0, or -1 with the reason in why.
 */
int trace_run(struct trace *t, const struct program *p,
	      const struct scenario *c, char why[256]);

void trace_free(struct trace *t);

/* ---- what it shows ---- */

struct row {
	int calls;		/* of all threads, for the second message */
	char waits[64];		/* the calls that slept until it came */
	char copies[32];	/* the call that brought its bytes */
	int threads;
};

/* Of a trace of "two"; returns -1 when the messages are not to be seen. */
int trace_row(const struct trace *t, struct row *row);

/*
 * What must not change from one capture to the next: the names of the calls,
 * a line a thread, sorted.  Left out is what depends on who was faster: calls
 * that found nothing (EAGAIN), futex, repetitions of the last one or two
 * calls; of several threads also the end, and who of them did the work.  Of a
 * hosted program and of a file job's threads only the set of names is
 * compared.  `besides` is a text of more names to leave out, or NULL.
 */
void trace_sequence(const struct trace *t, const char *besides,
		    struct text *out);

/*
 * The name of a call that the text of a header does not contain as a word,
 * or NULL when all are there.
 */
const char *trace_unnamed(const struct trace *t, const char *header);

/* ---- the files in traces/ ---- */

/* DIR/NAME.SCENARIO.ARCH.strace */
void trace_path(const struct trace *t, const char *dir, char path[256]);

/* What is written there: a manifest in comment lines, then the log. */
void trace_format(const struct trace *t, struct text *out);

/* Read such a file.  Returns 0, or -1 with the reason in why. */
int trace_read(struct trace *t, const char *path, char why[256]);

#endif
