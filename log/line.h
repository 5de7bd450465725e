/* SPDX-License-Identifier: MIT */
/*
 * line.h - one line of strace output, lexed
 *
 * A line is a leader (pid, time, call number, instruction pointer: whatever
 * options asked for) and a body.  The leader is recognised line by line, so a
 * file in which two captures were concatenated still reads.  Everything in a
 * struct line points into the text that was given.
 */
#ifndef IOMODELS_LINE_H
#define IOMODELS_LINE_H

#include <limits.h>
#include <stdint.h>
#include "slice.h"

enum line_kind {
	LINE_EMPTY,
	LINE_CALL,		/* name(args) = ret */
	LINE_UNFINISHED,	/* name(args <unfinished ...> */
	LINE_RESUMED,		/* <... name resumed>args) = ret */
	LINE_RESUMED_UNFINISHED,	/* both on one line */
	LINE_SIGNAL,		/* --- SIGIO {si_signo=SIGIO, ...} --- */
	LINE_STOPPED,		/* --- stopped by SIGSTOP --- */
	LINE_EXITED,		/* +++ exited with 0 +++ */
	LINE_KILLED,		/* +++ killed by SIGSEGV (core dumped) +++ */
	LINE_SUPERSEDED,	/* +++ superseded by execve in pid 7 +++ */
	LINE_FRAME,		/* a stack frame of -k */
	LINE_DUMP,		/* a hex dump of -e read= or -e write= */
	LINE_TABLE,		/* the table of -c or -C */
	LINE_CHATTER,		/* what strace says about itself */
	LINE_COMMENT,		/* # ..., as in our committed captures */
	LINE_CUT,		/* a call that ends in chatter: more follows */
	LINE_TAIL,		/* the rest of such a call: no leader */
	LINE_UNKNOWN,
};

enum line_flag {
	LINE_HAS_ERROR	= 1 << 0,	/* the call returned -1 and an errno */
	LINE_NO_RETURN	= 1 << 1,	/* "= ?": it did not come back */
	LINE_RESTART	= 1 << 2,	/* "= ? ERESTART...": it will go on */
	LINE_INJECTED	= 1 << 3,	/* strace made the result up */
	LINE_DELAYED	= 1 << 4,	/* strace held it up */
	LINE_DETACHED	= 1 << 5,	/* strace let go in the middle */
	LINE_REBORN	= 1 << 6,	/* <pid changed to N ...> (new_pid) */
	LINE_ATTACHED	= 1 << 7,	/* chatter: new_pid is traced now */
	LINE_RESUMES	= 1 << 8,	/* restart_syscall(<... resuming */
	LINE_PID_COLUMN	= 1 << 9,	/* "[pid 7]": written to a terminal */
};

#define NO_TIME LLONG_MIN
#define DAY_NS (24 * 3600 * 1000000000LL)

/* A log may claim any time: sums stop at the largest. */
static inline long long plus_ns(long long a, long long b)
{
	long long sum;

	return __builtin_add_overflow(a, b, &sum) ? LLONG_MAX : sum;
}

enum { LINE_ARGS = 10 };

struct line {
	enum line_kind kind;
	unsigned flags;
	struct slice text;	/* all of it, without the newline */
	struct slice body;	/* without the leader */

	long pid;		/* 0: the line has none */
	struct slice comm;	/* of -Y */
	long long at_ns;	/* -t, -tt, -ttt; NO_TIME: none */
	long long since_ns;	/* -r: since the line before; NO_TIME: none */
	long long took_ns;	/* -T; NO_TIME: none */
	int clock_of_day;	/* at_ns counts from midnight (-t, -tt) */

	struct slice name;	/* of the call or the signal */
	struct slice args;	/* between the parentheses */
	unsigned n_args;	/* of arg[]; further ones are only in args */
	struct slice value;	/* what was returned, as text: "7<TCP:[1]>" */
	long long ret;
	struct slice error;	/* "EAGAIN" */
	struct slice aux;	/* "[{fd=3, revents=POLLIN}]", "Timeout" */
	long new_pid;		/* see LINE_REBORN, LINE_ATTACHED, clone */
	long threads;		/* chatter: "attached with 5 threads"; or 0 */
	int status;		/* of an exit */
	struct slice arg[LINE_ARGS];	/* the last: what is not there is not set */
};

/* Lex the text of one line.  Never fails: kind is LINE_UNKNOWN at worst. */
void line_read(struct line *l, const char *text, size_t len);

/*
 * Lex "name(args) = ret" alone, as joined from an unfinished and a resumed
 * line.  Returns 0, or -1 when the text is not a complete call.
 */
int line_read_call(struct line *l, const char *text, size_t len);

/* Of a call that has begun, "read(3, ": what stands behind the parenthesis. */
static inline struct slice line_begun(const struct line *l)
{
	const char *end = l->body.at + l->body.len;

	if (l->name.at == l->body.at && l->name.len < l->body.len)
		return slice_of(l->name.at + l->name.len + 1, end);
	return slice_after(l->body, "(");
}

/* The line without its leader and without the duration of -T. */
struct slice line_said(const struct line *l);

/*
 * The next element of a list "a, {b, c}, d" at depth 0; *s moves on.  Returns
 * 0 at the end.  Strings, brackets and <decorations> are not split.
 */
int line_element(struct slice *s, struct slice *element);

/* The value of name in "{a=1, name=2, ...}": text up to the next comma. */
struct slice line_field(struct slice s, const char *name);

/* p is at an opening quote.  Past the closing one; NULL when there is none. */
const char *skip_string(const char *p, const char *end);

/*
 * A path of -x or -xx, "\\x2f\\x64\\x65\\x76", as it reads: in to, or s itself
 * when it has no such escape.  What is cut short or does not print stays.
 */
struct slice line_plain(struct slice s, char *to, size_t size);

/*
 * A descriptor: "3", "3<TCP:[1]>", "AT_FDCWD</tmp>", "0x3".  Returns the number, -1
 * when it is not one; *decoration is what stands between < and >.
 */
long line_fd(struct slice s, struct slice *decoration);

#endif
