/* SPDX-License-Identifier: MIT */
/*
 * floor.h - what an echo costs when nobody has to wait for it
 */
#ifndef IOMODELS_FLOOR_H
#define IOMODELS_FLOOR_H

#include "turns.h"

enum floor_kind { FLOOR_TCP, FLOOR_UDP, FLOOR_UNIX };

struct floor {
	enum floor_kind kind;
	unsigned pairs;			/* of connected sockets, used in turn */
	unsigned size;			/* bytes of a message */
	unsigned run_ms;		/* after a tenth of it and 1 ms, to be warm */
	unsigned slices;		/* into which run_ms is divided; 0: one */
	struct turns turns;		/* asked before each slice */
};

struct floor_result {
	char why[200];			/* it failed; else empty */
	unsigned long long echoes;	/* a send and a recv each */
	double cpu_us, wall_us;		/* of an echo; medians of the slices */
	struct slice slices[SLICES];	/* without a rate: nobody is served */
	unsigned slice_count;		/* of them, until TURN_LAST */
};

/*
 * Run it in this thread, which the caller has put on the processor of the
 * servers.  *r must be zero.  0, or -1 with r->why.
 */
int floor_run(const struct floor *f, struct floor_result *r);

#endif
