/* SPDX-License-Identifier: MIT */
/*
 * libevent.c - an echo server on libevent's events (with libevent)
 *
 * The library waits, in epoll_wait, and calls back; this file receives and
 * sends by itself, as models/epoll.c does.
 *
 *   wait:
 *     epoll_wait                        the library's, and the only sleep
 *       listener:  accept4  epoll_ctl ADD
 *       client:    recv  send           recv 0 or an error: close
 *                  epoll_ctl MOD        only when the socket is full
 *
 * Compare   libevent_buffer.c lets the library receive and send as well.
 */
#include <errno.h>
#include <event2/event.h>
#include <unistd.h>
#include "peer.h"

static struct event_base *base;
static struct event *arrival;			/* at the listener */
static struct conn conns[CONNS];		/* by descriptor */
static struct event *readable[CONNS], *writable[CONNS];

static void hang_up(int fd)
{
	event_free(readable[fd]);
	event_free(writable[fd]);
	conn_end(&conns[fd]);
	close(fd);
}

/* Back to reading, or on with writing: one of the two events is watched. */
static void watch(int fd, int owed)
{
	if (event_pending(writable[fd], EV_WRITE, NULL) == owed * EV_WRITE)
		return;
	event_del(owed ? readable[fd] : writable[fd]);
	event_add(owed ? writable[fd] : readable[fd], NULL);
}

static void on_client(int fd, short what, void *arg)
{
	static char scratch[SCRATCH];
	struct conn *c = arg;
	long n;

	(void)what;
	if (!c->owed) {
		n = recv(fd, scratch, SCRATCH, 0);
		if (n < 0 && errno == EAGAIN)
			return;
		if (conn_received(c, scratch, n < 0 ? -errno : n))
			return hang_up(fd);
	}
	if (c->owed) {
		n = send(fd, c->out, c->owed, MSG_NOSIGNAL);
		if (conn_sent(c, n < 0 ? -errno : n))
			return hang_up(fd);
	}
	watch(fd, c->owed > 0);
}

/* A second after accept4 found no descriptor. */
static void on_second(int fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	event_add(arrival, NULL);
}

static void on_arrival(int from, short what, void *arg)
{
	static const struct timeval second = { .tv_sec = 1 };
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);
	int fd = accept4(from, (void *)&peer, &len,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)what, (void)arg;
	if (fd < 0)
		fd = -errno;
	if (listener_ended(fd)) {
		event_free(arrival);
		close(from);
	} else if (peers_must_wait(fd)) {
		event_del(arrival);
		event_base_once(base, -1, EV_TIMEOUT, on_second, NULL, &second);
	} else if (fd >= 0 && !beyond_table(fd)) {
		conn_begin(&conns[fd], &peer);
		readable[fd] = event_new(base, fd, EV_READ | EV_PERSIST,
					 on_client, &conns[fd]);
		writable[fd] = event_new(base, fd, EV_WRITE | EV_PERSIST,
					 on_client, &conns[fd]);
		if (!readable[fd] || !writable[fd])
			fail(1, "event_new: no memory\n");
		event_add(readable[fd], NULL);
	}
}

int main(int argc, char **argv)
{
	(void)argc;
	listen_as_peer(argv);
	base = event_base_new();
	if (!base)
		fail(1, "event_base_new: no memory, or no method to wait\n");
	arrival = event_new(base, listener, EV_READ | EV_PERSIST, on_arrival,
			    NULL);
	event_add(arrival, NULL);
	event_base_dispatch(base);
	return end_status;
}
