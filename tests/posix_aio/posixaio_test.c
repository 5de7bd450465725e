/* SPDX-License-Identifier: MIT */
/*
 * posixaio_test.c - POSIX AIO: what a program relies on (with libc)
 *
 * Compiled four times: posixaio_test is linked with glibc's functions,
 * posixaio_ours_test with libposixaio's, and so are the two that refuse some of
 * its ways (ways.h).  What glibc gets wrong is skipped there, with what it does
 * instead.
 */
#include <aio.h>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/loop.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include "ways.h"

/* ---- helpers ---- */

static struct aiocb request(int fd, void *buf, size_t len, off_t offset)
{
	return (struct aiocb){
		.aio_fildes = fd, .aio_buf = buf, .aio_nbytes = len,
		.aio_offset = offset, .aio_sigevent.sigev_notify = SIGEV_NONE,
	};
}

static ssize_t finished(struct aiocb *cb)
{
	const struct aiocb *list[] = { cb };

	while (aio_error(cb) == EINPROGRESS)
		aio_suspend(list, 1, NULL);
	return aio_return(cb);
}

/* One that has failed before: a result that nobody writes shows. */
static struct aiocb used(int fd, void *buf, size_t len, off_t offset)
{
	struct aiocb cb = request(12345, buf, 1, offset);

	ASSERT_EQ(0, aio_write(&cb));
	ASSERT_EQ(-1, finished(&cb));
	ASSERT_EQ(EBADF, aio_error(&cb));
	cb.aio_fildes = fd;
	cb.aio_nbytes = len;
	return cb;
}

/* A file without a name, of n bytes 'a', 'b', ...; on a disk. */
static int file_of(size_t n, int flags)
{
	int fd = open(".", O_TMPFILE | O_RDWR | flags, 0600);
	static char bytes[1 << 18] __attribute__((aligned(4096)));

	if (fd < 0)
		fd = open("/tmp", O_TMPFILE | O_RDWR | flags, 0600);
	if (fd < 0 && errno == EINVAL)
		SKIP("this file system has no O_DIRECT");
	ASSERT_GE(fd, 0);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = 'a' + i % 26;
	ASSERT_EQ(n, pwrite(fd, bytes, n, 0));
	return fd;
}

static void pair(int s[2])
{
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
}

static int threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *e;
	int n = 0;

	ASSERT_TRUE(dir);
	while ((e = readdir(dir)))
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* Does another thread of this process read?  If it stays there, it waits. */
static int someone_reads(void)
{
	DIR *dir = opendir("/proc/self/task");
	char path[300];
	struct dirent *e;
	int found = 0;
	long nr;
	FILE *f;

	ASSERT_TRUE(dir);
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.' || atoi(e->d_name) == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%s/syscall",
			 e->d_name);
		f = fopen(path, "r");
		if (!f && errno == ENOENT)
			continue;	/* the thread has ended */
		if (!f)
			SKIP("%s: %s", path, errno_name(errno));
		found |= fscanf(f, "%ld", &nr) == 1 &&
			 (nr == SYS_read || nr == SYS_readv);
		fclose(f);
	}
	closedir(dir);
	return found;
}

/* There are threads of the pool, and each of them waits for work. */
static int pool_is_idle(void)
{
	DIR *dir = opendir("/proc/self/task");
	int found = 0, busy = 0;
	char path[300], name[32];
	struct dirent *e;
	FILE *f;

	ASSERT_TRUE(dir);
	while ((e = readdir(dir))) {
		unsigned long word, op, value = 1;
		long nr = -1;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm",
			 e->d_name);
		f = fopen(path, "r");
		*name = 0;
		if (f) {
			fgets(name, sizeof(name), f);
			fclose(f);
		}
		if (strcmp(name, "posixaio-pool\n"))
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%s/syscall",
			 e->d_name);
		f = fopen(path, "r");
		if (!f && errno == ENOENT)
			continue;	/* the thread has ended */
		if (!f)
			SKIP("%s: %s", path, errno_name(errno));
		/* While it waits for the lock, the value is another. */
		if (fscanf(f, "%ld %lx %lx %lx", &nr, &word, &op, &value) != 4)
			nr = -1;
		fclose(f);
		found = 1;
		busy |= nr != SYS_futex || value;
	}
	closedir(dir);
	return found && !busy;
}

static char direct_buf[64][4096] __attribute__((aligned(4096)));

/* ---- reading and writing ---- */

/* What was written is read back, from where it was written. */
TEST(read_and_write)
{
	int fd = file_of(8192, 0);
	char in[100] = "", out[] = "written";
	struct aiocb w = request(fd, out, 7, 5000), r;

	ASSERT_EQ(0, aio_write(&w));
	EXPECT_EQ(7, finished(&w));
	r = request(fd, in, 9, 4999);
	ASSERT_EQ(0, aio_read(&r));
	EXPECT_EQ(9, finished(&r));
	EXPECT_EQ(0, memcmp(in + 1, "written", 7));
}

/* At the end of the file a read is short, beyond it empty. */
TEST(the_end_of_a_file)
{
	int fd = file_of(8192, 0);
	char in[100];
	struct aiocb r = request(fd, in, 100, 8152);

	ASSERT_EQ(0, aio_read(&r));
	EXPECT_EQ(40, finished(&r));
	r = request(fd, in, 100, 9000);
	ASSERT_EQ(0, aio_read(&r));
	EXPECT_EQ(0, finished(&r));
}

/*
 * Past the page cache: 64 reads at once, each gets its own block.  While one is
 * in flight, aio_return does not claim that it has read anything.
 */
TEST(direct_reads)
{
	int fd = file_of(1 << 18, O_DIRECT);
	struct aiocb cb[64];

	for (int i = 0; i < 64; i++) {
		ssize_t early;

		cb[i] = request(fd, direct_buf[i], 4096, i * 4096L);
		ASSERT_EQ(0, aio_read(&cb[i]));
		early = aio_return(&cb[i]);
		if (aio_error(&cb[i]) == EINPROGRESS)
			EXPECT_EQ(0, early);
	}
	for (int i = 63; i >= 0; i--) {
		EXPECT_EQ(4096, finished(&cb[i]));
		EXPECT_EQ('a' + i * 4096 % 26, direct_buf[i][0]);
	}
}

/* A file that is only in memory, as on tmpfs. */
TEST(memory_file)
{
	int fd = memfd_create("m", 0);
	char in[8] = "";
	struct aiocb cb = request(fd, "memory", 6, 0);

	ASSERT_EQ(0, aio_write(&cb));
	EXPECT_EQ(6, finished(&cb));
	cb = request(fd, in, 6, 0);
	ASSERT_EQ(0, aio_read(&cb));
	EXPECT_EQ(6, finished(&cb));
	EXPECT_EQ(0, strcmp(in, "memory"));
}

/* Writes with O_APPEND land in the order of the calls. */
static void append_in_order(int n, int flags)
{
	int fd = file_of(0, O_APPEND | flags);
	char out[200], in[200];
	struct aiocb cb[200];

	for (int i = 0; i < n; i++) {
		out[i] = i;
		cb[i] = request(fd, &out[i], 1, 0);
		ASSERT_EQ(0, aio_write(&cb[i]));
	}
	for (int i = 0; i < n; i++)
		EXPECT_EQ(1, finished(&cb[i]));
	EXPECT_EQ(n, pread(fd, in, n, 0));
	EXPECT_EQ(0, memcmp(in, out, n));
}

TEST(append_in_order)
{
	append_in_order(200, 0);
	append_in_order(50, O_DSYNC);		/* each waits for the disk */
}

/* So do writes to a pipe and reads from it. */
TEST(pipe_in_order)
{
	char out[100], in[100];
	struct aiocb w[100], r[100];
	int p[2];

	ASSERT_EQ(0, pipe(p));
	for (int i = 0; i < 100; i++) {
		out[i] = i;
		r[i] = request(p[0], &in[i], 1, 0);
		ASSERT_EQ(0, aio_read(&r[i]));
	}
	for (int i = 0; i < 100; i++) {
		w[i] = request(p[1], &out[i], 1, 0);
		ASSERT_EQ(0, aio_write(&w[i]));
	}
	for (int i = 0; i < 100; i++) {
		EXPECT_EQ(1, finished(&w[i]));
		EXPECT_EQ(1, finished(&r[i]));
	}
	EXPECT_EQ(0, memcmp(in, out, 100));
}

/*
 * One that was O_DIRECT a moment ago and is read through the page cache now,
 * where a part is and a part is not, is read whole.
 */
TEST(a_number_is_direct_no_more)
{
	enum { SIZE = 65536 };
	static char buf[SIZE] __attribute__((aligned(4096)));
	int fd = file_of(SIZE, O_DIRECT), flags;
	struct aiocb r = request(fd, buf, 4096, 0);

	ASSERT_EQ(0, aio_read(&r));
	ASSERT_EQ(4096, finished(&r));
	flags = fcntl(fd, F_GETFL);
	ASSERT_EQ(0, fcntl(fd, F_SETFL, flags & ~O_DIRECT));
	ASSERT_EQ(0, fsync(fd));
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	ASSERT_EQ(4096, pread(fd, buf, 4096, 0));
	r = request(fd, buf, SIZE, 0);
	ASSERT_EQ(0, aio_read(&r));
	EXPECT_EQ(SIZE, finished(&r));
}

/*
 * A descriptor's number that was a file a moment ago, buffered or O_DIRECT, is
 * read in order when it is a pipe.
 */
TEST(a_number_becomes_a_pipe)
{
	static const int of_file[] = { O_DIRECT, O_DIRECT, 0 };
	static const int of_pipe[] = { O_DIRECT, 0, 0 };

	for (int which = 0; which < 3; which++) {
		int fd = file_of(8192, of_file[which]), p[2];
		struct aiocb a, b;
		char x, y;

		for (int i = 0; i < 3; i++) {
			a = request(fd, direct_buf[0], 4096, 0);
			ASSERT_EQ(0, aio_read(&a));
			ASSERT_EQ(4096, finished(&a));
		}
		ASSERT_EQ(0, pipe(p));
		ASSERT_EQ(0, fcntl(p[0], F_SETFL, of_pipe[which]));
		ASSERT_EQ(fd, dup2(p[0], fd));
		/* An offset that would be behind the end of a file. */
		a = request(fd, &x, 1, 1 << 20);
		b = request(fd, &y, 1, 0);
		ASSERT_EQ(0, aio_read(&a));
		ASSERT_EQ(0, aio_read(&b));
		EXPECT_EQ(EINPROGRESS, aio_error(&a));
		ASSERT_EQ(1, write(p[1], "x", 1));
		ASSERT_EQ(1, write(p[1], "y", 1));
		EXPECT_EQ(1, finished(&a));
		EXPECT_EQ(1, finished(&b));
		EXPECT_EQ('x', x);
		EXPECT_EQ('y', y);
		close(fd);
		close(p[0]);
		close(p[1]);
	}
}

/* A blocking write to a stream takes all its bytes before it completes. */
TEST(long_write_to_a_socket)
{
	static char out[4 << 20], in[4 << 20];
	struct aiocb cb;
	size_t have = 0;
	int s[2];

	pair(s);
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = i * 31 >> 3;
	cb = request(s[0], out, sizeof(out), 0);
	ASSERT_EQ(0, aio_write(&cb));
	while (have < sizeof(in)) {
		ssize_t n = read(s[1], in + have, sizeof(in) - have);

		ASSERT_GE(n, 1);
		have += n;
	}
	EXPECT_EQ(sizeof(out), finished(&cb));
	EXPECT_EQ(0, memcmp(in, out, sizeof(in)));
}

/* ---- errors ---- */

/* The call reports a wrong priority; aio_error reports other mistakes. */
TEST(errors)
{
	int fd = file_of(10, 0), p[2];
	char buf[10];
	struct aiocb cb = request(fd, buf, 10, 0);

	cb.aio_reqprio = -1;
	EXPECT_EQ(-1, aio_read(&cb));
	EXPECT_EQ(EINVAL, errno);
	cb = request(fd, buf, 10, -5);
	ASSERT_EQ(0, aio_read(&cb));
	EXPECT_EQ(-1, finished(&cb));
	EXPECT_EQ(EINVAL, aio_error(&cb));
	cb = request(fd, buf, 10, -5);
	ASSERT_EQ(0, aio_write(&cb));
	EXPECT_EQ(-1, finished(&cb));
	EXPECT_EQ(EINVAL, aio_error(&cb));
	cb = request(12345, buf, 10, 0);
	ASSERT_EQ(0, aio_write(&cb));
	EXPECT_EQ(-1, finished(&cb));
	EXPECT_EQ(EBADF, aio_error(&cb));
	ASSERT_EQ(0, pipe(p));
	cb = request(p[1], buf, 10, 0);		/* its write end */
	ASSERT_EQ(0, aio_read(&cb));
	EXPECT_EQ(-1, finished(&cb));
	EXPECT_EQ(EBADF, aio_error(&cb));
	for (int i = 0; i < 2; i++) {		/* what cannot seek, too */
		cb = request(p[i], buf, 10, -1);
		ASSERT_EQ(0, i ? aio_write(&cb) : aio_read(&cb));
		EXPECT_EQ(-1, finished(&cb));
		EXPECT_EQ(EINVAL, aio_error(&cb));
	}
	cb = request(fd, (void *)16, 10, 0);
	ASSERT_EQ(0, aio_read(&cb));
	EXPECT_EQ(-1, finished(&cb));
	EXPECT_EQ(EFAULT, aio_error(&cb));
	EXPECT_EQ(-1, aio_fsync(77, &cb));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, aio_suspend(&(const struct aiocb *){ &cb }, -1, NULL));
	EXPECT_EQ(EINVAL, errno);
}

/* ---- aio_fsync ---- */

/*
 * A long write in flight: an fsync waits for it, and so does a read of its last
 * byte, though the file has that byte only when the write is almost over.
 */
