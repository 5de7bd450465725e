/* SPDX-License-Identifier: MIT */
/*
 * glibc_aio_test.c - what glibc's POSIX AIO does, one fact per test (with libc)
 *
 * The helper threads of the library are watched in /proc/self/task: how many
 * there are, and in which system call, on which descriptor, each sleeps.
 */
#include <aio.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include "tap.h"

#ifndef __GLIBC__
#error "these are facts about glibc"
#endif

/* ---- helpers ---- */

/* What a thread waits in: the call's number and its first argument. */
static int sleeps_in(const char *tid, long *fd)
{
	char path[300];
	long nr = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%s/syscall", tid);
	f = fopen(path, "re");
	if (!f)
		return -1;
	if (fscanf(f, "%ld 0x%lx", &nr, (unsigned long *)fd) != 2)
		nr = -1;
	fclose(f);
	return nr;
}

static int helper;			/* the last that threads() saw in read */

/* Threads of this process; of the others, those in read(fd), any fd if -1. */
static int threads(int *reading, int fd)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *e;
	int n = 0;

	*reading = 0;
	ASSERT_TRUE(dir);
	while ((e = readdir(dir))) {
		long at;

		if (e->d_name[0] == '.')
			continue;
		n++;
		/* Not this thread: to look is a read, too. */
		if (atoi(e->d_name) != getpid() &&
		    sleeps_in(e->d_name, &at) == __NR_read &&
		    (fd < 0 || fd == at)) {
			(*reading)++;
			helper = atoi(e->d_name);
		}
	}
	closedir(dir);
	return n;
}

/* Until n helpers sleep in read; the test's time limits the wait. */
static void until_reading(int n, int fd)
{
	int reading;

	if (access("/proc/self/syscall", R_OK))
		SKIP("/proc/self/syscall cannot be read");
	while (threads(&reading, fd), reading < n)
		poll(NULL, 0, 1);
	EXPECT_EQ(n, reading);
}

static void pair(int s[2])
{
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
}

static struct aiocb request(int fd, void *buf, size_t len)
{
	return (struct aiocb){
		.aio_fildes = fd, .aio_buf = buf, .aio_nbytes = len,
		.aio_sigevent.sigev_notify = SIGEV_NONE,
	};
}

static void until_done(struct aiocb *cb)
{
	const struct aiocb *list[] = { cb };

	while (aio_error(cb) == EINPROGRESS)
		aio_suspend(list, 1, NULL);
}

/* ---- who waits ---- */

/* A read of a socket is a thread of our own process, asleep in read(2). */
TEST(a_helper_thread_reads)
{
	char buf[8];
	struct aiocb cb;
	int s[2], n;

	pair(s);
	EXPECT_EQ(1, threads(&n, -1));
	cb = request(s[0], buf, 8);
	ASSERT_EQ(0, aio_read(&cb));
	until_reading(1, s[0]);
	EXPECT_EQ(2, threads(&n, -1));
	EXPECT_EQ(EINPROGRESS, aio_error(&cb));
	ASSERT_EQ(1, write(s[1], "w", 1));
	until_done(&cb);
	EXPECT_EQ(0, aio_error(&cb));
	EXPECT_EQ(1, aio_return(&cb));
}

/* Four reads of one descriptor are one thread, done in the order asked for. */
TEST(one_helper_for_a_descriptor)
{
	char buf[4];
	struct aiocb cb[4];
	int s[2], n;

	pair(s);
	for (int i = 0; i < 4; i++) {
		cb[i] = request(s[0], &buf[i], 1);
		ASSERT_EQ(0, aio_read(&cb[i]));
	}
	until_reading(1, s[0]);
	EXPECT_EQ(2, threads(&n, -1));
	ASSERT_EQ(3, write(s[1], "abc", 3));
	for (int i = 0; i < 3; i++) {
		until_done(&cb[i]);
		EXPECT_EQ(1, aio_return(&cb[i]));
	}
	EXPECT_EQ(0, memcmp(buf, "abc", 3));
	EXPECT_EQ(EINPROGRESS, aio_error(&cb[3]));
}

/* It is the number that counts: duplicates of one socket have a thread each. */
TEST(a_helper_for_each_duplicate)
{
	char buf[4];
	struct aiocb cb[4];
	int s[2], n;

	pair(s);
	for (int i = 0; i < 4; i++) {
		cb[i] = request(i ? dup(s[0]) : s[0], &buf[i], 1);
		ASSERT_EQ(0, aio_read(&cb[i]));
	}
	until_reading(4, -1);
	EXPECT_EQ(5, threads(&n, -1));
}

