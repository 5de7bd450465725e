/* SPDX-License-Identifier: MIT */
/*
 * doctor_test.c - kernels that refuse: doctor, programs and tests (with libc)
 *
 * Seccomp filters play the kernels and the containers.  Each test starts what
 * is there (iomodels doctor, a program, another test) below such a filter.
 */
#include <limits.h>
#include <linux/capability.h>
#include "filter.h"
#include "lab.h"
#include "probe.h"
#include "../../log/refusal.h"
#include "tap.h"

static char output[1 << 16];

/* build/name, from build/tests/cli/doctor_test. */
static const char *built(const char *name)
{
	static char path[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);

	ASSERT_GT(n, 0);
	path[n] = 0;
	strcpy(strrchr(path, '/') + 1, "../../");
	strcat(path, name);
	return path;
}

/* Run the command, keep what it says in output; its exit status. */
static int run(const char *path, const char *const *args)
{
	size_t got = 0;
	int out[2], status;
	ssize_t n;
	pid_t pid;

	ASSERT_EQ(0, pipe2(out, O_CLOEXEC));
	fflush(NULL);
	pid = ASSERT_GE(fork(), 0);
	if (!pid) {
		dup2(out[1], 1);
		dup2(out[1], 2);
		execv(path, (char *const *)args);
		_exit(127);
	}
	close(out[1]);
	while (got < sizeof(output) - 1 &&
	       (n = read(out[0], output + got, sizeof(output) - 1 - got)) > 0)
		got += n;
	output[got] = 0;
	close(out[0]);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int doctor(const char *option)
{
	const char *const args[] = { "iomodels", "doctor", option, NULL };

	return run(built("iomodels"), args);
}

/* ---- what can be refused ---- */

static void little_locked_memory(void)
{
	struct rlimit none = { 0, 0 };

	prctl(PR_CAPBSET_DROP, CAP_IPC_LOCK, 0, 0, 0);
	setrlimit(RLIMIT_MEMLOCK, &none);
}

static long no_ring(void) { return filter_call(__NR_io_uring_setup, ENOSYS); }
static long no_right(void) { return filter_call(__NR_io_uring_setup, EPERM); }
static long no_access(void)
{
	return filter_call(__NR_io_uring_setup, EACCES);
}
static long no_enter(void) { return filter_call(__NR_io_uring_enter, EPERM); }
static long no_buffers(void)
{
	return filter_argument(__NR_io_uring_register, 1, BPF_JGE, 22, EINVAL);
}
static long no_sqpoll(void) { return filter_setup_flags(1 << 1); }
static long no_single(void) { return filter_setup_flags(1 << 12); }
static long no_defer(void) { return filter_setup_flags(1 << 13); }
static long no_aio(void) { return filter_call(__NR_io_setup, ENOSYS); }
static long no_aio_right(void) { return filter_call(__NR_io_setup, EPERM); }
static long no_contexts(void) { return filter_call(__NR_io_setup, EAGAIN); }
static long no_direct(void)
{
	return filter_argument(__NR_openat, 2, BPF_JSET, O_DIRECT, EINVAL);
}

#define AIO "native_aio libaio native_aio_poll"

/* A kernel; the programs that it has not all for, and what they shall say. */
static const struct kernel_of {
	const char *name;
	long (*play)(void);
	int rings;			/* it is io_uring that it refuses */
	unsigned flag;			/* programs with this flag */
	const char *programs;		/* or of these names, do not run */
	const char *word, *remedy;	/* in what each of them says */
	const char *here;		/* in what doctor adds */
} kernels[] = {
	{ "setup_ENOSYS", no_ring, 1, RING, "", "ENOSYS", "CONFIG_IO_URING",
	  "seccomp filter" },
	{ "setup_EPERM", no_right, 1, RING, "", "EPERM",
	  "kernel.io_uring_disabled to 0", "seccomp filter" },
	{ "setup_EACCES", no_access, 1, RING, "", "EACCES", "security module",
	  "SELinux" },
	{ "enter_EPERM", no_enter, 1, RING, "", "io_uring_enter: EPERM",
	  "seccomp profile", "seccomp filter" },
	{ "no_buffer_ring", no_buffers, 1, 0, "uring_multishot uring_fast "
	  "uring_multishot_liburing uring_udp", "EINVAL", "needs Linux 5.19",
	  "Linux 6.0" },		/* for a RECV that uses such a ring */
	{ "no_sqpoll", no_sqpoll, 1, 0, "uring_sqpoll", "io_uring_setup: EINVAL",
	  "needs Linux 5.13", "Linux 5.13" },
	{ "no_single_issuer", no_single, 1, 0, "uring_fast",
	  "io_uring_setup: EINVAL", "needs Linux 6.0", "Linux 6.0" },
	{ "no_defer_taskrun", no_defer, 1, 0, "", "", "", "" },
	{ "aio_ENOSYS", no_aio, 0, 0, AIO, "ENOSYS", "CONFIG_AIO", "seccomp" },
	{ "aio_EPERM", no_aio_right, 0, 0, AIO, "EPERM", "use ", "seccomp" },
	{ "aio_EAGAIN", no_contexts, 0, 0, AIO, "EAGAIN", "sysctl fs.aio-max-nr",
	  "of fs.aio-max-nr = " },
};

static void play(const struct kernel_of *k)
{
	if (k->play())
		SKIP("seccomp: %s", errno_name(errno));
}

static int concerns(const struct kernel_of *k, const struct program *p)
{
	struct probe words = { .users = k->programs, .flag = k->flag };

	return probe_concerns(&words, p);
}

/* ---- doctor ---- */

/* What --json says of p under this name; "" when nothing. */
static void field(const struct program *p, const char *name, char text[512])
{
	char begin[80], *at, *end;

	snprintf(begin, sizeof(begin), "\"name\": \"%s\"", p->name);
	at = strstr(output, begin);
	if (!at)
		FAIL("%s is missing in: %s", p->name, output);
	end = strchr(at, '}');
	snprintf(begin, sizeof(begin), "\"%s\": ", name);
	at = strstr(at, begin);
	text[0] = 0;
	if (at && at < end)
		snprintf(text, 512, "%.*s",
			 (int)strcspn(at + strlen(begin), "\n"),
			 at + strlen(begin));
}

/*
 * Without io_uring_enter uring_sqpoll may serve all the same, as long as both
 * of its threads are awake: that is what it is for.
 */
static int may_do_without(const struct kernel_of *k, const struct program *p)
{
	return k->play == no_enter && !strcmp(p->name, "uring_sqpoll");
}

/*
 * Which programs run and which do not; those that do not report the errno and
 * the remedy, and doctor knows the reason.  What is refused without a filter
 * does not count.
 */
static void doctor_knows(void *arg)
{
	const struct kernel_of *k = arg;
	char ran[64] = "", text[512];
	int refused = 0, n = 0;

	for (const struct program *p = programs; p->name; p++) {
		char *path = program_path(p), why[256];

		ran[n++] = path && !probe_program(p, why);
		free(path);
	}
	play(k);
	refused = doctor("--json");
	n = 0;
	for (const struct program *p = programs; p->name; p++, n++) {
		int expected = ran[n] && !concerns(k, p);

		if (!ran[n])
			continue;
		field(p, "runs", text);
		if (text[0] == 't' && may_do_without(k, p))
			continue;
		if ((text[0] == 't') != expected)
			FAIL("%s: runs: %s", p->name, text);
		if (expected)
			continue;
		field(p, "said", text);
		if (!strstr(text, k->word) || !strstr(text, k->remedy))
			FAIL("%s says %s; expected: %s, %s", p->name, text,
			     k->word, k->remedy);
		field(p, "why", text);
		if (!*text || !strstr(text, k->here))
			FAIL("%s: why: %s; expected: %s", p->name, text, k->here);
	}
	EXPECT_EQ(strstr(output, "\"runs\": false") ? 1 : 0, refused);
}

/* As a reader sees it: no line is long, and none ends in a blank. */
static void doctor_is_readable(void *arg)
{
	const struct kernel_of *k = arg;

	play(k);
	doctor(NULL);
	ASSERT_TRUE(strstr(output, " programs run here\n"));
	for (char *line = strtok(output, "\n"); line; line = strtok(NULL, "\n")) {
		EXPECT_NE(' ', line[strlen(line) - 1]);
		if (strlen(line) > 79)
			FAIL("long: %s", line);
	}
}

TEST_TIMEOUT(doctor_names_what_o_direct_lacks, 30)
{
	if (no_direct())
		SKIP("seccomp: %s", errno_name(errno));
	doctor(NULL);
	EXPECT_TRUE(strstr(output, "! EINVAL                 O_DIRECT\n"));
	EXPECT_TRUE(strstr(output, "cannot run with --direct"));
}

TEST_TIMEOUT(doctor_names_what_strace_lacks, 30)
{
	if (filter_call(__NR_ptrace, EPERM))
		SKIP("seccomp: %s", errno_name(errno));
	doctor(NULL);
	EXPECT_TRUE(strstr(output, "! EPERM                  ptrace\n"));
	EXPECT_TRUE(strstr(output, "SYS_PTRACE"));
}

/* From Linux 6.14 on rings are locked memory, except with CAP_IPC_LOCK. */
TEST_TIMEOUT(doctor_names_locked_memory, 30)
{
	const struct program *p = program_find("uring_fast");
	char text[512];

	little_locked_memory();
	doctor("--json");
	field(p, "said", text);
	if (!strstr(text, "io_uring_setup: ENOMEM"))
		SKIP("this kernel does not count rings as locked memory");
	EXPECT_TRUE(strstr(text, "ulimit -l"));
	field(p, "why", text);
	EXPECT_TRUE(strstr(text, "RLIMIT_MEMLOCK is 0 KiB"));
}

/*
 * What explain would find in a trace of the same refusal: one table has cause
 * and remedy for both.
 */
TEST_TIMEOUT(doctor_has_the_table_of_explain, 60)
{
	static const struct {
		const char *name, *call, *error;
		long (*play)(void);
	} refused[] = {
		{ "io_uring_setup", "io_uring_setup", "EPERM", no_right },
		{ "io_setup", "io_setup", "EAGAIN", no_contexts },
	};

	for (unsigned i = 0; i < 2; i++) {
		const char *call = refused[i].call, *error = refused[i].error;
		const struct refusal *row = refusal_find(
			(struct slice){ call, strlen(call) },
			(struct slice){ error, strlen(error) }, SLICE(""));
		char name[80], *at, *end;

		ASSERT_TRUE(row != NULL);
		if (refused[i].play())
			SKIP("seccomp: %s", errno_name(errno));
		doctor("--json");
		snprintf(name, sizeof(name), "\"name\": \"%s\"",
			 refused[i].name);
		at = strstr(output, name);
		ASSERT_TRUE(at != NULL);
		end = strchr(at, '}');
		ASSERT_TRUE(end != NULL);
		*end = 0;
		snprintf(name, sizeof(name), "\"finding\": \"%s\"", row->id);
		EXPECT_TRUE(strstr(at, name) != NULL);
		EXPECT_TRUE(strstr(at, row->cause) != NULL);
		EXPECT_TRUE(strstr(at, row->remedy) != NULL);
	}
}

/* The line of --json with this name, up to the end of its object. */
static const char *row(const char *name)
{
	static char text[2048];
	char begin[80], *at;

	snprintf(begin, sizeof(begin), "\"name\": \"%s\"", name);
	at = strstr(output, begin);
	if (!at)
		FAIL("%s is missing in: %.900s", name, output);
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(at, "}"), at);
	return text;
}

