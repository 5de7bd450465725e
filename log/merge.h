/* SPDX-License-Identifier: MIT */
/*
 * merge.h - the two logs of a capture, read as one on their common clock
 *
 * strace.log leads.  Before a call is judged, kernel.log is read up to the end
 * of that call, and what the kernel saw of it is laid beside it: then its
 * phases are exact.  Where kernel.log stands alone (capture --no-strace) its
 * system calls are written as strace would have written them, with numbers
 * for arguments, and read like any log.
 */
#ifndef IOMODELS_MERGE_H
#define IOMODELS_MERGE_H

#include "manifest.h"
#include "source.h"
#include "witness.h"

struct reader;
struct step;

enum { BAD_KEPT = 5 };

struct merge {
	struct reader *reader;
	struct source source;
	struct witness witness;
	struct manifest manifest;
	struct tracepoint next;		/* read, and not yet taken */
	int more, alone;		/* alone: there is no strace.log */
	long long now_ns;		/* of the line taken last */
	unsigned long lines, bad, disordered;
	struct { unsigned long line; char text[120]; } bad_kept[BAD_KEPT];
	unsigned long calls, exact;	/* calls that may sleep or copy */
	long long slack_ns;
	char folder[256];
	struct map open;		/* alone: pid -> the call it is in */
	char *text;			/* alone: the line in the making */
	size_t text_size;
};

/* NULL, with r->error, when there is no kernel.log that can be opened. */
struct merge *merge_open(struct reader *r, const char *folder);
/* After step_take: read on, and fill the exact half of st. */
void merge_step(struct merge *m, struct step *st);
void merge_exact(struct merge *m, struct step *st);
/* The rest of kernel.log; alone: all of it. */
void merge_drain(struct merge *m);
void merge_free(struct merge *m);

/* "exact", "partly exact", "inferred", and why in one sentence. */
const char *merge_verdict(const struct merge *m, char *why, size_t size);

#endif
