/* SPDX-License-Identifier: MIT */
/*
 * witness.h - who waited and who copied, as the kernel's tracepoints saw it
 *
 * Fed with the lines of kernel.log in their order.  Of each thread it knows
 * the system call that it is in, since when it sleeps and what was copied in
 * its context; of each io_uring request the way from its submission to its
 * completion.
 */
#ifndef IOMODELS_WITNESS_H
#define IOMODELS_WITNESS_H

#include "manifest.h"
#include "map.h"
#include "reason.h"
#include "tracepoint.h"

enum who {
	WHO_OTHER,			/* a peer, or the kernel itself */
	WHO_MAIN, WHO_THREAD, WHO_CHILD,
	WHO_WORKER, WHO_POLLER,		/* iou-wrk, iou-sqp */
};

/* Where a thread was that is in no call. */
enum outside {
	IN_CALL,			/* or a thread of the kernel's */
	AFTER_CALL,			/* the call had returned: task work */
	IN_FAULT,			/* asleep, not to be interrupted */
	NOWHERE,			/* asleep, and no more is known */
};

/* Where threads slept, or copied: "main in recvfrom". */
struct place {
	enum who who;
	char call[24];			/* empty: in no call */
	enum outside outside;
	unsigned long times, messages;	/* of them: while data arrived */
	long long ns, longest_ns;
	unsigned long long bytes;
	unsigned long line;		/* of kernel.log: the longest, or first */
};

/*
 * Sleeps that are alike, with the reason that the kernel's stack gives, and
 * who ended them.
 */
enum { SLEEPS = 64, WAKERS = 4, STACK_TOP = 120, WAKER_NAME = 40 };

struct waker {
	char name[WAKER_NAME];		/* "an interrupt", "cp (pid 12)" */
	unsigned long times;
};

/* A page of a mapped file that a thread touched. */
struct fault {
	uint64_t device, inode;		/* inode 0: none is known */
};

struct slept {
	enum who who;
	char call[24];			/* empty: in no call */
	enum outside outside;
	enum reason reason;
	char top[STACK_TOP];		/* "io_schedule<filemap_fault<..." */
	struct fault fault;
	long pid;			/* of the longest one */
	unsigned long times;
	long long ns, longest_ns;
	unsigned long line;		/* of kernel.log: the longest */
	struct waker waker[WAKERS];	/* most often first, once settled */
	unsigned n_wakers;
	unsigned long other_wakers;	/* times, beyond these */
};

enum { PLACES = 48, STAYS_MAX = 1024, OPS = 64, RINGS = 256, CALL_NAME = 24 };

/* A system call of a thread, from sys_enter to sys_exit. */
struct stay {
	char call[CALL_NAME];
	long long enter_ns, exit_ns, ret;
	long long slept_ns, woke_ns;	/* woke_ns: after the last sleep */
	unsigned sleeps, copies, submitted;
	unsigned long long copied;
	int doubtful;			/* records may be missing in it */
	unsigned long line;		/* of its sys_enter */
};

struct witness_task {
	long pid, process;
	enum who who;
	int ours, in_call, awake, gone;
	int followed;			/* its calls are known from now on */
	enum outside asleep_in;
	struct stay now;		/* in_call, or the last one */
	long long asleep_ns;		/* since when; NO_SLEEP: it runs */
	unsigned long sleep_line;
	enum reason reason;		/* of this sleep, and its stack */
	char top[STACK_TOP];
	char waker[WAKER_NAME];		/* who has called it; or empty */
	struct fault fault;		/* its last one, since its last call */
	unsigned long long loose;	/* copied, and for no request yet */
	long long ring_wait_ns;		/* its last io_uring_cqring_wait */
	long long woke_ns;		/* of its last sleep */
	struct stay *stays;		/* finished, not yet claimed */
	unsigned n, size;
};

#define NO_SLEEP (-1LL)

/* The way that a request took. */
enum way {
	WAY_INLINE,			/* done inside the call that submits it */
	WAY_POLLED,			/* nothing there: a poll was armed */
	WAY_WORKER,			/* given to iou-wrk */
	WAY_LATER,			/* completed later, by the device or a timer */
	WAYS
};

/* Latencies: four classes for each power of two of nanoseconds. */
enum { LATENCIES = 160 };

struct op_tally {
	char name[16];
	unsigned long requests, completions, failed, way[WAYS], forced;
	unsigned long long bytes;
	unsigned timed, latency[LATENCIES];	/* from submission to completion */
};

/* Something that happened to requests, how often and where first. */
struct times {
	unsigned long n, line;
};

/* Reads of one descriptor that its ring's end has cancelled. */
struct stuck {
	int fd;
	struct times times;
	long long ns;			/* the oldest one */
};

enum { STUCK_MAX = 16 };

