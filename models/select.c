/* SPDX-License-Identifier: MIT */
/*
 * select.c - select, one thread: each call hands over two bitmaps
 *
 * The program keeps the interest set, a bit for each descriptor, and hands a
 * copy to the kernel, which clears the bits that are not ready and writes
 * back how much of the timeout was left.  The thread waits in select and
 * copies in recvfrom.
 *
 *   wait:
 *     select                            the only call that sleeps; pselect6 on
 *                                       aarch64 and riscv64
 *       listener:  accept4
 *       client:    recvfrom  sendto     recvfrom 0 or an error: close
 *
 * Calls     3 per echo, 5 more per connection; connections that are ready
 *           together share one wait and need 2 calls each.  At each wait the
 *           kernel reads the bitmaps, 64 bits at a time, up to the highest
 *           descriptor, and checks each descriptor whose bit is set.
 * Needs     Linux 2.6.28 (accept4).
 * Limits    At most CONNS descriptors (server_options.h), not 1024: FD_SETSIZE
 *           is the size of libc's fd_set, but the kernel takes bitmaps of the
 *           length in the first argument.  No descriptor left (EMFILE): the
 *           listener leaves the set until a connection closes or is served, or
 *           a second passes.
 * Compare   poll.c has an array instead of the bitmaps.
 * Trace     traces/select.two.x86_64.strace, .kernel
 */
#include "server.h"

static struct conn conns[CONNS];	/* by descriptor */
static int live, paused;		/* paused: accept4 found no descriptor */

enum { BITS = 64 };
static unsigned long to_read[CONNS / BITS], to_write[CONNS / BITS];
static int top;				/* the highest descriptor in either */

static void set_bit(unsigned long *set, int fd, int on)
{
	unsigned long bit = 1UL << fd % BITS;

	set[fd / BITS] = on ? set[fd / BITS] | bit : set[fd / BITS] & ~bit;
}

static int in_set(const unsigned long *set, int fd)
{
	return set[fd / BITS] >> fd % BITS & 1;
}

static void watch(int fd, unsigned want)
{
	if (conns[fd].want == want)
		return;
	set_bit(to_read, fd, want == POLLIN);
	set_bit(to_write, fd, want == POLLOUT);
	conns[fd].want = want;
	if (want && fd > top)
		top = fd;
	while (top && !conns[top].want)
		top--;
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

/*
 * The kernel writes the time left into the timeout, so it is set anew before
 * each wait: set once, outside the loop, it would run down to zero, and the
 * loop would spin.  A minute, so that a trace shows what is left of it.
 */
static long wait(int n, unsigned long *in, unsigned long *out)
{
#ifdef __NR_select
	struct timeval left = { .tv_sec = paused ? 1 : 60 };

	return sys_select(n, in, out, NULL, &left);
#else
	struct timespec left = { .tv_sec = paused ? 1 : 60 };

	return sys_pselect6(n, in, out, NULL, &left, NULL);
#endif
}

int main(int argc, char **argv)
{
	static unsigned long in[CONNS / BITS], out[CONNS / BITS];

	(void)argc;
	open_socket(argv, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
	watch(listener, POLLIN);
	announce();
	while (listener >= 0 || live) {
		int words = top / BITS + 1, was_paused = paused;
		long n;

		do {				/* EINTR leaves them as they were */
			memcpy(in, to_read, words * sizeof(long));
			memcpy(out, to_write, words * sizeof(long));
			n = wait(top + 1, in, out);
			if (n == -ENOMEM)
				pause_ms(100);
		} while (n == -EINTR || n == -ENOMEM);
		must(n);
		for (int fd = 0; fd < words * BITS; fd++)
			if (!in_set(in, fd) && !in_set(out, fd))
				continue;
			else if (fd == listener)
				greet();
			else
				serve(fd);
		if (was_paused && paused)
			resume();		/* another program may have closed */
	}
	return end_status;
}
