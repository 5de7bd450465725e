/* SPDX-License-Identifier: MIT */
/*
 * uring_zerocopy.c - io_uring, SEND_ZC: sends from the program's own memory
 *
 * SEND_ZC does not copy the bytes into the kernel: the network card reads them
 * from our buffer.  So it completes twice: when the socket has taken the
 * request (result, F_MORE), and when nobody needs the buffer any more (NOTIF);
 * on TCP that is when the peer has acknowledged the bytes.  On the loopback
 * device, and with a card without scatter-gather, the kernel copies after all:
 * the NOTIF says so.  The thread waits in io_uring_enter and copies what it
 * receives there.
 *
 *     io_uring_setup  mmap x2           the ring
 *     io_uring_register PROBE           does this kernel know SEND_ZC?
 *     mmap                              the buffers; ACCEPT is queued
 *   wait:
 *     io_uring_enter                    the only call: submits, sleeps, copies
 *       ACCEPT done:    RECV, and ACCEPT again
 *       RECV done:      SEND_ZC         or RECV; 0 or an error: close
 *       SEND_ZC done:   RECV            into the other buffer; or SEND_ZC what
 *                                       is left
 *       SEND_ZC notif:  nothing         the buffer is ours again; RECV, if that
 *                                       had to wait for a buffer
 *
 * Calls     about 3 per echo, 2 more per connection: 2 per echo where the peer
 *           acknowledges at once; connections that are ready together share the
 *           calls.
 * Needs     Linux 6.0 (SEND_ZC); from 6.2 on a NOTIF says if the kernel copied.
 * Limits    Those of uring_basic.c, and:
 *           a) Without CAP_IPC_LOCK pinned pages count against RLIMIT_MEMLOCK:
 *              where no more can be pinned (ENOMEM) the server uses plain SEND.
 *           b) Two buffers per connection: a NOTIF waits for the peer's ACK,
 *              which TCP may delay, by 40 to 200 ms.  With one buffer, 8 MiB
 *              in parts of 16 KiB were echoed in 4.1 s (8 ms per part), with
 *              two buffers in 0.02 s (loopback, Linux 6.18).
 *           c) A connection is closed after its last NOTIF: the next connection
 *              reuses the buffers, and TCP may have to send from them again.
 * Compare   uring_basic.c.  On loopback, which copies after all, SEND_ZC brings
 *           only the second completion, and no gain.
 * Trace     traces/uring_zerocopy.two.x86_64.strace, .kernel
 */
#include "serve.h"

enum { ENTRIES = 256, BUF = SCRATCH };
enum { PER_EVENT = 2 };			/* requests that one completion adds */
enum { ACCEPT = 1, RECV, SEND_COPY, SEND };	/* SEND + buffer */

static struct conn conns[CONNS];	/* by descriptor */
static char (*bufs)[2][BUF];		/* likewise */
static struct state {
	unsigned char buffer;		/* of the two: received into, sent from */
	unsigned char held[2];		/* SEND_ZCs that may still read it */
	unsigned char stalled, closing;	/* RECV, or close, waits for a NOTIF */
} states[CONNS];			/* likewise */
static struct sockaddr_in peer;		/* of the one ACCEPT */
static int peer_len, live, paused;	/* paused: no descriptor for ACCEPT */
static unsigned report = IORING_SEND_ZC_REPORT_USAGE;	/* 0: before 6.2 */

static struct io_uring_sqe *request(int op, unsigned what, int fd,
				    const void *addr, unsigned len)
{
	struct io_uring_sqe *sqe = ring_sqe(&ring);	/* PER_EVENT: never 0 */

	sqe->opcode = op;
	sqe->fd = fd;
	sqe->addr = (unsigned long)addr;
	sqe->len = len;
	sqe->user_data = key(what, fd);
	return sqe;
}

static void watch(int fd)
{
	struct conn *c = &conns[fd];
	struct state *s = &states[fd];
	struct io_uring_sqe *sqe;

	if (fd == listener) {
		peer_len = sizeof(peer);
		sqe = request(IORING_OP_ACCEPT, ACCEPT, fd, &peer, 0);
		sqe->addr2 = (unsigned long)&peer_len;
		sqe->accept_flags = SOCK_CLOEXEC;
	} else if (c->owed) {
		sqe = request(IORING_OP_SEND_ZC, SEND + s->buffer, fd, c->out,
			      c->owed);
		sqe->msg_flags = MSG_NOSIGNAL;
		sqe->ioprio = report;
		s->held[s->buffer]++;
	} else if (s->held[0] && s->held[1]) {
		s->stalled = 1;			/* limit b) */
	} else {
		s->buffer = s->held[0] > 0;
		request(IORING_OP_RECV, RECV, fd, bufs[fd][s->buffer], BUF);
	}
}