TEST(behind_a_long_write)
{
	enum { LONG = 64 << 20 };
	char *bytes = malloc(LONG), last = 0;
	int fd = memfd_create("m", 0);
	struct aiocb w, f, r;

	if (!bytes || fd < 0)
		SKIP("no memory");
	memset(bytes, 'w', LONG);
	ASSERT_EQ(0, ftruncate(fd, LONG));
	w = request(fd, bytes, LONG, 0);
	f = request(fd, NULL, 0, 0);
	r = request(fd, &last, 1, LONG - 1);
	ASSERT_EQ(0, aio_write(&w));
	ASSERT_EQ(0, aio_read(&r));
	ASSERT_EQ(0, aio_fsync(O_SYNC, &f));
	EXPECT_EQ(0, finished(&f));
	EXPECT_EQ(0, aio_error(&w));
	EXPECT_EQ(1, finished(&r));
	EXPECT_EQ('w', last);
}

/* So does a read of what a write with O_APPEND puts behind the file's end. */
TEST(behind_a_long_append)
{
	enum { LONG = 64 << 20 };
	char *bytes = malloc(LONG), last = 0;
	int fd = memfd_create("m", 0);
	struct aiocb w, r;

	if (!bytes || fd < 0)
		SKIP("no memory");
	memset(bytes, 'w', LONG);
	ASSERT_EQ(1, write(fd, "1", 1));
	ASSERT_EQ(0, fcntl(fd, F_SETFL, O_APPEND));
	w = request(fd, bytes, LONG, 0);
	r = request(fd, &last, 1, LONG);
	ASSERT_EQ(0, aio_write(&w));
	ASSERT_EQ(0, aio_read(&r));
	EXPECT_EQ(1, finished(&r));
	EXPECT_EQ('w', last);
	EXPECT_EQ(LONG, finished(&w));
}

/* Both kinds, after a write in flight on the same descriptor. */
TEST(fsync)
{
	int fd = file_of(0, 0);
	struct aiocb w = request(fd, "x", 1, 0), f = request(fd, NULL, 0, 0);

	ASSERT_EQ(0, aio_write(&w));
	ASSERT_EQ(0, aio_fsync(O_SYNC, &f));
	EXPECT_EQ(0, finished(&f));
	EXPECT_EQ(0, aio_error(&w));
	EXPECT_EQ(1, aio_return(&w));
	ASSERT_EQ(0, aio_fsync(O_DSYNC, &f));
	EXPECT_EQ(0, finished(&f));
}

static volatile sig_atomic_t caught;
static int caught_code;
static void *caught_value;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	caught_code = info->si_code;
	caught_value = info->si_value.sival_ptr;
	caught++;
}

static void handle(int sig)
{
	struct sigaction act = { .sa_sigaction = on_signal,
				 .sa_flags = SA_SIGINFO };

	caught = 0;
	ASSERT_EQ(0, sigaction(sig, &act, NULL));
#ifdef TSAN
	/* gcc 12's library loses a signal that comes during a thread's first call
	 * that can sleep, in which it takes memory to note signals in. */
	poll(NULL, 0, 0);
#endif
}

/*
 * Writes to where the file has no blocks would wait in io_submit and are tried
 * again, all at once more than the kernel has room for in one context.
 */
TEST(many_writes_that_are_tried_again)
{
	enum { N = IS_OURS ? 1000 : 100 };	/* glibc: one after the other */
	static struct aiocb r[N];
	int fd = file_of(4096, O_DIRECT);

	ASSERT_EQ(0, ftruncate(fd, N * 8192L));
	for (int i = 0; i < N; i++) {
		r[i] = request(fd, direct_buf[0], 4096, i * 8192L);
		ASSERT_EQ(0, aio_write(&r[i]));
	}
	for (int i = 0; i < N; i++)
		ASSERT_EQ(4096, finished(&r[i]));
}

/* Behind O_DIRECT writes that nobody looks at, told by a signal. */
TEST(fsync_after_direct_writes)
{
	int fd = file_of(1 << 16, O_DIRECT);
	struct aiocb w[8], f = request(fd, NULL, 0, 0);
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 8; i++) {
		w[i] = request(fd, direct_buf[i], 4096, i * 4096);
		ASSERT_EQ(0, aio_write(&w[i]));
	}
	f.aio_sigevent.sigev_notify = SIGEV_SIGNAL;
	f.aio_sigevent.sigev_signo = SIGRTMIN;
	ASSERT_EQ(0, aio_fsync(O_SYNC, &f));
	EXPECT_EQ(SIGRTMIN, sigwaitinfo(&set, NULL));
	EXPECT_EQ(0, aio_error(&f));
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(0, aio_error(&w[i]));
}

/*
 * The library gives no request with a notification to native AIO.  Such a read with
 * O_DIRECT must not be in a ring: if the ring breaks, the disk may still write to
 * the buffer after the request has ended.
 */
TEST(direct_reads_are_in_no_ring)
{
	int fd = file_of(1 << 16, O_DIRECT);
	struct aiocb r = request(fd, direct_buf[0], 4096, 4096);
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	r.aio_sigevent.sigev_notify = SIGEV_SIGNAL;
	r.aio_sigevent.sigev_signo = SIGRTMIN;
	ASSERT_EQ(0, aio_read(&r));
	EXPECT_EQ(SIGRTMIN, sigwaitinfo(&set, NULL));
	EXPECT_EQ(4096, finished(&r));
	EXPECT_EQ(0, ring_thread(getpid()));
}

/* ---- notification ---- */

/* One signal for each request, with its value and SI_ASYNCIO. */
TEST(signals)
{
	int fd = file_of(100, 0), s[2];
	char buf[10];
	struct aiocb cb = request(fd, buf, 10, 0);

	handle(SIGRTMIN + 1);
	cb.aio_sigevent.sigev_notify = SIGEV_SIGNAL;
	cb.aio_sigevent.sigev_signo = SIGRTMIN + 1;
	cb.aio_sigevent.sigev_value.sival_ptr = &cb;
	ASSERT_EQ(0, aio_read(&cb));
	while (!caught)
		poll(NULL, 0, 1);
	EXPECT_EQ(SI_ASYNCIO, caught_code);
	EXPECT_EQ(&cb, caught_value);
	EXPECT_EQ(0, aio_error(&cb));
	EXPECT_EQ(10, aio_return(&cb));
	pair(s);
	cb.aio_fildes = s[0];
	ASSERT_EQ(0, aio_read(&cb));
	ASSERT_EQ(5, write(s[1], "hello", 5));
	while (caught < 2)
		poll(NULL, 0, 1);
	EXPECT_EQ(0, aio_error(&cb));
	EXPECT_EQ(5, aio_return(&cb));
}

/* A signal that does not exist is an error, reported when the I/O is done. */
TEST(signals_that_do_not_exist)
{
	static const int wrong[] = { -1, NSIG, 1000, INT_MIN };
	int fd = file_of(100, 0), s[2];
	char buf[10];

	pair(s);
	for (int i = 0; i < 8; i++) {
		struct aiocb cb = request(i & 1 ? s[0] : fd, buf, 10, 0);

		cb.aio_sigevent.sigev_notify = SIGEV_SIGNAL;
		cb.aio_sigevent.sigev_signo = wrong[i / 2];
		ASSERT_EQ(0, aio_read(&cb));
		ASSERT_EQ(2, write(s[1], "ok", 2));
		EXPECT_EQ(-1, finished(&cb));
		EXPECT_EQ(EINVAL, aio_error(&cb));
		if (!(i & 1))
			ASSERT_EQ(2, read(s[0], buf, 10));
	}
}

static int called;
static pthread_t called_in;

static void on_call(sigval_t value)
{
	__atomic_store_n(&called_in, pthread_self(), __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&called, value.sival_int, __ATOMIC_SEQ_CST);
}

/* A callback in another thread, for what is in memory and what is waited for. */
TEST(callbacks)
{
	int fd = file_of(100, 0), s[2];
	char buf[10];
	struct aiocb cb = request(fd, buf, 10, 0);

	cb.aio_sigevent.sigev_notify = SIGEV_THREAD;
	cb.aio_sigevent.sigev_notify_function = on_call;
	cb.aio_sigevent.sigev_value.sival_int = 1;
	ASSERT_EQ(0, aio_read(&cb));
	while (__atomic_load_n(&called, __ATOMIC_SEQ_CST) < 1)
		poll(NULL, 0, 1);
	EXPECT_TRUE(!pthread_equal(called_in, pthread_self()));
	pair(s);
	cb.aio_fildes = s[0];
	ASSERT_EQ(0, aio_read(&cb));
	ASSERT_EQ(5, write(s[1], "hello", 5));
	while (__atomic_load_n(&called, __ATOMIC_SEQ_CST) < 2)
		poll(NULL, 0, 1);
	EXPECT_EQ(5, aio_return(&cb));
}

/* How many signals are queued for this user's processes. */
static int signals_pending(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	int n = 0;

	ASSERT_TRUE(f);
	while (fgets(line, sizeof(line), f) &&
	       sscanf(line, "SigQ: %d", &n) != 1)
		;
	fclose(f);
	return n;
}

/* The room for signals is shared by all processes of a user: be the only one. */
static void be_another_user(void)
{
	if (!getuid() && setuid(1000000 + getpid()))
		printf("# other processes of root take room, too\n");
}

/*
 * The process may have four signals queued (RLIMIT_SIGPENDING), and takes none
 * for a while.  All requests end nevertheless, and all are notified in the end:
 * reads of what is in memory, reads of a socket, writes, and a list.
 */
TEST(signals_wait_for_room)
{
	enum { N = 40 };
	struct rlimit usual, few;
	struct timespec patience = { .tv_sec = 3 };
	int fd = file_of(100, 0), s[2], seen[N + 1] = { 0 };
	struct aiocb cb[N], *list[2];
	struct sigevent all = { .sigev_notify = SIGEV_SIGNAL,
				.sigev_signo = SIGRTMIN,
				.sigev_value.sival_int = N };
	char buf[N][8];
	siginfo_t info;
	sigset_t set;

	GLIBC_CANNOT("the request fails without a notification");
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	be_another_user();
	ASSERT_EQ(0, getrlimit(RLIMIT_SIGPENDING, &usual));
	few = usual;
	few.rlim_cur = signals_pending() + 4;
	ASSERT_EQ(0, setrlimit(RLIMIT_SIGPENDING, &few));
	pair(s);
	for (int i = 0; i < N; i++) {
		cb[i] = request(i % 3 ? fd : s[0], buf[i], 1, i);
		cb[i].aio_lio_opcode = LIO_READ;
		cb[i].aio_sigevent.sigev_notify = SIGEV_SIGNAL;
		cb[i].aio_sigevent.sigev_signo = SIGRTMIN;
		cb[i].aio_sigevent.sigev_value.sival_int = i;
		if (i < N - 2)
			ASSERT_EQ(0, (i % 3 == 1 ? aio_write : aio_read)(&cb[i]));
		else
			list[i - (N - 2)] = &cb[i];
	}
	ASSERT_EQ(0, lio_listio(LIO_NOWAIT, list, 2, &all));
	for (int i = 0; i < N; i += 3)
		ASSERT_EQ(1, write(s[1], "x", 1));
	for (int i = 0; i < N; i++)
		EXPECT_EQ(1, finished(&cb[i]));
	for (int i = 0; i <= N; i++) {
		if (sigtimedwait(&set, &info, &patience) != SIGRTMIN) {
			/* Another of the user's processes has the room. */
			setrlimit(RLIMIT_SIGPENDING, &usual);
			if (sigtimedwait(&set, &info, &patience) != SIGRTMIN)
				FAIL("%d signals of %d", i, N + 1);
		}
		EXPECT_EQ(SI_ASYNCIO, info.si_code);
		seen[info.si_value.sival_int]++;
	}
	for (int i = 0; i <= N; i++)
		EXPECT_EQ(1, seen[i]);
}

/* There is room for one at a time: they come in the order of the requests. */
TEST(signals_that_wait_keep_their_order)
{
	enum { N = 10 };
	struct rlimit usual, few;
	struct timespec patience = { .tv_sec = 3 };
	int fd = file_of(100, 0);
	struct aiocb cb[N];
	siginfo_t info;
	sigset_t set;
	char buf[N];

	GLIBC_CANNOT("the request fails without a notification");
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	be_another_user();
	ASSERT_EQ(0, getrlimit(RLIMIT_SIGPENDING, &usual));
	few = usual;
	few.rlim_cur = signals_pending() + 1;
	ASSERT_EQ(0, setrlimit(RLIMIT_SIGPENDING, &few));
	for (int i = 0; i < N; i++) {
		cb[i] = request(fd, &buf[i], 1, i);
		cb[i].aio_sigevent.sigev_notify = SIGEV_SIGNAL;
		cb[i].aio_sigevent.sigev_signo = SIGRTMIN;
		cb[i].aio_sigevent.sigev_value.sival_int = i;
		ASSERT_EQ(0, aio_read(&cb[i]));
		EXPECT_EQ(1, finished(&cb[i]));
	}
	for (int i = 0; i < N; i++) {
		if (sigtimedwait(&set, &info, &patience) != SIGRTMIN) {
			/* Another of the user's processes has the room. */
			setrlimit(RLIMIT_SIGPENDING, &usual);
			if (sigtimedwait(&set, &info, &patience) != SIGRTMIN)
				FAIL("%d signals of %d", i, N);
		}
		EXPECT_EQ(i, info.si_value.sival_int);
	}
}

