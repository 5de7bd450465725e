/* SPDX-License-Identifier: MIT */
/*
 * tap_test.c - the harness tests itself: samples of every end a test can have
 *
 * The samples are in no section but added at run time, in a child that calls
 * main() again with its output in a pipe; the tests compare what came out.
 */
#include "tap.h"

static int sampling;

static void passes(void *arg)
{
	EXPECT_EQ(arg, arg);
}

static void fails(void *arg)
{
	EXPECT_EQ(4, (long)arg);
	EXPECT_ERR(-ENOENT, (long)arg);
	EXPECT_STR("this", "that");
	ASSERT_GE((long)arg, 0);
	SAY("ASSERT goes on");
}

/* Beside itself it leaves a child, which holds the pipe open for ever. */
static void hangs(void *arg)
{
	(void)arg;
	sys_clone_fork();
	for (;;)
		sys_ppoll(NULL, 0, NULL, NULL);
}

static void crashes(void *arg)
{
	struct kernel_sigaction plain = { 0 };	/* else ASan has its handler */
	char *tail = tail_alloc(10);

	(void)arg;
	sys_rt_sigaction(SIGSEGV, &plain, NULL);
	tail[9] = 1;
	*(volatile char *)(tail + 10) = 1;
}

static void skips(void *arg)
{
	SKIP("no %s", (char *)arg);
}

static void stops_early(void *arg)
{
	(void)arg;
	sys_exit_group(0);
}

/* A failure in a process that the test forked is a failure of the test. */
static void forks(void *arg)
{
	long pid = sys_clone_fork();

	(void)arg;
	if (!pid)
		ASSERT_EQ(1, 2);
	sys_wait4(pid, NULL, 0, NULL);
}

void tap_list(void)
{
	if (!sampling)
		return;
	tap.n = 0;
	tap_add("passes", passes, NULL);
	tap_add("fails", fails, (void *)-9L);
	tap_add("hangs", hangs, NULL)->seconds = 0;
	tap_add("crashes", crashes, NULL);
	tap_add("skips", skips, "luck");
	tap_add("stops_early", stops_early, NULL);
	tap_add("forks", forks, NULL);
}

/* Run main(argv) in a child; its output goes to text, its status comes back. */
static int samples(char **argv, char *text, int size)
{
	int out[2], argc = 0, status;
	long n, at = 0, pid;

	while (argv[argc])
		argc++;
	ASSERT_EQ(0, sys_pipe2(out, O_CLOEXEC));
	pid = ASSERT_GE(sys_clone_fork(), 0);
	if (!pid) {
		sys_dup3(out[1], 1, 0);
		sys_dup3(out[1], 2, 0);
		sys_close(out[0]);
		sys_close(out[1]);
		tap.now = NULL;
		tap.n = 0;
		sampling = 1;
		sys_exit_group(main(argc, argv));
	}
	sys_close(out[1]);
	while ((n = sys_read(out[0], text + at, size - 1 - at)) > 0)
		at += n;
	text[at] = 0;
	ASSERT_EQ(pid, sys_wait4(pid, &status, 0, NULL));
	return status >> 8;
}

/* argv, then NULL, then the environment and its NULL. */
#define RUN(text, ...) \
	samples((char *[]){ "samples", ##__VA_ARGS__, NULL, NULL }, text, \
		sizeof(text))

TEST(pass_is_ok_and_exit_0)
{
	char text[512];

	EXPECT_EQ(0, RUN(text, "passes"));
	EXPECT_STR("TAP version 13\n1..1\nok 1 passes\n", text);
}

TEST(failure_shows_place_expression_and_values)
{
	char text[1024];

	EXPECT_EQ(1, RUN(text, "fails"));
	EXPECT_STR("TAP version 13\n1..1\n"
		   "# tests/tap_test.c:19: (long)arg = -9 (-EBADF), expected 4\n"
		   "# tests/tap_test.c:20: (long)arg = -EBADF, expected -ENOENT\n"
		   "# tests/tap_test.c:21: \"that\" = \"that\", expected \"this\"\n"
		   "# tests/tap_test.c:22: (long)arg = -9 (-EBADF), expected >= 0\n"
		   "not ok 1 fails\n", text);
}

TEST(crash_names_its_signal)
{
	char text[512];

	SKIP_EMULATED("adds a line of its own about the crash");
	EXPECT_EQ(1, RUN(text, "crashes"));
	EXPECT_STR("TAP version 13\n1..1\n"
		   "# crashes was ended by signal 11 (SIGSEGV)\n"
		   "not ok 1 crashes\n", text);
}

/* samples() reads until the last holder of the pipe is gone, so it is gone. */
TEST(hang_is_killed_with_its_children)
{
	char text[512];

	EXPECT_EQ(1, RUN(text, "hangs"));
	EXPECT_STR("TAP version 13\n1..1\n"
		   "# hangs took more than 0 seconds and was killed\n"
		   "not ok 1 hangs\n", text);
}

TEST(only_skips_exit_4)
{
	char text[512];

	EXPECT_EQ(4, RUN(text, "skips"));
	EXPECT_STR("TAP version 13\n1..1\nok 1 skips # SKIP no luck\n", text);
	EXPECT_EQ(0, RUN(text, "skips", "passes"));
}

/* To prove, a status that is not 0 is a failure. */
TEST(only_skips_exit_0_under_prove)
{
	char text[512];

	EXPECT_EQ(0, samples((char *[]){ "samples", "skips", NULL,
					 "HARNESS_ACTIVE=1", NULL },
			     text, sizeof(text)));
}

TEST(exit_before_the_end_is_a_failure)
{
	char text[512];

	EXPECT_EQ(1, RUN(text, "stops_early"));
	EXPECT_STR("TAP version 13\n1..1\n"
		   "# stops_early exited with 0 before its end\n"
		   "not ok 1 stops_early\n", text);
}

TEST(failure_in_a_child_counts)
{
	char text[512];

	EXPECT_EQ(1, RUN(text, "forks"));
	EXPECT_STR("TAP version 13\n1..1\n"
		   "# tests/tap_test.c:64: 2 = 2, expected 1\n"
		   "not ok 1 forks\n", text);
}

TEST(names_and_patterns_select)
{
	char text[512];

	EXPECT_EQ(4, RUN(text, "s?ip*"));
	EXPECT_STR("TAP version 13\n1..1\nok 1 skips # SKIP no luck\n", text);
	EXPECT_EQ(2, RUN(text, "passes", "none"));
	EXPECT_STR("none: no such test; -l lists them\n", text);
}

TEST(options)
{
	char text[512];

	EXPECT_EQ(0, RUN(text, "-l"));
	EXPECT_STR("passes\nfails\nhangs\ncrashes\nskips\nstops_early\nforks\n",
		   text);
	EXPECT_EQ(2, RUN(text, "-x"));
	EXPECT_STR("-x: unknown option (--help)\n", text);
	EXPECT_EQ(0, RUN(text, "--help"));
}

FIXTURE(steps) { int ready; };

FIXTURE_SETUP(steps)
{
	self->ready = 7;
}

FIXTURE_TEARDOWN(steps)
{
	self->ready = 0;
}

TEST_F(steps, setup_ran_before)
{
	EXPECT_EQ(7, self->ready);
}

TEST(order_is_that_of_the_file)
{
	ASSERT_STR("pass_is_ok_and_exit_0", tap.tests[0]->name);
	ASSERT_STR("order_is_that_of_the_file", tap.tests[tap.n - 1]->name);
}
