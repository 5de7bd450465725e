/* SPDX-License-Identifier: MIT */
/*
 * verdict.h - the answer in one or two sentences
 *
 * What the program is, where it was when the log ended, and the one thing that
 * matters most: the first finding, a call that never returned, the largest
 * wait, or that nothing is wrong.  A server without work is idle, not hung.
 */
#ifndef IOMODELS_VERDICT_H
#define IOMODELS_VERDICT_H

#include "reader.h"

/* What the verdict rests on; stable names for --json. */
enum verdict_of {
	VERDICT_NOTHING, VERDICT_FINDING, VERDICT_OPEN, VERDICT_WAIT,
	VERDICT_OUTSIDE, VERDICT_IDLE, VERDICT_DONE,
};

enum verdict_of reader_verdict(const struct reader *r, char *text, size_t size);
const char *verdict_name(enum verdict_of v);

/* It waits for work that somebody else has to bring: no fault. */
int open_is_idle(const struct reader *r, const struct unreturned *o);
/* "read (data from 127.0.0.1:7000)" of an open call into text. */
const char *open_text(const struct unreturned *o, char *text, size_t size);
/* What to look at next, where the log does not tell; "" if nothing. */
const char *open_next(const struct unreturned *o, char *text, size_t size);

/* "1 thread was made (line 20) and is not in this log: ..."; or "". */
const char *unfollowed_text(const struct reader *r, char *text, size_t size);

#endif
