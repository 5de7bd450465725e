/* SPDX-License-Identifier: MIT */
/*
 * native_aio_test.c - what native_aio and native_aio_poll rely on
 *
 * One fact per test.  The completion ring that io_setup maps is read here
 * without any system call: what it holds when io_submit returns says whether
 * io_submit itself did the work.
 */
#include "tap.h"

enum { BLOCK = 4096 };

/* What io_setup maps at the address that it returns: aio_ring of fs/aio.c. */
struct aio_ring {
	unsigned id, nr, head, tail;	/* nr: places; head is ours to move */
	unsigned magic, compat_features, incompat_features, header_length;
	struct io_event events[];
};

static aio_context_t new_context(unsigned n)
{
	aio_context_t ctx = 0;
	long err = sys_io_setup(n, &ctx);

	/* EAGAIN: others have used up fs.aio-max-nr. */
	if (err == -ENOSYS || err == -EPERM || err == -EAGAIN)
		SKIP("io_setup: %s: no native AIO here", errno_name(err));
	ASSERT_EQ(0, err);
	return ctx;
}

/* Completions that nobody has taken yet. */
static unsigned completed(aio_context_t ctx)
{
	struct aio_ring *ring = (struct aio_ring *)ctx;
	unsigned tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);

	return (tail + ring->nr - ring->head) % ring->nr;
}

static struct iocb request(int op, int fd, void *buf, unsigned long len)
{
	return (struct iocb){
		.aio_lio_opcode = op, .aio_fildes = fd,
		.aio_buf = (unsigned long)buf, .aio_nbytes = len,
		.aio_data = 42,
	};
}

static long submit(aio_context_t ctx, struct iocb *cb)
{
	return sys_io_submit(ctx, 1, &cb);
}

/* The result of the one request that is in flight. */
static long result(aio_context_t ctx)
{
	struct io_event ev;

	ASSERT_EQ(1, sys_io_getevents(ctx, 1, 1, &ev, NULL));
	ASSERT_EQ(42, ev.data);
	return ev.res;
}

/* A file without a name, of n blocks, block i full of bytes i. */
static int new_file(int n, int flags)
{
	static char block[BLOCK] __attribute__((aligned(BLOCK)));
	const char *dir = tap_env("TMPDIR");
	int fd = sys_openat(AT_FDCWD, dir ? dir : "/tmp",
			    O_TMPFILE | O_RDWR | flags, 0600);

	if (fd < 0)
		SKIP("no file with these flags in %s: %s", dir ? dir : "/tmp",
		     errno_name(fd));
	for (int i = 0; i < n; i++) {
		memset(block, i, BLOCK);
		ASSERT_EQ(BLOCK, sys_pwrite64(fd, block, BLOCK, i * BLOCK));
	}
	return fd;
}

