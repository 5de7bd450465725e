/* SPDX-License-Identifier: MIT */
/*
 * epoll_test.c - what the epoll models rely on, one fact per test
 */
#include "net.h"

static int add(int ep, int fd, unsigned events)
{
	struct epoll_event ev = { .events = events };

	return sys_epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
}

static int mod(int ep, int fd, unsigned events)
{
	struct epoll_event ev = { .events = events };

	return sys_epoll_ctl(ep, EPOLL_CTL_MOD, fd, &ev);
}

/* The events of one wait that does not sleep; 0: none, -errno: an error. */
static int now(int ep)
{
	struct epoll_event ev = { 0 };
	long n = sys_epoll_pwait(ep, &ev, 1, 0, NULL);

	return n <= 0 ? n : (int)ev.events;
}

/*
 *   t0
 *    | epoll_pwait
 *   ep
 *    | what each test asks for
 *   s0 <--------- s1
 */
FIXTURE(pair) { int ep, s[2]; };

FIXTURE_SETUP(pair)
{
	ASSERT_EQ(0, sys_socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
				    self->s));
	self->ep = ASSERT_GE(sys_epoll_create1(EPOLL_CLOEXEC), 0);
}

FIXTURE_TEARDOWN(pair)
{
	sys_close(self->ep);
}

/* Unread bytes are reported again by every wait. */
TEST_F(pair, level_triggered_repeats)
{
	char c;

	ASSERT_EQ(0, add(self->ep, self->s[0], EPOLLIN));
	ASSERT_EQ(1, sys_write(self->s[1], "w", 1));
	EXPECT_EQ(EPOLLIN, now(self->ep));
	EXPECT_EQ(EPOLLIN, now(self->ep));
	ASSERT_EQ(1, sys_read(self->s[0], &c, 1));
	EXPECT_EQ(0, now(self->ep));
}

/* Reported once; more bytes report again, though the old ones were not read. */
TEST_F(pair, edge_triggered_waits_for_more)
{
	ASSERT_EQ(0, add(self->ep, self->s[0], EPOLLIN | EPOLLET));
	ASSERT_EQ(1, sys_write(self->s[1], "w", 1));
	EXPECT_EQ(EPOLLIN, now(self->ep));
	EXPECT_EQ(0, now(self->ep));
	ASSERT_EQ(1, sys_write(self->s[1], "w", 1));
	EXPECT_EQ(EPOLLIN, now(self->ep));
	EXPECT_EQ(0, now(self->ep));
}

/* Why epoll_et reads until EAGAIN: reading a part makes no new edge. */
TEST_F(pair, edge_triggered_keeps_silent_about_the_rest)
{
	char c;

	ASSERT_EQ(0, add(self->ep, self->s[0], EPOLLIN | EPOLLET));
	ASSERT_EQ(2, sys_write(self->s[1], "ww", 2));
	EXPECT_EQ(EPOLLIN, now(self->ep));
	ASSERT_EQ(1, sys_read(self->s[0], &c, 1));
	EXPECT_EQ(0, now(self->ep));
}

/*
 * Why a short read is not enough: the end of the stream came with the data and
 * makes no new edge.  EPOLLRDHUP tells of it in the one event that there is.
 */
TEST_F(pair, edge_triggered_tells_of_data_and_end_once)
{
	char c[64];
	int s[2];

	net_pair(s, SOCK_NONBLOCK);
	ASSERT_EQ(1, sys_write(s[0], "w", 1));
	ASSERT_EQ(0, sys_close(s[0]));
	net_wait(s[1], EPOLLRDHUP);
	ASSERT_EQ(0, add(self->ep, s[1], EPOLLIN | EPOLLET));
	EXPECT_EQ(EPOLLIN, now(self->ep));
	ASSERT_EQ(1, sys_read(s[1], c, sizeof(c)));
	EXPECT_EQ(0, now(self->ep));
	EXPECT_EQ(0, sys_read(s[1], c, sizeof(c)));

	ASSERT_EQ(0, mod(self->ep, s[1], EPOLLIN | EPOLLRDHUP | EPOLLET));
	EXPECT_EQ(EPOLLIN | EPOLLRDHUP, now(self->ep));
	EXPECT_EQ(0, now(self->ep));
}

/* What was ready before it was added is reported, edge-triggered too. */
TEST_F(pair, edge_triggered_reports_what_was_there)
{
	ASSERT_EQ(1, sys_write(self->s[1], "w", 1));
	ASSERT_EQ(0, add(self->ep, self->s[0], EPOLLIN | EPOLLET));
	EXPECT_EQ(EPOLLIN, now(self->ep));
}

