/* SPDX-License-Identifier: MIT */
/*
 * posixaio_denied_test.c - POSIX AIO where the kernel refuses or a file is odd (with libc)
 *
 * No memory that may be locked, no descriptor, no thread, a seccomp filter, a
 * ring that breaks with requests in it, a file system that does not answer,
 * descriptors without offsets, requests that overlap: every request still ends,
 * with the right bytes and in the right order.  Compiled twice, as
 * posixaio_test.c is.
 */
#include <aio.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <link.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include "ways.h"

/* More than a small stack, on which thread-local data lies, has room for. */
static __thread volatile char much_local_data[1 << 20];

#ifdef TSAN
#define NOT_UNDER_TSAN SKIP("ThreadSanitizer: has a thread of its own")
#else
#define NOT_UNDER_TSAN
#endif
#define ASSERT_BYTES(bytes, seen, n) ASSERT_EQ(0, memcmp(bytes, seen, n))
#define EXPECT_BYTES(bytes, seen, n) EXPECT_EQ(0, memcmp(bytes, seen, n))

static char direct_buf[64][4096] __attribute__((aligned(4096)));

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
	errno = aio_error(cb);
	return aio_return(cb);
}

/* A file without a name, of n zeroes, on a disk if there is one. */
static int file_of(size_t n, int flags)
{
	int fd = open(".", O_TMPFILE | O_RDWR | flags, 0600);

	if (fd < 0)
		fd = open("/var/tmp", O_TMPFILE | O_RDWR | flags, 0600);
	if (fd < 0)
		SKIP("no file here: %s", errno_name(errno));
	for (size_t i = 0; i < n; i += sizeof(direct_buf[63]))
		ASSERT_EQ(4096, pwrite(fd, direct_buf[63], 4096, i));
	return fd;
}

static void filtered(long err)
{
	if (err)
		SKIP("no seccomp filter: %s", errno_name(errno));
}

static void no_io_uring(void)
{
	filtered(filter_call(__NR_io_uring_setup, EPERM));
	filtered(filter_call(__NR_io_uring_enter, EPERM));
	filtered(filter_call(__NR_io_uring_register, EPERM));
}

/* A write to a file, a read of it, fsync, both ways of a pipe, O_DIRECT. */
static void everything_works(int fd, int direct, int p[2])
{
	struct aiocb cb = request(fd, "abcdefgh", 8, 100);
	char in[8];

	ASSERT_EQ(0, aio_write(&cb));
	ASSERT_EQ(8, finished(&cb));
	cb = request(fd, in, 8, 100);
	ASSERT_EQ(0, aio_read(&cb));
	ASSERT_EQ(8, finished(&cb));
	ASSERT_BYTES("abcdefgh", in, 8);
	cb = request(fd, NULL, 0, 0);
	ASSERT_EQ(0, aio_fsync(O_SYNC, &cb));
	ASSERT_EQ(0, finished(&cb));
	cb = request(p[1], "pipe", 4, 0);
	ASSERT_EQ(0, aio_write(&cb));
	ASSERT_EQ(4, finished(&cb));
	cb = request(p[0], in, 8, 0);
	ASSERT_EQ(0, aio_read(&cb));
	ASSERT_EQ(4, finished(&cb));
	ASSERT_BYTES("pipe", in, 4);
	memset(direct_buf[0], 'd', 4096);
	memset(direct_buf[1], 0, 4096);
	cb = request(direct, direct_buf[0], 4096, 8192);
	ASSERT_EQ(0, aio_write(&cb));
	ASSERT_EQ(4096, finished(&cb));
	cb = request(direct, direct_buf[1], 4096, 8192);
	ASSERT_EQ(0, aio_read(&cb));
	ASSERT_EQ(4096, finished(&cb));
	ASSERT_BYTES(direct_buf[0], direct_buf[1], 4096);
}

static int plain, direct, ends[2];

static void open_all(void)
{
	plain = file_of(1 << 16, 0);
	direct = file_of(1 << 16, O_DIRECT);
	ASSERT_EQ(0, pipe(ends));
}

/* Let the library's threads end for lack of work. */
static void wait_until_idle(void)
{
	char line[64];
	int n = 2;
	FILE *f;

	NOT_UNDER_TSAN;
	while (n > 1) {
		f = fopen("/proc/self/status", "r");
		ASSERT_TRUE(f);
		while (fgets(line, sizeof(line), f))
			sscanf(line, "Threads: %d", &n);
		fclose(f);
		usleep(10000);
	}
}

/* ---- what the kernel refuses ---- */

/* A ring's pages are locked memory before Linux 5.12 and from 6.14 on; the limit of
 * locked memory may be 0. */
TEST(no_memory_to_lock)
{
	struct rlimit none = { 0, 0 };

	open_all();
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &none));
	if (!geteuid()) {
		ASSERT_EQ(0, setgid(65534));
		ASSERT_EQ(0, setuid(65534));
	}
	everything_works(plain, direct, ends);
}

/* No descriptor is left when the first request is made, nor later. */
TEST(no_descriptor_left)
{
	struct rlimit few = { 64, 64 };

	open_all();
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &few));
	while (dup(plain) >= 0)
		;
	everything_works(plain, direct, ends);
}

/* ... and the library had a ring before, and gave it back. */
TEST(no_descriptor_left_later)
{
	struct rlimit few = { 64, 64 };

	open_all();
	everything_works(plain, direct, ends);
	wait_until_idle();
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &few));
	while (dup(plain) >= 0)
		;
	everything_works(plain, direct, ends);
}

/* A container: io_uring is refused from the start. */
TEST(io_uring_refused)
{
	open_all();
	no_io_uring();
	everything_works(plain, direct, ends);
}

