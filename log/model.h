/* SPDX-License-Identifier: MIT */
/*
 * model.h - which I/O model a thread uses, from what it did
 *
 * A thread that mixes models has a part for each.  Threads that did the same
 * (the hundred of a thread-per-connection server) become one group as they
 * end, so that a report stays short and memory bounded.
 */
#ifndef IOMODELS_MODEL_H
#define IOMODELS_MODEL_H

#include "phase.h"
#include "witness.h"

enum { PROOFS = 3 };			/* lines kept as evidence */

struct part {
	struct part *next;		/* of the task's others */
	enum model model;
	unsigned long waits, asks, events, timeouts;
	unsigned long in, messages, out, again, accepts, eofs;
	unsigned long long bytes_in, bytes_out;
	unsigned long long own_bytes;	/* of bytes_in: of its own pipes and pairs */
	unsigned long submitted, requests, files, listeners;
	long long wait_ns, longest_ns;	/* of the waits with a known time */
	unsigned long longest_line;
	char longest_call[20];		/* in which call the longest was */
	int at_most;			/* the longest is a bound: no -T */
	/* what kernel.log shows of the waits and copies: exact */
	unsigned long seen, slept, copies_seen;
	unsigned long long copied;
	unsigned modes;			/* enum epoll_mode, enum ring_flag */
	/* Without epoll_ctl: waits that show the one or the other mode, and waits
	   in a set that was made in the log, and to which nothing was added. */
	unsigned long as_edge, as_level, in_empty;
	unsigned long proof[PROOFS], n_proofs;
	struct word { char text[20]; unsigned long votes; } wait_call, in_call,
		out_call, accept_call;	/* the name used most */
};

/*
 * What messages cost: the calls since the program serves.  (What it writes to
 * its log, or to another task of its own, is CLASS_OTHER.)
 */
struct served {
	unsigned long messages, calls, class[CLASSES];
	/* since the last call about a peer: not counted unless another follows */
	unsigned long tail, tail_class[CLASSES], tail_turn;
};

/* A wait of a log without durations: it ends with the thread's next line. */
struct open_wait {
	struct part *part;		/* NULL: none is open */
	char call[20];
	long long ns;
	unsigned long line;
};

/*
 * Most threads use one or two models, or none, and serve nobody.  (There may be
 * hundreds of thousands: what is counted is no more than their calls.)
 */
struct evidence {
	struct part *parts;		/* of the models that it used, in order */
	struct served *served;		/* NULL: nothing */
	unsigned long calls;
	unsigned long futex_waits;
	long long futex_ns;
	struct open_wait *open;		/* NULL: the log has durations */
	unsigned connections;		/* it read from */
	unsigned foreign;		/* file I/O on what another task opened */
	unsigned file_sends;		/* sendfile out of a file */
	unsigned positional;		/* pread and the like, fsync */
	/*
	 * Start-up: what was read to load the program, when the last of it and
	 * of other I/O on files or stdout was, and how often it rested since.
	 */
	struct part *loading;
	long long busy_ns;
	unsigned classes;		/* of it: what a JVM loads */
	unsigned said;			/* writes to stderr */
	unsigned rests, busy;
	unsigned char asyncio;		/* what only glibc's POSIX AIO does */
	unsigned char aio_caller;	/* made a thread that does that */
	unsigned char tried;		/* model of a connect that failed */
	unsigned char eventfd;		/* native AIO tells an eventfd */
	unsigned char guessing;		/* epoll's mode: no epoll_ctl was seen */
	unsigned char left;		/* the last read may have left data */
	unsigned char writable;		/* the last wait reported EPOLLOUT */
	unsigned char made_tasks;
	unsigned char filters;		/* its messages come from descriptor 0 */
};

enum role {
	ROLE_PLAIN,
	ROLE_PER_CONNECTION,		/* serves one connection and ends */
	ROLE_COPIER,			/* copies what another thread waited for */
	ROLE_HELPER,			/* does file I/O for others */
	ROLE_WORKER,			/* one of several alike processes */
	ROLE_SILENT,			/* no I/O of its own */
	ROLE_CALLER,			/* glibc's POSIX AIO does its I/O */
};

struct group {
	struct group *next;
	char exe[48];
	enum origin origin;
	enum role role;
	unsigned mask;			/* of models */
	unsigned modes;			/* of epoll */
	unsigned long tasks, first, last;
	long pid[8];
	struct evidence sum;		/* without parts and served: these */
	struct part parts[MODELS];
	struct served served;
	char comm[32];
};

struct models {
	struct group *groups, **tail;
	unsigned n_groups;
	unsigned long turn;		/* calls about a peer, of all tasks */
	int serving;			/* the first peer has come */
	int ring_serves;		/* ... through a ring */
	const struct world *world;	/* to find who made a thread */
};

void model_note(struct models *m, struct step *st);
/* A request of a ring was completed, in the name of t. */
void model_note_request(struct models *m, struct task *t,
			const struct sight *s);
/* Another program begins: what the task did so far is not its. */
void model_task_execs(struct task *t);
/* The task ends: its evidence joins a group. */
void model_task_ends(struct models *m, struct task *t);
/* The first process first, then its threads, then the others. */
void models_settle(struct models *m);
void models_free(struct models *m);

/* "epoll", "io_uring": stable names, for programs that read --json. */
const char *model_name(enum model m);
/* "epoll, edge-triggered", "io_uring with SQPOLL" into text. */
const char *part_label(enum model m, const struct part *p, char *text,
		       size_t size);
/* The whole verdict of a group: "blocking, a thread per connection". */
const char *group_verdict(const struct group *g, char *text, size_t size);
/* The part that says most; MODEL_NONE when there is none. */
enum model group_main(const struct group *g);
const char *role_name(enum role r);
/* By its name, a file of the loader, of libc or of the language's runtime. */
int is_loaded(struct file *f);

#endif
