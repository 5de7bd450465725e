/* SPDX-License-Identifier: MIT */
/*
 * serve.h - what the io_uring servers share: the ring, the key of a request
 *
 * user_data comes back with the completion, and only it tells a program which
 * request ended.  A bare descriptor is not enough: it can be closed and given
 * to the next connection while a completion for its former owner is still on
 * its way.  So each connection has a generation, counted up when it ends, and
 * a completion of another generation is dropped:
 *
 *    63     56 55                    32 31                             0
 *   +---------+------------------------+--------------------------------+
 *   |  what   |       generation       |     descriptor or slot         |
 *   +---------+------------------------+--------------------------------+
 */
#ifndef IOMODELS_SERVE_H
#define IOMODELS_SERVE_H

#include "../models/server.h"
#include "why.h"

#ifdef LIB_URING_H		/* a twin has included liburing.h before us */
static struct io_uring ring;
#define ring_setup(r, entries, p) io_uring_queue_init_params(entries, r, p)
#define ring_files_sparse(r, n) io_uring_register_files_sparse(r, n)
#else
#include "ring.h"
static struct ring ring;
#endif

enum { GENERATION_MASK = 0xffffff };

static unsigned generations[CONNS];	/* by descriptor or slot */

static inline __u64 key(unsigned what, unsigned index)
{
	return (__u64)what << 56 | (__u64)generations[index] << 32 | index;
}

static inline unsigned key_what(__u64 key)
{
	return key >> 56;
}

static inline unsigned key_index(__u64 key)
{
	return (unsigned)key;
}

/* Does the connection that the request was for still exist? */
static inline int key_lives(__u64 k)
{
	return (k >> 32 & GENERATION_MASK) == generations[key_index(k)];
}

/* The connection ended: its completions that still come are dropped. */
static inline void key_retire(unsigned index)
{
	generations[index] = (generations[index] + 1) & GENERATION_MASK;
}

/* ---- the ring ---- */

static const struct __kernel_timespec one_second = { .tv_sec = 1 };

/* needs: the kernel version that the flags need, for the message. */
static void ring_refused(const char *call, long err, const char *needs)
{
	if (err == -EINVAL)
		fail(1, "%s: EINVAL: a flag of this model needs Linux %s or "
		     "later (iomodels list shows other models)\n",
		     call, needs);
	fail(1, "%s: %s: %s\n", call, errno_name(err), ring_why(err));
}

/*
 * io_uring_enter returned n.  In most cases the loop goes on with the
 * completions that are there, after a pause if there was no memory.  A filter
 * may refuse the call, though there is a ring: that ends the server.
 */
static void entered(long n)
{
	if (n == -ENOMEM || n == -EAGAIN)
		pause_ms(10);
	else if (n == -EBADR)
		warn("completions are lost, because the kernel had no "
		     "memory to keep them; a connection may hang\n");
	else if (n < 0 && n != -EINTR && n != -EBUSY && n != -ETIME)
		ring_refused("io_uring_enter", n, "5.11");
}

static unsigned sqpoll_cpu;

/*
 * Call it after open_socket, which reads the options: --help works everywhere.
 * Call it before announce: a refusal is then all that is printed.
 */
static void open_ring(unsigned entries, unsigned flags, const char *needs)
{
	struct io_uring_params p = {
		.flags = flags,
		.sq_thread_idle = flags & IORING_SETUP_SQPOLL ? 20 : 0,	/* ms */
		.sq_thread_cpu = sqpoll_cpu,		/* with SQ_AFF */
	};
	long err = ring_setup(&ring, entries, &p);

	/* Else a blocked request holds a thread, or a wait has no limit. */
	if (!err && (!(p.features & IORING_FEAT_FAST_POLL) ||
		     !(p.features & IORING_FEAT_EXT_ARG)))
		err = -EINVAL;
	if (err)
		ring_refused("io_uring_setup", err, needs);
}

/* ---- direct descriptors: slots of a table of the ring's own ---- */