static long aio_max_nr(void)
{
	char text[32] = "";
	int fd = sys_openat(AT_FDCWD, "/proc/sys/fs/aio-max-nr", O_RDONLY, 0);
	long n = 0;

	if (fd < 0 || sys_read(fd, text, 31) <= 0)
		SKIP("/proc/sys/fs/aio-max-nr cannot be read");
	for (char *s = text; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + *s - '0';
	return n;
}

/* ---- errors ---- */

TEST(setup_errors)
{
	aio_context_t ctx = 0, again = new_context(1);
	long most = aio_max_nr();

	EXPECT_ERR(-EINVAL, sys_io_setup(0, &ctx));
	EXPECT_ERR(-EINVAL, sys_io_setup(1, &again));	/* *ctx must be 0 */
	EXPECT_ERR(-EFAULT, sys_io_setup(1, NULL));
	EXPECT_ERR(-EINVAL, sys_io_setup(1 << 23, &ctx));
	if (most < 1 << 21)
		EXPECT_ERR(-EAGAIN, sys_io_setup(most + 1, &ctx));
	EXPECT_EQ(0, ctx);
	EXPECT_EQ(0, sys_io_destroy(again));
	EXPECT_ERR(-EINVAL, sys_io_destroy(again));
}

/* io_submit stops at the first request that it refuses. */
TEST(submit_errors)
{
	char buf[8];
	aio_context_t ctx = new_context(4);
	int fd = new_file(1, 0);
	struct iocb good = request(IOCB_CMD_PREAD, fd, buf, 8);
	struct iocb bad = good, *both[2] = { &good, &bad };

	EXPECT_EQ(0, sys_io_submit(ctx, 0, both));
	EXPECT_ERR(-EINVAL, sys_io_submit(ctx, -1, both));
	EXPECT_ERR(-EINVAL, sys_io_submit(0, 1, both));
	EXPECT_ERR(-EFAULT, sys_io_submit(ctx, 1, NULL));
	bad.aio_lio_opcode = 99;
	EXPECT_ERR(-EINVAL, submit(ctx, &bad));
	bad = good;
	bad.aio_fildes = 999;
	EXPECT_ERR(-EBADF, submit(ctx, &bad));
	EXPECT_EQ(1, sys_io_submit(ctx, 2, both));
	EXPECT_EQ(8, result(ctx));
	EXPECT_EQ(0, completed(ctx));
}

/* An error of the read itself is a result, not an error of io_submit. */
TEST(read_errors_are_results)
{
	char buf[8];
	aio_context_t ctx = new_context(4);
	struct iocb cb = request(IOCB_CMD_PREAD, new_file(1, 0), NULL, 8);

	EXPECT_EQ(1, submit(ctx, &cb));
	EXPECT_ERR(-EFAULT, result(ctx));
	cb.aio_buf = (unsigned long)buf;
	cb.aio_offset = BLOCK;				/* its end */
	EXPECT_EQ(1, submit(ctx, &cb));
	EXPECT_EQ(0, result(ctx));
}

/* ---- who reads ---- */

/*
 * A buffered read is over when io_submit returns, and in order: the calling
 * thread did it, one request after the other.
 */
TEST(buffered_read_is_done_inside_io_submit)
{
	enum { N = 8 };
	static char buf[N][BLOCK];
	aio_context_t ctx = new_context(N);
	int fd = new_file(N, 0);
	struct iocb cbs[N], *list[N];

	for (int i = 0; i < N; i++) {
		cbs[i] = request(IOCB_CMD_PREAD, fd, buf[i], BLOCK);
		cbs[i].aio_offset = i * BLOCK;
		list[i] = &cbs[i];
	}
	ASSERT_EQ(N, sys_io_submit(ctx, N, list));
	EXPECT_EQ(N, completed(ctx));
	for (int i = 0; i < N; i++)
		EXPECT_EQ(i, buf[i][BLOCK - 1]);
}

/*
 * Under O_DIRECT io_submit leaves the read to the device.  The device could
 * be faster than our look into the ring, but not every time; a tmpfs has no
 * device and reads inside io_submit all the same.
 */
TEST(direct_read_is_not)
{
	static char buf[64][BLOCK] __attribute__((aligned(BLOCK)));
	aio_context_t ctx = new_context(64);
	int fd = new_file(64, O_DIRECT), pending = 0;
	struct iocb cbs[64], *list[64];
	struct io_event ev[64];

	for (int i = 0; i < 64; i++) {
		cbs[i] = request(IOCB_CMD_PREAD, fd, buf[i], BLOCK);
		cbs[i].aio_offset = i * BLOCK;
		list[i] = &cbs[i];
	}
	for (int times = 0; times < 100 && !pending; times++) {
		ASSERT_EQ(64, sys_io_submit(ctx, 64, list));
		pending = completed(ctx) < 64;
		ASSERT_EQ(64, sys_io_getevents(ctx, 64, 64, ev, NULL));
	}
	if (!pending)
		SKIP("no device below the file: a tmpfs?");
	for (int i = 0; i < 64; i++)
		EXPECT_EQ(i, buf[i][BLOCK - 1]);
}

/* ---- the ring that is mapped ---- */

/* The context is an address: completions can be taken without a call. */
TEST(completions_can_be_taken_without_a_call)
{
	char buf[8];
	aio_context_t ctx = new_context(4);
	struct aio_ring *ring = (struct aio_ring *)ctx;
	struct iocb cb = request(IOCB_CMD_PREAD, new_file(1, 0), buf, 8);
	struct timespec none = { 0, 0 };
	struct io_event ev;

	EXPECT_EQ(0xa10a10a1, ring->magic);
	EXPECT_GE(ring->nr, 4);
	ASSERT_EQ(1, submit(ctx, &cb));
	ASSERT_EQ(1, completed(ctx));
	EXPECT_EQ(42, ring->events[ring->head].data);
	EXPECT_EQ(8, ring->events[ring->head].res);
	__atomic_store_n(&ring->head, (ring->head + 1) % ring->nr,
			 __ATOMIC_RELEASE);
	EXPECT_EQ(0, sys_io_getevents(ctx, 0, 1, &ev, &none));
}

TEST(getevents_errors)
{
	aio_context_t ctx = new_context(4);
	struct timespec none = { 0, 0 };
	struct io_event ev;

	EXPECT_EQ(0, sys_io_getevents(ctx, 1, 1, &ev, &none));
	EXPECT_ERR(-EINVAL, sys_io_getevents(ctx, 2, 1, &ev, &none));
	EXPECT_ERR(-EINVAL, sys_io_getevents(ctx, -1, 1, &ev, &none));
	EXPECT_ERR(-EINVAL, sys_io_getevents(0, 1, 1, &ev, &none));
}

TEST(eventfd_counts_completions)
{
	char buf[8];
	unsigned long long n = 0;
	aio_context_t ctx = new_context(4);
	struct iocb cb = request(IOCB_CMD_PREAD, new_file(1, 0), buf, 8);
	int efd = ASSERT_GE(sys_eventfd2(0, 0), 0);

	cb.aio_flags = IOCB_FLAG_RESFD;
	cb.aio_resfd = efd;
	ASSERT_EQ(1, submit(ctx, &cb));
	ASSERT_EQ(1, submit(ctx, &cb));
	ASSERT_EQ(8, sys_read(efd, &n, 8));
	EXPECT_EQ(2, n);
}

/* ---- a sleeping process, and one that wakes it ---- */

/* Until process pid sleeps: field 3 of /proc/PID/stat, after the name. */
static void until_it_sleeps(int pid)
{
	char path[32], text[512];
	struct timespec ms = { 0, 1000000 };

#if __STDC_HOSTED__
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
#else
	format(path, sizeof(path), "/proc/%d/stat", pid);
#endif
	for (;;) {
		int fd = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
		long n = sys_read(fd, text, sizeof(text) - 1);
		char *s = text;

		sys_close(fd);
		if (n <= 0)
			sys_exit_group(1);
		text[n] = 0;
		while (*s && *s != ')')
			s++;
		if (*s && s[2] == 'S')
			return;
		sys_nanosleep(&ms, NULL);
	}
}

/*
 * A read of a socket waits inside io_submit: when that returns, the data that
 * the child sent to the sleeping parent is there, and the completion.
 */
TEST(socket_read_waits_inside_io_submit)
{
	char buf[8] = "";
	aio_context_t ctx = new_context(4);
	int s[2], parent = sys_getpid();
	struct iocb cb;

	ASSERT_EQ(0, sys_socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	cb = request(IOCB_CMD_PREAD, s[0], buf, 8);
	if (!sys_clone_fork()) {
		until_it_sleeps(parent);
		sys_write(s[1], "w", 1);
		sys_exit_group(0);
	}
	ASSERT_EQ(1, submit(ctx, &cb));
	EXPECT_EQ(1, completed(ctx));
	EXPECT_EQ('w', buf[0]);
	EXPECT_EQ(1, result(ctx));
}

/* With O_NONBLOCK it does not wait, and tells EAGAIN: no asynchrony either. */
TEST(nonblocking_socket_read_is_eagain)
{
	char buf[8];
	aio_context_t ctx = new_context(4);
	struct iocb cb;
	int s[2];

	ASSERT_EQ(0, sys_socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s));
	cb = request(IOCB_CMD_PREAD, s[0], buf, 8);
	ASSERT_EQ(1, submit(ctx, &cb));
	EXPECT_EQ(1, completed(ctx));
	EXPECT_ERR(-EAGAIN, result(ctx));
}

static void on_usr1(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)info, (void)context;
}

