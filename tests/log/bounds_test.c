/* SPDX-License-Identifier: MIT */
/*
 * bounds_test.c - what is kept of a large log, and what that costs (with libc)
 */
#include <stdio.h>
#include <sys/resource.h>
#include "../../log/report.h"
#include "tap.h"

static struct reader r;
static unsigned long number;

__attribute__((format(printf, 1, 2)))
static void say(const char *format, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	reader_line(&r, text, n, ++number, 0);
}

static void connection(int fd, const char *data, unsigned bytes)
{
	say("7 accept4(3, NULL, NULL, 0) = %d", fd);
	say("7 read(%d, \"%s\"..., 65536) = %u", fd, data, bytes);
	say("7 close(%d) = 0", fd);
}

static int is_kept(enum file_kind kind, unsigned long long bytes_in)
{
	for (unsigned i = 0; i < r.n_files && i < FILES_KEPT; i++)
		if (r.files[i].kind == kind && r.files[i].bytes_in == bytes_in)
			return 1;
	return 0;
}

/* Neither the busy connection nor the listener is lost in the crowd. */
TEST(what_matters_does_not_fall_out)
{
	char *text = NULL;
	size_t size;
	FILE *out;

	reader_start(&r);
	say("7 socket(AF_INET, SOCK_STREAM, 0) = 3");
	say("7 listen(3, 5) = 0");
	for (int i = 0; i < 1000; i++)
		connection(4, "x", 10);
	connection(4, "y", 50000);
	connection(5, "x", 9);
	say("7 openat(AT_FDCWD, \"/d/big\", O_RDONLY) = 5");
	say("7 read(5, \"x\"..., 9000000) = 8000000");
	say("7 close(5) = 0");
	reader_end(&r);
	EXPECT_EQ(1004, r.n_files);
	EXPECT_TRUE(is_kept(FILE_CONNECTION, 50000));
	EXPECT_TRUE(is_kept(FILE_CONNECTION, 10));
	EXPECT_TRUE(!is_kept(FILE_CONNECTION, 9));
	EXPECT_TRUE(is_kept(FILE_REGULAR, 8000000));
	EXPECT_TRUE(is_kept(FILE_LISTENER, 0));
	EXPECT_EQ(1002, r.file_sums[FILE_CONNECTION].files);
	EXPECT_EQ(60009, r.file_sums[FILE_CONNECTION].bytes_in);
	out = open_memstream(&text, &size);
	ASSERT_TRUE(out);
	report_text(out, &r, 0);
	fclose(out);
	EXPECT_TRUE(strstr(text, ", 50000 bytes in") != NULL);
	EXPECT_TRUE(strstr(text, "1002 accepted") != NULL);
	EXPECT_TRUE(strstr(text, "/d/big") != NULL);
	EXPECT_TRUE(strstr(text, "more of kind connection: ") != NULL);
	free(text);
	reader_free(&r);
}

/* Of a damaged log: found by make fuzz, seen only by a build with ASAN=1. */
TEST(a_share_of_a_log_that_jumps)
{
	reader_start(&r);
	say("25208 1795214835.7443420 execve(\"/usr/bin/java\", [\"java\"], 0x7ff "
	    "/* 41 vars */) = 0");
	say("25209 1795214835.847531 epoll_create1(EPOLL_CLOEXEC) = 4");
	say("2520917443333}}) = 0");
	say("25209 1795214835.849766 openat(AT_FDCWDop");
	reader_end(&r);
	EXPECT_EQ(3, r.calls);
	reader_free(&r);
}

TEST(a_pipe_of_more_than_two_ends)
{
	reader_start(&r);
	say("7 pipe2([3, 4, 5], 0) = 0");
	say("7 close(4) = 0");
	say("7 close(5) = 0");
	say("7 close(3) = 0");
	say("7 pipe2([3, x, 3, 4], 0) = 0");
	reader_end(&r);
	EXPECT_EQ(5, r.calls);
	reader_free(&r);
}

