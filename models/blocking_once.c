/* SPDX-License-Identifier: MIT */
/*
 * blocking_once.c - blocking calls, one connection, then the end
 *
 * The oldest model: one call both waits and copies.  The thread sleeps in
 * accept4 until a peer comes and in recvfrom until bytes come, and the bytes
 * are in its buffer when it wakes.
 *
 *     accept4                           sleeps until a peer comes
 *       recvfrom  sendto                each sleeps; recvfrom 0 or an
 *                                       error: close
 *
 * Calls     2 per echo, 3 more per connection.
 * Needs     Linux 2.6.28 (accept4).
 * Limits    One peer; others that connect are reset at the end.  No
 *           descriptor left (EMFILE): the thread sleeps 0.1 s in ppoll and
 *           calls accept4 again.  Another program may set O_NONBLOCK on a
 *           shared listener (--fd): then the thread waits in ppoll.
 * Compare   blocking_loop.c, which then takes the next peer.
 * Trace     traces/blocking_once.two.x86_64.strace, .kernel
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
	} while (fd < 0 && !listener_ended(fd));
	if (fd >= 0) {
		conn_begin(&c, &peer);
		serve(fd, &c);
	}
	return end_status;
}