/*
 * Twenty descriptors that wait are all that glibc serves: the data of the
 * 21st is there and not read, until another helper is free.
 */
TEST(twenty_helpers_and_no_more)
{
	static char buf[21];
	static struct aiocb cb[21];
	static int s[21][2];
	struct pollfd last;
	int n;

	for (int i = 0; i < 21; i++) {
		pair(s[i]);
		cb[i] = request(s[i][0], &buf[i], 1);
		ASSERT_EQ(0, aio_read(&cb[i]));
	}
	ASSERT_EQ(1, write(s[20][1], "z", 1));
	until_reading(20, -1);
	EXPECT_EQ(21, threads(&n, -1));		/* and this one */
	last = (struct pollfd){ s[20][0], POLLIN, 0 };
	EXPECT_EQ(1, poll(&last, 1, 0));
	EXPECT_EQ(EINPROGRESS, aio_error(&cb[20]));

	ASSERT_EQ(1, write(s[7][1], "a", 1));
	until_done(&cb[20]);
	EXPECT_EQ(1, aio_return(&cb[20]));
	EXPECT_EQ('z', buf[20]);
}

/* aio_init before the first request raises the limit: Limits a) of the server. */
TEST(aio_init_allows_more_helpers)
{
	struct aioinit many = { .aio_threads = 100 };
	static char buf[40];
	static struct aiocb cb[40];
	int n;

	aio_init(&many);
	for (int i = 0; i < 40; i++) {
		int s[2];

		pair(s);
		cb[i] = request(s[0], &buf[i], 1);
		ASSERT_EQ(0, aio_read(&cb[i]));
	}
	until_reading(40, -1);
	EXPECT_EQ(41, threads(&n, -1));
}

/* ---- what waits behind what ---- */

/*
 *   aio_read(s)   aio_write(s)        peer writes
 *      |             |                    |
 *   helper in read   queued, not tried    both end
 *
 * A socket that could be written at once is not, because a read of the same
 * descriptor waits.  Two peers that both read first wait for each other.
 */
TEST(a_write_waits_behind_a_read)
{
	struct pollfd peer;
	struct aiocb in, out;
	char buf[8];
	int s[2], n;

	pair(s);
	in = request(s[0], buf, 8);
	out = request(s[0], (char *)"hello", 5);
	ASSERT_EQ(0, aio_read(&in));
	until_reading(1, s[0]);
	ASSERT_EQ(0, aio_write(&out));
	EXPECT_EQ(2, threads(&n, -1));		/* nobody else could write it */
	EXPECT_EQ(1, n);
	EXPECT_EQ(EINPROGRESS, aio_error(&out));
	peer = (struct pollfd){ s[1], POLLIN, 0 };
	EXPECT_EQ(0, poll(&peer, 1, 0));

	ASSERT_EQ(1, write(s[1], "w", 1));
	EXPECT_EQ(1, poll(&peer, 1, 5000));
	until_done(&out);
	EXPECT_EQ(1, aio_return(&in));
	EXPECT_EQ(5, aio_return(&out));
}

/* The way out: write through a duplicate. */
TEST(a_write_through_a_duplicate_does_not)
{
	struct aiocb in, out;
	char buf[8];
	int s[2];

	pair(s);
	in = request(s[0], buf, 8);
	out = request(dup(s[0]), (char *)"hello", 5);
	ASSERT_EQ(0, aio_read(&in));
	until_reading(1, s[0]);
	ASSERT_EQ(0, aio_write(&out));
	until_done(&out);
	EXPECT_EQ(5, aio_return(&out));
	EXPECT_EQ(EINPROGRESS, aio_error(&in));
}

/* A read that a helper sleeps in cannot be cancelled, one behind it can. */
TEST(a_running_read_cannot_be_cancelled)
{
	struct aiocb cb[2];
	char buf[8];
	int s[2];

	pair(s);
	for (int i = 0; i < 2; i++) {
		cb[i] = request(s[0], buf, 1);
		ASSERT_EQ(0, aio_read(&cb[i]));
	}
	until_reading(1, s[0]);
	EXPECT_EQ(AIO_NOTCANCELED, aio_cancel(s[0], &cb[0]));
	EXPECT_EQ(EINPROGRESS, aio_error(&cb[0]));
	EXPECT_EQ(AIO_CANCELED, aio_cancel(s[0], &cb[1]));
	EXPECT_EQ(ECANCELED, aio_error(&cb[1]));
}

