/* SPDX-License-Identifier: MIT */
/*
 * source.h - the lines of a file or a pipe, read as a stream
 */
#ifndef IOMODELS_SOURCE_H
#define IOMODELS_SOURCE_H

#include "paste.h"
#include "slice.h"
#include "unpack.h"

struct source {
	const char *path;	/* "-": standard input */
	long pid;		/* from a name such as log.4711; 0: none */
	unsigned long number;	/* of the line read last, from 1 */
	unsigned long read;	/* lines; some may be a part of the next one */
	unsigned long long bytes;	/* read so far */
	const char *error;	/* why it ended early; NULL: it did not */
	int cut;		/* the last line has no newline */

	struct paste paste;
	const char *tracer;	/* another one that wrote it; NULL: strace */
	struct unpack *unpack;	/* of a compressed log */
	int wide;		/* UTF-16: 1 little, 2 big endian */
	char odd[2];		/* half a character of it, and if it is there */

	int returns;		/* lines end in CR alone */
	int overwritten;	/* there are CRs in it */
	/* Where lines go on: the one put together, and the one after it. */
	char *joined, *next;
	size_t joined_len, joined_size, next_len, next_size;
	unsigned long next_number;
	int has_next, next_part, next_cut;

	int fd, ended, colour, started;
	char *buf, *plain;	/* plain: the line without colour */
	size_t from, to, size, plain_size;
};

/* Returns 0 or -errno. */
int source_open(struct source *s, const char *path);

/* Read the first bytes, which tell how the file is written. */
void source_peek(struct source *s);
/*
 * The next line, without its newline; it is valid until the next call.
 * Returns 1, or 0 at the end (s->error says if that came too early).
 */
int source_line(struct source *s, struct slice *line);
/*
 * The next line and those after it that are in the buffer already, no more than
 * max; they are valid until the next call.  Returns how many; number is that of
 * the first.
 */
unsigned source_lines(struct source *s, struct slice *line, unsigned max);

void source_close(struct source *s);

#endif
