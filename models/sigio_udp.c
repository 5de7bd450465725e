/* SPDX-License-Identifier: MIT */
/*
 * sigio_udp.c - signal-driven I/O on a UDP socket
 *
 * The kernel sends SIGIO when a datagram (or an error) has arrived, and when there
 * is room again after a send that found no room; no thread waits for the socket.
 * While a SIGIO is pending, the kernel drops others, so for each signal the thread
 * reads until EAGAIN.  The copy is still made in recvfrom.
 *
 *     rt_sigaction  rt_sigprocmask      SIGIO; blocked except while asleep
 *     getpid  fcntl F_SETOWN  fcntl F_SETFL O_ASYNC
 *   for ever:
 *     recvfrom  sendto                  until EAGAIN; ppoll only when a
 *                                       sendto finds no room
 *     rt_sigsuspend                     the only call that sleeps:
 *       SIGIO  rt_sigreturn
 *
 * Calls     5 per echo: rt_sigsuspend rt_sigreturn recvfrom sendto recvfrom;
 *           fewer when datagrams come together.
 * Needs     Linux 2.6.27 (SOCK_NONBLOCK, SOCK_CLOEXEC).
 * Limits    a) One datagram is one message: 65507 bytes, 65527 with IPv6 (--fd).
 *              What does not fit into the socket's receive buffer is dropped by
 *              the kernel, as UDP allows.  On AF_UNIX (--fd) the server reports
 *              and drops a datagram of more than 65536 bytes, and an answer to a
 *              sender that has left too many answers unread.
 *           b) While peers send faster than the server reads, recvfrom does not
 *              return EAGAIN: after TURNS datagrams ppoll with a zero timeout
 *              takes the pending SIGIO, and the server checks whether to stop.
 * Compare   sigio_tcp.c, where the same signal has more causes.
 * Trace     traces/sigio_udp.two.x86_64.strace, .kernel
 *           traces/sigio_udp.burst.x86_64.strace, .kernel
 */
#include "sigio.h"
#include "datagram.h"

/* TURNS: more datagrams than a socket queues by default. */
enum { DATAGRAM = 65536, TURNS = 1024 };

static void answer(const union sender *from, int from_len, const char *buf,
		   long len)
{
	struct pollfd room = { .fd = listener, .events = POLLOUT };
	long n;

	while ((n = retry(sys_sendto(listener, buf, len, 0, from,
				     from_len))) == -EAGAIN) {
		/* The sender's queue is full: ppoll cannot wait for that. */
		if (family == AF_UNIX)
			break;
		sys_ppoll(&room, 1, NULL, NULL);
	}
	if (n < 0 && family == AF_UNIX)		/* on UDP it may be lost */
		not_served(from, len, errno_name(n));
}

/* Returns 1 when the turns ended before EAGAIN came. */
static int serve(void)
{
	/* MSG_TRUNC: n is the whole length, though the rest is cut off. */
	int flags = family == AF_UNIX ? MSG_TRUNC : 0;
	static char buf[DATAGRAM];
	union sender from;

	for (int turn = 0; turn < TURNS; turn++) {
		int len = sizeof(from);
		long n = sys_recvfrom(listener, buf, DATAGRAM, flags, &from,
				      &len);

		if (n == -EAGAIN)
			return 0;
		if (n == -EPERM || n == -ENOSYS)	/* a filter refuses it */
			must_be("recvfrom", n);
		if (n < 0)
			continue;		/* an error of the socket */
		if (n > DATAGRAM)
			not_served(&from, n, "the datagram is longer than "
				   "65536 bytes");
		else if (opt.echo)
			answer(&from, len, buf, n);
		else if (n <= opt.max_message)
			print_message(&from.in, buf, n);
		else
			not_served(&from, n, "the message is longer than "
				   "--max-message");
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
	peer_text = sender_text;
	announce();
	while (!stopping)
		sleep_until_signal(serve() ? 0 : -1);
	serve();				/* what came before the end */
	return 0;
}
