/* SPDX-License-Identifier: MIT */
/*
 * sys_signal_test.c - the calls on signals, processes and time: every errno
 *
 * Also built against libc (make check-libc): a difference is a bug.
 */
#include "net.h"

TEST(rt_sigaction)
{
	struct kernel_sigaction old = { 0 };

	net_handle(SIGUSR1, SA_RESTART);
	EXPECT_EQ(0, sys_rt_sigaction(SIGUSR1, NULL, &old));
	EXPECT_EQ(net_handler, old.handler);
	EXPECT_TRUE(old.flags & SA_RESTART);
	EXPECT_EQ(0, sys_kill(sys_getpid(), SIGUSR1));
	EXPECT_EQ(1, net_handled);
	EXPECT_EQ(sys_getpid(), net_info.si_pid);
	EXPECT_ERR(-EINVAL, sys_rt_sigaction(SIGKILL, &old, NULL));
	EXPECT_ERR(-EINVAL, sys_rt_sigaction(0, NULL, &old));
	EXPECT_ERR(-EINVAL, sys_rt_sigaction(65, NULL, &old));
}

/* The way back from a handler keeps the registers: sums come out right. */
TEST(handler_returns)
{
	long sum = 0;

	net_handle(SIGUSR1, 0);
	for (int i = 0; i < 100; i++) {
		sum += i;
		sys_kill(sys_getpid(), SIGUSR1);
	}
	EXPECT_EQ(4950, sum);
	EXPECT_EQ(100, net_handled);
}

TEST(rt_sigprocmask_and_pending)
{
	unsigned long set = SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(40), old = 0;

	EXPECT_EQ(0, sys_rt_sigprocmask(SIG_BLOCK, &set, &old));
	EXPECT_EQ(0, sys_rt_sigprocmask(SIG_BLOCK, NULL, &old));
	EXPECT_EQ(set, old & set);
	EXPECT_EQ(0, sys_kill(sys_getpid(), 40));
	EXPECT_EQ(0, sys_rt_sigpending(&old));
	EXPECT_EQ(SIGNAL_BIT(40), old);
	EXPECT_ERR(-EINVAL, sys_rt_sigprocmask(99, &set, NULL));
}

TEST(rt_sigtimedwait_and_queueinfo)
{
	unsigned long set = SIGNAL_BIT(40);
	struct timespec zero = { 0 }, bad = { .tv_nsec = -1 };
	siginfo_t info = { 0 };

	net_block(set);
	EXPECT_ERR(-EAGAIN, sys_rt_sigtimedwait(&set, NULL, &zero));
	info.si_code = SI_QUEUE;
	info.si_pid = sys_getpid();
	info.si_int = 7;
	EXPECT_EQ(0, sys_rt_sigqueueinfo(sys_getpid(), 40, &info));
	info.si_int = 0;
	EXPECT_EQ(40, sys_rt_sigtimedwait(&set, &info, NULL));
	EXPECT_EQ(7, info.si_int);
	EXPECT_ERR(-EINVAL, sys_rt_sigtimedwait(&set, NULL, &bad));
	EXPECT_ERR(-EINVAL, sys_rt_sigqueueinfo(sys_getpid(), 99, &info));
	EXPECT_ERR(-ESRCH, sys_rt_sigqueueinfo(1 << 30, 40, &info));
}

TEST(rt_sigsuspend)
{
	unsigned long none = 0;

	net_handle(SIGUSR1, 0);
	net_block(SIGNAL_BIT(SIGUSR1));
	sys_kill(sys_getpid(), SIGUSR1);
	EXPECT_ERR(-EINTR, sys_rt_sigsuspend(&none));
}

TEST(kill_and_tgkill)
{
	EXPECT_EQ(0, sys_kill(sys_getpid(), 0));
	EXPECT_EQ(0, sys_tgkill(sys_getpid(), sys_gettid(), 0));
	EXPECT_ERR(-ESRCH, sys_kill(1 << 30, 0));
	EXPECT_ERR(-EINVAL, sys_kill(sys_getpid(), 99));
	EXPECT_ERR(-ESRCH, sys_tgkill(sys_getpid(), 1 << 30, 0));
	EXPECT_ERR(-EINVAL, sys_tgkill(-1, -1, 0));
}

TEST(fork_wait_exit)
{
	int status = 0, parent = sys_getpid(), pid = sys_clone_fork();

	if (!pid)
		sys_exit_group(sys_getppid() == parent ? 7 : 8);
	ASSERT_EQ(pid, sys_wait4(pid, &status, 0, NULL));
	EXPECT_EQ(7 << 8, status);
	EXPECT_ERR(-ECHILD, sys_wait4(pid, &status, 0, NULL));
	EXPECT_ERR(-EINVAL, sys_wait4(-1, &status, 1 << 20, NULL));
	pid = sys_clone_fork();
	if (!pid)
		sys_exit(9);
	ASSERT_EQ(pid, sys_wait4(pid, &status, 0, NULL));
	EXPECT_EQ(9 << 8, status);
	EXPECT_EQ(sys_getpid(), sys_gettid());
}