/* A signal handler ends io_getevents, whatever SA_RESTART says. */
TEST(getevents_is_not_restarted)
{
	struct kernel_sigaction act = {
		.handler = on_usr1, .flags = SA_SIGINFO | SA_RESTART,
	};
	aio_context_t ctx = new_context(4);
	int parent = sys_getpid();
	struct io_event ev;

#ifdef SIGNAL_RETURN
	act.flags |= SA_RESTORER;
	act.restorer = SIGNAL_RETURN;
#endif
	ASSERT_EQ(0, sys_rt_sigaction(SIGUSR1, &act, NULL));
	if (!sys_clone_fork()) {
		until_it_sleeps(parent);
		if (sys_getppid() == parent)	/* or its number is another's */
			sys_kill(parent, SIGUSR1);
		sys_exit_group(0);
	}
	EXPECT_ERR(-EINTR, sys_io_getevents(ctx, 1, 1, &ev, NULL));
}

/* ---- IOCB_CMD_POLL ---- */

FIXTURE(poll) {
	aio_context_t ctx;
	struct iocb cb;
	int s[2];
};

FIXTURE_SETUP(poll)
{
	self->ctx = new_context(4);
	ASSERT_EQ(0, sys_socketpair(AF_UNIX, SOCK_STREAM, 0, self->s));
	self->cb = request(IOCB_CMD_POLL, self->s[0], NULL, 0);
	self->cb.aio_buf = POLLIN;
}

