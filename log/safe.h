/* SPDX-License-Identifier: MIT */
/*
 * safe.h - text of a log on its way to a terminal
 *
 * A log may hold anything.  What drives a terminal or turns the direction of
 * text becomes '?': control characters of both sets (C0 and C1, so OSC and
 * CSI, too), bidirectional marks, line separators, what has no width, and bytes
 * that are not UTF-8.  Our own colours pass, where they are asked for.
 */
#ifndef IOMODELS_SAFE_H
#define IOMODELS_SAFE_H

#include <stdio.h>

/* A character that a terminal may be shown. */
int safe_character(unsigned long c);
/* The length of the UTF-8 character at p, or 0: none; -1: it is cut off. */
int safe_utf8(const unsigned char *p, size_t n, unsigned long *c);

/*
 * A stream whose text goes to out so.  fclose ends it; out stays open, and its
 * owner sees whether the text came through.
 * colour: ESC [ N m of our own reports passes.
 */
FILE *safe_stream(FILE *out, int colour);
/*
 * From here on stderr is such a stream, where it is a terminal: messages quote
 * arguments, names of files and what others have written.
 */
void safe_stderr(void);
/* The text into to, at most size bytes with the end. */
const char *safe_text(const char *text, char *to, size_t size);

#endif
