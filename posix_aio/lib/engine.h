/* SPDX-License-Identifier: MIT */
/*
 * engine.h - what the files of libposixaio share
 *
 *   interface.c   the functions of <aio.h>: arguments, and which way a
 *                 request takes
 *   kind.c        what a descriptor is: O_DIRECT, a stream, ...
 *   engine.c      requests, their order, their end; the one lock
 *   wait.c        aio_suspend and LIO_WAIT: who sleeps where
 *   worker.c      the library's thread and its io_uring
 *   native.c      O_DIRECT: io_submit by the caller, no thread
 *   notify.c      signals and callback threads
 *   fallback.c    glibc's functions, where io_uring is not to be had
 *
 * A request takes one of three ways:
 *
 *   inline   a read of what is in the page cache: preadv2(RWF_NOWAIT) in the
 *            caller, done before aio_read returns
 *   native   O_DIRECT and nobody to notify: io_submit in the caller.  The
 *            context belongs to the address space, not to a thread, and
 *            completes from interrupts: a request outlives the thread that
 *            made it and interrupts no system call of it.  Whoever looks
 *            (aio_error, aio_suspend) finds the events in the mapped ring.
 *   ring     everything else: handed to the worker, a thread of the library
 *            with all signals blocked, which owns an io_uring.
 *
 * Who makes a request takes no lock: it is taken from a list of free ones and
 * pushed into the inbox, both with one compare-and-swap.
 *
 *   free -> filled by the caller -> inbox -> adopted: in its descriptor's list
 *
 * Who asks for a native request that is done takes none either (native.c).
 *
 * One lock guards all else, and who takes it adopts first what the inbox holds,
 * so that what it sees is whole.  aio_error and aio_suspend may be called in a
 * signal handler, which may have interrupted whoever holds the lock; so it is
 * held only with all signals blocked, and only for a moment: no function that
 * may sleep is called under it.
 */
#ifndef POSIXAIO_ENGINE_H
#define POSIXAIO_ENGINE_H

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
	NATIVE,			/* in the native AIO context */
	TELLING,		/* done; its callback thread is to be started */
	ENDED,			/* done; the ring answers for its cancellation */
};

enum {				/* request.flags */
	STREAM	   = 1 << 0,	/* not seekable: no offset */
	ORDERED	   = 1 << 1,	/* after those of its direction before it */
	NONBLOCK   = 1 << 2,	/* O_NONBLOCK: a short write is the answer */
	TRIED	   = 1 << 3,	/* EAGAIN once: next time by a kernel worker */
	STOP	   = 1 << 4,	/* cancelled: if it ends short, it has ended */
	PLAIN	   = 1 << 5,	/* a short write to the page cache */
	COUNTED	   = 1 << 6,	/* by kind_enter() */
};

/* The requests of one lio_listio. */
struct group {
	unsigned pending;	/* not done yet, and the caller while it runs;
				   atomic, who makes a request adds it */
	int notify;		/* send sigev when all are done */
	struct sigevent sigev;
	struct group *next;	/* free, or to be told */
};

/* One aio_cancel; guarded by the lock. */
struct cancelling {
	unsigned left;		/* asked, not answered yet */
	unsigned done, refused;
};

struct request {
	struct aiocb *cb;	/* the program's: not touched after the end */
	unsigned index;		/* its own place in the table */
	uint32_t serial;	/* of this use of it, no two of 2^32 alike */
	int fd;
	uint8_t op, where, flags;
	uint8_t asked;		/* the ring, to cancel it; no answer yet */
	char *buf;
	size_t len, done;
	off_t offset;
	struct group *group;
	struct sigevent sigev;
	struct request *next;	/* in the inbox, ready or telling */
	struct request *next_cancel, *next_ended;
	struct cancelling *by;	/* who waits for its cancellation */
	/* All of a descriptor, in the order of the calls. */
	struct request *later, *earlier;
	struct descriptor *descriptor;	/* NULL: not adopted, or ended */
};

/* A descriptor number with requests in flight. */
struct descriptor {
	int fd;
	struct request *first, *last;
	struct descriptor *next;	/* in its bucket, or free */
};

struct list {
	struct request *first, **end;
};

enum { BUCKETS = 256 };

extern struct engine {
	int lock;			/* 0 free, 1 held, 2 held and wanted */

	/* Without the lock, atomic. */
	struct request *inbox;		/* made, not adopted; the last is first */
	struct request *ended;		/* without the lock: to be unlinked */
	uint64_t free_requests;		/* the first one's index + 1; above it a
					   number that each change moves on */
	unsigned requests;		/* made so far */

	/* Waiters: a futex word that each batch of completions changes. */
	int sequence, waiters;

	/* The worker. */
	int worker;			/* WORKER_*; atomic, read without it, too */
	int sleeping;			/* ring its bell; atomic */
	unsigned load;			/* requests that need it */
	unsigned in_ring;		/* requests in its io_uring */
	unsigned held_syncs;		/* fsyncs behind other requests */
	unsigned natives;		/* requests in the native context */
	unsigned natives_later;		/* of them, in the list; atomic */
	struct list ready, telling, later;
	struct request *cancels;	/* to be asked for, in any order */
	struct group *groups_telling;
	struct group *owed, **owed_end;	/* notifications that were refused */
	int owes;			/* some that the worker has not seen */
	int news;			/* an fsync is held that it has not seen */

	unsigned done_bits;		/* of requests ended under this lock */
	int kicked;			/* a kick was taken from the ring */
	struct descriptor *buckets[BUCKETS];
	struct descriptor *free_descriptors;
	struct group *free_groups;
	unsigned idle_seconds;
	int native_tried;
} engine;

