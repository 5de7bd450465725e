/* SPDX-License-Identifier: MIT */
/*
 * sigio_test.c - what the sigio models rely on, one fact per test
 */
#include "net.h"

#ifndef F_SETSIG
#define F_SETSIG 10
#endif
#ifndef F_SETOWN
#define F_SETOWN 8
#endif
#ifndef FASYNC
#define FASYNC O_ASYNC
#endif

enum { QUEUED = 35 };			/* a real-time signal: these queue */

/* The signal that is pending, taken off without a handler; -EAGAIN: none. */
static int take_pending(unsigned long set, siginfo_t *info)
{
	struct timespec zero = { 0 };

	return sys_rt_sigtimedwait(&set, info, &zero);
}

/* fd announces what happens to it by sig; 0 is plain SIGIO. */
static void announce(int fd, int sig)
{
	ASSERT_EQ(0, sys_fcntl(fd, F_SETOWN, sys_getpid()));
	ASSERT_EQ(0, sys_fcntl(fd, F_SETSIG, sig));
	ASSERT_EQ(0, sys_fcntl(fd, F_SETFL, O_NONBLOCK | FASYNC));
}

/*
 *   SIGIO blocked
 *     c0 c1 c2 --connect--> l       three connections
 *   one SIGIO
 *
 * A standard signal that is pending is not sent again.  So one signal stands
 * for any number of events: sigio_tcp_naive accepts once and loses the rest.
 */
TEST(sigio_coalesces)
{
	unsigned long io = SIGNAL_BIT(SIGIO);
	int l = net_listener(0);

	net_block(io);
	announce(l, 0);
	for (int i = 0; i < 3; i++)
		net_connect();
	net_wait_queued(l, 3);
	EXPECT_EQ(SIGIO, take_pending(io, NULL));
	EXPECT_ERR(-EAGAIN, take_pending(io, NULL));
	for (int i = 0; i < 3; i++)
		EXPECT_GE(sys_accept4(l, NULL, NULL, 0), 0);
	EXPECT_ERR(-EAGAIN, sys_accept4(l, NULL, NULL, 0));
}

/* A real-time signal queues, and says which descriptor and what happened. */
TEST(setsig_queues_with_descriptor_and_event)
{
	unsigned long set = SIGNAL_BIT(QUEUED);
	siginfo_t info;
	int a[2], b[2];

	net_block(set);
	ASSERT_EQ(0, sys_socketpair(AF_UNIX, SOCK_DGRAM, 0, a));
	ASSERT_EQ(0, sys_socketpair(AF_UNIX, SOCK_DGRAM, 0, b));
	announce(a[0], QUEUED);
	announce(b[0], QUEUED);
	ASSERT_EQ(1, sys_write(a[1], "w", 1));
	ASSERT_EQ(1, sys_write(b[1], "w", 1));
	ASSERT_EQ(QUEUED, take_pending(set, &info));
	EXPECT_EQ(a[0], info.si_fd);
	EXPECT_TRUE(info.si_band & POLLIN);
	ASSERT_EQ(QUEUED, take_pending(set, &info));
	EXPECT_EQ(b[0], info.si_fd);
	EXPECT_ERR(-EAGAIN, take_pending(set, NULL));
}

/*
 * The queue is as long as RLIMIT_SIGPENDING.  The kernel reports what does
 * not fit by one plain SIGIO: sigio_queued then looks at every descriptor.
 */
