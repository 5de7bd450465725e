/* SPDX-License-Identifier: MIT */
/*
 * posixaio_odd_test.c - POSIX AIO: descriptors on which poll(2) says little (with libc)
 *
 * An io_uring waits for a stream until poll(2) reports it.  read(2), which
 * glibc's threads call, may return earlier (O_NONBLOCK, a timeout, a device that
 * cannot be read) or later (SO_RCVLOWAT).  A request ends when read(2) would.
 * Compiled four times, as posixaio_test.c is.
 */
#include <aio.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <termios.h>
#include "ways.h"

enum { MUCH = 1 << 20 };
static char much[MUCH];

static struct aiocb request(int fd, void *buf, size_t len)
{
	return (struct aiocb){
		.aio_fildes = fd, .aio_buf = buf, .aio_nbytes = len,
		.aio_sigevent.sigev_notify = SIGEV_NONE,
	};
}

/* The bytes, or -errno. */
static ssize_t finished(struct aiocb *cb)
{
	const struct aiocb *list[] = { cb };

	while (aio_error(cb) == EINPROGRESS)
		aio_suspend(list, 1, NULL);
	return aio_error(cb) ? -aio_error(cb) : aio_return(cb);
}

static ssize_t reads(int fd, size_t len)
{
	struct aiocb cb = request(fd, much, len);

	ASSERT_EQ(0, aio_read(&cb));
	return finished(&cb);
}

static ssize_t writes(int fd, size_t len)
{
	struct aiocb cb = request(fd, much, len);

	ASSERT_EQ(0, aio_write(&cb));
	return finished(&cb);
}

static void pair(int type, int s[2])
{
	ASSERT_EQ(0, socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, s));
}

/* The two ends of a terminal that hands on each byte. */
static int raw_terminal(int *typist, int min, int time)
{
	struct termios t;
	int tty, number, unlock = 0;

	*typist = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	if (*typist < 0 || ioctl(*typist, TIOCSPTLCK, &unlock) ||
	    ioctl(*typist, TIOCGPTN, &number))
		SKIP("no pseudo terminal");
	tty = ioctl(*typist, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	if (tty < 0)
		SKIP("no TIOCGPTPEER");
	ASSERT_EQ(0, tcgetattr(tty, &t));
	cfmakeraw(&t);
	t.c_cc[VMIN] = min;
	t.c_cc[VTIME] = time;
	ASSERT_EQ(0, tcsetattr(tty, TCSANOW, &t));
	return tty;
}

/* With O_NONBLOCK a request that would have to wait is EAGAIN. */
TEST(nonblocking_pipe_and_socket)
{
	int p[2], s[2];

	ASSERT_EQ(0, pipe2(p, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, reads(p[0], 8));
	EXPECT_GT(writes(p[1], MUCH), 0);
	EXPECT_EQ(-EAGAIN, writes(p[1], MUCH));
	EXPECT_GT(reads(p[0], 8), 0);
	pair(SOCK_STREAM | SOCK_NONBLOCK, s);
	EXPECT_EQ(-EAGAIN, reads(s[0], 8));
	EXPECT_GT(writes(s[1], MUCH), 0);
	EXPECT_EQ(-EAGAIN, writes(s[1], MUCH));
	EXPECT_EQ(8, reads(s[0], 8));
}

TEST(nonblocking_devices)
{
	int typist, tty = raw_terminal(&typist, 1, 0);
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	EXPECT_EQ(0, fcntl(tty, F_SETFL, O_RDWR | O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, reads(tty, 8));
	EXPECT_EQ(-EAGAIN, reads(eventfd(0, EFD_NONBLOCK), 8));
	EXPECT_EQ(-EAGAIN, reads(inotify_init1(IN_NONBLOCK), 800));
	EXPECT_EQ(-EAGAIN, reads(signalfd(-1, &set, SFD_NONBLOCK), 800));
	EXPECT_EQ(-EAGAIN, reads(timerfd_create(CLOCK_MONOTONIC,
						TFD_NONBLOCK), 8));
}

/* A descriptor that is made nonblocking, and blocking again. */
TEST(nonblocking_for_a_while)
{
	struct aiocb cb;
	int s[2];

	pair(SOCK_STREAM, s);
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(0, fcntl(s[0], F_SETFL, O_RDWR | O_NONBLOCK));
		ASSERT_EQ(-EAGAIN, reads(s[0], 8));
		ASSERT_EQ(0, fcntl(s[0], F_SETFL, O_RDWR));
		cb = request(s[0], much, 8);
		ASSERT_EQ(0, aio_read(&cb));
		ASSERT_EQ(1, write(s[1], "x", 1));
		ASSERT_EQ(1, finished(&cb));
	}
}

/* SO_RCVTIMEO and SO_SNDTIMEO end a request that waited so long. */
TEST(socket_timeouts)
{
	struct timeval soon = { .tv_usec = 20000 };
	int s[2];

	pair(SOCK_STREAM, s);
	ASSERT_EQ(0, setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &soon,
				sizeof(soon)));
	EXPECT_EQ(-EAGAIN, reads(s[0], 8));
	ASSERT_EQ(0, setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &soon,
				sizeof(soon)));
	EXPECT_GT(writes(s[0], MUCH), 0);
	EXPECT_EQ(-EAGAIN, writes(s[0], MUCH));
}

