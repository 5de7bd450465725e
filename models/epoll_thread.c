/* SPDX-License-Identifier: MIT */
/*
 * epoll_thread.c - epoll in one thread, which hands what is ready to others
 *
 * The main thread waits in epoll_pwait and accepts; a ready connection goes
 * through a queue to one of THREADS threads, which copies in recvfrom.  With
 * EPOLLONESHOT the kernel reports a connection once and then disarms it, so
 * no two threads have it at the same time; the thread that served it rearms it.
 *
 *     mmap  mprotect  clone             each thread
 *     epoll_create1  epoll_ctl ADD      the listener
 *   wait:
 *     epoll_pwait                       the main thread sleeps
 *       listener:  accept4  epoll_ctl ADD
 *       client:    futex                queued; wakes a thread that sleeps
 *   a thread:
 *     futex                             sleeps while the queue is empty
 *       recvfrom  sendto                recvfrom 0 or an error:
 *                                       epoll_ctl DEL  close
 *       epoll_ctl MOD                   armed again
 *
 * Calls     6 per echo, 9 more per connection.  Two of the 6 are futex; they are
 *           left out when no thread sleeps.
 * Needs     Linux 2.6.28 (accept4).
 * Limits    The hand-over costs up to two calls and a context switch: threads
 *           help only where an answer needs computation.  No descriptor left
 *           (EMFILE): the listener leaves the set until a connection closes or
 *           is served, or a second passes.
 *           Where the set has no room (ENOSPC, ENOMEM), the connection ends.
 *           close alone would not always end a connection (docs/faults.md): the
 *           kernel may keep it open for the main thread, asleep in epoll_pwait.
 * Compare   epoll.c serves in the thread that waits; epoll_workers.c has many
 *           threads that wait.
 * Trace     traces/epoll_thread.two.x86_64.strace, .kernel
 */
#include "server.h"

enum { EVENTS = 64, THREADS = 4 };

static struct conn conns[CONNS];	/* by descriptor */
static int ep, paused;			/* paused: accept4 found no descriptor */
static int live = 1;			/* connections, and the listener */

/* Descriptors to serve.  Each is here at most once: CONNS places are enough. */
static struct {
	struct lock lock;
	int fds[CONNS];
	unsigned in, out;		/* grow for ever; the place is mod CONNS */
	int queued;			/* the futex: entries not taken yet */
	int sleepers;
} queue;

static void push(int fd)
{
	lock(&queue.lock);
	queue.fds[queue.in++ % CONNS] = fd;
	unlock(&queue.lock);
	__atomic_add_fetch(&queue.queued, 1, __ATOMIC_SEQ_CST);
	/* Either we see the sleeper, or it sees that queued is not 0. */
	if (__atomic_load_n(&queue.sleepers, __ATOMIC_SEQ_CST))
		futex_wake(&queue.queued, 1);
}

static int pop(void)
{
	int n, fd;

	for (;;) {
		n = __atomic_load_n(&queue.queued, __ATOMIC_ACQUIRE);
		if (n && __atomic_compare_exchange_n(&queue.queued, &n, n - 1,
						     0, __ATOMIC_ACQUIRE,
						     __ATOMIC_RELAXED))
			break;
		if (n)
			continue;		/* another thread was faster */
		__atomic_add_fetch(&queue.sleepers, 1, __ATOMIC_SEQ_CST);
		futex_wait(&queue.queued, 0, NULL);
		__atomic_sub_fetch(&queue.sleepers, 1, __ATOMIC_SEQ_CST);
	}
	lock(&queue.lock);
	fd = queue.fds[queue.out++ % CONNS];
	unlock(&queue.lock);
	return fd;
}

/* 0, or -errno: the set has no room (ENOSPC: fs.epoll.max_user_watches). */
static long watch(int fd, int op, unsigned want)
{
	struct epoll_event ev = { .events = want, .data = fd };

	return sys_epoll_ctl(ep, op, fd, &ev);
}

static void resume(void)
{
	if (__atomic_exchange_n(&paused, 0, __ATOMIC_ACQ_REL) &&
	    watch(listener, EPOLL_CTL_ADD, EPOLLIN))
		__atomic_store_n(&paused, 1, __ATOMIC_RELEASE);
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
	long err = watch(fd, op, want | EPOLLONESHOT);

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

	if (listener_ended(fd)) {
		watch(listener, EPOLL_CTL_DEL, 0);
		leave();
	} else if (peers_must_wait(fd)) {
		watch(listener, EPOLL_CTL_DEL, 0);
		__atomic_store_n(&paused, 1, __ATOMIC_RELEASE);
	} else if (fd >= 0 && !beyond_table(fd)) {
		conn_begin(&conns[fd], &peer);
		__atomic_add_fetch(&live, 1, __ATOMIC_RELAXED);
		wait_for(fd, EPOLL_CTL_ADD, EPOLLIN);
	}					/* else it brought no peer */
}

static void serve(int fd)
{
	char scratch[SCRATCH];
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

static void work(long unused)
{
	(void)unused;
	for (;;)
		serve(pop());
}

int main(int argc, char **argv)
{
	struct epoll_event ev[EVENTS];

	(void)argc;
	open_socket(argv, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
	for (int i = 0; i < THREADS; i++)
		must(thread_start(work, 0));
	ep = must(sys_epoll_create1(EPOLL_CLOEXEC));
	must(watch(listener, EPOLL_CTL_ADD, EPOLLIN));
	announce();				/* the set-up has succeeded */
	for (;;) {
		int was_paused = __atomic_load_n(&paused, __ATOMIC_ACQUIRE);
		int n = woken(sys_epoll_pwait(ep, ev, EVENTS,
					      was_paused ? 1000 : -1, NULL));

		for (int i = 0; i < n; i++)
			if ((int)ev[i].data == listener)
				greet();
			else
				push(ev[i].data);
		/*
		 * Another program may have freed a descriptor; or a thread
		 * has, just before greet() set paused.  So do it after each
		 * wait, not only after a second without events.
		 */
		if (was_paused)
			resume();
	}
}