/* A callback without a thread is called when there is one. */
TEST(callbacks_wait_for_a_thread)
{
	int fd = file_of(100, 0), s[2];
	pthread_attr_t attr;
	struct aiocb cb[2], next;
	char buf[3][8];

	GLIBC_CANNOT("nobody is called");
	pair(s);
	ASSERT_EQ(0, pthread_attr_init(&attr));
	ASSERT_EQ(0, pthread_attr_setdetachstate(&attr,
						 PTHREAD_CREATE_DETACHED));
	ASSERT_EQ(0, pthread_attr_setstacksize(&attr, 1UL << 56));
	for (int i = 0; i < 2; i++) {
		cb[i] = request(i ? s[0] : fd, buf[i], 8, 0);
		cb[i].aio_sigevent.sigev_notify = SIGEV_THREAD;
		cb[i].aio_sigevent.sigev_notify_function = on_call;
		cb[i].aio_sigevent.sigev_notify_attributes = &attr;
		cb[i].aio_sigevent.sigev_value.sival_int = 1;
		ASSERT_EQ(0, aio_read(&cb[i]));
	}
	ASSERT_EQ(8, write(s[1], "12345678", 8));
	EXPECT_EQ(8, finished(&cb[0]));
	EXPECT_EQ(8, finished(&cb[1]));
	/* Another request ends: the pool has heard of this one, and has tried. */
	next = request(s[0], buf[2], 8, 0);
	ASSERT_EQ(0, aio_read(&next));
	ASSERT_EQ(1, write(s[1], "x", 1));
	EXPECT_EQ(1, finished(&next));
	while (!pool_is_idle())
		sched_yield();
	EXPECT_EQ(0, __atomic_load_n(&called, __ATOMIC_SEQ_CST));
	ASSERT_EQ(0, pthread_attr_setstacksize(&attr, 1 << 20));
	while (__atomic_load_n(&called, __ATOMIC_SEQ_CST) < 2)
		poll(NULL, 0, 1);
}

/* ---- aio_suspend ---- */

/* One of several is enough; NULL entries count for nothing. */
TEST(suspend)
{
	char buf[2][8];
	struct aiocb cb[2];
	const struct aiocb *list[] = { &cb[0], NULL, &cb[1] };
	struct timespec soon = { .tv_nsec = 10000000 };
	int s[2][2];

	for (int i = 0; i < 2; i++) {
		pair(s[i]);
		cb[i] = request(s[i][0], buf[i], 8, 0);
		ASSERT_EQ(0, aio_read(&cb[i]));
	}
	EXPECT_EQ(-1, aio_suspend(list, 3, &soon));
	EXPECT_EQ(EAGAIN, errno);
	ASSERT_EQ(1, write(s[1][1], "x", 1));
	EXPECT_EQ(0, aio_suspend(list, 3, NULL));
	EXPECT_EQ(EINPROGRESS, aio_error(&cb[0]));
	EXPECT_EQ(0, aio_error(&cb[1]));
	EXPECT_EQ(0, aio_suspend(list + 1, 1, NULL));
}

/* A negative timeout is over at once; when a request is done, no timeout
 * matters. */
TEST(suspend_for_a_wrong_time)
{
	static const struct timespec wrong[] = {
		{ -1, 0 }, { 0, -1 }, { 0, 1000000000 }, { 0, LONG_MAX },
		{ LONG_MIN, LONG_MIN },
	};
	char buf[2];
	struct aiocb cb = request(file_of(100, 0), buf, 1, 0), waits;
	const struct aiocb *done[] = { &cb }, *none[] = { &waits };
	int s[2];

	ASSERT_EQ(0, aio_read(&cb));
	ASSERT_EQ(1, finished(&cb));
	pair(s);
	waits = request(s[0], &buf[1], 1, 0);
	ASSERT_EQ(0, aio_read(&waits));
	/* glibc is aborted by the last two. */
	for (int i = 0; i < (IS_OURS ? 5 : 3); i++) {
		EXPECT_EQ(0, aio_suspend(done, 1, &wrong[i]));
		EXPECT_EQ(-1, aio_suspend(none, 1, &wrong[i]));
		EXPECT_EQ(EAGAIN, errno);
	}
}

/* A signal's handler ends it; one that comes too early comes again. */
TEST(suspend_is_interrupted)
{
	struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
	struct aiocb cb;
	const struct aiocb *list[] = { &cb };
	char buf[8];
	int s[2];

	handle(SIGALRM);
	pair(s);
	cb = request(s[0], buf, 8, 0);
	ASSERT_EQ(0, aio_read(&cb));
	setitimer(ITIMER_REAL, &often, NULL);
	EXPECT_EQ(-1, aio_suspend(list, 1, NULL));
	EXPECT_EQ(EINTR, errno);
}

static struct aiocb *in_handler;

static void suspend_handler(int sig)
{
	const struct aiocb *list[] = { in_handler };

	(void)sig;
	while (aio_error(in_handler) == EINPROGRESS)
		aio_suspend(list, 1, NULL);
	caught++;
}

/* A byte from go to s, each time: in another thread, a little later. */
static void *relays(void *arg)
{
	int *fds = arg;
	char c;

	while (read(fds[0], &c, 1) == 1 && write(fds[1], &c, 1) == 1)
		;
	return NULL;
}

/* In a handler that interrupts any of the library's functions. */
TEST_TIMEOUT(suspend_in_a_handler, 20)
{
	struct itimerval often = { { 0, 500 }, { 0, 500 } };
	int fd = file_of(1 << 16, O_DIRECT), s[2], go[2], relay[2];
	struct aiocb cb = request(fd, direct_buf[0], 4096, 0), other;
	pthread_t t;
	sigset_t all;

	GLIBC_CANNOT("a mutex that the interrupted thread holds");
	in_handler = &other;
	pair(s);
	ASSERT_EQ(0, pipe(go));
	relay[0] = go[0];
	relay[1] = s[1];
	sigfillset(&all);		/* the handler is for this thread */
	sigprocmask(SIG_BLOCK, &all, NULL);
	ASSERT_EQ(0, pthread_create(&t, NULL, relays, relay));
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	signal(SIGALRM, suspend_handler);
	for (int i = 0; i < 300; i++) {
		/* In turns a file's read and a socket's. */
		other = i & 1 ? request(fd, direct_buf[1], 4096, 8192)
			      : request(s[0], direct_buf[1], 1, 0);
		ASSERT_EQ(0, aio_read(&other));
		if (!(i & 1))
			ASSERT_EQ(1, write(go[1], "x", 1));
		setitimer(ITIMER_REAL, &often, NULL);
		ASSERT_EQ(0, aio_read(&cb));
		EXPECT_EQ(4096, finished(&cb));
		setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
		ASSERT_GE(finished(&other), 1);
	}
}

static int suspender;			/* its thread id */

/* Until the thread, which tells its id, sleeps in the kernel. */
static void wait_until_asleep(int *tid)
{
	char path[64], line[256], *state;
	FILE *f;

	for (;; sched_yield()) {
		snprintf(path, sizeof(path), "/proc/self/task/%d/stat",
			 __atomic_load_n(tid, __ATOMIC_SEQ_CST));
		f = fopen(path, "r");
		state = f && fgets(line, sizeof(line), f) ?
			strrchr(line, ')') : NULL;
		if (f)
			fclose(f);
		if (state && state[2] == 'S')
			return;
	}
}

static void *suspends(void *arg)
{
	const struct aiocb *list[] = { arg };

	__atomic_store_n(&suspender, (int)gettid(), __ATOMIC_SEQ_CST);
	aio_suspend(list, 1, NULL);
	return NULL;
}

/* A thread is cancelled in it. */
TEST(suspend_is_a_cancellation_point)
{
	struct aiocb cb;
	char buf[8];
	pthread_t t;
	void *result;
	int s[2];

	pair(s);
	cb = request(s[0], buf, 8, 0);
	ASSERT_EQ(0, aio_read(&cb));
	ASSERT_EQ(0, pthread_create(&t, NULL, suspends, &cb));
	wait_until_asleep(&suspender);
	ASSERT_EQ(0, pthread_cancel(t));
	ASSERT_EQ(0, pthread_join(t, &result));
	EXPECT_EQ(PTHREAD_CANCELED, result);
	ASSERT_EQ(2, write(s[1], "ok", 2));
	EXPECT_EQ(2, finished(&cb));
}

/* By each thread; glibc reads one at a time, the pool has a thread for each, and
 * the disk may be slow. */
enum { DIRECT_READS = IS_OURS && REFUSED < 2 ? 2000 : 200 };

static void *reads_direct(void *arg)
{
	int fd = *(int *)arg;
	char *buf = aligned_alloc(4096, 4096);

	for (int i = 0; i < DIRECT_READS; i++) {
		struct aiocb cb = request(fd, buf, 4096, i % 16 * 4096);

		ASSERT_EQ(0, aio_read(&cb));
		ASSERT_EQ(4096, finished(&cb));
		ASSERT_EQ('a' + i % 16 * 4096 % 26, buf[0]);
	}
	free(buf);
	return NULL;
}

/* Many threads wait at once, each for its own. */
TEST_TIMEOUT(many_threads_wait, 30)
{
	int fd = file_of(1 << 16, O_DIRECT);
	pthread_t t[8];

	for (int i = 0; i < 8; i++)
		ASSERT_EQ(0, pthread_create(&t[i], NULL, reads_direct, &fd));
	for (int i = 0; i < 8; i++)
		ASSERT_EQ(0, pthread_join(t[i], NULL));
}

static void *polls_direct(void *arg)
{
	int fd = *(int *)arg;
	char *buf = aligned_alloc(4096, 4096);

	for (int i = 0; i < DIRECT_READS; i++) {
		struct aiocb cb = request(fd, buf, 4096, i % 16 * 4096);

		ASSERT_EQ(0, aio_read(&cb));
		while (aio_error(&cb) == EINPROGRESS)
			sched_yield();
		ASSERT_EQ(4096, aio_return(&cb));
	}
	free(buf);
	return NULL;
}

/*
 * Some threads sleep for their requests, others only ask, and an fsync goes on:
 * a thread that asks ends what others sleep for.
 */
TEST_TIMEOUT(some_wait_and_some_ask, 30)
{
	int fd = file_of(1 << 16, O_DIRECT);
	struct aiocb cb = request(fd, NULL, 0, 0);
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&t[i], NULL, i & 1 ? polls_direct :
					    reads_direct, &fd));
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(0, aio_fsync(O_DSYNC, &cb));
		ASSERT_EQ(0, finished(&cb));
	}
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_join(t[i], NULL));
}

/* ---- lio_listio ---- */

/* LIO_WAIT returns when all are done; one that failed is EIO. */
TEST(listio_wait)
{
	int fd = file_of(1 << 18, O_DIRECT), s[2];
	struct aiocb cb[40], *list[41];

	for (int i = 0; i < 40; i++) {
		cb[i] = request(fd, direct_buf[i], 4096, i * 4096L);
		cb[i].aio_lio_opcode = LIO_READ;
		list[i] = &cb[i];
	}
	list[40] = NULL;
	ASSERT_EQ(0, lio_listio(LIO_WAIT, list, 41, NULL));
	for (int i = 0; i < 40; i++) {
		EXPECT_EQ(0, aio_error(&cb[i]));
		EXPECT_EQ(4096, aio_return(&cb[i]));
		EXPECT_EQ('a' + i * 4096 % 26, direct_buf[i][0]);
	}
	/* Mixed: a socket's, the file's, and a bad one. */
	pair(s);
	ASSERT_EQ(1, write(s[1], "x", 1));
	cb[0].aio_fildes = s[0];
	EXPECT_EQ(0, lio_listio(LIO_WAIT, list, 10, NULL));
	EXPECT_EQ(1, aio_return(&cb[0]));
	cb[3].aio_fildes = -1;
	ASSERT_EQ(1, write(s[1], "x", 1));
	EXPECT_EQ(-1, lio_listio(LIO_WAIT, list, 10, NULL));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(EBADF, aio_error(&cb[3]));
	EXPECT_EQ(-1, lio_listio(77, list, 10, NULL));
	EXPECT_EQ(EINVAL, errno);
}

static struct aiocb listed[4];
static int listed_enough;

static void *asks_for_listed(void *unused)
{
	(void)unused;
	while (!__atomic_load_n(&listed_enough, __ATOMIC_RELAXED))
		for (int i = 0; i < 4; i++)
			aio_error(&listed[i]);
	return NULL;
}

/* Another thread asks, and so ends, what LIO_WAIT waits for: it hears of it. */
TEST_TIMEOUT(listio_wait_while_another_asks, 30)
{
	int fd = file_of(1 << 16, O_DIRECT);
	struct aiocb *list[4];
	pthread_t t;

#ifdef TSAN
	SKIP("ThreadSanitizer: aio_error looks at a request that is being made");
#endif
	for (int i = 0; i < 4; i++) {
		listed[i] = request(fd, direct_buf[i % 2], 4096, i * 4096);
		listed[i].aio_lio_opcode = LIO_READ;
		list[i] = &listed[i];
	}
	ASSERT_EQ(0, pthread_create(&t, NULL, asks_for_listed, NULL));
	for (int i = 0; i < 500; i++)
		ASSERT_EQ(0, lio_listio(LIO_WAIT, list, 4, NULL));
	__atomic_store_n(&listed_enough, 1, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(t, NULL));
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(4096, aio_return(&listed[i]));
}

/* LIO_NOWAIT signals once for the list, and for each that asks for it. */
TEST(listio_nowait)
{
	int fd = file_of(8192, 0);
	char buf[4][10];
	struct aiocb cb[4], *list[4];
	struct sigevent sigev = {
		.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN,
		.sigev_value.sival_ptr = list,
	};

	handle(SIGRTMIN);
	for (int i = 0; i < 4; i++) {
		cb[i] = request(fd, buf[i], 10, i * 10);
		cb[i].aio_lio_opcode = LIO_WRITE;
		list[i] = &cb[i];
	}
	ASSERT_EQ(0, lio_listio(LIO_NOWAIT, list, 4, &sigev));
	while (!caught)
		poll(NULL, 0, 1);
	EXPECT_EQ(list, caught_value);
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(0, aio_error(&cb[i]));
		cb[i].aio_lio_opcode = LIO_READ;
	}
	called = 0;
	sigev.sigev_notify = SIGEV_THREAD;
	sigev.sigev_notify_function = on_call;
	sigev.sigev_notify_attributes = NULL;
	sigev.sigev_value.sival_int = 3;
	ASSERT_EQ(0, lio_listio(LIO_NOWAIT, list, 4, &sigev));
	while (__atomic_load_n(&called, __ATOMIC_SEQ_CST) < 3)
		poll(NULL, 0, 1);
}