/* EPOLL_CTL_MOD looks anew: what is ready still is reported once more. */
TEST_F(pair, mod_arms_edge_triggered_again)
{
	ASSERT_EQ(0, add(self->ep, self->s[0], EPOLLIN | EPOLLET));
	ASSERT_EQ(1, sys_write(self->s[1], "w", 1));
	EXPECT_EQ(EPOLLIN, now(self->ep));
	ASSERT_EQ(0, mod(self->ep, self->s[0], EPOLLIN | EPOLLET));
	EXPECT_EQ(EPOLLIN, now(self->ep));
}

/* After one report it stays in the set but silent until MOD: epoll_thread. */
TEST_F(pair, oneshot_disarms)
{
	ASSERT_EQ(0, add(self->ep, self->s[0], EPOLLIN | EPOLLONESHOT));
	ASSERT_EQ(1, sys_write(self->s[1], "w", 1));
	EXPECT_EQ(EPOLLIN, now(self->ep));
	ASSERT_EQ(1, sys_write(self->s[1], "w", 1));
	EXPECT_EQ(0, now(self->ep));
	EXPECT_ERR(-EEXIST, add(self->ep, self->s[0], EPOLLIN));
	ASSERT_EQ(0, mod(self->ep, self->s[0], EPOLLIN | EPOLLONESHOT));
	EXPECT_EQ(EPOLLIN, now(self->ep));
}

/* An exclusive watch can neither be changed nor come to be by a change. */
TEST_F(pair, exclusive_cannot_be_modified)
{
	ASSERT_EQ(0, add(self->ep, self->s[0], EPOLLIN | EPOLLEXCLUSIVE));
	EXPECT_ERR(-EINVAL, mod(self->ep, self->s[0], EPOLLIN));
	EXPECT_ERR(-EINVAL, mod(self->ep, self->s[0], EPOLLIN | EPOLLEXCLUSIVE));
	EXPECT_ERR(-EINVAL, add(self->ep, self->s[1],
				EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT));
	EXPECT_EQ(0, sys_epoll_ctl(self->ep, EPOLL_CTL_DEL, self->s[0], NULL));
}

/*
 *   s0 --.
 *         > one open file, in the set as s0
 *   d  --'
 *
 * The set holds the open file, not the number: while a duplicate lives, close
 * does not take it out, and no number is left to take it out with.
 */
TEST_F(pair, close_of_one_duplicate_keeps_the_events)
{
	int d = ASSERT_GE(sys_fcntl(self->s[0], F_DUPFD, 0), 0);

	ASSERT_EQ(0, add(self->ep, self->s[0], EPOLLIN));
	ASSERT_EQ(0, sys_close(self->s[0]));
	ASSERT_EQ(1, sys_write(self->s[1], "w", 1));
	EXPECT_EQ(EPOLLIN, now(self->ep));
	EXPECT_ERR(-EBADF, sys_epoll_ctl(self->ep, EPOLL_CTL_DEL, self->s[0],
					 NULL));
	EXPECT_ERR(-ENOENT, sys_epoll_ctl(self->ep, EPOLL_CTL_DEL, d, NULL));
	ASSERT_EQ(0, sys_close(d));
	EXPECT_EQ(0, now(self->ep));
}

/* The last close takes it out; where no thread waits, that is enough. */
TEST_F(pair, close_takes_out_of_the_set)
{
	ASSERT_EQ(0, add(self->ep, self->s[0], EPOLLIN));
	ASSERT_EQ(1, sys_write(self->s[1], "w", 1));
	ASSERT_EQ(0, sys_close(self->s[0]));
	EXPECT_EQ(0, now(self->ep));
}

/* A full socket is not writable until the peer reads. */
TEST_F(pair, writable_once_the_peer_reads)
{
	static char block[64 << 10];

	while (sys_write(self->s[0], block, sizeof(block)) > 0)
		;
	ASSERT_ERR(-EAGAIN, sys_write(self->s[0], block, 1));
	ASSERT_EQ(0, add(self->ep, self->s[0], EPOLLOUT));
	EXPECT_EQ(0, now(self->ep));
	while (sys_read(self->s[1], block, sizeof(block)) > 0)
		;
	EXPECT_EQ(EPOLLOUT, now(self->ep));
}

