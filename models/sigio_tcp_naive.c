/* SPDX-License-Identifier: MIT */
/*
 * sigio_tcp_naive.c - SIGIO on TCP, one accept per signal: loses connections
 *
 * The handler accepts one connection and serves it to its end.  Two errors,
 * kept on purpose:
 *   a) Standard signals do not queue.  Connections that arrive while the
 *      handler runs raise SIGIO once more, not once each, so one accept per
 *      signal leaves the others in the backlog, unseen until the next signal.
 *   b) The accepted socket blocks, since on Linux it does not inherit
 *      O_NONBLOCK: a silent peer keeps the handler in recvfrom.
 *
 *     rt_sigaction  rt_sigprocmask      SIGIO; blocked except while asleep
 *     getpid  fcntl F_SETOWN  fcntl F_SETFL O_ASYNC
 *   for ever:
 *     rt_sigsuspend                     sleeps:
 *       SIGIO:  accept4                 once
 *               recvfrom  sendto        sleep in the handler; recvfrom 0 or
 *                                       an error: close
 *       rt_sigreturn
 *
 * Calls     2 per echo, 5 more per connection.
 * Needs     Linux 2.6.28 (accept4).
 * Limits    a) and b).
 * Compare   sigio_tcp.c, which loses none.
 * Trace     traces/sigio_tcp_naive.two.x86_64.strace, .kernel
 *           traces/sigio_tcp_naive.burst.x86_64.strace, .kernel
 */
#include "sigio.h"

static void serve(int fd, struct conn *c)
{
	static char scratch[SCRATCH];

	while (!conn_received(c, scratch,
		     sys_recvfrom(fd, scratch, SCRATCH, 0, NULL, NULL)))
		while (c->owed)
			if (conn_sent(c, sys_sendto(fd, c->out, c->owed,
					       MSG_NOSIGNAL, NULL, 0)))
				goto hang_up;
hang_up:
	conn_end(c);
	sys_close(fd);
}

static void on_connection(int sig, siginfo_t *info, void *context)
{
	static struct conn c;
	struct sockaddr_in peer;
	int len = sizeof(peer);
	int fd = sys_accept4(listener, &peer, &len, SOCK_CLOEXEC);

	(void)sig, (void)info, (void)context;
	if (peers_must_wait(fd) || listener_ended(fd) || fd < 0)
		return;
	conn_begin(&c, &peer);
	serve(fd, &c);
}

int main(int argc, char **argv)
{
	(void)argc;
	open_socket(argv, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
	on_signal(SIGIO, on_connection, 0);
	block_sigio();
	must(signal_me(listener, 0));
	announce();
	while (!stopping && !end_status)
		sleep_until_signal(-1);
	return end_status;
}
