/* SPDX-License-Identifier: MIT */
/*
 * doing.h - what a measurement does now, for the line of progress
 */
#ifndef IOMODELS_DOING_H
#define IOMODELS_DOING_H

#include "load.h"

/* The server of this name does that now; NULL: what its client writes. */
void doing_is(const char *who, const char *what);

/* That in words ("python3: connects, 7 of 16 open"); in any thread. */
void doing_says(char text[200]);

/* The client's part of it. */
void doing_client_says(char text[100]);

/* Where clients write what they do.  All of them share it, because only one at a
   time has its turn.  NULL: there is no memory. */
volatile struct load_now *doing_client(void);

#endif
