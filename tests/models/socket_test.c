/* SPDX-License-Identifier: MIT */
/*
 * socket_test.c - what every server relies on, one fact per test
 */
#include "net.h"
#ifndef WITH_LIBC
#include "../../syscalls/thread.h"
#endif

/*
 *   child: accept4(l) sleeps      parent: shutdown(l, SHUT_RD)
 *          = -EINVAL
 *
 * How the servers stop: the handler needs no flag.
 */
TEST(shutdown_wakes_accept4_with_einval)
{
	int l = net_listener(0), pid = ASSERT_GE(sys_clone_fork(), 0);

	if (!pid) {
		ASSERT_ERR(-EINVAL, sys_accept4(l, NULL, NULL, 0));
		sys_exit_group(0);
	}
	net_until(pid, 'S');
	ASSERT_EQ(0, sys_shutdown(l, SHUT_RD));
	net_reap(pid);
}

/* And all that are still to come, blocking or not. */
TEST(shutdown_makes_later_accept4_fail)
{
	int l = net_listener(0);

	ASSERT_EQ(0, sys_shutdown(l, SHUT_RD));
	EXPECT_ERR(-EINVAL, sys_accept4(l, NULL, NULL, 0));
	EXPECT_ERR(-EINVAL, sys_accept4(l, NULL, NULL, SOCK_NONBLOCK));
}

/* A peer that has connected but was not accepted yet is reset. */
TEST(shutdown_resets_the_queued)
{
	int l = net_listener(0), c = net_connect();
	char byte;

	ASSERT_EQ(0, sys_shutdown(l, SHUT_RD));
	EXPECT_ERR(-ECONNRESET, sys_read(c, &byte, 1));
}

#ifndef WITH_LIBC
static struct count threads;
static int thread_listener;
static long thread_result;

static void accepts(long arg)
{
	(void)arg;
	thread_result = sys_accept4(thread_listener, NULL, NULL, 0);
	count_down(&threads);
}

/* From another thread too: one that sleeps keeps the file, but is woken. */
TEST(shutdown_wakes_another_thread)
{
	int tid;

	SKIP_EMULATED("maps threads to its own");
	thread_listener = net_listener(0);
	count_up(&threads);
	tid = ASSERT_GT(thread_start(accepts, 0), 0);
	net_until(tid, 'S');
	ASSERT_EQ(0, sys_shutdown(thread_listener, SHUT_RD));
	while (count_read(&threads))
		futex_wait(&threads.n, 1, NULL);
	EXPECT_ERR(-EINVAL, thread_result);
}
#endif

/* close(2) of a listener that others sleep in does not wake them: shutdown does. */
TEST(close_of_a_shared_listener_wakes_nobody)
{
	int l = net_listener(0), pid = ASSERT_GE(sys_clone_fork(), 0);

	if (!pid) {
		ASSERT_GE(sys_accept4(l, NULL, NULL, 0), 0);
		sys_exit_group(0);
	}
	net_until(pid, 'S');
	ASSERT_EQ(0, sys_close(l));
	net_connect();
	net_reap(pid);
}

/* No descriptor left: the connection waits in the queue, its bytes too. */
TEST(emfile_leaves_the_connection_queued)
{
	int l = net_listener(SOCK_NONBLOCK), c = net_connect();
	struct rlimit64 r = { 0, 0 };
	char byte = 0;
	int fd;

	SKIP_EMULATED("does not set RLIMIT_NOFILE on the host");
	ASSERT_EQ(1, sys_write(c, "w", 1));
	ASSERT_EQ(0, sys_prlimit64(0, RLIMIT_NOFILE, NULL, &r));
	r.rlim_cur = c + 1;
	ASSERT_EQ(0, sys_prlimit64(0, RLIMIT_NOFILE, &r, NULL));
	EXPECT_ERR(-EMFILE, sys_accept4(l, NULL, NULL, 0));
	EXPECT_ERR(-EMFILE, sys_accept4(l, NULL, NULL, 0));
	EXPECT_TRUE(net_wait(l, POLLIN) & POLLIN);
	r.rlim_cur = c + 8;
	ASSERT_EQ(0, sys_prlimit64(0, RLIMIT_NOFILE, &r, NULL));
	fd = ASSERT_GE(sys_accept4(l, NULL, NULL, 0), 0);
	EXPECT_EQ(1, sys_read(fd, &byte, 1));
	EXPECT_EQ('w', byte);
}

