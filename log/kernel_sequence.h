/* SPDX-License-Identifier: MIT */
/*
 * kernel_sequence.h - the part of the kernel's side that is the same in each run
 */
#ifndef IOMODELS_KERNEL_SEQUENCE_H
#define IOMODELS_KERNEL_SEQUENCE_H

#include "text.h"

/*
 * Put into out the part of a capture's text that must be the same in the next
 * capture.
 *
 * One thread: all its lines, and all lines of the client, each in their order.
 * Whether a line of the client comes before or after a line of the thread is not
 * compared, because both run at the same time.  What interrupts and other tasks
 * of the kernel did is not compared, either.
 *
 * One thread and an SQPOLL thread: the same, for all three, without
 * io_uring_enter, sleeps and wake-ups.  Whether one of the two still looks at
 * the queue when the other has put something there is a matter of time.
 *
 * More threads, or io_uring's workers: which thread does which part, and which
 * one has to wait, depends on which is faster.  So only the set of what happened
 * is compared, without results and descriptors: which calls the first thread
 * made, which calls the others made, who copied, who slept at all, who woke
 * whom.  futex and exit are left out.  A first thread that waits in epoll_pwait
 * as the others do counts as one of them.
 *
 * A file: the same, without sleeps, wake-ups and sizes.  How many blocks a
 * request has, and whether they came before a thread waited, depends on the disk.
 */
void kernel_sequence(const char *log, struct text *out);

#endif