/*
 * ACCEPT takes a slot and CLOSE frees it, without a descriptor.  An ACCEPT that
 * finds no slot has accepted already, and the connection is lost (-ENFILE); one
 * that finds no descriptor (-EMFILE) leaves the connection in the queue.  So no
 * ACCEPT may run that could take more connections than there are slots:
 *
 *    0            taken             slots - 2 * SOMAXCONN         slots
 *    |  multishot ACCEPT                 |  one ACCEPT at a time    |  none
 *
 * Up to SOMAXCONN connections can be accepted at once, before we look.
 *
 * Before Linux 6.13 slots do not suit connections: the kernel keeps a closed
 * one until every request that was under way on any slot is over, and its peer
 * sees no FIN (seen on 6.1).  No feature bit tells that, so we look at the next
 * bit that came, in 6.14.  Without that bit, plain descriptors are used.
 */
enum { FEAT_SLOTS_CLOSE = 1 << 16 };	/* IORING_FEAT_RW_ATTR */

static unsigned slots = CONNS;
static unsigned fixed;			/* IOSQE_FIXED_FILE, or 0 */

static void open_slots(void)
{
	struct rlimit64 nofile;
	long err;

	at_once = family == AF_UNIX;		/* faults.md: it sleeps on */
	if (!(ring.features & FEAT_SLOTS_CLOSE))
		return;
	fixed = IOSQE_FIXED_FILE;
	/* Slots are not descriptors, but the kernel allows as many of them. */
	must(sys_prlimit64(0, RLIMIT_NOFILE, NULL, &nofile));
	nofile.rlim_cur = nofile.rlim_max;
	must(sys_prlimit64(0, RLIMIT_NOFILE, &nofile, NULL));
	slots = nofile.rlim_cur < CONNS ? nofile.rlim_cur : CONNS;
	err = ring_files_sparse(&ring, slots);
	if (err)
		ring_refused("io_uring_register files", err, "5.19");
}

static int few_slots(unsigned taken)
{
	return fixed && taken + 2 * SOMAXCONN >= slots;
}

/* ---- what is owed to a peer that reads more slowly than it sends ---- */

/* Bytes in mmapped memory, [off, len) of them not yet sent. */
struct queue {
	char *mem;
	unsigned off, len, cap;
};

static void queue_free(struct queue *q)
{
	if (q->cap)
		sys_munmap(q->mem, q->cap);
	*q = (struct queue){ 0 };
}

/* Append n bytes.  0, or -errno of mmap or mremap. */
static long queue_add(struct queue *q, const char *buf, unsigned n)
{
	unsigned cap = q->cap ? q->cap : 4 * SCRATCH;
	char *mem;

	if (!n)
		return 0;
	while (cap < q->len + n)
		cap *= 2;
	if (cap != q->cap) {
		mem = q->cap ? sys_mremap(q->mem, q->cap, cap, MREMAP_MAYMOVE) :
		      sys_mmap(NULL, cap, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (failed(mem))
			return (long)mem;
		q->mem = mem;
		q->cap = cap;
	}
	memcpy(q->mem + q->len, buf, n);
	q->len += n;
	return 0;
}

/*
 * How many bytes at c->out the next SEND sends; c->owed is all that is
 * owed by now.  echo: `going`, and then what waits.  reply: the rest of an
 * answer, or the answers to requests that wait.  -1: one of these asks for
 * more than the service reply allows.
 */
static long queue_next(struct queue *going, struct queue *waiting,
		       struct conn *c)
{
	struct queue empty = *going;
	long wants = 0;

	if (!opt.reply && going->off == going->len) {
		*going = *waiting;
		*waiting = empty;
		waiting->off = waiting->len = 0;
	}
	if (!opt.reply) {
		c->out = going->mem + going->off;
		return c->owed = going->len - going->off;
	}
	while (wants >= 0 && c->owed < SCRATCH && waiting->off < waiting->len) {
		wants = 0;
		waiting->off += request_takes(c, waiting->mem + waiting->off,
					      waiting->len - waiting->off,
					      &wants);
		c->owed += wants > 0 ? wants : 0;
	}
	if (waiting->off == waiting->len)
		waiting->off = waiting->len = 0;
	c->out = answer_bytes;
	if (wants < 0)
		return -1;
	return c->owed < ANSWER_MOST ? c->owed : ANSWER_MOST;
}

#endif
