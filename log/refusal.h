/* SPDX-License-Identifier: MIT */
/*
 * refusal.h - why the kernel refused a call, and what helps
 *
 * One table from a call and its errno to cause and remedy.
 */
#ifndef IOMODELS_REFUSAL_H
#define IOMODELS_REFUSAL_H

#include "slice.h"

enum refusal_when {
	REFUSED_ALWAYS,		/* a fault wherever it occurs */
	REFUSED_FOR_GOOD,	/* a fault unless the same succeeds later */
	REFUSED_AT_END,		/* a fault if it makes the program end */
	REFUSED_COST,		/* reported: the program falls back */
};

enum { REFUSALS_MAX = 200 };	/* rows, no more */

struct refusal {
	const char *calls;		/* "accept accept4", or "*" */
	const char *error;
	const char *argument;		/* must be in the arguments, or NULL */
	const char *id;
	enum refusal_when when;
	const char *limit;		/* which limit or rule, in a few words */
	const char *cause, *remedy;
};

/* The row for a call, or NULL. */
const struct refusal *refusal_find(struct slice call, struct slice error,
				   struct slice args);
const struct refusal *refusal_at(unsigned i);	/* below REFUSALS_MAX */

#endif
