/* SPDX-License-Identifier: MIT */
/*
 * blocking_thread.c - blocking calls, a thread for each connection
 *
 * The main thread sleeps in accept4; each connection has a thread that sleeps
 * in recvfrom, where it waits and copies in one call.  The threads are clones
 * on mmapped stacks; at its end each thread unmaps its stack.
 *
 *   for ever:
 *     accept4                           the main thread sleeps
 *     mmap  mprotect  clone             a stack, its guard, a thread:
 *       recvfrom  sendto                each sleeps; recvfrom 0 or an
 *                                       error: close
 *       futex                           wakes main, if main waits for the end
 *       rt_sigprocmask  munmap  exit
 *     futex                             at the end: until no thread is left
 *
 * Calls     2 per echo, 10 more per connection.
 * Needs     Linux 2.6.28 (accept4).
 * Limits    A stack (STACK_SIZE) and a task of the kernel for each peer, idle
 *           or not.  No descriptor (EMFILE) or no thread (EAGAIN) left: main
 *           sleeps in futex until a thread ends, or a second passes.  Another
 *           program may set O_NONBLOCK on a shared listener (--fd): then main
 *           waits in ppoll.
 * Compare   blocking_loop.c serves one peer at a time; epoll.c serves many with
 *           one thread.
 * Trace     traces/blocking_thread.two.x86_64.strace, .kernel
 */
#include "server.h"

static struct conn conns[CONNS];	/* by descriptor */
static struct count threads;

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

/* Sleep until a thread ends; a second at most when others may free it too. */
static void wait_for_end(const struct timespec *timeout)
{
	int n = count_read(&threads);

	if (n || timeout)
		futex_wait(&threads.n, n, timeout);
}

int main(int argc, char **argv)
{
	static const struct timespec second = { .tv_sec = 1 };
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
			wait_for_end(&second);
		if (fd < 0 || beyond_table(fd))
			continue;
		conn_begin(&conns[fd], &peer);
		count_up(&threads);
		while (thread_start(serve, fd) < 0) {
			warn("no thread can be started; a peer waits\n");
			wait_for_end(&second);
		}
	} while (!listener_ended(fd));
	while (count_read(&threads))
		wait_for_end(NULL);
	return end_status;
}
