/* SPDX-License-Identifier: MIT */
/*
 * finding.h - what is odd, with the lines that show it
 *
 * A fault loses data, sleeps where it must not, or spins.  A cost is a call
 * that buys nothing.  A note is worth knowing and may well be meant.
 */
#ifndef IOMODELS_FINDING_H
#define IOMODELS_FINDING_H

#include "phase.h"
#include "witness.h"

enum finding_kind {
	FINDING_ACCEPT_ONCE,		/* one accept an edge or a signal */
	FINDING_NOT_DRAINED,		/* edge-triggered, unread bytes left */
	FINDING_WASTED_READ,		/* EAGAIN after every read */
	FINDING_HERD,			/* many woken, one accepts */
	FINDING_BLOCKED_LOOP,		/* an event loop slept in a read */
	FINDING_BLOCKING_IN_LOOP,	/* ... could */
	FINDING_ONE_BYTE,		/* reads of one byte */
	FINDING_SIGNAL_QUEUE_FULL,	/* F_SETSIG, and plain SIGIO came */
	FINDING_AIO_BUFFERED,		/* io_submit that reads itself */
	FINDING_AIO_BLOCKED,		/* io_submit that slept all the same */
	FINDING_RING_SINGLE,		/* one request an io_uring_enter */
	FINDING_EPOLL_FILE,		/* EPERM: a file can not be polled */
	FINDING_EPIPE_REPEATED,		/* writes on after EPIPE */
	FINDING_EPIPE,			/* told once that the peer is gone */
	FINDING_SIGPIPE,		/* died of it */
	FINDING_LEAK,			/* the peer closed, the program did not */
	FINDING_LEAK_FILE,		/* one file opened over and over */
	FINDING_EMFILE,			/* out of descriptors, and spins */
	FINDING_SPIN,			/* told of readiness, does nothing */
	FINDING_BUSY_ASK,		/* asks without sleeping, nothing there */
	FINDING_TRACER_EINTR,		/* EINTR that the tracer brought */
	/* What only kernel.log shows: */
	FINDING_SUBMIT_SLEPT,		/* io_submit slept */
	FINDING_RING_WORKER,		/* a pollable request in iou-wrk */
	FINDING_RING_AGAIN,		/* completions of EAGAIN: O_NONBLOCK */
	FINDING_RING_OVERFLOW,		/* completions that had no room */
	FINDING_RING_FAILED,		/* requests failed, unseen by strace */
	FINDING_SIGNAL_LOST,		/* SIGIO while one was pending */
	FINDINGS
};

enum severity { SEVERITY_FAULT, SEVERITY_COST, SEVERITY_NOTE };

enum { FINDING_LINES = 4 };

struct finding {
	struct finding *next;
	enum finding_kind kind;
	long pid;
	unsigned long count;
	unsigned long line[FINDING_LINES];
	unsigned n_lines;
	int of_kernel;			/* the lines are kernel.log's */
	char subject[96];		/* "7 (127.0.0.1:4000)" */
};

struct findings {
	struct finding *first, **tail;
	unsigned n;
	unsigned long errors;		/* calls that failed, in the whole log */
	unsigned long turns;		/* waits and accepts, in the whole log */
	struct map open;		/* hash of pid and path -> struct reopened */
	struct map tasks;		/* pid -> struct habits */
};

void finding_note(struct findings *f, struct step *st);
void finding_file_ends(struct findings *f, struct file *file);
void finding_task_ends(struct findings *f, struct task *t);
/* What the kernel's side shows; before findings_settle. */
void finding_kernel(struct findings *f, const struct witness *w);
/* Drops what did not happen often enough to be said. */
void findings_settle(struct findings *f);
void findings_free(struct findings *f);

const char *finding_name(enum finding_kind k);	/* "not-drained" */
enum severity finding_severity(enum finding_kind k);
const char *severity_name(enum severity s);
const char *finding_title(enum finding_kind k);
const char *finding_advice(enum finding_kind k);

#endif
