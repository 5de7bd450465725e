/* SPDX-License-Identifier: MIT */
/*
 * callsite.h - which line of source made the call of a line of the log
 *
 * In a log of strace -k the frames follow the line of their call.  Those whose
 * file has DWARF are the answer, the innermost first, with the functions that
 * the compiler has inlined: "syscalls/sys.h:66 sys_write < syscalls/print.h:115
 * print < models/epoll.c:104 main".
 */
#ifndef IOMODELS_CALLSITE_H
#define IOMODELS_CALLSITE_H

#include "frames.h"
#include "line.h"
#include "map.h"

struct text;

struct callsites {
	struct frames frames;
	struct map of_line;		/* line of the log -> its text */
	struct map texts;		/* hash -> text, each kept once */
	unsigned long line;		/* which frames belong to */
	struct text *text;		/* of the frames of line so far */
};

/* Each line of the log in turn; see reader.line. */
void callsites_line(struct callsites *c, const struct line *l,
		    unsigned long number);

/* The text for a line of the log; NULL: not known. */
const char *callsite_of(const struct callsites *c, unsigned long line);

void callsites_free(struct callsites *c);

#endif
