/* SPDX-License-Identifier: MIT */
/*
 * posixaio_ext_test.c - libposixaio: what it offers besides aio.h (with libc)
 *
 * The descriptor that is readable after an end, callbacks in threads that are
 * used again, the limit of aio_init.
 */
#include <aio.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/syscall.h>
#include "../../posix_aio/lib/posixaio_ext.h"
#include "ways.h"

#ifndef OURS			/* glibc does not have these functions */
int posixaio_descriptor(void)
{
	SKIP("glibc: no such function");
}

int posixaio_callback_threads(int threads)
{
	(void)threads;
	SKIP("glibc: no such function");
}
#endif

static char page[4][4096] __attribute__((aligned(4096)));

static struct aiocb request(int fd, void *buf, size_t len, off_t offset)
{
	return (struct aiocb){
		.aio_fildes = fd, .aio_buf = buf, .aio_nbytes = len,
		.aio_offset = offset, .aio_sigevent.sigev_notify = SIGEV_NONE,
	};
}

/* A file without a name, of 64 KiB; -1: the file system has not these flags. */
static int file(int flags)
{
	int fd = open(".", O_TMPFILE | O_RDWR | flags, 0600);

	if (fd < 0)
		fd = open("/var/tmp", O_TMPFILE | O_RDWR | flags, 0600);
	for (int i = 0; fd >= 0 && i < 16; i++)
		ASSERT_EQ(4096, pwrite(fd, page[3], 4096, i * 4096));
	return fd;
}

/* ---- the descriptor ---- */

/* As an event loop does it: sleep, read, ask. */
static ssize_t looped(int ends, struct aiocb *cb)
{
	struct pollfd p = { .fd = ends, .events = POLLIN };
	uint64_t n;

	do {
		ASSERT_EQ(1, poll(&p, 1, -1));
		if (read(ends, &n, sizeof(n)) < 0)
			ASSERT_EQ(EAGAIN, errno);
	} while (aio_error(cb) == EINPROGRESS);
	return aio_return(cb);
}

static int is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0);
}

/* Requests of every way end in an event loop that knows only the descriptor. */
TEST_TIMEOUT(event_loop, 60)
{
	int ends = posixaio_descriptor(), p[2], plain = file(0);
	int direct = file(O_DIRECT);
	struct aiocb cb;
	char in[8];

	ASSERT_GE(ends, 0);
	EXPECT_EQ(ends, posixaio_descriptor());
	EXPECT_EQ(0, is_readable(ends));
	ASSERT_EQ(0, pipe(p));
	for (int i = 0; i < 100; i++) {
		cb = request(p[0], in, 8, 0);		/* a stream */
		ASSERT_EQ(0, aio_read(&cb));
		EXPECT_EQ(EINPROGRESS, aio_error(&cb));
		ASSERT_EQ(2, write(p[1], "ok", 2));
		EXPECT_EQ(2, looped(ends, &cb));
		cb = request(plain, page[0], 4096, 4096);	/* the pool */
		ASSERT_EQ(0, aio_write(&cb));
		EXPECT_EQ(4096, looped(ends, &cb));
		cb = request(plain, page[1], 100, 0);	/* the page cache */
		ASSERT_EQ(0, aio_read(&cb));
		EXPECT_EQ(100, looped(ends, &cb));
		cb = request(12345, in, 1, 0);		/* no descriptor */
		ASSERT_EQ(0, aio_read(&cb));
		EXPECT_EQ(-1, looped(ends, &cb));
		if (direct < 0)
			continue;
		cb = request(direct, page[0], 4096, 8192);	/* native AIO */
		ASSERT_EQ(0, aio_write(&cb));
		EXPECT_EQ(4096, looped(ends, &cb));
		ASSERT_EQ(0, aio_read(&cb));
		EXPECT_EQ(4096, looped(ends, &cb));
	}
	cb = request(plain, NULL, 0, 0);
	ASSERT_EQ(0, aio_fsync(O_SYNC, &cb));
	EXPECT_EQ(0, looped(ends, &cb));
}

/* Nothing but an end makes it readable. */
TEST(quiet_while_nothing_ends)
{
	int ends = posixaio_descriptor(), p[2];
	struct aiocb cb;
	uint64_t n;
	char in[8];

	ASSERT_EQ(0, pipe(p));
	cb = request(p[0], in, 8, 0);
	ASSERT_EQ(0, aio_read(&cb));
	EXPECT_EQ(EINPROGRESS, aio_error(&cb));
	EXPECT_EQ(0, is_readable(ends));
	ASSERT_EQ(1, write(p[1], "x", 1));
	EXPECT_EQ(1, looped(ends, &cb));
	EXPECT_EQ(-1, read(ends, &n, sizeof(n)));
	EXPECT_EQ(EAGAIN, errno);
}

