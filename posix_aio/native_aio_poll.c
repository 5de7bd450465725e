/* SPDX-License-Identifier: MIT */
/*
 * native_aio_poll.c - readiness through io_submit: IOCB_CMD_POLL, one thread
 *
 * A native AIO read of a socket is not asynchronous: io_submit itself waits
 * on a blocking socket, and with O_NONBLOCK the read ends with EAGAIN.  Native
 * AIO has another request, which completes once, when a socket is ready.
 * The thread waits in io_getevents and copies in recvfrom.
 *
 *     io_setup  io_submit               the listener
 *   wait:
 *     io_getevents                      the only call that sleeps
 *       listener:  accept4
 *       client:    recvfrom  sendto     recvfrom 0 or an error: close
 *     io_submit                         a new request for each of them, in one
 *                                       call
 *
 * Calls     4 per echo, 6 more per connection, none for an idle connection;
 *           connections that are ready together share two of the 4.
 * Needs     Linux 4.19 (IOCB_CMD_POLL).
 * Limits    At most POLLS connections.  fs.aio-max-nr limits the requests of all
 *           programs together (EAGAIN from io_setup).  No descriptor left (EMFILE):
 *           the listener is left out until a connection closes, or a second
 *           passes.
 *           No memory for io_submit (EAGAIN, ENOMEM): a pause in ppoll.
 * Compare   ../models/epoll.c keeps its interest set; here the program asks
 *           again, in one call, for the descriptors that were ready.
 * Trace     traces/native_aio_poll.two.x86_64.strace, .kernel
 */
#include "../models/server.h"

enum { EVENTS = 64, POLLS = 4096 };

static struct conn conns[CONNS];	/* by descriptor */
static struct iocb iocbs[CONNS];	/* likewise */
static aio_context_t ctx;
/* After one event at most two are asked for: a new connection, the listener. */
static struct iocb *batch[2 * EVENTS + 1];
static int batched, live, paused;	/* paused: accept4 found no descriptor */

static void set_up(void)
{
	long err = sys_io_setup(POLLS, &ctx);

	if (err)
		fail(1, "io_setup %d: %s%s\n", POLLS, errno_name(err),
		     err == -EAGAIN ? ": beyond fs.aio-max-nr; end other "
				      "programs, or use sysctl fs.aio-max-nr=N" :
		     err == -ENOSYS ? ": no CONFIG_AIO in this kernel, or a "
				      "seccomp filter hides it; use epoll" :
		     err == -EPERM ? ": forbidden here, perhaps by a seccomp "
				     "filter; use epoll" : "");
}

/* Ask for one event of fd, with the next io_submit. */
static void watch(int fd, unsigned want)
{
	struct iocb *cb = &iocbs[fd];

	cb->aio_lio_opcode = IOCB_CMD_POLL;
	cb->aio_fildes = fd;
	cb->aio_buf = want;
	cb->aio_data = fd;
	batch[batched++] = cb;
}

static void submit(void)
{
	for (int done = 0; done < batched; ) {
		long n = retry(sys_io_submit(ctx, batched - done,
					     batch + done));

		if (n == -EINVAL)
			fail(1, "io_submit: EINVAL: IOCB_CMD_POLL needs Linux "
			     "4.19; use epoll\n");
		if (n == -EAGAIN || n == -ENOMEM)
			pause_ms(10);		/* no memory now */
		else
			done += must(n);
	}
	batched = 0;
}

static void resume(void)
{
	watch(listener, POLLIN);
	paused = 0;
}

static void hang_up(int fd)
{
	conn_end(&conns[fd]);
	sys_close(fd);				/* nothing is asked for it now */
	live--;
	if (paused)
		resume();			/* a descriptor is free */
}

static void greet(void)
{
	struct sockaddr_in peer;
	int len = sizeof(peer);
	int fd = sys_accept4(listener, &peer, &len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (listener_ended(fd)) {
		sys_close(listener);
		listener = -1;
		return;
	}
	if (peers_must_wait(fd)) {
		paused = 1;
		return;
	}
	if (fd >= 0 && live == POLLS - 1) {
		warn("%d connections: the context of io_setup has no room "
		     "for more; the next one is refused\n", live);
		sys_close(fd);
	} else if (fd >= 0 && !beyond_table(fd)) {
		conn_begin(&conns[fd], &peer);
		live++;
		watch(fd, POLLIN);
	}					/* else it brought no peer */
	watch(listener, POLLIN);
}

static void serve(int fd)
{
	static char scratch[SCRATCH];
	struct conn *c = &conns[fd];
	long n;

	if (!c->owed) {
		n = sys_recvfrom(fd, scratch, SCRATCH, 0, NULL, NULL);
		if (n != -EAGAIN && conn_received(c, scratch, n))
			return hang_up(fd);	/* EAGAIN: it was a hint */
	}
	if (c->owed) {
		n = sys_sendto(fd, c->out, c->owed, MSG_NOSIGNAL, NULL, 0);
		if (conn_sent(c, n))
			return hang_up(fd);
	}
	watch(fd, c->owed ? POLLOUT : POLLIN);
}

int main(int argc, char **argv)
{
	static const struct timespec second = { .tv_sec = 1 };
	struct io_event ev[EVENTS];

	(void)argc;
	options(argv);
	set_up();				/* may refuse: before "serving" */
	listen_on(argv, SOCK_NONBLOCK);
	watch(listener, POLLIN);
	while (listener >= 0 || live) {
		struct timespec timeout = second;
		int n, was_paused = paused;

		submit();
		n = woken(sys_io_getevents(ctx, 1, EVENTS, ev,
					   paused ? &timeout : NULL));
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
