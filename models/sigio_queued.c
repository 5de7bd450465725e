/* SPDX-License-Identifier: MIT */
/*
 * sigio_queued.c - real-time signals that say which socket, one thread
 *
 * With F_SETSIG the kernel queues a real-time signal for each event, with the
 * descriptor (si_fd) and what happened (si_band, the bits of poll).  No
 * handler runs: the signals stay blocked and rt_sigtimedwait takes them one
 * by one.  When the queue is full (RLIMIT_SIGPENDING) the kernel sends plain
 * SIGIO instead, which names no socket: the thread then reads from every socket.
 *
 *     rt_sigprocmask                    all of them stay blocked
 *     getpid  fcntl F_SETOWN  fcntl F_SETSIG  fcntl F_SETFL O_ASYNC
 *   for ever:
 *     rt_sigtimedwait                   the only call that sleeps
 *       listener:  accept4              until EAGAIN; each connection:
 *                  getpid  fcntl F_SETOWN  fcntl F_SETSIG  fcntl F_SETFL
 *       client:    recvfrom  sendto     until EAGAIN; recvfrom 0 or an
 *                                       error: close
 *       SIGIO:     accept4  recvfrom    each of the sockets
 *
 * Calls     4 per echo, 12 more per connection.
 * Needs     Linux 2.6.28 (accept4).
 * Limits    a) A signal may be old: its descriptor may be closed by now, or
 *              belong to another peer.  So it is a hint; EAGAIN is not an error.
 *           b) While a peer sends faster than the server reads, recvfrom does
 *              not return EAGAIN: the server reads TURNS times, then serves the
 *              others.  The same holds for accept4 (the variable `behind`).
 *           c) At most CONNS descriptors (server_options.h).  No descriptor
 *              left (EMFILE): accept4 is tried again when a connection
 *              closes or is served, or a second passes.
 *           d) Without memory for O_ASYNC (ENOMEM) a connection ends.
 * Compare   sigio_tcp.c does not learn which socket; epoll_et.c learns it from
 *           epoll_pwait instead of from signals.
 * Trace     traces/sigio_queued.two.x86_64.strace, .kernel
 *           traces/sigio_queued.burst.x86_64.strace, .kernel
 */
#include "sigio.h"

enum { QUEUED = SIGRTMIN + 2, TURNS = 16 };	/* glibc keeps the first two */

static struct conn conns[CONNS];	/* by descriptor; want: is connected */
static int live, top, paused;		/* paused: accept4 found no descriptor */
static int behind;			/* some have not come to EAGAIN yet */

static void serve(int fd);
static void hang_up(int fd);

static void greet(void)
{
	struct sockaddr_in peer;
	long err;
	int fd;

	paused = 0;
	for (int turn = 0; listener >= 0; turn++) {
		int len = sizeof(peer);

		if (turn == TURNS) {		/* limit b) */
			behind = 1;
			return;
		}
		fd = sys_accept4(listener, &peer, &len, SOCK_CLOEXEC);
		if (peers_must_wait(fd)) {
			paused = 1;
			return;
		}
		if (listener_ended(fd)) {
			sys_close(listener);
			listener = -1;
		}
		if (fd == -EAGAIN)
			return;			/* all are accepted */
		if (fd < 0 || beyond_table(fd))
			continue;		/* it brought no peer */
		conn_begin(&conns[fd], &peer);
		conns[fd].want = 1;
		live++;
		if (fd > top)
			top = fd;
		err = signal_me(fd, QUEUED);
		if (err) {
			conn_gave_up(&conns[fd], errno_name(err));
			hang_up(fd);
			continue;
		}
		serve(fd);		/* what came before raised no signal */
	}
}

static void hang_up(int fd)
{
	conn_end(&conns[fd]);
	conns[fd].want = 0;
	sys_close(fd);
	live--;
	behind |= paused;			/* a descriptor is free */
}

static void serve(int fd)
{
	static char scratch[SCRATCH];
	struct conn *c = &conns[fd];

	for (int turn = 0; turn < TURNS; turn++) {
		long n;

		if (!c->owed) {
			n = sys_recvfrom(fd, scratch, SCRATCH, 0, NULL, NULL);
			if (n == -EAGAIN)
				return;
			if (conn_received(c, scratch, n))
				return hang_up(fd);
		}
		if (c->owed) {
			n = sys_sendto(fd, c->out, c->owed, MSG_NOSIGNAL, NULL,
				       0);
			if (conn_sent(c, n))
				return hang_up(fd);
			if (n == -EAGAIN)
				return;
		}
	}
	behind = 1;
}

/* Try every socket: signals were lost, or some sockets were left unfinished. */
static void sweep(void)
{
	behind = 0;
	greet();
	for (int fd = 0; fd <= top; fd++)
		if (conns[fd].want)
			serve(fd);
}

/* A signal named one socket. */
static void happened(const siginfo_t *info)
{
	int fd = info->si_fd;
	long room_only = POLLOUT | POLLWRNORM | POLLWRBAND;

	if (fd == listener)
		greet();
	else if (fd < 0 || fd >= CONNS || !conns[fd].want)
		return;				/* limit a) */
	else if (conns[fd].owed || info->si_band & ~room_only)
		serve(fd);			/* else room, and nothing to send */
}

int main(int argc, char **argv)
{
	unsigned long set = SIGNAL_BIT(QUEUED) | SIGNAL_BIT(SIGIO);

	(void)argc;
	open_socket(argv, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
	must(sys_rt_sigprocmask(SIG_BLOCK, &set, NULL));
	wake_with = SIGIO;			/* shutdown raises no signal */
	must(signal_me(listener, QUEUED));
	announce();
	while (listener >= 0 || live) {
		struct timespec limit = { .tv_sec = behind ? 0 : 1 };
		int was_paused = paused;
		siginfo_t info;
		long sig = sys_rt_sigtimedwait(&set, &info, behind || paused
							    ? &limit : NULL);

		if (sig == QUEUED) {
			happened(&info);
			if (was_paused && paused)
				greet();
		} else if (sig == SIGIO || sig == -EAGAIN) {
			sweep();
		} else if (sig != -EINTR) {	/* that is some other signal */
			must_be("rt_sigtimedwait", sig);
		}
	}
	return end_status;
}