/* The program forbids itself io_uring when the library is idle. */
TEST(io_uring_refused_later)
{
	open_all();
	everything_works(plain, direct, ends);
	wait_until_idle();
	no_io_uring();
	everything_works(plain, direct, ends);
}

/* Kernels before 6.7 (no FUTEX_WAIT in the ring) and 5.18 (no registered ring)
 * are played by refusing what tells or does it. */
TEST(older_kernels)
{
	open_all();
	filtered(filter_argument(__NR_io_uring_register, 1, BPF_JGE,
				 IORING_REGISTER_RING_FDS, EINVAL));
	everything_works(plain, direct, ends);
	filtered(filter_call(__NR_io_uring_register, EINVAL));
	everything_works(plain, direct, ends);
}

/* A 0 of RWF_NOWAIT is not the end of the file (Linux 5.9 and 5.10). */
TEST(nowait_that_says_0)
{
	struct aiocb cb;
	char in[4096];

	open_all();
	cb = request(plain, in, 4096, 0);
	ASSERT_EQ(4096, pwrite(plain, direct_buf[63], 4096, 0));
	filtered(filter_call(__NR_preadv2, 0));
	ASSERT_EQ(0, aio_read(&cb));
	EXPECT_EQ(4096, finished(&cb));
	cb.aio_offset = 1 << 20;
	ASSERT_EQ(0, aio_read(&cb));
	EXPECT_EQ(0, finished(&cb));
	everything_works(plain, direct, ends);
}

/* Neither io_uring nor native AIO. */
TEST(nothing_but_threads)
{
	open_all();
	no_io_uring();
	filtered(filter_call(__NR_io_setup, ENOSYS));
	everything_works(plain, direct, ends);
}

/*
 * Filters that are older than the calls that the library makes besides those of
 * glibc, or a program that gives up all but these.
 */
TEST(calls_that_glibc_does_not_make)
{
	static const int calls[] = {
		__NR_preadv2, __NR_statx, __NR_lseek, __NR_prctl,
		__NR_eventfd2, __NR_getsockopt, __NR_io_getevents,
		__NR_fcntl,
	};

	open_all();
	for (int i = 0; i < 8; i++) {
		filtered(filter_call(calls[i], EPERM));
		everything_works(plain, direct, ends);
	}
}

/* A ring is there, and no thread can be created any more, not even by the
 * kernel for the ring. */
TEST(no_thread_beside_the_ring)
{
	struct rlimit none = { 0, 0 };
	int proc = open("/proc/self/status", O_RDONLY);
	struct aiocb cb;
	char in[8];

	NOT_UNDER_TSAN;
	if (geteuid())
		SKIP("not root: RLIMIT_NPROC counts others' processes");
	open_all();
	ASSERT_EQ(0, setgid(54321));
	ASSERT_EQ(0, setuid(54321));
	cb = request(ends[0], in, 1, 0);
	ASSERT_EQ(0, aio_read(&cb));
	ASSERT_EQ(1, write(ends[1], "x", 1));
	ASSERT_EQ(1, finished(&cb));
	ASSERT_EQ(0, setrlimit(RLIMIT_NPROC, &none));
	cb = request(proc, in, 5, 0);
	ASSERT_EQ(0, aio_read(&cb));
	ASSERT_EQ(5, finished(&cb));
	EXPECT_BYTES("Name:", in, 5);
	everything_works(plain, direct, ends);
}

/* Threads made so far, the first of them to make a ring; which are refused. */
static struct { int made, first, times; } refused;

static int refuses_threads(int call)
{
	int n = refused.made++;

	(void)call;
	return n >= refused.first && n - refused.first < refused.times ?
	       EPERM : 0;
}

static void pair_of_kind(int i, int p[2])
{
	ASSERT_EQ(0, i & 1 ? socketpair(AF_UNIX, SOCK_STREAM, 0, p) : pipe(p));
}

/*
 * n reads of streams wait, and no thread is created from the first-th on, for
 * some times: other requests, which nobody announces again, go on, and the reads
 * end with their bytes, in their order.
 */
static void others_go_on(int n, int first, int times)
{
	static const int call = __NR_clone3;
	struct aiocb cb[8];
	char in[8][2];
	int p[4][2];

	GLIBC_CANNOT("a request waits for the next one");
	NOT_UNDER_TSAN;
	open_all();
	no_io_uring();
	refused.first = first;
	refused.times = times;
	filtered(filter_faults(&call, 1, refuses_threads));
	for (int i = 0; i < n; i++) {
		if (i < 4)
			pair_of_kind(i, p[i]);
		cb[i] = request(p[i % 4][0], in[i], 2, 0);
		ASSERT_EQ(0, aio_read(&cb[i]));
	}
	everything_works(plain, direct, ends);
	pair_of_kind(1, ends);
	everything_works(plain, direct, ends);
	for (int i = 0; i < n; i++)
		ASSERT_EQ(2, write(p[i % 4][1], i < 4 ? "1s" : "t2", 2));
	for (int i = 0; i < n; i++) {
		ASSERT_EQ(2, finished(&cb[i]));
		EXPECT_BYTES(i < 4 ? "1s" : "t2", in[i], 2);
	}
	EXPECT_GT(refused.made, first);
}

/* The second thread is refused, once. */
TEST(one_thread_refused)
{
	others_go_on(1, 2, 1);
}

/* One thread is all there is. */
TEST(one_thread_for_all_streams)
{
	others_go_on(8, 2, INT_MAX);
}

/* There are some, and each could wait for a stream. */
TEST(few_threads_for_all_streams)
{
	others_go_on(8, 4, INT_MAX);
}

