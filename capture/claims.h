/* SPDX-License-Identifier: MIT */
/*
 * claims.h - sentences about I/O models, each decided by a fresh capture
 *
 * A claim has a sentence, where it comes from, and what decides it:
 *   play       a few system calls, made under strace; then `pattern`, an
 *              extended regular expression, must match a line of the log
 *   phases     a program's kernel events: who waited, who copied
 *   sequence   a program's calls are those of another
 * Nothing is decided by a constant: break the model, and its claim falls.
 */
#ifndef IOMODELS_CLAIMS_H
#define IOMODELS_CLAIMS_H

#include "lab.h"

enum verdict { HOLDS, REFUTED, UNTESTABLE };

struct claim {
	const char *id;
	const char *sentence;
	const char *source;		/* "documents", "signal(7)", ... */
	enum verdict expected;		/* HOLDS, or REFUTED: it is an error */

	void (*play)(void);		/* runs under strace */
	const char *pattern;		/* a line that must be there */
	const char *absent;		/* a line that must not, or NULL */

	const char *program;		/* phases, sequence */
	const char *waits, *copies;	/* phases: what must be in each */
	int direct;			/* phases of a file reader: 1 buffered,
					   2 O_DIRECT */
	const char *same_as;		/* sequence: the other program */
	enum verdict (*decide)(struct text *proof);	/* anything else */
};

extern const struct claim claims[];	/* ends with a null id */

/* Decide c; proof gets the lines that decided it, or why it cannot be. */
enum verdict claim_decide(const struct claim *c, struct text *proof);

/* In the process that strace follows: make the calls of the claim id. */
int claim_play(const char *id);

#endif
