/* SPDX-License-Identifier: MIT */
/*
 * places.h - the line of source of each call in a capture: traces/NAME.lines
 *
 * Line n of epoll.two.x86_64.lines is about line n of epoll.two.x86_64.strace:
 *
 *	models/epoll.c:87 serve: n = sys_recvfrom(fd, scratch, SCRATCH, 0, ...
 *
 * then, each after a tab, its callers; or "-", where none is known or the
 * line is not a call.  syscalls/ is left out: what calls the wrapper is shown.
 * The text of the line is what counts: the number follows it when lines
 * above it come or go (places_follow).
 */
#ifndef IOMODELS_PLACES_H
#define IOMODELS_PLACES_H

#include "normal.h"

/* The whole file, of a trace made by trace_run_frames. */
void places_format(const struct trace *t, struct text *out);

/*
 * The file's text again, with the numbers that the lines have in the source
 * now.  What is not there any more goes to lost, a line each.
 */
void places_follow(const char *file, struct text *out, struct text *lost);

/*
 * What is compared of two captures: "recvfrom models/epoll.c serve: n = ...",
 * sorted, each once; from the texts of a .strace and of its .lines.  A
 * call that is made or not, depending on which thread was faster, is left out.
 */
void places_sequence(const char *strace, const char *file, struct text *out);

/* 1 when both texts of a .strace have the same calls line by line. */
int places_fit(const char *strace, const char *other);

/* "x.strace" -> "x.lines" */
void places_path(const char *strace, char path[256]);

#endif
