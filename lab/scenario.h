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
	const char *service;	/* "print" or "echo": what it is captured with */
	int both;		/* fits the other service as well */
	unsigned unfit;		/* program flags that cannot serve it */
	rlim_t nofile;		/* for lab_options, as the server must have it */
	/*
	 * Play it against 127.0.0.1:s->port, with s->service, UDP when the
	 * program is UDP.  Returns 0 when every byte came back (print: when
	 * every line came out), else -1 and a line in why.
	 */
	int (*play)(struct server *s, char why[256]);
};

/*
 * For captures of what signals lose, and no test of a server: nobody waits
 * for an answer.  scenario_find() knows it, the table has it not.
 */
extern const struct scenario scenario_burst;

extern const struct scenario scenarios[];	/* ends with a null name */
const struct scenario *scenario_find(const char *name);

/*
 * 1 when what s printed, complete after server_stop, is exactly the messages
 * that the scenarios played on s have sent: none lost, cut, mixed or doubled.
 */
int scenario_printed_all(const struct scenario *c, const struct server *s,
			 char why[256]);

#endif
