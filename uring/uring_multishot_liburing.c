/* SPDX-License-Identifier: MIT */
/*
 * uring_multishot_liburing.c - uring_multishot on the library (with liburing)
 *
 * The same functions in the same order as uring_multishot.c, so that a diff
 * shows what the library is.  liburing 2.3 (Debian 12) has no name yet for the
 * request that asks a socket for its peer, so greet() fills the fields of that
 * one by hand.
 *
 *     io_uring_setup  mmap x2           the ring
 *     prlimit64 x2  io_uring_register FILES2   registered files (slots)
 *     mmap  io_uring_register PBUF_RING the buffers; ACCEPT is queued
 *   wait:
 *     io_uring_enter                    the only call: submits, sleeps, copies
 *       ACCEPT:  URING_CMD  RECV        asks for the peer; RECV stays queued
 *       RECV:    SEND                   0 or an error: CLOSE, by the ring too
 *       SEND:    SEND                   what the socket had no room for, and
 *                                       ASYNC_CANCEL of the RECV meanwhile
 *     mmap mremap munmap                only for a peer that does not read
 *
 * Calls     Those of uring_multishot.c, and what libc does before main.
 * Needs     What uring_multishot.c needs, and liburing 2.3.
 * Limits    Those of uring_multishot.c.
 * Compare   uring_multishot.c.
 * Trace     traces/uring_multishot_liburing.two.x86_64.strace, .kernel
 */
#include <liburing.h>
#include "serve.h"

enum { ENTRIES = 1024, BUFFERS = 256, BUF = SCRATCH, OWED_MAX = 64 << 10 };
enum { PER_EVENT = 4 };			/* requests that one completion adds */
enum { GETSOCKOPT = 2 };		/* SOCKET_URING_OP_GETSOCKOPT */
enum { ACCEPT = 1, PEER, RECV, SEND, SEND_REST, CANCEL, CLOSE };

/* conns[].out, .owed: the SEND in flight. */
static struct conn conns[CONNS];	/* by slot */
static struct state {
	struct queue going, waiting;	/* in flight, and what came meanwhile */
	unsigned in_flight;		/* requests not completed yet */
	unsigned buffer;		/* that SEND sends from */
	unsigned char receiving, cancelled, ended, closing;
} states[CONNS];			/* likewise */
static struct io_uring_buf_ring *buffers;
static char (*bufs)[BUF];		/* by buffer */
static int live, paused;		/* paused: no ACCEPT is in flight */

static struct io_uring_sqe *request(unsigned what, int slot)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring); /* PER_EVENT: never 0 */

	sqe->user_data = key(what, slot);	/* prep_ leaves it alone */
	return sqe;
}

static void watch_listener(void)
{
	struct io_uring_sqe *sqe;

	paused = live == (int)slots;
	if (paused)
		return;
	sqe = request(ACCEPT, listener);
	if (fixed)
		io_uring_prep_multishot_accept_direct(sqe, listener, NULL, NULL,
						      0);
	else
		io_uring_prep_multishot_accept(sqe, listener, NULL, NULL,
					       SOCK_CLOEXEC);
	if (few_slots(live))
		sqe->ioprio = 0;
}

static void watch(int slot)
{
	struct io_uring_sqe *sqe = request(RECV, slot);

	io_uring_prep_recv_multishot(sqe, slot, NULL, 0, 0);
	sqe->flags = fixed | IOSQE_BUFFER_SELECT;
	sqe->buf_group = 0;
	states[slot].in_flight++;
	states[slot].receiving = 1;
	states[slot].cancelled = 0;
}

static void put_buffer(unsigned id)
{
	io_uring_buf_ring_add(buffers, bufs[id], BUF, id,
			      io_uring_buf_ring_mask(BUFFERS), 0);
	io_uring_buf_ring_advance(buffers, 1);
}

/* End requests early; their completions tell how they ended. */
static void cancel(__u64 addr, int slot, unsigned flags)
{
	struct io_uring_sqe *sqe = request(CANCEL, slot);

	if (flags)
		io_uring_prep_cancel_fd(sqe, slot, flags);
	else
		io_uring_prep_cancel64(sqe, addr, 0);
	sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
}

/*
 * A request in flight holds the socket: close alone would leave it open, and no
 * FIN would leave.  So cancel the requests, and close after the last has ended.
 */
static void hang_up(int slot)
{
	states[slot].closing = 1;
	if (states[slot].in_flight)
		cancel(0, slot, IORING_ASYNC_CANCEL_ALL |
				(fixed ? IORING_ASYNC_CANCEL_FD_FIXED : 0));
}