/* Ended by a signal it leaves nothing behind that the requests would touch. */
TEST(listio_interrupted)
{
	struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
	static struct aiocb cb;
	struct aiocb *list[] = { &cb };
	char buf[8];
	int s[2];

	GLIBC_CANNOT("waiters on the stack, written to later");
	handle(SIGALRM);
	pair(s);
	for (int i = 0; i < 3; i++) {
		cb = request(s[0], buf, 8, 0);
		cb.aio_lio_opcode = LIO_READ;
		setitimer(ITIMER_REAL, &often, NULL);
		EXPECT_EQ(-1, lio_listio(LIO_WAIT, list, 1, NULL));
		EXPECT_EQ(EINTR, errno);
		EXPECT_EQ(EINPROGRESS, aio_error(&cb));
		ASSERT_EQ(2, write(s[1], "ok", 2));
		EXPECT_EQ(2, finished(&cb));
	}
}

/* ---- aio_cancel ---- */

/* What is done is done; what waits behind another is cancelled. */
TEST(cancel)
{
	static char big[8 << 20];
	struct aiocb cb[3];
	char buf[8];
	int s[2], fd = file_of(100, 0);

	cb[0] = request(fd, buf, 8, 0);
	ASSERT_EQ(0, aio_read(&cb[0]));
	finished(&cb[0]);
	EXPECT_EQ(AIO_ALLDONE, aio_cancel(fd, &cb[0]));
	EXPECT_EQ(AIO_ALLDONE, aio_cancel(fd, NULL));
	EXPECT_EQ(-1, aio_cancel(-1, NULL));
	EXPECT_EQ(EBADF, errno);
	pair(s);
	for (int i = 0; i < 3; i++) {
		cb[i] = request(s[0], big, sizeof(big), 0);
		ASSERT_EQ(0, aio_write(&cb[i]));
	}
	ASSERT_EQ(1, read(s[1], buf, 1));	/* the first has started */
	EXPECT_EQ(AIO_CANCELED, aio_cancel(s[0], &cb[2]));
	EXPECT_EQ(ECANCELED, aio_error(&cb[2]));
	EXPECT_EQ(-1, aio_return(&cb[2]));
	EXPECT_EQ(AIO_NOTCANCELED, aio_cancel(s[0], NULL));
	EXPECT_EQ(ECANCELED, aio_error(&cb[1]));
}

/* A read that waits for a pipe, a socket, or is just about to. */
TEST(cancel_a_blocked_read)
{
	struct aiocb cb;
	char buf[8];
	int s[2], p[2];

	GLIBC_CANNOT("see cancel_a_read_in_a_thread");
	pair(s);
	ASSERT_EQ(0, pipe(p));
	for (int i = 0; i < 200; i++) {
		int fd = i & 1 ? s[0] : p[0];

		cb = request(fd, buf, 8, 0);
		ASSERT_EQ(0, aio_read(&cb));
		if (i & 2)
			sched_yield();
		EXPECT_EQ(AIO_CANCELED, aio_cancel(fd, i & 4 ? NULL : &cb));
		EXPECT_EQ(ECANCELED, aio_error(&cb));
	}
	ASSERT_EQ(2, write(s[1], "ok", 2));
	cb = request(s[0], buf, 8, 0);
	ASSERT_EQ(0, aio_read(&cb));
	EXPECT_EQ(2, finished(&cb));
}

/* glibc: what a thread waits for cannot be cancelled, goes on, and loses
 * nothing. */
TEST(cancel_a_read_in_a_thread)
{
	struct aiocb cb[3];
	char buf[3][8];
	int s[2];

	if (IS_OURS)
		SKIP("libposixaio cancels such a read: see cancel_a_blocked_read");
	pair(s);
	for (int i = 0; i < 3; i++)
		cb[i] = request(s[0], buf[i], 8, 0);
	ASSERT_EQ(0, aio_read(&cb[0]));
	ASSERT_EQ(2, write(s[1], "go", 2));
	ASSERT_EQ(2, finished(&cb[0]));
	ASSERT_EQ(0, aio_read(&cb[0]));
	while (!someone_reads())
		;
	ASSERT_EQ(0, aio_read(&cb[1]));		/* behind the first */
	ASSERT_EQ(0, aio_read(&cb[2]));
	EXPECT_EQ(AIO_NOTCANCELED, aio_cancel(s[0], &cb[0]));
	EXPECT_EQ(EINPROGRESS, aio_error(&cb[0]));
	EXPECT_EQ(AIO_CANCELED, aio_cancel(s[0], &cb[1]));
	EXPECT_EQ(ECANCELED, aio_error(&cb[1]));
	EXPECT_EQ(AIO_NOTCANCELED, aio_cancel(s[0], NULL));
	EXPECT_EQ(ECANCELED, aio_error(&cb[2]));
	ASSERT_EQ(2, write(s[1], "ok", 2));
	EXPECT_EQ(2, finished(&cb[0]));
	EXPECT_EQ('o', buf[0][0]);
}

/* Pages of memory that the process has. */
static long pages(void)
{
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	char text[64] = "";

	ASSERT_GT(read(fd, text, sizeof(text) - 1), 0);
	close(fd);
	return atol(text);
}

/*
 * A read that has ended when it is cancelled, which the library's thread has not
 * seen yet: that one shares our processor, and does not run before we sleep
 * (SCHED_BATCH).  Nothing is used up.
 */
TEST_TIMEOUT(cancel_a_read_that_has_ended, 90)
{
	enum { ROUNDS = 2000, SLACK = 32 };	/* pages: of 400 requests */
	struct aioinit few = { .aio_threads = 8 };	/* they have stacks */
	struct sched_param none = { 0 };
	long before = 0;
	struct aiocb cb;
	cpu_set_t cpu;
	char byte;
	int s[2];

	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(cpu), &cpu));
	aio_init(&few);
	pair(s);
	for (int i = 0; i < ROUNDS; i++) {
		if (!i)			/* a new thread is like its maker */
			sched_setscheduler(0, SCHED_BATCH, &none);
		cb = request(s[0], &byte, 1, 0);
		ASSERT_EQ(0, aio_read(&cb));
		if (!i)
			sched_setscheduler(0, SCHED_OTHER, &none);
		sched_yield();		/* it goes to sleep */
		ASSERT_EQ(1, write(s[1], "x", 1));
		aio_cancel(s[0], &cb);
		if (finished(&cb) < 0)
			ASSERT_EQ(1, read(s[0], &byte, 1));
		if (i == ROUNDS / 2)
			before = pages();
	}
#ifndef TSAN				/* its own memory is counted, too */
	EXPECT_LT(pages() - before, SLACK);
#else
	(void)before;
#endif
}

static void read_all(int fd, char *buf, ssize_t len)
{
	for (ssize_t n; len; len -= n, buf += n) {
		n = read(fd, buf, len);
		ASSERT_GT(n, 0);
	}
}

/* A write to fd, whose other end is `reads`, is cancelled in the middle. */
static void write_in_part(int reads, int fd)
{
	static char big[3 << 20], got[200000];
	struct aiocb cb = request(fd, big, sizeof(big), 0);
	ssize_t n;

	ASSERT_EQ(0, aio_write(&cb));
	read_all(reads, got, sizeof(got));
	ASSERT_EQ(EINPROGRESS, aio_error(&cb));
	EXPECT_EQ(AIO_NOTCANCELED, aio_cancel(fd, &cb));
	n = finished(&cb);
	EXPECT_EQ(0, aio_error(&cb));
	EXPECT_GE(n, sizeof(got));
	close(fd);
	for (ssize_t left = n - sizeof(got); left >= 0; left -= n) {
		n = read(reads, got, sizeof(got));
		if (!n) {
			EXPECT_EQ(0, left);
			break;
		}
	}
	close(reads);
}

/*
 * A write of which the peer has read a part is cancelled: what was taken is
 * the result.  At any moment: while the rest waits, or is on its way.
 */
TEST_TIMEOUT(cancel_a_write_in_the_middle, 60)
{
	int s[2];

	GLIBC_CANNOT("the write goes on, in a thread");
	for (int i = 0; i < 100; i++) {
		if (i & 1)
			ASSERT_EQ(0, pipe(s));
		else
			pair(s);
		write_in_part(s[0], s[1]);
	}
}

/* The same in a process that gets no more descriptor. */
TEST_TIMEOUT(cancel_a_write_without_descriptors, 60)
{
	int s[20][2];

	GLIBC_CANNOT("the write goes on, in a thread");
	for (int i = 0; i < 20; i++)
		pair(s[i]);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 1, 1 }));
	for (int i = 0; i < 20; i++)
		write_in_part(s[i][0], s[i][1]);
}

/* A write of which nothing was taken yet goes on when it is cancelled, and so
 * does one that is never cancelled beside one that is. */
TEST_TIMEOUT(cancel_a_write_that_has_not_begun, 60)
{
	static char big[300000], got[sizeof(big)];
	int full[2], other[2];
	struct aiocb cb, untouched;
	ssize_t n, all = 0;

	memset(big, 'x', sizeof(big));
	pair(full);
	pair(other);
	while ((n = send(full[0], big, sizeof(big), MSG_DONTWAIT)) > 0)
		all += n;
	cb = request(full[0], big, sizeof(big), 0);
	untouched = request(other[0], big, sizeof(big), 0);
	ASSERT_EQ(0, aio_write(&cb));
	ASSERT_EQ(0, aio_write(&untouched));
	read_all(other[1], got, 1000);
	/* On a busy machine no thread may have taken it yet. */
	while (aio_cancel(full[0], &cb) == AIO_CANCELED) {
		EXPECT_EQ(-1, aio_return(&cb));
		ASSERT_EQ(0, aio_write(&cb));
		sched_yield();
	}
	for (int i = 0; i < 10; i++) {
		EXPECT_EQ(AIO_NOTCANCELED, aio_cancel(full[0], &cb));
		EXPECT_EQ(EINPROGRESS, aio_error(&cb));
		sched_yield();
	}
	read_all(other[1], got, sizeof(big) - 1000);
	EXPECT_EQ(sizeof(big), finished(&untouched));
	for (; all > (ssize_t)sizeof(got); all -= sizeof(got))
		read_all(full[1], got, sizeof(got));
	read_all(full[1], got, all);
	/* The ring has given a part, when the rest is stopped. */
	read_all(full[1], got, 1);
	shutdown(full[1], SHUT_RD);
	EXPECT_GE(finished(&cb), 1);
}

/* Returns when the request before it is where it waits: in the kernel. */
static void wait_until_it_waits(void)
{
	struct aiocb cb;
	char byte;
	int s[2];

	if (streams_have_a_ring()) {
		pair(s);
		cb = request(s[0], &byte, 1, 0);
		ASSERT_EQ(0, aio_read(&cb));
		ASSERT_EQ(1, write(s[1], "x", 1));
		ASSERT_EQ(1, finished(&cb));
		return;
	}
	while (!someone_reads())
		sched_yield();
}

/* Of two reads of a socket one ends; the other waits, and is cancelled. */
TEST(cancel_the_second_of_two_reads)
{
	struct aiocb cb[2];
	char in[2], c = 'c';
	int s[2];

	GLIBC_CANNOT("see cancel_a_read_in_a_thread");
	for (int i = 0; i < 20; i++) {
		pair(s);
		for (int j = 0; j < 2; j++) {
			cb[j] = request(s[0], &in[j], 1, 0);
			ASSERT_EQ(0, aio_read(&cb[j]));
		}
		ASSERT_EQ(1, write(s[1], &c, 1));
		EXPECT_EQ(1, finished(&cb[0]));
		EXPECT_EQ('c', in[0]);
		if (i & 1)
			wait_until_it_waits();
		EXPECT_EQ(EINPROGRESS, aio_error(&cb[1]));
		EXPECT_EQ(AIO_CANCELED, aio_cancel(s[0], &cb[1]));
		EXPECT_EQ(ECANCELED, aio_error(&cb[1]));
		EXPECT_EQ(-1, aio_return(&cb[1]));
		close(s[0]);
		close(s[1]);
	}
}

/* A socket whose read was cancelled is no more in use: its peer sees the end. */
TEST(cancel_then_close)
{
	struct aiocb cb;
	char byte;
	int s[2];

	GLIBC_CANNOT("see cancel_a_read_in_a_thread");
	pair(s);
	cb = request(s[0], &byte, 1, 0);
	ASSERT_EQ(0, aio_read(&cb));
	wait_until_it_waits();
	ASSERT_EQ(AIO_CANCELED, aio_cancel(s[0], &cb));
	close(s[0]);
	EXPECT_EQ(0, read(s[1], &byte, 1));
}

enum { PIPE, TERMINAL, SOCKET, FIFO, FIFO_END, STREAM_KINDS };

/* A stream to read, and its other end.  Each kind has a number of its own: the
 * library remembers for a while what a number is. */
static void make_stream(int kind, int *reads, int *writes)
{
	char name[] = "/tmp/posixaio.XXXXXX";
	int s[2];

	if (kind == PIPE) {
		ASSERT_EQ(0, pipe(s));
	} else if (kind == TERMINAL) {
		s[1] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
		ASSERT_GE(s[1], 0);
		ASSERT_EQ(0, unlockpt(s[1]));
		s[0] = open(ptsname(s[1]), O_RDWR | O_NOCTTY | O_CLOEXEC);
	} else if (kind == SOCKET) {
		pair(s);
	} else {
		ASSERT_TRUE(mkdtemp(name));
		ASSERT_EQ(0, rmdir(name));
		ASSERT_EQ(0, mkfifo(name, 0600));
		s[1] = open(name, O_RDWR | O_CLOEXEC);
		s[0] = open(name, O_CLOEXEC |
			    (kind == FIFO ? O_RDWR : O_RDONLY));
		unlink(name);
	}
	*reads = fcntl(s[0], F_DUPFD_CLOEXEC, 100 + kind);
	*writes = s[1];
	ASSERT_GE(*reads, 0);
	ASSERT_GE(*writes, 0);
	close(s[0]);
}

/* A terminal, and a FIFO that is only read, have a thread, also beside a ring. */
static void wait_until_this_waits(int kind)
{
	if (kind != TERMINAL && kind != FIFO_END)
		wait_until_it_waits();
	else
		while (!someone_reads())
			sched_yield();
}

enum { CLOSED, REPLACED, REPLACED_BY_IDLE };	/* a number, by a pipe */

