/* SPDX-License-Identifier: MIT */
/*
 * finding_look.h - what the files finding_*.c share: state of a task and of a
 * descriptor, and the list that they add to
 *
 * Each file looks at every step and counts; it judges when the task or the
 * descriptor ends, or when the log does.  Its thresholds are in it: a finding
 * on a healthy program is worse than a missed one.
 */
#ifndef IOMODELS_FINDING_LOOK_H
#define IOMODELS_FINDING_LOOK_H

#include <stdio.h>
#include <stdlib.h>
#include "finding.h"
#include "lock.h"
#include "world.h"

enum { MS = 1000000 };
static const long long LENGTH_MAX = 1LL << 50;	/* a body is not longer */

enum { WORKERS_MAX = 16 };

struct use {			/* of a descriptor */
	/* finding_spin.c */
	unsigned long stamp;		/* f->calls when it last moved data */
	long setter;			/* who set O_NONBLOCK */
	unsigned long setter_line;
	char interest[48];
	int soon;			/* a timerfd that expires in milliseconds */
	/* finding_net.c */
	unsigned burst;			/* small writes since the last answer */
	unsigned long answers, answered, asked, pending_asks, connect_line;
	unsigned long last_ask;
	struct tracks asks, delayed, timeouts;
	long long sent_ns, asked_ns, late_ns, delayed_ns, timeout_ns;
	long long connecting_ns, waited_ns;
	long long room_ns;		/* it waited so long to be able to send */
	/* An answer of HTTP: bytes of its body, those that have not come. */
	long long body, body_left, starved_ns;
	unsigned long body_line;
	unsigned long got_line;		/* its last bytes came; 0: or its end */
	long long got_ns, idle_ns;	/* idle: waits that ran out since then */
	int more;			/* MSG_MORE: it was not all that was sent */
	int asked_head;			/* the answer has no body */
	int nodelay, connecting, awaited, dns, half_closed, corked;
	int by_call;			/* a call has tried to receive on it */
	int from_before;		/* so is its listener: options unknown */
	int speaks;			/* its first bytes: enum speaks */
	unsigned long expects_line;	/* a body waits for "100 Continue"; or 0 */
	struct tracks corks, expects;
	long long cork_ns, expects_ns;
	unsigned long eof_line;
	char question[48];		/* the name that was asked for */
	const char *request;		/* "HTTP request": its text shows that */
	unsigned long request_line;	/* one without an answer; 0 */
	unsigned long owed_line;	/* one that the program read; 0 */
	long long request_ns, owed_ns;
	long owed_pid;			/* the thread that read it */
	int owed_part;			/* its end has not come */
	/* finding_between.c */
	struct worker {			/* of a listener: WORKERS_MAX */
		long pid;
		unsigned long accepts, at_once;
	} *worker;
	unsigned n_workers;
	long writer;			/* process that wrote last */
	long feeder;			/* task that wrote last what this end reads */
	int owes, left, armed;
	int partial, whole, has_body;	/* the request's text has no newline yet */
	char partial_text[40];
	long long rest, rest_of;	/* of a request's body: has not come, of all */
	unsigned long full_line;	/* the last write: EAGAIN; or 0 */
	long long full_ns;
	unsigned long refused;		/* writes in a row that found no room */
	unsigned long room_again;	/* so often a write followed that took some */
	long long refused_bytes;	/* of the last one */
	int retried;			/* the same was written again */
	unsigned long dropped_line;	/* EPOLLOUT was dropped before a wait; or 0 */
	unsigned long armed_turn;	/* f->turns as it was asked for */
	int full_told;
	unsigned long last_line, read_line, left_line;
	int at_end;			/* it was read to its end */
	unsigned long room_line;	/* the last poll for room in it */
	long long read_ns, left_ns;
	/* finding_cost.c */
	struct tracks one_byte;
	unsigned char late_byte;	/* one came after a larger read */
	int in_middle;			/* read by a process from before the log */
	unsigned long reads, writes, small;
	unsigned long long small_bytes;
	long long one_ns, small_ns;
	struct run_of_calls {		/* the last one of a thread's calls */
		unsigned long calls;	/* of the thread until then */
		long long start_ns;
	} ones, smalls;
	unsigned long small_line, deleted;
	/* finding_lost.c: of descriptors 1 and 2 */
	int placed, printed_told;	/* parts of it are read or written anywhere */
	unsigned long printed_line;
};