/* listen.h sets it once, on the listener. */
TEST(nodelay_is_inherited)
{
	int l = net_listener(0), on = 1, seen = 0, len = sizeof(seen), fd;

	ASSERT_EQ(0, sys_setsockopt(l, IPPROTO_TCP, TCP_NODELAY, &on,
				    sizeof(on)));
	net_connect();
	fd = ASSERT_GE(sys_accept4(l, NULL, NULL, 0), 0);
	ASSERT_EQ(0, sys_getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &seen, &len));
	EXPECT_NE(0, seen);
}

/* A reset is reported once; then the connection reads as ended. */
TEST(reset_is_econnreset_once)
{
	char byte;
	int s[2];

	net_pair(s, 0);
	net_reset(s[0]);
	net_wait(s[1], POLLIN);
	EXPECT_ERR(-ECONNRESET, sys_read(s[1], &byte, 1));
	EXPECT_EQ(0, sys_read(s[1], &byte, 1));
	EXPECT_ERR(-EPIPE, sys_sendto(s[1], "w", 1, MSG_NOSIGNAL, NULL, 0));
}

/* To close with bytes unread is a reset: the peer may lose our answer. */
TEST(close_with_unread_bytes_resets)
{
	char byte;
	int s[2];

	net_pair(s, 0);
	ASSERT_EQ(1, sys_write(s[0], "w", 1));
	net_wait(s[1], POLLIN);
	sys_close(s[1]);
	EXPECT_ERR(-ECONNRESET, sys_read(s[0], &byte, 1));
}

/* The peer is done writing but still reads: echo must answer it. */
TEST(half_close_still_takes_the_answer)
{
	char byte = 0;
	int s[2];

	net_pair(s, 0);
	ASSERT_EQ(1, sys_write(s[0], "w", 1));
	ASSERT_EQ(0, sys_shutdown(s[0], SHUT_WR));
	EXPECT_EQ(1, sys_read(s[1], &byte, 1));
	EXPECT_EQ(0, sys_read(s[1], &byte, 1));
	EXPECT_EQ(0, sys_read(s[1], &byte, 1));
	EXPECT_EQ(1, sys_write(s[1], "a", 1));
	EXPECT_EQ(1, sys_read(s[0], &byte, 1));
	EXPECT_EQ('a', byte);
}

/* Without MSG_NOSIGNAL a peer that left kills the server, libc or not. */
TEST(write_to_a_closed_peer_is_sigpipe)
{
	int s[2], status = 0, pid;

	ASSERT_EQ(0, sys_socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	sys_close(s[0]);
	EXPECT_ERR(-EPIPE, sys_sendto(s[1], "w", 1, MSG_NOSIGNAL, NULL, 0));
	pid = ASSERT_GE(sys_clone_fork(), 0);
	if (!pid) {
		sys_sendto(s[1], "w", 1, 0, NULL, 0);
		sys_exit_group(0);
	}
	ASSERT_EQ(pid, sys_wait4(pid, &status, 0, NULL));
	EXPECT_EQ(SIGPIPE, status & 0x7f);
}

/* A full socket takes a part, then nothing: short writes are normal. */
TEST(full_socket_takes_a_part)
{
	static char big[8 << 20];
	long n;
	int s[2];

	net_pair(s, SOCK_NONBLOCK);
	n = ASSERT_GT(sys_sendto(s[1], big, sizeof(big), 0, NULL, 0), 0);
	EXPECT_LT(n, sizeof(big));
	while ((n = sys_sendto(s[1], big, sizeof(big), 0, NULL, 0)) > 0)
		;
	EXPECT_ERR(-EAGAIN, n);
}

/* Two may not listen on one port; a client's TIME_WAIT does not matter. */
TEST(port_in_use)
{
	int l = net_listener(0), fd;

	fd = ASSERT_GE(sys_socket(AF_INET, SOCK_STREAM, 0), 0);
	EXPECT_ERR(-EADDRINUSE, sys_bind(fd, &net_addr, sizeof(net_addr)));
	sys_close(l);
	EXPECT_EQ(0, sys_bind(fd, &net_addr, sizeof(net_addr)));
}

/* A datagram is taken whole or cut: what did not fit is gone. */
TEST(datagram_is_cut)
{
	char buf[4];
	int s[2];

	ASSERT_EQ(0, sys_socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	ASSERT_EQ(6, sys_write(s[0], "abcdef", 6));
	ASSERT_EQ(1, sys_write(s[0], "g", 1));
	EXPECT_EQ(6, sys_recvfrom(s[1], buf, 4, MSG_TRUNC, NULL, NULL));
	EXPECT_EQ(1, sys_recvfrom(s[1], buf, 4, 0, NULL, NULL));
	EXPECT_EQ('g', buf[0]);
}
