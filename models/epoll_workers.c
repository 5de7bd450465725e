/* SPDX-License-Identifier: MIT */
/*
 * epoll_workers.c - an epoll set in each of several threads, one listener
 *
 * Each worker is an event loop of its own: it waits in its own epoll_pwait,
 * accepts from the common listener and copies in recvfrom; a connection stays
 * with the worker that accepted it.  Without EPOLLEXCLUSIVE a connection
 * would wake every worker (the thundering herd): most of them look again
 * inside epoll_pwait and sleep again, some return and find EAGAIN.  With
 * EPOLLEXCLUSIVE the kernel wakes one, or a few.
 *
 *     epoll_create1                     all of them before any client can
 *                                       take the last descriptor
 *     epoll_ctl ADD                     the listener, EPOLLEXCLUSIVE
 *     mmap  mprotect  clone             each worker but the first
 *   wait, in each worker:
 *     epoll_pwait                       the only call that sleeps
 *       listener:  accept4  epoll_ctl ADD
 *       client:    recvfrom  sendto     recvfrom 0 or an error: close
 *                  epoll_ctl MOD        only when the socket is full
 *   at the end:
 *     futex                             until every worker has left:
 *     rt_sigprocmask  munmap  exit      which is how a worker leaves
 *
 * Calls     3 per echo, about 6 more per connection, and 2 more when a second
 *           worker woke and found nothing; connections that are ready together
 *           share one wait and need 2 calls each.
 * Needs     Linux 4.5 (EPOLLEXCLUSIVE).
 * Limits    The kernel wakes the first idle worker in the order in which the
 *           workers registered the listener (EPOLL_CTL_ADD), so under little
 *           load one of them does all the work.  EMFILE: the listener
 *           leaves a worker's set until one of its connections closes or is
 *           served, or a second passes.
 *           Where the set has no room (ENOSPC, ENOMEM), the connection ends.
 * Compare   epoll.c has one loop; epoll_thread.c waits in one thread only;
 *           in epoll_oneshot.c all threads wait in one set.
 * Trace     traces/epoll_workers.two.x86_64.strace, .kernel
 */
#include "server.h"

enum { EVENTS = 64, WORKERS = 4 };

static struct conn conns[CONNS];	/* by descriptor; each has one worker */
static struct count workers;

static struct worker {
	int ep, live, listens;
	int paused;			/* accept4 found no descriptor */
	char scratch[SCRATCH];		/* RLIMIT_STACK may be less */
} worker[WORKERS];

/* 0, or -errno: the set has no room (ENOSPC: fs.epoll.max_user_watches). */
static long watch(struct worker *w, int fd, unsigned want)
{
	struct epoll_event ev = { .events = want, .data = fd };
	unsigned had = conns[fd].want;
	long err;

	if (had == want)
		return 0;			/* already so: no call */
	err = sys_epoll_ctl(w->ep, !had ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd,
			    &ev);
	if (!err)
		conns[fd].want = want;
	return err;
}

/* An exclusive entry cannot be changed (EINVAL), only added and deleted. */
static long watch_listener(int ep, int op)
{
	struct epoll_event ev = {
		.events = EPOLLIN | EPOLLEXCLUSIVE,
		.data = listener,
	};

	return sys_epoll_ctl(ep, op, listener, &ev);
}

static void resume(struct worker *w)
{
	w->paused = watch_listener(w->ep, EPOLL_CTL_ADD) != 0;
}

static void hang_up(struct worker *w, int fd)
{
	conn_end(&conns[fd]);
	conns[fd].want = 0;			/* close takes it out of the set */
	sys_close(fd);
	w->live--;
	if (w->paused)
		resume(w);			/* a descriptor is free */
}

/* The connection waits for want, or ends where the set has no room. */
static void wait_for(struct worker *w, int fd, unsigned want)
{
	long err = watch(w, fd, want);

	if (!err)
		return;
	conn_gave_up(&conns[fd], errno_name(err));
	hang_up(w, fd);
}

static void greet(struct worker *w)
{
	struct sockaddr_in peer;
	int len = sizeof(peer);
	int fd = sys_accept4(listener, &peer, &len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (listener_ended(fd)) {
		watch_listener(w->ep, EPOLL_CTL_DEL);
		w->listens = 0;
	} else if (peers_must_wait(fd)) {
		watch_listener(w->ep, EPOLL_CTL_DEL);
		w->paused = 1;
	} else if (fd >= 0 && !beyond_table(fd)) {
		conn_begin(&conns[fd], &peer);
		w->live++;
		wait_for(w, fd, EPOLLIN);
	}			/* else another worker has the peer */
}

static void serve(struct worker *w, int fd)
{
	struct conn *c = &conns[fd];
	long n;

	if (!c->owed) {
		n = sys_recvfrom(fd, w->scratch, SCRATCH, 0, NULL, NULL);
		if (n == -EAGAIN)
			return;			/* readiness was a hint */
		if (conn_received(c, w->scratch, n))
			return hang_up(w, fd);
	}
	if (c->owed) {
		n = sys_sendto(fd, c->out, c->owed, MSG_NOSIGNAL, NULL, 0);
		if (conn_sent(c, n))
			return hang_up(w, fd);
	}
	wait_for(w, fd, c->owed ? EPOLLOUT : EPOLLIN);
}

static void work(long number)
{
	struct worker *w = &worker[number];
	struct epoll_event ev[EVENTS];

	while (w->listens || w->live) {
		int was_paused = w->paused;
		int n = woken(sys_epoll_pwait(w->ep, ev, EVENTS,
					      w->paused ? 1000 : -1, NULL));

		for (int i = 0; i < n; i++)
			if ((int)ev[i].data == listener)
				greet(w);
			else
				serve(w, ev[i].data);
		if (was_paused && w->paused)
			resume(w);		/* another worker may have closed */
	}
	sys_close(w->ep);
	count_down(&workers);
}

int main(int argc, char **argv)
{
	int left;

	(void)argc;
	open_socket(argv, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK);
	for (int i = 0; i < WORKERS; i++) {
		worker[i].ep = must(sys_epoll_create1(EPOLL_CLOEXEC));
		must(watch_listener(worker[i].ep, EPOLL_CTL_ADD));
		worker[i].listens = 1;
		count_up(&workers);
	}
	for (int i = 1; i < WORKERS; i++)
		must(thread_start(work, i));
	announce();				/* the set-up has succeeded */
	work(0);
	while ((left = count_read(&workers)))
		futex_wait(&workers.n, left, NULL);
	return end_status;
}