/* A read waits for SO_RCVLOWAT bytes. */
TEST(socket_low_water_mark)
{
	struct aiocb cb;
	int s[2], low = 10;

	pair(SOCK_STREAM, s);
	ASSERT_EQ(0, setsockopt(s[0], SOL_SOCKET, SO_RCVLOWAT, &low,
				sizeof(low)));
	ASSERT_EQ(3, write(s[1], "abc", 3));
	cb = request(s[0], much, 20);
	ASSERT_EQ(0, aio_read(&cb));
	ASSERT_EQ(8, write(s[1], "defghijk", 8));
	EXPECT_GE(finished(&cb), 10);
}

/* VMIN 0, VTIME 1: a read of a terminal ends after a tenth of a second. */
TEST(terminal_with_a_time)
{
	int typist, tty = raw_terminal(&typist, 0, 1);

	EXPECT_EQ(0, reads(tty, 8));
	ASSERT_EQ(1, write(typist, "x", 1));
	EXPECT_EQ(1, reads(tty, 8));
}

/* A process in the background must not read its terminal: a thread of it, which
 * blocks SIGTTIN, gets EIO and does not wait for input. */
TEST(terminal_in_the_background)
{
	int typist, tty = raw_terminal(&typist, 1, 0), status = 0;
	pid_t child = fork();

	if (!child) {
		if (setsid() < 0 || ioctl(tty, TIOCSCTTY, 0))
			_exit(0);
		child = fork();
		if (!child) {
			alarm(5);
			setpgid(0, 0);
			_exit(-reads(tty, 8));
		}
		waitpid(child, &status, 0);
		_exit(WEXITSTATUS(status));
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(EIO, WEXITSTATUS(status));
}

/* What has nothing to read or write says so. */
TEST(cannot_be_read)
{
	int p[2], pid_fd, dir = open("/", O_RDONLY);

	EXPECT_EQ(-EINVAL, reads(epoll_create1(0), 8));
	EXPECT_EQ(-EINVAL, writes(epoll_create1(0), 8));
	EXPECT_EQ(-EISDIR, reads(dir, 8));
	EXPECT_EQ(-EBADF, writes(dir, 8));
	EXPECT_EQ(-EINVAL, reads(eventfd(1, 0), 4));
	pid_fd = syscall(__NR_pidfd_open, getpid(), 0);
	if (pid_fd >= 0)
		EXPECT_EQ(-EINVAL, reads(pid_fd, 8));
	EXPECT_EQ(-EBADF, reads(open("/", O_PATH), 8));
	ASSERT_EQ(0, pipe(p));
	EXPECT_EQ(-EBADF, reads(p[1], 8));
	EXPECT_EQ(-EBADF, writes(p[0], 8));
	close(p[0]);
	EXPECT_EQ(-EPIPE, writes(p[1], 8));
}

/* A message queue is a regular file for fstat.  read(2) returns its state at once;
 * poll(2) waits for a message. */
TEST(message_queue)
{
	char name[32];
	mqd_t queue;

	snprintf(name, sizeof(name), "/posixaio.%d", getpid());
	queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, NULL);
	if (queue < 0)
		SKIP("no message queue: %s", errno_name(errno));
	mq_unlink(name);
	EXPECT_EQ(6, reads(queue, 6));
	EXPECT_EQ(0, memcmp(much, "QSIZE:", 6));
	EXPECT_GT(reads(queue, MUCH), 6);
	EXPECT_EQ(-EINVAL, writes(queue, 6));
}

/* Devices and files of the kernel. */
TEST(devices_and_proc)
{
	int zero = open("/dev/zero", O_RDWR), full = open("/dev/full", O_RDWR);

	memset(much, 'x', 16);
	EXPECT_EQ(16, reads(zero, 16));
	EXPECT_EQ(0, much[15]);
	EXPECT_EQ(16, writes(zero, 16));
	EXPECT_EQ(-ENOSPC, writes(full, 16));
	EXPECT_EQ(0, reads(open("/dev/null", O_RDONLY), 16));
	EXPECT_EQ(16, reads(open("/dev/urandom", O_RDONLY), 16));
	EXPECT_EQ(16, reads(open("/proc/self/status", O_RDONLY), 16));
	EXPECT_EQ(0, memcmp(much, "Name:", 5));
	EXPECT_EQ(16, reads(open("/proc/self/mountinfo", O_RDONLY), 16));
}
