/* SPDX-License-Identifier: MIT */
/*
 * strace.h - a program under strace while a scenario is played
 */
#ifndef IOMODELS_STRACE_H
#define IOMODELS_STRACE_H

#include <stdio.h>
#include "scenario.h"

/* NULL when strace can be used, else why not, and what to do. */
const char *trace_missing(void);

/* "6.1" */
void trace_version(char version[64]);

/*
 * What a file job is captured with instead of a client: six blocks of
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

/* A run: what strace has written, and when the client had done a step. */
struct straced {
	const struct program *program;
	const struct scenario *scenario;
	FILE *log;		/* at its beginning */
	double steps[32];	/* seconds since 1970 */
	int step_count;
};

/*
 * Run p under strace while c is played, then stop it; with frames each call is
 * followed by its stack, if this strace has -k.  The server is idle between the
 * steps of the scenario, so that the order of the calls does not depend on who
 * was faster.  Returns 0, or -1 with the reason in why; strace_free in either
 * case.
 */
int strace_run(struct straced *t, const struct program *p,
	       const struct scenario *c, int frames, char why[256]);

void strace_free(struct straced *t);

/* The comment lines at the head of a file of traces/: what was run, where. */
void strace_head(const struct program *p, const struct scenario *c,
		 struct text *out);

#endif