/* The negative space: each misuse has its own errno. */
TEST_F(pair, ctl_errors)
{
	EXPECT_ERR(-ENOENT, mod(self->ep, self->s[0], EPOLLIN));
	EXPECT_ERR(-ENOENT, sys_epoll_ctl(self->ep, EPOLL_CTL_DEL, self->s[0],
					  NULL));
	EXPECT_ERR(-EINVAL, add(self->ep, self->ep, EPOLLIN));
	EXPECT_ERR(-EINVAL, add(self->s[0], self->s[1], EPOLLIN));
	EXPECT_ERR(-EBADF, add(self->ep, 999, EPOLLIN));
	EXPECT_ERR(-EBADF, add(999, self->s[0], EPOLLIN));
	EXPECT_ERR(-EFAULT, sys_epoll_ctl(self->ep, EPOLL_CTL_ADD, self->s[0],
					  (void *)8));
	ASSERT_EQ(0, add(self->ep, self->s[0], EPOLLIN));
	EXPECT_ERR(-EEXIST, add(self->ep, self->s[0], EPOLLIN));
}

/* A regular file is always ready, so there is nothing to wait for. */
TEST_F(pair, regular_file_is_refused)
{
	int fd = ASSERT_GE(sys_openat(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0),
			   0);

	EXPECT_ERR(-EPERM, add(self->ep, fd, EPOLLIN));
}

/* Of TCP: bytes then FIN is IN and RDHUP; HUP needs both directions closed. */
TEST_F(pair, half_close_is_rdhup_and_full_close_is_hup)
{
	int s[2];
	char c;

	net_pair(s, SOCK_NONBLOCK);
	ASSERT_EQ(0, add(self->ep, s[1], EPOLLIN | EPOLLRDHUP));
	ASSERT_EQ(0, sys_shutdown(s[0], SHUT_WR));
	net_wait(s[1], POLLIN);
	EXPECT_EQ(EPOLLIN | EPOLLRDHUP, now(self->ep));
	EXPECT_EQ(0, sys_read(s[1], &c, 1));
	ASSERT_EQ(0, sys_shutdown(s[1], SHUT_WR));
	EXPECT_EQ(EPOLLIN | EPOLLRDHUP | EPOLLHUP, now(self->ep));
}

/* Nobody asks for EPOLLERR and EPOLLHUP: they are reported all the same. */
TEST_F(pair, error_and_hup_need_not_be_asked_for)
{
	int s[2];

	net_pair(s, SOCK_NONBLOCK);
	ASSERT_EQ(0, add(self->ep, s[1], 0));
	net_reset(s[0]);
	net_wait(s[1], 0);
	EXPECT_EQ(EPOLLERR | EPOLLHUP, now(self->ep));
}

/*
 *   e0   e1        two sets, both with the listener, both EPOLLEXCLUSIVE
 *     \ /
 *      l
 *
 * Without a sleeper, both say that it is ready: exclusive is about waking.
 */
TEST(exclusive_still_reports_to_every_set)
{
	int l = net_listener(SOCK_NONBLOCK);
	int e0 = sys_epoll_create1(0), e1 = sys_epoll_create1(0);

	ASSERT_EQ(0, add(e0, l, EPOLLIN | EPOLLEXCLUSIVE));
	ASSERT_EQ(0, add(e1, l, EPOLLIN | EPOLLEXCLUSIVE));
	net_connect();
	net_wait(l, POLLIN);
	EXPECT_EQ(EPOLLIN, now(e0));
	EXPECT_EQ(EPOLLIN, now(e1));
}

/*
 * shutdown(2) of a listener, by which the servers stop, is reported as a
 * hang-up, not as EPOLLIN; it also wakes the waits that sleep already.
 */
TEST(shutdown_of_a_listener_wakes_with_hup)
{
	int l = net_listener(SOCK_NONBLOCK), ep = sys_epoll_create1(0), pid;

	ASSERT_EQ(0, add(ep, l, EPOLLIN));
	EXPECT_EQ(0, now(ep));
	pid = ASSERT_GE(sys_clone_fork(), 0);
	if (!pid) {
		struct epoll_event ev = { 0 };

		ASSERT_EQ(1, sys_epoll_pwait(ep, &ev, 1, -1, NULL));
		ASSERT_TRUE(ev.events & EPOLLHUP);
		sys_exit_group(0);
	}
	net_until(pid, 'S');
	ASSERT_EQ(0, sys_shutdown(l, SHUT_RD));
	net_reap(pid);
	EXPECT_EQ(EPOLLHUP, now(ep));
	EXPECT_ERR(-EINVAL, sys_accept4(l, NULL, NULL, 0));
}
