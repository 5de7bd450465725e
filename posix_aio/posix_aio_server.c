/* SPDX-License-Identifier: MIT */
/*
 * posix_aio_server.c - aio_read and aio_write on sockets, by glibc (with libc)
 *
 * The main thread sleeps in accept4.  aio_read hands a socket to a helper
 * thread of glibc, which tries pread64, gets ESPIPE, and then waits and
 * copies in read; it starts another thread to call on_done, which serves the
 * bytes and asks for more.
 *
 *   for ever:
 *     accept4                           the main thread sleeps
 *       helper:   pread64 = ESPIPE  read            sleeps, copies
 *                 clone3                            on_done's thread:
 *         on_done:  aio_return  aio_write           read 0 or an error: close
 *       helper:   pwrite64 = ESPIPE  write          sleeps, copies
 *                 clone3                            on_done's thread
 *     futex                             at the end: until no peer is left
 *
 * Calls     about 30 per echo: 4 for the bytes, the others to start and end the two
 *           threads in which on_done is called.
 * Needs     glibc; since 2.34 without -lrt.
 * Limits    a) A helper for each peer, idle or not.  glibc has 20, and the
 *           21st peer would wait for ever; aio_init asks for more.
 *           b) One request at a time for a descriptor: glibc does not even try an
 *           aio_write while an aio_read before it sleeps.  So this server never
 *           has both; a chat server could not be written like this.
 *           c) If a helper cannot be started (RLIMIT_NPROC), the request waits for
 *           another helper, without an error; if there is no helper: EAGAIN.
 *           d) No descriptor left (EMFILE): main sleeps in futex until a peer
 *           leaves, or a second passes.
 *           e) glibc does not report that it cannot start a thread for on_done:
 *           the peer waits until it gives up.
 * Compare   ../models/blocking_thread.c also has a thread per peer, but makes
 *           2 calls per echo.
 * Trace     traces/posix_aio_server.two.x86_64.strace, .kernel
 */
#include <aio.h>
#include <errno.h>
#include <stdlib.h>
#include "../models/server.h"

struct peer {
	struct conn conn;
	struct aiocb cb;		/* the one request for this socket */
	char buf[SCRATCH];
};

static struct count live;

static void on_done(union sigval v);

static void hang_up(struct peer *p)
{
	conn_end(&p->conn);
	sys_close(p->cb.aio_fildes);
	free(p);
	count_down(&live);
}

/* Ask for what comes next: send what is owed, or read. */
static void watch(struct peer *p)
{
	struct conn *c = &p->conn;

	p->cb = (struct aiocb){
		.aio_fildes = p->cb.aio_fildes,
		.aio_buf = c->owed ? c->out : p->buf,
		.aio_nbytes = c->owed ? c->owed : SCRATCH,
		.aio_sigevent = {
			.sigev_notify = SIGEV_THREAD,
			.sigev_notify_function = on_done,
			.sigev_value.sival_ptr = p,
		},
	};
	if (c->owed ? aio_write(&p->cb) : aio_read(&p->cb)) {
		conn_gave_up(c, errno == EAGAIN ? "no memory or thread for a "
						  "request" : errno_name(errno));
		hang_up(p);
	}
}

static void serve(struct peer *p, long n)
{
	struct conn *c = &p->conn;

	if (c->owed ? conn_sent(c, n) : conn_received(c, p->buf, n))
		hang_up(p);
	else
		watch(p);
}

/* In a thread that glibc started for this one call. */
static void on_done(union sigval v)
{
	struct peer *p = v.sival_ptr;
	int err = aio_error(&p->cb);

	serve(p, err ? -err : aio_return(&p->cb));
}

static void greet(int fd, const struct sockaddr_in *from)
{
	struct peer *p = malloc(sizeof(*p));

	if (!p) {
		warn("no memory for a connection; refused\n");
		sys_close(fd);
		return;
	}
	conn_begin(&p->conn, from);
	p->cb.aio_fildes = fd;
	count_up(&live);
	watch(p);
}

/* Sleep until a peer leaves; a second at most when others may free it too. */
static void wait_for_end(const struct timespec *timeout)
{
	int n = count_read(&live);

	if (n || timeout)
		futex_wait(&live.n, n, timeout);
}

int main(int argc, char **argv)
{
	static const struct aioinit many = { .aio_threads = CONNS };
	static const struct timespec second = { .tv_sec = 1 };
	struct sockaddr_in from;
	int fd;

	(void)argc;
	aio_init(&many);
	listen_on(argv, 0);
	do {
		int len = sizeof(from);

		fd = sys_accept4(listener, &from, &len, SOCK_CLOEXEC);
		if (fd == -EAGAIN)
			await_connection();
		if (peers_must_wait(fd))
			wait_for_end(&second);
		if (fd >= 0)
			greet(fd, &from);
	} while (!listener_ended(fd));
	while (count_read(&live))
		wait_for_end(NULL);
	return end_status;
}
