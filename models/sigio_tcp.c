/* SPDX-License-Identifier: MIT */
/*
 * sigio_tcp.c - signal-driven I/O on TCP, one thread
 *
 * The kernel sends SIGIO for each socket: a connection, bytes, room to send
 * after there was none, a close, a reset.  The signal says neither what happened
 * nor on which socket, and one signal may stand for several events, so after
 * each signal the thread tries every socket until it returns EAGAIN.
 *
 *     rt_sigaction  rt_sigprocmask      SIGIO; blocked except while asleep
 *     getpid  fcntl F_SETOWN  fcntl F_SETFL O_ASYNC
 *   for ever:
 *     accept4                           until EAGAIN; each connection:
 *       getpid  fcntl F_SETOWN  fcntl F_SETFL O_ASYNC
 *     recvfrom  sendto                  each connection until EAGAIN;
 *                                       recvfrom 0 or an error: close
 *     rt_sigsuspend                     the only call that sleeps:
 *       SIGIO  rt_sigreturn
 *
 * Calls     6 per echo, about 13 more per connection; and in each round 1 more for
 *           each other connection, because SIGIO does not name the socket.
 * Needs     Linux 2.6.28 (accept4).
 * Limits    a) While a peer sends faster than the server reads, recvfrom does
 *              not return EAGAIN: in each round the server reads TURNS times
 *              from a connection and accepts TURNS times; then ppoll with a
 *              zero timeout takes the pending SIGIO.
 *           b) At most CONNS descriptors (server_options.h).  No descriptor
 *              left (EMFILE): accept4 is tried again in the next round; ppoll
 *              limits the sleep to a second.
 *           c) Without memory for O_ASYNC (ENOMEM) a connection ends.
 * Compare   sigio_tcp_naive.c relies on a signal for each event; sigio_queued.c
 *           learns from the signal which socket it is, and epoll.c from its wait.
 * Trace     traces/sigio_tcp.two.x86_64.strace, .kernel
 *           traces/sigio_tcp.burst.x86_64.strace, .kernel
 */
#include "sigio.h"

enum { TURNS = 16 };

static struct conn conns[CONNS];	/* by descriptor; want: is connected */
static int live, top, paused;		/* paused: accept4 found no descriptor */

static void hang_up(int fd)
{
	conn_end(&conns[fd]);
	conns[fd].want = 0;
	sys_close(fd);
	live--;
}

/* Returns 1 when there may be more of them: limit a). */
static int greet(void)
{
	struct sockaddr_in peer;
	long err;
	int fd;

	paused = 0;
	for (int turn = 0; listener >= 0; turn++) {
		int len = sizeof(peer);

		if (turn == TURNS)
			return 1;
		fd = sys_accept4(listener, &peer, &len, SOCK_CLOEXEC);
		if (peers_must_wait(fd)) {
			paused = 1;
			break;
		}
		if (listener_ended(fd)) {
			sys_close(listener);
			listener = -1;
		}
		if (fd == -EAGAIN)
			break;			/* all are accepted */
		if (fd < 0 || beyond_table(fd))
			continue;		/* it brought no peer */
		conn_begin(&conns[fd], &peer);
		conns[fd].want = 1;
		live++;
		if (fd > top)
			top = fd;
		/* What came before this line raised no signal: serve() looks. */
		err = signal_me(fd, 0);
		if (err) {
			conn_gave_up(&conns[fd], errno_name(err));
			hang_up(fd);
		}
	}
	return 0;
}

/* Returns 1 when another round must follow: limit a), or a descriptor is free. */
static int serve(int fd)
{
	static char scratch[SCRATCH];
	struct conn *c = &conns[fd];

	for (int turn = 0; turn < TURNS; turn++) {
		long n;

		if (!c->owed) {
			n = sys_recvfrom(fd, scratch, SCRATCH, 0, NULL, NULL);
			if (n == -EAGAIN)
				return 0;
			if (conn_received(c, scratch, n))
				return hang_up(fd), paused;
		}
		if (c->owed) {
			n = sys_sendto(fd, c->out, c->owed, MSG_NOSIGNAL, NULL,
				       0);
			if (conn_sent(c, n))
				return hang_up(fd), paused;
			if (n == -EAGAIN)
				return 0;
		}
	}
	return 1;
}

int main(int argc, char **argv)
{
	(void)argc;
	open_socket(argv, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
	on_signal(SIGIO, on_sigio, 0);
	block_sigio();
	must(signal_me(listener, 0));
	announce();
	for (;;) {
		int again = greet();

		for (int fd = 0; fd <= top; fd++)
			if (conns[fd].want)
				again |= serve(fd);
		if (listener < 0 && !live)
			return end_status;
		sleep_until_signal(again ? 0 : paused ? 1 : -1);
	}
}