TEST(execve)
{
	char *argv[] = { "true", NULL }, *envp[] = { NULL };
	int status = -1, pid;

	EXPECT_ERR(-ENOENT, sys_execve("/nowhere", argv, envp));
	EXPECT_ERR(-EACCES, sys_execve("/", argv, envp));
	EXPECT_ERR(-EFAULT, sys_execve(NOWHERE, argv, envp));
	pid = sys_clone_fork();
	if (!pid)
		sys_exit_group(sys_execve("/bin/true", argv, envp) ? 1 : 0);
	ASSERT_EQ(pid, sys_wait4(pid, &status, 0, NULL));
	EXPECT_EQ(0, status);
}

TEST(futex)
{
	struct timespec zero = { 0 };
	int word = 1;

	EXPECT_ERR(-EAGAIN, sys_futex(&word, FUTEX_WAIT, 2, NULL, NULL, 0));
	EXPECT_ERR(-ETIMEDOUT, sys_futex(&word, FUTEX_WAIT, 1, &zero, NULL, 0));
	EXPECT_EQ(0, sys_futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
	EXPECT_ERR(-EINVAL, sys_futex((int *)((char *)&word + 1), FUTEX_WAIT, 1,
				      NULL, NULL, 0));
	EXPECT_ERR(-ENOSYS, sys_futex(&word, 99, 0, NULL, NULL, 0));
	EXPECT_EQ(0, sys_sched_yield());
}

TEST(memory)
{
	unsigned long size = 1 << 17;
	char *at = sys_mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_TRUE(!failed(at));
	at[size - 1] = 'x';
	EXPECT_ERR(-EINVAL, sys_mmap(NULL, 0, PROT_READ,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	EXPECT_ERR(-EBADF, sys_mmap(NULL, size, PROT_READ, MAP_PRIVATE, -1, 0));
	EXPECT_TRUE(failed(sys_mmap(NULL, 1UL << 62, PROT_READ, MAP_PRIVATE |
				    MAP_ANONYMOUS, -1, 0)));
	at = sys_mremap(at, size, 2 * size, MREMAP_MAYMOVE);
	ASSERT_TRUE(!failed(at));
	EXPECT_EQ('x', at[size - 1]);
	if (!tap_emulated())			/* -ENOMEM */
		EXPECT_ERR(-EINVAL, sys_mremap(at, size, 0, 0));
	EXPECT_EQ(0, sys_mprotect(at, size, PROT_READ));
	EXPECT_ERR(-EINVAL, sys_mprotect(at + 1, size, PROT_READ));
	EXPECT_EQ(0, sys_madvise(at, size, MADV_DONTNEED));
	if (!tap_emulated())			/* it takes any advice */
		EXPECT_ERR(-EINVAL, sys_madvise(at, size, 9999));
	EXPECT_EQ(0, sys_munmap(at, 2 * size));
	EXPECT_ERR(-EINVAL, sys_munmap(at + 1, size));
	EXPECT_ERR(-EINVAL, sys_munmap(at, 0));
}

TEST(prlimit64)
{
	struct rlimit64 r = { 2, 1 };

	EXPECT_ERR(-EINVAL, sys_prlimit64(0, RLIMIT_NOFILE, &r, NULL));
	EXPECT_EQ(0, sys_prlimit64(0, RLIMIT_NOFILE, NULL, &r));
	EXPECT_GT(r.rlim_cur, 2);
	EXPECT_ERR(-EINVAL, sys_prlimit64(0, 99, NULL, &r));
	EXPECT_ERR(-ESRCH, sys_prlimit64(1 << 30, RLIMIT_NOFILE, NULL, &r));
}

TEST(time)
{
	struct timespec t = { 0 }, none = { 0 }, bad = { .tv_nsec = 1000000000 };
	struct itimerval off = { 0 }, old = { 0 };

	EXPECT_EQ(0, sys_clock_gettime(CLOCK_MONOTONIC, &t));
	EXPECT_GE(t.tv_sec * 1000000000L + t.tv_nsec, 1);
	EXPECT_ERR(-EINVAL, sys_clock_gettime(99, &t));
	EXPECT_EQ(0, sys_nanosleep(&none, NULL));
	EXPECT_ERR(-EINVAL, sys_nanosleep(&bad, NULL));
	off.it_value.tv_sec = 1000;
	EXPECT_EQ(0, sys_setitimer(ITIMER_REAL, &off, NULL));
	off.it_value.tv_sec = 0;
	EXPECT_EQ(0, sys_setitimer(ITIMER_REAL, &off, &old));
	EXPECT_GT(old.it_value.tv_sec, 0);
	EXPECT_ERR(-EINVAL, sys_setitimer(99, &off, NULL));
}

/* A sleep that a handler cuts short says what was left. */
TEST(nanosleep_says_what_is_left)
{
	struct timespec long_time = { .tv_sec = 100 }, left = { 0 };
	struct itimerval soon = { .it_value.tv_usec = 1000 };

	net_handle(SIGALRM, SA_RESTART);
	ASSERT_EQ(0, sys_setitimer(ITIMER_REAL, &soon, NULL));
	EXPECT_ERR(-EINTR, sys_nanosleep(&long_time, &left));
	EXPECT_GT(left.tv_sec, 0);
}
