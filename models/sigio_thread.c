/* SPDX-License-Identifier: MIT */
/*
 * sigio_thread.c - SIGIO for connections, a thread for each of them
 *
 * Only the listener is signal-driven: SIGIO tells the main thread that
 * connections have come, and it accepts until EAGAIN.  Each connection has a
 * thread that sleeps in recvfrom, where it waits and copies in one call.  The
 * threads inherit the blocked SIGIO, so its handler never runs in them.
 *
 *     rt_sigaction  rt_sigprocmask      SIGIO; blocked except while asleep
 *     getpid  fcntl F_SETOWN  fcntl F_SETFL O_ASYNC
 *   for ever:
 *     accept4                           until EAGAIN; each connection:
 *       mmap  mprotect  clone           a stack, its guard, a thread:
 *         recvfrom  sendto              each sleeps; recvfrom 0 or an
 *                                       error: close
 *         futex                         wakes main, if main waits for the end
 *         rt_sigprocmask  munmap  exit
 *     rt_sigsuspend                     the main thread sleeps:
 *       SIGIO  rt_sigreturn
 *     futex                             at the end: until no thread is left
 *
 * Calls     2 per echo, 13 more per connection.
 * Needs     Linux 2.6.28 (accept4).
 * Limits    a) A stack and a task of the kernel for each peer.  No descriptor
 *              (EMFILE) or no thread (EAGAIN) left: ppoll limits the sleep to
 *              a second.
 *           b) While connections come faster than threads start, accept4 does
 *              not return EAGAIN: after TURNS of them ppoll with a zero timeout
 *              takes the pending SIGIO.
 * Compare   blocking_thread.c sleeps in accept4 and needs no signal.
 * Trace     traces/sigio_thread.two.x86_64.strace, .kernel
 *           traces/sigio_thread.burst.x86_64.strace, .kernel
 */
#include "sigio.h"

enum { TURNS = 16 };

static struct conn conns[CONNS];	/* by descriptor */
static struct count threads;
static int paused;			/* accept4 found no descriptor */
static int again;			/* limit b) */

static void serve(long fd)
{
	struct conn *c = &conns[fd];
	char scratch[SCRATCH];

	while (!conn_received(c, scratch,
		     sys_recvfrom(fd, scratch, SCRATCH, 0, NULL, NULL)))
		while (c->owed)
			if (conn_sent(c, sys_sendto(fd, c->out, c->owed,
					       MSG_NOSIGNAL, NULL, 0)))
				goto hang_up;
hang_up:
	conn_end(c);
	sys_close(fd);
	count_down(&threads);
}

/* Returns 0 when on_stop has shut the listener down. */
static int greet(void)
{
	struct sockaddr_in peer;
	int fd, turn = 0;

	do {
		int len = sizeof(peer);

		fd = sys_accept4(listener, &peer, &len, SOCK_CLOEXEC);
		if (fd < 0 || beyond_table(fd))
			continue;
		conn_begin(&conns[fd], &peer);
		count_up(&threads);
		while (thread_start(serve, fd) < 0) {
			warn("no thread can be started; a peer waits\n");
			sleep_until_signal(1);
		}
	} while (fd != -EAGAIN && fd != -EINVAL && !peers_must_wait(fd) &&
		 ++turn < TURNS);
	paused = peers_must_wait(fd);
	again = turn == TURNS;
	return !listener_ended(fd);
}

int main(int argc, char **argv)
{
	int left;

	(void)argc;
	open_socket(argv, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
	on_signal(SIGIO, on_sigio, 0);
	block_sigio();
	must(signal_me(listener, 0));
	announce();
	while (greet())
		sleep_until_signal(again ? 0 : paused ? 1 : -1);
	while ((left = count_read(&threads)))
		futex_wait(&threads.n, left, NULL);
	return end_status;
}
