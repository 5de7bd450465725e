/* SPDX-License-Identifier: MIT */
/*
 * uring_basic_liburing.c - uring_basic on the library (with liburing)
 *
 * The same functions in the same order as uring_basic.c, so that a diff shows
 * what the library is: functions that fill in an entry, and functions for the
 * two queues.  The system calls of the ring are the same, one by one; those
 * that start and end a program are libc's.
 *
 *     io_uring_setup  mmap x2           the ring
 *     mmap                              the buffers; ACCEPT is queued
 *   wait:
 *     io_uring_enter                    the only call: submits, sleeps, copies
 *       ACCEPT done:  RECV, and ACCEPT again
 *       RECV done:    SEND, or RECV     0 or an error: close
 *       SEND done:    RECV              or SEND what is left
 *
 * Calls     Those of uring_basic.c, and what libc does before main.
 * Needs     What uring_basic.c needs, and liburing 2.2.
 * Limits    Those of uring_basic.c.
 * Compare   uring_basic.c.
 * Trace     traces/uring_basic_liburing.two.x86_64.strace, .kernel
 */
#include <liburing.h>
#include "serve.h"

enum { ENTRIES = 256, BUF = SCRATCH };
enum { PER_EVENT = 2 };			/* requests that one completion adds */
enum { ACCEPT = 1, RECV, SEND };

static struct conn conns[CONNS];	/* by descriptor */
static char (*bufs)[BUF];		/* likewise */
static struct sockaddr_in peer;		/* of the one ACCEPT */
static socklen_t peer_len;
static int live, paused;		/* paused: no descriptor for ACCEPT */

static struct io_uring_sqe *request(unsigned what, int fd)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring); /* PER_EVENT: never 0 */

	sqe->user_data = key(what, fd);		/* prep_ leaves it alone */
	return sqe;
}

static void watch(int fd)
{
	struct conn *c = &conns[fd];

	if (fd == listener) {
		peer_len = sizeof(peer);
		io_uring_prep_accept(request(ACCEPT, fd), fd, (void *)&peer,
				     &peer_len, SOCK_CLOEXEC);
	} else if (c->owed) {
		io_uring_prep_send(request(SEND, fd), fd, c->out, c->owed,
				   MSG_NOSIGNAL);
	} else {
		io_uring_prep_recv(request(RECV, fd), fd, bufs[fd], BUF, 0);
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
		entered(wait_for_one());
		if (paused && io_uring_sq_space_left(&ring))
			resume();		/* another program may have closed */
		while (io_uring_cq_ready(&ring) &&
		       io_uring_sq_space_left(&ring) >= PER_EVENT) {
			io_uring_peek_cqe(&ring, &cqe);
			complete(cqe);
			io_uring_cqe_seen(&ring, cqe);
		}
	}
	return end_status;
}
