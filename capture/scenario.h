/* SPDX-License-Identifier: MIT */
/*
 * scenario.h - scripted clients, and whether every byte came back
 *
 * A scenario knows the service it wants; under echo it compares what comes
 * back with what it sent, under print the caller compares server.out.
 */
#ifndef IOMODELS_SCENARIO_H
#define IOMODELS_SCENARIO_H

#include "lab.h"

struct scenario {
	const char *name;	/* "one" "two" "crowd" "slow" "idle" "reset"
				   "half-close" "emfile" "big" */
	const char *about;	/* a sentence */
	const char *service;	/* "print" or "echo" */
	unsigned unfit;		/* program flags that cannot serve it */
	/*
	 * Play it against 127.0.0.1:s->port.  Returns 0 when every byte came
	 * back, else -1 and a line in why.
	 */
	int (*play)(struct server *s, char why[256]);
};

extern const struct scenario scenarios[];	/* ends with a null name */
const struct scenario *scenario_find(const char *name);

/* 1 when what s printed holds every message that the scenario sent. */
int scenario_printed_all(const struct scenario *c, const struct server *s,
			 char why[256]);

#endif