struct spin_habits {
	struct slot *slot;		/* of finding_spin.c: few */
	unsigned short n, size;
	int turns;			/* any but TURN_TOLD, since their runs ended */
	int many;			/* several sockets had no data, in a row */
	int told;			/* a wait reported what it had reported */
	unsigned long clocks;		/* looked at the clock, or set a timer */
	unsigned long reported;		/* waits that reported something */
	unsigned long calls;		/* of the task */
	unsigned long others;		/* that wake or wait for another thread */
};

struct asked_lock {
	struct lock lock;
	uint64_t key;
};

/* finding_between.c: a call that has not returned, or never did */
struct open_call {
	enum call call;
	int fd;				/* -1: of none */
	unsigned long line;		/* 0: it has returned */
	long long since, ns;
	long pid;			/* the child that it waits for */
	struct asked_lock *lock;	/* that it waits for, in flock or fcntl */
	char name[24];
};

struct habits {			/* of a task */
	struct ready_habits *ready;
	struct spin_habits spin;
	struct time_habits *time;
	struct cost_habits *cost;
	unsigned long same;		/* finding_cost.c: sends like the first one */
	struct again_habits *again;	/* NULL: nothing of the kind */
	char last_call[24];
	struct eintr *eintr;		/* NULL: no signal interrupted a call */
	struct closes *closes;		/* NULL: no close failed */
	struct open_call *stuck;	/* NULL: of no other task */
	long long first_ns, last_ns;	/* of its lines; NO_TIME */
	long long rest_ns;		/* from the line before its end to that */
	struct signals *signals;	/* NULL before the first one */
	struct request_wait *request;	/* NULL: it has read none */
	unsigned long waited_in;	/* the epoll set of its last wait */
	/* finding_signal.c: its last wait4 failed with ECHILD; 0: or not */
	unsigned long childless;
	int awaits_child;		/* its last wait is for SIGCHLD alone */
	/* finding_time.c: waits in epoll that slept; sleeps between them */
	unsigned loop_waits;
	unsigned long loop_fds, loop_sleeps, loop_line;
	long long loop_ns;
	char loop_call[20];
	/* since the end of its last wait: in calls that may have slept */
	long long turn_ns, turn_slept_ns;	/* turn_ns: 0: not yet */
	unsigned long turn_line;
	struct busy_loop *busy;		/* long turns without such calls */
	/* finding_net.c: without -T the next line ends the wait that began here */
	unsigned long wait_line, wait_in;	/* line: 0: none */
	long long wait_ns;
};

/* A request that the task read, and what it then slept for in futex. */
struct request_wait {
	int fd;				/* -1: none, or it was answered */
	unsigned long serial, line;	/* of the descriptor; of the read */
	struct tracks waits;
	long long ns;
	char at[24];			/* the word of the longest wait */
	char call[24];			/* of the longest wait */
	long long longest_ns;
	unsigned long told_in;		/* the epoll set that reported it */
	int known;			/* the log shows that it is a request */
	int asked;			/* it has asked somebody else since */
	/* Without -T the thread's next line ends the wait that began here. */
	long long since_ns;
	unsigned long since_line;	/* 0: none */
	unsigned long open_line;	/* it never returned, in a log without times */
};

struct eintr {			/* the last call that a signal interrupted */
	char call[24];
	int calls, signal, fd;		/* calls: as long as it matters */
	unsigned long line;
	long long ns;
};

struct closes {			/* that failed with EBADF, in a row */
	unsigned long n, line, exec_line;
	long long start_ns, end_ns, low, high;
	int last;
};

struct signals {
	/* the handler that it is in; the fault that comes again and again */
	int handler, fault;
	unsigned long handler_line, faults, fault_line;
	long long fault_ns, fault_end_ns;
	char fault_addr[24];
	/* finding_death.c: a signal stopped it; 0: it runs */
	unsigned long stopped_line;
	long long stopped_ns;
	char stopped_by[16], stop_ended[16];	/* by the signal that killed it */
	/* and a write that waited long for a reader that then closed */
	long long epipe_ns;
	unsigned long epipe_line;
	char epipe_on[64];
};

static inline struct signals *signals_of(struct habits *h)
{
	if (!h->signals)
		h->signals = need_zero(sizeof(*h->signals));
	return h->signals;
}

/*
 * Adds to the finding of this kind and process, or makes one.  cold: gcc moves the
 * code that leads here away from the code that each event runs, which saves up to 10%.
 */
__attribute__((cold))
struct finding *finding_add(struct findings *f, const struct about *a,
			    long pid, unsigned long count, long long cost_ns);
