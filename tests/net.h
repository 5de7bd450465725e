/* SPDX-License-Identifier: MIT */
/*
 * net.h - sockets, handlers and sleepers that several tests set up alike
 */
#ifndef IOMODELS_NET_H
#define IOMODELS_NET_H

#include "tap.h"

/* An address that nothing is mapped at; volatile, lest the compiler warn. */
static void *volatile net_nowhere = (void *)8;
#define NOWHERE net_nowhere

static struct sockaddr_in net_addr;	/* of the last net_listener() */

/* A listener on a port of the kernel's choice, of 127.0.0.1. */
static inline int net_listener(int flags)
{
	int fd = ASSERT_GE(sys_socket(AF_INET, SOCK_STREAM | flags, 0), 0);
	int len = sizeof(net_addr);

	net_addr = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = to_be32(INADDR_LOOPBACK),
	};
	ASSERT_EQ(0, sys_bind(fd, &net_addr, sizeof(net_addr)));
	ASSERT_EQ(0, sys_listen(fd, 128));
	ASSERT_EQ(0, sys_getsockname(fd, &net_addr, &len));
	return fd;
}

static inline int net_connect(void)
{
	int fd = ASSERT_GE(sys_socket(AF_INET, SOCK_STREAM, 0), 0);

	ASSERT_EQ(0, sys_connect(fd, &net_addr, sizeof(net_addr)));
	return fd;
}

/* Two ends of a TCP connection; flags are the second's, which was accepted. */
static inline void net_pair(int s[2], int flags)
{
	int l = net_listener(0);

	s[0] = net_connect();
	s[1] = ASSERT_GE(sys_accept4(l, NULL, NULL, flags), 0);
	sys_close(l);
}

/* Close with a reset, not a FIN. */
static inline void net_reset(int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	ASSERT_EQ(0, sys_setsockopt(fd, SOL_SOCKET, SO_LINGER, &now,
				    sizeof(now)));
	ASSERT_EQ(0, sys_close(fd));
}

/* Sleep until fd has one of the events, at most until the test's time is up. */
static inline int net_wait(int fd, int events)
{
	struct pollfd p = { .fd = fd, .events = events };

	ASSERT_EQ(1, sys_ppoll(&p, 1, NULL, NULL));
	return p.revents;
}

/*
 * Return when n connections wait to be accepted.  connect(2) returns when the
 * peer has answered; the ACK of that answer, and with it the connection, may
 * come later: Linux 6.1 leaves it to ksoftirqd while that is runnable.
 * TCP_INFO of a listener: tcp_get_info() of net/ipv4/tcp.c.
 */
static inline void net_wait_queued(int l, unsigned n)
{
	struct tcp_info info = { 0 };
	int len = sizeof(info);

	net_wait(l, POLLIN);
	while (!sys_getsockopt(l, IPPROTO_TCP, TCP_INFO, &info, &len) &&
	       len > (int)sizeof(int) &&	/* qemu-user knows but ints */
	       info.tcpi_unacked < n)
		sys_sched_yield();
}

static volatile int net_handled;	/* times that net_handler() ran */
static siginfo_t net_info;		/* what it got the last time */

static inline void net_handler(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	net_info = *info;
	net_handled++;
}

static inline void net_handle(int sig, unsigned long flags)
{
	struct kernel_sigaction act = {
		.handler = net_handler, .flags = SA_SIGINFO | flags,
	};

#ifdef SIGNAL_RETURN
	act.flags |= SA_RESTORER;
	act.restorer = SIGNAL_RETURN;
#endif
	ASSERT_EQ(0, sys_rt_sigaction(sig, &act, NULL));
}

static inline void net_block(unsigned long set)
{
	ASSERT_EQ(0, sys_rt_sigprocmask(SIG_BLOCK, &set, NULL));
}

/*
 * Return when the process or thread has the state: S, asleep; T, stopped.
 * /proc/PID/stat reads "PID (name) S ...".
 */
static inline void net_until(int pid, char state)
{
	char path[32] = "/proc/", text[128], digit[12];
	int n = 0, at = 6;

	do
		digit[n++] = '0' + pid % 10;
	while (pid /= 10);
	while (n)
		path[at++] = digit[--n];
	for (const char *s = "/stat"; *s; )
		path[at++] = *s++;
	path[at] = 0;
	for (;;) {
		int fd = ASSERT_GE(sys_openat(AT_FDCWD, path, O_RDONLY, 0), 0);
		long len = sys_read(fd, text, sizeof(text));

		sys_close(fd);
		while (len > 0 && text[len - 1] != ')')
			len--;
		if (len > 0 && text[len + 1] == state)
			return;
		sys_sched_yield();
	}
}

/* Reap the child and assert that it left with 0: its own checks passed. */
static inline void net_reap(int pid)
{
	int status = -1;

	ASSERT_EQ(pid, sys_wait4(pid, &status, 0, NULL));
	EXPECT_EQ(0, status);
}

#endif
