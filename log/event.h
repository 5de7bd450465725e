/* SPDX-License-Identifier: MIT */
/*
 * event.h - from lines to events: a call is one event, however many lines
 * strace needed for it
 *
 *   - "<unfinished ...>" and "<... resumed>" are joined, by pid;
 *   - a call that a signal cut short and the kernel restarted (ERESTART*,
 *     then restart_syscall or the same call again) is one call;
 *   - a call that strace's own chatter tore apart is put together.
 */
#ifndef IOMODELS_EVENT_H
#define IOMODELS_EVENT_H

#include "call.h"
#include "line.h"
#include "map.h"

enum event_kind {
	EVENT_CALL,		/* a call, with its result if it has one */
	EVENT_BEGUN,		/* an unfinished line: the result comes later */
	EVENT_SIGNAL,
	EVENT_STOPPED,
	EVENT_EXIT,		/* of a thread */
	EVENT_SUPERSEDED,	/* another thread's execve ended this one */
	EVENT_NOTE,		/* frames, dumps, chatter, comments, tables */
	EVENT_UNKNOWN,		/* a line that was not understood */
};

enum { HELD = 4 };

/* What is known of one thread's text: at most one call is open. */
struct strand {
	long pid;
	char *text;		/* "read(3, " of the open call; then with its end */
	size_t len, cap;
	unsigned char open, detached;	/* detached: strace let go in it */
	unsigned char known;	/* process.h knows it, under task_pid */
	unsigned long first;	/* line of the open call */
	long long start_ns, took_ns;
	struct held {		/* HELD of them: cut short by a signal, may go on */
		char *text;	/* "poll([{fd=3, ...}], 1, 5000" */
		size_t len;
		enum call call;
		unsigned long first;
		long long start_ns, took_ns;
		unsigned restarts;
	} *held;
	unsigned n_held, since_held;
	long task_pid;
};

struct event {
	enum event_kind kind;
	struct strand *strand;	/* NULL: the line belongs to no thread */
	struct line *line;	/* of a call: lexed from the joined text */
	enum call call;
	unsigned long first, last;	/* line numbers */
	long long start_ns;	/* NO_TIME: the log has no times */
	long long end_ns;	/* the best that is known; NO_TIME: nothing */
	long long took_ns;	/* -T, or from the resumed line; NO_TIME */
	unsigned restarts;	/* lines of the same call before */
	int interrupted;	/* a signal ended it for good (EINTR) */
	int joined;		/* from an unfinished and a resumed line */
};

/*
 * What a program wrote to its terminal: strace's lines go to the same place,
 * and then so does this.
 */
struct said {
	char text[512];
	size_t len;
	unsigned long owed;	/* bytes of it that have not been seen */
	int whole;		/* text is all of it */
};

enum { SAID = 4 };

struct joiner {
	void (*emit)(void *context, struct event *e);
	void *context;
	struct map strands;	/* by pid */
	struct map announced;	/* pids that clone or strace promised */
	struct strand *last;	/* cache, and whom a headless line continues */
	char *cut;		/* a call that chatter tore apart */
	size_t cut_len;
	struct strand *cut_strand;
	struct strand *lowest;	/* cache: that with the lowest pid, or NULL */
	char *scratch;		/* a call that was held, with its end */
	size_t scratch_cap;
	unsigned long lines, unknown, orphans, out_of_order;
	unsigned long cut_first;
	long long cut_start_ns;
	long long now_ns, day_ns;	/* -r adds up, -t wraps at midnight */
	int cut_doubtful;		/* it may be no call at all */
	int cut_prose;			/* who pasted it wrote a text behind it */
	int cut_shown;			/* the terminal shows what it wrote */
	int attached;			/* strace said that it attached */
	struct said said[SAID];		/* the last ones, in turn */
	unsigned n_said;
	unsigned long own_output;	/* lines that are such text */
	int in_table, has_clock, has_times, has_durations;
	int goes_on;		/* the last line so far says that another follows */
	int merged, timed;	/* of several files: by effect, not by start */
};

void joiner_start(struct joiner *j, void (*emit)(void *, struct event *),
		  void *context);
/* default_pid: whose line it is when it does not say; 0: unknown. */
void joiner_line(struct joiner *j, struct line *l, unsigned long number,
		 long default_pid);
/* What is still open was not finished when the log ended. */
void joiner_end(struct joiner *j);

#endif