static void resume(void)
{
	watch(listener);
	paused = 0;
}

static void hang_up(int fd)
{
	struct state *s = &states[fd];

	s->closing = s->held[0] || s->held[1];	/* limit c) */
	if (s->closing)
		return;
	conn_end(&conns[fd]);
	key_retire(fd);
	sys_close(fd);
	live--;
	if (paused)
		resume();			/* a descriptor is free */
}

static void greet(int fd)
{
	if (listener_ended(fd)) {
		sys_close(listener);
		listener = -1;
		return;
	}
	if (peers_must_wait(fd)) {
		paused = 1;
		return;
	}
	if (fd >= 0 && !beyond_table(fd)) {
		conn_begin(&conns[fd], &peer);
		states[fd] = (struct state){ 0 };
		live++;
		watch(fd);
	}					/* else it brought no peer */
	watch(listener);
}

static void received(int fd, int res)
{
	if (conn_received(&conns[fd], bufs[fd][states[fd].buffer], res))
		hang_up(fd);
	else
		watch(fd);
}

/* Not conn_sent(): the bytes stay in the buffer that the kernel reads. */
static void sent(int fd, int res)
{
	struct conn *c = &conns[fd];

	if (res < 0 && res != -EAGAIN && res != -EINTR) {
		conn_gave_up(c, errno_name(res));
		return hang_up(fd);
	}
	c->out += res > 0 ? res : 0;
	c->owed -= res > 0 ? res : 0;
	watch(fd);
}

/*
 * The last completion of a request is the NOTIF, or the result if no NOTIF
 * follows.  A NOTIF may also follow a failure.
 */
static void sent_zc(int fd, unsigned buffer, const struct io_uring_cqe *cqe)
{
	struct conn *c = &conns[fd];
	struct state *s = &states[fd];

	if (!(cqe->flags & IORING_CQE_F_MORE))
		s->held[buffer]--;
	if (s->closing) {
		hang_up(fd);
	} else if (cqe->flags & IORING_CQE_F_NOTIF) {
		/* res: IORING_NOTIF_USAGE_ZC_COPIED if the kernel copied */
		if (s->stalled) {
			s->stalled = 0;
			watch(fd);
		}
	} else if (cqe->res == -EINVAL && report) {
		report = 0;
		watch(fd);
	} else if (cqe->res == -ENOMEM || cqe->res == -EOPNOTSUPP) {
		/* A plain SEND, as in uring_basic.c; its failure is final. */
		request(IORING_OP_SEND, SEND_COPY, fd, c->out,
			c->owed)->msg_flags = MSG_NOSIGNAL;
	} else {
		sent(fd, cqe->res);
	}
}

static void complete(const struct io_uring_cqe *cqe)
{
	unsigned what = key_what(cqe->user_data);
	int fd = key_index(cqe->user_data);

	if (what == ACCEPT)
		greet(cqe->res);
	else if (!key_lives(cqe->user_data))
		return;
	else if (what >= SEND)
		sent_zc(fd, what - SEND, cqe);
	else if (what == SEND_COPY)
		sent(fd, cqe->res);
	else
		received(fd, cqe->res);
}

/* SEND_ZC is not a flag of the ring: ask whether the ring knows it. */
static void check_send_zc(void)
{
	static struct io_uring_probe probe;
	long err = ring_probe(&ring, &probe);

	if (err)
		ring_refused("io_uring_register probe", err, "6.0");
	if (!ring_knows(&probe, IORING_OP_SEND_ZC))
		ring_refused("SEND_ZC", -EINVAL, "6.0");
}

int main(int argc, char **argv)
{
	(void)argc;
	/* Not O_NONBLOCK: older kernels would not let ACCEPT wait then. */
	open_socket(argv, SOCK_STREAM | SOCK_CLOEXEC);
	open_ring(ENTRIES, 0, "6.0");
	check_send_zc();
	/* Reserves addresses only: a page takes memory once it is written. */
	bufs = sys_mmap(NULL, sizeof(*bufs) * CONNS, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	must((long)bufs);
	watch(listener);
	announce();
	while (listener >= 0 || live) {
		entered(ring_wait(&ring, 1, paused ? &one_second : NULL));
		if (paused && ring_room(&ring))
			resume();		/* another program may have closed */
		while (ring_ready(&ring) && ring_room(&ring) >= PER_EVENT) {
			complete(ring_cqe(&ring, 0));
			ring_seen(&ring, 1);
		}
	}
	return end_status;
}
