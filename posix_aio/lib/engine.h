/* SPDX-License-Identifier: MIT */
/*
 * engine.h - what the files of libposixaio share
 *
 *   interface.c   the functions of <aio.h>: arguments, and which way a
 *                 request takes
 *   fdinfo.c      what a descriptor is: a file, O_DIRECT, a stream, ...
 *   engine.c      requests, their order, their end; the one lock
 *   pool.c        threads that carry out requests with blocking calls
 *   worker.c      the thread that owns an io_uring
 *   native.c      O_DIRECT: io_submit, no thread per request
 *   wait.c        aio_suspend and LIO_WAIT: which thread sleeps where
 *   notify.c      signals, callback threads, the eventfd of
 *                 posixaio_ext.h
 *   extension.c   the functions of posixaio_ext.h
 *   sandbox.c     seccomp filters that kill
 *   stats.c       counters, and the messages of POSIXAIO_DEBUG
 *
 * A request takes one of four ways:
 *
 *   inline   a read that the page cache answers: preadv2(RWF_NOWAIT) in the
 *            caller, done before aio_read returns
 *   native   O_DIRECT and nobody to notify.  A read is submitted by the
 *            caller with RWF_NOWAIT, a write by a thread of the pool, because
 *            io_submit of a write can sleep (a frozen file system, a file that
 *            grows).  The context belongs to the address space: a request
 *            outlives the thread that made it and interrupts none of its
 *            system calls.  aio_error and aio_suspend find the completion
 *            events in the mapped ring.
 *   ring     pipes, sockets, and reads through the page cache that must wait
 *            for the disk (a file with RWF_NOWAIT): the worker, a thread of
 *            the library, owns an io_uring.
 *   pool     everything else, and everything when io_uring is refused: a
 *            thread calls pread64, pwrite64, read, write or fsync.
 *
 * The pool is always available.  Each request that another way cannot take (no
 * ring, a ring that broke, no room in the context) goes there.
 *
 * Submitting takes no lock: the request comes from a free list and is pushed
 * into the inbox, both with one compare-and-swap.
 *
 *   free -> filled by the caller -> inbox -> adopted: in its descriptor's list
 *
 * Looking at a native request that is done takes no lock either (native.c).
 *
 * One lock guards everything else.  The thread that takes it first adopts what
 * is in the inbox, so that it sees all requests.  aio_error and aio_suspend may
 * run in a signal handler, which may have interrupted the thread that holds the
 * lock; so the lock is held only with all signals blocked, and no function that
 * can sleep is called under it.
 *
 * Calls between the files go upwards only, from engine.c's callers to engine.c.
 * What engine.c needs of them (wake a thread) are the pointers in engine.hooks.
 */
#ifndef POSIXAIO_ENGINE_H
#define POSIXAIO_ENGINE_H

#include <features.h>
/* The library uses glibc's struct aiocb, for 64 bits. */
#if !defined(__GLIBC__) || __SIZEOF_POINTER__ != 8
#error "libposixaio needs glibc on a processor with 64 bits"
#endif

#include <aio.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <linux/futex.h>
#include "../../syscalls/arch.h"

#define API __attribute__((visibility("default")))

/* The kernel transfers no more in one call (MAX_RW_COUNT). */
#define TRANSFER_MAX 0x7ffff000UL

enum op { OP_READ, OP_WRITE, OP_FSYNC, OP_FDATASYNC };

/* Where a request is. */
enum where {
	FREE,
	HELD,			/* waits for others on its descriptor */
	READY,			/* in engine.ready, for the worker */
	RING,			/* in the worker's io_uring */
	QUEUED,			/* in its descriptor's jobs, for the pool */
	OWNED,			/* for the thread of its own (pool.c) */
	RUNNING,		/* a thread of the pool carries it out */
	PARKED,			/* it would sleep, and no thread may (pool.c) */
	NATIVE,			/* in the native AIO context */
	TELLING,		/* done; its callback thread is to be started */
	ENDED,			/* done; its cancellation is not answered yet */
};