/* The lines about the machine name a filter, and what takes it away. */
TEST_TIMEOUT(doctor_names_the_filter, 30)
{
	if (no_direct())
		SKIP("seccomp: %s", errno_name(errno));
	doctor("--json");
	EXPECT_TRUE(strstr(row("seccomp"), "mode 2"));
	EXPECT_TRUE(strstr(row("seccomp"), "seccomp=unconfined"));
}

/* A capability that is gone is named with what wants it. */
TEST_TIMEOUT(doctor_names_lost_capabilities, 30)
{
	if (prctl(PR_CAPBSET_READ, CAP_SYS_PTRACE, 0, 0, 0) != 1 ||
	    prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE, 0, 0, 0))
		SKIP("no capability to drop");
	doctor("--json");
	EXPECT_TRUE(strstr(row("capabilities"), "SYS_PTRACE (capture --pid"));
}

/* Root of a user namespace has all capabilities, but none that io_uring asks for. */
TEST(root_of_a_namespace_has_no_right_to_a_ring)
{
	if (unshare(CLONE_NEWUSER))
		SKIP("no user namespace: %s", errno_name(errno));
	EXPECT_EQ(1, probe_capable(CAP_SYS_ADMIN));
	EXPECT_EQ(0, probe_ring_right());
}

