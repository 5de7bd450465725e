/* SPDX-License-Identifier: MIT */
/*
 * libevent_buffer.c - an echo server on libevent's bufferevents (with libevent)
 *
 * The library waits, receives and sends: what arrives is in its input buffer,
 * and it sends what is put into its output buffer.  A comparison with libevent.c
 * shows what that convenience costs.
 *
 *   wait:
 *     epoll_wait                        the library's, and the only sleep
 *       client:    ioctl FIONREAD readv, then epoll_ctl and writev
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <unistd.h>
#define ECHO_ONLY
#include "peer.h"

static struct event_base *base;
static struct event *arrival;			/* at the listener */

static void on_data(struct bufferevent *b, void *arg)
{
	(void)arg;
	bufferevent_write_buffer(b, bufferevent_get_input(b));
}

/* After the end of what the peer says: all that is owed has left. */
static void on_drained(struct bufferevent *b, void *arg)
{
	(void)arg;
	bufferevent_free(b);
}

static void on_event(struct bufferevent *b, short what, void *arg)
{
	(void)arg;
	if (what & BEV_EVENT_EOF &&
	    evbuffer_get_length(bufferevent_get_output(b)))
		bufferevent_setcb(b, NULL, on_drained, on_event, NULL);
	else if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		bufferevent_free(b);
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
	struct bufferevent *b;
	int fd = accept4(from, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)what, (void)arg;
	if (fd < 0)
		fd = -errno;
	if (listener_ended(fd)) {
		event_free(arrival);
		close(from);
	} else if (peers_must_wait(fd)) {
		event_del(arrival);
		event_base_once(base, -1, EV_TIMEOUT, on_second, NULL, &second);
	} else if (fd >= 0) {
		b = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
		if (!b)
			fail(1, "bufferevent_socket_new: no memory\n");
		bufferevent_setcb(b, on_data, NULL, on_event, NULL);
		bufferevent_enable(b, EV_READ | EV_WRITE);
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
