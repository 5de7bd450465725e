/* SPDX-License-Identifier: MIT */
/*
 * account.h - where the time of each thread went, and where it was at the end
 *
 * The wall clock of a thread is split into waits (one entry for a call and
 * what it waited for), time in other calls, and time outside of calls.  A call
 * shorter than SHORT_NS counts as "other": strace itself costs that much.  A
 * call that was open when the log ended lasted until the end of the log.
 */
#ifndef IOMODELS_ACCOUNT_H
#define IOMODELS_ACCOUNT_H

#include "phase.h"

enum {
	SHORT_NS = 200000,	/* below it a call is not taken to have slept */
	WAITS_MAX = 24,		/* entries of a thread; the last one is "others" */
	WAITS_OTHERS = 1,	/* its key */
	ACCOUNTS_MAX = 64,	/* threads that are kept; then they are merged */
	OPEN_MAX = 64,		/* open calls that are kept */
};

/* What a wait is for. */
enum wait_for {
	FOR_OTHER, FOR_CLIENT,	/* a connection, or an accepted peer */
	FOR_EVENTS,		/* of several descriptors */
	FOR_PEER,		/* that the program connected to */
	FOR_PIPE, FOR_CHILD, FOR_LOCK, FOR_THREAD, FOR_DISK, FOR_TIME,
	FOR_INPUT,		/* of a terminal, or of stdin */
	FOR_SIGNAL,
};

struct wait {
	enum call call;
	enum wait_for what;
	char name[20];			/* of the call, as in the log */
	char object[80];		/* "127.0.0.1:7000", "child 12"; or "" */
	uint64_t key;			/* of name and object */
	unsigned long count, line;	/* line: of the longest */
	unsigned long timeouts;		/* that its timeout ended */
	long long ns, longest_ns;
	int at_most;			/* the log has no -T: bounds */
	long on;			/* pid on whom the longest depended; 0 */
	const char *how;		/* "holds the write end as fd 1", or "" */
};

struct account {
	struct account *next;
	long pid, process, parent;	/* parent: of the process; 0 */
	enum origin origin;
	unsigned char before_exec;	/* another program, until its execve */
	unsigned char ended;		/* its end is in the log */
	unsigned char killed;		/* ... and a signal was the cause */
	unsigned char n_waits, size;	/* of wait[]: WAITS_MAX */
	unsigned long tasks, calls;	/* tasks: merged into this one */
	char *name;			/* of the program or the thread */
	long long first_ns, last_ns;	/* NO_TIME: the log has no times */
	long long wall_ns, wait_ns, call_ns;	/* sums of the merged ones */
	struct wait *wait;
	struct untimed *untimed;	/* NULL: the log has -T */
};

/* What a log without -T, or without any time, tells of a thread. */
struct untimed {
	/* a wait: it ends with the thread's next line */
	unsigned pending;		/* its place in wait[], + 1 */
	int pending_timeout;
	long long pending_ns;
	unsigned long pending_line;
	/* the longest time from a call to the thread's next line */
	long long gap_ns, last_start_ns;
	unsigned long gap_line, last_line;
	char gap_name[20], last_name[20];
	/* long times after calls on one file, which may be slow */
	struct {
		unsigned long file, count, line;	/* file: its serial */
		unsigned long calls;	/* like these, also short ones */
		long long ns;
		char name[20], object[80];
	} slow;
	unsigned long last_file;	/* 0: no regular file */
	int last_fd;
	/* without any time: the last wait timed out, so often in a row */
	unsigned long expired;
	struct wait *expiring;
	long long clock_ns;		/* what clock_gettime said last; 0 */
};

enum open_how { OPEN_UNFINISHED, OPEN_DETACHED, OPEN_KILLED };

/* A call that did not return. */
struct unreturned {
	long pid, process, parent;	/* parent: of the process; 0: unknown */
	unsigned long line;
	enum call call;
	enum wait_for what;
	enum open_how how;
	unsigned char attached;		/* it began before the log did */
	/* Idle or hung: nothing before it in the log tells. */
	unsigned char unclear;
	unsigned char mutex;		/* a futex that somebody else holds */
	unsigned char timed;		/* a futex with a timeout */
	unsigned char first;		/* nothing was read or written there before */
	unsigned char poller;		/* of a ring with SQPOLL */
	unsigned char unsummed;		/* the account lacks its wait */
	unsigned char interrupted;	/* EINTR: it counts if the signal kills */
	unsigned char handler;		/* the signal in whose handler it was; 0 */
	unsigned long handler_line;
	unsigned long long full;	/* bytes that filled this pipe; 0 */
	unsigned long calls;		/* of the thread, before this one too */
	long long start_ns, ns;		/* NO_TIME: unknown */
	long on;			/* pid on whom it depends; 0: unknown */
	const char *why;		/* "holds the write end as fd 1", or "" */
	const char *sum_how;		/* of the wait, if unsummed; NULL: none */
	const char *killed;		/* by this signal, or "" */
	char name[20];
	char object[80];		/* the last: a task has less of it */
};

struct accounts {
	struct account *first, **tail;	/* settled: the longest wait first */
	unsigned n;
	struct unreturned open[OPEN_MAX];
	unsigned long n_open;		/* all, also those that are not kept */
	unsigned lookups;		/* of the holders of a pipe */
	unsigned interrupted;		/* waits, by signals; some are looked up */
	struct map hows;		/* the texts of how and why */
};

/*
 * Takes in a step, after phase_decide.  end_ns is the end of the log so far:
 * until when an open call lasted.
 */
void account_note(struct accounts *a, const struct world *w, struct step *st,
		  long long end_ns);
void account_task_ends(struct accounts *a, struct task *t);
/* From at_ns on it is another program: what it did until then counts apart. */
void account_execs(struct accounts *a, struct task *t, long long at_ns);
/* How long a wait lasted that timed out, as its arguments say; 0: unknown. */
long long expired_ns(const struct line *l);
/* How long a sleep was, as its arguments say; 0: unknown. */
long long sleep_ns(const struct line *l);
void accounts_settle(struct accounts *a);
void accounts_free(struct accounts *a);

/* Time outside of calls: what is left. */
long long account_outside(const struct account *a);

/* Without -T calls that wait for nobody may have taken a part of it. */
static inline int account_is_untimed(const struct account *a)
{
	return a->untimed && a->untimed->gap_ns > 0;
}

/* "data from 127.0.0.1:7000", "child 12 to end": what it waited for. */
const char *wait_text(enum wait_for what, enum call call, const char *object,
		      char *text, size_t size);
/* " (for data from 10.0.0.1:80)"; " (/mnt/x)", or nothing. */
const char *wait_note(enum wait_for what, enum call call, const char *object,
		      char *text, size_t size);
const char *wait_for_name(enum wait_for what);	/* stable, for --json */

#endif
