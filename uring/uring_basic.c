/* SPDX-License-Identifier: MIT */
/*
 * uring_basic.c - io_uring, one request per accept, recv and send
 *
 * A request names a buffer and completes when the bytes are in it.  The
 * thread waits in io_uring_enter.  The kernel tries each request at once.  If a
 * request would block, this thread does it later, when data are there: so the
 * thread also copies, inside io_uring_enter.  (Data that come while the thread
 * runs interrupt it: then it copies on its way out of the interrupt.)
 *
 *     io_uring_setup  mmap x2           the ring
 *     mmap                              the buffers; ACCEPT is queued
 *   wait:
 *     io_uring_enter                    the only call: submits, sleeps, copies
 *       ACCEPT done:  RECV, and ACCEPT again
 *       RECV done:    SEND, or RECV     0 or an error: close
 *       SEND done:    RECV              or SEND what is left
 *
 * Calls     2 per echo, 3 more per connection; connections that are ready
 *           together share the calls.  An idle connection costs no call, but
 *           its RECV holds a buffer: see uring_multishot.c.
 * Needs     Linux 5.11 (EXT_ARG: a wait of limited time).  FAST_POLL is older
 *           (5.7): a request that must wait holds no thread.
 * Limits    At most CONNS descriptors (models/server_options.h), each with a
 *           buffer of BUF bytes.  No descriptor left (EMFILE): no ACCEPT until
 *           a connection closes or is served, or a second passes.
 * Compare   models/epoll.c learns what is ready and then copies by itself;
 *           uring_basic_liburing.c is this program on the library.
 * Trace     traces/uring_basic.two.x86_64.strace, .kernel
 */
#include "serve.h"

enum { ENTRIES = 256, BUF = SCRATCH };
enum { PER_EVENT = 2 };			/* requests that one completion adds */
enum { ACCEPT = 1, RECV, SEND };

static struct conn conns[CONNS];	/* by descriptor */
static char (*bufs)[BUF];		/* likewise */
static struct sockaddr_in peer;		/* of the one ACCEPT */
static int peer_len, live, paused;	/* paused: no descriptor for ACCEPT */

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
		sqe = request(IORING_OP_SEND, SEND, fd, c->out, c->owed);
		sqe->msg_flags = MSG_NOSIGNAL;
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
		live++;
		watch(fd);
	}					/* else it brought no peer */
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

static void complete(const struct io_uring_cqe *cqe)
{
	unsigned what = key_what(cqe->user_data);

	if (what == ACCEPT)
		greet(cqe->res);
	else if (key_lives(cqe->user_data))
		serve(what, key_index(cqe->user_data), cqe->res);
}

int main(int argc, char **argv)
{
	(void)argc;
	/* Not O_NONBLOCK: older kernels would not let ACCEPT wait then. */
	open_socket(argv, SOCK_STREAM | SOCK_CLOEXEC);
	open_ring(ENTRIES, 0, "5.11");
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