/*
 * The number of a descriptor is closed, or becomes another file's, while a read
 * waits: it reads from the first file, and takes nothing from the other.  Nor does
 * it wait for the other, in which there may be nothing to read.
 */
static void read_and_leave(int kind, int how)
{
	int reads, writes, p[2];
	char line[8] = "", other = 0;
	struct aiocb cb;

	make_stream(kind, &reads, &writes);
	ASSERT_EQ(0, pipe(p));
	cb = request(reads, line, 2, 0);
	ASSERT_EQ(0, aio_read(&cb));
	wait_until_this_waits(kind);
	if (how != REPLACED_BY_IDLE)
		ASSERT_EQ(1, write(p[1], "p", 1));
	if (how == CLOSED)
		close(reads);
	else
		ASSERT_EQ(reads, dup2(p[0], reads));
	/* The read holds the first file. */
	ASSERT_EQ(2, write(writes, "s\n", 2));
	EXPECT_EQ(2, finished(&cb));
	EXPECT_EQ('s', line[0]);
	if (how == REPLACED_BY_IDLE)
		ASSERT_EQ(1, write(p[1], "p", 1));
	ASSERT_EQ(1, read(how == CLOSED ? p[0] : reads, &other, 1));
	EXPECT_EQ('p', other);
	close(writes);
	close(p[0]);
	close(p[1]);
	if (how != CLOSED)
		close(reads);
}

TEST(closed_while_a_read_waits)
{
	for (int kind = 0; kind < STREAM_KINDS; kind++)
		read_and_leave(kind, CLOSED);
}

TEST(a_number_is_another_file_while_a_read_waits)
{
	for (int kind = 0; kind < STREAM_KINDS; kind++)
		read_and_leave(kind, REPLACED);
}

TEST(a_number_is_an_idle_file_while_a_read_waits)
{
	for (int kind = 0; kind < STREAM_KINDS; kind++)
		read_and_leave(kind, REPLACED_BY_IDLE);
}

/* Cancelled after that, a read takes nothing from the other file; which perhaps
 * cannot be read. */
static void cancel_another_file(int can_be_read)
{
	int reads, writes, p[2];
	struct aiocb cb;
	char line[8];

	GLIBC_CANNOT("see cancel_a_read_in_a_thread");
	for (int kind = 0; kind < FIFO_END; kind++) {
		make_stream(kind, &reads, &writes);
		ASSERT_EQ(0, pipe(p));
		cb = request(reads, line, 2, 0);
		ASSERT_EQ(0, aio_read(&cb));
		wait_until_this_waits(kind);
		ASSERT_EQ(1, write(p[1], "p", 1));
		ASSERT_EQ(reads, dup2(p[!can_be_read], reads));
		EXPECT_EQ(AIO_CANCELED, aio_cancel(reads, &cb));
		EXPECT_EQ(ECANCELED, aio_error(&cb));
		ASSERT_EQ(1, read(p[0], line, 1));
		EXPECT_EQ('p', line[0]);
		close(reads);
		close(writes);
		close(p[0]);
		close(p[1]);
	}
}

TEST(cancel_a_read_whose_number_is_another_file)
{
	cancel_another_file(1);
}

TEST(cancel_a_read_whose_number_cannot_be_read)
{
	cancel_another_file(0);
}

/* Where a thread reads and there is no room for its signal, the read goes on. */
TEST(cancel_without_room_for_a_signal)
{
	struct rlimit none = { 0, 0 };
	struct aiocb cb;
	char line[2];
	int s[2], answer;

	GLIBC_CANNOT("see cancel_a_read_in_a_thread");
	pair(s);
	cb = request(s[0], line, 2, 0);
	ASSERT_EQ(0, aio_read(&cb));
	wait_until_it_waits();
	ASSERT_EQ(0, setrlimit(RLIMIT_SIGPENDING, &none));
	answer = aio_cancel(s[0], &cb);
	if (answer == AIO_CANCELED) {
		EXPECT_EQ(ECANCELED, aio_error(&cb));
		return;
	}
	EXPECT_EQ(AIO_NOTCANCELED, answer);
	ASSERT_EQ(2, write(s[1], "ok", 2));
	EXPECT_EQ(2, finished(&cb));
	EXPECT_EQ('o', line[0]);
}

static int fd_of_callback;
static char got_by_callback[8];

static void read_in_callback(sigval_t value)
{
	pread(fd_of_callback, got_by_callback, 4, 0);
	sem_post(value.sival_ptr);
}

/*
 * While a read waits, its program gets descriptors of its own: later requests are
 * on these, and the read goes on.  `unshares` makes them.
 */
static void descriptors_of_its_own(int (*unshares)(void))
{
	int s[2], p[2], old = file_of(4, 0), at, new;
	struct aiocb cb, wait, other;
	struct aiocb *list[2] = { &cb, &other };
	char in[2], byte[2], buf[4];
	sem_t was_called;

	cb = request(old, "once", 4, 0);
	ASSERT_EQ(0, aio_write(&cb));
	ASSERT_EQ(4, finished(&cb));
	pair(s);
	wait = request(s[0], in, 2, 0);
	ASSERT_EQ(0, aio_read(&wait));
	wait_until_it_waits();
	if (unshares())
		SKIP("no descriptors of its own: %s", errno_name(errno));
	/* A number that is only here, and one that was another file's. */
	at = old;
	close(old);
	new = file_of(4, 0);
	ASSERT_EQ(at, new);
	new = fcntl(new, F_DUPFD_CLOEXEC, 700);
	for (int i = 0; i < 20; i++) {
		cb = request(i & 1 ? at : new, i & 2 ? "more" : "less", 4, 0);
		ASSERT_EQ(0, aio_write(&cb));
		ASSERT_EQ(4, finished(&cb));
		ASSERT_EQ(4, pread(at, buf, 4, 0));
		EXPECT_EQ(i & 2 ? 'm' : 'l', buf[0]);
	}
	cb = request(new, NULL, 0, 0);
	ASSERT_EQ(0, aio_fsync(O_SYNC, &cb));
	EXPECT_EQ(0, finished(&cb));
	ASSERT_EQ(0, pipe(p));
	cb = request(p[0], byte, 1, 0);
	ASSERT_EQ(0, aio_read(&cb));
	other = request(p[0], byte + 1, 1, 0);	/* behind it */
	ASSERT_EQ(0, aio_read(&other));
	ASSERT_EQ(2, write(p[1], "xy", 2));
	EXPECT_EQ(1, finished(&cb));
	EXPECT_EQ(1, finished(&other));
	EXPECT_EQ('x', byte[0]);
	EXPECT_EQ('y', byte[1]);
	cb = request(new, "list", 4, 0);
	cb.aio_lio_opcode = LIO_WRITE;
	other = request(p[1], "z", 1, 0);
	other.aio_lio_opcode = LIO_WRITE;
	EXPECT_EQ(0, lio_listio(LIO_WAIT, list, 2, NULL));
	EXPECT_EQ(1, read(p[0], byte, 1));
	ASSERT_EQ(0, sem_init(&was_called, 0, 0));
	fd_of_callback = new;
	cb = request(new, "call", 4, 0);
	cb.aio_sigevent.sigev_notify = SIGEV_THREAD;
	cb.aio_sigevent.sigev_notify_function = read_in_callback;
	cb.aio_sigevent.sigev_value.sival_ptr = &was_called;
	ASSERT_EQ(0, aio_write(&cb));
	ASSERT_EQ(0, sem_wait(&was_called));
	EXPECT_EQ('c', got_by_callback[0]);
	ASSERT_EQ(2, write(s[1], "ok", 2));
	EXPECT_EQ(2, finished(&wait));
	EXPECT_EQ('o', in[0]);
}

static int unshares_files(void)
{
	return unshare(CLONE_FILES);
}

/* No number is closed, but the table becomes the thread's own. */
static int closes_a_range(void)
{
	return syscall(SYS_close_range, 5000, ~0U, 2 /* ..._UNSHARE */);
}

TEST(unshare_while_a_read_waits)
{
	descriptors_of_its_own(unshares_files);
}

TEST(close_range_while_a_read_waits)
{
	descriptors_of_its_own(closes_a_range);
}

static void *uses_its_own(void *unused)
{
	char text[9], got[9] = "";

	if (unshare(CLONE_FILES))
		return unused;
	for (int i = 0; i < 50; i++) {
		int fd = memfd_create("own", MFD_CLOEXEC);
		struct aiocb cb = request(fd, text, 8, 0);

		snprintf(text, sizeof(text), "%08d", gettid());
		ASSERT_EQ(0, aio_write(&cb));
		ASSERT_EQ(8, finished(&cb));
		ASSERT_EQ(8, pread(fd, got, 8, 0));
		ASSERT_EQ(0, memcmp(text, got, 8));
		close(fd);
	}
	return unused;
}

/* Several threads have descriptors of their own, with the same numbers. */
TEST(unshare_in_many_threads)
{
	struct aiocb wait;
	pthread_t t[4];
	char byte;
	int s[2];

	GLIBC_CANNOT("an idle thread has another one's descriptors");
#ifdef TSAN
	SKIP("ThreadSanitizer: takes equal numbers of two tables for one");
#endif
	pair(s);
	wait = request(s[0], &byte, 1, 0);
	ASSERT_EQ(0, aio_read(&wait));
	wait_until_it_waits();
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&t[i], NULL, uses_its_own, NULL));
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	ASSERT_EQ(1, write(s[1], "x", 1));
	EXPECT_EQ(1, finished(&wait));
}

/*
 * Two reads of a thread with descriptors of its own, in a program that allows the
 * library one thread: the second is not the pool's, whose files are others.
 */
TEST(unshare_with_one_thread)
{
	struct aioinit one = { .aio_threads = 1, .aio_num = 1 };
	struct aiocb wait, cb[2];
	char byte, in[2];
	int s[2], p[2][2], has_ring;

	GLIBC_CANNOT("the second read waits for the one thread");
	has_ring = streams_have_a_ring();
	aio_init(&one);
	pair(s);
	wait = request(s[0], &byte, 1, 0);
	ASSERT_EQ(0, aio_read(&wait));
	while (!has_ring && !someone_reads())
		sched_yield();
	if (unshare(CLONE_FILES))
		SKIP("no descriptors of its own: %s", errno_name(errno));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, pipe(p[i]));
		cb[i] = request(p[i][0], &in[i], 1, 0);
		ASSERT_EQ(0, aio_read(&cb[i]));
	}
	for (int i = 1; i >= 0; i--) {
		ASSERT_EQ(1, write(p[i][1], &"01"[i], 1));
		EXPECT_EQ(1, finished(&cb[i]));
		EXPECT_EQ('0' + i, in[i]);
	}
}

struct stuck {
	int fd, started;		/* atomic */
	char *page;
	struct aiocb cb;
};

/* In its own table the number is another file's. */
static void *writes_a_page(void *arg)
{
	struct stuck *s = arg;
	int mine;

	if (!unshare(CLONE_FILES)) {
		mine = file_of(4, 0);
		ASSERT_EQ(s->fd, dup2(mine, s->fd));
		s->cb = request(s->fd, s->page, 4096, 8192);
		ASSERT_EQ(0, aio_write(&s->cb));
	}
	__atomic_store_n(&s->started, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&s->started, __ATOMIC_SEQ_CST) == 1)
		usleep(1000);
	return NULL;
}

/* A page without memory: who reads it waits for fill_page(). */
static char *page_to_wait_for(int *user)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register all = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*user = syscall(SYS_userfaultfd, O_CLOEXEC);
	all.range.start = (uintptr_t)page;
	all.range.len = 4096;
	if (*user < 0 || ioctl(*user, UFFDIO_API, &api) ||
	    ioctl(*user, UFFDIO_REGISTER, &all))
		SKIP("userfaultfd: %s", errno_name(errno));
	return page;
}

static void fill_page(int user, const char *page)
{
	struct uffdio_zeropage zero = { .range = { (uintptr_t)page, 4096 } };

	ASSERT_EQ(0, ioctl(user, UFFDIO_ZEROPAGE, &zero));
}

/*
 * A write waits for that of another thread, whose number is the same and whose
 * table is its own.  Meanwhile the pool has nothing to do for longer than a
 * thread stays, but then it carries the write out.
 */
TEST_TIMEOUT(unshare_and_write_for_seconds, 20)
{
	struct stuck s = { .fd = file_of(4, 0) };
	struct aiocb wait, cb;
	pthread_t t;
	char byte;
	int p[2], user;

	s.page = page_to_wait_for(&user);
	pair(p);
	wait = request(p[0], &byte, 1, 0);
	ASSERT_EQ(0, aio_read(&wait));
	wait_until_it_waits();
	cb = request(s.fd, "once", 4, 0);
	ASSERT_EQ(0, aio_write(&cb));
	ASSERT_EQ(4, finished(&cb));
	ASSERT_EQ(0, pthread_create(&t, NULL, writes_a_page, &s));
	while (!__atomic_load_n(&s.started, __ATOMIC_SEQ_CST))
		usleep(1000);
	if (!s.cb.aio_nbytes)
		SKIP("no descriptors of its own");
	cb = request(s.fd, "more", 4, 0);
	ASSERT_EQ(0, aio_write(&cb));
	usleep(2500000);
	EXPECT_EQ(EINPROGRESS, aio_error(&s.cb));
	fill_page(user, s.page);
	EXPECT_EQ(4096, finished(&s.cb));
	EXPECT_EQ(4, finished(&cb));
	ASSERT_EQ(4, pread(s.fd, s.page, 4, 0));
	EXPECT_EQ('m', s.page[0]);
	__atomic_store_n(&s.started, 2, __ATOMIC_SEQ_CST);
	pthread_join(t, NULL);
}

