/* SPDX-License-Identifier: MIT */
/*
 * tap.h - the test harness: one file is one program, one fact is one TEST
 *
 *     #include "tap.h"
 *
 *     TEST(read_of_nothing_says_so)
 *     {
 *             EXPECT_ERR(-EBADF, sys_read(-1, NULL, 0));
 *     }
 *
 * prints TAP 13, which `prove -e ''` reads:
 *
 *     TAP version 13
 *     1..1
 *     # tests/x_test.c:5: sys_read(-1, NULL, 0) = 0, expected -EBADF
 *     not ok 1 read_of_nothing_says_so
 *
 * Every test runs in a process of its own, which leads a process group.  When
 * the test has ended, crashed or used up its time (ten seconds unless it says
 * TEST_TIMEOUT), the group is killed: what a test starts does not outlive it.
 * So a test need not close or free what the kernel takes back by itself.
 *
 * x_test -l lists the tests, x_test NAME 'lock_*' runs some of them.  The exit
 * status is 0 when all passed, 1 when one failed, 2 for a wrong argument and
 * 4 when every test was skipped.
 *
 * The same file serves both kinds of program: freestanding ones on syscalls/,
 * hosted ones (__STDC_HOSTED__) on libc.  The harness itself speaks to the
 * kernel, so that both behave alike.
 */
#ifndef IOMODELS_TAP_H
#define IOMODELS_TAP_H

#if __STDC_HOSTED__
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "../syscalls/arch.h"
#include "../syscalls/errno.h"
#ifdef WITH_LIBC			/* make check-libc */
#include "libc.h"
#endif
#else
#include "../syscalls/start.h"
#include "../syscalls/errno.h"
#include "../syscalls/print.h"
#endif
#include <linux/prctl.h>

/* ---- what a test file writes ---- */