struct witness_ring {
	uint64_t ctx;
	int fd;
	long pid;			/* who made it */
	unsigned flags;			/* of io_uring_setup */
	unsigned long line;
	unsigned long requests, completions, failed, more, again, overflows;
	unsigned long way[WAYS], polled_rounds;
	unsigned long by_poller;	/* submitted by iou-sqp */
	unsigned long to_worker, to_worker_line;	/* not asked for */
	unsigned long failed_line, again_line;
	int failed_res;
	/* With IOSQE_ASYNC, by a worker that did not sleep in it. */
	struct times needless;
	struct times wakings;		/* calls that wake the poller */
	struct times unmapped, unregistered, overlapped;
	unsigned long cancels;		/* requests that cancel others */
	struct times cut;		/* cancelled by the end of the ring */
	long long cut_ns;		/* the oldest one's age */
	struct stuck stuck[STUCK_MAX];
	unsigned n_stuck;
	unsigned long at_workers, at_workers_most;
	int chained;			/* the last one links to the next */
	unsigned long in_flight, beside;	/* submitted beside another */
	int gave;			/* the last completion brought data */
	unsigned long movers;		/* requests that move data */
	unsigned long passed_on;	/* writes submitted right after that */
	unsigned long messages, sends, accepts, ends, reads, writes;
	unsigned long long bytes_in, bytes_out, read_bytes, written_bytes;
	struct op_tally op[OPS];
};

struct request {
	struct request *next;		/* of the same ctx and user_data */
	struct witness_ring *ring;
	uint64_t key, data_key;
	unsigned long serial;		/* from 1 */
	unsigned opcode;
	char op[16];
	int fd;				/* -1: a registered file, or none */
	long pid, worker;		/* who submitted it; who worked on it */
	uint64_t flags;
	int by_poller, armed, queued, rounds;
	long long work_ns;		/* it was begun */
	long long submit_ns, queue_ns, arm_ns, ready_ns;
	enum way way;			/* of its last completion */
	unsigned long line;
	uint64_t buffer;		/* its address; 0: unknown */
	unsigned long bytes;
	int chained, more;
	int overlaps;			/* another writes into its buffer */
	struct times unmapped;		/* any memory, since it was submitted */
	long long enter_ns;		/* of the call that submitted it */
};

/* What a completion brought. */
enum data {
	DATA_NONE, DATA_MESSAGE, DATA_END, DATA_SENT, DATA_READ, DATA_WRITTEN,
	DATA_ACCEPTED,
};

enum sight_kind {
	SIGHT_LINE,			/* any line, before what it means */
	SIGHT_SLEPT,			/* task, from_ns, to_ns */
	SIGHT_COPIED,			/* task, bytes, at from_ns */
	SIGHT_SUBMITTED, SIGHT_ARMED, SIGHT_READY,	/* request */
	SIGHT_COMPLETED,		/* request, res, final */
};

struct sight {
	enum sight_kind kind;
	const struct tracepoint *point;
	unsigned long line;
	struct witness_task *task;	/* may be NULL */
	struct request *request;
	long long from_ns, to_ns;
	unsigned long long bytes;
	int res, final, more;
	enum data data;
};

struct witness {
	struct map tasks, rings, requests, by_data, sockets, inodes;
	struct map answered;		/* descriptors of which a read ended */
	unsigned long workers;		/* threads iou-wrk that were seen */
	struct unread_completions *unread;	/* of the manifest */
	unsigned n_unread;
	struct witness_ring *ring_list[RINGS];
	unsigned n_rings;
	struct place waits[PLACES], copies[PLACES], pages[PLACES];
	unsigned n_waits, n_copies, n_pages;
	struct slept slept[SLEEPS];
	unsigned n_slept;
	long main_pid;
	/*
	 * to_ns is set: only the message between these two times counts.  A
	 * thread that slept before the first and ran before the second has
	 * waited for it.
	 */
	long long from_ns, to_ns;
	int only_calls;			/* no sleep in a page fault counts */
	long long arrival_ns, first_ns, last_ns;
	unsigned long long lossy;	/* processors that lost records, a bit each */
	int any_lost;
	unsigned long long block_bytes;
	unsigned long gone;		/* tasks that are kept all the same */
	unsigned long awake;		/* of our threads */
	int busy, woken;		/* with a message */
	unsigned long long fault_bytes;	/* of blocks: no call asked for them */
	unsigned long arrivals, blocks, serial, unmatched;
	unsigned long signals_lost, signals_lost_line, queue_full;
	long signals_lost_pid;
	unsigned long unknown;
	char unknown_name[32];

	void (*see)(void *context, const struct sight *s);
	void *context;
};

void witness_start(struct witness *w, long main_pid);
void witness_take(struct witness *w, const struct tracepoint *t,
		  unsigned long line);
/* The text of a whole kernel.log. */
void witness_read(struct witness *w, const char *log);
void witness_free(struct witness *w);

struct witness_task *witness_task(struct witness *w, long pid);

/*
 * The oldest finished call of this name that began at start_ns or later (less
 * the slack of the clocks), not after to_ns; those before it are given up.  0:
 * there is none.
 */
int witness_claim(struct witness *w, long pid, struct slice call,
		  long long start_ns, long long slack_ns, long long to_ns,
		  struct stay *claimed);

/*
 * The two answers, "main in epoll_pwait, thread in futex" and "main in
 * recvfrom": for messages where there were any, else for files.  Places that
 * had less than an eighth of the largest share are left out.
 */
const char *witness_waits(const struct witness *w, char *text, size_t size);
const char *witness_copies(const struct witness *w, char *text, size_t size);
/* "main in read", "main in a page fault". */
const char *slept_text(const struct slept *s, char *text, size_t size);
const char *place_text(const struct place *p, char *text, size_t size);
const char *way_name(enum way v);
const char *who_name(enum who v);

#endif