/* The parent's clone returns late, and then the child waits for itself. */
TEST(a_child_that_waits_for_itself)
{
	reader_start(&r);
	say("8 getpid() = 8");
	say("7 clone(child_stack=NULL, flags=SIGCHLD) = 8");
	say("8 wait4(-1, NULL, 0, NULL) = 8");
	reader_end(&r);
	EXPECT_EQ(3, r.calls);
	reader_free(&r);
}

/* At the end each asks who holds the other end of its pipe, and so for ever. */
TEST(many_processes_that_are_blocked)
{
	enum { PROCESSES = 30000 };

	reader_start(&r);
	for (int i = 0; i < PROCESSES; i++) {
		say("7 clone(child_stack=NULL, flags=SIGCHLD) = %d", 10 + i);
		say("%d pipe2([3, 4], 0) = 0", 10 + i);
		say("%d read(3,  <unfinished ...>", 10 + i);
	}
	reader_end(&r);
	EXPECT_EQ(PROCESSES + 1, r.world.tasks_made);
	reader_free(&r);
}

/* A profiler's signals interrupt each wait for a pipe; none of them kills. */
TEST(waits_that_are_interrupted_again_and_again)
{
	enum { PROCESSES = 4000, WAITS = 400000 };

	reader_start(&r);
	for (int i = 0; i < PROCESSES; i++)
		say("%d pipe2([3, 4], 0) = 0", 10 + i);
	for (int i = 0; i < WAITS; i++)
		say("%d poll([{fd=3, events=POLLIN}], 1, -1) = -1 EINTR (x)",
		    10 + i % PROCESSES);
	reader_end(&r);
	EXPECT_EQ(PROCESSES + WAITS, r.calls);
	reader_free(&r);
}

/* A process that is new in the log is not looked for among all the others. */
TEST(many_processes_from_before_the_log)
{
	enum { PROCESSES = 100000, EACH = 2 };

	reader_start(&r);
	for (int k = 0; k < EACH; k++)
		for (int i = 0; i < PROCESSES; i++)
			say("%d read(3, \"x\", 1) = 1", 1000 + i);
	reader_end(&r);
	EXPECT_EQ(PROCESSES * EACH, r.calls);
	EXPECT_EQ(PROCESSES, r.world.processes_made);
	reader_free(&r);
}

/* Nor among those that have no line: a child may be traced late, or never. */
TEST(many_processes_beside_silent_children)
{
	reader_start(&r);
	say("7 getpid() = 7");
	for (int i = 0; i < 500; i++)
		say("7 fork() = %d", 100000 + i);
	for (int i = 0; i < 100000; i++)
		say("%d getpid() = %d", 300000 + i, 300000 + i);
	reader_end(&r);
	EXPECT_EQ(100501, r.world.tasks_made);
}

/* It tries a port on and on: who has it is looked up some of the times. */
TEST(ports_that_are_in_use)
{
	enum { PROCESSES = 4000, TRIES = 400000 };
	static const char call[] = "bind(3, {sa_family=AF_INET, sin_port="
		"htons(%d), sin_addr=inet_addr(\"0.0.0.0\")}, 16) = %s";

	reader_start(&r);
	for (int i = 0; i < PROCESSES; i++) {
		char text[200];

		say("%d socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3", 10 + i);
		snprintf(text, sizeof(text), call, 10 + i, "0");
		say("%d %s", 10 + i, text);
	}
	for (int i = 0; i < TRIES; i++) {
		char text[200];

		snprintf(text, sizeof(text), call, 9, "-1 EADDRINUSE (x)");
		say("10 %s", text);
	}
	reader_end(&r);
	EXPECT_EQ(2 * PROCESSES + TRIES, r.calls);
	reader_free(&r);
}