FIXTURE_TEARDOWN(poll)
{
	sys_io_destroy(self->ctx);
}

/*
 *   submit   write   write   submit
 *     |        |       |       |
 *            event   nothing  event: it asks "is it ready?"
 */
TEST_F(poll, is_one_shot)
{
	struct timespec none = { 0, 0 };
	struct io_event ev;

	ASSERT_EQ(1, submit(self->ctx, &self->cb));
	EXPECT_EQ(0, sys_io_getevents(self->ctx, 0, 1, &ev, &none));
	ASSERT_EQ(1, sys_write(self->s[1], "w", 1));
	EXPECT_TRUE(result(self->ctx) & POLLIN);
	ASSERT_EQ(1, sys_write(self->s[1], "w", 1));
	EXPECT_EQ(0, sys_io_getevents(self->ctx, 0, 1, &ev, &none));
	ASSERT_EQ(1, submit(self->ctx, &self->cb));
	EXPECT_EQ(1, completed(self->ctx));
	EXPECT_EQ(POLLIN, result(self->ctx));
}

/* POLLHUP and POLLERR are reported without being asked for. */
TEST_F(poll, tells_a_hangup)
{
	ASSERT_EQ(1, submit(self->ctx, &self->cb));
	ASSERT_EQ(0, sys_close(self->s[1]));
	EXPECT_TRUE(result(self->ctx) & POLLHUP);
}

TEST_F(poll, errors)
{
	self->cb.aio_offset = 1;
	EXPECT_ERR(-EINVAL, submit(self->ctx, &self->cb));
	self->cb.aio_offset = 0;
	self->cb.aio_nbytes = 1;
	EXPECT_ERR(-EINVAL, submit(self->ctx, &self->cb));
	self->cb.aio_nbytes = 0;
	self->cb.aio_rw_flags = 1;
	EXPECT_ERR(-EINVAL, submit(self->ctx, &self->cb));
}

/* A file is always ready, as ppoll has it too; epoll_ctl would refuse it. */
TEST_F(poll, a_file_is_always_ready)
{
	self->cb.aio_fildes = new_file(1, 0);
	ASSERT_EQ(1, submit(self->ctx, &self->cb));
	EXPECT_EQ(POLLIN, result(self->ctx));
}

/* io_cancel says EINPROGRESS and the completion comes as any other. */
TEST_F(poll, can_be_cancelled)
{
	struct io_event ev;

	ASSERT_EQ(1, submit(self->ctx, &self->cb));
	EXPECT_ERR(-EINPROGRESS, sys_io_cancel(self->ctx, &self->cb, &ev));
	EXPECT_EQ(0, result(self->ctx));
	EXPECT_ERR(-EINVAL, sys_io_cancel(self->ctx, &self->cb, &ev));
}

/* io_destroy does not wait for an event that will not come. */
TEST_F(poll, ends_with_its_context)
{
	ASSERT_EQ(1, submit(self->ctx, &self->cb));
	EXPECT_EQ(0, sys_io_destroy(self->ctx));
}