enum {				/* request.flags */
	STREAM	   = 1 << 0,	/* neither a regular file nor a block device */
	ORDERED	   = 1 << 1,	/* after earlier ones of its direction */
	NONBLOCK   = 1 << 2,	/* O_NONBLOCK: a short write is the answer */
	TRIED	   = 1 << 3,	/* EAGAIN once: retry where it may sleep */
	STOP	   = 1 << 4,	/* cancelled: a short result ends it */
	EXCLUSIVE  = 1 << 5,	/* a file's write: one at a time per descriptor */
	TO_NATIVE  = 1 << 6,	/* the pool hands it to the native context */
	VIA_RING   = 1 << 7,	/* to the worker, while it runs */
	COUNTED	   = 1 << 8,	/* by fd_write_enter() */
	NO_OFFSET  = 1 << 9,	/* not seekable */
	POLLABLE   = 1 << 10,	/* poll reports when it need not wait */
	TRYING	   = 1 << 11,	/* its thread does not sleep: may be cancelled */
	CUT	   = 1 << 12,	/* its call may have read nothing for that */
	OWN	   = 1 << 13,	/* for a thread of its own */
};

/* The requests of one lio_listio. */
struct group {
	unsigned pending;	/* requests not done yet, plus one for the caller
				   while it runs; atomic */
	int notify;		/* send sigev when all are done */
	struct sigevent sigev;
	struct group *next;	/* free, or to be notified */
};

/* One aio_cancel; guarded by the lock. */
struct cancelling {
	unsigned left;		/* asked, not answered yet */
	unsigned done, refused;
	/* A read and a write of them, whose threads a signal interrupts. */
	struct request *running[2];
};

struct list {
	struct request *first, **end;
};

struct identity {		/* of a file; 0: not known */
	uint64_t device, inode;
};

struct request {
	struct aiocb *cb;	/* the program's: not touched after the end */
	unsigned index;		/* its own place in the table */
	uint32_t serial;	/* of this use; repeats after 2^32 uses */
	unsigned forks;		/* engine.forks when its call began */
	int fd;
	uint8_t op, where;
	uint8_t asked;		/* the ring, to cancel it; no answer yet */
	uint16_t flags;
	unsigned blockers;	/* earlier requests that it waits for */
	char *buf;
	size_t len, done;
	off_t offset;
	struct group *group;
	struct sigevent sigev;
	struct request *next;	/* in the inbox, ready, a job or telling */
	struct request *next_cancel;
	struct request *native_next, *native_prev;
	struct cancelling *by;	/* which aio_cancel waits for its answer */
	/* How much its thread's call reads of a stream: 0 cuts it short; atomic. */
	size_t *wanted;
	struct identity file;	/* a stream's write: before its first part */
	unsigned slot;		/* ... and the ring holds it there; 0: no */
	/* The thread whose call on a stream a signal may interrupt; or 0; atomic. */
	int thread;
	/* All of a descriptor, in the order of the calls. */
	struct request *later, *earlier;
	struct descriptor *descriptor;	/* NULL: not adopted, or ended */
};

/* A descriptor number with requests in flight. */
struct descriptor {
	int fd;
	struct request *first, *last;
	struct list jobs;		/* for the pool */
	unsigned held;			/* requests that wait for others */
	unsigned running;		/* jobs that threads carry out now */
	int runnable;			/* in engine.runnable */
	struct descriptor *next;	/* in its bucket, or free */
	struct descriptor *next_runnable;
};

enum { BUCKETS = 256 };

struct engine_hooks {
	void (*wake_worker)(void);
	void (*wake_pool)(void);		/* one idle thread, if any */
	void (*interrupt_leader)(unsigned bits);
};

