/* SPDX-License-Identifier: MIT */
/*
 * epoll.c - level-triggered epoll, one thread
 *
 * The kernel keeps the interest set; each wait returns only what is ready.
 * The thread waits in epoll_pwait and copies in recvfrom.
 *
 *     epoll_create1  epoll_ctl ADD      the listener
 *   wait:
 *     epoll_pwait                       the only call that sleeps
 *       listener:  accept4  epoll_ctl ADD
 *       client:    recvfrom  sendto     recvfrom 0 or an error: close
 *                  epoll_ctl MOD        only when the socket is full
 *
 * Calls     3 per echo, 6 more per connection; connections that are ready
 *           together share one wait and need 2 calls each.  An idle connection
 *           costs nothing.
 * Needs     Linux 2.6.28 (accept4).
 * Limits    At most CONNS descriptors (server_options.h).  No descriptor left
 *           (EMFILE): the listener leaves the set until a connection closes or
 *           is served, or a second passes.
 *           Where the set has no room (ENOSPC, ENOMEM), the connection ends.
 * Compare   poll.c hands over the whole set each time; epoll_et.c gets one
 *           event for new data and must read until EAGAIN.
 * Trace     traces/epoll.two.x86_64.strace, .kernel
 */
#include "server.h"

enum { EVENTS = 64 };

static struct conn conns[CONNS];	/* by descriptor */
static int ep, live, paused;		/* paused: accept4 found no descriptor */

/* 0, or -errno: the set has no room (ENOSPC: fs.epoll.max_user_watches). */
static long watch(int fd, unsigned want)
{
	struct epoll_event ev = { .events = want, .data = fd };
	unsigned had = conns[fd].want;
	long err;

	if (had == want)
		return 0;			/* already so: no call */
	err = sys_epoll_ctl(ep, !had ? EPOLL_CTL_ADD : want ? EPOLL_CTL_MOD
				     : EPOLL_CTL_DEL, fd, &ev);
	if (!err)
		conns[fd].want = want;
	return err;
}

static void resume(void)
{
	paused = watch(listener, EPOLLIN) != 0;
}

static void hang_up(int fd)
{
	conn_end(&conns[fd]);
	conns[fd].want = 0;			/* close takes it out of the set */
	sys_close(fd);
	live--;
	if (paused)
		resume();			/* a descriptor is free */
}

/* The connection waits for want, or ends where the set has no room. */
static void wait_for(int fd, unsigned want)
{
	long err = watch(fd, want);

	if (!err)
		return;
	conn_gave_up(&conns[fd], errno_name(err));
	hang_up(fd);
}

static void greet(void)
{
	struct sockaddr_in peer;
	int len = sizeof(peer);
	int fd = sys_accept4(listener, &peer, &len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (listener_ended(fd)) {
		watch(listener, 0);		/* another may keep it open */
		sys_close(listener);
		listener = -1;
	} else if (peers_must_wait(fd)) {
		watch(listener, 0);
		paused = 1;
	} else if (fd >= 0 && !beyond_table(fd)) {
		conn_begin(&conns[fd], &peer);
		live++;
		wait_for(fd, EPOLLIN);
	}					/* else it brought no peer */
}

static void serve(int fd)
{
	static char scratch[SCRATCH];
	struct conn *c = &conns[fd];
	long n;

	if (!c->owed) {
		n = sys_recvfrom(fd, scratch, SCRATCH, 0, NULL, NULL);
		if (n == -EAGAIN)
			return;			/* readiness was a hint */
		if (conn_received(c, scratch, n))
			return hang_up(fd);
	}
	if (c->owed) {
		n = sys_sendto(fd, c->out, c->owed, MSG_NOSIGNAL, NULL, 0);
		if (conn_sent(c, n))
			return hang_up(fd);
	}
	wait_for(fd, c->owed ? EPOLLOUT : EPOLLIN);
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
		int n = woken(sys_epoll_pwait(ep, ev, EVENTS,
					      paused ? 1000 : -1, NULL));

		for (int i = 0; i < n; i++)
			if ((int)ev[i].data == listener)
				greet();
			else
				serve(ev[i].data);
		if (was_paused && paused)
			resume();		/* another program may have closed */
	}
	return end_status;
}
