/* SPDX-License-Identifier: MIT */
/*
 * uring_fast.c - io_uring, the fastest way that measurements found
 *
 * It does what uring_multishot.c does, and more: the kernel works for us only
 * when we enter it (DEFER_TASKRUN), knows that one thread submits, and posts
 * no completion for a SEND that succeeded.  The ring has few buffers, and each
 * is sent soon after it was filled, so they stay in the processor's cache.
 * A SEND with MSG_DONTWAIT is over when the io_uring_enter that submitted it
 * returns, so if no completion comes, all was sent and its buffer is free.  The
 * thread waits in io_uring_enter and copies there, in task work (work that the
 * kernel queues for a thread).  To sleep and wake less often, it waits until
 * nearly as many requests have completions as the last time.  After GATHER
 * microseconds it takes those that are there.
 *
 *     io_uring_setup  mmap x2           the ring
 *     prlimit64 x2  io_uring_register FILES2   registered files (slots)
 *     mmap  io_uring_register PBUF_RING the buffers; ACCEPT is queued
 *   wait:
 *     io_uring_enter                    the only call: submits, sleeps, copies
 *       ACCEPT:  URING_CMD  RECV        asks for the peer; RECV stays queued
 *       RECV:    SEND                   0 or an error: CLOSE, by the ring too
 *       SEND:    SEND                   only where the socket was full, and
 *                                       ASYNC_CANCEL of the RECV meanwhile
 *     mmap mremap munmap                only for a peer that does not read
 *
 * Calls     1 per echo, 2 more per connection; connections that are ready
 *           together share the calls.  An idle connection costs nothing.
 * Needs     Linux 6.6 (NO_SQARRAY), 6.1 (DEFER_TASKRUN) or 6.0 (multishot
 *           RECV, SINGLE_ISSUER): it tries them in this order.  Slots from
 *           6.14 on, as uring_multishot.c.  Waits for several completions from
 *           6.12 on (MIN_TIMEOUT).
 * Limits    Those of uring_multishot.c; and when fewer peers send than before,
 *           their first messages are read, and new peers accepted, up to GATHER
 *           microseconds later.
 * Compare   uring_multishot.c.  Tried and left out, because they were slower:
 *           SEND_ZC, SQPOLL, receive and send bundles, COOP_TASKRUN where
 *           DEFER_TASKRUN is available, and a fixed number of buffers.
 * Trace     traces/uring_fast.two.x86_64.strace, .kernel
 */
#include "serve.h"

enum { BATCH = 256, FEW = 8, BUFFERS = 256, OWED_MAX = 64 << 10 };
enum { NEAR = 64 << 10 };		/* bytes that stay in the nearest cache */
/* Were it a power of two, all buffers would begin in the same few lines of
   the processor's cache, and short messages would evict each other. */
enum { BUF = SCRATCH + 64 };
enum { PER_EVENT = 4 };			/* requests that one completion adds */
enum { ENTRIES = BATCH * PER_EVENT };	/* room to settle a batch of SENDs */
enum { GATHER = 500 };			/* us to wait for more than one */
enum { ACCEPT = 1, PEER, RECV, SEND, SEND_REST, CANCEL, CLOSE };

/* conns[].out, .owed: the SEND in flight. */
static struct conn conns[CONNS];	/* by slot */
static struct state {
	struct queue going, waiting;	/* in flight, and what came meanwhile */
	unsigned in_flight;		/* requests not completed yet */
	unsigned buffer;		/* that SEND sends from */
	int result;			/* of SEND */
	unsigned char receiving, cancelled, ended, closing;
	unsigned char sending;		/* SEND is in batch[] */
	unsigned char starved;		/* the last RECV found no buffer */
} states[CONNS];			/* likewise */
static struct ring_buffers buffers;
static unsigned given;			/* how many of them are in use */
static int scarce;			/* the kernel found none */
static struct {				/* whose RECVs found none */
	int slots[CONNS];
	unsigned in, out;		/* grow for ever; the place is mod CONNS */
	unsigned char holds[CONNS];	/* each slot once at most */
} starved;
static int batch[BATCH], batch_count;	/* slots that SEND in this submission */
static unsigned batch_bytes;		/* that came in this round */
static unsigned largest;		/* of the last messages */
static int live, paused;		/* paused: no ACCEPT is in flight */
static unsigned looked_at;		/* completions that settle() has seen */
static int hurry;			/* something waits for settle(): no sleep */
static unsigned wanted = 1;		/* completions to sleep for */

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
	states[slot].starved = 0;
}

