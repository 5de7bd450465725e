/* SPDX-License-Identifier: MIT */
/*
 * transcript.h - a log as lines to match patterns with
 *
 * Each line begins with the number of the thread, in the order of appearance.
 * In a record by strace, strace's line follows; an unfinished call is joined with
 * its end:
 *
 *     1 recvfrom(3, "x", 64, 0, NULL, NULL) = 1
 *
 * In a record of the kernel's events, the call that the thread was in follows,
 * then the event.  A thread of io_uring has its name instead of a number, and a
 * thread of another program has its name in parentheses:
 *
 *     1 in io_uring_enter: io_uring_poll_arm ... op_str=RECV
 *     iou-wrk: io_uring_complete ... res=1
 */
#ifndef IOMODELS_TRANSCRIPT_H
#define IOMODELS_TRANSCRIPT_H

#include <stdio.h>
#include "text.h"

/*
 * strace's log f, from below the last line that begins with `from`, or whole
 * when that is NULL.
 */
void transcript_strace(FILE *f, const char *from, struct text *out);

/*
 * The text of kernel.log, from below the last write(2) of that many bytes to
 * descriptor -1.  Returns 0, or -1 when there is no such call in it.
 */
int transcript_kernel(const char *log, long long bytes, struct text *out);

#endif