/* Threads that come and go leave sums, not themselves. */
TEST_TIMEOUT(threads_that_ended_cost_no_memory, 120)
{
	enum { THREADS = 100000, WARM = 1000, LIMIT_KB = 16 << 10 };
	struct rusage before, after;

#if defined(__SANITIZE_ADDRESS__)
	SKIP("the address sanitizer keeps what is freed");
#endif
	reader_start(&r);
	for (int i = 0; i < THREADS; i++) {
		if (i == WARM)
			ASSERT_EQ(0, getrusage(RUSAGE_SELF, &before));
		say("7 clone3({flags=CLONE_VM|CLONE_FILES|CLONE_THREAD}, 88) = "
		    "%d", 1000 + i);
		say("%d openat(AT_FDCWD, \"/d/%d\", O_RDONLY) = 5", 1000 + i, i);
		say("%d read(5, \"x\", 4096) = 1", 1000 + i);
		say("%d close(5) = 0", 1000 + i);
		say("%d exit(0) = ?", 1000 + i);
		say("%d +++ exited with 0 +++", 1000 + i);
	}
	ASSERT_EQ(0, getrusage(RUSAGE_SELF, &after));
	if (after.ru_maxrss - before.ru_maxrss > LIMIT_KB)
		tap_say("%ld KB more", after.ru_maxrss - before.ru_maxrss);
	EXPECT_TRUE(after.ru_maxrss - before.ru_maxrss <= LIMIT_KB);
	EXPECT_EQ(THREADS + 1, r.world.tasks_made);
	reader_end(&r);
	reader_free(&r);
}

/* A living process that nothing went wrong in keeps no failures. */
TEST_TIMEOUT(processes_that_live_cost_little_memory, 120)
{
	enum { PROCESSES = 20000, LIMIT_KB = 4 * PROCESSES };
	struct rusage before, after;

#if defined(__SANITIZE_ADDRESS__)
	SKIP("the address sanitizer takes more memory for each block");
#endif
	reader_start(&r);
	say("7 execve(\"/bin/x\", [\"x\"], NULL) = 0");
	ASSERT_EQ(0, getrusage(RUSAGE_SELF, &before));
	for (int i = 0; i < PROCESSES; i++) {
		say("7 clone(child_stack=NULL, flags=SIGCHLD) = %d", 1000 + i);
		say("%d openat(AT_FDCWD, \"/d/%d\", O_RDONLY) = 5", 1000 + i, i);
		say("%d read(5, \"x\", 4096) = 1", 1000 + i);
		say("%d close(5) = 0", 1000 + i);
	}
	ASSERT_EQ(0, getrusage(RUSAGE_SELF, &after));
	if (after.ru_maxrss - before.ru_maxrss > LIMIT_KB)
		tap_say("%ld KB more", after.ru_maxrss - before.ru_maxrss);
	EXPECT_TRUE(after.ru_maxrss - before.ru_maxrss <= LIMIT_KB);
	EXPECT_EQ(PROCESSES + 1, r.world.tasks_made);
	reader_end(&r);
	reader_free(&r);
}

/* A thread that lives and does little keeps little. */
TEST_TIMEOUT(threads_that_live_cost_little_memory, 120)
{
	enum { THREADS = 20000, LIMIT_KB = THREADS * 4 / 3 };
	struct rusage before, after;

#if defined(__SANITIZE_ADDRESS__)
	SKIP("the address sanitizer takes more memory for each block");
#endif
	reader_start(&r);
	say("7 1795201101.000000 execve(\"/bin/x\", [\"x\"], NULL) = 0 <0.000100>");
	ASSERT_EQ(0, getrusage(RUSAGE_SELF, &before));
	for (int i = 0; i < THREADS; i++) {
		say("7 1795201102.000000 clone3({flags=CLONE_VM|CLONE_FILES|"
		    "CLONE_THREAD}, 88) = %d <0.000100>", 1000 + i);
		say("%d 1795201102.100000 rseq(0x7f00000%05d, 0x20, 0, 0x53053053) = 0 "
		    "<0.000100>", 1000 + i, i);
		say("%d 1795201102.200000 futex(0x7f00000%05d, FUTEX_WAIT_PRIVATE, 0, NULL "
		    "<unfinished ...>", 1000 + i, i);
	}
	reader_end(&r);
	ASSERT_EQ(0, getrusage(RUSAGE_SELF, &after));
	if (after.ru_maxrss - before.ru_maxrss > LIMIT_KB)
		tap_say("%ld KB more", after.ru_maxrss - before.ru_maxrss);
	EXPECT_TRUE(after.ru_maxrss - before.ru_maxrss <= LIMIT_KB);
	EXPECT_EQ(THREADS + 1, r.world.tasks_made);
	reader_free(&r);
}
