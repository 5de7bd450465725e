/* SPDX-License-Identifier: MIT */
/*
 * finding.h - what costs or breaks, with the lines that show it
 *
 * A fault loses data, ends the program, sleeps where it must not, or spins.  A
 * cost is time or calls that buy nothing.  A note is worth knowing and may well
 * be meant.  One finding for a cause, however often it occurs.
 */
#ifndef IOMODELS_FINDING_H
#define IOMODELS_FINDING_H

#include "phase.h"
#include "witness.h"

enum severity { SEVERITY_FAULT, SEVERITY_COST, SEVERITY_NOTE };

/* A kind of finding: what is the same each time. */
struct about {
	const char *id;			/* "not-drained": stable */
	enum severity severity;
	const char *title;		/* a few words */
	const char *cause;		/* what it means */
	const char *remedy;		/* what to do */
	const char *unless;		/* in which case it is not a fault, or NULL */
	const char *limit;		/* of a call that failed: by what; else NULL */
};

enum { FINDING_LINES = 4, FINDING_PIDS = 4096, FAILED_KEPT = 1024 };

/* Lines of one thing, the first few, and how many there were. */
struct tracks {
	unsigned long n, line[FINDING_LINES];
};


struct finding {
	struct finding *next;
	const struct about *about;
	/* A sentence with counts and names, fit to be the verdict's; or "". */
	char says[480];
	unsigned long count;		/* all of them */
	unsigned long added;		/* of these by the last finding_add */
	unsigned long told;		/* of these in says; 0: all */
	long long cost_ns;		/* time that it cost; 0: unknown */
	long long life_ns;		/* how long the tasks lived that it cost time */
	unsigned long judged;		/* the last such task */
	int fatal;			/* the program ended, or hangs, of it */
	long pid;			/* of the process that is named first */
	long *pids;			/* all, no more than FINDING_PIDS */
	unsigned n_pids;
	unsigned long line[FINDING_LINES];
	unsigned n_lines;
	int of_kernel;			/* the lines are kernel.log's */
	char subject[96];		/* "7 (127.0.0.1:4000)" */
	long on;			/* the thread on which it waited; 0 */
};

struct world;

enum { FLAGS_KEPT = 16, SLEEPERS = 8 };

/* Turns of an event loop in which its thread computed for long. */
struct busy_loop {
	long pid;			/* of the thread */
	unsigned long times, line, next;	/* the longest: its lines */
	long long ns, longest_ns;	/* ns: all of them */
};

