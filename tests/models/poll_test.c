/* SPDX-License-Identifier: MIT */
/*
 * poll_test.c - what models/poll.c relies on, one fact per test
 */
#include "net.h"

static const struct timespec zero;

static int poll_now(struct pollfd *p, int n)
{
	struct timespec t = zero;

	return sys_ppoll(p, n, &t, NULL);
}

/* A negative descriptor is passed over: the way to leave a place empty. */
TEST(negative_descriptor_is_passed_over)
{
	struct pollfd p[2] = { { .fd = -1, .events = POLLIN, .revents = 9 },
			       { .events = POLLIN } };
	int fd[2];

	ASSERT_EQ(0, sys_pipe2(fd, 0));
	ASSERT_EQ(1, sys_write(fd[1], "w", 1));
	p[1].fd = fd[0];
	EXPECT_EQ(1, poll_now(p, 2));
	EXPECT_EQ(0, p[0].revents);
	EXPECT_EQ(POLLIN, p[1].revents);
}

/* A closed one is an event, POLLNVAL, and not an error of the call. */
TEST(closed_descriptor_is_nval)
{
	struct pollfd p = { .fd = 999, .events = POLLIN };

	EXPECT_EQ(1, poll_now(&p, 1));
	EXPECT_EQ(POLLNVAL, p.revents);
}

/* Unread bytes are reported again by every wait: poll is level-triggered. */
TEST(unread_bytes_repeat)
{
	struct pollfd p = { .events = POLLIN };
	int fd[2];

	ASSERT_EQ(0, sys_pipe2(fd, 0));
	ASSERT_EQ(1, sys_write(fd[1], "w", 1));
	p.fd = fd[0];
	EXPECT_EQ(1, poll_now(&p, 1));
	EXPECT_EQ(1, poll_now(&p, 1));
}

/* A pipe whose writers are gone hangs up; one whose readers are, errs. */
TEST(pipe_hangs_up_or_errs)
{
	struct pollfd p = { .events = POLLIN };
	int a[2], b[2];

	ASSERT_EQ(0, sys_pipe2(a, 0));
	ASSERT_EQ(0, sys_pipe2(b, 0));
	sys_close(a[1]);
	p.fd = a[0];
	EXPECT_EQ(1, poll_now(&p, 1));
	EXPECT_EQ(POLLHUP, p.revents);
	sys_close(b[0]);
	p.fd = b[1];
	p.events = POLLOUT;
	EXPECT_EQ(1, poll_now(&p, 1));
	EXPECT_EQ(POLLOUT | POLLERR, p.revents);
}

/* Unlike epoll it takes a regular file, and says that it is ready. */
TEST(regular_file_is_always_ready)
{
	struct pollfd p = { .events = POLLIN | POLLOUT };

	p.fd = ASSERT_GE(sys_openat(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0), 0);
	EXPECT_EQ(1, poll_now(&p, 1));
	EXPECT_EQ(POLLIN | POLLOUT, p.revents);
}

/* More entries than RLIMIT_NOFILE are refused, whatever is in them. */
TEST(more_than_rlimit_nofile_is_refused)
{
	static struct pollfd p[65];
	struct rlimit64 r = { 64, 64 };

	SKIP_EMULATED("does not set RLIMIT_NOFILE on the host");
	for (int i = 0; i < 65; i++)
		p[i].fd = -1;
	ASSERT_EQ(0, sys_prlimit64(0, RLIMIT_NOFILE, &r, NULL));
	EXPECT_EQ(0, poll_now(p, 64));
	EXPECT_ERR(-EINVAL, poll_now(p, 65));
}

/* The kernel writes back what is left of the time; libc hides that. */
TEST(time_left_is_written_back)
{
	struct timespec t = { .tv_sec = 100 };
	struct pollfd p = { .events = POLLIN };
	int fd[2];

#ifdef WITH_LIBC
	SKIP("libc gives the kernel a copy of the timeout");
#endif
	ASSERT_EQ(0, sys_pipe2(fd, 0));
	ASSERT_EQ(1, sys_write(fd[1], "w", 1));
	p.fd = fd[0];
	EXPECT_EQ(1, sys_ppoll(&p, 1, &t, NULL));
	EXPECT_LT(t.tv_sec, 100);
	EXPECT_GT(t.tv_sec, 0);
}

/*
 * SIGUSR1 is blocked and pending.  The mask lets it in for the sleep only, so
 * the call ends at once and the handler ran inside it; no moment is lost.
 */
TEST(mask_is_swapped_with_the_sleep)
{
	unsigned long none = 0, was;

	net_handle(SIGUSR1, 0);
	net_block(SIGNAL_BIT(SIGUSR1));
	ASSERT_EQ(0, sys_kill(sys_getpid(), SIGUSR1));
	EXPECT_EQ(0, net_handled);
	EXPECT_ERR(-EINTR, sys_ppoll(NULL, 0, NULL, &none));
	EXPECT_EQ(1, net_handled);
	ASSERT_EQ(0, sys_rt_sigprocmask(SIG_BLOCK, NULL, &was));
	EXPECT_TRUE(was & SIGNAL_BIT(SIGUSR1));
}
