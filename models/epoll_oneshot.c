/* SPDX-License-Identifier: MIT */
/*
 * epoll_oneshot.c - one epoll set, in which several threads wait
 *
 * Every thread waits in epoll_pwait on the same set, accepts, and copies in
 * recvfrom.  With EPOLLONESHOT the kernel reports a descriptor to one thread
 * and disarms it, so no two threads serve one connection at the same time; the
 * thread that served it arms it again.  The listener is armed like that, too.
 *
 *     epoll_create1
 *     mmap  mprotect  clone             each thread but the first
 *     epoll_ctl ADD                     the listener
 *   wait, in each thread:
 *     epoll_pwait                       the only call that sleeps
 *       listener:  accept4  epoll_ctl MOD ADD
 *       client:    recvfrom  sendto     recvfrom 0 or an error:
 *                                       epoll_ctl DEL  close
 *                  epoll_ctl MOD        armed again
 *
 * Calls     about 4 per echo, about 8 more per connection: the number depends on
 *           which thread is faster.
 * Needs     Linux 2.6.28 (accept4).
 * Limits    Each wait takes one event, so that a thread delays only the peer
 *           that it serves; connections that are ready together share no call.
 *           close alone would not always end a connection (docs/faults.md): the
 *           kernel may keep it open for a thread that sleeps in epoll_pwait.
 *           No descriptor left (EMFILE): the listener is not armed until a
 *           connection closes or is served, or a second passes.
 * Compare   epoll_thread.c has one thread that waits and a queue to the others;
 *           epoll_workers.c has a set in each thread, and a connection stays
 *           with the thread that accepted it.
 * Trace     traces/epoll_oneshot.two.x86_64.strace, .kernel
 */
#include "server.h"

enum { THREADS = 4 };

static struct conn conns[CONNS];	/* by descriptor */
static char scratches[THREADS][SCRATCH];	/* RLIMIT_STACK may be less */
static int ep, paused;			/* paused: accept4 found no descriptor */
static int live = 1;			/* connections, and the listener */

static long watch(int fd, int op, unsigned want)
{
	struct epoll_event ev = { .events = want | EPOLLONESHOT, .data = fd };

	return sys_epoll_ctl(ep, op, fd, &ev);
}

/* If the kernel refuses, try again later, as if no descriptor were left. */
static void watch_listener(void)
{
	if (watch(listener, EPOLL_CTL_MOD, EPOLLIN))
		__atomic_store_n(&paused, 1, __ATOMIC_RELEASE);
}

static void resume(void)
{
	if (__atomic_exchange_n(&paused, 0, __ATOMIC_ACQ_REL))
		watch_listener();
}

/* The last to leave ends the program, whichever thread that is. */
static void leave(void)
{
	if (!__atomic_sub_fetch(&live, 1, __ATOMIC_ACQ_REL))
		sys_exit_group(end_status);
}

/*
 * epoll_pwait holds each connection that it looks at.  After a close meanwhile
 * Linux (6.9 and later, also 6.1.192) ends the connection only when the thread
 * in epoll_pwait returns.  So take it out of the set first: this waits for the
 * thread that is looking, and no other looks again.
 */
static void hang_up(int fd)
{
	watch(fd, EPOLL_CTL_DEL, 0);
	conn_end(&conns[fd]);
	sys_close(fd);
	leave();
	resume();				/* a descriptor is free */
}

/* The connection waits for want, or ends where the set has no room. */
static void wait_for(int fd, int op, unsigned want)
{
	long err = watch(fd, op, want);

	if (!err)
		return;				/* another thread may have it */
	conn_gave_up(&conns[fd], errno_name(err));
	hang_up(fd);
}

static void greet(void)
{
	struct sockaddr_in peer;
	int len = sizeof(peer);
	int fd = sys_accept4(listener, &peer, &len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (listener_ended(fd))
		return leave();
	if (peers_must_wait(fd)) {
		__atomic_store_n(&paused, 1, __ATOMIC_RELEASE);
		return;
	}
	if (fd >= 0 && beyond_table(fd))
		fd = -EMFILE;
	if (fd >= 0)				/* else it brought no peer */
		__atomic_add_fetch(&live, 1, __ATOMIC_RELAXED);
	/* From here on another thread may accept, or find the end. */
	watch_listener();
	if (fd >= 0) {
		conn_begin(&conns[fd], &peer);
		wait_for(fd, EPOLL_CTL_ADD, EPOLLIN);
	}
}

static void serve(int fd, char *scratch)
{
	struct conn *c = &conns[fd];
	long n;

	if (!c->owed) {
		n = sys_recvfrom(fd, scratch, SCRATCH, 0, NULL, NULL);
		if (n != -EAGAIN && conn_received(c, scratch, n))
			return hang_up(fd);
	}
	if (c->owed) {
		n = sys_sendto(fd, c->out, c->owed, MSG_NOSIGNAL, NULL, 0);
		if (conn_sent(c, n))
			return hang_up(fd);
	}
	wait_for(fd, EPOLL_CTL_MOD, c->owed ? EPOLLOUT : EPOLLIN);
}

static void work(long thread)
{
	for (;;) {
		int was_paused = __atomic_load_n(&paused, __ATOMIC_ACQUIRE);
		struct epoll_event ev;
		int n = woken(sys_epoll_pwait(ep, &ev, 1,
					      was_paused ? 1000 : -1, NULL));

		if (n > 0 && (int)ev.data == listener)
			greet();
		else if (n > 0)
			serve(ev.data, scratches[thread]);
		/* Another program may have freed a descriptor; or a thread
		 * has, just before greet() set paused. */
		if (was_paused)
			resume();
	}
}

int main(int argc, char **argv)
{
	(void)argc;
	open_socket(argv, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK);
	ep = must(sys_epoll_create1(EPOLL_CLOEXEC));
	for (int i = 1; i < THREADS; i++)
		must(thread_start(work, i));
	must(watch(listener, EPOLL_CTL_ADD, EPOLLIN));
	announce();				/* the set-up has succeeded */
	work(0);
	return 0;
}