struct findings {
	struct finding *first, **tail;	/* settled: what matters most first */
	unsigned n;
	const struct world *world;	/* to ask who holds what */
	unsigned long errors;		/* calls that failed, in the whole log */
	unsigned long turns;		/* waits and accepts, in the whole log */
	unsigned long wait_line;	/* the last wait, even if it has not ended */
	unsigned long calls;		/* in the whole log */
	unsigned long last_call;	/* line */
	long long last_call_ns;		/* its end; NO_TIME */
	long long first_ns, last_ns;	/* of the log so far; NO_TIME */
	struct map open;		/* hash of pid and path -> struct reopened */
	struct map dying;		/* pid -> its last signal */
	struct in_memory *mapped;		/* of finding_death.c; NULL: none */
	unsigned n_mapped;
	struct map refused;		/* struct refused */
	struct map refused_objects;	/* the last of a process and object */
	struct map endings;		/* pid -> how it ended */
	struct ending *ending;		/* the last one that was asked for ... */
	long ending_pid;		/* ... and of whom; NULL: of nobody */
	unsigned long endings_made, n_failed;
	long failed[FAILED_KEPT];	/* pids of endings, in turn */
	struct hard *hard;		/* the last failure that is not a probe */
	/*
	 * Of a log on a terminal: the first line that the program wrote itself and
	 * that complains; the last connection that was begun before it.
	 */
	struct own_line {
		unsigned long line, dialled_line;
		int dialled_open;	/* EINPROGRESS */
		char text[160], dialled[100];
	} own_line;
	/* The paths that were there, of the last calls that looked: hashes. */
	struct there {
		uint64_t path;
		unsigned long line;
	} there[4];
	unsigned n_there;
	struct map grown, shares;	/* of finding_between.c */
	/*
	 * Processes that a signal ended while they waited for another one, and waits
	 * for such a child: perhaps a circle.  NULL: none.
	 */
	struct cut_wait *cuts;
	unsigned n_cuts;
	struct map services;		/* serial of a listener -> answers */
	struct tracks silent;		/* tasks without a line */
	unsigned long silent_threads, silent_processes, newest_socket;
	int rings;			/* a ring: not all I/O is in the log */
	unsigned long newest_passed;	/* descriptors that came in a message */
	int saw_pid;			/* a line has a pid */
	int speaks;			/* the log has calls that send or exit */
	unsigned long cpu_limit;	/* line: RLIMIT_CPU was set; or 0 */
	int child_signal;		/* killed the last child that has no line */
	int passed_on;			/* the program ended with a child's 141 */
	struct map shut;		/* hash of a connection -> who closed it */
	struct map pools;		/* process and file -> of finding_time.c */
	struct map talks;		/* pid -> answers, of finding_net.c */
	struct map kills;		/* pid -> who sent it a signal */
	struct map restarts;		/* of finding_restart.c */
	struct map broods;		/* of finding_reap.c */
	/* finding_again.c: hash of a path -> line */
	struct map renamed, watched;
	int at_end;			/* what ends now was there at the end */
	/* The task that ends now: its number, and how long it was in the log. */
	unsigned long judged;
	long long life_ns;
	/* A write that waited for room until a signal ended it: the longest. */
	struct cut_write {
		long pid;
		unsigned long line;
		long long ns;			/* 0: unknown */
		int signal, fd;
		char call[24], on[120];
	} cut_write;
	/* A request that the program read, and did not answer: the longest. */
	struct owed {
		long pid;			/* of the thread */
		const char *request;
		int part;			/* only its beginning came */
		unsigned long line;
		long long ns;			/* 0: unknown */
		char on[100];
	} owed;
	/* Status lines that the program sent to its clients, and the last error. */
	struct told {
		unsigned long all, errors, line, serial;
		int last;			/* of a dialogue: it ends with one */
		long pid;
		char text[100];
		unsigned long calls;		/* of the log, at the last error */
		char why[160];			/* what the peer had done, or "" */
	} told;
	/* The last peer that the program gave up, and what it did. */
	struct upstream {
		long pid;
		unsigned long calls;		/* of the log by then */
		char what[160];
	} upstream;
	/* The peer that refused the last connection, and how often in a row. */
	struct dialled {
		unsigned long refused;
		char peer[80];
	} dialled;
	/*
	 * The last wait that ran out, if its thread has not waited again; a peer
	 * in the middle of its answer, and a client in the middle of what it was
	 * sent, that were given up then: by the same line.
	 */
	struct expired {
		long pid, owner;		/* of the thread, and its process */
		unsigned long line;
		unsigned long cut_client, given_up;
		unsigned long long got;
		long long ns;
		long process;
		char peer[96];
	} expired;
	/* An answer that is an error, and the last one of its connection. */
	struct peer_error {
		long pid;
		unsigned long line, serial;
		char peer[80], text[80];
	} peer_error;
	/* The last words of a peer, among the first that it sent: often an error. */
	struct peer_said {
		long pid, parent;
		unsigned long line;
		char peer[80], text[80];
	} peer_said;
	/* F_SETFL of descriptors from before the log, which others may share. */
	struct flags_set {
		long pid, parent;
		unsigned long line;
		uint64_t name;			/* its hash; 0: none */
		int fd, nonblock;
	} flags[FLAGS_KEPT];
	unsigned n_flags;			/* all of them */
	unsigned long clients_answered;	/* connections to peers that answered */
	/* What a process asked for last, and nothing came back. */
	struct unanswered {
		long pid, parent;
		int awaited;			/* it then waited for it */
		unsigned long line;
		char peer[100];
	} unanswered;
	long asker, asker_parent;	/* the process that sent the last request */
	unsigned ports;			/* lookups: who has a port */
	/* libcurl asks whether data came: how often in a row none did. */
	struct transfer {
		long pid, fd;
		unsigned long line, times;
		long long ns;		/* of the first time */
	} transfer;
	long sleeper[SLEEPERS];		/* pids: sleep(1) that has ended */
	unsigned sleepers;
	struct busy_loop busy_loop;	/* of all threads the one with the most */
};

/* first_ns and last_ns are those of the log so far; NO_TIME: it has no times. */
void finding_note(struct findings *f, struct step *st, long long first_ns,
		  long long last_ns);
void finding_file_ends(struct findings *f, struct file *file);
void finding_task_ends(struct findings *f, struct task *t);
/* The log has ended, and the world is still as it was then. */
void finding_log_ends(struct findings *f);
/* What the kernel's side shows; before findings_settle. */
void finding_kernel(struct findings *f, const struct witness *w);
void finding_ring(struct findings *f, const struct witness *w);
struct manifest;
/* What its stacks show. */
void finding_slept(struct findings *f, const struct witness *w,
		   const struct manifest *m);
/* Merges, drops what did not happen often enough, and ranks. */
void findings_settle(struct findings *f);
void findings_free(struct findings *f);

const char *severity_name(enum severity s);

/* "3 calls failed: RLIMIT_NOFILE", "spins on a hangup: 9 times" into text. */
const char *finding_title(const struct finding *d, char *text, size_t size);
/* " It happened 2 more times with another call or descriptor.", or "". */
const char *finding_rest(const struct finding *d, char *text, size_t size);

/* "spin,nagle" or "any": NULL if it is right, else what is wrong with it. */
const char *finding_ids_check(const char *list);

#endif