extern struct engine {
	int lock;			/* 0 free, 1 held, 2 held and awaited */
	const struct engine_hooks *hooks;

	/* Without the lock, atomic. */
	struct request *inbox;		/* made, not adopted; newest first */
	uint64_t free_requests;		/* the first one's index + 1; above it a
					   number that each change increments */
	unsigned requests;		/* made so far */
	unsigned ended_alone;		/* natives, to be unlinked */
	unsigned streams;		/* requests on streams in flight */

	/* Waiters: a futex word that each batch of completions changes. */
	int sequence, waiters;

	/* The worker and its io_uring. */
	int worker;			/* WORKER_*; atomic, read without it, too */
	int sleeping;			/* wake it; atomic */
	unsigned in_ring;		/* requests in its io_uring */
	struct list ready;
	struct request *cancels;	/* to be asked for, in any order */

	/* The pool. */
	int pool_threads;		/* atomic, read without the lock, too */
	int pool_created;		/* of them, not being created now; atomic */
	int pool_idle;			/* of them, asleep; atomic */
	unsigned pool_busy;		/* of them, carrying out a request */
	int pool_in_streams;		/* of them, on a stream: for how long? */
	struct list parked;		/* streams that no thread may wait for */
	struct descriptor *runnable, **runnable_end;
	int pool_look;			/* there is something new for it */
	void (*chore)(void);		/* called once by a thread of the pool */
	int demoted;			/* the pool got what was for the ring */

	unsigned held;			/* requests that wait for others */
	unsigned natives;		/* requests in the native context ... */
	struct request *native_first;	/* ... and the list of them */

	/* Notifications. */
	struct list telling;
	struct group *groups_telling;
	struct group *owed, **owed_end;	/* refused, to be tried again */

	unsigned done_bits;		/* of requests ended under this lock */
	int kicked;			/* a kick was taken from the ring */
	struct descriptor *buckets[BUCKETS];
	struct descriptor *free_descriptors;
	struct group *free_groups;
	unsigned reserve_used;		/* groups for what is owed (owe) */
	unsigned forks;			/* since the first ancestor */
	unsigned idle_seconds;
	unsigned threads_max;		/* aio_threads of aio_init; 0: default */
} engine;

enum { WORKER_NONE, WORKER_STARTING, WORKER_RUNS, WORKER_BROKEN };

/* ---- engine.c ---- */

typedef unsigned long signals;		/* the kernel's set, 8 bytes */

signals block_signals(void);
void restore_signals(signals old);
signals engine_lock(void);		/* blocks all signals, too */
void engine_lock_only(void);
void engine_adopt(void);		/* take in what is in the inbox */
void engine_unlock(void);		/* wakes the waiters */
void engine_release(signals old);	/* engine_unlock and restore_signals */
void engine_forget(void);		/* in the child of fork */
void engine_sweep(void);		/* unlink natives that ended alone */

struct request *request_new(struct aiocb *cb, int op, unsigned flags,
			    struct group *group);	/* NULL: no memory */
void request_drop(struct request *r, unsigned forks);	/* not sent */
void request_send(struct request *r, int where);	/* NATIVE or HELD */
int request_is_stale(const struct request *r);	/* of a parent process */
struct request *request_of(const struct aiocb *cb);
struct request *request_still(unsigned index, const struct aiocb *cb);
struct request *request_adopted(unsigned index);	/* in flight, or NULL */
struct request *request_at(unsigned index);
int request_is_over(uint32_t serial, unsigned index);
int request_ends_alone(uint32_t serial, unsigned index);
int request_claim(uint32_t serial, unsigned index);	/* to end it; 0: no */
void request_end_alone(struct aiocb *cb, uint64_t in_progress, unsigned index);
struct request *last_of(int fd);	/* of those in flight on it */
int write_overlaps(int fd, off_t offset, size_t len);	/* one in flight */
void request_free(struct request *r);
void request_over(struct request *r);	/* free it when nothing names it */
void request_ready(struct request *r);	/* to the worker or the pool */
void request_unqueue(struct request *r);	/* from where it waits to begin */
int request_waits(const struct request *r);	/* READY, QUEUED, OWNED, PARKED */
void request_completed(struct request *r, long result);	/* or goes on */
void request_end(struct request *r, long result);	/* bytes, or -errno */
void request_know_file(struct request *r);	/* before a part is written */
int request_lost_file(const struct request *r);	/* the rest is not for its fd */
void request_stop(struct request *r);	/* it ends when it ends short */
void cancel_refuse(struct request *r);	/* the aio_cancel that waits for r */
void native_add(struct request *r);	/* to the list of natives */
void native_remove(struct request *r);
void descriptor_may_run(struct descriptor *d);	/* put it into runnable */
struct request *job_take(void);		/* the next one to carry out */
void job_take_own(struct request *r);	/* this one, which is OWNED */
void job_done(struct descriptor *d);	/* before its request ends */
void job_park(struct request *r);	/* a job that was taken: not now */
void jobs_unpark(void);
void group_leave(struct group *g);
struct group *group_new(void);
void group_free(struct group *g);
void group_owe(struct group *g);
void owe(const struct sigevent *sigev);	/* the pool tries again */
void list_add(struct list *l, struct request *r);
struct request *list_take(struct list *l);	/* all of them */
void list_remove(struct list *l, struct request *r);
void tell(struct request *told, struct group *groups);	/* not locked */
void tell_again(void (*leave)(void *));	/* of a thread of the pool */