/* As many blocked reads as aio_init allows threads. */
TEST(as_many_streams_as_threads)
{
	struct aioinit init = { .aio_threads = 4 };

	aio_init(&init);
	others_go_on(8, 3, 0);
}

/* The kernel is too old to try a read or a write of a stream without waiting. */
TEST(one_thread_without_nowait)
{
	static const int calls[] = { __NR_preadv2, __NR_pwritev2 };

	for (int i = 0; i < 2; i++)
		filtered(filter_call(calls[i], EOPNOTSUPP));
	others_go_on(8, 2, INT_MAX);
}

/* One thread, and a write that its pipe has no room for: all of it arrives. */
TEST(one_thread_for_a_long_write)
{
	static const int call = __NR_clone3;
	static char much[1 << 18], in[1 << 18];
	size_t got = 0;
	struct aiocb cb;
	ssize_t n;
	int p[2];

	GLIBC_CANNOT("a request waits for the next one");
	NOT_UNDER_TSAN;
	open_all();
	no_io_uring();
	refused.first = 2;
	refused.times = INT_MAX;
	filtered(filter_faults(&call, 1, refuses_threads));
	for (size_t i = 0; i < sizeof(much); i++)
		much[i] = i * 7 + i / 4096;
	ASSERT_EQ(0, pipe(p));
	cb = request(p[1], much, sizeof(much), 0);
	ASSERT_EQ(0, aio_write(&cb));
	everything_works(plain, direct, ends);
	while (got < sizeof(in)) {
		n = read(p[0], in + got, sizeof(in) - got);
		ASSERT_GT(n, 0);
		got += n;
	}
	ASSERT_EQ(sizeof(much), finished(&cb));
	EXPECT_BYTES(much, in, sizeof(in));
}

/* The pool's second thread begins when the request is over. */
static int begun, is_over;

static int begins_late(int call)
{
	(void)call;
	for (int ms = 0; begun == 1 && ms < 5000 &&
	     !__atomic_load_n(&is_over, __ATOMIC_SEQ_CST); ms++)
		poll(NULL, 0, 1);
	begun++;
	return 0;
}

/* A request waits for no thread but its own: on a busy machine another takes
 * long until it begins. */
TEST(another_thread_begins_late)
{
	static const int call = __NR_prctl;	/* its name, at first */
	struct timespec patience = { .tv_sec = 3 };
	const struct aiocb *list[1];
	struct aiocb cb;
	char in;

	NOT_UNDER_TSAN;
	filtered(filter_faults(&call, 1, begins_late));
	cb = request(open("/dev/null", O_RDONLY), &in, 1, 0);
	list[0] = &cb;
	ASSERT_EQ(0, aio_read(&cb));
	EXPECT_EQ(0, aio_suspend(list, 1, &patience));
	EXPECT_EQ(0, aio_error(&cb));
	__atomic_store_n(&is_over, 1, __ATOMIC_SEQ_CST);
	EXPECT_EQ(0, finished(&cb));
}

/* Room for the stack of a thread and little else (RLIMIT_AS). */
TEST(little_memory)
{
	struct rlimit limit;
	long pages = 0;
	FILE *f;

#if defined(TSAN) || defined(__SANITIZE_ADDRESS__)
	SKIP("a sanitizer takes more memory");
#endif
	open_all();
	f = fopen("/proc/self/statm", "r");
	ASSERT_TRUE(f);
	ASSERT_EQ(1, fscanf(f, "%ld", &pages));
	fclose(f);
	limit.rlim_cur = limit.rlim_max =
		pages * sysconf(_SC_PAGESIZE) + sizeof(much_local_data) +
		(96 << 10);
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &limit));
	everything_works(plain, direct, ends);
}

/* The same for private memory (RLIMIT_DATA), and as little as glibc needs. */
TEST(little_private_memory)
{
	struct rlimit limit;
	char line[128];
	long kib = 0;
	FILE *f;

#if defined(TSAN) || defined(__SANITIZE_ADDRESS__)
	SKIP("a sanitizer takes more memory");
#endif
	open_all();
	f = fopen("/proc/self/status", "r");
	ASSERT_TRUE(f);
	while (fgets(line, sizeof(line), f))
		sscanf(line, "VmData: %ld", &kib);
	fclose(f);
	limit.rlim_cur = limit.rlim_max =
		(kib << 10) + sizeof(much_local_data) +
		sysconf(_SC_THREAD_STACK_MIN) + (32 << 10);
	ASSERT_EQ(0, setrlimit(RLIMIT_DATA, &limit));
	everything_works(plain, direct, ends);
}

/* No memory for a list: it is refused, and so is each request of it. */
TEST(list_without_memory)
{
	struct aiocb cb[2], *list[] = { &cb[0], NULL, &cb[1] };
	char in[2];

	GLIBC_CANNOT("its memory is malloc's");
#if defined(TSAN) || defined(__SANITIZE_ADDRESS__)
	SKIP("a sanitizer takes memory, too");
#endif
	open_all();
	everything_works(plain, direct, ends);
	for (int i = 0; i < 2; i++) {
		cb[i] = request(plain, &in[i], 1, 0);
		cb[i].aio_lio_opcode = i ? LIO_WRITE : LIO_READ;
	}
	filtered(filter_call(__NR_mmap, ENOMEM));
	for (int how = 0; how < 2; how++) {
		EXPECT_EQ(-1, lio_listio(how ? LIO_WAIT : LIO_NOWAIT, list, 3,
					 NULL));
		EXPECT_EQ(EAGAIN, errno);
		for (int i = 0; i < 2; i++) {
			EXPECT_EQ(EAGAIN, aio_error(&cb[i]));
			EXPECT_EQ(-1, aio_return(&cb[i]));
		}
	}
}