/* End it early: what is in flight and what is queued is lost. */
static void give_up(int slot, const char *why)
{
	struct state *s = &states[slot];
	unsigned going = s->going.len - s->going.off;

	if (going)				/* SEND_REST sends from there */
		conns[slot].owed = 0;
	conns[slot].owed += going + s->waiting.len - s->waiting.off;
	conn_gave_up(&conns[slot], why);
	hang_up(slot);
}

static void close_slot(int slot)
{
	struct io_uring_sqe *sqe = request(CLOSE, 0);

	if (fixed)
		io_uring_prep_close_direct(sqe, slot);
	else
		io_uring_prep_close(sqe, slot);
	sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
	conn_end(&conns[slot]);
	queue_free(&states[slot].going);
	queue_free(&states[slot].waiting);
	key_retire(slot);
	live--;
	if (paused)
		watch_listener();		/* a slot is free */
}

/* getpeername(2) knows no slots: a request asks for the peer (6.7). */
static void ask_peer(int slot)
{
	struct io_uring_sqe *sqe;
	int len = sizeof(conns[slot].peer);

	if (!fixed) {
		sys_getpeername(slot, &conns[slot].peer, &len);
		return;
	}
	sqe = request(PEER, slot);
	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, slot, NULL, 0,
			 GETSOCKOPT);
	sqe->flags = fixed;
	sqe->addr = SOL_SOCKET | (__u64)SO_PEERNAME << 32;
	sqe->addr3 = (unsigned long)&conns[slot].peer;
	sqe->file_index = sizeof(conns[slot].peer);
	states[slot].in_flight++;
}

static void greet(int slot, unsigned flags)
{
	const struct sockaddr_in unknown = { .sin_family = family };

	if (listener_ended(slot)) {
		sys_close(listener);
		listener = -1;
		return;
	}
	if (peers_must_wait(slot)) {
		paused = 1;
		return;
	}
	if (slot >= 0 && (fixed || !beyond_table(slot))) {
		conn_begin(&conns[slot], &unknown);
		states[slot] = (struct state){ 0 };
		live++;
		ask_peer(slot);
		watch(slot);
		if (flags & IORING_CQE_F_MORE && few_slots(live))
			cancel(0, listener, IORING_ASYNC_CANCEL_FD);
	}					/* else it brought no peer */
	if (!(flags & IORING_CQE_F_MORE))
		watch_listener();
}

/*
 * SEND what is queued; it completes when all is sent, or with an error.  What a
 * peer asked for (reply) while it was owed something is answered only now: the
 * requests wait, not the answers.  Each buffer of them may ask for 1 MiB, and
 * all BUFFERS may hold some before the RECV is cancelled: a peer that asks and
 * never reads would be owed 256 MiB.
 */
static void send_queued(int slot)
{
	struct state *s = &states[slot];
	struct conn *c = &conns[slot];
	struct io_uring_sqe *sqe;
	long n = queue_next(&s->going, &s->waiting, c);

	if (n < 0)
		give_up(slot, bad_request);
	if (n <= 0)
		return;
	sqe = request(SEND_REST, slot);
	io_uring_prep_send(sqe, slot, c->out, n,
			   MSG_NOSIGNAL | MSG_WAITALL);
	sqe->flags = fixed;
	s->in_flight++;
}

/*
 * Bytes came.  An echo is sent from the buffer that they came in, with
 * MSG_DONTWAIT, so that the buffer is free at once: a peer that does not read
 * must not hold buffers that others need.
 */
static void answer(int slot, unsigned buffer, unsigned n)
{
	struct state *s = &states[slot];
	struct conn *c = &conns[slot];
	char *buf = bufs[buffer];
	long owed = c->owed ? 0 : conn_answer(c, &buf, n);
	struct io_uring_sqe *sqe;

	if (owed <= 0) {			/* keep the order */
		if (owed < 0) {
			give_up(slot, bad_request);
		} else if (c->owed && queue_add(&s->waiting, buf, n)) {
			give_up(slot, "no memory for output that is not "
				"sent yet");
		}
		put_buffer(buffer);
		return;
	}
	c->out = buf;
	c->owed = owed;
	s->buffer = buffer;
	sqe = request(SEND, slot);
	io_uring_prep_send(sqe, slot, c->out, c->owed,
			   MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL);
	sqe->flags = fixed;
	s->in_flight++;
}