long futex(int *word, int op, int value, const struct timespec *timeout,
	   unsigned bits);

/*
 * Publish a result.  Release: a thread that reads the final error code may read
 * the result, and may free or reuse the aiocb.  A program that calls aio_return
 * too early reads the result meanwhile: so its store is atomic, too.
 */
static inline void publish(struct aiocb *cb, long result)
{
	__atomic_store_n(&cb->__return_value, result < 0 ? -1 : result,
			 __ATOMIC_RELAXED);
	__atomic_store_n(&cb->__error_code, result < 0 ? (int)-result : 0,
			 __ATOMIC_RELEASE);
}

static inline int thread_of(const struct request *r)
{
	return __atomic_load_n(&r->thread, __ATOMIC_RELAXED);
}

static inline int status(const struct aiocb *cb)
{
	return __atomic_load_n(&cb->__error_code, __ATOMIC_ACQUIRE);
}

/*
 * One word: the error code, and the four free bytes behind it.  While the
 * request is in flight: EINPROGRESS, and its serial number.
 */
typedef uint64_t __attribute__((may_alias)) status_word;

static inline status_word *word_of(const struct aiocb *cb)
{
	return (status_word *)((char *)cb + offsetof(struct aiocb,
						     __error_code));
}

static inline uint64_t in_progress(uint32_t serial)
{
	return (uint64_t)serial << 32 | EINPROGRESS;
}


/*
 * Which waiters a completion concerns.  Each request has one of 31 bits; bit 31
 * is for a waiter that can become the leader (wait.c).
 */
static inline unsigned bit_of(unsigned index)
{
	return 1U << index % 31;
}
#define HEIR (1U << 31)

/* ---- interface.c ---- */

void library_begin(void);		/* first; it may be called again */

/* ---- fdinfo.c ---- */

enum {					/* what a descriptor is */
	FD_STREAM = 1,			/* no regular file, no block device */
	FD_NOSEEK = 2,
	FD_DIRECT = 4, FD_APPEND = 8, FD_NONBLOCK = 16, FD_DSYNC = 32,
	FD_SOCKET = 64,
	FD_DEVICE = 128,		/* a stream, but no pipe or socket; or
					   a FIFO opened for reading only */
};

int fd_kind(int fd);			/* FD_*, or -errno */
int fd_is_pollable(int fd, int kind, int writes);	/* a stream */
int fd_is_regular(int fd, off_t *size);	/* without waiting for a server */
struct identity fd_identity(int fd);
int fd_is_still(int fd, const struct identity *id);
/* Is it the same file there?  filtered: there is a seccomp filter. */
int fd_is_shared(int fd, int thread, int filtered);
int fd_known_buffered(int fd);
void fd_know_buffered(int fd);
unsigned fd_writes(int fd);		/* in flight on it, at least */
void fd_write_enter(int fd);
void fd_write_leave(int fd);
void fd_lane_enter(int fd);		/* EXCLUSIVE requests, until the pool */
void fd_lane_leave(int fd);		/*   has carried them out */
int fd_lane_is_shared(int fd);		/* is another EXCLUSIVE one there? */
void fd_forget(void);

/*
 * A sanitizer does not know what the kernel orders: the thread that takes the
 * event sees what was written before io_submit.
 */
#ifdef TSAN
void __tsan_acquire(void *at);
void __tsan_release(void *at);
#else
static inline void __tsan_acquire(void *at) { (void)at; }
static inline void __tsan_release(void *at) { (void)at; }
#endif

/* ---- worker.c ---- */

int worker_runs(void);
int worker_thread(void);		/* its number, or 0 */
long worker_start(void);		/* 0, or -errno; not under the lock */
void worker_wake(void);
void worker_report(void);		/* for POSIXAIO_DEBUG */
void worker_forget(void);

/* ---- pool.c ---- */