/* Without preadv2(2), too, a read ends that read(2) refuses and poll(2) does not
 * report. */
TEST(streams_without_preadv2)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int listens = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), p[2];
	struct aiocb cb;
	char in;

	filtered(filter_call(__NR_preadv2, ENOSYS));
	filtered(filter_call(__NR_io_uring_setup, EPERM));
	ASSERT_EQ(0, pipe(p));
	cb = request(p[1], &in, 1, 0);
	ASSERT_EQ(0, aio_read(&cb));
	EXPECT_EQ(-1, finished(&cb));
	EXPECT_EQ(EBADF, aio_error(&cb));
	ASSERT_EQ(0, bind(listens, (void *)&at, sizeof(at.sun_family)));
	ASSERT_EQ(0, listen(listens, 1));
	cb = request(listens, &in, 1, 0);
	ASSERT_EQ(0, aio_read(&cb));
	EXPECT_EQ(-1, finished(&cb));
	EXPECT_EQ(EINVAL, aio_error(&cb));
}

/* A signal for which there is no room, and no memory to remember it, is sent. */
TEST(notifications_without_memory)
{
	enum { N = 100 };
	struct timespec patience = { .tv_sec = 5 };
	struct rlimit usual, none;
	struct aiocb cb;
	sigset_t set;
	char in;

	GLIBC_CANNOT("the request fails without a notification");
#if defined(TSAN) || defined(__SANITIZE_ADDRESS__)
	SKIP("a sanitizer takes memory, too");
#endif
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	open_all();
	everything_works(plain, direct, ends);
	ASSERT_EQ(0, getrlimit(RLIMIT_SIGPENDING, &usual));
	none = usual;
	none.rlim_cur = 0;
	filtered(filter_call(__NR_mmap, ENOMEM));
	ASSERT_EQ(0, setrlimit(RLIMIT_SIGPENDING, &none));
	for (int i = 0; i < N; i++) {	/* in this thread, which is filtered */
		cb = request(plain, &in, 1, 0);
		cb.aio_sigevent.sigev_notify = SIGEV_SIGNAL;
		cb.aio_sigevent.sigev_signo = SIGRTMIN;
		ASSERT_EQ(0, aio_read(&cb));
		ASSERT_EQ(1, finished(&cb));
	}
	ASSERT_EQ(0, setrlimit(RLIMIT_SIGPENDING, &usual));
	for (int i = 0; i < N; i++)
		ASSERT_EQ(SIGRTMIN, sigtimedwait(&set, NULL, &patience));
}

/* Native AIO takes nothing, though it is there. */
TEST(native_aio_without_room)
{
	open_all();
	filtered(filter_call(__NR_io_submit, EAGAIN));
	everything_works(plain, direct, ends);
}

/* ---- a ring that breaks with requests in it ---- */

static void break_ring(void)
{
	filtered(filter_all_rings());
}

/* For all threads: io_uring and native AIO end the process, or send it SIGSYS. */
static void filter_that_kills(unsigned action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, __NR_io_uring_setup, 0, 1),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, __NR_io_uring_register, 0,
			 2),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, __NR_io_setup, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, __NR_io_setup + 4, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	filtered(filter_install(code, 7, SECCOMP_FILTER_FLAG_TSYNC));
}

/* Before the first request. */
TEST(filter_that_kills_at_first)
{
	open_all();
	filter_that_kills(SECCOMP_RET_KILL_PROCESS);
	everything_works(plain, direct, ends);
	everything_works(plain, direct, ends);
}

TEST(filter_that_signals_at_first)
{
	open_all();
	filter_that_kills(SECCOMP_RET_TRAP);
	everything_works(plain, direct, ends);
}

/* Of the coarse clock. */
static void wait_for_a_tick(void)
{
	struct timespec before, now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &before);
	do
		clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	while (now.tv_nsec == before.tv_nsec);
}

/* A read waits in the ring, another one was in the native context. */
static void killed_later(unsigned action)
{
	struct aiocb cb;
	int p[2];
	char in;

	open_all();
	ASSERT_EQ(0, pipe(p));
	everything_works(plain, direct, ends);
	cb = request(p[0], &in, 1, 0);
	ASSERT_EQ(0, aio_read(&cb));
	filter_that_kills(action);
	wait_for_a_tick();		/* for O_DIRECT: posixaio(7) */
	everything_works(plain, direct, ends);
	ASSERT_EQ(1, write(p[1], "x", 1));
	ASSERT_EQ(1, finished(&cb));
}

TEST(filter_that_kills_later)
{
	killed_later(SECCOMP_RET_KILL_PROCESS);
}

TEST(filter_that_signals_later)
{
	killed_later(SECCOMP_RET_TRAP);
}

/* The program cannot wait for the child that tries the calls. */
TEST(no_child_is_seen)
{
	open_all();
	filtered(filter_call(__NR_io_cancel, EPERM));
	everything_works(plain, direct, ends);
	EXPECT_EQ(-1, waitpid(-1, NULL, 0));
	EXPECT_EQ(ECHILD, errno);
}

