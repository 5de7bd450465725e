/* SPDX-License-Identifier: MIT */
/*
 * select_test.c - what models/select.c relies on, one fact per test
 */
#include "net.h"

enum { HIGH = 3000, WORDS = 4096 / 64 };	/* HIGH: beyond FD_SETSIZE */

static int has(const unsigned long *set, int fd)
{
	return set[fd / 64] >> fd % 64 & 1;
}

static void put(unsigned long *set, int fd)
{
	set[fd / 64] |= 1UL << fd % 64;
}

/* A pipe with a byte in it, whose reading end is HIGH. */
static void high_pipe(void)
{
	struct rlimit64 r;
	int fd[2];

	ASSERT_EQ(0, sys_prlimit64(0, RLIMIT_NOFILE, NULL, &r));
	if (r.rlim_max <= HIGH)
		SKIP("the hard RLIMIT_NOFILE is %lu", (unsigned long)r.rlim_max);
	r.rlim_cur = r.rlim_max;
	ASSERT_EQ(0, sys_prlimit64(0, RLIMIT_NOFILE, &r, NULL));
	ASSERT_EQ(0, sys_pipe2(fd, 0));
	ASSERT_EQ(HIGH, sys_dup3(fd[0], HIGH, 0));
	ASSERT_EQ(1, sys_write(fd[1], "w", 1));
}

/* The limit of 1024 is libc's fd_set; the kernel reads as many bits as told. */
TEST(pselect6_goes_beyond_1023)
{
	unsigned long rd[WORDS] = { 0 };
	struct timespec t = { 0 };

	SKIP_EMULATED("has an fd_set of 1024 itself");
	high_pipe();
	put(rd, HIGH);
	EXPECT_EQ(1, sys_pselect6(HIGH + 1, rd, NULL, NULL, &t, NULL));
	EXPECT_TRUE(has(rd, HIGH));
}

/* The sets go in and out: what is not ready is taken away. */
TEST(sets_are_overwritten)
{
	unsigned long rd[WORDS] = { 0 };
	struct timespec t = { 0 };
	int a[2], b[2];

	ASSERT_EQ(0, sys_pipe2(a, 0));
	ASSERT_EQ(0, sys_pipe2(b, 0));
	ASSERT_EQ(1, sys_write(b[1], "w", 1));
	put(rd, a[0]);
	put(rd, b[0]);
	EXPECT_EQ(1, sys_pselect6(b[0] + 1, rd, NULL, NULL, &t, NULL));
	EXPECT_TRUE(!has(rd, a[0]));
	EXPECT_TRUE(has(rd, b[0]));
}

/* One closed descriptor spoils the call, unlike poll's POLLNVAL. */
TEST(closed_descriptor_is_ebadf)
{
	unsigned long rd[WORDS] = { 0 };
	struct timespec t = { 0 };

	put(rd, 20);
	EXPECT_ERR(-EBADF, sys_pselect6(21, rd, NULL, NULL, &t, NULL));
}

TEST(errors)
{
	struct timespec bad = { .tv_nsec = 1000000000 };

	EXPECT_ERR(-EINVAL, sys_pselect6(-1, NULL, NULL, NULL, NULL, NULL));
	EXPECT_ERR(-EINVAL, sys_pselect6(0, NULL, NULL, NULL, &bad, NULL));
}

/* The kernel writes back what is left of the time; libc hides that. */
TEST(pselect6_writes_the_time_left)
{
	unsigned long rd[WORDS] = { 0 };
	struct timespec t = { .tv_sec = 100 };
	int fd[2];

#ifdef WITH_LIBC
	SKIP("libc gives the kernel a copy of the timeout");
#endif
	ASSERT_EQ(0, sys_pipe2(fd, 0));
	ASSERT_EQ(1, sys_write(fd[1], "w", 1));
	put(rd, fd[0]);
	EXPECT_EQ(1, sys_pselect6(fd[0] + 1, rd, NULL, NULL, &t, NULL));
	EXPECT_LT(t.tv_sec, 100);
	EXPECT_GT(t.tv_sec, 0);
}

TEST(mask_is_swapped_with_the_sleep)
{
	unsigned long none = 0;

	net_handle(SIGUSR1, 0);
	net_block(SIGNAL_BIT(SIGUSR1));
	ASSERT_EQ(0, sys_kill(sys_getpid(), SIGUSR1));
	EXPECT_EQ(0, net_handled);
	EXPECT_ERR(-EINTR, sys_pselect6(0, NULL, NULL, NULL, NULL, &none));
	EXPECT_EQ(1, net_handled);
}

#ifdef __NR_select
TEST(select_goes_beyond_1023)
{
	unsigned long rd[WORDS] = { 0 };
	struct timeval t = { 0 };

	high_pipe();
	put(rd, HIGH);
	EXPECT_EQ(1, sys_select(HIGH + 1, rd, NULL, NULL, &t));
	EXPECT_TRUE(has(rd, HIGH));
}

/* libc's select shows it too: the one place where Linux lets it through. */
TEST(select_writes_the_time_left)
{
	unsigned long rd[WORDS] = { 0 };
	struct timeval t = { .tv_sec = 100 };
	int fd[2];

	ASSERT_EQ(0, sys_pipe2(fd, 0));
	ASSERT_EQ(1, sys_write(fd[1], "w", 1));
	put(rd, fd[0]);
	EXPECT_EQ(1, sys_select(fd[0] + 1, rd, NULL, NULL, &t));
	EXPECT_LT(t.tv_sec, 100);
	EXPECT_GT(t.tv_sec, 0);
}
#endif