/* Nothing is owed, so there is room for more from this peer. */
static int wants_bytes(const struct state *s)
{
	return !s->receiving && !s->ended && !s->closing && !s->waiting.len &&
	       s->going.off == s->going.len;
}

static void queue_starved(int slot)
{
	if (!starved.holds[slot])
		starved.slots[starved.in++ % CONNS] = slot;
	starved.holds[slot] = 1;
	hurry = 1;				/* feed() is before the sleep */
}

/*
 * Queue RECVs again that found no buffer, when SENDs have given theirs back.
 * No more of them than there are buffers: each of the others would fail again.
 * A thousand that fail in every round keep the completion queue full, and then
 * the server never learns that a SEND is over.
 */
static void feed(void)
{
	for (unsigned n = 0; n < given && starved.out != starved.in; n++) {
		int slot = starved.slots[starved.out % CONNS];

		if (ring_room(&ring) < PER_EVENT)
			break;
		starved.out++;
		starved.holds[slot] = 0;
		if (states[slot].starved && wants_bytes(&states[slot]))
			watch(slot);
	}
	hurry |= starved.out != starved.in;
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
	sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	sqe->cmd_op = SOCKET_URING_OP_GETSOCKOPT;
	sqe->level = SOL_SOCKET;
	sqe->optname = SO_PEERNAME;
	sqe->optval = (unsigned long)&conns[slot].peer;
	sqe->optlen = sizeof(conns[slot].peer);
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
 * must not hold buffers that others need.  With MSG_WAITALL a SEND that falls
 * short counts as failed, so a completion reports it.
 */
static void answer(int slot, unsigned buffer, unsigned n)
{
	struct state *s = &states[slot];
	struct conn *c = &conns[slot];
	char *buf = ring_buffers_at(&buffers, buffer);
	int waits = c->owed || batch_count == BATCH;
	long owed = waits ? 0 : conn_answer(c, &buf, n);
	struct io_uring_sqe *sqe;

	if (owed <= 0) {			/* in order; or batch[] is full */
		if (owed < 0) {
			give_up(slot, bad_request);
		} else if (waits && queue_add(&s->waiting, buf, n)) {
			give_up(slot, "no memory for output that is not "
				"sent yet");
		} else if (!c->owed) {
			send_queued(slot);
		}
		ring_buffers_put(&buffers, buffer);
		return;
	}
	c->out = buf;
	c->owed = owed;
	s->buffer = buffer;
	s->result = owed;
	sqe = request(IORING_OP_SEND, SEND, slot, c->out, owed);
	sqe->msg_flags = MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL;
	sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	s->in_flight++;
	s->sending = 1;
	batch_bytes += n;
	if (largest < (unsigned)n)
		largest = n;
	batch[batch_count++] = slot;
}

/*
 * A buffer that is free again goes behind all others in the ring, so all that
 * were ever given are used in turn.  Only few fit into the processor's cache.
 * So the kernel gets FEW at first, and more when it finds none, unless those
 * that it has are full of large messages.
 */
static void more_buffers(void)
{
	scarce = 0;
	if (given * largest >= 12 * NEAR)
		return;
	for (unsigned n = given ? given : FEW; n && given < BUFFERS; n--)
		ring_buffers_put(&buffers, given++);
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
	} else if (n == -ENOBUFS) {
		s->starved = 1;
		scarce = 1;
		hurry = 1;			/* SENDs hold buffers, too */
	} else if (n == -EINVAL) {
		ring_refused("multishot RECV", n, "6.0");
	} else if (n != -ECANCELED && n != -EINTR &&
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

	/* A SEND that succeeds wakes nobody: do not sleep, more follows it. */
	if (s->closing || s->ended || s->waiting.len)
		hurry |= s->sending;
	if (!s->closing && s->ended && !conns[slot].owed)
		hang_up(slot);
	if (s->closing) {
		if (!s->in_flight)
			close_slot(slot);
	} else if (wants_bytes(s)) {
		if (s->starved)
			queue_starved(slot);	/* limit b) */
		else
			watch(slot);		/* limit c) is over */
	} else if (s->receiving && !s->cancelled && s->waiting.len > OWED_MAX) {
		s->cancelled = 1;
		cancel(key(RECV, slot), slot, 0);
	}
}

/*
 * The SENDs of the last submission are over; each that fell short has posted
 * a completion, which is somewhere in the queue.  Two things can put this off:
 * entries that the kernel has not taken yet, and completions that it holds back
 * because the queue is full.
 */
static void settle(void)
{
	unsigned n = ring_ready(&ring);
	int count = batch_count;

	for (; looked_at < n; looked_at++) {
		struct io_uring_cqe *cqe = ring_cqe(&ring, looked_at);

		if (key_what(cqe->user_data) == SEND)
			states[key_index(cqe->user_data)].result = cqe->res;
	}
	if (ring_room(&ring) < ENTRIES || ring_overflowed(&ring)) {
		hurry = 1;
		return;
	}
	batch_count = 0;			/* the loop adds none */
	for (int i = 0; i < count; i++) {
		states[batch[i]].sending = 0;
		did_send(SEND, batch[i], states[batch[i]].result);
		go_on(batch[i]);
	}
}

static void complete(const struct io_uring_cqe *cqe)
{
	unsigned what = key_what(cqe->user_data);
	int slot = key_index(cqe->user_data);

	if (what == ACCEPT)
		return greet(cqe->res, cqe->flags);
	if ((what != RECV && what != SEND_REST) || !key_lives(cqe->user_data))
		return;				/* settle() handles SEND */
	if (what == RECV)
		received(slot, cqe);
	else
		did_send(what, slot, cqe->res);
	go_on(slot);
}

/* The newest flags that this kernel takes. */
static void open_fast_ring(void)
{
	static const unsigned flags[] = {
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
		IORING_SETUP_NO_SQARRAY,
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN,
	};
	long err = -EINVAL;

	for (unsigned i = 0; i < 3 && err == -EINVAL; i++) {
		struct io_uring_params p = { .flags = flags[i] };

		err = ring_setup(&ring, ENTRIES, &p);
	}
	if (err)
		ring_refused("io_uring_setup", err, "6.0");
	if (ring.features & IORING_FEAT_MIN_TIMEOUT)
		ring.min_wait = GATHER;
}

/*
 * n requests have had completions.  Wait for one less, so that most waits end
 * before GATHER is over: a timer that expires costs more than a wait that ends
 * early.  As more come while the thread works, the number grows again.
 */
static void gather(unsigned n)
{
	wanted = n > 2 && ring.min_wait && !looked_at ? n - 1 : 1;
}

int main(int argc, char **argv)
{
	long err;

	(void)argc;
	open_socket(argv, SOCK_STREAM | SOCK_CLOEXEC);
	open_fast_ring();
	open_slots();
	err = ring_buffers_register(&ring, &buffers, 0, BUFFERS, BUF);
	if (err)
		ring_refused("io_uring_register buffers", err, "5.19");
	more_buffers();
	watch_listener();
	announce();
	while (listener >= 0 || live) {
		__u64 last = 0;
		unsigned n = 0;

		entered(ring_wait(&ring, hurry ? 0 : wanted,
						paused ? &one_second : NULL));
		hurry = 0;
		if (paused && ring_room(&ring))
			watch_listener();
		settle();
		if (!batch_count)
			feed();
		/* Without DEFER_TASKRUN more may have come: not settled yet. */
		while (looked_at && ring_room(&ring) >= PER_EVENT) {
			__u64 request = ring_cqe(&ring, 0)->user_data;

			/* A RECV may have several, but wakes the thread once. */
			n += request != last;
			last = request;
			complete(ring_cqe(&ring, 0));
			ring_seen(&ring, 1);
			looked_at--;
		}
		/* Send before more is received, while the cache has them. */
		if (batch_bytes >= NEAR) {
			entered(ring_submit(&ring));
			settle();
		}
		gather(n);
		if (scarce)			/* once for all of them */
			more_buffers();
		batch_bytes = 0;
		largest -= largest / 16;	/* it is forgotten, slowly */
	}
	return end_status;
}