/* Reads of pipes that wait in the ring end with their bytes, in their order. */
TEST(filter_for_all_threads)
{
	struct aiocb cb[8];
	char in[8][4];
	int p[4][2];

	open_all();
	for (int i = 0; i < 8; i++) {
		if (!(i & 1))
			ASSERT_EQ(0, pipe(p[i / 2]));
		cb[i] = request(p[i / 2][0], in[i], 2, 0);
		ASSERT_EQ(0, aio_read(&cb[i]));
	}
	break_ring();
	everything_works(plain, direct, ends);
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(4, write(p[i][1], "1st2", 4));
	for (int i = 0; i < 8; i++) {
		ASSERT_EQ(2, finished(&cb[i]));
		ASSERT_BYTES(i & 1 ? "t2" : "1s", in[i], 2);
	}
}

/* Bytes that arrived before are not lost, a write that waits goes on. */
TEST(filter_while_a_write_waits)
{
	static char much[1 << 18], in[1 << 18];
	struct aiocb cb;
	size_t got = 0;
	ssize_t n;
	int p[2];

	open_all();
	for (size_t i = 0; i < sizeof(much); i++)
		much[i] = i * 7 + i / 4096;
	ASSERT_EQ(0, pipe(p));
	cb = request(p[1], much, sizeof(much), 0);
	ASSERT_EQ(0, aio_write(&cb));
	break_ring();
	everything_works(plain, direct, ends);
	while (got < sizeof(in)) {
		n = read(p[0], in + got, sizeof(in) - got);
		ASSERT_GT(n, 0);
		got += n;
	}
	ASSERT_EQ(sizeof(much), finished(&cb));
	EXPECT_BYTES(much, in, sizeof(in));
}

/* No processor time is burnt by a ring that is gone. */
TEST(nothing_spins)
{
	struct aiocb cb;
	struct rusage u;
	char in;

	open_all();
	cb = request(ends[0], &in, 1, 0);
	ASSERT_EQ(0, aio_read(&cb));
	break_ring();
	ASSERT_EQ(0, poll(NULL, 0, 2000));
	ASSERT_EQ(0, getrusage(RUSAGE_SELF, &u));
	EXPECT_LT(u.ru_utime.tv_sec + u.ru_stime.tv_sec, 1);
	ASSERT_EQ(1, write(ends[1], "x", 1));
	EXPECT_EQ(1, finished(&cb));
}

/* ---- threads ---- */

/* Thread-local data of 1 MiB lies on the stack of each thread. */
TEST(much_thread_local_data)
{
	much_local_data[5] = 1;
	open_all();
	everything_works(plain, direct, ends);
	no_io_uring();
	everything_works(plain, direct, ends);
}

static int called;

static void on_call(sigval_t value)
{
	__atomic_fetch_add(&called, value.sival_int, __ATOMIC_SEQ_CST);
}

/* A filter that refuses to make threads from now on loses no notification. */
TEST(callbacks_without_new_threads)
{
	struct aiocb cb[2];
	char in;

	GLIBC_CANNOT("a callback without a thread is lost");
	open_all();
	for (int i = 0; i < 2; i++) {
		cb[i] = request(ends[0], &in, 1, 0);
		cb[i].aio_sigevent.sigev_notify = SIGEV_THREAD;
		cb[i].aio_sigevent.sigev_notify_function = on_call;
		cb[i].aio_sigevent.sigev_value.sival_int = 1 + i;
		ASSERT_EQ(0, aio_read(&cb[i]));
	}
	{
		struct sock_filter code[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
				 offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone3, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		};

		filtered(filter_install(code, 4, SECCOMP_FILTER_FLAG_TSYNC));
	}
	ASSERT_EQ(2, write(ends[1], "xy", 2));
	while (__atomic_load_n(&called, __ATOMIC_SEQ_CST) != 3)
		sched_yield();
}

static int listing[2];

static int stay_inside(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)info, (void)size, (void)unused;
	ASSERT_EQ(1, write(listing[1], "", 1));
	pause();
	return 1;
}

static void *list_objects(void *unused)
{
	dl_iterate_phdr(stay_inside, unused);
	return NULL;
}

