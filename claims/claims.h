/* SPDX-License-Identifier: MIT */
/*
 * claims.h - sentences about I/O models, each decided by a fresh capture
 *
 * A claim has a sentence, where it comes from, and what decides it:
 *   play       a few system calls, made in a process of its own; strace or the
 *              kernel's events record them, and `lines` tells which lines the
 *              record must have
 *   phases     a program's kernel events: who waited, who copied; with
 *              `calls` also lines of its strace
 *   sequence   a program's calls, with their arguments, are those of another
 *   decide     a function that plays against a server
 * Nothing is decided by a constant: break the model, and its claim fails.
 *
 * A record of a play begins where the play begins; log/transcript.h shows its
 * lines.
 *
 * Each line of the text `lines` is a pattern, an extended regular expression.
 * It must match a line of the record, below the line that the pattern before it
 * matched.  With a number before it, as in "3: pattern", it must match exactly
 * three lines of the whole record; "3+: pattern" asks for three or more.
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
	const char *source;		/* "the tutorial", "signal(7)", ... */
	const char *domain;		/* what it is tried on: "TCP, blocking" */
	const char *since;		/* not tried before this Linux: "6.1" */
	const char *words;		/* more words by which --about finds it */
	enum verdict expected;		/* HOLDS, or REFUTED: it is an error */

	void (*play)(void);
	enum recorder recorder;
	const char *lines;		/* what must be there, or not */
	const char *against;		/* what refutes an error */

	/*
	 * The false twin: a sentence that is wrong, decided in the same way, so
	 * that we know that the claim can fail.  Either other lines that
	 * the same record must not have, or another program.
	 */
	const char *twin;		/* the false sentence */
	const char *twin_lines, *twin_program;

	const char *program;		/* phases, sequence */
	const char *waits, *copies;	/* phases: patterns of the whole text */
	const char *calls;		/* and lines of its strace, or NULL */
	int direct;			/* phases of a file job: 1 buffered,
					   2 O_DIRECT */
	const char *same_as;		/* sequence: the other program */
	/* anything else; it may use program and lines */
	enum verdict (*decide)(const struct claim *c, struct text *proof);
};

extern const struct claim claims[];	/* ends with a null id */

/* Decide c; proof gets the lines that decided it, or why it cannot be. */
enum verdict claim_decide(const struct claim *c, struct text *proof);

/*
 * Decide the false twin of c, which must be REFUTED; UNTESTABLE also when c
 * has none.
 */
enum verdict claim_decide_twin(const struct claim *c, struct text *proof);

/* In the process that is recorded: make the calls of the claim id. */
int claim_play(const char *id);

#endif
