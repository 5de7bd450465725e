/* SPDX-License-Identifier: MIT */
/*
 * frames.h - from a stack frame of strace -k to lines of source
 *
 *	 > /home/u/iomodels/build/models/epoll(main+0x951) [0x1951]
 *
 * names a file and an offset in it.  addr2line (binutils) knows from the
 * file's DWARF which line that is, and through which functions the compiler
 * has inlined it.
 */
#ifndef IOMODELS_FRAMES_H
#define IOMODELS_FRAMES_H

#include "map.h"
#include "slice.h"

struct text;
struct binary;

struct frames {
	struct binary *first;		/* those asked so far */
};

/*
 * Add to out a line "FILE:LINE FUNCTION" for the frame and, before it, for
 * each function that was inlined there, the innermost first.  A file below
 * the working directory is written relative to it.  Adds nothing when the
 * frame's file is gone or has no DWARF.
 */
void frames_add(struct frames *f, struct slice frame, struct text *out);

void frames_free(struct frames *f);

#endif