/* A thread has a lock of the dynamic linker, which the child never gets. */
TEST(fork_beside_dl_iterate_phdr)
{
	pthread_t t;
	int status;
	pid_t pid;
	char c;

	NOT_UNDER_TSAN;
	open_all();
	ASSERT_EQ(0, pipe(listing));
	ASSERT_EQ(0, pthread_create(&t, NULL, list_objects, NULL));
	ASSERT_EQ(1, read(listing[0], &c, 1));
	pid = fork();
	if (!pid) {
		everything_works(plain, direct, ends);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* ---- descriptors without offsets ---- */

/* Two reads of an eventfd, a timerfd, a signalfd: the first event is the
 * first one's, though lseek on them succeeds. */
TEST(events_in_order)
{
	struct signalfd_siginfo info[2];
	struct aiocb cb[2];
	uint64_t n[2], one = 1, two = 2;
	sigset_t set;
	int fd;

	for (int i = 0; i < 50; i++) {
		fd = eventfd(0, 0);
		for (int k = 0; k < 2; k++) {
			cb[k] = request(fd, &n[k], 8, 0);
			ASSERT_EQ(0, aio_read(&cb[k]));
		}
		ASSERT_EQ(8, write(fd, &one, 8));
		ASSERT_EQ(8, finished(&cb[0]));
		ASSERT_EQ(EINPROGRESS, aio_error(&cb[1]));
		ASSERT_EQ(8, write(fd, &two, 8));
		ASSERT_EQ(8, finished(&cb[1]));
		ASSERT_EQ(1, n[0]);
		ASSERT_EQ(2, n[1]);
		close(fd);
	}
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	ASSERT_EQ(0, pthread_sigmask(SIG_BLOCK, &set, NULL));
	fd = signalfd(-1, &set, 0);
	for (int k = 0; k < 2; k++) {
		cb[k] = request(fd, &info[k], sizeof(info[k]), 0);
		ASSERT_EQ(0, aio_read(&cb[k]));
	}
	/* A signalfd reads its reader's signals: the process's, for threads. */
	ASSERT_EQ(0, kill(getpid(), SIGUSR2));
	ASSERT_EQ(sizeof(info[0]), finished(&cb[0]));
	ASSERT_EQ(0, kill(getpid(), SIGUSR1));
	ASSERT_EQ(sizeof(info[1]), finished(&cb[1]));
	EXPECT_EQ(SIGUSR2, (int)info[0].ssi_signo);
	EXPECT_EQ(SIGUSR1, (int)info[1].ssi_signo);
}

/* A number that was a file's becomes an eventfd's with a read in flight. */
TEST(a_number_becomes_an_eventfd)
{
	uint64_t n[2], one = 1, two = 2;
	struct aiocb cb[2];
	char in[16];
	int fd, e;

	for (int i = 0; i < 40; i++) {
		fd = file_of(4096, i & 1 ? O_DIRECT : 0);
		for (int k = 0; k < 3; k++) {
			cb[0] = request(fd, i & 1 ? direct_buf[0] : in,
					i & 1 ? 4096 : 16, 0);
			ASSERT_EQ(0, aio_read(&cb[0]));
			ASSERT_GT(finished(&cb[0]), 0);
		}
		e = eventfd(0, 0);
		ASSERT_EQ(fd, dup2(e, fd));
		close(e);
		for (int k = 0; k < 2; k++) {
			cb[k] = request(fd, &n[k], 8, 0);
			ASSERT_EQ(0, aio_read(&cb[k]));
		}
		ASSERT_EQ(8, write(fd, &one, 8));
		ASSERT_EQ(8, finished(&cb[0]));
		ASSERT_EQ(8, write(fd, &two, 8));
		ASSERT_EQ(8, finished(&cb[1]));
		ASSERT_EQ(1, n[0]);
		ASSERT_EQ(2, n[1]);
		close(fd);
	}
}

/* A device that has offsets, and is not a file: pread64 is what glibc calls. */
TEST(devices_with_offsets)
{
	struct aiocb cb;
	int fd = open("/dev/zero", O_RDWR);
	char in[8] = "filled.";

	ASSERT_GE(fd, 0);
	cb = request(fd, in, 8, 1234);
	ASSERT_EQ(0, aio_read(&cb));
	EXPECT_EQ(8, finished(&cb));
	EXPECT_BYTES("\0\0\0\0\0\0\0\0", in, 8);
	cb = request(fd, in, 8, -1);
	ASSERT_EQ(0, aio_read(&cb));
	EXPECT_EQ(-1, finished(&cb));
	EXPECT_EQ(EINVAL, aio_error(&cb));
}

/* ---- requests that overlap ---- */

/* A read of what was written before it on the same descriptor sees it. */
static void write_then_read(int flags, size_t len)
{
	static char out[1 << 20] __attribute__((aligned(4096)));
	static char in[1 << 20] __attribute__((aligned(4096)));
	int fd = file_of(2 << 20, flags);
	struct aiocb w, r;

	for (int i = 1; i < 100; i++) {
		memset(out, i, len);
		w = request(fd, out, len, 0);
		r = request(fd, in, len, 0);
		ASSERT_EQ(0, aio_write(&w));
		ASSERT_EQ(0, aio_read(&r));
		ASSERT_EQ((ssize_t)len, finished(&r));
		ASSERT_EQ((ssize_t)len, finished(&w));
		if (in[0] != (char)i || in[len - 1] != (char)i)
			FAIL("round %d: %d and %d", i, in[0], in[len - 1]);
	}
}

TEST_TIMEOUT(write_then_read, 60)
{
	write_then_read(0, 4096);
	write_then_read(0, 1 << 20);
	write_then_read(O_DIRECT, 4096);
	write_then_read(O_DIRECT, 1 << 20);
	no_io_uring();
	write_then_read(0, 4096);
	write_then_read(O_DIRECT, 4096);
}

/* Of writes to the same bytes the last one stays; a read made before a write
 * does not see it. */
static void writes_and_reads(int flags)
{
	int fd = file_of(1 << 16, flags);
	struct aiocb w[32], r;

	for (int i = 0; i < 50; i++) {
		memset(direct_buf[40], 0, 4096);
		ASSERT_EQ(4096, pwrite(fd, direct_buf[40], 4096, 0));
		r = request(fd, direct_buf[41], 4096, 0);
		ASSERT_EQ(0, aio_read(&r));
		for (int k = 0; k < 32; k++) {
			memset(direct_buf[k], k + 1, 4096);
			w[k] = request(fd, direct_buf[k], 4096, 0);
			ASSERT_EQ(0, aio_write(&w[k]));
		}
		for (int k = 0; k < 32; k++)
			ASSERT_EQ(4096, finished(&w[k]));
		ASSERT_EQ(4096, finished(&r));
		ASSERT_EQ(0, direct_buf[41][17]);
		ASSERT_EQ(4096, pread(fd, direct_buf[42], 4096, 0));
		ASSERT_EQ(32, direct_buf[42][17]);
	}
}

TEST_TIMEOUT(the_last_write_stays, 60)
{
	writes_and_reads(0);
	writes_and_reads(O_DIRECT);
	no_io_uring();
	writes_and_reads(0);
	writes_and_reads(O_DIRECT);
}

/* What was appended is there for a read that was made after it. */
TEST(append_then_read)
{
	int fd = file_of(0, O_APPEND);
	struct aiocb w[2], r;
	char in[8];

	for (int i = 0; i < 50; i++) {
		w[0] = request(fd, "abc", 3, 0);
		w[1] = request(fd, "def", 3, 0);
		r = request(fd, in, 6, i * 6);
		ASSERT_EQ(0, aio_write(&w[0]));
		ASSERT_EQ(0, aio_write(&w[1]));
		ASSERT_EQ(0, aio_read(&r));
		ASSERT_EQ(6, finished(&r));
		ASSERT_BYTES("abcdef", in, 6);
		ASSERT_EQ(3, finished(&w[0]));
		ASSERT_EQ(3, finished(&w[1]));
	}
}

/* ---- nobody else waits ---- */

/* An ext4 of our own on a loop device, to be frozen: writes to it wait. */
FIXTURE(frozen) {
	char dir[32], file[64];
	int fd;
};

static int shell(const char *format, const char *dir)
{
	char line[512];

	snprintf(line, sizeof(line), format, dir);
	return system(line);
}

FIXTURE_SETUP(frozen)
{
	if (geteuid())
		SKIP("needs root");
	strcpy(self->dir, "/var/tmp/posixaio.XXXXXX");
	ASSERT_TRUE(mkdtemp(self->dir));
	if (shell("cd %s && truncate -s 16M img && mkfs.ext4 -q img && "
		  "mkdir m && mount -o loop img m && "
		  "head -c 65536 /dev/zero >m/f && sync -f m/f", self->dir)) {
		shell("rm -rf %s", self->dir);
		SKIP("no ext4 on a loop device here");
	}
	snprintf(self->file, sizeof(self->file), "%s/m/f", self->dir);
	self->fd = open(self->file, O_RDWR);
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(frozen)
{
	ioctl(self->fd, FITHAW, 0);
	close(self->fd);
	shell("cd %s && umount -l m; rm -rf img m", self->dir);
	rmdir(self->dir);
}

/* Writes to a frozen file system: the caller and all other files go on. */
static void stuck(struct frozen *self, int flags)
{
	int fd = open(self->file, O_RDWR | flags);
	struct aiocb cb[40];

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, ioctl(fd, FIFREEZE, 0));
	open_all();
	for (int i = 0; i < 40; i++) {
		cb[i] = request(fd, direct_buf[i], 4096, i % 16 * 4096);
		ASSERT_EQ(0, aio_write(&cb[i]));
		ASSERT_EQ(EINPROGRESS, aio_error(&cb[i]));
	}
	everything_works(plain, direct, ends);
	ASSERT_EQ(EINPROGRESS, aio_error(&cb[0]));
	ASSERT_EQ(0, ioctl(fd, FITHAW, 0));
	for (int i = 0; i < 40; i++)
		ASSERT_EQ(4096, finished(&cb[i]));
	close(fd);
}

TEST_F(frozen, buffered)
{
	stuck(self, 0);
}

TEST_F(frozen, with_direct)
{
	stuck(self, O_DIRECT);
}

TEST_F(frozen, without_io_uring)
{
	no_io_uring();
	stuck(self, O_DIRECT);
}

/* The ring breaks while the pool's threads wait: its requests go on. */
TEST_F(frozen, ring_breaks)
{
	struct timespec patience = { .tv_sec = 3 };
	const struct aiocb *list[1];
	struct aiocb written, cb[2];
	char in[2];
	int p[2][2];

	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, pipe(p[i]));
		cb[i] = request(p[i][0], &in[i], 1, 0);
		ASSERT_EQ(0, aio_read(&cb[i]));
	}
	ASSERT_EQ(0, ioctl(self->fd, FIFREEZE, 0));
	written = request(self->fd, direct_buf[0], 4096, 0);
	ASSERT_EQ(0, aio_write(&written));
	break_ring();
	poll(NULL, 0, 1500);		/* idle threads leave */
	/* The first byte wakes the worker, which finds the ring broken. */
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(1, write(p[i][1], "x", 1));
		list[0] = &cb[i];
		EXPECT_EQ(0, aio_suspend(list, 1, &patience));
	}
	EXPECT_EQ(EINPROGRESS, aio_error(&written));
	ASSERT_EQ(0, ioctl(self->fd, FITHAW, 0));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(1, finished(&cb[i]));
	ASSERT_EQ(4096, finished(&written));
}

