/* SPDX-License-Identifier: MIT */
/*
 * callback.c - callbacks on a selector: application-level asynchronous I/O
 *
 * The program registers a function for each descriptor and event; a loop
 * waits and calls them.  The source reads as if the bytes came by themselves,
 * but the loop calls the functions (the kernel does not), and each function
 * still copies its bytes in recvfrom, synchronously.
 *
 *     epoll_create1  epoll_ctl ADD      the listener
 *   wait:
 *     epoll_pwait                       the only call that sleeps
 *       on_connection:  accept4  epoll_ctl ADD
 *       on_bytes:       recvfrom  sendto    recvfrom 0 or an error: close
 *                       epoll_ctl MOD       only when the socket is full
 *       on_room:        sendto  epoll_ctl MOD
 *
 * Calls     3 per echo, 6 more per connection; connections that are ready
 *           together share one wait and need 2 calls each.  The kernel sees the
 *           same program as epoll.c.
 * Needs     Linux 2.6.28 (accept4).
 * Limits    A callback that takes long delays all others.  No descriptor
 *           left (EMFILE): the listener has no callback until a connection
 *           closes or is served, or a second passes.
 *           Where the set has no room (ENOSPC, ENOMEM), the connection ends.
 * Compare   epoll.c, the same calls; coroutine.c, the same calls again.
 * Trace     traces/callback.two.x86_64.strace, .kernel
 */
#include "server.h"

enum { EVENTS = 64 };

/* ---- the selector: knows functions, and nothing of servers ---- */

static struct handler {
	void (*readable)(int fd);
	void (*writable)(int fd);
	unsigned want;			/* events that the kernel's set has */
} handlers[CONNS];			/* by descriptor */
static int ep;

/*
 * Call these from now on; NULL: not interested.  Returns 0, or -errno: the set
 * has no room (ENOSPC: fs.epoll.max_user_watches).
 */
static long when(int fd, void (*readable)(int), void (*writable)(int))
{
	struct handler *h = &handlers[fd];
	unsigned want = (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0);
	struct epoll_event ev = { .events = want, .data = fd };
	long err;

	h->readable = readable;
	h->writable = writable;
	if (h->want == want)
		return 0;			/* already so: no call */
	err = sys_epoll_ctl(ep, !h->want ? EPOLL_CTL_ADD : want ? EPOLL_CTL_MOD
				: EPOLL_CTL_DEL, fd, &ev);
	if (!err)
		h->want = want;
	return err;
}

/* fd is about to be closed, and so leaves the kernel's set by itself. */
static void forget(int fd)
{
	handlers[fd] = (struct handler){ 0 };
}

/* Returns how many descriptors were ready within timeout_ms. */
static void dispatch(int timeout_ms)
{
	struct epoll_event ev[EVENTS];
	int n = woken(sys_epoll_pwait(ep, ev, EVENTS, timeout_ms, NULL));

	for (int i = 0; i < n; i++) {
		struct handler h = handlers[ev[i].data];

		if (h.readable)			/* an error is read as well */
			h.readable(ev[i].data);
		else if (h.writable)
			h.writable(ev[i].data);
	}
}

/* ---- the server: functions that the selector calls ---- */

static struct conn conns[CONNS];	/* by descriptor */
static int live, paused;		/* paused: accept4 found no descriptor */

static void on_bytes(int fd);
static void wait_for(int fd, void (*readable)(int), void (*writable)(int));

static void on_connection(int fd)
{
	struct sockaddr_in peer;
	int len = sizeof(peer);
	int conn = sys_accept4(fd, &peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (listener_ended(conn)) {
		when(listener, NULL, NULL);	/* another may keep it open */
		sys_close(listener);
		listener = -1;
	} else if (peers_must_wait(conn)) {
		when(listener, NULL, NULL);
		paused = 1;
	} else if (conn >= 0 && !beyond_table(conn)) {
		conn_begin(&conns[conn], &peer);
		live++;
		wait_for(conn, on_bytes, NULL);
	}					/* else it brought no peer */
}

static void resume(void)
{
	paused = when(listener, on_connection, NULL) != 0;
}

static void hang_up(int fd)
{
	conn_end(&conns[fd]);
	forget(fd);
	sys_close(fd);
	live--;
	if (paused)
		resume();			/* a descriptor is free */
}

/* Call when(); the connection ends where the set has no room. */
static void wait_for(int fd, void (*readable)(int), void (*writable)(int))
{
	long err = when(fd, readable, writable);

	if (!err)
		return;
	conn_gave_up(&conns[fd], errno_name(err));
	hang_up(fd);
}

static void on_room(int fd)
{
	struct conn *c = &conns[fd];

	if (conn_sent(c, sys_sendto(fd, c->out, c->owed, MSG_NOSIGNAL, NULL, 0)))
		return hang_up(fd);
	if (c->owed)
		wait_for(fd, NULL, on_room);
	else
		wait_for(fd, on_bytes, NULL);
}

static void on_bytes(int fd)
{
	static char scratch[SCRATCH];
	struct conn *c = &conns[fd];
	long n = sys_recvfrom(fd, scratch, SCRATCH, 0, NULL, NULL);

	if (n == -EAGAIN)
		return;				/* readiness was a hint */
	if (conn_received(c, scratch, n))
		return hang_up(fd);
	if (c->owed)
		on_room(fd);			/* mostly there is room */
}

int main(int argc, char **argv)
{
	(void)argc;
	open_socket(argv, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
	ep = must(sys_epoll_create1(EPOLL_CLOEXEC));
	must(when(listener, on_connection, NULL));
	announce();				/* the set-up has succeeded */
	while (listener >= 0 || live) {
		int was_paused = paused;

		dispatch(paused ? 1000 : -1);
		if (was_paused && paused)
			resume();		/* another program may have closed */
	}
	return end_status;
}