/* ---- notification ---- */

/* The signal is one that the process sends to itself: rt_sigqueueinfo. */
TEST(the_signal_comes_from_ourselves)
{
	siginfo_t info;
	sigset_t set;
	struct aiocb cb;
	char buf[8];
	int s[2];

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	pair(s);
	cb = request(s[0], buf, 8);
	cb.aio_sigevent.sigev_notify = SIGEV_SIGNAL;
	cb.aio_sigevent.sigev_signo = SIGRTMIN;
	cb.aio_sigevent.sigev_value.sival_int = 7;
	ASSERT_EQ(0, aio_read(&cb));
	ASSERT_EQ(1, write(s[1], "w", 1));
	ASSERT_EQ(SIGRTMIN, sigwaitinfo(&set, &info));
	EXPECT_EQ(SI_ASYNCIO, info.si_code);
	EXPECT_EQ(getpid(), info.si_pid);
	EXPECT_EQ(7, info.si_value.sival_int);
	EXPECT_EQ(0, aio_error(&cb));		/* already, when it arrives */
}

static int called_in;

static void on_done(union sigval v)
{
	__atomic_store_n(&called_in, gettid(), __ATOMIC_RELEASE);
	ASSERT_EQ(1, write(v.sival_int, "d", 1));
}

/* SIGEV_THREAD is a thread of its own: not ours, nor the helper. */
TEST(the_callback_has_a_new_thread)
{
	char buf[8];
	struct aiocb cb;
	int s[2], done[2];

	pair(s);
	pair(done);
	cb = request(s[0], buf, 8);
	cb.aio_sigevent.sigev_notify = SIGEV_THREAD;
	cb.aio_sigevent.sigev_notify_function = on_done;
	cb.aio_sigevent.sigev_value.sival_int = done[0];
	ASSERT_EQ(0, aio_read(&cb));
	until_reading(1, s[0]);
	ASSERT_EQ(1, write(s[1], "w", 1));
	ASSERT_EQ(1, read(done[1], buf, 1));
	EXPECT_NE(getpid(), called_in);
	EXPECT_NE(helper, called_in);
}

/*
 * From now on no thread of this process can start another; glibc calls clone3,
 * on aarch64 before version 2.38 clone.
 */
static void allow_no_threads(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone3, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { 5, code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
		    SECCOMP_FILTER_FLAG_TSYNC, &filter))
		SKIP("seccomp: %s", errno_name(errno));
}

/*
 * Where the thread for the callback cannot be started, nobody is called or
 * learns of it: Limits e) of the server.
 */
TEST(a_callback_without_a_thread_is_lost)
{
	struct aiocb cb, next;
	char buf[8] = "", rest[8];
	int s[2], done[2];

	pair(s);
	pair(done);
	next = request(s[0], rest, 8);
	cb = request(s[0], buf, 8);
	cb.aio_sigevent.sigev_notify = SIGEV_THREAD;
	cb.aio_sigevent.sigev_notify_function = on_done;
	cb.aio_sigevent.sigev_value.sival_int = done[0];
	ASSERT_EQ(0, aio_read(&cb));
	until_reading(1, s[0]);
	allow_no_threads();
	ASSERT_EQ(1, write(s[1], "w", 1));
	until_done(&cb);
	EXPECT_EQ('w', buf[0]);
	/* When the helper reads again, it is done with the first request. */
	ASSERT_EQ(0, aio_read(&next));
	until_reading(1, s[0]);
	EXPECT_EQ(0, called_in);
}

/* ---- errors are results ---- */

TEST(errors_come_with_the_result)
{
	struct aiocb cb;
	char buf[8];
	int fd = ASSERT_GE(open("/dev/null", O_WRONLY), 0);

	cb = request(999, buf, 8);
	EXPECT_EQ(0, aio_read(&cb));
	until_done(&cb);
	EXPECT_EQ(EBADF, aio_error(&cb));
	EXPECT_EQ(-1, aio_return(&cb));

	cb = request(fd, buf, 8);
	EXPECT_EQ(0, aio_read(&cb));
	until_done(&cb);
	EXPECT_EQ(EBADF, aio_error(&cb));	/* not open for reading */

	cb = request(fd, buf, 8);
	cb.aio_reqprio = -1;
	EXPECT_EQ(-1, aio_read(&cb));		/* the one that is reported at once */
	EXPECT_EQ(EINVAL, errno);
}
