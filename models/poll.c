/* SPDX-License-Identifier: MIT */
/*
 * poll.c - poll, one thread: each call hands over the whole set
 *
 * The program keeps the interest set, an array, and hands it to the kernel
 * at each wait.  The kernel looks at every entry, and then the program has to
 * do so, too.  The thread waits in ppoll and copies in recvfrom.
 *
 *   wait:
 *     ppoll                             the only call that sleeps
 *       listener:  accept4
 *       client:    recvfrom  sendto     recvfrom 0 or an error: close
 *
 * Calls     3 per echo, 5 more per connection; connections that are ready
 *           together share one wait and need 2 calls each.  Each wait costs
 *           time for each descriptor, idle or not.
 * Needs     Linux 2.6.28 (accept4).  ppoll, because aarch64 and riscv64 have
 *           no poll(2).
 * Limits    At most CONNS descriptors (server_options.h).  No descriptor left
 *           (EMFILE): the listener leaves the set until a connection closes or
 *           is served, or a second passes.  If RLIMIT_NOFILE is lowered below
 *           the size of the set, connections end until the set fits.
 * Compare   select.c has bitmaps instead of the array; epoll.c leaves the set
 *           in the kernel.
 * Trace     traces/poll.two.x86_64.strace, .kernel
 */
#include "server.h"

static struct conn conns[CONNS];	/* by descriptor */
static int live, paused;		/* paused: accept4 found no descriptor */

static struct pollfd set[CONNS];	/* no gaps: the last fills a hole */
static int slot[CONNS], used;		/* slot[fd] is the place of fd in set */

static void watch(int fd, unsigned want)
{
	unsigned had = conns[fd].want;

	if (had == want)
		return;
	if (!had) {
		slot[fd] = used;
		set[used++] = (struct pollfd){ .fd = fd };
	}
	set[slot[fd]].events = want;
	if (!want) {
		set[slot[fd]] = set[--used];
		slot[set[slot[fd]].fd] = slot[fd];
	}
	conns[fd].want = want;
}

static void resume(void)
{
	watch(listener, POLLIN);
	paused = 0;
}

static void hang_up(int fd)
{
	conn_end(&conns[fd]);
	watch(fd, 0);
	sys_close(fd);
	live--;
	if (paused)
		resume();			/* a descriptor is free */
}

/*
 * ppoll takes no more entries than RLIMIT_NOFILE, which another program may
 * lower (EINVAL): a connection ends each time, until the kernel takes all.
 */
static long fits(long n)
{
	int last = used - 1;

	if (n != -EINVAL)
		return n;
	if (last > 0 && set[last].fd == listener)
		last--;				/* it has been away */
	if (set[last].fd == listener)
		return n;
	conn_gave_up(&conns[set[last].fd], "ppoll: EINVAL: RLIMIT_NOFILE is "
		     "lower than the number of descriptors");
	hang_up(set[last].fd);
	return 0;
}

static void greet(void)
{
	struct sockaddr_in peer;
	int len = sizeof(peer);
	int fd = sys_accept4(listener, &peer, &len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (listener_ended(fd)) {
		watch(listener, 0);
		sys_close(listener);
		listener = -1;
	} else if (peers_must_wait(fd)) {
		watch(listener, 0);
		paused = 1;
	} else if (fd >= 0 && !beyond_table(fd)) {
		conn_begin(&conns[fd], &peer);
		live++;
		watch(fd, POLLIN);
	}					/* else it brought no peer */
}

static void serve(int fd)
{
	static char scratch[SCRATCH];
	struct conn *c = &conns[fd];
	long n;

	if (!c->owed) {
		n = sys_recvfrom(fd, scratch, SCRATCH, 0, NULL, NULL);
		if (n == -EAGAIN)
			return;			/* readiness was a hint */
		if (conn_received(c, scratch, n))
			return hang_up(fd);
	}
	if (c->owed) {
		n = sys_sendto(fd, c->out, c->owed, MSG_NOSIGNAL, NULL, 0);
		if (conn_sent(c, n))
			return hang_up(fd);
	}
	watch(fd, c->owed ? POLLOUT : POLLIN);
}

int main(int argc, char **argv)
{
	(void)argc;
	open_socket(argv, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
	watch(listener, POLLIN);
	announce();
	while (listener >= 0 || live) {
		struct timespec second = { .tv_sec = 1 };
		int was_paused = paused;
		int n = woken(fits(sys_ppoll(set, used, paused ? &second : NULL,
					     NULL)));

		/* Backwards: only this entry leaves, and the last, seen
		 * already, takes its place; what is added waits its turn. */
		for (int i = used - 1, left = n; left && i >= 0; i--) {
			if (!set[i].revents)
				continue;
			left--;
			if (set[i].fd == listener)
				greet();
			else
				serve(set[i].fd);
		}
		if (was_paused && paused)
			resume();		/* another program may have closed */
	}
	return end_status;
}
