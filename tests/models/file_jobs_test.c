/* SPDX-License-Identifier: MIT */
/*
 * file_jobs_test.c - every file job: the same checksum, the same refusals (with libc)
 *
 *     file_jobs_test -l             lists JOB/WHAT
 *
 * The files have no name (O_TMPFILE): a file job inherits the descriptor and
 * opens /proc/self/fd/N, so nothing is left behind however a test ends.  They
 * lie in TMPDIR, or /tmp.  IOMODELS_SOAK=1 adds a file of 1 GiB.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include "filter.h"
#include "probe.h"
#include "tap.h"

/* How glibc 2.36 starts a thread. */
#if defined(__aarch64__) || defined(__riscv)
#define THREAD_CALL __NR_clone
#define THREAD_NAME "clone"
#else
#define THREAD_CALL __NR_clone3
#define THREAD_NAME "clone3"
#endif

/* A file job with its own options. */
static const struct file_job {
	const char *name;		/* of the test */
	const char *program;
	const char *option[4];
} jobs[] = {
	{ "file_blocking", "file_blocking", { NULL } },
	{ "file_threads", "file_threads", { NULL } },
	{ "posix_aio_glibc", "posix_aio_glibc", { NULL } },
	{ "posix_aio_glibc-signal", "posix_aio_glibc",
	  { "--notify", "signal", NULL } },
	{ "posix_aio_glibc-thread", "posix_aio_glibc",
	  { "--notify", "thread", "--opens=5", NULL } },
	{ "posix_aio_glibc-poll", "posix_aio_glibc",
	  { "--notify", "poll", "--opens=3", NULL } },
	{ "posix_aio_uring", "posix_aio_uring", { NULL } },
	{ "posix_aio_uring-signal", "posix_aio_uring",
	  { "--notify", "signal", NULL } },
	{ "posix_aio_uring-thread", "posix_aio_uring",
	  { "--notify", "thread", "--opens=5", NULL } },
	{ "posix_aio_uring-poll", "posix_aio_uring",
	  { "--notify", "poll", "--opens=3", NULL } },
	{ "native_aio", "native_aio", { NULL } },
	{ "libaio", "libaio", { NULL } },
	{ "uring_file", "uring_file", { NULL } },
	{ "uring_file-link", "uring_file", { "--link", NULL } },
	{ "native_aio-batch", "native_aio", { "--batch=3", NULL } },
	{ "libaio-batch", "libaio", { "--batch=3", NULL } },
	{ "uring_file-batch", "uring_file", { "--batch=3", NULL } },
};

/* ---- running a file job ---- */

struct run {
	const struct file_job *r;
	const char *option[8];		/* ends with NULL */
	char path[64];
	char *const *wrapper;		/* strace, say; ends with NULL */
	void (*before)(void);		/* in the child, before exec */
	int out_fd;			/* its stdout; 0: a pipe */
	int status;			/* results: exit status, 128 + signal */
	char out[512], err[1024];
};

static char *program(const struct file_job *r)
{
	const struct program *p = program_find(r->program);
	char *path = program_path(p), why[256];

	if (!path)
		SKIP("%s is not built", r->program);
	/* What a kernel, or a filter, refuses to all is not our fault. */
	if (probe_program(p, why))
		SKIP("%s", why);
	return path;
}

static pid_t start(struct run *run, int pipes[2])
{
	int out[2], err[2], n = 0;
	char *args[32];
	pid_t pid;

	for (char *const *w = run->wrapper; w && *w; w++)
		args[n++] = *w;
	args[n++] = program(run->r);
	for (const char *const *o = run->r->option; *o; o++)
		args[n++] = (char *)*o;
	for (const char *const *o = run->option; *o; o++)
		args[n++] = (char *)*o;
	args[n++] = run->path;
	args[n] = NULL;
	ASSERT_EQ(0, pipe2(out, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(err, O_CLOEXEC));
	pid = ASSERT_GE(fork(), 0);
	if (!pid) {
		dup2(run->out_fd ? run->out_fd : out[1], 1);
		dup2(err[1], 2);
		if (run->before)
			run->before();
		execvp(args[0], args);
		_exit(127);
	}
	close(out[1]);
	close(err[1]);
	pipes[0] = out[0];
	pipes[1] = err[0];
	return pid;
}

/* What it says is short: it fits the pipes, so read one after the other. */
static void hear(int fd, char *text, int size)
{
	int at = 0, n;

	while (at < size - 1 && (n = read(fd, text + at, size - 1 - at)) > 0)
		at += n;
	text[at] = 0;
	close(fd);
}

static void finish(struct run *run, pid_t pid, int pipes[2])
{
	int status;

	hear(pipes[0], run->out, sizeof(run->out));
	hear(pipes[1], run->err, sizeof(run->err));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	run->status = WIFEXITED(status) ? WEXITSTATUS(status)
					: 128 + WTERMSIG(status);
}

static void play(struct run *run)
{
	int pipes[2];
	pid_t pid = start(run, pipes);

	finish(run, pid, pipes);
}

/* One line on stderr that holds the words, nothing on stdout. */
static void expect_refusal(const struct run *run, int status, const char *word,
			   const char *remedy)
{
	const char *end = strchr(run->err, '\n');

	if (run->status != status || !end || end[1] || run->out[0] ||
	    !strstr(run->err, word) || !strstr(run->err, remedy)) {
		SAY("status %d; expected %d, one line with \"%s\" and \"%s\"",
		    run->status, status, word, remedy);
		SAY("stderr: %s", run->err);
		FAIL("stdout: %s", run->out);
	}
}

/* ---- files ---- */

static int new_file(void)
{
	const char *dir = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	char path[256];
	int fd = open(dir, O_TMPFILE | O_RDWR, 0600);

	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "%s/file_jobs_test.XXXXXX", dir);
	fd = ASSERT_GE(mkstemp(path), 0);	/* no O_TMPFILE here */
	unlink(path);
	return fd;
}

