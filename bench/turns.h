/* SPDX-License-Identifier: MIT */
/*
 * turns.h - a measurement in slices, between which others have theirs
 */
#ifndef IOMODELS_TURNS_H
#define IOMODELS_TURNS_H

enum { SLICES = 128 };			/* of a measurement, at most */
#define OTHERS_MAX 0.1			/* of a slice; else it is disturbed */

/* What one slice says; 0: nothing. */
struct slice {
	double rate;			/* messages a second */
	double server_us;		/* of processor, per message; negative: not
					   known, for processes ended */
	double seconds;			/* how long it was */
	double began;			/* CLOCK_MONOTONIC; not kept */
	double others;			/* share of the time in which our runnable
					   threads waited for other programs,
					   at least */
};

/* next() returns when it is our turn; TURN_LAST: there are no more slices, and what
   follows them is to be done now; negative: nobody will have one again. */
enum { TURN_SLICE, TURN_LAST };

struct turns {
	int (*next)(void *arg);		/* NULL: it is always ours */
	void *arg;
};

static inline int next_turn(const struct turns *t)
{
	return t->next ? t->next(t->arg) : 0;
}

#endif
