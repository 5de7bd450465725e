/* SPDX-License-Identifier: MIT */
/*
 * blocking_loop.c - blocking calls, one connection after the other
 *
 * The thread sleeps in accept4 until a peer comes and in recvfrom until that
 * peer's bytes come; it serves no other peer until this one has closed.
 *
 *   for ever:
 *     accept4                           sleeps until a peer comes
 *       recvfrom  sendto                each sleeps; recvfrom 0 or an
 *                                       error: close
 *
 * Calls     2 per echo, 3 more per connection.
 * Needs     Linux 2.6.28 (accept4).
 * Limits    A peer that stays silent stops the server for all others.  No
 *           descriptor left (EMFILE): the thread sleeps 0.1 s in ppoll and
 *           calls accept4 again.  Another program may set O_NONBLOCK on a
 *           shared listener (--fd): then the thread waits in ppoll.
 * Compare   blocking_thread.c, where a silent peer stops only its own thread.
 * Trace     traces/blocking_loop.two.x86_64.strace, .kernel
 */
#include "server.h"

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

int main(int argc, char **argv)
{
	static struct conn c;
	struct sockaddr_in peer;
	int fd;

	(void)argc;
	listen_on(argv, 0);
	do {
		int len = sizeof(peer);

		fd = sys_accept4(listener, &peer, &len, SOCK_CLOEXEC);
		if (fd == -EAGAIN)
			await_connection();
		if (peers_must_wait(fd))
			pause_ms(100);
		if (fd < 0)
			continue;
		conn_begin(&c, &peer);
		serve(fd, &c);
	} while (!listener_ended(fd));
	return end_status;
}
