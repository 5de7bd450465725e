/* SPDX-License-Identifier: MIT */
/*
 * tracepoint.h - one line of a capture's kernel.log, lexed
 *
 *     SECONDS.NANOSECONDS cpu pid comm: event field=value field=value ...
 *
 * The time is CLOCK_REALTIME, as in strace.log.  Fields are found by name:
 * kernels differ in which there are and in their order.
 */
#ifndef IOMODELS_TRACEPOINT_H
#define IOMODELS_TRACEPOINT_H

#include <stdint.h>
#include "slice.h"

enum point {
	POINT_UNKNOWN,			/* no event that capture asks for */
	POINT_OTHER,			/* one that says nothing here */
	POINT_ENTER, POINT_EXIT, POINT_SWITCH, POINT_WAKING,
	POINT_NEW_TASK,
	POINT_SIGNAL,			/* signal_generate */
	POINT_PAGES,			/* mm_filemap_get_pages */
	POINT_FAULT,			/* mm_filemap_fault */
	POINT_BLOCK,			/* block_bio_queue */
	POINT_ARRIVAL,			/* sk_data_ready */
	POINT_RECEIVED,			/* sock_recv_length */
	POINT_COPY,			/* skb_copy_datagram_iovec */
	POINT_RING, POINT_SUBMIT, POINT_FILE, POINT_ARM, POINT_ASYNC,
	POINT_TASK_ADD, POINT_COMPLETE, POINT_OVERFLOW, POINT_RING_WAIT,
};

struct tracepoint {
	long long ns;
	int cpu;
	long pid;
	struct slice comm, name, fields, text;
	enum point kind;
};

/* Returns 0, or -1 when the text is not such a line. */
int tracepoint_read(struct tracepoint *t, struct slice text);

/* A field, as text; empty when there is none. */
struct slice tracepoint_text(const struct tracepoint *t, const char *field);
/* A field, as a number; `otherwise` when there is none. */
long long tracepoint_number(const struct tracepoint *t, const char *field,
			    long long otherwise);
/* An address: all of its 64 bits; 0 when there is none. */
uint64_t tracepoint_address(const struct tracepoint *t, const char *field);

#endif
