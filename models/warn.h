/* SPDX-License-Identifier: MIT */
/*
 * warn.h - one line on stderr, which never blocks the server
 *
 * Peers cause such lines, one with each reset, and stderr may be a pipe that
 * nobody reads any more.  So ppoll asks first whether there is room; a pipe
 * that has some takes a whole line (PIPE_BUF).  A line that finds no room is
 * dropped and counted, and the next line that finds room begins with the
 * count.  What another process writes between the two calls can still make
 * the write wait: SIGTERM ends the server all the same (stop.h).
 */
#ifndef IOMODELS_WARN_H
#define IOMODELS_WARN_H

#include "../syscalls/start.h"
#include "../syscalls/program.h"
#include "../syscalls/thread.h"

/* 1: a write to this pipe, socket or terminal does not wait, or fails at once. */
static int has_room(int fd)
{
	struct pollfd out = { .fd = fd, .events = POLLOUT };
	struct timespec now = { 0 };	/* the kernel writes it */

	return sys_ppoll(&out, 1, &now, NULL) == 1;
}

__attribute__((format(printf, 1, 2)))
static void warn(const char *fmt, ...)
{
	static struct lock one_line;		/* threads warn too */
	static unsigned dropped;
	static char text[1024];
	__builtin_va_list args;
	int n = 0;

	__builtin_va_start(args, fmt);
	lock(&one_line);
	if (dropped)
		n = format(text, sizeof(text), NAME ": stderr was full: %u "
			   "lines dropped\n" NAME ": ", dropped);
	else
		n = format(text, sizeof(text), NAME ": ");
	n += vformat(text + n, sizeof(text) - n, fmt, args);
	dropped++;
	if (has_room(2) && sys_write(2, text, n) > 0)
		dropped = 0;
	unlock(&one_line);
	__builtin_va_end(args);
}

#endif