static int in_memory(int fd)
{
	struct statfs s;

	return !fstatfs(fd, &s) && s.f_type == TMPFS_MAGIC;
}

/* Fill fd with size bytes that look random, the same for each size. */
static void fill(int fd, uint64_t size)
{
	static uint64_t buf[1 << 17];
	uint64_t x = size + 88172645463325252;

	for (uint64_t at = 0; at < size; ) {
		size_t n = size - at < sizeof(buf) ? size - at : sizeof(buf);

		for (size_t i = 0; i * 8 < n; i++) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			buf[i] = x;
		}
		ASSERT_EQ(n, pwrite(fd, buf, n, at));
		at += n;
	}
}

/*
 * The checksum as file_job.h tells it, computed in another way: byte by byte
 * from the end of the file, the product from its 32-bit parts.
 */
static uint64_t folded_product(uint64_t a, uint64_t b)
{
	uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
	uint64_t mid = (a0 * b0 >> 32) + (uint32_t)(a1 * b0) + (uint32_t)(a0 * b1);
	uint64_t high = a1 * b1 + (a1 * b0 >> 32) + (a0 * b1 >> 32) + (mid >> 32);

	return a * b ^ high;
}

static uint64_t checksum_of(int fd)
{
	uint64_t size = lseek(fd, 0, SEEK_END), total, word = 0;
	unsigned char *at = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0)
				 : NULL;

	ASSERT_TRUE(at != MAP_FAILED);
	total = folded_product(size ^ 0x9e3779b97f4a7c15,
			       0xd6e8feb86659fd93 - 8);
	for (uint64_t i = size; i--; ) {
		word = word << 8 | at[i];
		if (i % 8)
			continue;
		total += folded_product(word ^ 0x9e3779b97f4a7c15,
					i + 0xd6e8feb86659fd93);
		word = 0;
	}
	if (size)
		munmap(at, size);
	return total;
}

static const char *expected(int fd, unsigned block)
{
	static char text[128];
	uint64_t size = lseek(fd, 0, SEEK_END);

	snprintf(text, sizeof(text), "checksum %lx  bytes %lu  blocks %lu\n",
		 checksum_of(fd), size, (size + block - 1) / block);
	return text;
}

/* ---- they agree ---- */

static void expect_checksum(struct run *run, int fd, const char *wanted)
{
	snprintf(run->path, sizeof(run->path), "/proc/self/fd/%d", fd);
	play(run);
	if (geteuid() && run->status && strstr(run->err, "RLIMIT_MEMLOCK"))
		SKIP("%s", run->err);
	if (run->status || strcmp(run->out, wanted) || run->err[0]) {
		SAY("size %ld, options %s %s %s %s %s", (long)lseek(fd, 0, SEEK_END),
		    run->option[0], run->option[1], run->option[2],
		    run->option[3] ? run->option[3] : "",
		    run->option[3] && run->option[4] ? run->option[4] : "");
		SAY("expected: %s", wanted);
		SAY("stderr: %s", run->err);
		FAIL("status %d, stdout: %s", run->status, run->out);
	}
}

static void all_sizes(const struct file_job *r, const char *direct)
{
	static const uint64_t sizes[] = { 0, 1, 4095, 4096, 4097,
					  (1 << 20) + 5 };
	static const char *const depths[] = { "1", "8", "32" };

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int fd = new_file();
		char wanted[128];

		fill(fd, sizes[i]);
		strcpy(wanted, expected(fd, 4096));
		for (int j = 0; j < 6; j++) {
			struct run run = { r, { "--depth", depths[j % 3], direct } };

			if (j >= 3)
				run.option[direct ? 3 : 2] = j % 2 ? "--random" :
							     "--random=4294967295";
			expect_checksum(&run, fd, wanted);
		}
		close(fd);
	}
}