/* Without one flag the line about the ring lacks that flag, and no other. */
TEST_TIMEOUT(doctor_lists_flags_of_the_ring, 30)
{
	const char *ring, *flags;

	doctor("--json");
	ring = strstr(output, "\"ring\": {");
	if (!ring || !strstr(ring, "\"SQPOLL\"") || !strstr(ring, "\"CQSIZE\""))
		SKIP("io_uring_setup refuses a ring with these flags");
	EXPECT_TRUE(strstr(ring, "\"FAST_POLL\""));
	EXPECT_TRUE(strstr(ring, "\"RECV\""));
	if (no_sqpoll())
		SKIP("seccomp: %s", errno_name(errno));
	doctor("--json");
	ring = strstr(output, "\"ring\": {");
	ASSERT_TRUE(ring);
	flags = strstr(ring, "\"flags\"");
	ASSERT_TRUE(flags);
	EXPECT_TRUE(!strstr(flags, "\"SQPOLL\""));
	EXPECT_TRUE(!strstr(flags, "\"SQ_AFF\""));
	EXPECT_TRUE(strstr(flags, "\"CQSIZE\""));
}

/* Each kernel since 5.1 brought something: what is not here has its version. */
TEST_TIMEOUT(doctor_knows_what_each_kernel_brought, 30)
{
	doctor("--json");
	if (!strstr(output, "\"ring\": {"))
		SKIP("no ring");
	EXPECT_TRUE(strstr(row("operations"), "of 65"));
	EXPECT_TRUE(strstr(row("flags"), "of 21"));
	if (!strstr(strstr(output, "\"ring\": {"), "\"NOP128\""))
		EXPECT_TRUE(strstr(row("operations"), "URING_CMD128 (Linux 6.19)"));
	if (!strstr(strstr(output, "\"ring\": {"), "\"SQ_REWIND\""))
		EXPECT_TRUE(strstr(row("flags"), "SQ_REWIND (Linux 7.0)"));
}