void finding_pid(struct finding *d, long pid);
/* Drops that finding of the process. */
void finding_drop(struct findings *f, const char *id, long pid);
void finding_free(struct finding *d);
void finding_line(struct finding *d, unsigned long line);
void finding_lines(struct finding *d, const struct tracks *t);
void finding_subject(struct finding *d, const struct file *file);
__attribute__((cold, format(printf, 2, 3)))
void finding_says(struct finding *d, const char *format, ...);

static inline void track(struct tracks *t, unsigned long line)
{
	if (t->n++ < FINDING_LINES)
		t->line[t->n - 1] = line;
}

static inline struct use *file_use(struct file *file)
{
	if (!file->use)
		file->use = need_zero(sizeof(*file->use));
	return file->use;
}

/* "descriptor 7 (127.0.0.1:4000)" into text. */
const char *file_text(const struct file *file, char *text, size_t size);
/* Under the number that the task has for it: fork and dup2 change it. */
const char *file_text_as(const struct file *file, int fd, char *text, size_t size);
/* The bytes that strace shows in quotes, into data; how many. */
size_t shown_bytes(struct slice s, unsigned char *data, size_t size);
/* Whether the arguments of poll name it: "[{fd=5, events=POLLIN}], 1, -1". */
int polls_fd(struct slice args, int fd);
/* "1.20 s", "3.4 ms" into text. */
const char *span_text(long long ns, char *text, size_t size);
/* Time of the call, or 0 where the log does not tell. */
long long step_ns(const struct step *st);
/* The same; a call that did not return lasted to the end of the log so far. */
long long call_lasted(const struct findings *f, const struct step *st);

static inline int step_failed(const struct step *st, const char *error)
{
	return slice_is(st->event->line->error, error);
}

/* Share of the log's time in percent; -1: unknown. */
int share_of(const struct findings *f, long long ns);
/* Of the time that this task was in the log. */
int share_of_task(const struct habits *h, long long ns);
const char *task_name(const struct task *t);
/* "nginx (pid 7)", or "nginx" where the log has no pids, into text. */
const char *process_text(const char *name, long pid, char *text, size_t size);

struct dying {			/* the last signal of a process */
	char code[32], addr[40];
	char filtered[40];		/* the call, of SIGSYS */
	long sender;
	unsigned long line;
	int signal, killed;		/* killed: the signal that ended it */
	int death_signal;		/* asked for by PR_SET_PDEATHSIG */
	unsigned long death_line;
	unsigned long cpu_line;		/* SIGXCPU came; or 0 */
};

enum { KILLS_GROUP = INT_MAX };		/* in f->kills: to a group */
/* The sender of this signal to pid, when the log has the call. */
struct tracks *sent_by(struct findings *f, long pid, int sig);
/* The last signal of a process; 0: none. */
int finding_last_signal(const struct findings *f, long pid);

/* finding_ready.c: readiness, edges, native AIO, rings */
void ready_note(struct findings *f, struct habits *h, struct step *st);
void ready_file_ends(struct findings *f, struct file *file);
void ready_task_ends(struct findings *f, struct habits *h, struct task *t);
void ready_habits_free(struct ready_habits *h);
void ready_settle(struct findings *f);
int ready_too_few(const struct findings *f, const struct finding *d);
void ready_free(struct findings *f);

/*
 * finding_cost.c: calls that buy little.  (Only calls come to cost_note, and to
 * those of spin, net and time.)
 */
void cost_note(struct findings *f, struct habits *h, struct step *st);
void cost_file_ends(struct findings *f, struct file *file);
void cost_task_ends(struct findings *f, struct habits *h, struct task *t);
void cost_habits_free(struct cost_habits *h);

/* finding_death.c: killed by whom */
void death_note(struct findings *f, struct habits *h, struct step *st);
void death_log_ends(struct findings *f);
void death_task_ends(struct findings *f, struct habits *h, struct task *t);
void death_free(struct findings *f);

/* finding_refusal.c: refusals, and the failure that ended the program */
void refusal_note(struct findings *f, struct step *st);
/* A line that is not strace's. */
void refusal_text(struct findings *f, const struct event *e);
void refusal_log_ends(struct findings *f);
void refusal_free(struct findings *f);
/* How the first process of the log ended; -1: it did not, 128 + signal. */
int finding_first_status(const struct findings *f);
void finding_status_text(const struct findings *f, int status, char *text,
			 size_t size);