static void buffered(void *arg)
{
	all_sizes(arg, NULL);
}

static void skip_without_o_direct(void)
{
	int fd = new_file(), direct;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	direct = open(path, O_RDONLY | O_DIRECT);
	if (direct < 0)
		SKIP("the file system of %s refuses O_DIRECT: %s",
		     getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp",
		     errno_name(errno));
	close(direct);
	close(fd);
}

static void direct(void *arg)
{
	skip_without_o_direct();
	all_sizes(arg, "--direct");
}

/* --block changes the reads, not the checksum. */
static void any_block(void *arg)
{
	static const char *const blocks[] = { "512", "1536", "65536", "16777216" };
	int fd = new_file();

	fill(fd, 300001);
	for (int i = 0; i < 4; i++) {
		struct run run = { arg, { "--random=3", "--block", blocks[i] } };

		expect_checksum(&run, fd, expected(fd, atoi(blocks[i])));
	}
}

/*
 * A file of sysfs gives a page at a time, however much it is asked for: the
 * rest of each block is read by another call.  Tiny blocks are many, and many
 * threads take them at once.
 */
static void short_reads(void *arg)
{
	static const char name[] = "/sys/kernel/btf/vmlinux";
	static char buf[1 << 16];
	struct run large = { arg, { "--block=65536", "--depth=8" } };
	struct run tiny = { arg, { "--block=512", "--depth=32" } };
	int fd = open(name, O_RDONLY), copy;
	ssize_t n;

	if (fd < 0)
		SKIP("no %s in this kernel", name);
	copy = new_file();
	n = read(fd, buf, sizeof(buf));
	if (n == sizeof(buf))
		SKIP("a read of %s returns all bytes that were asked for", name);
	for (; n > 0; n = read(fd, buf, sizeof(buf)))
		ASSERT_EQ(n, write(copy, buf, n));
	expect_checksum(&large, fd, expected(copy, 65536));
	expect_checksum(&tiny, fd, expected(copy, 512));
}

/* A checksum that misses a swap, a hole or the length would prove little. */
static void checksum_is_sensitive(void *arg)
{
	char a[128], block[2][4096];
	int fd = new_file();
	struct run run = { arg, { "--block=4096", "--depth=4", NULL } };

	fill(fd, 5 * 4096);
	strcpy(a, expected(fd, 4096));
	expect_checksum(&run, fd, a);

	ASSERT_EQ(4096, pread(fd, block[0], 4096, 0));
	ASSERT_EQ(4096, pread(fd, block[1], 4096, 8192));
	ASSERT_EQ(4096, pwrite(fd, block[0], 4096, 8192));
	ASSERT_EQ(4096, pwrite(fd, block[1], 4096, 0));
	play(&run);
	EXPECT_EQ(0, run.status);
	EXPECT_NE(0, strcmp(a, run.out));	/* two blocks changed places */

	ASSERT_EQ(4096, pwrite(fd, block[0], 4096, 0));
	ASSERT_EQ(4096, pwrite(fd, block[1], 4096, 8192));
	play(&run);
	EXPECT_STR(a, run.out);
	ASSERT_EQ(0, ftruncate(fd, 5 * 4096 + 3));	/* three zeros more */
	play(&run);
	EXPECT_NE(0, strncmp(a, run.out, 20));
}

/* IOMODELS_SOAK: 1 GiB, in both ways and both orders. */
static void gigabyte(void *arg)
{
	static const char *const how[] = { "--random", "--direct" };
	int fd;

	if (!getenv("IOMODELS_SOAK"))
		SKIP("1 GiB is read with IOMODELS_SOAK=1 only");
	fd = new_file();
	fill(fd, 1 << 30);
	for (int i = 0; i < 2; i++) {
		struct run run = { arg, { "--block=65536", "--depth=32", how[i] } };

		if (i)
			skip_without_o_direct();
		expect_checksum(&run, fd, expected(fd, 65536));
	}
}

/* ---- what they refuse ---- */

static void bad_usage(void *arg)
{
	static const char *const bad[][2] = {
		{ "--block=4095", "4095" }, { "--block=0", "--block 0" },
		{ "--block=33554432", "33554432" }, { "--depth=0", "--depth 0" },
		{ "--depth=1x", "1x" }, { "--depth=-1", "-1" },
		{ "--depth=99999999999", "99999999999" },
		{ "--random=", "--random" }, { "--nonsense", "--nonsense" },
		{ "--measure=0", "--measure 0" }, { "--measure=x", "x" },
		{ "--once", "--measure" }, { "--batch=0", "--batch 0" },
		{ "second", "FILE" }, { "-d", "FILE" },
		{ "--notify=never", "--notify" },
	};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct run run = { arg, { bad[i][0] }, "/etc/passwd" };

		play(&run);
		expect_refusal(&run, 2, bad[i][1], "");
	}
	/* No FILE at all. */
	struct run run = { arg, { NULL }, "--direct" };

	play(&run);
	expect_refusal(&run, 2, "FILE", "--help");
}

