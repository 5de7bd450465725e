/* SPDX-License-Identifier: MIT */
/*
 * uring_multishot.c - io_uring, one request for many accepts and receives
 *
 * One ACCEPT and, for each connection, one RECV stay in the kernel and
 * complete again and again.  A RECV has no buffer of its own: when data are
 * there the kernel takes one from a ring of buffers and reports which.  So an
 * idle connection holds no buffer.  The thread waits in io_uring_enter and
 * copies there, in task work (work that the kernel queues for a thread); when
 * data come while it runs, it copies as uring_basic.c does.
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
 * Calls     2 per echo, 3 more per connection; connections that are ready
 *           together share the calls.  An idle connection costs nothing.
 * Needs     Linux 6.0 (multishot RECV).  Before 6.14 it uses descriptors
 *           instead of slots, and calls getpeername: serve.h says why.
 * Limits    a) As many slots as descriptors are allowed (ulimit -Hn), at most
 *              CONNS.  A full table: no ACCEPT until a connection closes; a
 *              table that is nearly full: one ACCEPT at a time (serve.h).
 *           b) All buffers in use (ENOBUFS): the RECV ends and is queued again.
 *           c) The server stops reading from a peer that does not read, once
 *              OWED_MAX bytes wait to be sent; 4 MiB more may come by then.
 *           d) When a peer sends an urgent byte and then closes, recv can return
 *              EAGAIN at the urgent mark, and the RECV waits for ever.  Its slot
 *              stays in use until the server ends, and delays that end by 2 s
 *              (docs/faults.md).
 * Compare   uring_basic.c makes a new request each time; uring_fast.c has no
 *           completion for a SEND that succeeded.
 * Trace     traces/uring_multishot.two.x86_64.strace, .kernel
 */
#include "serve.h"

enum { ENTRIES = 1024, BUFFERS = 256, BUF = SCRATCH, OWED_MAX = 64 << 10 };
enum { PER_EVENT = 4 };			/* requests that one completion adds */
enum { ACCEPT = 1, PEER, RECV, SEND, SEND_REST, CANCEL, CLOSE };

/* conns[].out, .owed: the SEND in flight. */
static struct conn conns[CONNS];	/* by slot */
static struct state {
	struct queue going, waiting;	/* in flight, and what came meanwhile */
	unsigned in_flight;		/* requests not completed yet */
	unsigned buffer;		/* that SEND sends from */
	unsigned char receiving, cancelled, ended, closing;
} states[CONNS];			/* likewise */
static struct ring_buffers buffers;
static int live, paused;		/* paused: no ACCEPT is in flight */

static struct io_uring_sqe *request(int op, unsigned what, int slot,
				    const void *addr, unsigned len)
{
	struct io_uring_sqe *sqe = ring_sqe(&ring);	/* PER_EVENT: never 0 */

	sqe->opcode = op;
	sqe->flags = fixed;
	sqe->fd = slot;
	sqe->addr = (unsigned long)addr;
	sqe->len = len;
	sqe->user_data = key(what, slot);
	return sqe;
}

static void watch_listener(void)
{
	struct io_uring_sqe *sqe;

	paused = live == (int)slots;
	if (paused)
		return;
	sqe = request(IORING_OP_ACCEPT, ACCEPT, listener, NULL, 0);
	sqe->flags = 0;				/* the listener has a descriptor */
	sqe->file_index = fixed ? IORING_FILE_INDEX_ALLOC : 0;
	sqe->accept_flags = fixed ? 0 : SOCK_CLOEXEC;
	sqe->ioprio = few_slots(live) ? 0 : IORING_ACCEPT_MULTISHOT;
}

static void watch(int slot)
{
	struct io_uring_sqe *sqe = request(IORING_OP_RECV, RECV, slot, NULL, 0);

	sqe->flags |= IOSQE_BUFFER_SELECT;
	sqe->buf_group = buffers.group;
	sqe->ioprio = IORING_RECV_MULTISHOT;
	states[slot].in_flight++;
	states[slot].receiving = 1;
	states[slot].cancelled = 0;
}