/* Bytes that this thread has written to devices (or read), as the kernel counts
 * them. */
static long bytes_of_me(const char *format)
{
	FILE *f = fopen("/proc/thread-self/io", "r");
	char line[64];
	long n = -1;

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, format, &n);
	if (f)
		fclose(f);
	if (n < 0)
		SKIP("no /proc/thread-self/io");
	return n;
}

/* O_DIRECT writes that make a file longer: neither aio_write nor aio_error nor
 * aio_suspend carries them out. */
TEST_TIMEOUT(others_carry_it_out, 30)
{
	int fd = file_of(0, O_DIRECT);
	struct timespec soon = { .tv_nsec = 100000 };
	struct aiocb cb[64];
	long before = bytes_of_me("write_bytes: %ld");

	for (int i = 0; i < 64; i++) {
		const struct aiocb *list[] = { &cb[i] };

		cb[i] = request(fd, direct_buf[i], 4096, i * 4096L);
		ASSERT_EQ(0, aio_write(&cb[i]));
		aio_suspend(list, 1, &soon);
	}
	for (int i = 0; i < 64; i++)
		ASSERT_EQ(4096, finished(&cb[i]));
	EXPECT_EQ(before, bytes_of_me("write_bytes: %ld"));
}

/* Nor does aio_read carry out a long O_DIRECT read. */
TEST_TIMEOUT(others_carry_out_a_long_read, 30)
{
	enum { LONG = 16 << 20 };
	int fd = file_of(LONG, O_DIRECT);
	char *buf = aligned_alloc(4096, LONG);
	struct aiocb cb = request(fd, buf, LONG, 0);
	long before = bytes_of_me("read_bytes: %ld");

	ASSERT_TRUE(buf);
	ASSERT_EQ(0, aio_read(&cb));
	ASSERT_EQ(LONG, finished(&cb));
	EXPECT_EQ(before, bytes_of_me("read_bytes: %ld"));
	free(buf);
}