static void bad_files(void *arg)
{
	struct run run = { arg, { NULL }, "/nonexistent/file" };
	int pipe[2];

	play(&run);
	expect_refusal(&run, 1, "/nonexistent/file: ENOENT", "no such file");
	strcpy(run.path, "/tmp");
	play(&run);
	expect_refusal(&run, 1, "/tmp: EISDIR", "expected a regular file");
	strcpy(run.path, "/dev/null");
	play(&run);
	expect_refusal(&run, 1, "/dev/null", "expected a regular file");
	ASSERT_EQ(0, pipe2(pipe, 0));
	snprintf(run.path, sizeof(run.path), "/proc/self/fd/%d", pipe[0]);
	play(&run);
	expect_refusal(&run, 1, run.path, "expected a regular file");
}

static void direct_refused(void *arg)
{
	struct run run = { arg, { "--direct" }, "/proc/version" };
	int fd = open(run.path, O_RDONLY | O_DIRECT);

	if (fd >= 0)
		SKIP("/proc has O_DIRECT here");
	play(&run);
	expect_refusal(&run, 1, "openat /proc/version: EINVAL",
		       "leave out --direct");
}

static void closed_output(void *arg)
{
	struct run run = { arg, { NULL }, "/etc/passwd" };

	run.out_fd = ASSERT_GE(open("/dev/full", O_WRONLY), 0);
	play(&run);
	expect_refusal(&run, 1, "write to stdout: ENOSPC", "");
}

/* ---- --measure ---- */

static void expect_measured(struct run *run, int fd, long blocks_max)
{
	unsigned long bytes, blocks, ns;

	snprintf(run->path, sizeof(run->path), "/proc/self/fd/%d", fd);
	play(run);
	if (run->status || run->err[0] ||
	    sscanf(run->out, "bytes %lu  blocks %lu  nanoseconds %lu\n", &bytes,
		   &blocks, &ns) != 3) {
		SAY("stderr: %s", run->err);
		FAIL("status %d, stdout: %s", run->status, run->out);
	}
	EXPECT_GT(blocks, 0);
	EXPECT_LE(blocks, blocks_max);
	EXPECT_LE(bytes, blocks * 4096);
	EXPECT_GT(bytes, (blocks - blocks / 25 - 1) * 4096);
	EXPECT_GT(ns, 0);
}

/*
 * It reads for its time, more often than once round, or not with --once; the
 * time is printed, and the last of 25 blocks, a short one, counted as it is.
 */
static void measure(void *arg)
{
	struct run round = { arg, { "--measure=20", "--depth=8" } };
	struct run random = { arg, { "--measure=20", "--random", "--depth=3" } };
	struct run once = { arg, { "--measure=60000", "--once" } };
	int fd = new_file();

	fill(fd, 100000);
	expect_measured(&round, fd, LONG_MAX);
	expect_measured(&random, fd, LONG_MAX);
	expect_measured(&once, fd, 25);
	EXPECT_TRUE(strstr(once.out, "bytes 100000  blocks 25  "));
	ASSERT_EQ(0, ftruncate(fd, 0));
	play(&round);
	expect_refusal(&round, 1, "an empty file", "nothing to measure");
}

/* ---- a file that shrinks ---- */

/* Let pid run to the end of its first statx: it knows the size now. */
static int stop_after_statx(pid_t pid)
{
	struct __ptrace_syscall_info info;
	int status, inside = 0;

	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return 0;
	ptrace(PTRACE_SETOPTIONS, pid, NULL,
	       PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	for (;;) {
		ptrace(PTRACE_SYSCALL, pid, NULL, 0);
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			return 0;
		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue;
		if (inside)
			return 1;
		ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);
		inside = info.op == PTRACE_SYSCALL_INFO_ENTRY &&
			 info.entry.nr == __NR_statx;
	}
}

static void be_traced(void)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(126);
}

static void shrink(const struct file_job *r, const char *how, long to)
{
	struct run run = { r, { "--depth=4", how }, .before = be_traced };
	int fd = new_file(), pipes[2];
	pid_t pid;

	fill(fd, 100000);
	snprintf(run.path, sizeof(run.path), "/proc/self/fd/%d", fd);
	pid = start(&run, pipes);
	if (!stop_after_statx(pid))
		SKIP("ptrace is not allowed here");
	ASSERT_EQ(0, ftruncate(fd, to));
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, pid, NULL, 0));
	finish(&run, pid, pipes);
	expect_refusal(&run, 1, "but had 100000 bytes", "when it was opened");
	close(fd);
}

