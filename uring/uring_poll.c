/* SPDX-License-Identifier: MIT */
/*
 * uring_poll.c - io_uring as a readiness interface: multishot poll
 *
 * The ring only reports that a descriptor is ready; accept4, recvfrom
 * and sendto are system calls.  One POLL_ADD reports every edge from then on,
 * as edge-triggered epoll does.  The thread waits in io_uring_enter and copies
 * in recvfrom.
 *
 *     io_uring_setup  mmap x2           the ring; POLL_ADD of the listener
 *   wait:
 *     io_uring_enter                    the only call that sleeps; it submits
 *                                       POLL_ADD and ASYNC_CANCEL, too
 *       listener:  accept4              until accept4 says EAGAIN
 *       client:    recvfrom  sendto     until EAGAIN; recvfrom 0 or an
 *                                       error: close
 *
 * Calls     4 per echo, 9 more per connection, as many as epoll_et.c: a wait
 *           submits the POLL_ADD, which saves the epoll_ctl, but the end of a
 *           POLL_ADD wakes the thread once more.
 * Needs     Linux 5.13 (multishot POLL_ADD).
 * Limits    a) While a peer sends faster than the server reads, recvfrom does
 *              not return EAGAIN: the server reads TURNS times, then serves the
 *              other peers, and so on (ready[]).
 *           b) A POLL_ADD keeps the socket open though its descriptor has been
 *              closed: no FIN leaves before it is cancelled.  POLL_REMOVE is
 *              not enough: it fails (EALREADY) while a wakeup is on its way.
 *           c) If the completion queue is full, Linux 6.1 (5.15 does not) ends
 *              a POLL_ADD that has something to report.  It is queued again after
 *              EAGAIN only: a socket that is still ready would fill the queue.
 *           d) At most CONNS descriptors (models/server_options.h).  No
 *              descriptor left (EMFILE): accept4 is tried again when a
 *              connection closes or is served, or a second passes.
 * Compare   models/epoll_et.c, function by function.
 * Trace     traces/uring_poll.two.x86_64.strace, .kernel
 */
#include "serve.h"

enum { ENTRIES = 256, TURNS = 16 };
enum { PER_CALL = 2 };			/* requests that a turn adds */
enum { POLL = 1, UNPOLL };

static struct conn conns[CONNS];	/* by descriptor; want: is in ready[] */
static int live, paused;		/* paused: accept4 found no descriptor */
static int ready[CONNS], ready_count;	/* those that have not met EAGAIN yet */
static unsigned char polled[CONNS];	/* by descriptor: POLL_ADD is in flight */

static void watch(int fd, unsigned want)
{
	struct io_uring_sqe *sqe = ring_sqe(&ring);	/* PER_CALL: never 0 */

	sqe->opcode = IORING_OP_POLL_ADD;
	sqe->fd = fd;
	sqe->poll32_events = want;
	sqe->len = IORING_POLL_ADD_MULTI;
	sqe->user_data = key(POLL, fd);
	polled[fd] = 1;
}

static void forget(int fd)
{
	struct io_uring_sqe *sqe;

	if (polled[fd]) {
		sqe = ring_sqe(&ring);
		sqe->opcode = IORING_OP_ASYNC_CANCEL;	/* limit b) */
		sqe->addr = key(POLL, fd);
		sqe->user_data = key(UNPOLL, fd);
	}
	key_retire(fd);				/* whatever it still reports */
	polled[fd] = 0;
	sys_close(fd);
}

static void make_ready(int fd)
{
	if (conns[fd].want)
		return;
	conns[fd].want = 1;
	ready[ready_count++] = fd;
}

static void hang_up(int fd)
{
	conn_end(&conns[fd]);
	forget(fd);
	live--;
	if (paused)
		make_ready(listener);		/* a descriptor is free */
}

/* Returns 1 when the turns ended before EAGAIN came. */
static int greet(void)
{
	struct sockaddr_in peer;

	paused = 0;
	for (int turn = 0; turn < TURNS && ring_room(&ring) >= PER_CALL; turn++) {
		int len = sizeof(peer);
		int fd = sys_accept4(listener, &peer, &len,
				     SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (peers_must_wait(fd)) {
			paused = 1;
			return 0;
		}
		if (listener_ended(fd)) {
			forget(listener);
			listener = -1;
			return 0;
		}
		if (fd == -EAGAIN)
			return 0;		/* all are accepted */
		if (fd < 0 || beyond_table(fd))
			continue;		/* it brought no peer */
		conn_begin(&conns[fd], &peer);
		live++;
		watch(fd, POLLIN | POLLOUT);
	}
	return 1;
}

/* Likewise. */
static int serve(int fd)
{
	static char scratch[SCRATCH];
	struct conn *c = &conns[fd];

	for (int turn = 0; turn < TURNS; turn++) {
		long n;

		if (!c->owed) {
			n = sys_recvfrom(fd, scratch, SCRATCH, 0, NULL, NULL);
			if (n == -EAGAIN)
				return 0;
			if (conn_received(c, scratch, n))
				return hang_up(fd), 0;
		}
		if (c->owed) {
			n = sys_sendto(fd, c->out, c->owed, MSG_NOSIGNAL, NULL,
				       0);
			if (conn_sent(c, n))
				return hang_up(fd), 0;
			if (n == -EAGAIN)
				return 0;
		}
	}
	return 1;
}

static void complete(const struct io_uring_cqe *cqe)
{
	int fd = key_index(cqe->user_data);

	if (key_what(cqe->user_data) != POLL || !key_lives(cqe->user_data))
		return;
	if (cqe->res == -EINVAL)
		ring_refused("POLL_ADD", -EINVAL, "5.13");
	make_ready(fd);
	if (!(cqe->flags & IORING_CQE_F_MORE))
		polled[fd] = 0;			/* it has ended: limit c) */
}

static void serve_ready(void)
{
	int count = ready_count;

	ready_count = 0;
	for (int i = 0; i < count; i++) {
		int fd = ready[i], more = 1;
		__u64 before = key(POLL, fd);

		conns[fd].want = 0;
		if (ring_room(&ring) >= PER_CALL)
			more = fd == listener ? greet() : serve(fd);
		if (more)
			make_ready(fd);
		else if (key_lives(before) && !polled[fd])	/* limit c) */
			watch(fd, fd == listener ? POLLIN : POLLIN | POLLOUT);
	}
}

int main(int argc, char **argv)
{
	(void)argc;
	open_socket(argv, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK);
	open_ring(ENTRIES, 0, "5.13");
	watch(listener, POLLIN);
	announce();
	while (listener >= 0 || live) {
		entered(ring_wait(&ring, !ready_count,
						paused ? &one_second : NULL));
		if (paused)
			make_ready(listener);	/* another program may have closed */
		while (ring_ready(&ring)) {	/* it adds no request */
			complete(ring_cqe(&ring, 0));
			ring_seen(&ring, 1);
		}
		serve_ready();
	}
	return end_status;
}