enum { WORKER_NONE, WORKER_STARTING, WORKER_RUNS };

/* ---- engine.c ---- */

typedef unsigned long signals;		/* the kernel's set, 8 bytes */

signals block_signals(void);
void restore_signals(signals old);
signals engine_lock(void);		/* blocks all signals, too */
void engine_lock_only(void);
void engine_adopt(void);		/* what was sent since; under the lock */
void engine_unlock(void);		/* wakes who waits for what ended */
void engine_release(signals old);	/* engine_unlock and restore_signals */
void engine_forget(void);		/* in the child of fork */

struct request *request_new(struct aiocb *cb, int op, unsigned flags,
			    struct group *group);	/* NULL: no memory */
void request_send(struct request *r, int where);	/* NATIVE or HELD */
struct request *request_of(const struct aiocb *cb);
struct request *request_still(unsigned index, const struct aiocb *cb);
struct request *request_at(unsigned index);
int request_is_over(uint32_t serial, unsigned index);
int request_ends_alone(uint32_t serial, unsigned index);
int request_claim(uint32_t serial, unsigned index);	/* to end it; 0: no */
void request_end_alone(struct aiocb *cb, uint64_t in_progress, unsigned index);
struct request *last_of(int fd);	/* of those in flight on it */
void request_free(struct request *r);
void request_over(struct request *r);	/* free it when nothing names it */
void request_start(struct request *r);	/* to the worker when its turn comes */
void request_ready(struct request *r);
void request_end(struct request *r, long result);	/* bytes, or -errno */
void request_stop(struct request *r);	/* it ends when it ends short */
void group_leave(struct group *g);
struct group *group_new(void);
void group_free(struct group *g);
void group_owe(struct group *g);
void owe(const struct sigevent *sigev);	/* the worker tries again */
void list_add(struct list *l, struct request *r);
struct request *list_take(struct list *l);	/* all of them */
void list_remove(struct list *l, struct request *r);

long futex(int *word, int op, int value, const struct timespec *timeout,
	   unsigned bits);

/*
 * Publish a result.  Release: who reads the error code and finds it final may
 * read the result, and may free or reuse the aiocb.
 */
static inline void publish(struct aiocb *cb, long result)
{
	cb->__return_value = result < 0 ? -1 : result;
	__atomic_store_n(&cb->__error_code, result < 0 ? (int)-result : 0,
			 __ATOMIC_RELEASE);
}

static inline int status(const struct aiocb *cb)
{
	return __atomic_load_n(&cb->__error_code, __ATOMIC_ACQUIRE);
}

/*
 * The error code and the four bytes behind it, which are free, as one word:
 * while the request is in flight, EINPROGRESS and its serial number.
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
 * Which waiters a completion concerns: each request has one of 31 bits, bit 31
 * is for one who would take over waiting for native events.
 */
static inline unsigned bit_of(unsigned index)
{
	return 1U << index % 31;
}
#define HEIR (1U << 31)

/* ---- kind.c ---- */

enum {					/* bits of a descriptor's kind */
	KIND_STREAM = 1, KIND_DIRECT = 2, KIND_APPEND = 4, KIND_NONBLOCK = 8,
	KIND_DSYNC = 16,
	KIND_LIMITED = 32,		/* RLIMIT_FSIZE may hit its writes */
};

int known_buffered(int fd);
void know_buffered(int fd);
int kind_of(int fd);			/* bits, or -errno */
int kind_enter(int fd);			/* a request: was it counted? */
void kind_leave(int fd);		/* a counted request has ended */
void kind_forget(void);

/*
 * What the kernel orders, a sanitizer does not see: what is written before
 * io_submit is there for whoever takes the event.
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
long worker_probe(void);		/* 0, or why io_uring is not to be had */
long worker_start(void);		/* 0, or -errno; not under the lock */
void worker_bell(void);
void worker_forget(void);

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
int native_reap(void);			/* under the lock; how many ended */
int native_look(void);			/* reap, if there is something */
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
void wait_for_cancelling(struct cancelling *c);
void wait_interrupt_leader(unsigned bits);	/* these requests ended */
void wait_forget(void);

/* ---- notify.c ---- */

/* 0, or -EAGAIN: no room for a signal, or a thread, now. */
long notify(const struct sigevent *sigev);	/* not under the lock */
long notify_signal(const struct sigevent *sigev);

/* ---- fallback.c ---- */

extern struct fallback {
	int (*read)(struct aiocb *), (*write)(struct aiocb *);
	int (*fsync)(int, struct aiocb *);
	int (*error)(const struct aiocb *);
	ssize_t (*ret)(struct aiocb *);
	int (*suspend)(const struct aiocb *const *, int,
		       const struct timespec *);
	int (*cancel)(int, struct aiocb *);
	int (*listio)(int, struct aiocb *const *, int, struct sigevent *);
	void (*init)(const struct aioinit *);
} fallback;

void fallback_find(void);

#endif