/* No thread can be made for it: it does not go to another file. */
TEST(unshare_without_a_thread)
{
	int s[2], old = file_of(4, 0), new, kept;
	struct aiocb wait, cb;
	char byte, buf[4] = "";

	GLIBC_CANNOT("the write goes to the file of an idle thread");
	cb = request(old, "once", 4, 0);
	ASSERT_EQ(0, aio_write(&cb));
	ASSERT_EQ(4, finished(&cb));
	pair(s);
	wait = request(s[0], &byte, 1, 0);
	ASSERT_EQ(0, aio_read(&wait));
	wait_until_it_waits();
	kept = dup(old);
	if (unshare(CLONE_FILES))
		SKIP("no descriptors of its own: %s", errno_name(errno));
	close(old);
	new = file_of(4, 0);
	ASSERT_EQ(old, new);
	if (filter_call(__NR_clone3, EPERM) || filter_call(__NR_clone, EPERM))
		SKIP("no seccomp filter: %s", errno_name(errno));
	cb = request(new, "more", 4, 0);
	if (!aio_write(&cb))
		EXPECT_EQ(-1, finished(&cb));
	EXPECT_EQ(EAGAIN, aio_error(&cb));
	ASSERT_EQ(4, pread(kept, buf, 4, 0));
	EXPECT_EQ(0, memcmp(buf, "once", 4));
}

/* Where there is a filter, the library does not ask by kcmp. */
TEST(unshare_behind_a_filter)
{
	if (filter_call(__NR_kcmp, EPERM))
		SKIP("no seccomp filter: %s", errno_name(errno));
	descriptors_of_its_own(unshares_files);
}

/* A write to a socket, of which a part is taken, while its number is closed, or
 * becomes another file's: it goes to the first file, all of it. */
static void write_and_leave(int closes)
{
	static char big[3 << 20], got[200000];
	int s[2], other[2];
	struct aiocb cb;
	size_t all = 0;
	ssize_t n;

	pair(s);
	pair(other);
	cb = request(s[0], big, sizeof(big), 0);
	ASSERT_EQ(0, aio_write(&cb));
	for (; all < sizeof(got); all += n) {
		n = recv(s[1], got, sizeof(got) - all, 0);
		ASSERT_GT(n, 0);
	}
	if (closes)
		close(s[0]);
	else
		ASSERT_EQ(s[0], dup2(other[0], s[0]));
	while ((n = recv(s[1], got, sizeof(got), 0)) > 0)
		all += n;
	EXPECT_EQ(sizeof(big), all);
	EXPECT_EQ(sizeof(big), finished(&cb));
	EXPECT_EQ(-1, recv(other[1], got, 1, MSG_DONTWAIT));
}

TEST(close_in_the_middle_of_a_write)
{
	for (int i = 0; i < 20; i++)
		write_and_leave(1);
}

TEST(another_file_in_the_middle_of_a_write)
{
	for (int i = 0; i < 20; i++)
		write_and_leave(0);
}

/* The same, when setuid() interrupts the thread that writes: what was taken until
 * then may be all, but the other file gets nothing. */
TEST(setuid_in_the_middle_of_a_write)
{
	static char big[3 << 20], got[200000];
	int s[2], other[2];
	struct aiocb cb;
	ssize_t n, all;

	for (int i = 0; i < 20; i++) {
		pair(s);
		pair(other);
		cb = request(s[0], big, sizeof(big), 0);
		ASSERT_EQ(0, aio_write(&cb));
		read_all(s[1], got, sizeof(got));
		ASSERT_EQ(s[0], dup2(other[0], s[0]));
		ASSERT_EQ(0, setuid(getuid()));
		for (all = sizeof(got); (n = read(s[1], got, sizeof(got))) > 0;)
			all += n;
		EXPECT_EQ(all, finished(&cb));
		EXPECT_EQ(0, aio_error(&cb));
		EXPECT_EQ(-1, recv(other[1], got, 1, MSG_DONTWAIT));
		close(s[0]);
		close(s[1]);
		close(other[0]);
		close(other[1]);
	}
}

/* An empty datagram is one. */
TEST(empty_datagram)
{
	char byte;
	struct aiocb w, r;
	int s[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, s));
	w = request(s[0], &byte, 0, 0);
	ASSERT_EQ(0, aio_write(&w));
	EXPECT_EQ(0, finished(&w));
	r = request(s[1], &byte, 1, 0);
	ASSERT_EQ(0, aio_read(&r));
	EXPECT_EQ(0, finished(&r));
}

/* A FIFO that nobody has opened for writing is at its end; poll says nothing. */
TEST(fifo_without_a_writer)
{
	char name[] = "/tmp/posixaio.XXXXXX", byte;
	struct aiocb cb;
	int fd;

	ASSERT_TRUE(mkdtemp(name));
	ASSERT_EQ(0, rmdir(name));
	ASSERT_EQ(0, mkfifo(name, 0600));
	fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	unlink(name);
	ASSERT_EQ(0, fcntl(fd, F_SETFL, 0));
	cb = request(fd, &byte, 1, 0);
	ASSERT_EQ(0, aio_read(&cb));
	EXPECT_EQ(0, finished(&cb));
}

/* The error of a connection is reported once: the request has it. */
TEST(connection_reset)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	struct linger none = { .l_onoff = 1 };
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), server;
	struct aiocb cb;
	char byte;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ASSERT_EQ(0, bind(listener, (void *)&at, len));
	ASSERT_EQ(0, listen(listener, 1));
	ASSERT_EQ(0, getsockname(listener, (void *)&at, &len));
	if (connect(client, (void *)&at, len))
		SKIP("no loopback: %s", errno_name(errno));
	server = accept(listener, NULL, NULL);
	ASSERT_GE(server, 0);
	cb = request(server, &byte, 1, 0);
	ASSERT_EQ(0, aio_read(&cb));
	wait_until_it_waits();
	ASSERT_EQ(0, setsockopt(client, SOL_SOCKET, SO_LINGER, &none,
				sizeof(none)));
	close(client);
	EXPECT_EQ(-1, finished(&cb));
	EXPECT_EQ(ECONNRESET, aio_error(&cb));
}

/* ---- lengths, lists and descriptors of every kind ---- */

/*
 * Nothing to read or write is done like anything else: there is a result, a
 * wrong descriptor is an error, and a notification is sent if it was asked for.
 */
TEST(zero_length)
{
	struct timespec patience = { .tv_sec = 5 };
	int fd = file_of(100, 0), p[2];
	struct aiocb cb = used(fd, NULL, 0, 0);
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ASSERT_EQ(0, aio_read(&cb));
	EXPECT_EQ(0, finished(&cb));
	EXPECT_EQ(0, aio_error(&cb));
	cb = used(fd, NULL, 0, 1000);
	ASSERT_EQ(0, aio_write(&cb));
	EXPECT_EQ(0, finished(&cb));
	EXPECT_EQ(0, aio_error(&cb));
	EXPECT_EQ(100, lseek(fd, 0, SEEK_END));
	ASSERT_EQ(0, pipe(p));
	for (int i = 0; i < 2; i++) {		/* of an empty pipe, to a pipe */
		cb = used(p[i], NULL, 0, 0);
		cb.aio_sigevent.sigev_notify = SIGEV_SIGNAL;
		cb.aio_sigevent.sigev_signo = SIGRTMIN;
		ASSERT_EQ(0, (i ? aio_write : aio_read)(&cb));
		EXPECT_EQ(SIGRTMIN, sigtimedwait(&set, NULL, &patience));
		EXPECT_EQ(0, finished(&cb));
		EXPECT_EQ(0, aio_error(&cb));
		cb = request(12345, NULL, 0, 0);
		ASSERT_EQ(0, (i ? aio_write : aio_read)(&cb));
		EXPECT_EQ(-1, finished(&cb));
		EXPECT_EQ(EBADF, aio_error(&cb));
	}
}

/*
 * More than there is gives what there is; more than a call takes, as much as a
 * call takes, as read(2) and write(2) do; more than a ssize_t is EINVAL.
 */
TEST(huge_length)
{
	int fd = file_of(1 << 16, 0), null;
	size_t room = 1UL << 33;
	char *at = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct aiocb cb = request(fd, at, room, 100);

	if (at == MAP_FAILED)
		SKIP("no 8 GiB of addresses");
	ASSERT_EQ(0, aio_read(&cb));
	EXPECT_EQ((1 << 16) - 100, finished(&cb));
	EXPECT_EQ('a' + 100 % 26, at[0]);
	null = ASSERT_GE(open("/dev/null", O_WRONLY), 0);
	cb = request(null, at, room, 0);
	ASSERT_EQ(0, aio_write(&cb));
	/* Not libc's: a sanitizer would look at all of the buffer. */
	EXPECT_EQ(syscall(SYS_write, null, at, room), finished(&cb));
	cb = request(fd, at, (size_t)-1, 0);
	if (!aio_read(&cb)) {
		EXPECT_EQ(-1, finished(&cb));
		errno = aio_error(&cb);
	}
	/* glibc leaves it to the kernel, which finds the buffer too long. */
	EXPECT_TRUE(errno == EINVAL || errno == EFAULT);
}

/* Waiting for nothing returns at once. */
TEST(suspend_for_nothing)
{
	const struct aiocb *none[3] = { NULL };

	EXPECT_EQ(0, aio_suspend(none, 3, NULL));
	EXPECT_EQ(0, aio_suspend(none, 0, NULL));
}

/*
 * LIO_NOP and NULL are left out: of such a list LIO_WAIT returns, and
 * LIO_NOWAIT tells at once.  The aiocb of a LIO_NOP is not written to, and an
 * error of its past is not the list's.
 */
TEST(listio_of_nothing)
{
	struct aiocb nop = used(-1, NULL, 0, 0), before;
	struct aiocb *list[] = { NULL, &nop, NULL };
	struct timespec patience = { .tv_sec = 5 };
	struct sigevent sigev = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGRTMIN };
	sigset_t set;

	nop.aio_lio_opcode = LIO_NOP;
	before = nop;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	EXPECT_EQ(0, lio_listio(LIO_WAIT, list, 3, NULL));
	EXPECT_EQ(0, lio_listio(LIO_WAIT, list, 0, NULL));
	for (int n = 0; n <= 3; n += 3) {
		EXPECT_EQ(0, lio_listio(LIO_NOWAIT, list, n, &sigev));
		EXPECT_EQ(SIGRTMIN, sigtimedwait(&set, NULL, &patience));
	}
	EXPECT_EQ(0, memcmp(&nop, &before, sizeof(nop)));
}

struct sleeper {
	int tid, fd;
};

/* Writes a byte when that thread sleeps. */
static void *writes_to_sleeper(void *arg)
{
	struct sleeper *s = arg;

	wait_until_asleep(&s->tid);
	ASSERT_EQ(1, write(s->fd, "x", 1));
	return NULL;
}

/*
 * What is wrong with an entry is its own error; the others are carried out, and
 * waited for, or the list's notification is sent when they have ended.
 */
TEST(listio_with_a_wrong_entry)
{
	struct timespec patience = { .tv_sec = 5 }, none = { 0 };
	struct sigevent sigev = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGRTMIN };
	int fd = file_of(100, 0), s[2];
	struct aiocb cb[6], *list[7];
	struct sleeper me = { .tid = gettid() };
	sigset_t set;
	char buf[6][8];
	pthread_t t;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pair(s);
	me.fd = s[1];
	for (int round = 0; round < 2; round++) {
		int how = round ? LIO_NOWAIT : LIO_WAIT;

		memset(buf, 0, sizeof(buf));
		for (int i = 0; i < 6; i++) {
			cb[i] = used(fd, buf[i], 8, 26 * (i & 1));
			cb[i].aio_lio_opcode = LIO_READ;
			list[i] = &cb[i];
		}
		list[6] = NULL;
		cb[0].aio_reqprio = 1000;
		cb[1].aio_lio_opcode = 77;
		cb[2] = request(-1, buf[2], 8, 0);
		cb[2].aio_lio_opcode = LIO_WRITE;
		cb[3].aio_fildes = s[0];
		cb[4].aio_lio_opcode = LIO_NOP;
		if (how == LIO_WAIT)
			ASSERT_EQ(0, pthread_create(&t, NULL,
						    writes_to_sleeper, &me));
		EXPECT_EQ(-1, lio_listio(how, list, 7, &sigev));
		/* LIO_NOWAIT: why an entry could not be started. */
		EXPECT_EQ(how == LIO_WAIT ? EIO : EINVAL, errno);
		if (how == LIO_WAIT) {
			EXPECT_EQ(0, aio_error(&cb[3]));
			ASSERT_EQ(0, pthread_join(t, NULL));
		}
		/* No notification for LIO_WAIT, and none too early. */
		EXPECT_EQ(-1, sigtimedwait(&set, NULL, &none));
		if (how == LIO_NOWAIT) {
			EXPECT_EQ(EINPROGRESS, aio_error(&cb[3]));
			ASSERT_EQ(1, write(s[1], "x", 1));
			EXPECT_EQ(SIGRTMIN, sigtimedwait(&set, NULL, &patience));
		}
		EXPECT_EQ(EINVAL, aio_error(&cb[0]));
		EXPECT_EQ(EINVAL, aio_error(&cb[1]));
		EXPECT_EQ(EBADF, aio_error(&cb[2]));
		EXPECT_EQ(0, aio_error(&cb[3]));
		EXPECT_EQ(1, aio_return(&cb[3]));
		EXPECT_EQ('x', buf[3][0]);
		EXPECT_EQ(0, aio_error(&cb[5]));
		EXPECT_EQ(8, aio_return(&cb[5]));
		EXPECT_EQ('a', buf[5][0]);
		EXPECT_EQ(0, buf[0][0] + buf[1][0] + buf[4][0]);
	}
	EXPECT_EQ(-1, sigtimedwait(&set, NULL, &none));
}

/* An unknown opcode is an error of that request; its notification is sent. */
TEST(listio_with_an_unknown_opcode)
{
	struct sigevent sigev = { .sigev_notify = SIGEV_SIGNAL,
				  .sigev_signo = SIGRTMIN };
	struct timespec patience = { .tv_sec = 5 };
	static const int wrong[] = { 77, -1, INT_MAX };
	char byte;
	struct aiocb cb, *list[] = { &cb };
	int fd = file_of(100, 0);
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 6; i++) {
		int how = i & 1 ? LIO_WAIT : LIO_NOWAIT;

		cb = used(fd, &byte, 1, 0);
		cb.aio_lio_opcode = wrong[i / 2];
		cb.aio_sigevent = sigev;
		errno = 0;
		EXPECT_EQ(how == LIO_WAIT ? -1 : 0,
			  lio_listio(how, list, 1, &sigev));
		EXPECT_EQ(how == LIO_WAIT ? EIO : 0, errno);
		for (int n = how == LIO_WAIT ? 1 : 2; n; n--)
			EXPECT_EQ(SIGRTMIN, sigtimedwait(&set, NULL, &patience));
		EXPECT_EQ(EINVAL, aio_error(&cb));
		EXPECT_EQ(-1, aio_return(&cb));
	}
}

