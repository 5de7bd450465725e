/* SPDX-License-Identifier: MIT */
/*
 * claims.h - sentences about I/O models, each decided by a fresh capture
 *
 * A claim has a sentence, where it comes from, and what decides it:
 *   play       a few system calls, made in a process of its own; strace or the
 *              kernel's events record them, and `lines` tells which lines the
 *              record must have
 *   phases     a program's kernel events: who waited, who copied
 *   sequence   a program's calls are those of another
 *   decide     a function: it plays against a server and looks
 * Nothing is decided by a constant: break the model, and its claim falls.
 *
 * A record of a play begins where the play begins.  Each line begins with the
 * number of the thread (or process), in the order of appearance.  Under strace
 * the rest is its line, an unfinished call joined with its end:
 *
 *     1 recvfrom(3, "x", 64, 0, NULL, NULL) = 1
 *
 * Of the kernel it is the call that the thread was in, and the event.  Threads
 * of io_uring go by their name, those of others by theirs in ( ):
 *
 *     1 in io_uring_enter: io_uring_poll_arm ... op_str=RECV
 *     iou-wrk: io_uring_complete ... res=1
 *
 * `lines` is a text: a line a pattern, an extended regular expression.  Each
 * must match a line of the record, below the one that the former matched; with
 * a number before it, "3: pattern", exactly so many lines of the whole record;
 * "3+: pattern", so many or more.
 */
#ifndef IOMODELS_CLAIMS_H
#define IOMODELS_CLAIMS_H

#include "lab.h"

enum verdict { HOLDS, REFUTED, UNTESTABLE, UNDECIDED };

/* What records a play. */
enum recorder { BY_STRACE, BY_KERNEL, BY_KERNEL_UNDER_STRACE };

struct claim {
	const char *id;
	const char *sentence;
	const char *source;		/* "documents", "signal(7)", ... */
	enum verdict expected;		/* HOLDS, or REFUTED: it is an error */

	void (*play)(void);
	enum recorder recorder;
	const char *lines;		/* what must be there, or not */
	const char *against;		/* what refutes an error */

	const char *program;		/* phases, sequence */
	const char *waits, *copies;	/* phases: waits must contain this, */
					/* copies be that */
	int direct;			/* phases of a file reader: 1 buffered,
					   2 O_DIRECT */
	const char *same_as;		/* sequence: the other program */
	enum verdict (*decide)(struct text *proof);	/* anything else */
};

extern const struct claim claims[];	/* ends with a null id */

/* Decide c; proof gets the lines that decided it, or why it cannot be. */
enum verdict claim_decide(const struct claim *c, struct text *proof);

/* In the process that is recorded: make the calls of the claim id. */
int claim_play(const char *id);

#endif