int finding_has_fatal(const struct findings *f);
/*
 * The first process failed by itself after that line, and no message of its own
 * is about a call that failed.  Its name goes into text.
 */
int finding_failed_after(const struct findings *f, unsigned long line,
			 char *text, size_t size);
/* A process that failed has complained. */
int finding_has_message(const struct findings *f);

/* The last error that this process wrote to its log; 0: none. */
unsigned long finding_error_line(const struct findings *f, long pid);

/* A signal has asked this process to end. */
int finding_is_told(const struct findings *f, long pid);

/* The last refusal of this process after that line, its text and line; 0: none. */
unsigned long finding_refused_since(const struct findings *f, long pid,
				    unsigned long line, char *text, size_t size);
/* After all others: the last words of a program that nothing else explains. */
void refusal_quotes(struct findings *f);
int finding_is_first(const struct findings *f, long pid);
/* The process was sleep(1), and has slept to its end. */
int finding_was_sleep(const struct findings *f, long pid);

/* finding_restart.c: the same command fails again and again */
struct ended {			/* a process, with what it had to say */
	long parent, pid;
	const char *name, *argv;	/* argv: NULL: no execve in the log */
	int status, killed, has_message;
	unsigned long line;
	long long ns;
	char why[400];
};
void restart_note(struct findings *f, const struct ended *e);
void restart_child(struct findings *f, const struct step *st);
void restart_settle(struct findings *f, int status);
void restart_free(struct findings *f);

/* finding_reap.c: zombies */
void reap_note(struct findings *f, const struct habits *h,
	       const struct step *st);
void reap_task_ends(struct findings *f, const struct task *t);
void reap_free(struct findings *f);

/* finding_signal.c: EINTR */
void signal_note(struct findings *f, struct habits *h, struct step *st);
/* A wait for a signal begins. */
void signal_begins(struct habits *h, const struct event *e);
/* A program that ended because it took EINTR for an error. */
struct eintr_end {
	long pid;
	const char *name, *what;	/* what: the call; NULL: not in the log */
	int status, killed;
	unsigned long line, exit_line;	/* line: of the call, or the message */
	struct slice words;		/* the message */
};
/* Adds the end to the finding about that call; 0: there is none. */
int eintr_of_signal(struct findings *f, const struct eintr_end *end);
/* Nothing in the log interrupted it: strace did as it attached.  1 */
int eintr_of_tracer(struct findings *f, const struct eintr_end *end);
void signal_task_ends(struct findings *f, struct habits *h, struct task *t);
/* "SIGALRM", "signal 40" into text. */
const char *signal_text(int sig, char *text, size_t size);

/* finding_again.c: what it brings about itself */
void again_note(struct findings *f, struct habits *h, struct step *st);
void again_task_ends(struct findings *f, struct habits *h, struct task *t);
void again_habits_free(struct again_habits *h);
void again_free(struct findings *f);

/* finding_net.c: peers that do not answer, or late */
void net_note(struct findings *f, struct step *st);
void time_settle(struct findings *f);
void time_free(struct findings *f);
void net_settle(struct findings *f);
void net_free(struct findings *f);
void net_file_ends(struct findings *f, struct file *file);

/* finding_reset.c: the other end of a connection that was reset */
void reset_file_ends(struct findings *f, const struct file *file);
void reset_free(struct findings *f);
/* "; pid 8 closed it (line 9) with 4 bytes unread", if the log has that end. */
void reset_by(const struct findings *f, const struct file *file, char *text,
	      size_t size);

/* finding_lost.c: what is lost although no call of consequence fails */
void lost_note(struct findings *f, struct step *st);

/* finding_time.c: locks, disks, sleeps */
void time_note(struct findings *f, struct habits *h, struct step *st);
void time_task_ends(struct findings *f, struct habits *h, struct task *t);
void time_habits_free(struct time_habits *h);

/* finding_between.c: what one task does to another */
/* A deadlock that was found has the call that began in this line. */
int deadlock_is_told(const struct findings *f, unsigned long line);
void between_note(struct findings *f, struct habits *h, struct step *st);
void between_file_ends(struct findings *f, struct file *file);
void between_task_ends(struct findings *f, struct habits *h, struct task *t);
void between_log_ends(struct findings *f);
void between_settle(struct findings *f);
void between_free(struct findings *f);

/* finding_spin.c: loops without progress */
void spin_note(struct findings *f, struct habits *h, struct step *st);
void spin_free(struct habits *h);
void spin_task_ends(struct findings *f, struct habits *h, struct task *t);

#endif
