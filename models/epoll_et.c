/* SPDX-License-Identifier: MIT */
/*
 * epoll_et.c - edge-triggered epoll, one thread
 *
 * A wait reports a descriptor once, when something arrives.  If the thread stops
 * reading before EAGAIN, no wait reports the rest until more arrives or there is
 * room to send again.  Both directions are registered at the start and never
 * changed.  The thread waits in epoll_pwait and copies in recvfrom.
 *
 *     epoll_create1  epoll_ctl ADD      the listener
 *   wait:
 *     epoll_pwait                       the only call that sleeps
 *       listener:  accept4  epoll_ctl ADD   until accept4 says EAGAIN
 *       client:    recvfrom  sendto     until EAGAIN; recvfrom 0 or an
 *                                       error: close
 *
 * Calls     4 per echo, 9 more per connection: each round ends with a call
 *           that finds nothing.
 * Needs     Linux 2.6.28 (accept4).
 * Limits    a) While a peer sends faster than the server reads, recvfrom does
 *              not return EAGAIN: the server reads TURNS times, then serves the
 *              other peers, and so on (ready[]).
 *           b) At most CONNS descriptors (server_options.h).  No descriptor
 *              left (EMFILE): no edge will report the connections that wait, so
 *              accept4 is tried again when a connection closes or is served, or
 *              a second passes.
 *           c) Where the set has no room (ENOSPC, ENOMEM), the connection ends.
 * Compare   epoll.c gets an event while data are left: one read is enough.
 * Trace     traces/epoll_et.two.x86_64.strace, .kernel
 */
#include "server.h"

enum { EVENTS = 64, TURNS = 16 };

static struct conn conns[CONNS];	/* by descriptor; want: is in ready[] */
static int ep, live, paused;		/* paused: accept4 found no descriptor */
static int ready[CONNS], ready_count;	/* those that have not met EAGAIN yet */

/* 0, or -errno: the set has no room (ENOSPC: fs.epoll.max_user_watches). */
static long watch(int fd, unsigned want)
{
	struct epoll_event ev = { .events = want | EPOLLET, .data = fd };

	return sys_epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
}

static void make_ready(int fd)
{
	if (conns[fd].want)
		return;
	conns[fd].want = 1;
	ready[ready_count++] = fd;
}

static void hang_up(int fd);

static void greet(void)
{
	struct sockaddr_in peer;
	long err;
	int fd;

	paused = 0;
	for (;;) {
		int len = sizeof(peer);

		fd = sys_accept4(listener, &peer, &len,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (peers_must_wait(fd)) {
			paused = 1;
			return;
		}
		if (listener_ended(fd)) {
			/* Another program may keep it open. */
			sys_epoll_ctl(ep, EPOLL_CTL_DEL, listener, NULL);
			sys_close(listener);
			listener = -1;
			return;
		}
		if (fd == -EAGAIN)
			return;			/* all are accepted */
		if (fd < 0 || beyond_table(fd))
			continue;		/* it brought no peer */
		conn_begin(&conns[fd], &peer);
		live++;
		err = watch(fd, EPOLLIN | EPOLLOUT);
		if (err) {
			conn_gave_up(&conns[fd], errno_name(err));
			hang_up(fd);
		}
	}
}

static void hang_up(int fd)
{
	conn_end(&conns[fd]);
	sys_close(fd);				/* and so out of the set */
	live--;
	if (paused)
		greet();			/* a descriptor is free */
}

/* Returns 1 when the turns ended before EAGAIN came: limit a). */
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

int main(int argc, char **argv)
{
	struct epoll_event ev[EVENTS];

	(void)argc;
	open_socket(argv, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
	ep = must(sys_epoll_create1(EPOLL_CLOEXEC));
	must(watch(listener, EPOLLIN));
	announce();				/* the set-up has succeeded */
	while (listener >= 0 || live) {
		int was_paused = paused;
		int wait_ms = ready_count ? 0 : paused ? 1000 : -1;
		int n = woken(sys_epoll_pwait(ep, ev, EVENTS, wait_ms, NULL));
		int count;

		for (int i = 0; i < n; i++)
			if ((int)ev[i].data == listener)
				greet();
			else
				make_ready(ev[i].data);
		if (was_paused && paused)
			greet();		/* another program may have closed */

		count = ready_count;
		ready_count = 0;
		for (int i = 0; i < count; i++) {
			conns[ready[i]].want = 0;
			if (serve(ready[i]))
				make_ready(ready[i]);
		}
	}
	return end_status;
}
