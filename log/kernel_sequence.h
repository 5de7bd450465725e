/* SPDX-License-Identifier: MIT */
/*
 * kernel_sequence.h - what of the kernel's side is the same in each run
 */
#ifndef IOMODELS_KERNEL_SEQUENCE_H
#define IOMODELS_KERNEL_SEQUENCE_H

#include "text.h"

/*
 * What must not change from one capture to the next, of the text of one.
 *
 * One thread: all its lines, and all of the client, in their order.  How the
 * lines of one lie between those of the other is not compared: they run at the
 * same time.  Nor is what interrupts did, and other tasks of the kernel.
 *
 * One thread and an SQPOLL thread: the same, for the three, without
 * io_uring_enter, sleeps and wake-ups.  Whether one of the two still looks at
 * the queue when the other has put something there is a matter of time.
 *
 * More threads, or io_uring's workers: who does which part depends on who is
 * faster, and so does who has to wait.  Compared is the set of what happened,
 * without results and descriptors: which calls the first thread made, which
 * the others, who copied, who slept at all, who woke whom.  futex and exit are
 * left out.
 * A first thread that waits in epoll_pwait as the others do is one of them.
 *
 * A file: the same, without sleeps and wake-ups and sizes; how many blocks a
 * request has, and whether they came before somebody waited, is the disk's.
 */
void kernel_sequence(const char *log, struct text *out);

#endif