static void shrinking_file(void *arg)
{
	shrink(arg, "--random", 50000);
	shrink(arg, NULL, 0);
	shrink(arg, NULL, 98304);
	skip_without_o_direct();
	shrink(arg, "--direct", 50001);
	shrink(arg, "--direct", 4096);
}

/* ---- a thread that is held ---- */

#ifdef __x86_64__
/* A thread of the program's that has just been made, at its first instruction. */
static pid_t next_thread(pid_t pid)
{
	unsigned long tid;
	int status;

	do {
		ptrace(PTRACE_CONT, pid, NULL, 0);
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			FAIL("the program has ended with %d", status);
	} while (status >> 8 != (SIGTRAP | PTRACE_EVENT_CLONE << 8));
	ASSERT_EQ(0, ptrace(PTRACE_GETEVENTMSG, pid, NULL, &tid));
	ASSERT_EQ(tid, waitpid(tid, &status, __WALL));
	return tid;
}

static void to_next_stop(pid_t tid, enum __ptrace_request how)
{
	int status;

	ASSERT_EQ(0, ptrace(how, tid, NULL, 0));
	ASSERT_EQ(tid, waitpid(tid, &status, __WALL));
	ASSERT_TRUE(WIFSTOPPED(status));
}

static int is_at_system_call(pid_t tid)
{
	long at = ptrace(PTRACE_PEEKUSER, tid, 16 * sizeof(long), 0);	/* rip */

	return (ptrace(PTRACE_PEEKTEXT, tid, at, 0) & 0xffff) == 0x050f;
}

/*
 * Of two threads one is held k instructions behind its first pread64, or before
 * its second one, while the other reads all that is left.  How many it went.
 */
static int hold(struct run *run, int k)
{
	pid_t pid, tid[2];
	int pipes[2], status, n;

	pid = start(run, pipes);
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		SKIP("ptrace is not allowed here");
	ptrace(PTRACE_SETOPTIONS, pid, NULL,
	       PTRACE_O_TRACECLONE | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	for (int i = 0; i < 2; i++)
		tid[i] = next_thread(pid);
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, pid, NULL, 0));
	to_next_stop(tid[0], PTRACE_SYSCALL);
	to_next_stop(tid[0], PTRACE_SYSCALL);
	for (n = 0; n < k && !is_at_system_call(tid[0]); n++)
		to_next_stop(tid[0], PTRACE_SINGLESTEP);
	ASSERT_EQ(0, ptrace(PTRACE_CONT, tid[1], NULL, 0));
	ASSERT_EQ(tid[1], waitpid(tid[1], &status, __WALL));
	ASSERT_TRUE(WIFEXITED(status));
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, tid[0], NULL, 0));
	finish(run, pid, pipes);
	return n;
}

/*
 * It takes its next block in the last instructions before it reads it.  An
 * emulated processor takes a second for each run: then there are fewer.
 */
static void held_thread(void *arg)
{
	enum { MANY = 1000000, LAST = 60 };
	struct run run = { arg, { "--depth=2", "--block=512" },
			   .before = be_traced };
	int fd = new_file(), n;
	char wanted[128];
	time_t end = time(NULL) + 30;

	fill(fd, 4096);
	strcpy(wanted, expected(fd, 512));
	snprintf(run.path, sizeof(run.path), "/proc/self/fd/%d", fd);
	n = hold(&run, MANY);
	EXPECT_STR(wanted, run.out);
	for (int k = n - 1; k >= 0 && k >= n - LAST && time(NULL) < end; k--) {
		hold(&run, k);
		if (strcmp(wanted, run.out))
			FAIL("held %d instructions before its read: %s", n - k,
			     run.out);
	}
}
#else
static void held_thread(void *arg)
{
	(void)arg;
	SKIP("it looks for the instruction of a system call: x86-64 only");
}
#endif

/* ---- what a kernel or a container may refuse ---- */

static int denied, denied_errno;	/* for deny(), in the child */

static void deny(void)
{
	if (filter_call(denied, denied_errno))
		_exit(126);
}

