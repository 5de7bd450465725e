/* SPDX-License-Identifier: MIT */
/*
 * phase.h - wait or copy: what a call did for a message
 *
 * From strace alone a phase is inferred: a recvfrom that slept and copied is
 * one line.  With the kernel's events of a capture merge.c knows what it did,
 * and st->kernel says so.
 */
#ifndef IOMODELS_PHASE_H
#define IOMODELS_PHASE_H

#include "process.h"

enum phase {			/* bits: a blocking read waits and copies */
	PHASE_WAIT	= 1 << 0,
	PHASE_COPY	= 1 << 1,
	PHASE_ACCEPT	= 1 << 2,
	PHASE_EMPTY	= 1 << 3,	/* asked, nothing there: EAGAIN */
	PHASE_SUBMIT	= 1 << 4,	/* handed to the kernel */
	PHASE_SIGNAL	= 1 << 5,	/* the kernel tells */
	PHASE_EOF	= 1 << 6,	/* the peer has closed */
	PHASE_FAILED	= 1 << 7,
	PHASE_SETUP	= 1 << 8,	/* makes, changes, ends descriptors */
};

/* Fills phase, model and wait_ns of st, and the readiness of its files. */
void phase_decide(struct step *st);

/* "waits", "waits and copies 33 bytes": at most size bytes into text. */
const char *phase_text(const struct step *st, char *text, size_t size);

#endif
