/* SPDX-License-Identifier: MIT */
/*
 * strace.h - a program under strace while a scenario is played
 */
#ifndef IOMODELS_STRACE_H
#define IOMODELS_STRACE_H

#include "../log/normal.h"
#include "scenario.h"

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

/* The same, and t->frames is filled in, if this strace has -k. */
int trace_run_frames(struct trace *t, const struct program *p,
		     const struct scenario *c, char why[256]);

/* ---- the files in traces/ ---- */

/* DIR/NAME.SCENARIO.ARCH.strace */
void trace_path(const struct trace *t, const char *dir, char path[256]);

/* What is written there: a manifest in comment lines, then the log. */
void trace_format(const struct trace *t, struct text *out);

#endif