/* End requests early; their completions tell how they ended. */
static void cancel(__u64 addr, int slot, unsigned flags)
{
	struct io_uring_sqe *sqe = request(IORING_OP_ASYNC_CANCEL, CANCEL, slot,
					   (void *)addr, 0);

	sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
	sqe->cancel_flags = flags;
}

/*
 * A request in flight holds the socket: close alone would leave it open, and no
 * FIN would leave.  So cancel the requests, and close after the last has ended.
 */
static void hang_up(int slot)
{
	states[slot].closing = 1;
	if (states[slot].in_flight)
		cancel(0, slot, IORING_ASYNC_CANCEL_FD | IORING_ASYNC_CANCEL_ALL |
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
	struct io_uring_sqe *sqe = request(IORING_OP_CLOSE, CLOSE,
					   fixed ? 0 : slot, NULL, 0);

	sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
	sqe->file_index = fixed ? slot + 1 : 0;
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
	sqe = request(IORING_OP_URING_CMD, PEER, slot, NULL, 0);
	sqe->cmd_op = SOCKET_URING_OP_GETSOCKOPT;
	sqe->level = SOL_SOCKET;
	sqe->optname = SO_PEERNAME;
	sqe->optval = (unsigned long)&conns[slot].peer;
	sqe->optlen = sizeof(conns[slot].peer);
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
	long n = queue_next(&s->going, &s->waiting, c);

	if (n < 0)
		give_up(slot, bad_request);
	if (n <= 0)
		return;
	request(IORING_OP_SEND, SEND_REST, slot, c->out, n)->msg_flags =
		MSG_NOSIGNAL | MSG_WAITALL;
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
	char *buf = ring_buffers_at(&buffers, buffer);
	long owed = c->owed ? 0 : conn_answer(c, &buf, n);

	if (owed <= 0) {			/* keep the order */
		if (owed < 0) {
			give_up(slot, bad_request);
		} else if (c->owed && queue_add(&s->waiting, buf, n)) {
			give_up(slot, "no memory for output that is not "
				"sent yet");
		}
		ring_buffers_put(&buffers, buffer);
		return;
	}
	c->out = buf;
	c->owed = owed;
	s->buffer = buffer;
	request(IORING_OP_SEND, SEND, slot, c->out, c->owed)->msg_flags =
		MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL;
	s->in_flight++;
}

static void received(int slot, const struct io_uring_cqe *cqe)
{
	struct state *s = &states[slot];
	struct conn *c = &conns[slot];
	int n = cqe->res;

	if (!(cqe->flags & IORING_CQE_F_MORE)) {
		s->in_flight--;
		s->receiving = 0;
	}
	if (n > 0 && opt.echo && !s->closing) {
		answer(slot, ring_buffer_of(cqe), n);
	} else if (n > 0) {
		if (!s->closing && conn_received(c, ring_buffers_at(&buffers,
						ring_buffer_of(cqe)), n))
			hang_up(slot);
		ring_buffers_put(&buffers, ring_buffer_of(cqe));
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
		ring_buffers_put(&buffers, s->buffer);
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

int main(int argc, char **argv)
{
	long err;

	(void)argc;
	open_socket(argv, SOCK_STREAM | SOCK_CLOEXEC);
	open_ring(ENTRIES, 0, "6.0");
	open_slots();
	err = ring_buffers_setup(&ring, &buffers, 0, BUFFERS, BUF);
	if (err)
		ring_refused("io_uring_register buffers", err, "5.19");
	watch_listener();
	announce();
	while (listener >= 0 || live) {
		entered(ring_wait(&ring, 1, paused ? &one_second : NULL));
		if (paused && ring_room(&ring))
			watch_listener();
		while (ring_ready(&ring) && ring_room(&ring) >= PER_EVENT) {
			complete(ring_cqe(&ring, 0));
			ring_seen(&ring, 1);
		}
	}
	return end_status;
}
