/* SPDX-License-Identifier: MIT */
/*
 * uring_worker.c - io_uring, every request handed to a worker thread
 *
 * IOSQE_ASYNC: the submitting thread does not try the request; a worker does,
 * a kernel thread of this process (iou-wrk-PID).  The worker does not wait for a
 * socket: when a request finds no data the kernel arms a poll, and gives the
 * request to a worker again when data are there.  So no thread waits in a recv,
 * and the worker copies; the thread that serves sleeps in io_uring_enter.
 *
 *     io_uring_setup  mmap x2           the ring
 *     mmap                              the buffers
 *     io_uring_enter                    a request, to see that a worker starts;
 *                                       ACCEPT is queued
 *   wait:
 *     io_uring_enter                    the only call: submits and sleeps
 *       ACCEPT done:  RECV, and ACCEPT again
 *       RECV done:    SEND, or RECV     0 or an error: close
 *       SEND done:    RECV              or SEND what is left
 *
 * Calls     2 per echo, 3 more per connection, as uring_basic.c; but each request
 *           wakes a thread, and a request that had to wait does so twice.
 * Needs     Linux 5.12 (workers are threads of the process), and 5.16 for the
 *           poll: before 5.16 a worker waits in recv.  In Linux 6.1 a request that
 *           had to wait does not go to a worker again: the thread that serves
 *           copies.
 * Limits    Those of uring_basic.c.  Workers come and go as they are needed,
 *           up to RLIMIT_NPROC.  strace does not see that they are created, and
 *           they make no system call; `strace -f -p` attaches to those that
 *           exist, /proc/PID/task lists them.
 * Compare   uring_basic.c, one line differs.  IOSQE_ASYNC is meant for what
 *           cannot be polled, a file or fsync: there the worker does wait.
 * Trace     traces/uring_worker.two.x86_64.strace, .kernel
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
	sqe->flags = IOSQE_ASYNC;		/* the one line that differs */
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

/*
 * Where no worker can be started, requests wait, or (Linux 6.18, if a limit
 * refuses the thread) end with ECANCELED, each one.  A READ of no bytes needs a
 * worker, too, and ends at once.
 */
static void check_worker(void)
{
	request(IORING_OP_READ, RECV, listener, bufs[0], 0);
	for (int i = 0; i < 5 && !ring_ready(&ring); i++)
		entered(ring_wait(&ring, 1, &one_second));
	if (!ring_ready(&ring) || ring_cqe(&ring, 0)->res < 0)
		fail(1, "no worker starts: RLIMIT_NPROC (ulimit -u) or a "
		     "cgroup allows no more threads\n");
	ring_seen(&ring, 1);
}

int main(int argc, char **argv)
{
	(void)argc;
	/* Not O_NONBLOCK: older kernels would not let ACCEPT wait then. */
	open_socket(argv, SOCK_STREAM | SOCK_CLOEXEC);
	open_ring(ENTRIES, 0, "5.12");
	/* Reserves addresses only: a page takes memory once it is written. */
	bufs = sys_mmap(NULL, sizeof(*bufs) * CONNS, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	must((long)bufs);
	check_worker();
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
