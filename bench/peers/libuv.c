/* SPDX-License-Identifier: MIT */
/*
 * libuv.c - an echo server on libuv, answers with uv_try_write (with libuv)
 *
 * The library waits, in epoll_wait, and receives; this file tries to send the
 * answer at once.  The library sends what the socket did not take, and reads
 * nothing from this peer until then.
 *
 *   wait:
 *     epoll_wait                        the library's, and the only sleep
 *       listener:  accept4  epoll_ctl ADD
 *       client:    read  write          the library's, both
 *
 * Compare   libuv_write.c asks the library to write, and is called back.
 */
#include <stdlib.h>
#include <string.h>
#include <uv.h>
#include "peer.h"

struct link {
	uv_tcp_t tcp;
	struct conn conn;
	uv_write_t write;
	char *rest;			/* what the socket did not take */
};

static void on_data(uv_stream_t *s, ssize_t n, const uv_buf_t *buf);

static void give_room(uv_handle_t *h, size_t wanted, uv_buf_t *buf)
{
	static char scratch[64 << 10];		/* as much as libuv asks for */

	(void)h, (void)wanted;
	*buf = uv_buf_init(scratch, sizeof(scratch));
}

static void on_closed(uv_handle_t *h)
{
	struct link *l = h->data;

	free(l->rest);
	free(l);
}

static void hang_up(uv_stream_t *s)
{
	uv_close((uv_handle_t *)s, on_closed);
}

static void on_written(uv_write_t *w, int err)
{
	struct link *l = w->data;

	free(l->rest);
	l->rest = NULL;
	if (!err)
		uv_read_start((uv_stream_t *)&l->tcp, give_room, on_data);
	else if (err != UV_ECANCELED)		/* else it is being closed */
		hang_up((uv_stream_t *)&l->tcp);
}

static void write_later(uv_stream_t *s, const char *rest, size_t n)
{
	struct link *l = s->data;
	uv_buf_t buf;

	l->rest = malloc(n);
	if (!l->rest)
		return hang_up(s);
	memcpy(l->rest, rest, n);
	buf = uv_buf_init(l->rest, n);
	l->write.data = l;
	uv_read_stop(s);
	if (uv_write(&l->write, s, &buf, 1, on_written))
		hang_up(s);
}

static void on_data(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct link *l = s->data;
	char *bytes = buf->base;
	uv_buf_t answer;
	int done;

	if (!n)
		return;				/* readiness was a hint */
	if (n < 0)				/* the end, or an error */
		return hang_up(s);
	n = conn_answer(&l->conn, &bytes, n);
	if (n < 0)
		return hang_up(s);
	if (!n)
		return;				/* the request is not whole */
	answer = uv_buf_init(bytes, n);
	done = uv_try_write(s, &answer, 1);
	if (done == UV_EAGAIN)
		done = 0;
	if (done < 0)
		hang_up(s);
	else if (done < n)
		write_later(s, bytes + done, n - done);
}

static void on_arrival(uv_stream_t *from, int err)
{
	static const struct sockaddr_in nobody;
	struct link *l;

	if (listener_ended(err))
		uv_close((uv_handle_t *)from, NULL);
	if (err)
		return;
	l = calloc(1, sizeof(*l));
	if (!l || uv_tcp_init(from->loop, &l->tcp))
		fail(1, "uv_tcp_init: no memory\n");
	l->tcp.data = l;
	conn_begin(&l->conn, &nobody);
	if (uv_accept(from, (uv_stream_t *)&l->tcp) ||
	    uv_read_start((uv_stream_t *)&l->tcp, give_room, on_data))
		hang_up((uv_stream_t *)&l->tcp);
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