static void received(int slot, const struct io_uring_cqe *cqe)
{
	struct state *s = &states[slot];
	struct conn *c = &conns[slot];
	unsigned buffer = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
	int n = cqe->res;

	if (!(cqe->flags & IORING_CQE_F_MORE)) {
		s->in_flight--;
		s->receiving = 0;
	}
	if (n > 0 && opt.echo && !s->closing) {
		answer(slot, buffer, n);
	} else if (n > 0) {
		if (!s->closing && conn_received(c, bufs[buffer], n))
			hang_up(slot);
		put_buffer(buffer);
	} else if (n == -EINVAL) {
		ring_refused("multishot RECV", n, "6.0");
	} else if (n != -ENOBUFS && n != -ECANCELED && n != -EINTR &&
		   !s->closing) {
		if (n < 0) {
			give_up(slot, errno_name(n));
		} else if (!opt.echo) {
			conn_received(c, NULL, 0);
			hang_up(slot);
		}
		s->ended = 1;			/* what is owed is still sent */
	}
}

static void did_send(unsigned what, int slot, int n)
{
	struct state *s = &states[slot];
	struct conn *c = &conns[slot];
	unsigned done = n > 0 ? n : 0;

	s->in_flight--;
	if (what == SEND) {
		/* The socket was full: the rest goes ahead of what waits. */
		if (done < c->owed && !s->closing && !opt.reply &&
		    queue_add(&s->going, c->out + done, c->owed - done))
			n = -ENOMEM;
		put_buffer(s->buffer);
	} else if (!opt.reply) {
		s->going.off += done;
	}
	/* The rest of an echo is in going, and sent from there. */
	c->owed -= done;
	if (s->closing)
		return;
	if (n < 0 && n != -EAGAIN && n != -EINTR) {
		give_up(slot, errno_name(n));
		return;
	}
	if (s->going.off == s->going.len)
		s->going.off = s->going.len = 0;
	send_queued(slot);
}

/* After each completion: what this connection is to do next. */
static void go_on(int slot)
{
	struct state *s = &states[slot];

	if (!s->closing && s->ended && !conns[slot].owed)
		hang_up(slot);
	if (s->closing) {
		if (!s->in_flight)
			close_slot(slot);
	} else if (!s->receiving && !s->ended && !s->waiting.len &&
		   s->going.off == s->going.len) {
		watch(slot);			/* limits b) and c) are over */
	} else if (s->receiving && !s->cancelled && s->waiting.len > OWED_MAX) {
		s->cancelled = 1;
		cancel(key(RECV, slot), slot, 0);
	}
}

static void complete(const struct io_uring_cqe *cqe)
{
	unsigned what = key_what(cqe->user_data);
	int slot = key_index(cqe->user_data);

	if (what == ACCEPT)
		return greet(cqe->res, cqe->flags);
	if (what == CANCEL || what == CLOSE || !key_lives(cqe->user_data))
		return;
	if (what == RECV)
		received(slot, cqe);
	else if (what == PEER)
		states[slot].in_flight--;	/* it filled conns[slot].peer */
	else
		did_send(what, slot, cqe->res);
	go_on(slot);
}

static void open_buffers(void)
{
	struct io_uring_buf_reg reg = { .ring_entries = BUFFERS };
	unsigned long head = BUFFERS * sizeof(struct io_uring_buf);
	int err;

	head = (head + 0xffff) & ~0xffffUL;	/* the largest page there is */
	buffers = sys_mmap(NULL, head + BUFFERS * sizeof(*bufs),
			   PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	must((long)buffers);
	bufs = (void *)((char *)buffers + head);
	reg.ring_addr = (unsigned long)buffers;
	err = io_uring_register_buf_ring(&ring, &reg, 0);
	if (err)
		ring_refused("io_uring_register buffers", err, "5.19");
	io_uring_buf_ring_init(buffers);
	for (int i = 0; i < BUFFERS; i++)
		put_buffer(i);
}

static int wait_for_one(void)
{
	struct __kernel_timespec second = one_second;
	struct io_uring_cqe *cqe;

	return paused ? io_uring_submit_and_wait_timeout(&ring, &cqe, 1,
							 &second, NULL)
		      : io_uring_submit_and_wait(&ring, 1);
}

int main(int argc, char **argv)
{
	struct io_uring_cqe *cqe;

	(void)argc;
	open_socket(argv, SOCK_STREAM | SOCK_CLOEXEC);
	open_ring(ENTRIES, 0, "6.0");
	open_slots();
	open_buffers();
	watch_listener();
	announce();
	while (listener >= 0 || live) {
		entered(wait_for_one());
		if (paused && io_uring_sq_space_left(&ring))
			watch_listener();
		while (io_uring_cq_ready(&ring) &&
		       io_uring_sq_space_left(&ring) >= PER_EVENT) {
			io_uring_peek_cqe(&ring, &cqe);
			complete(cqe);
			io_uring_cqe_seen(&ring, cqe);
		}
	}
	return end_status;
}