static void refused(void *arg)
{
	const struct file_job *r = arg;
	static const struct {
		const char *program;
		int nr, err;
		const char *word, *remedy;
	} cases[] = {
		{ "native_aio", __NR_io_setup, ENOSYS, "io_setup 8: ENOSYS",
		  "use uring_file or file_threads" },
		{ "native_aio", __NR_io_setup, EPERM, "io_setup 8: EPERM",
		  "use file_threads" },
		{ "libaio", __NR_io_setup, ENOSYS, "io_setup 8: ENOSYS",
		  "use uring_file or file_threads" },
		{ "libaio", __NR_io_setup, EPERM, "io_setup 8: EPERM",
		  "use file_threads" },
		{ "uring_file", __NR_io_uring_setup, ENOSYS,
		  "io_uring_setup 8: ENOSYS", "CONFIG_IO_URING" },
		{ "uring_file", __NR_io_uring_setup, EPERM,
		  "io_uring_setup 8: EPERM", "io_uring_disabled" },
		{ "uring_file", __NR_io_uring_register, ENOMEM,
		  "io_uring_register of 32768 bytes: ENOMEM", "ulimit -l" },
		{ "file_threads", __NR_clone, EAGAIN, "thread 1: EAGAIN",
		  "ulimit -u" },
		{ "posix_aio_glibc", THREAD_CALL, EAGAIN, "aio_read: EAGAIN",
		  "ulimit -u" },
	};
	int fd = new_file(), n = 0;

	fill(fd, 100000);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run run = { r, { NULL }, .before = deny };

		if (strcmp(cases[i].program, r->program))
			continue;
		snprintf(run.path, sizeof(run.path), "/proc/self/fd/%d", fd);
		denied = cases[i].nr;
		denied_errno = cases[i].err;
		play(&run);
		if (run.status == 126)
			SKIP("seccomp is not allowed here");
		expect_refusal(&run, 1, cases[i].word, cases[i].remedy);
		n++;
	}
	EXPECT_GT(n, 0);
}

/* The server on native AIO says the same, before it says that it serves. */
TEST(native_aio_poll_says_when_aio_is_refused)
{
	static const struct file_job r = { NULL, "native_aio_poll", { NULL } };
	struct run run = { &r, { NULL }, "--port=0", .before = deny };

	denied = __NR_io_setup;
	denied_errno = ENOSYS;
	play(&run);
	if (run.status == 126)
		SKIP("seccomp is not allowed here");
	expect_refusal(&run, 1, "io_setup 4096: ENOSYS", "use epoll");
	denied_errno = EAGAIN;
	play(&run);
	expect_refusal(&run, 1, "io_setup 4096: EAGAIN", "fs.aio-max-nr");
	denied = __NR_io_submit;			/* before Linux 4.19 */
	denied_errno = EINVAL;
	play(&run);
	EXPECT_EQ(1, run.status);
	EXPECT_TRUE(strstr(run.err, "IOCB_CMD_POLL needs Linux 4.19"));
}

/* 64 KiB of locked memory, also for root, who may lock without limit. */
static void little_locked_memory(void)
{
	struct rlimit little = { 64 << 10, 64 << 10 };

	prctl(PR_CAPBSET_DROP, CAP_IPC_LOCK, 0, 0, 0);
	setrlimit(RLIMIT_MEMLOCK, &little);
}

/* Registered buffers are locked; 64 of 4 KiB are more than that. */
TEST(uring_file_says_when_memory_may_not_be_locked)
{
	static const struct file_job r = { NULL, "uring_file", { NULL } };
	struct run run = { &r, { "--depth=64" }, .before = little_locked_memory };
	int fd = new_file();

	fill(fd, 300000);
	snprintf(run.path, sizeof(run.path), "/proc/self/fd/%d", fd);
	play(&run);
	expect_refusal(&run, 1, "ENOMEM", "ulimit -l");
}

static long number_in(const char *path)
{
	FILE *f = fopen(path, "re");
	long n = -1;

	if (f && fscanf(f, "%ld", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

/* More than the system has: --depth is cut to the blocks, so the file is big. */
static void too_deep(void *arg)
{
	struct run run = { arg, { "--block=512", "--depth", NULL } };
	long most = number_in("/proc/sys/fs/aio-max-nr");
	int ring = !strcmp(run.r->program, "uring_file");
	char depth[24];
	int fd;

	if (!ring && (most < 0 || most >= 1 << 20))
		SKIP("fs.aio-max-nr is %ld, beyond the largest --depth", most);
	snprintf(depth, sizeof(depth), "%ld", ring ? 32769 : most + 1);
	run.option[2] = depth;
	fd = new_file();
	ASSERT_EQ(0, ftruncate(fd, (most + 40000) * 512));
	snprintf(run.path, sizeof(run.path), "/proc/self/fd/%d", fd);
	play(&run);
	if (ring)
		expect_refusal(&run, 1, "io_uring_setup 32769: EINVAL",
			       "a smaller --depth");
	else
		expect_refusal(&run, 1, "EAGAIN", "fs.aio-max-nr");
}

/* ---- EINTR ---- */

static void need_strace(void)
{
	if (system("strace -o /dev/null true >/dev/null 2>&1"))
		SKIP("no strace, or it may not trace");
}

/*
 * The calls that wait return EINTR, every second time of the first ten; of
 * pread64, which the dynamic loader uses too, of a later ten.
 */
static void interrupted(void *arg)
{
	static const struct { const char *program, *call; } calls[] = {
		{ "file_blocking", "pread64" },
		{ "file_threads", "pread64" },
		{ "native_aio", "io_submit" },
		{ "native_aio", "io_getevents" },
		{ "libaio", "io_submit" },
		{ "libaio", "io_getevents,io_pgetevents" },
		{ "uring_file", "io_uring_enter" },
		{ "posix_aio_glibc", "pread64" },
		{ "posix_aio_glibc", "rt_sigtimedwait" },
		{ "posix_aio_uring", "io_uring_enter" },
		{ "posix_aio_uring", "rt_sigtimedwait" },
	};
	const struct file_job *r = arg;
	int fd = new_file(), n = 0;

	need_strace();
	fill(fd, 100000);
	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct run run = { r, { "--depth=3", "--random", NULL } };
		char inject[96];
		char *const strace[] = { "strace", "-f", "-qq", "-o",
					 "/dev/null", "-e", inject, NULL };

		if (strcmp(calls[i].program, r->program))
			continue;
		snprintf(inject, sizeof(inject),
			 "inject=%s:error=EINTR:when=%s+2", calls[i].call,
			 strcmp(calls[i].call, "pread64") ? "1..10" : "11..20");
		run.wrapper = strace;
		expect_checksum(&run, fd, expected(fd, 4096));
		n++;
	}
	ASSERT_GT(n, 0);
}

/* ---- the system calls that they make ---- */

/* strace's log of a run over 25 blocks, five in flight; malloced. */
static char *log_of(const struct file_job *r)
{
	struct run run = { r, { "--depth=5", NULL } };
	int fd = new_file(), log = new_file();
	char *text = calloc(1, 1 << 20), path[64];
	char *const strace[] = { "strace", "-f", "-qq", "-o", path, NULL };

	need_strace();
	fill(fd, 100000);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), log);
	run.wrapper = strace;
	expect_checksum(&run, fd, expected(fd, 4096));
	ASSERT_GT(pread(log, text, (1 << 20) - 1, 0), 0);
	return text;
}

