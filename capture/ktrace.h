/* SPDX-License-Identifier: MIT */
/*
 * ktrace.h - the kernel's side of a committed capture: made, read, compared
 *
 * A line is an event of the kernel, without times and addresses:
 *
 *     1         sys_enter recvfrom(5)
 *     client    sk_data_ready connection
 *
 * First who ran: a thread of the program by its number (1 is the first), a
 * thread that io_uring made (iou-sqp, iou-wrk), the client (or the softirq
 * that brings what it sent), the device (a completion interrupt), or another
 * task or interrupt of the kernel.  Then the tracepoint and what is known of
 * it: pointers are names, pids are thread numbers.
 *
 * Left out is what does not belong to the I/O model:
 *     the set-up, until a server has said that it serves, or a file job
 *     looks at its file, and the end, from SIGTERM or exit_group on;
 *     calls for memory and signal masks, and what libc starts threads with;
 *     switches of a thread that could have run on, and back to it; wake-ups
 *     of one that is not asleep; what the client does to its own sockets.
 *
 * The program runs without strace: strace's stops would be in here.  So the
 * two sides of a capture are two runs of one scenario.
 */
#ifndef IOMODELS_KTRACE_H
#define IOMODELS_KTRACE_H

#include "scenario.h"

struct ktrace {
	const struct program *program;
	const struct scenario *scenario;
	struct text log;
};

/* "one" shows the kernel nothing that "two" does not. */
int ktrace_is_wanted(const struct scenario *c);

/* Returns 0, or -1 with the reason in why (kernel_begin's, or the lab's). */
int ktrace_run(struct ktrace *t, const struct program *p,
	       const struct scenario *c, char why[256]);

void ktrace_free(struct ktrace *t);

/* What is written there: comment lines, then the log. */
void ktrace_format(const struct ktrace *t, struct text *out);

#endif