/* A child has its own: the parent's says nothing of the child's requests. */
TEST(descriptor_of_a_child)
{
	int ends = posixaio_descriptor(), status;
	pid_t pid;

#ifdef TSAN
	SKIP("ThreadSanitizer: no new thread after a fork of a threaded program");
#endif
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		int own = posixaio_descriptor(), fd = file(0);
		struct aiocb cb = request(fd, page[0], 100, 0);

		alarm(10);
		if (own < 0 || own == ends || aio_write(&cb))
			_exit(1);
		_exit(looped(own, &cb) != 100);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, is_readable(ends));
}

/* ---- callbacks ---- */

enum { CALLS = 200 };
static int called[CALLS], ends_its_thread;
static pid_t in_thread[CALLS];
static sem_t calls;

static void on_end(sigval_t value)
{
	int i = value.sival_int;

	__atomic_fetch_add(&called[i], 1, __ATOMIC_SEQ_CST);
	in_thread[i] = gettid();
	sem_post(&calls);
	if (ends_its_thread)
		pthread_exit(NULL);
}

/* CALLS requests, each with a callback; in how many threads were they called? */
static int call_all(void)
{
	static struct aiocb cb[CALLS];
	static char byte[CALLS];
	int fd = file(0), threads = 0;

	ASSERT_EQ(0, sem_init(&calls, 0, 0));
	for (int i = 0; i < CALLS; i++) {
		cb[i] = request(fd, &byte[i], 1, i);
		cb[i].aio_sigevent.sigev_notify = SIGEV_THREAD;
		cb[i].aio_sigevent.sigev_notify_function = on_end;
		cb[i].aio_sigevent.sigev_value.sival_int = i;
		ASSERT_EQ(0, (i & 1 ? aio_read : aio_write)(&cb[i]));
	}
	for (int i = 0; i < CALLS; i++)
		while (sem_wait(&calls))
			ASSERT_EQ(EINTR, errno);
	for (int i = 0; i < CALLS; i++) {
		int j = 0;

		EXPECT_EQ(1, called[i]);
		EXPECT_EQ(0, aio_error(&cb[i]));
		while (j < i && in_thread[j] != in_thread[i])
			j++;
		threads += j == i;
	}
	return threads;
}

/* The callbacks of 200 requests are called in two threads. */
TEST_TIMEOUT(callbacks_in_two_threads, 60)
{
	struct aioinit init = { .aio_idle_time = 60 };

	ASSERT_EQ(0, posixaio_callback_threads(2));
	aio_init(&init);
	EXPECT_LE(call_all(), 2);
}

/* A callback that ends its thread: another one calls the next. */
TEST_TIMEOUT(callbacks_that_end_their_threads, 60)
{
	ASSERT_EQ(0, posixaio_callback_threads(2));
	ends_its_thread = 1;
	call_all();
}

/* What is not a number of threads. */
TEST(no_number_of_threads)
{
	EXPECT_EQ(-1, posixaio_callback_threads(-1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, posixaio_callback_threads(0));
}

/* ---- aio_init ---- */

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

/* aio_threads: the pool has no more threads, and all requests end. */
TEST(no_more_threads_than_aio_threads)
{
	struct aioinit init = { .aio_threads = 3, .aio_num = 64 };
	struct aiocb cb[12];
	char in[12];
	int p[12][2];

	aio_init(&init);
	if (streams_have_a_ring())
		SKIP("io_uring: one thread for all streams");
	for (int i = 0; i < 12; i++) {
		ASSERT_EQ(0, pipe(p[i]));
		cb[i] = request(p[i][0], &in[i], 1, 0);
		ASSERT_EQ(0, aio_read(&cb[i]));
	}
#ifndef TSAN				/* it has some of its own */
	/* The thread that was to have the ring may still be ending. */
	while (threads() > 1 + 3)
		sched_yield();
#endif
	for (int i = 0; i < 12; i++)
		ASSERT_EQ(1, write(p[i][1], "x", 1));
	for (int i = 0; i < 12; i++) {
		const struct aiocb *list[] = { &cb[i] };

		while (aio_error(&cb[i]) == EINPROGRESS)
			aio_suspend(list, 1, NULL);
		EXPECT_EQ(1, aio_return(&cb[i]));
	}
}
