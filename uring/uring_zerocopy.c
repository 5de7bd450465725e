/* SPDX-License-Identifier: MIT */
/*
 * uring_zerocopy.c - io_uring, SEND_ZC: sent from our memory, told when done
 *
 * SEND_ZC does not copy the bytes into the kernel: the network card reads them
 * from our buffer.  So it completes twice: when the socket has taken the
 * request (result, F_MORE), and when nobody needs the buffer any more (NOTIF),
 * which for TCP is when the peer has acknowledged.  On the loopback device
 * there is no card, and the kernel copies after all: the NOTIF says so.  The
 * thread waits in io_uring_enter and copies what it receives there.
 *
 *     io_uring_setup  mmap x2           the ring
 *     io_uring_register PROBE           does this kernel know SEND_ZC?
 *     mmap                              the buffers; ACCEPT is queued
 *   wait:
 *     io_uring_enter                    the only call: submits, sleeps, copies
 *       ACCEPT done:    RECV, and ACCEPT again
 *       RECV done:      SEND_ZC         or RECV; 0 or an error: close
 *       SEND_ZC done:   nothing yet, the buffer is the kernel's
 *       SEND_ZC notif:  RECV            or SEND_ZC what is left
 *
 * Calls     about 3 an echo, 2 more a connection: 2 an echo where the peer
 *           acknowledges at once; of many that are ready at once each pays a
 *           share.
 * Needs     Linux 6.2 (SEND_ZC_REPORT_USAGE), or 6.0 (SEND_ZC).
 * Limits    Those of uring_basic.c, and:
 *           a) Pinned pages count against RLIMIT_MEMLOCK: where it is used up
 *              (ENOMEM) a plain SEND takes its place.
 *           b) One buffer a connection: what follows the first BUF bytes of a
 *              message waits for their NOTIF, and so for the peer's ACK, which
 *              it may delay for 40 ms.
 * Compare   uring_basic.c.  On loopback, which copies after all, the second
 *           completion is all that one gets: 0.86 of its echoes of 16 KiB.
 * Trace     traces/uring_zerocopy.two.x86_64.strace, .kernel
 */
#include "serve.h"

enum { ENTRIES = 256, BUF = SCRATCH };
enum { PER_EVENT = 2 };			/* requests that one completion adds */
enum { ACCEPT = 1, RECV, SEND, SEND_COPY };

static struct conn conns[CONNS];	/* by descriptor */
static char (*bufs)[BUF];		/* likewise */
static struct sockaddr_in peer;		/* of the one ACCEPT */
static int peer_len, live, paused;	/* paused: no descriptor for ACCEPT */
static int results[CONNS];		/* of SEND, until the NOTIF */
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
	struct io_uring_sqe *sqe;

	if (fd == listener) {
		peer_len = sizeof(peer);
		sqe = request(IORING_OP_ACCEPT, ACCEPT, fd, &peer, 0);
		sqe->addr2 = (unsigned long)&peer_len;
		sqe->accept_flags = SOCK_CLOEXEC;
	} else if (c->owed) {
		sqe = request(IORING_OP_SEND_ZC, SEND, fd, c->out, c->owed);
		sqe->msg_flags = MSG_NOSIGNAL;
		sqe->ioprio = report;
	} else {
		request(IORING_OP_RECV, RECV, fd, bufs[fd], BUF);
	}
}

static void resume(void)
{
	watch(listener);
	paused = 0;
}

static void hang_up(int fd)
{
	conn_end(&conns[fd]);
	key_retire(fd);
	sys_close(fd);
	live--;
	if (paused)
		resume();			/* a descriptor is free */
}

static void greet(int fd)
{
	if (fd == -EINVAL) {			/* on_stop shut it down */
		sys_close(listener);
		listener = -1;
		return;
	}
	if (out_of_descriptors(fd)) {
		paused = 1;
		return;
	}
	if (fd >= 0 && !beyond_table(fd)) {
		conn_begin(&conns[fd], &peer);
		live++;
		watch(fd);
	}					/* else the peer left first */
	watch(listener);
}

static void serve(unsigned what, int fd, int res)
{
	struct conn *c = &conns[fd];

	if (what == RECV ? conn_received(c, bufs[fd], res) : conn_sent(c, res))
		hang_up(fd);
	else
		watch(fd);
}

/*
 * A failure may come with a NOTIF, too.  Until that neither the bytes nor the
 * descriptor may go to another use.
 */
static void sent_zc(int fd, const struct io_uring_cqe *cqe)
{
	struct conn *c = &conns[fd];

	if (!(cqe->flags & IORING_CQE_F_NOTIF))
		results[fd] = cqe->res;
	if (cqe->flags & IORING_CQE_F_MORE)
		return;				/* the NOTIF is to come */
	/* NOTIF's own res: IORING_NOTIF_USAGE_ZC_COPIED, it copied after all */
	if (results[fd] == -EINVAL && report) {
		report = 0;
		watch(fd);
	} else if (results[fd] == -ENOMEM || results[fd] == -EOPNOTSUPP) {
		/* As uring_basic.c, for once; what fails now has failed. */
		request(IORING_OP_SEND, SEND_COPY, fd, c->out,
			c->owed)->msg_flags = MSG_NOSIGNAL;
	} else {
		serve(SEND, fd, results[fd]);
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
	else if (what == SEND)
		sent_zc(fd, cqe);
	else
		serve(what, fd, cqe->res);
}

/* It is not a flag of the ring, so the ring must be asked. */
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
	/* Addresses, not memory: a page is there once it has been written. */
	bufs = sys_mmap(NULL, sizeof(*bufs) * CONNS, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	must((long)bufs);
	watch(listener);
	announce();
	while (listener >= 0 || live) {
		entered(ring_wait(&ring, 1, paused ? &one_second : NULL));
		if (paused && !ring_ready(&ring) && ring_room(&ring))
			resume();		/* another program may have closed */
		while (ring_ready(&ring) && ring_room(&ring) >= PER_EVENT) {
			complete(ring_cqe(&ring, 0));
			ring_seen(&ring, 1);
		}
	}
	return 0;
}
