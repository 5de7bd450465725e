/* SPDX-License-Identifier: MIT */
/*
 * rings.h - what no tracepoint tells of io_uring: buffers, unread completions
 *
 * The event io_uring_submit_req has the address of a request, but not that of
 * its buffer.  A BPF program of a dozen instructions, on the same tracepoint,
 * copies the beginning of the request; where in it the buffer's address lies is
 * found out with two requests of our own, because layouts differ by kernel.
 *
 * Reading a completion takes no call.  So the head and the tail of the
 * completion queue are looked at every few milliseconds, through a descriptor
 * and a mapping of the ring that are ours for some microseconds.
 */
#ifndef IOMODELS_RINGS_H
#define IOMODELS_RINGS_H

#include <stdint.h>
#include <sys/types.h>

struct rings;

/* Completions that lay ready in a ring: at each look between these times. */
struct unread {
	pid_t pid, thread;		/* who made the ring */
	int fd;
	unsigned completions;
	int64_t from, to;		/* CLOCK_REALTIME, ns */
};

/*
 * Look at the rings of the processes that the tracefs instance in this folder
 * follows.  NULL with the reason, when this user or this kernel does not allow
 * it.
 */
struct rings *rings_begin(const char *instance, char why[128]);

/* No more is looked at. */
void rings_end(struct rings *r);

/* After rings_end, in the order of time: the buffer of a request that was
   submitted at ns (CLOCK_MONOTONIC); -1: not known. */
int rings_buffer(struct rings *r, uint64_t request, uint64_t user_data,
		 unsigned opcode, int64_t ns, uint64_t *address,
		 uint32_t *bytes);

/* For each ring the longest time; *n is their number. */
const struct unread *rings_unread(const struct rings *r, unsigned *n);

void rings_free(struct rings *r);

#endif
