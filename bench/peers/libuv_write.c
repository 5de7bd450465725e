/* SPDX-License-Identifier: MIT */
/*
 * libuv_write.c - an echo server on libuv as its guide writes it (with libuv)
 *
 * Each read gets a buffer from malloc, uv_write sends the answer, and the buffer
 * is freed when the answer has left.  Most programs on libuv do this; it does not
 * slow down a peer that sends and does not read.
 *
 *   wait:
 *     epoll_wait                        the library's, and the only sleep
 *       listener:  accept4  epoll_ctl ADD
 *       client:    read  write          the library's, both
 *
 * Compare   libuv.c tries the answer at once and keeps one buffer for all.
 */
#include <stdlib.h>
#include <uv.h>
#define ECHO_ONLY
#include "peer.h"

struct answer {
	uv_write_t write;
	uv_buf_t buf;
};

static void give_room(uv_handle_t *h, size_t wanted, uv_buf_t *buf)
{
	(void)h;
	buf->base = malloc(wanted);
	buf->len = buf->base ? wanted : 0;
}

static void on_closed(uv_handle_t *h)
{
	free(h);
}

static void hang_up(uv_stream_t *s)
{
	if (!uv_is_closing((uv_handle_t *)s))
		uv_close((uv_handle_t *)s, on_closed);
}

static void on_written(uv_write_t *w, int err)
{
	struct answer *a = (struct answer *)w;

	if (err)
		hang_up(w->handle);
	free(a->buf.base);
	free(a);
}

/* After all answers have left, or could not. */
static void on_drained(uv_shutdown_t *end, int err)
{
	(void)err;
	hang_up(end->handle);
	free(end);
}

static void finish(uv_stream_t *s)
{
	uv_shutdown_t *end = malloc(sizeof(*end));

	if (!end || uv_shutdown(end, s, on_drained)) {
		free(end);
		hang_up(s);
	}
}

static void on_data(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct answer *a = n > 0 ? malloc(sizeof(*a)) : NULL;

	if (a) {
		a->buf = uv_buf_init(buf->base, n);
		if (!uv_write(&a->write, s, &a->buf, 1, on_written))
			return;
		free(a);
	}
	free(buf->base);
	if (n == UV_EOF)
		finish(s);
	else if (n)				/* an error, or no memory */
		hang_up(s);
}

static void on_arrival(uv_stream_t *from, int err)
{
	uv_tcp_t *tcp;

	if (listener_ended(err))
		uv_close((uv_handle_t *)from, NULL);
	if (err)
		return;
	tcp = malloc(sizeof(*tcp));
	if (!tcp || uv_tcp_init(from->loop, tcp))
		fail(1, "uv_tcp_init: no memory\n");
	if (uv_accept(from, (uv_stream_t *)tcp) ||
	    uv_read_start((uv_stream_t *)tcp, give_room, on_data))
		hang_up((uv_stream_t *)tcp);
}

int main(int argc, char **argv)
{
	static uv_tcp_t at;
	uv_loop_t *loop = uv_default_loop();
	int err;

	(void)argc;
	listen_as_peer(argv);
	uv_tcp_init(loop, &at);
	err = uv_tcp_open(&at, listener);
	if (!err)
		err = uv_listen((uv_stream_t *)&at, SOMAXCONN, on_arrival);
	if (err)
		fail(1, "uv_listen: %s\n", uv_err_name(err));
	uv_run(loop, UV_RUN_DEFAULT);
	return end_status;
}
