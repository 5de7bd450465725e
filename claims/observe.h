/* SPDX-License-Identifier: MIT */
/*
 * observe.h - run a program while it is recorded; what log/ reads in the record
 *
 * capture/ records, log/ reads; here a program's run goes from one to the
 * other.
 */
#ifndef IOMODELS_OBSERVE_H
#define IOMODELS_OBSERVE_H

#include "../log/normal.h"
#include "scenario.h"

/*
 * Run p under strace while c is played (strace_run), and read what it wrote.
 * Returns 0, or -1 with the reason in why; trace_free in either case.
 */
int trace_run(struct trace *t, const struct program *p,
	      const struct scenario *c, char why[256]);

/* The same, and t->frames is filled in, if this strace has -k. */
int trace_run_frames(struct trace *t, const struct program *p,
		     const struct scenario *c, char why[256]);

/* The whole file of traces/: what was run, in comment lines, then the log. */
void trace_format(const struct trace *t, struct text *out);

/* Which thread waited and which copied, without strace, by the kernel's own events. */
struct phases {
	char waits[160];	/* "main in epoll_pwait, thread in futex" */
	char copies[160];	/* "thread in recvfrom" */
	long lost;		/* records that the kernel dropped */
	long long from_ns, to_ns;	/* of the message */
	struct text events;	/* those of the message, a line each;
				   to be freed: phases_free */
};

/*
 * Run p under tracefs, without strace, while "two" is played; the phases are
 * those of its second message.  waits: the threads that had gone to sleep
 * before it came and ran before the next step.  Returns 0, or with the reason
 * in why -1 when it cannot be run or seen here, 1 when the server did not
 * serve.
 */
int phases_run(struct phases *p, const struct program *program, char why[256]);

/*
 * Run a file job on a file of its own that is not in the page cache, with
 * O_DIRECT if direct is set.  waits: the calls in which its threads slept
 * longest; copies: who took pages from the page cache, or "the device" when
 * nobody did and blocks were asked for.
 */
int phases_run_file(struct phases *p, const struct program *program, int direct,
		    char why[256]);

void phases_free(struct phases *p);

#endif