/* TEST(name) { ... } */
#define TEST(name) TEST_TIMEOUT(name, 10)
#define TEST_TIMEOUT(name, seconds)					\
	static void test_##name(void *arg);				\
	TAP_REGISTER(name, #name, test_##name, NULL, NULL, NULL, seconds) \
	static void test_##name(void *arg __attribute__((unused)))

/*
 * FIXTURE(f) { int fd; };		what the tests of a fixture share
 * FIXTURE_SETUP(f) { self->fd = ...; }	runs before each of them
 * FIXTURE_TEARDOWN(f) { ... }		runs after each, failed or not, unless
 *					it crashed or its time was up
 * TEST_F(f, name) { ... self->fd ... }	is called f.name
 */
#define FIXTURE(f) struct f
#define FIXTURE_SETUP(f)						\
	static void f##_setup_self(struct f *self);			\
	static void f##_setup(void *self) { f##_setup_self(self); }	\
	static void f##_setup_self(struct f *self __attribute__((unused)))
#define FIXTURE_TEARDOWN(f)						\
	static void f##_teardown_self(struct f *self);			\
	static void f##_teardown(void *self) { f##_teardown_self(self); } \
	static void f##_teardown_self(struct f *self __attribute__((unused)))
#define TEST_F(f, name) TEST_F_TIMEOUT(f, name, 10)
#define TEST_F_TIMEOUT(f, name, seconds)				\
	static struct f self_##f##_##name;				\
	static void test_##f##_##name(struct f *self);			\
	static void run_##f##_##name(void *self)			\
	{								\
		test_##f##_##name(self);				\
	}								\
	TAP_REGISTER(f##_##name, #f "." #name, run_##f##_##name,	\
		     &self_##f##_##name, f##_setup, f##_teardown, seconds) \
	static void test_##f##_##name(struct f *self __attribute__((unused)))

/*
 * EXPECT goes on after a failure, ASSERT ends the test.  Both give back the
 * value that was seen: ep = ASSERT_GE(sys_epoll_create1(0), 0).  What is
 * expected comes first in EQ, NE, ERR and STR, last in GE, GT, LE and LT,
 * where the line reads as the comparison does.
 */
#define EXPECT_EQ(expected, seen) TAP_CHECK(0, #seen, seen, TAP_EQ, expected)
#define EXPECT_NE(unwanted, seen) TAP_CHECK(0, #seen, seen, TAP_NE, unwanted)
#define EXPECT_GE(seen, bound) TAP_CHECK(0, #seen, seen, TAP_GE, bound)
#define EXPECT_GT(seen, bound) TAP_CHECK(0, #seen, seen, TAP_GT, bound)
#define EXPECT_LE(seen, bound) TAP_CHECK(0, #seen, seen, TAP_LE, bound)
#define EXPECT_LT(seen, bound) TAP_CHECK(0, #seen, seen, TAP_LT, bound)
#define EXPECT_ERR(expected, seen) TAP_CHECK(0, #seen, seen, TAP_ERR, expected)
#define EXPECT_STR(expected, seen)					\
	tap_check_str(0, __FILE__, __LINE__, #seen, seen, expected)
#define EXPECT_TRUE(seen) TAP_CHECK(0, #seen, !!(seen), TAP_EQ, 1)

#define ASSERT_EQ(expected, seen) TAP_CHECK(1, #seen, seen, TAP_EQ, expected)
#define ASSERT_NE(unwanted, seen) TAP_CHECK(1, #seen, seen, TAP_NE, unwanted)
#define ASSERT_GE(seen, bound) TAP_CHECK(1, #seen, seen, TAP_GE, bound)
#define ASSERT_GT(seen, bound) TAP_CHECK(1, #seen, seen, TAP_GT, bound)
#define ASSERT_LE(seen, bound) TAP_CHECK(1, #seen, seen, TAP_LE, bound)
#define ASSERT_LT(seen, bound) TAP_CHECK(1, #seen, seen, TAP_LT, bound)
#define ASSERT_ERR(expected, seen) TAP_CHECK(1, #seen, seen, TAP_ERR, expected)
#define ASSERT_STR(expected, seen)					\
	tap_check_str(1, __FILE__, __LINE__, #seen, seen, expected)
#define ASSERT_TRUE(seen) TAP_CHECK(1, #seen, !!(seen), TAP_EQ, 1)

/* SKIP("no %s here", what) ends the test; the reason is shown. */
#define SKIP(...) tap_skip(__VA_ARGS__)

/* A sentence among the diagnostics of the test: FAIL also fails it. */
#define SAY(...) tap_say(__VA_ARGS__)
#define FAIL(...) do {							\
	tap_say(__FILE__ ":" TAP_TEXT(__LINE__) ": " __VA_ARGS__);	\
	tap_leave(1);							\
} while (0)

/*
 * A list that is known only at run time: the file defines tap_list(), which
 * calls tap_add() for each test.  name and arg must stay valid.  The caller
 * may still set ->seconds of what it returns.
 */
struct tap_test;
static struct tap_test *tap_add(const char *name, void (*fn)(void *), void *arg);
__attribute__((weak)) void tap_list(void);

/* ---- behind the macros ---- */

enum tap_op { TAP_EQ, TAP_NE, TAP_GE, TAP_GT, TAP_LE, TAP_LT, TAP_ERR };

enum { TAP_TESTS = 4096, TAP_SKIPPED = 4, TAP_TAIL = 64 << 10 };

struct tap_test {
	const char *name;
	void (*fn)(void *arg);
	void *arg;			/* a fixture's data */
	void (*setup)(void *), (*teardown)(void *);
	int seconds;			/* it may take */
	int line;			/* tests run in the order of their lines */
};

/* The section holds pointers: structures could be padded apart. */
#define TAP_REGISTER(id, name, fn, arg, setup, teardown, seconds)	\
	static struct tap_test tap_test_##id = {			\
		name, fn, arg, setup, teardown, seconds, __LINE__	\
	};								\
	static struct tap_test *tap_at_##id				\
		__attribute__((section("tap_tests"), used)) = &tap_test_##id;
#define TAP_CHECK(fatal, text, seen, op, bound)				\
	tap_check(fatal, __FILE__, __LINE__, text, (long)(seen), op,	\
		  (long)(bound))
#define TAP_TEXT(x) TAP_TEXT_(x)
#define TAP_TEXT_(x) #x

extern struct tap_test *__start_tap_tests[] __attribute__((weak));
extern struct tap_test *__stop_tap_tests[] __attribute__((weak));

static struct tap {
	struct tap_test *tests[TAP_TESTS];
	int n;
	struct tap_test *now;		/* the test that this process runs */
	long leader;			/* its first thread */
	char **env;
	/* Test and harness share it, and what the test forks. */
	struct { int failed, skipped, ended; char why[256]; } *shared;
} tap;

static void tap_write(int fd, const char *text, unsigned long n)
{
	while (n) {
		long done = enter_kernel(__NR_write, fd, text, n);

		if (done < 0)
			return;
		text += done;
		n -= done;
	}
}

static int tap_vformat(char *text, int size, const char *fmt,
		       __builtin_va_list args)
{
#if __STDC_HOSTED__
	int n = vsnprintf(text, size, fmt, args);

	return n < size ? n : size - 1;
#else
	return vformat(text, size, fmt, args);
#endif
}

/* A line on fd, in one write. */
__attribute__((format(printf, 2, 3)))
static void tap_line(int fd, const char *fmt, ...)
{
	__builtin_va_list args;
	char text[1024];
	int n;

	__builtin_va_start(args, fmt);
	n = tap_vformat(text, sizeof(text) - 1, fmt, args);
	__builtin_va_end(args);
	text[n] = '\n';
	tap_write(fd, text, n + 1);
}

__attribute__((format(printf, 1, 2)))
static void tap_say(const char *fmt, ...)
{
	__builtin_va_list args;
	char text[1000];

	__builtin_va_start(args, fmt);
	tap_vformat(text, sizeof(text), fmt, args);
	__builtin_va_end(args);
	tap_line(1, "# %s", text);
}

__attribute__((noreturn)) static void tap_exit(int status)
{
#if __STDC_HOSTED__
	fflush(NULL);
#endif
	enter_kernel(__NR_exit_group, status);
	__builtin_unreachable();
}

/* End the process from wherever it is; only its first thread tears down. */
__attribute__((noreturn)) static void tap_leave(int failed)
{
	void (*teardown)(void *) = tap.now ? tap.now->teardown : NULL;

	tap.shared->failed |= failed;
	if (teardown && enter_kernel(__NR_gettid) == tap.leader) {
		tap.now->teardown = NULL;	/* it may fail, too */
		teardown(tap.now->arg);
	}
	if (enter_kernel(__NR_getpid) == tap.leader)
		tap.shared->ended = 1;
	tap_exit(failed);
}

__attribute__((noreturn, format(printf, 1, 2)))
static void tap_skip(const char *fmt, ...)
{
	__builtin_va_list args;

	__builtin_va_start(args, fmt);
	tap_vformat(tap.shared->why, sizeof(tap.shared->why), fmt, args);
	__builtin_va_end(args);
	tap.shared->skipped = 1;
	tap_leave(0);
}

__attribute__((format(printf, 3, 4)))
static int tap_format(char *text, int size, const char *fmt, ...)
{
	__builtin_va_list args;
	int n;

	__builtin_va_start(args, fmt);
	n = tap_vformat(text, size, fmt, args);
	__builtin_va_end(args);
	return n;
}

/* A number as a reader wants it: a small negative one has a name, too. */
static const char *tap_number(char text[48], long n, enum tap_op op)
{
	const char *name = n < 0 && n > -4096 ? errno_name(n) : "";

	if (name[0] != 'E')
		tap_format(text, 48, "%ld", n);
	else if (op == TAP_ERR)
		tap_format(text, 48, "-%s", name);
	else
		tap_format(text, 48, "%ld (-%s)", n, name);
	return text;
}

static long tap_check(int fatal, const char *file, int line, const char *expr,
		      long seen, enum tap_op op, long bound)
{
	static const char *const signs[] = {
		"", "anything but ", ">= ", "> ", "<= ", "< ", "",
	};
	int ok = op == TAP_NE ? seen != bound : op == TAP_GE ? seen >= bound :
		 op == TAP_GT ? seen > bound : op == TAP_LE ? seen <= bound :
		 op == TAP_LT ? seen < bound : seen == bound;
	char a[48], b[48];

	if (ok)
		return seen;
	tap_say("%s:%d: %s = %s, expected %s%s", file, line, expr,
		tap_number(a, seen, op), signs[op], tap_number(b, bound, op));
	tap.shared->failed = 1;
	if (fatal)
		tap_leave(1);
	return seen;
}

__attribute__((unused))
static const char *tap_check_str(int fatal, const char *file, int line,
				 const char *expr, const char *seen,
				 const char *expected)
{
	const char *a = seen, *b = expected;

	while (a && b && *a && *a == *b)
		a++, b++;
	if (a && b && *a == *b)
		return seen;
	tap_say("%s:%d: %s = \"%s\", expected \"%s\"", file, line, expr,
		seen ? seen : "(null)", expected ? expected : "(null)");
	tap.shared->failed = 1;
	if (fatal)
		tap_leave(1);
	return seen;
}

/* ---- what tests may use ---- */

/* n bytes, of which the last lies before a page that faults. */
__attribute__((unused)) static void *tail_alloc(unsigned long n)
{
	unsigned long size = (n + TAP_TAIL - 1) & -(unsigned long)TAP_TAIL;
	long at = enter_kernel(__NR_mmap, NULL, size + TAP_TAIL,
			       PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at < 0 && at > -4096)
		FAIL("tail_alloc(%lu): %s", n, errno_name(at));
	enter_kernel(__NR_mprotect, at + size, TAP_TAIL, PROT_NONE);
	return (char *)at + size - n;
}

/* The value of a variable of the environment, or NULL. */
__attribute__((unused)) static const char *tap_env(const char *name)
{
	for (char **e = tap.env; *e; e++) {
		const char *a = *e, *b = name;

		while (*b && *a == *b)
			a++, b++;
		if (!*b && *a == '=')
			return a + 1;
	}
	return NULL;
}

/*
 * Whether qemu-user runs this program, which passes most system calls on but
 * not all alike.  It hides behind /proc/self/exe; /proc/thread-self/exe tells.
 */
__attribute__((unused)) static int tap_emulated(void)
{
	char path[256];
	long n = enter_kernel(__NR_readlinkat, -100, "/proc/thread-self/exe",
			      path, sizeof(path) - 1);

	for (long i = 0; i + 5 <= n; i++)
		if (path[i] == 'q' && path[i + 1] == 'e' && path[i + 2] == 'm' &&
		    path[i + 3] == 'u' && path[i + 4] == '-')
			return 1;
	return 0;
}

#define SKIP_EMULATED(reason) do {					\
	if (tap_emulated())						\
		SKIP("qemu-user: " reason);				\
} while (0)

/* ---- running ---- */

__attribute__((unused))
static struct tap_test *tap_add(const char *name, void (*fn)(void *), void *arg)
{
	static struct tap_test added[TAP_TESTS];
	static int n;
	struct tap_test *t = &added[n];

	if (tap.n == TAP_TESTS) {
		tap_line(2, "tap_add %s: more than %d tests; raise TAP_TESTS",
			 name, TAP_TESTS);
		tap_exit(1);
	}
	n++;
	*t = (struct tap_test){ .name = name, .fn = fn, .arg = arg,
				.seconds = 10 };
	return tap.tests[tap.n++] = t;
}

/* Gcc emits the section backwards and clang forwards: sort it by line. */
static void tap_collect(void)
{
	for (struct tap_test **t = __start_tap_tests; t < __stop_tap_tests; t++) {
		int i = tap.n++;

		for (; i && tap.tests[i - 1]->line > (*t)->line; i--)
			tap.tests[i] = tap.tests[i - 1];
		tap.tests[i] = *t;
	}
	if (tap_list)
		tap_list();
}

/* Shell patterns, of which only * and ? are known. */
static int tap_matches(const char *pattern, const char *name)
{
	for (; *pattern; pattern++, name++) {
		if (*pattern == '*') {
			do
				if (tap_matches(pattern + 1, name))
					return 1;
			while (*name++);
			return 0;
		}
		if (!*name || (*pattern != '?' && *pattern != *name))
			return 0;
	}
	return !*name;
}

/* Keep the tests that the arguments name; each must name one. */
static void tap_select(char **names)
{
	static char wanted[TAP_TESTS];
	int kept = 0;

	if (!*names)
		return;
	for (; *names; names++) {
		int found = 0;

		for (int i = 0; i < tap.n; i++)
			if (tap_matches(*names, tap.tests[i]->name))
				found = wanted[i] = 1;
		if (!found) {
			tap_line(2, "%s: no such test; -l lists them", *names);
			tap_exit(2);
		}
	}
	for (int i = 0; i < tap.n; i++)
		if (wanted[i])
			tap.tests[kept++] = tap.tests[i];
	tap.n = kept;
}

static void tap_options(char **argv)
{
	const char *option = argv[1];

	if (!option || option[0] != '-')
		return;
	if (tap_matches("-l", option)) {
		for (int i = 0; i < tap.n; i++)
			tap_line(1, "%s", tap.tests[i]->name);
		tap_exit(0);
	}
	if (tap_matches("--help", option)) {
		tap_line(1, "Usage: %s [-l] [TEST...]\nRun all tests, or those "
			 "whose names match the patterns; -l lists them.",
			 argv[0]);
		tap_exit(0);
	}
	tap_line(2, "%s: unknown option (--help)", option);
	tap_exit(2);
}

__attribute__((noreturn)) static void tap_child(struct tap_test *t, long parent,
						unsigned long mask)
{
	static const unsigned long long no_core[2];	/* a crash leaves no file */

	enter_kernel(__NR_setpgid, 0, 0);
	enter_kernel(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL);
	if (enter_kernel(__NR_getppid) != parent)
		tap_exit(1);
	enter_kernel(__NR_prlimit64, 0, RLIMIT_CORE, &no_core, NULL);
	enter_kernel(__NR_rt_sigprocmask, SIG_SETMASK, &mask, NULL,
		     sizeof(mask));
	tap.now = t;
	tap.leader = enter_kernel(__NR_getpid);
	if (t->setup)
		t->setup(t->arg);
	t->fn(t->arg);
	tap_leave(0);
}

/*
 * Sleep until the child has ended or the time is up, then kill its group.
 * SIGCHLD and the signals that stop a program are blocked, so that
 * rt_sigtimedwait is the one place where they arrive.  Returns the child's
 * status as wait4 gives it, or -1 when its time was up.
 */
static int tap_wait(long pid, int seconds)
{
	unsigned long signals = 1UL << (SIGCHLD - 1) | 1UL << (SIGINT - 1) |
				1UL << (SIGTERM - 1) | 1UL << (SIGHUP - 1);
	struct timespec now, left;
	long end, sig, late = 0;
	int status = 0;

	enter_kernel(__NR_clock_gettime, CLOCK_MONOTONIC, &now);
	end = now.tv_sec * 1000 + now.tv_nsec / 1000000 + seconds * 1000L;
	for (;;) {
		siginfo_t info;
		long ms;

		info.si_pid = 0;
		enter_kernel(__NR_waitid, P_PID, pid, &info,
			     WEXITED | WNOHANG | WNOWAIT, NULL);
		if (info.si_pid)
			break;
		enter_kernel(__NR_clock_gettime, CLOCK_MONOTONIC, &now);
		ms = end - (now.tv_sec * 1000 + now.tv_nsec / 1000000);
		if (ms <= 0) {
			late = 1;
			break;
		}
		left.tv_sec = ms / 1000;
		left.tv_nsec = ms % 1000 * 1000000;
		sig = enter_kernel(__NR_rt_sigtimedwait, &signals, NULL, &left,
				   sizeof(signals));
		if (sig > 0 && sig != SIGCHLD) {
			enter_kernel(__NR_kill, -pid, SIGKILL);
			tap_line(1, "Bail out! signal %ld", sig);
			tap_exit(128 + sig);
		}
	}
	/* Before it is reaped: its number is still its own. */
	enter_kernel(__NR_kill, -pid, SIGKILL);
	enter_kernel(__NR_wait4, pid, &status, 0, NULL);
	return late ? -1 : status;
}

static const char *tap_signal(int sig)
{
	static const struct { int sig; const char *name; } names[] = {
		{ SIGSEGV, "SIGSEGV" }, { SIGABRT, "SIGABRT" },
		{ SIGBUS, "SIGBUS" }, { SIGFPE, "SIGFPE" },
		{ SIGILL, "SIGILL" }, { SIGTRAP, "SIGTRAP" },
		{ SIGPIPE, "SIGPIPE" }, { SIGKILL, "SIGKILL" },
		{ SIGTERM, "SIGTERM" }, { SIGALRM, "SIGALRM" },
		{ SIGIO, "SIGIO" }, { SIGUSR1, "SIGUSR1" },
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].sig == sig)
			return names[i].name;
	return "another signal";
}