static size_t callback_stack;
static int callback_mask = -1, callback_done;

static void on_attributes(sigval_t value)
{
	pthread_attr_t attr;
	sigset_t mask;

	(void)value;
	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstacksize(&attr, &callback_stack);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	callback_mask = sigismember(&mask, SIGUSR1);
	__atomic_store_n(&callback_done, 1, __ATOMIC_SEQ_CST);
}

/* A callback's thread has the attributes asked for, and no signal blocked. */
TEST(callback_attributes)
{
	enum { BYTES = 3 << 20 };
	struct aiocb cb;
	pthread_attr_t attr;
	sigset_t set;
	char buf[8];
	int s[2];

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, BYTES);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pair(s);
	cb = request(s[0], buf, 8, 0);
	cb.aio_sigevent.sigev_notify = SIGEV_THREAD;
	cb.aio_sigevent.sigev_notify_function = on_attributes;
	cb.aio_sigevent.sigev_notify_attributes = &attr;
	ASSERT_EQ(0, aio_read(&cb));
	ASSERT_EQ(1, write(s[1], "x", 1));
	while (!__atomic_load_n(&callback_done, __ATOMIC_SEQ_CST))
		poll(NULL, 0, 1);
	EXPECT_GE(callback_stack, BYTES - (1 << 16));
	EXPECT_LE(callback_stack, BYTES + (1 << 20));
	EXPECT_EQ(0, callback_mask);
}

/* A terminal of our own, which somebody else types at. */
static int terminal(int *typist)
{
	char name[64];

	*typist = posix_openpt(O_RDWR | O_NOCTTY);
	if (*typist < 0 || grantpt(*typist) || unlockpt(*typist) ||
	    ptsname_r(*typist, name, sizeof(name)))
		SKIP("no terminals here: %s", errno_name(errno));
	return ASSERT_GE(open(name, O_RDWR | O_NOCTTY), 0);
}

/* The terminal passes an echo on in pieces, as it gets to it. */
static int typist_reads(int typist, const char *expected)
{
	size_t n = strlen(expected), done = 0;
	char out[64];

	while (done < n) {
		ssize_t got = read(typist, out + done, n - done);

		if (got <= 0)
			return 0;
		done += got;
	}
	return !memcmp(out, expected, n);
}

/*
 * A read is answered by a line, in the order of the reads, wherever its offset
 * is; what is written comes out in order, too.
 */
TEST(terminal)
{
	enum { N = 20 };
	int typist, tty = terminal(&typist);
	char in[N][64], line[3] = "a\n", echo[4] = "a\r\n";
	struct aiocb r[N], w[N];

	for (int i = 0; i < N; i++) {
		r[i] = request(tty, in[i], 64, 1000 * i);
		ASSERT_EQ(0, aio_read(&r[i]));
	}
	ASSERT_EQ(6, write(typist, "a line", 6));
	EXPECT_EQ(EINPROGRESS, aio_error(&r[0]));	/* it has not ended */
	ASSERT_EQ(1, write(typist, "\n", 1));
	EXPECT_EQ(7, finished(&r[0]));
	EXPECT_EQ(0, memcmp(in[0], "a line\n", 7));
	EXPECT_EQ(1, typist_reads(typist, "a line\r\n"));
	for (int i = 1; i < N; i++) {
		line[0] = echo[0] = 'a' + i;
		ASSERT_EQ(2, write(typist, line, 2));
		ASSERT_EQ(1, typist_reads(typist, echo));
	}
	for (int i = 1; i < N; i++) {
		EXPECT_EQ(2, finished(&r[i]));
		EXPECT_EQ('a' + i, in[i][0]);
	}
	for (int i = 0; i < N; i++) {
		w[i] = request(tty, &"abcdefghijklmnopqrst"[i], 1, 1000 * i);
		ASSERT_EQ(0, aio_write(&w[i]));
	}
	for (int i = 0; i < N; i++) {
		EXPECT_EQ(1, finished(&w[i]));
		ASSERT_EQ(1, typist_reads(typist, (char[]){ 'a' + i, 0 }));
	}
}

/* A read of it that waits can be cancelled, and takes no line with it. */
TEST(cancel_a_read_of_a_terminal)
{
	int typist, tty = terminal(&typist);
	struct aiocb r;
	char in[64];

	GLIBC_CANNOT("AIO_NOTCANCELED, a thread is in read");
	r = request(tty, in, 64, 0);
	ASSERT_EQ(0, aio_read(&r));
	wait_until_this_waits(TERMINAL);
	EXPECT_EQ(AIO_CANCELED, aio_cancel(tty, &r));
	EXPECT_EQ(ECANCELED, aio_error(&r));
	ASSERT_EQ(7, write(typist, "a line\n", 7));
	ASSERT_EQ(0, aio_read(&r));
	EXPECT_EQ(7, finished(&r));
}

/* A read waits, and the other end is closed: the end of read(2), too. */
TEST(terminal_that_hangs_up)
{
	int typist, tty = terminal(&typist);
	struct aiocb r;
	char in[64];

	r = request(tty, in, 64, 0);
	ASSERT_EQ(0, aio_read(&r));
	wait_until_this_waits(TERMINAL);
	close(typist);
	EXPECT_EQ(-1, finished(&r));
	EXPECT_EQ(EIO, aio_error(&r));
}

/* In the foreground of its own terminal; then the session's leader is. */
static void read_and_go_to_the_background(int typist, int tty)
{
	char in[64];
	struct aiocb r = request(tty, in, 64, 0);

	ASSERT_EQ(0, setpgid(0, 0));
	ASSERT_EQ(0, tcsetpgrp(tty, getpid()));
	ASSERT_EQ(0, aio_read(&r));
	wait_until_this_waits(TERMINAL);
	ASSERT_EQ(0, tcsetpgrp(tty, getppid()));
	ASSERT_EQ(7, write(typist, "a line\n", 7));
	_exit(finished(&r));
}

/* A read waits, and then its process is in the background: it gets the input. */
TEST(terminal_that_goes_to_the_background)
{
	int typist, tty = terminal(&typist), status = 0;
	pid_t leader = fork();

	if (!leader) {
		signal(SIGTTOU, SIG_IGN);
		ASSERT_GT(setsid(), 0);
		ASSERT_EQ(0, ioctl(tty, TIOCSCTTY, 0));
		if (!fork())
			read_and_go_to_the_background(typist, tty);
		wait(&status);
		_exit(WEXITSTATUS(status));
	}
	ASSERT_EQ(leader, waitpid(leader, &status, 0));
	EXPECT_EQ(7, WEXITSTATUS(status));
}

/* A device of 1 MiB on a file of ours; it goes with its last descriptor. */
static int block_device(int flags)
{
	struct loop_info64 info = { .lo_flags = LO_FLAGS_AUTOCLEAR };
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), fd = -1;
	int file = file_of(1 << 16, 0);
	char name[32];

	ASSERT_EQ(0, ftruncate(file, 1 << 20));
	for (int tries = 0; tries < 20 && fd < 0; tries++) {
		int n = ioctl(control, LOOP_CTL_GET_FREE);

		if (n < 0)
			SKIP("no loop device: %s", errno_name(errno));
		snprintf(name, sizeof(name), "/dev/loop%d", n);
		fd = open(name, O_RDWR | O_CLOEXEC | flags);
		if (fd < 0)
			SKIP("%s: %s", name, errno_name(errno));
		if (ioctl(fd, LOOP_SET_FD, file)) {
			close(fd);		/* another has taken it */
			fd = -1;
		}
	}
	if (fd < 0)
		SKIP("no loop device is left");
	ASSERT_EQ(0, ioctl(fd, LOOP_SET_STATUS64, &info));
	return fd;
}

/* A block device, with and without the page cache: in place, and its end. */
TEST(block_devices)
{
	for (int flags = 0; flags <= O_DIRECT; flags += O_DIRECT) {
		int fd = block_device(flags);
		struct aiocb cb;

		memset(direct_buf[0], 'z', 4096);
		cb = request(fd, direct_buf[0], 4096, 8192);
		ASSERT_EQ(0, aio_write(&cb));
		EXPECT_EQ(4096, finished(&cb));
		ASSERT_EQ(0, aio_fsync(O_SYNC, &cb));
		EXPECT_EQ(0, finished(&cb));
		cb = request(fd, direct_buf[1], 8192, 4096);
		ASSERT_EQ(0, aio_read(&cb));
		EXPECT_EQ(8192, finished(&cb));
		EXPECT_EQ('a' + 4096 % 26, direct_buf[1][0]);
		EXPECT_EQ('z', direct_buf[2][0]);
		cb = request(fd, direct_buf[1], 8192, (1 << 20) - 4096);
		ASSERT_EQ(0, aio_read(&cb));
		EXPECT_EQ(4096, finished(&cb));
		cb = request(fd, direct_buf[1], 4096, 1 << 20);
		ASSERT_EQ(0, aio_read(&cb));
		EXPECT_EQ(0, finished(&cb));
		ASSERT_EQ(0, aio_write(&cb));
		EXPECT_EQ(-1, finished(&cb));
		EXPECT_EQ(ENOSPC, aio_error(&cb));
		close(fd);
	}
}

/* ---- cancelled, and told ---- */

/* A cancelled request is notified like one that ends. */
TEST(cancelled_requests_are_notified)
{
	struct timespec patience = { .tv_sec = 5 };
	struct aiocb cb[3];
	siginfo_t info;
	sigset_t set;
	char buf[8];
	int s[2], seen = 0;

	GLIBC_CANNOT("a thread is in read, AIO_NOTCANCELED");
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pair(s);
	for (int i = 0; i < 3; i++) {
		cb[i] = request(s[0], buf, 8, 0);
		cb[i].aio_sigevent.sigev_notify = SIGEV_SIGNAL;
		cb[i].aio_sigevent.sigev_signo = SIGRTMIN;
		cb[i].aio_sigevent.sigev_value.sival_int = 1 << i;
		ASSERT_EQ(0, aio_read(&cb[i]));
	}
	EXPECT_EQ(AIO_CANCELED, aio_cancel(s[0], NULL));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(ECANCELED, aio_error(&cb[i]));
		EXPECT_EQ(-1, aio_return(&cb[i]));
		ASSERT_EQ(SIGRTMIN, sigtimedwait(&set, &info, &patience));
		seen += info.si_value.sival_int;
	}
	EXPECT_EQ(7, seen);
}

/* ---- requests do not stand in each other's way ---- */

/* Reads of twenty empty pipes, then one of a file. */
TEST(blocked_reads_hold_back_nobody)
{
	struct aiocb cb[20], file;
	int fd = file_of(100, 0), p[2];
	char buf[20][8], in[8];

	GLIBC_CANNOT("twenty threads, all in read");
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(0, pipe(p));
		cb[i] = request(p[0], buf[i], 8, 0);
		ASSERT_EQ(0, aio_read(&cb[i]));
	}
	file = request(fd, in, 8, 0);
	ASSERT_EQ(0, aio_write(&file));
	EXPECT_EQ(8, finished(&file));
}

/* A read that waits on a socket, and a write on the same. */
TEST(read_and_write_of_a_socket)
{
	struct aiocb r, w;
	char in[8], back[8];
	int s[2];

	GLIBC_CANNOT("one request at a time on a descriptor");
	pair(s);
	r = request(s[0], in, 8, 0);
	ASSERT_EQ(0, aio_read(&r));
	w = request(s[0], "hello", 5, 0);
	ASSERT_EQ(0, aio_write(&w));
	EXPECT_EQ(5, finished(&w));
	EXPECT_EQ(5, read(s[1], back, 8));
	EXPECT_EQ(EINPROGRESS, aio_error(&r));
	ASSERT_EQ(2, write(s[1], "ok", 2));
	EXPECT_EQ(2, finished(&r));
}

/* Requests on 64 descriptors at once are one more thread. */
TEST(one_thread_for_all)
{
	struct aiocb cb[64];
	char buf[64];
	int s[64][2];

	if (!streams_have_a_ring())
		SKIP("no io_uring: a thread for each (glibc: up to twenty)");
	for (int i = 0; i < 64; i++) {
		pair(s[i]);
		cb[i] = request(s[i][0], &buf[i], 1, 0);
		ASSERT_EQ(0, aio_read(&cb[i]));
	}
#ifndef TSAN				/* it has some of its own */
	EXPECT_EQ(2, threads());
#endif
	for (int i = 0; i < 64; i++)
		ASSERT_EQ(1, write(s[i][1], "x", 1));
	for (int i = 0; i < 64; i++)
		EXPECT_EQ(1, finished(&cb[i]));
}

/* ---- the life of a process ---- */

/* A child has no requests and can make its own; the parent's go on. */
TEST(fork_in_the_middle)
{
	struct timespec soon = { .tv_nsec = 1000000 };
	struct aiocb cb, own, parents;
	const struct aiocb *list[] = { &parents };
	char buf[8];
	int s[2], t[2], status, before, fd = file_of(1 << 16, O_DIRECT);
	pid_t pid;

	GLIBC_CANNOT("the child waits for threads that it has not");
#ifdef TSAN
	SKIP("ThreadSanitizer: no new thread after a fork of a threaded program");
#endif
	pair(s);
	cb = request(s[0], buf, 8, 0);
	ASSERT_EQ(0, aio_read(&cb));
	own = request(fd, direct_buf[0], 4096, 0);
	ASSERT_EQ(0, aio_read(&own));
	EXPECT_EQ(4096, finished(&own));
	parents = request(fd, direct_buf[1], 4096, 0);
	ASSERT_EQ(0, aio_read(&parents));
	pid = fork();
	if (!pid) {
		before = aio_error(&parents);	/* or done before the fork */
		if (before == EINPROGRESS &&
		    (!aio_suspend(list, 1, &soon) || errno != EAGAIN))
			_exit(3);
		pair(t);
		own = request(t[0], buf, 8, 0);
		if (aio_read(&own) || write(t[1], "abc", 3) != 3 ||
		    finished(&own) != 3)
			_exit(1);
		own = request(fd, direct_buf[0], 4096, 0);
		if (aio_read(&own) || finished(&own) != 4096)
			_exit(2);
		_exit(aio_error(&parents) != before);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(4096, finished(&parents));
	EXPECT_EQ(EINPROGRESS, aio_error(&cb));
	ASSERT_EQ(2, write(s[1], "ok", 2));
	EXPECT_EQ(2, finished(&cb));
}

static void *submits(void *arg)
{
	struct aiocb *cb = arg;

	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, aio_read(&cb[i]));
	return NULL;
}