/* How often the log has this call, begun; what ends a thread is not counted. */
static int calls(const char *log, const char *name)
{
	char begin[64];
	int n = 0;

	snprintf(begin, sizeof(begin), " %s(", name);
	for (; (log = strstr(log, begin)); log++)
		n++;
	return n;
}

/* libaio 0.3.113 may call io_pgetevents instead: the same, with a mask. */
static int calls_either(const char *log, const char *name)
{
	return calls(log, name) + (strcmp(name, "io_getevents") ? 0 :
				   calls(log, "io_pgetevents"));
}

/* The counts that the headers tell, and that the models stand for. */
static void counts(void *arg)
{
	static const struct { const char *job, *call; int n; } wanted[] = {
		{ "file_blocking", "pread64", 25 },
		{ "file_threads", "pread64", 25 },
		{ "file_threads", "clone", 5 },
		/* The page cache has it all: each batch is done at once. */
		{ "native_aio", "io_submit", 5 },
		{ "native_aio", "io_getevents", 5 },
		{ "libaio", "io_submit", 5 },
		{ "libaio", "io_getevents", 5 },
		{ "uring_file", "io_uring_enter", 5 },
		/* After the first: three, two, in each of five rounds. */
		{ "native_aio-batch", "io_submit", 9 },
		{ "native_aio-batch", "io_getevents", 5 },
		{ "libaio-batch", "io_submit", 9 },
		{ "libaio-batch", "io_getevents", 5 },
		{ "uring_file-batch", "io_uring_enter", 9 },
		{ "posix_aio_glibc", THREAD_NAME, 1 },
		{ "posix_aio_glibc-signal", "rt_sigqueueinfo", 25 },
	};
	const struct file_job *r = arg;
	char *log;
	int n = 0;

	if (!strncmp(r->name, "uring", 5) && in_memory(new_file()))
		SKIP("files here are in memory: workers read them");
	log = log_of(r);
	for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		int seen = calls_either(log, wanted[i].call);

		if (strcmp(wanted[i].job, r->name))
			continue;
		if (seen != wanted[i].n)
			FAIL("%s: %d calls, expected %d", wanted[i].call, seen,
			     wanted[i].n);
		n++;
	}
	EXPECT_GT(n, 0);
	free(log);
}

/* glibc reads in a thread of its own; the program's first makes no pread64. */
TEST(posix_aio_glibc_reads_in_another_thread)
{
	static const struct file_job r = { NULL, "posix_aio_glibc", { NULL } };
	char *log = log_of(&r), *line = strstr(log, "openat(");
	int first = atoi(log), n = 0;

	/* From our file on: the loader reads libc with pread64, too. */
	while ((line = strstr(line + 1, "openat("))) {
		if (!strncmp(strchr(line, '"'), "\"/proc/self/fd/", 15))
			break;
	}
	ASSERT_TRUE(line);
	for (; (line = strstr(line, " pread64(")); line++) {
		while (line[-1] != '\n')
			line--;
		EXPECT_NE(first, atoi(line));
		line = strstr(line, " pread64(");
		n++;
	}
	EXPECT_EQ(25, n);
}

