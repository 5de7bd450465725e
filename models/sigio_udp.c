/* SPDX-License-Identifier: MIT */
/*
 * sigio_udp.c - signal-driven I/O on a UDP socket
 *
 * The kernel sends SIGIO when a datagram (or an error) has arrived; nobody
 * waits for the socket.  Signals that come while one is pending are one
 * signal, so each must be taken as "there is something": read until EAGAIN.
 * The copy is recvfrom's, as ever.
 *
 *     rt_sigaction  rt_sigprocmask      SIGIO; blocked but while asleep
 *     getpid  fcntl F_SETOWN  fcntl F_SETFL O_ASYNC
 *   for ever:
 *     recvfrom  sendto                  until EAGAIN; ppoll only when a
 *                                       sendto finds no room
 *     rt_sigsuspend                     the only call that sleeps:
 *       SIGIO  rt_sigreturn
 *
 * Calls     5 per echo: rt_sigsuspend rt_sigreturn recvfrom sendto recvfrom;
 *           fewer when datagrams come together.
 * Needs     any Linux.
 * Limits    a) One datagram is one message: 65507 bytes.  What does not fit
 *              into the socket's receive buffer is dropped by the kernel, as
 *              UDP may.
 *           b) Peers that send faster than we read never let EAGAIN come: after
 *              TURNS datagrams ppoll, with no time to sleep, lets the signals
 *              in.
 * Compare   sigio_tcp.c, where the same signal has seven causes.
 * Trace     traces/sigio_udp.two.x86_64.strace, .kernel
 *           traces/sigio_udp.burst.x86_64.strace, .kernel
 */
#include "sigio.h"

/* TURNS: more datagrams than a socket queues by default. */
enum { DATAGRAM = 65536, TURNS = 1024 };

static void answer(const struct sockaddr_in *peer, const char *buf, long len)
{
	struct pollfd room = { .fd = listener, .events = POLLOUT };

	while (retry(sys_sendto(listener, buf, len, 0, peer,
				sizeof(*peer))) == -EAGAIN)
		sys_ppoll(&room, 1, NULL, NULL);
}

/* Returns 1 when the turns ended before EAGAIN came. */
static int serve(void)
{
	static char buf[DATAGRAM];
	struct sockaddr_in peer;
	char text[24];

	for (int turn = 0; turn < TURNS; turn++) {
		int len = sizeof(peer);
		long n = sys_recvfrom(listener, buf, DATAGRAM, 0, &peer, &len);

		if (n == -EAGAIN)
			return 0;
		if (n < 0)
			continue;		/* the socket's error, no datagram's */
		if (opt.echo)
			answer(&peer, buf, n);
		else if (n <= opt.max_message)
			print_message(&peer, buf, n);
		else
			warn("%s: the message is beyond --max-message; %ld "
			     "bytes dropped\n", address(&peer, text), n);
	}
	return 1;
}

int main(int argc, char **argv)
{
	(void)argc;
	open_socket(argv, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
	on_signal(SIGIO, on_sigio, 0);
	block_sigio();
	must(signal_me(listener, 0));
	announce();
	while (!stopping)
		sleep_until_signal(serve() ? 0 : -1);
	serve();				/* what came before the end */
	return 0;
}
