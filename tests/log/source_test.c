/* SPDX-License-Identifier: MIT */
/*
 * source_test.c - a log that comes through a pipe piece by piece (with libc)
 */
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "../../log/source.h"
#include "tap.h"

/* A child writes the first bytes, waits until they are read, then the rest. */
static int slow_pipe(const char *text, size_t size, size_t first)
{
	int p[2], left;
	pid_t pid;

	ASSERT_EQ(0, pipe(p));
	pid = ASSERT_GE(fork(), 0);
	if (!pid) {
		close(0);
		left = write(p[1], text, first) != (ssize_t)first;
		while (!left && !ioctl(p[1], FIONREAD, &left) && left)
			left = sched_yield();
		_exit(write(p[1], text + first, size - first) < 0);
	}
	close(p[1]);
	ASSERT_EQ(0, dup2(p[0], 0));
	close(p[0]);
	return pid;
}

/* The second line, when the pipe gives the first bytes alone. */
static void second_line(const char *text, size_t size, size_t first,
			const char *expected)
{
	struct source s;
	struct slice line;

	slow_pipe(text, size, first);
	ASSERT_EQ(0, source_open(&s, "-"));
	ASSERT_EQ(1, source_line(&s, &line));
	ASSERT_EQ(1, source_line(&s, &line));
	EXPECT_EQ(1, slice_is(line, expected));
	EXPECT_EQ(0, source_line(&s, &line));
	EXPECT_EQ(1, !s.error);
	source_close(&s);
}

/* What stands before each line is found, although only one line is there. */
TEST(prefixes)
{
	static const char log[] =
		"     1\t7 12:00:00.000001 read(3, \"a\", 9) = 1\n"
		"     2\t7 12:00:00.000002 read(3, \"b\", 9) = 1\n";

	second_line(log, sizeof(log) - 1, 48,
		    "7 12:00:00.000002 read(3, \"b\", 9) = 1");
	second_line(log, sizeof(log) - 1, 3,
		    "7 12:00:00.000002 read(3, \"b\", 9) = 1");
}

/* Eight bytes show that a log is UTF-16, and five are there. */
TEST(wide)
{
	static const char plain[] = "read(3, \"\", 9) = 0\nclose(3) = 0\n";
	char wide[2 * sizeof(plain)] = { 0 };

	for (unsigned i = 0; i < sizeof(plain); i++)
		wide[2 * i] = plain[i];
	second_line(wide, 2 * (sizeof(plain) - 1), 5, "close(3) = 0");
}

static void first_line(const char *first)
{
	struct slice line;
	struct source s;
	int p[2];

	ASSERT_EQ(0, pipe(p));
	ASSERT_EQ((ssize_t)strlen(first), write(p[1], first, strlen(first)));
	ASSERT_EQ(1, write(p[1], "\n", 1));
	ASSERT_EQ(0, dup2(p[0], 0));
	ASSERT_EQ(0, source_open(&s, "-"));
	ASSERT_EQ(1, source_line(&s, &line));
	EXPECT_EQ(1, slice_is(line, first));
	source_close(&s);
	close(p[0]);
	close(p[1]);
}

/* A log that strace writes is not waited for: its first line is at hand. */
TEST(a_live_log)
{
	first_line("read(3, \"\", 9) = 0");
	first_line("strace: Process 7 attached");
	first_line("[pid     7] <... read resumed>\"a\", 9) = 1");
}
