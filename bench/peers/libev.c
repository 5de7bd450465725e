/* SPDX-License-Identifier: MIT */
/*
 * libev.c - an echo server on libev's io watchers (with libev)
 *
 * The library waits, in epoll_wait, and calls back; this file receives and
 * sends by itself, as models/epoll.c does.
 *
 *   wait:
 *     epoll_wait                        the library's, and the only sleep
 *       listener:  accept4  epoll_ctl ADD
 *       client:    recv  send           recv 0 or an error: close
 *                  epoll_ctl MOD        only when the socket is full
 */
#include <errno.h>
#include <ev.h>
#include <unistd.h>
#include "peer.h"

static struct conn conns[CONNS];		/* by descriptor */
static ev_io watchers[CONNS];			/* likewise */

static void hang_up(struct ev_loop *loop, int fd)
{
	ev_io_stop(loop, &watchers[fd]);
	conn_end(&conns[fd]);
	close(fd);
}

static void watch(struct ev_loop *loop, int fd, int want)
{
	ev_io *w = &watchers[fd];

	if ((w->events & (EV_READ | EV_WRITE)) == want)
		return;
	ev_io_stop(loop, w);
	ev_io_set(w, fd, want);
	ev_io_start(loop, w);
}

static void on_client(struct ev_loop *loop, ev_io *w, int what)
{
	static char scratch[SCRATCH];
	int fd = w->fd;
	struct conn *c = &conns[fd];
	long n;

	(void)what;
	if (!c->owed) {
		n = recv(fd, scratch, SCRATCH, 0);
		if (n < 0 && errno == EAGAIN)
			return;
		if (conn_received(c, scratch, n < 0 ? -errno : n))
			return hang_up(loop, fd);
	}
	if (c->owed) {
		n = send(fd, c->out, c->owed, MSG_NOSIGNAL);
		if (conn_sent(c, n < 0 ? -errno : n))
			return hang_up(loop, fd);
	}
	watch(loop, fd, c->owed ? EV_WRITE : EV_READ);
}

/* A second after accept4 found no descriptor. */
static void on_second(struct ev_loop *loop, ev_timer *t, int what)
{
	(void)t, (void)what;
	ev_io_start(loop, &watchers[listener]);
}

static void on_arrival(struct ev_loop *loop, ev_io *w, int what)
{
	static ev_timer second;
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);
	int fd = accept4(listener, (void *)&peer, &len,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)what;
	if (fd < 0)
		fd = -errno;
	if (listener_ended(fd)) {
		ev_io_stop(loop, w);
		close(listener);
	} else if (peers_must_wait(fd)) {
		ev_io_stop(loop, w);
		ev_timer_init(&second, on_second, 1., 0.);
		ev_timer_start(loop, &second);
	} else if (fd >= 0 && !beyond_table(fd)) {
		conn_begin(&conns[fd], &peer);
		ev_io_init(&watchers[fd], on_client, fd, EV_READ);
		ev_io_start(loop, &watchers[fd]);
	}
}

int main(int argc, char **argv)
{
	struct ev_loop *loop;

	(void)argc;
	listen_as_peer(argv);
	loop = ev_default_loop(EVFLAG_AUTO);
	if (!loop)
		fail(1, "ev_default_loop: no method to wait\n");
	ev_io_init(&watchers[listener], on_arrival, listener, EV_READ);
	ev_io_start(loop, &watchers[listener]);
	ev_run(loop, 0);
	return end_status;
}