/* The first comment of a source file, appended to text. */
static void add_header(char *text, size_t size, const char *path)
{
	FILE *f = fopen(path, "re");
	size_t n = strlen(text);

	if (!f)
		SKIP("%s: not in the folder of the source", path);
	while (n + 1 < size && fgets(text + n, size - n, f) &&
	       strcmp(text + n, " */\n"))
		n += strlen(text + n);
	fclose(f);
}

/* A header names every call that the capture of a freestanding file job has. */
static void header_names_calls(void *arg)
{
	const struct file_job *r = arg;
	const struct program *p = program_find(r->program);
	char header[16384] = "execve exit_group ", path[64];
	char *log = log_of(r);

	snprintf(path, sizeof(path), "%s/%s.c", p->dir, p->name);
	add_header(header, sizeof(header), path);
	add_header(header, sizeof(header), "models/file_job.h");
	for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n")) {
		char name[64];

		if (sscanf(line, "%*d %63[a-z0-9_](", name) == 1 &&
		    !strstr(header, name))
			FAIL("%s does not name %s", path, name);
	}
}

/* ---- posix_aio_glibc: the signal queue is full ---- */

static void no_pending_signals(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_SIGPENDING, &none);
}

TEST(posix_aio_glibc_says_when_no_signal_can_be_queued)
{
	static const struct file_job r = {
		NULL, "posix_aio_glibc", { "--notify=signal", NULL },
	};
	struct run run = { &r, { NULL }, "/etc/passwd",
			   .before = no_pending_signals };

	play(&run);
	expect_refusal(&run, 1, "EAGAIN: no signal could be queued", "ulimit -i");
}

/* Each thread may start one other: the helper's second callback has none. */
TEST(posix_aio_glibc_says_when_no_thread_can_be_started)
{
	static const struct file_job r = {
		NULL, "posix_aio_glibc", { "--notify=thread", NULL },
	};
	char *const strace[] = { "strace", "-f", "-qq", "-o", "/dev/null", "-e",
				 "inject=clone,clone3:error=EAGAIN:when=2+", NULL };
	struct run run = { &r, { NULL }, .wrapper = strace };
	int fd = new_file();

	need_strace();
	fill(fd, 100000);
	snprintf(run.path, sizeof(run.path), "/proc/self/fd/%d", fd);
	play(&run);
	expect_refusal(&run, 1, "no thread could be started", "ulimit -u");
}

/* ---- the list ---- */

void tap_list(void)
{
	static const struct {
		const char *name;
		void (*fn)(void *);
		int once;		/* a program, not each of its variants */
		const char *only;	/* these, each with blanks around it */
	} tests[] = {
		{ "buffered", buffered, 0, NULL },
		{ "direct", direct, 0, NULL },
		{ "any_block", any_block, 0, NULL },
		{ "short_reads", short_reads, 0, NULL },
		{ "measure", measure, 0, NULL },
		{ "checksum_is_sensitive", checksum_is_sensitive, 1, NULL },
		{ "gigabyte", gigabyte, 0, NULL },
		{ "bad_usage", bad_usage, 1, NULL },
		{ "bad_files", bad_files, 1, NULL },
		{ "direct_refused", direct_refused, 1, NULL },
		{ "closed_output", closed_output, 1, NULL },
		{ "shrinking_file", shrinking_file, 0, NULL },
		{ "held_thread", held_thread, 1, " file_threads " },
		{ "refused", refused, 1, " file_threads posix_aio_glibc "
		  "native_aio libaio uring_file " },
		{ "too_deep", too_deep, 1, " native_aio libaio uring_file " },
		{ "interrupted", interrupted, 0, NULL },
		/* Others' counts depend on which thread is faster. */
		{ "counts", counts, 0, " file_blocking file_threads native_aio "
		  "libaio uring_file posix_aio_glibc posix_aio_glibc-signal "
		  "native_aio-batch libaio-batch uring_file-batch " },
		/* libc's start makes calls of its own. */
		{ "header_names_calls", header_names_calls, 1,
		  " file_blocking file_threads native_aio uring_file " },
	};

	for (unsigned i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
		for (unsigned j = 0; j < sizeof(tests) / sizeof(tests[0]); j++) {
			const struct file_job *r = &jobs[i];
			char *name, word[64];

			snprintf(word, sizeof(word), " %s ", r->name);
			if ((tests[j].once && r->option[0]) ||
			    (tests[j].only && !strstr(tests[j].only, word)))
				continue;
			if (asprintf(&name, "%s/%s", r->name, tests[j].name) < 0)
				exit(1);
			tap_add(name, tests[j].fn, (void *)r)->seconds =
				getenv("IOMODELS_SOAK") ? 300 :
				/* 10,000 blocks, for some jobs as many threads */
				tests[j].fn == short_reads ? 180 : 60;
		}
}