/* A kernel that has filters of single operations asks for the filter. */
TEST_TIMEOUT(doctor_knows_filters_of_operations, 30)
{
	if (filter_argument(__NR_io_uring_register, 1, BPF_JGE, 37, EINVAL))
		SKIP("seccomp: %s", errno_name(errno));
	doctor("--json");
	if (!strstr(output, "\"ring\": {"))
		SKIP("no ring");
	EXPECT_TRUE(strstr(row("filters of operations"), "\"no\""));
	/* The filter that is the latest decides between two errors. */
	if (filter_argument(__NR_io_uring_register, 1, BPF_JGE, 37, EACCES))
		SKIP("seccomp: %s", errno_name(errno));
	doctor("--json");
	EXPECT_TRUE(strstr(row("filters of operations"), "\"yes\""));
}

/* The line of each limit says what it is for and how to raise it. */
TEST_TIMEOUT(doctor_names_low_limits, 30)
{
	struct rlimit low = { 64, 64 };

	ASSERT_EQ(0, setrlimit(RLIMIT_SIGPENDING, &low));
	doctor("--json");
	EXPECT_TRUE(strstr(row("RLIMIT_SIGPENDING"), "\"granted\": false"));
	EXPECT_TRUE(strstr(row("RLIMIT_SIGPENDING"), "sigio_queued"));
	EXPECT_TRUE(strstr(row("RLIMIT_SIGPENDING"), "ulimit -i"));
}