long pool_start(void);			/* 0: a thread is there; or -EAGAIN */
int pool_call(void);			/* for what was just sent */
void pool_wake(void);			/* one idle thread, if any */
int pool_thread(void);			/* the number of one, or 0: not known */
long pool_add_own(uint32_t serial, unsigned index);	/* 0, or -errno */
int pool_is_missing(void);		/* under the lock: work, and no thread */
int pool_is_busy(void);			/* the same, of what was for the ring */
int pool_leaves_parked(void);		/* the same, and only what is parked */
void pool_stand_in(int unpark);		/* if there is no thread of the pool */
int pool_may_interrupt(void);		/* not under the lock */
void pool_interrupt(struct request *r);	/* its thread; under the lock */
void pool_let_go_on(struct request *r);	/* after that; under the lock */
void pool_forget(void);
long thread_create(pthread_t *thread, void *(*function)(void *), int detached);

/* ---- sandbox.c ---- */

int sandbox_mode(void);			/* 0: no seccomp filter */
int sandbox_allows(const int *calls, int n);	/* 0: it kills for them */

/* ---- stats.c ---- */

enum counter {
	STAT_INLINE, STAT_NATIVE, STAT_RING, STAT_POOL, STAT_RETRIED,
	STAT_THREADS, STAT_RINGS, STAT_BROKEN, STATS
};
extern int stats_wanted, debug_wanted;
extern unsigned long stats[STATS];

void stats_begin(void);
void debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline void count(enum counter what)
{
	if (__builtin_expect(stats_wanted, 0))
		__atomic_fetch_add(&stats[what], 1, __ATOMIC_RELAXED);
}

/* ---- native.c ---- */

/* The mapped ring of the native context, linux/fs/aio.c. */
struct native_ring {
	unsigned id, nr, head, tail;
	unsigned magic, compat, incompat, header_length;
	struct { uint64_t data, obj; int64_t res, res2; } events[];
};
extern struct native_ring *native_ring;	/* NULL: there is none */

int native_setup(void);			/* is there a context? */
void native_forget(void);
unsigned native_submit(struct request **r, unsigned n);	/* how many it took */
int native_submit_waiting(struct request *r);	/* may sleep; 1: it took it */
int native_reap(void);			/* under the lock; how many ended */
int native_look(void);			/* reap, if there is something */
int native_exists(void);
int native_end(struct aiocb *cb);	/* without the lock; 0: reap */
void native_move_head(void);		/* to what has been seen */
long native_sleep(unsigned min, const struct timespec *timeout);
void native_kick(unsigned n);		/* n events without a request */

/* Events that need nothing more, since the beginning. */
extern uint64_t native_seen;

/* Acquire: the event lies below the tail that the kernel moved. */
static inline unsigned events_from(struct native_ring *ring, uint64_t at)
{
	unsigned tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);

	return (tail + ring->nr - at % ring->nr) % ring->nr;
}

static inline unsigned native_ready(void)
{
	struct native_ring *ring = __atomic_load_n(&native_ring,
						   __ATOMIC_ACQUIRE);

	return ring ? events_from(ring, __atomic_load_n(&native_seen,
							__ATOMIC_ACQUIRE)) : 0;
}

/* ---- wait.c ---- */

struct wanted {				/* one of list, or all of group */
	const struct aiocb *const *list;
	int n;
	struct group *group;
	const struct timespec *timeout;
};

long wait_for(const struct wanted *w);	/* 0, -EINTR, -EAGAIN: time is up */
void wait_for_cancelling(struct cancelling *c, int runs);
void wait_interrupt_leader(unsigned bits);	/* these requests ended */
void wait_forget(void);

/* ---- notify.c ---- */

/* 0; -EAGAIN: no room for a signal now, or no thread; or why no thread can ever
 * be made (a seccomp filter: -EPERM). */
long notify(const struct sigevent *sigev);	/* not under the lock */
long notify_signal(const struct sigevent *sigev);
/* Call it in this thread; leave is called if the callback ends the thread. */
void notify_here(const struct sigevent *sigev, void (*leave)(void *));
void notify_threads(int max);		/* of callbacks; 0: a new one for each */
void notify_idle(int seconds);		/* until one of them ends */
void notify_forget(void);

/* A request that asks for a signal that does not exist ends with EINVAL. */
static inline int names_no_signal(const struct sigevent *sigev)
{
	return sigev->sigev_notify == SIGEV_SIGNAL &&
	       (unsigned)sigev->sigev_signo >= NSIG;
}

extern int end_descriptor;		/* of posixaio_ext.h, or -1; atomic */
void notify_descriptor(void);		/* a request has ended */

#endif