TEST(full_queue_falls_back_to_sigio)
{
	unsigned long set = SIGNAL_BIT(QUEUED), io = SIGNAL_BIT(SIGIO);
	struct rlimit64 r = { 0, 0 };
	int s[2];

	SKIP_EMULATED("queues signals itself");
	net_block(set | io);
	ASSERT_EQ(0, sys_prlimit64(0, RLIMIT_SIGPENDING, &r, NULL));
	ASSERT_EQ(0, sys_socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	announce(s[0], QUEUED);
	ASSERT_EQ(1, sys_write(s[1], "w", 1));
	EXPECT_ERR(-EAGAIN, take_pending(set, NULL));
	EXPECT_EQ(SIGIO, take_pending(io, NULL));
}

/* O_ASYNC announces what happens from then on, not what is there already. */
TEST(what_was_there_is_not_announced)
{
	unsigned long io = SIGNAL_BIT(SIGIO);
	int s[2];

	net_block(io);
	ASSERT_EQ(0, sys_socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	ASSERT_EQ(1, sys_write(s[1], "w", 1));
	announce(s[0], 0);
	EXPECT_ERR(-EAGAIN, take_pending(io, NULL));
	ASSERT_EQ(1, sys_write(s[1], "w", 1));
	EXPECT_EQ(SIGIO, take_pending(io, NULL));
}

/* Each connection must get both flags: accept4 hands over neither. */
TEST(accepted_socket_inherits_neither_nonblock_nor_async)
{
	int l = net_listener(SOCK_NONBLOCK), fd;

	net_block(SIGNAL_BIT(SIGIO));
	announce(l, 0);
	net_connect();
	net_wait(l, POLLIN);
	fd = ASSERT_GE(sys_accept4(l, NULL, NULL, 0), 0);
	EXPECT_EQ(0, sys_fcntl(fd, F_GETFL, 0) & (O_NONBLOCK | FASYNC));
	EXPECT_EQ(O_NONBLOCK | FASYNC,
		  sys_fcntl(l, F_GETFL, 0) & (O_NONBLOCK | FASYNC));
}

/* The signal was pending before: sigsuspend lets it in and ends at once. */
TEST(sigsuspend_swaps_the_mask_with_the_sleep)
{
	unsigned long none = 0, was;

	net_handle(SIGUSR1, 0);
	net_block(SIGNAL_BIT(SIGUSR1));
	ASSERT_EQ(0, sys_kill(sys_getpid(), SIGUSR1));
	EXPECT_EQ(0, net_handled);
	EXPECT_ERR(-EINTR, sys_rt_sigsuspend(&none));
	EXPECT_EQ(1, net_handled);
	ASSERT_EQ(0, sys_rt_sigprocmask(SIG_BLOCK, NULL, &was));
	EXPECT_TRUE(was & SIGNAL_BIT(SIGUSR1));
}

TEST(epoll_pwait_swaps_the_mask_with_the_sleep)
{
	int ep = ASSERT_GE(sys_epoll_create1(0), 0);
	unsigned long none = 0;
	struct epoll_event ev;

	net_handle(SIGUSR1, 0);
	net_block(SIGNAL_BIT(SIGUSR1));
	ASSERT_EQ(0, sys_kill(sys_getpid(), SIGUSR1));
	EXPECT_ERR(-EINTR, sys_epoll_pwait(ep, &ev, 1, -1, &none));
	EXPECT_EQ(1, net_handled);
}

/*
 * A child sleeps in a call; once it is asleep, it is stopped and continued,
 * or signalled, as the test says.
 */
static void stop_and_continue(int pid)
{
	net_until(pid, 'S');
	ASSERT_EQ(0, sys_kill(pid, SIGSTOP));
	net_until(pid, 'T');
	ASSERT_EQ(0, sys_kill(pid, SIGCONT));
}

/* Ctrl-Z and fg: no handler, yet EINTR.  So retry() is not optional. */
TEST(stop_and_continue_interrupts_epoll_pwait)
{
	int pid;

	SKIP_EMULATED("has sleeps and stops of its own");
	pid = ASSERT_GE(sys_clone_fork(), 0);
	if (!pid) {
		int ep = sys_epoll_create1(0);
		struct epoll_event ev;

		ASSERT_ERR(-EINTR, sys_epoll_pwait(ep, &ev, 1, -1, NULL));
		sys_exit_group(0);
	}
	stop_and_continue(pid);
	net_reap(pid);
}

/* ppoll is continued by the kernel instead: it sleeps on until the byte. */
TEST(stop_and_continue_does_not_interrupt_ppoll)
{
	int pid, fd[2];

	SKIP_EMULATED("has sleeps and stops of its own");
	ASSERT_EQ(0, sys_pipe2(fd, 0));
	pid = ASSERT_GE(sys_clone_fork(), 0);
	if (!pid) {
		struct pollfd p = { .fd = fd[0], .events = POLLIN };

		ASSERT_EQ(1, sys_ppoll(&p, 1, NULL, NULL));
		sys_exit_group(0);
	}
	stop_and_continue(pid);
	net_until(pid, 'S');
	ASSERT_EQ(1, sys_write(fd[1], "w", 1));
	net_reap(pid);
}

/*
 * Fork a child that runs fn(s) with a SA_RESTART handler for SIGUSR1.  Once it
 * sleeps it is signalled; its handler writes to tell.  Then a byte follows.
 */
static int told[2];

static void tell(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)info, (void)context;
	sys_write(told[1], "h", 1);
}

static void signal_sleeper(void (*fn)(int fd))
{
	struct kernel_sigaction act = { .handler = tell,
					.flags = SA_SIGINFO | SA_RESTART };
	int pid, s[2];
	char c;

#ifdef SIGNAL_RETURN
	act.flags |= SA_RESTORER;
	act.restorer = SIGNAL_RETURN;
#endif
	ASSERT_EQ(0, sys_pipe2(told, 0));
	ASSERT_EQ(0, sys_socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	pid = ASSERT_GE(sys_clone_fork(), 0);
	if (!pid) {
		ASSERT_EQ(0, sys_rt_sigaction(SIGUSR1, &act, NULL));
		sys_write(told[1], "r", 1);
		fn(s[0]);
		sys_exit_group(0);
	}
	ASSERT_EQ(1, sys_read(told[0], &c, 1));
	net_until(pid, 'S');
	ASSERT_EQ(0, sys_kill(pid, SIGUSR1));
	ASSERT_EQ(1, sys_read(told[0], &c, 1));
	ASSERT_EQ(1, sys_sendto(s[1], "w", 1, MSG_NOSIGNAL, NULL, 0));
	net_reap(pid);
}

static void sleep_in_recvfrom(int fd)
{
	char c;

	ASSERT_EQ(1, sys_recvfrom(fd, &c, 1, 0, NULL, NULL));
}

static void sleep_in_ppoll(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	ASSERT_ERR(-EINTR, sys_ppoll(&p, 1, NULL, NULL));
}

static void sleep_in_epoll_pwait(int fd)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = sys_epoll_create1(0);

	ASSERT_EQ(0, sys_epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
	ASSERT_ERR(-EINTR, sys_epoll_pwait(ep, &ev, 1, -1, NULL));
}

/* SA_RESTART: recvfrom sleeps on after the handler and gets the byte. */
TEST(restart_continues_recvfrom)
{
	SKIP_EMULATED("has sleeps of its own");
	signal_sleeper(sleep_in_recvfrom);
}

/* The calls that wait for many never go on after a handler: signal(7). */
TEST(restart_does_not_continue_ppoll)
{
	SKIP_EMULATED("has sleeps of its own");
	signal_sleeper(sleep_in_ppoll);
}

TEST(restart_does_not_continue_epoll_pwait)
{
	SKIP_EMULATED("has sleeps of its own");
	signal_sleeper(sleep_in_epoll_pwait);
}