/* The thread that made a request has ended: the request completes. */
TEST(the_submitter_has_ended)
{
	int fd = file_of(1 << 16, O_DIRECT), s[2], p[2];
	struct aiocb cb[3];
	char buf[2][8];
	pthread_t t;

	pair(s);
	ASSERT_EQ(0, pipe(p));
	cb[0] = request(s[0], buf[0], 8, 0);
	cb[1] = request(p[0], buf[1], 8, 0);
	cb[2] = request(fd, direct_buf[0], 4096, 0);
	ASSERT_EQ(0, pthread_create(&t, NULL, submits, cb));
	ASSERT_EQ(0, pthread_join(t, NULL));
	ASSERT_EQ(1, write(s[1], "x", 1));
	ASSERT_EQ(2, write(p[1], "xy", 2));
	EXPECT_EQ(1, finished(&cb[0]));
	EXPECT_EQ(2, finished(&cb[1]));
	EXPECT_EQ(4096, finished(&cb[2]));
}

static void *feeds(void *arg)
{
	int *s = arg;

	for (int i = 0; i < 50; i++) {
		if (write(s[0], "x", 1) != 1 || write(s[1], "x", 1) != 1)
			break;
		poll(NULL, 0, 1);
	}
	return NULL;
}

/* No call of the program is interrupted by a request that completes. */
TEST_TIMEOUT(nobody_is_interrupted, 30)
{
	struct timespec t = { .tv_nsec = 20000000 };
	struct sembuf down = { .sem_op = -1 };
	int ep = epoll_create1(0), sem, idle[2], fd;
	struct epoll_event ev;
	sigset_t set;

	fd = file_of(1 << 16, O_DIRECT);
	pair(idle);
	sem = semget(IPC_PRIVATE, 1, 0600);
	ASSERT_GE(sem, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setsockopt(idle[0], SOL_SOCKET, SO_RCVTIMEO,
		   &(struct timeval){ .tv_usec = 20000 },
		   sizeof(struct timeval));
	for (int call = 0; call < 4; call++) {
		struct aiocb cb[108];
		static char buf[100];
		int a[2], b[2], events, to[2];
		pthread_t feeder;
		char c;

		pair(a);
		pair(b);
		for (int i = 0; i < 100; i++) {
			cb[i] = request(i & 1 ? a[0] : b[0], &buf[i], 1, 0);
			ASSERT_EQ(0, aio_read(&cb[i]));
		}
		for (int i = 100; i < 108; i++) {
			cb[i] = request(fd, direct_buf[i - 100], 4096, 0);
			ASSERT_EQ(0, aio_read(&cb[i]));
		}
		to[0] = a[1];
		to[1] = b[1];
		ASSERT_EQ(0, pthread_create(&feeder, NULL, feeds, to));
		events = call == 0 ? epoll_wait(ep, &ev, 1, 20) : 0;
		if (call == 1) {
			EXPECT_EQ(-1, sigtimedwait(&set, NULL, &t));
			EXPECT_EQ(EAGAIN, errno);
		} else if (call == 2) {
			EXPECT_EQ(-1, semtimedop(sem, &down, 1, &t));
			EXPECT_EQ(EAGAIN, errno);
		} else if (call == 3) {
			EXPECT_EQ(-1, recv(idle[0], &c, 1, 0));
			EXPECT_EQ(EAGAIN, errno);
		}
		EXPECT_EQ(0, events);
		for (int i = 0; i < 108; i++)
			EXPECT_EQ(i < 100 ? 1 : 4096, finished(&cb[i]));
		ASSERT_EQ(0, pthread_join(feeder, NULL));
	}
	semctl(sem, 0, IPC_RMID);
}

/* All descriptors from 3 on are closed, as a daemon does at its start. */
TEST(descriptors_are_closed)
{
	struct aiocb cb;
	char buf[8];
	int s[2], fd;

	for (int round = 0; round < 3; round++) {
		pair(s);
		cb = request(s[0], buf, 8, 0);
		ASSERT_EQ(0, aio_read(&cb));
		ASSERT_EQ(1, write(s[1], "x", 1));
		EXPECT_EQ(1, finished(&cb));
		fd = file_of(1 << 16, O_DIRECT);
		cb = request(fd, direct_buf[0], 4096, 0);
		ASSERT_EQ(0, aio_read(&cb));
		EXPECT_EQ(4096, finished(&cb));
		syscall(SYS_close_range, 3, ~0U, 0);
	}
}

/* Blocked reads and writes on their way, of every kind. */
static void leave_in_flight(int in)
{
	static char big[8 << 20], buf[4][8];
	static struct aiocb cb[12];
	int s[2], fd = file_of(1 << 16, O_DIRECT), n = 0;

	pair(s);
	cb[n] = request(in, buf[0], 8, 0);
	ASSERT_EQ(0, aio_read(&cb[n++]));
	cb[n] = request(s[0], buf[1], 8, 0);
	ASSERT_EQ(0, aio_read(&cb[n++]));
	cb[n] = request(s[0], big, sizeof(big), 0);
	ASSERT_EQ(0, aio_write(&cb[n++]));
	for (int i = 0; i < 8; i++) {
		cb[n] = request(fd, direct_buf[i], 4096, i * 4096);
		ASSERT_EQ(0, aio_write(&cb[n++]));
	}
	cb[n] = request(fd, NULL, 0, 0);
	ASSERT_EQ(0, aio_fsync(O_SYNC, &cb[n++]));
}

/* A process ends with requests in flight: by exit, and by _exit. */
TEST(exit_with_requests)
{
	int p[2], status;
	pid_t pid;

	ASSERT_EQ(0, pipe(p));
	for (int how = 0; how < 2; how++) {
		pid = fork();
		if (!pid) {
			leave_in_flight(p[0]);
			if (how)
				_exit(0);
			exit(0);
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(0, status);
	}
	/* The pipe is nobody's now but ours, and so are its bytes. */
	ASSERT_EQ(2, write(p[1], "ok", 2));
	EXPECT_EQ(2, read(p[0], direct_buf[0], 8));
}

/*
 * exec with requests in flight: they are given up, and the new program reads
 * from the descriptor that one of them waited for.
 */
TEST(exec_with_requests)
{
	int in[2], out[2], status;
	char buf[8] = "";
	pid_t pid;

	ASSERT_EQ(0, pipe(in));
	ASSERT_EQ(0, pipe(out));
	pid = fork();
	if (!pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		leave_in_flight(0);
		execl("/bin/sh", "sh", "-c", "echo; read l && echo $l", NULL);
		_exit(1);
	}
	ASSERT_EQ(1, read(out[0], buf, 1));	/* it has begun */
	ASSERT_EQ(6, write(in[1], "a line", 6));
	ASSERT_EQ(1, write(in[1], "\n", 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(7, read(out[0], buf, 8));
	EXPECT_EQ(0, memcmp(buf, "a line\n", 7));
}

/*
 * A process all of whose threads have ended ends, when its requests have: the
 * library's thread is not one for ever.
 */
TEST(end_of_the_last_thread)
{
	static struct aiocb cb;
	static char buf[8];
	int s[2], status;
	pid_t pid;

#ifdef TSAN
	SKIP("ThreadSanitizer: has a thread of its own");
#endif
	pair(s);
	pid = fork();
	if (!pid) {
		cb = request(s[0], buf, 8, 0);
		ASSERT_EQ(0, aio_read(&cb));
		pthread_exit(NULL);
	}
	ASSERT_EQ(1, write(s[1], "x", 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* What the library opens for itself is closed by exec. */
TEST(descriptors_end_with_exec)
{
	enum { MAX = 4096 };
	static char before[MAX];
	int s[2], fd = file_of(1 << 16, O_DIRECT);
	struct aiocb cb;
	char buf[8];

	pair(s);
	for (int i = 0; i < MAX; i++)
		before[i] = fcntl(i, F_GETFD) >= 0;
	cb = request(s[0], buf, 8, 0);
	ASSERT_EQ(0, aio_read(&cb));
	cb = request(fd, direct_buf[0], 4096, 0);
	ASSERT_EQ(0, aio_read(&cb));
	for (int i = 0; i < MAX; i++) {
		int flags = fcntl(i, F_GETFD);

		if (flags >= 0 && !before[i])
			EXPECT_EQ(FD_CLOEXEC, flags);
	}
}

/* How many of our threads are this user's. */
static int threads_of(int user)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *e;
	int n = 0;

	ASSERT_TRUE(dir);
	while ((e = readdir(dir))) {
		char path[300], line[256];
		int uid = -1;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/task/%s/status",
			 e->d_name);
		f = e->d_name[0] != '.' ? fopen(path, "r") : NULL;
		while (f && fgets(line, sizeof(line), f))
			if (sscanf(line, "Uid: %d", &uid) == 1)
				n += uid == user;
		if (f)
			fclose(f);
	}
	closedir(dir);
	return n;
}

/* All threads become another user, the library's too, which blocks signals. */
TEST(setuid_with_requests)
{
	int s[2], fd = file_of(1 << 16, O_DIRECT);
	struct aiocb cb, own;
	struct timespec patience = { .tv_sec = 5 };
	char buf[8];
	sigset_t set;

	if (geteuid())
		SKIP("only root can change its user id");
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	pair(s);
	cb = request(s[0], buf, 8, 0);
	cb.aio_sigevent.sigev_notify = SIGEV_SIGNAL;
	cb.aio_sigevent.sigev_signo = SIGRTMIN;
	ASSERT_EQ(0, aio_read(&cb));
	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
#ifndef TSAN				/* its own thread stays behind */
	while (threads_of(0))		/* one that is ending has not changed */
		sched_yield();
#endif
	ASSERT_EQ(1, write(s[1], "x", 1));
	EXPECT_EQ(SIGRTMIN, sigtimedwait(&set, NULL, &patience));
	EXPECT_EQ(1, finished(&cb));
	own = request(fd, direct_buf[0], 4096, 0);
	ASSERT_EQ(0, aio_read(&own));
	EXPECT_EQ(4096, finished(&own));
	own = request(fd, direct_buf[0], 4096, 4096);
	own.aio_sigevent = cb.aio_sigevent;
	ASSERT_EQ(0, aio_write(&own));
	EXPECT_EQ(SIGRTMIN, sigtimedwait(&set, NULL, &patience));
	EXPECT_EQ(4096, finished(&own));
}

static struct aiocb early;		/* made before main, or after it */
static int early_pipe[2];
static char early_buf[8];

static void make_early(void)
{
	if (!early_pipe[1] && pipe(early_pipe))
		_exit(2);
	early = request(early_pipe[0], early_buf, 8, 0);
	if (aio_read(&early))
		_exit(3);
}

static void finish_early(void)
{
	if (write(early_pipe[1], "early", 5) != 5 || finished(&early) != 5 ||
	    memcmp(early_buf, "early", 5))
		_exit(4);
}

/* Before main, when nothing of the program is initialised. */
__attribute__((constructor(101))) static void before_main(void)
{
	if (!getenv("POSIXAIO_TEST_BEFORE_MAIN"))
		return;
	make_early();
	finish_early();
	make_early();
}

/* main calls this, in its process. */
void tap_list(void)
{
	if (!early_pipe[1])
		return;
	finish_early();
	make_early();
	finish_early();
	_exit(42);
}

/*
 * A constructor that runs before all others does AIO, and main goes on with a
 * request that it has made.
 */
TEST(before_main)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		setenv("POSIXAIO_TEST_BEFORE_MAIN", "1", 1);
		execl("/proc/self/exe", "before_main", NULL);
		_exit(1);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(42, WEXITSTATUS(status));
}

static int is_after_main;

static void after_main(void)
{
	finish_early();
	make_early();
	finish_early();
	make_early();
	is_after_main = 1;
}

__attribute__((destructor(101))) static void after_all(void)
{
	if (!is_after_main)
		return;
	finish_early();
	make_early();
	finish_early();
	_exit(42);
}

/*
 * So does a function that exit calls, and the last destructor: what was in
 * flight goes on, too.
 */
TEST(after_main)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		atexit(after_main);
		make_early();
		exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(42, WEXITSTATUS(status));
}

/*
 * The shared library is opened, used and closed with a request in flight: its
 * thread goes on, and the aiocb ends.
 */
TEST(closed_library)
{
	int (*read_of)(struct aiocb *);
	char path[4096], buf[8];
	struct aiocb cb;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);
	void *library;
	int s[2];

#ifndef OURS
	SKIP("glibc: a program cannot close it");
#endif
	ASSERT_GE(n, 1);
	path[n] = 0;
	*strrchr(path, '/') = 0;
	strcat(path, "/../../lib/libposixaio.so");
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		SKIP("%s", dlerror());
	read_of = (int (*)(struct aiocb *))dlsym(library, "aio_read");
	ASSERT_TRUE(read_of && read_of != aio_read);
	pair(s);
	cb = request(s[0], buf, 8, 0);
	ASSERT_EQ(0, read_of(&cb));
	ASSERT_EQ(0, dlclose(library));
	ASSERT_EQ(2, write(s[1], "ok", 2));
	while (aio_error(&cb) == EINPROGRESS)	/* a look, whosever it is */
		poll(NULL, 0, 1);
	EXPECT_EQ(2, aio_return(&cb));
	EXPECT_EQ(0, memcmp(buf, "ok", 2));
}