/* Run one test and print its line.  Returns 0, 1 or TAP_SKIPPED. */
static int tap_run(struct tap_test *t, int number, unsigned long mask)
{
	long self = enter_kernel(__NR_getpid), pid;
	int status;

	tap.shared->failed = tap.shared->skipped = tap.shared->ended = 0;
#if __STDC_HOSTED__
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		pid = -errno;
#else
	pid = sys_clone_fork();
#endif
	if (!pid)
		tap_child(t, self, mask);
	if (pid < 0) {
		tap_say("fork: %s", errno_name(pid));
		tap_line(1, "not ok %d %s", number, t->name);
		return 1;
	}
	enter_kernel(__NR_setpgid, pid, pid);
	status = tap_wait(pid, t->seconds);
	if (status < 0)
		tap_say("%s took more than %d seconds and was killed", t->name,
			t->seconds);
	else if (status & 0x7f)
		tap_say("%s was ended by signal %d (%s)", t->name,
			status & 0x7f, tap_signal(status & 0x7f));
	else if (!tap.shared->ended)
		tap_say("%s exited with %d before its end", t->name,
			status >> 8);
	if (status || tap.shared->failed || !tap.shared->ended) {
		tap_line(1, "not ok %d %s", number, t->name);
		return 1;
	}
	if (tap.shared->skipped) {
		tap_line(1, "ok %d %s # SKIP %s", number, t->name,
			 tap.shared->why);
		return TAP_SKIPPED;
	}
	tap_line(1, "ok %d %s", number, t->name);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long block = 1UL << (SIGCHLD - 1) | 1UL << (SIGINT - 1) |
			      1UL << (SIGTERM - 1) | 1UL << (SIGHUP - 1);
	int failed_tests = 0, skipped = 0;
	unsigned long mask;
	long at;

	tap.env = argv + argc + 1;
	tap_collect();
	tap_options(argv);
	tap_select(argv + 1);
	at = enter_kernel(__NR_mmap, NULL, sizeof(*tap.shared),
			  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			  -1, 0);
	if (at < 0 && at > -4096) {
		tap_line(2, "mmap: %s", errno_name(at));
		tap_exit(1);
	}
	tap.shared = (void *)at;
	enter_kernel(__NR_rt_sigprocmask, SIG_BLOCK, &block, &mask,
		     sizeof(mask));
	tap_line(1, "TAP version 13\n1..%d", tap.n);
	for (int i = 0; i < tap.n; i++) {
		int result = tap_run(tap.tests[i], i + 1, mask);

		failed_tests += result == 1;
		skipped += result == TAP_SKIPPED;
	}
	if (failed_tests)
		return 1;
	/* prove takes any status but 0 for a failure; it sets this variable. */
	return skipped == tap.n && !tap_env("HARNESS_ACTIVE") ? TAP_SKIPPED : 0;
}

#endif