/* Nothing stays: no file in the folder, no process. */
TEST_TIMEOUT(doctor_leaves_nothing, 30)
{
	char dir[] = "/tmp/doctor_test-XXXXXX";
	int status;

	ASSERT_EQ(0, prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	ASSERT_TRUE(mkdtemp(dir));
	ASSERT_EQ(0, chdir(dir));
	doctor(NULL);
	EXPECT_EQ(0, rmdir(dir));		/* it is empty */
	EXPECT_ERR(-1, waitpid(-1, &status, WNOHANG));
	EXPECT_EQ(ECHILD, errno);
}

/* ---- a filter that lets the ring be, and stops what follows ---- */

static void ends_with_its_reason(void *arg)
{
	const struct program *p = arg;
	struct server s;
	char *path = program_path(p), *line, why[256];

	if (!path)
		SKIP("not built");
	free(path);
	if (probe_program(p, why))
		SKIP("%s", why);
	if (no_enter())
		SKIP("seccomp: %s", errno_name(errno));
	server_start(&s, p, NULL);
	EXPECT_EQ(1, server_wait(&s, 5000));
	line = strstr(s.err.at, "io_uring_enter: EPERM: ");
	if (!line || !strstr(line, "seccomp profile") ||
	    strchr(line, '\n')[1])
		FAIL("not the reason and the remedy: %s", s.err.at);
	server_free(&s);
}

/* ---- the tests ---- */

static void expect_no_failure(const char *name, const char *const *args)
{
	int status = run(built(name), args);
	char *failed = strstr(output, "not ok");

	/* What a test has to say stands above its line. */
	if (status && status != 4)
		FAIL("%s: status %d: %.900s", name, status, !failed ? output :
		     failed - output > 300 ? failed - 300 : output);
}

static int count(const char *word)
{
	int n = 0;

	for (const char *at = output; (at = strstr(at, word)); at++)
		n++;
	return n;
}

/*
 * Run the tests of the program `name` that are about programs which this
 * kernel has not all for; the pattern makes their names.  Each is skipped.
 */
static void expect_skips(const struct kernel_of *k, const char *name,
			 const char *pattern, int files)
{
	const char *args[32] = { name };
	char names[32][80];
	int n = 1;

	for (const struct program *p = programs; p->name && n < 31; p++) {
		if (!concerns(k, p) || !!(p->flags & FILES) != files)
			continue;
		snprintf(names[n], sizeof(names[n]), pattern, p->name);
		args[n] = names[n];
		n++;
	}
	if (n == 1)
		return;
	expect_no_failure(name, args);
	EXPECT_GE(count("\nok"), n - 1);
	EXPECT_EQ(count("\nok"), count(" # SKIP "));
	EXPECT_GE(count(k->here) + count("is not built"), 1);
}

/* Below each kernel the tests are skipped with the reason, and none fails. */
static void tests_are_skipped(void *arg)
{
	static const char *const of_rings[] = {
		"tests/uring/ring_test", "tests/uring/refused_test",
		"tests/uring/twins_test", NULL
	};
	static const char *const of_aio[] = {
		"tests/posix_aio/native_aio_test",
		"tests/syscalls/sys_file_test", NULL
	};
	const struct kernel_of *k = arg;

	play(k);
	expect_skips(k, "tests/models/models_test", "%s/one/*", 0);
	expect_skips(k, "tests/capture/traces_test", "as_committed/%s/one", 0);
	expect_skips(k, "tests/cli/readme_test", "%s", 0);
	expect_skips(k, "tests/cli/readme_test", "%s/*", 1);
	expect_skips(k, "tests/models/file_jobs_test", "%s/buffered", 1);
	for (const char *const *t = k->rings ? of_rings : of_aio; *t; t++) {
		const char *const args[] = { *t, NULL };

		expect_no_failure(*t, args);
	}
}

/* ---- the list ---- */

static void add(const char *what, const char *name, void (*fn)(void *),
		const void *arg, int seconds)
{
	char *text;

	if (asprintf(&text, "%s/%s", what, name) < 0)
		exit(1);
	tap_add(text, fn, (void *)arg)->seconds = seconds;
}

void tap_list(void)
{
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		const struct kernel_of *k = &kernels[i];

		add("doctor", k->name, doctor_knows, k, 60);
		if (k->play == no_right || k->play == no_buffers)
			add("readable", k->name, doctor_is_readable, k, 60);
		add("tests", k->name, tests_are_skipped, k, 120);
	}
	for (const struct program *p = programs; p->name; p++)
		if (p->flags & RING && !(p->flags & FILES))
			add("enter", p->name, ends_with_its_reason, p, 30);
}