/* Not over yet, in a child as well: as with glibc, which has tried pread(2). */
TEST(return_too_early)
{
	struct aiocb cb;
	int p[2], status;
	pid_t pid;
	char in;

	ASSERT_EQ(0, pipe(p));
	cb = request(p[0], &in, 1, 0);
	ASSERT_EQ(0, aio_read(&cb));
	while (!aio_return(&cb))	/* its thread has not begun */
		usleep(1000);
	EXPECT_EQ(-1, aio_return(&cb));
	pid = fork();
	if (!pid)
		_exit(aio_error(&cb) != EINPROGRESS || aio_return(&cb) != -1);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(1, write(p[1], "x", 1));
	EXPECT_EQ(1, finished(&cb));
}

/* A program that calls aio_return without aio_error gets the result of a request
 * that has ended. */
TEST(return_without_error)
{
	int fd = file_of(8192, O_DIRECT);
	struct aiocb cb = request(fd, direct_buf[0], 4096, 0);

	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, i ? aio_write(&cb) : aio_read(&cb));
		while (!aio_return(&cb))
			usleep(1000);
		EXPECT_EQ(4096, aio_return(&cb));
	}
}

/* A file that may not become so long: EFBIG, and no signal to the program. */
TEST(file_size_limit)
{
	struct rlimit limit = { 8192, 8192 };
	int fd = file_of(4096, O_DIRECT), fd2 = file_of(4096, 0);
	struct aiocb cb;

	for (int i = 0; i < 20; i++) {
		if (i == 10)
			ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &limit));
		cb = request(i & 1 ? fd : fd2, direct_buf[0], 4096, 16384);
		ASSERT_EQ(0, aio_write(&cb));
		ASSERT_EQ(i < 10 ? 4096 : -1, finished(&cb));
		if (i >= 10)
			EXPECT_EQ(EFBIG, aio_error(&cb));
	}
}

/* ---- handlers that do not return ---- */

static sigjmp_buf out;
static volatile sig_atomic_t inside;

static void jumps(int sig)
{
	(void)sig;
	if (inside) {
		inside = 0;
		siglongjmp(out, 1);
	}
}

/*
 * aio_error may be called where a handler leaves by longjmp.  Whatever it was
 * about to do, each request ends, an fsync behind it ends, and nothing is used
 * up.
 */
TEST_TIMEOUT(longjmp_out_of_aio_error, 30)
{
	struct itimerval often = { { 0, 50 }, { 0, 50 } }, never = { 0 };
	int fd = file_of(1 << 16, O_DIRECT), left = 0;
	struct aiocb cb, sync;

	GLIBC_CANNOT("aio_error holds a lock");

	signal(SIGALRM, jumps);
	for (volatile int i = 0; i < 3000; i++) {
		cb = request(fd, direct_buf[0], 4096, i % 16 * 4096);
		ASSERT_EQ(0, aio_read(&cb));
		setitimer(ITIMER_REAL, &often, NULL);
		if (!sigsetjmp(out, 1)) {
			inside = 1;
			while (aio_error(&cb) == EINPROGRESS)
				;
			inside = 0;
		} else {
			left++;
		}
		setitimer(ITIMER_REAL, &never, NULL);
		if (i % 64 == 0) {
			sync = request(fd, NULL, 0, 0);
			ASSERT_EQ(0, aio_fsync(O_DSYNC, &sync));
			ASSERT_EQ(0, finished(&sync));
		}
		ASSERT_EQ(4096, finished(&cb));
	}
	SAY("left %d times", left);
}

static void forks(int sig)
{
	int status;
	pid_t pid;

	(void)sig;
	if (!inside)
		return;
	inside = 0;
	pid = fork();
	if (!pid) {
		inside = -1;		/* the child goes on where we were */
		return;
	}
	waitpid(pid, &status, 0);
	if (status)
		FAIL("the child has ended with %#x", status);
}

/* A handler that interrupts aio_error forks: the child goes on there, and makes
 * requests of its own. */
TEST_TIMEOUT(fork_in_a_handler, 60)
{
	struct itimerval once = { { 0, 0 }, { 0, 30 } };
	int fd = file_of(1 << 16, O_DIRECT), children = 0;
	struct aiocb cb;

	GLIBC_CANNOT("the child waits for threads that it has not");
#ifdef TSAN
	SKIP("ThreadSanitizer: no new thread after a fork of a threaded program");
#endif
	signal(SIGALRM, forks);
	for (int i = 0; i < 200; i++) {
		cb = request(fd, direct_buf[0], 4096, 0);
		ASSERT_EQ(0, aio_read(&cb));
		inside = 1;
		once.it_value.tv_usec = 1 + i % 20;
		setitimer(ITIMER_REAL, &once, NULL);
		while (inside == 1 && aio_error(&cb) == EINPROGRESS)
			;
		if (inside == -1) {
			cb = request(fd, direct_buf[0], 4096, 0);
			if (aio_read(&cb) || finished(&cb) != 4096)
				_exit(1);
			_exit(0);
		}
		children += !inside;
		inside = 0;
		ASSERT_EQ(4096, finished(&cb));
	}
	SAY("%d children", children);
}
