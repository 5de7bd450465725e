/* SPDX-License-Identifier: MIT */
/*
 * sys_file_test.c - the calls on files, pipes and native AIO: a line per errno
 *
 * Also built against libc (make check-libc): a difference is a bug.
 */
#include "net.h"
#ifdef WITH_LIBC
#include <linux/aio_abi.h>
#endif

#ifndef SEEK_SET
enum { SEEK_SET, SEEK_CUR, SEEK_END };
#endif
#ifndef O_TMPFILE
#define O_TMPFILE __O_TMPFILE
#endif

#define ROOT "/tmp"

/* A file without a name: nothing to remove. */
static int unnamed(void)
{
	int fd = sys_openat(AT_FDCWD, ROOT, O_TMPFILE | O_RDWR, 0600);

	if (fd == -EOPNOTSUPP || fd == -EISDIR)
		SKIP(ROOT " has no O_TMPFILE");
	return ASSERT_GE(fd, 0);
}

TEST(read)
{
	char buf[4];
	int fd[2], file = unnamed(), dir;

	ASSERT_EQ(0, sys_pipe2(fd, O_NONBLOCK));
	EXPECT_EQ(0, sys_read(file, buf, 4));
	EXPECT_ERR(-EAGAIN, sys_read(fd[0], buf, 4));
	EXPECT_ERR(-EBADF, sys_read(-1, buf, 4));
	EXPECT_ERR(-EBADF, sys_read(fd[1], buf, 4));
	ASSERT_EQ(2, sys_write(fd[1], "ab", 2));
	EXPECT_ERR(-EFAULT, sys_read(fd[0], NOWHERE, 2));
	EXPECT_EQ(2, sys_read(fd[0], buf, 4));
	EXPECT_EQ('b', buf[1]);
	dir = ASSERT_GE(sys_openat(AT_FDCWD, "/", O_RDONLY, 0), 0);
	EXPECT_ERR(-EISDIR, sys_read(dir, buf, 4));
	sys_close(fd[1]);
	EXPECT_EQ(0, sys_read(fd[0], buf, 4));
}

TEST(write)
{
	int fd[2];

	ASSERT_EQ(0, sys_pipe2(fd, O_NONBLOCK));
	net_handle(SIGPIPE, 0);
	EXPECT_EQ(1, sys_write(fd[1], "a", 1));
	EXPECT_EQ(0, sys_write(fd[1], "", 0));
	EXPECT_ERR(-EBADF, sys_write(-1, "a", 1));
	EXPECT_ERR(-EBADF, sys_write(fd[0], "a", 1));
	EXPECT_ERR(-EFAULT, sys_write(fd[1], NOWHERE, 1));
	sys_close(fd[0]);
	EXPECT_ERR(-EPIPE, sys_write(fd[1], "a", 1));
	EXPECT_EQ(1, net_handled);
}

TEST(pread64_and_pwrite64)
{
	int fd = unnamed(), pipe[2];
	char buf[4] = "";

	EXPECT_EQ(3, sys_pwrite64(fd, "abc", 3, 5));
	EXPECT_EQ(2, sys_pread64(fd, buf, 2, 6));
	EXPECT_STR("bc", buf);
	EXPECT_EQ(0, sys_pread64(fd, buf, 2, 100));
	EXPECT_EQ(0, sys_lseek(fd, 0, SEEK_CUR));
	EXPECT_ERR(-EINVAL, sys_pread64(fd, buf, 1, -1));
	EXPECT_ERR(-EINVAL, sys_pwrite64(fd, buf, 1, -1));
	EXPECT_ERR(-EBADF, sys_pread64(-1, buf, 1, 0));
	EXPECT_ERR(-EBADF, sys_pwrite64(-1, buf, 1, 0));
	EXPECT_ERR(-EFAULT, sys_pread64(fd, NOWHERE, 1, 6));
	ASSERT_EQ(0, sys_pipe2(pipe, 0));
	EXPECT_ERR(-ESPIPE, sys_pread64(pipe[0], buf, 1, 0));
	EXPECT_ERR(-ESPIPE, sys_pwrite64(pipe[1], buf, 1, 0));
}

/* An offset beyond 32 bits arrives whole. */
TEST(offsets_are_64_bits)
{
	int fd = unnamed();
	char c = 0;

	EXPECT_EQ(1, sys_pwrite64(fd, "x", 1, 5LL << 32));
	EXPECT_EQ(1, sys_pread64(fd, &c, 1, 5LL << 32));
	EXPECT_EQ('x', c);
	EXPECT_EQ((5LL << 32) + 1, sys_lseek(fd, 0, SEEK_END));
	EXPECT_EQ(0, sys_ftruncate(fd, 6LL << 32));
	EXPECT_EQ(6LL << 32, sys_lseek(fd, 0, SEEK_END));
}

TEST(openat)
{
	static char longest[5000];
	int fd = ASSERT_GE(sys_openat(AT_FDCWD, "/", O_RDONLY | O_CLOEXEC, 0), 0);

	for (int i = 0; i < 4999; i++)
		longest[i] = 'x';
	EXPECT_GE(sys_openat(fd, "proc", O_RDONLY, 0), 0);
	EXPECT_ERR(-ENOENT, sys_openat(AT_FDCWD, "/nowhere", O_RDONLY, 0));
	EXPECT_ERR(-ENOENT, sys_openat(AT_FDCWD, "", O_RDONLY, 0));
	EXPECT_ERR(-EISDIR, sys_openat(AT_FDCWD, "/", O_WRONLY, 0));
	EXPECT_ERR(-ENOTDIR, sys_openat(AT_FDCWD, "/proc/version/x", O_RDONLY, 0));
	EXPECT_ERR(-EEXIST, sys_openat(AT_FDCWD, ROOT, O_CREAT | O_EXCL, 0600));
	EXPECT_ERR(-ENAMETOOLONG, sys_openat(AT_FDCWD, longest, O_RDONLY, 0));
	EXPECT_ERR(-EBADF, sys_openat(-1, "x", O_RDONLY, 0));
	EXPECT_ERR(-EFAULT, sys_openat(AT_FDCWD, NOWHERE, O_RDONLY, 0));
}

TEST(openat_emfile)
{
	struct rlimit64 r;

	SKIP_EMULATED("does not set RLIMIT_NOFILE on the host");
	ASSERT_EQ(0, sys_prlimit64(0, RLIMIT_NOFILE, NULL, &r));
	r.rlim_cur = 3;
	ASSERT_EQ(0, sys_prlimit64(0, RLIMIT_NOFILE, &r, NULL));
	EXPECT_ERR(-EMFILE, sys_openat(AT_FDCWD, "/", O_RDONLY, 0));
}

TEST(close)
{
	int fd = unnamed();

	EXPECT_EQ(0, sys_close(fd));
	EXPECT_ERR(-EBADF, sys_close(fd));
	EXPECT_ERR(-EBADF, sys_close(-1));
}

TEST(lseek)
{
	int fd = unnamed(), pipe[2];

	EXPECT_EQ(7, sys_lseek(fd, 7, SEEK_SET));
	EXPECT_EQ(5, sys_lseek(fd, -2, SEEK_CUR));
	EXPECT_ERR(-EINVAL, sys_lseek(fd, -1, SEEK_SET));
	EXPECT_ERR(-EINVAL, sys_lseek(fd, 0, 99));
	EXPECT_ERR(-EBADF, sys_lseek(-1, 0, SEEK_SET));
	ASSERT_EQ(0, sys_pipe2(pipe, 0));
	EXPECT_ERR(-ESPIPE, sys_lseek(pipe[0], 0, SEEK_SET));
}

TEST(ftruncate)
{
	int fd = unnamed(), pipe[2];

	EXPECT_EQ(0, sys_ftruncate(fd, 100));
	EXPECT_EQ(100, sys_lseek(fd, 0, SEEK_END));
	EXPECT_ERR(-EINVAL, sys_ftruncate(fd, -1));
	EXPECT_ERR(-EBADF, sys_ftruncate(-1, 0));
	ASSERT_EQ(0, sys_pipe2(pipe, 0));
	EXPECT_ERR(-EINVAL, sys_ftruncate(pipe[1], 0));
}

TEST(statx)
{
	struct statx st = { 0 };
	int fd = unnamed();

	ASSERT_EQ(0, sys_ftruncate(fd, 100));
	EXPECT_EQ(0, sys_statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &st));
	EXPECT_EQ(100, st.stx_size);
	EXPECT_ERR(-ENOENT, sys_statx(fd, "", 0, STATX_SIZE, &st));
	EXPECT_ERR(-ENOENT, sys_statx(AT_FDCWD, "/nowhere", 0, STATX_SIZE, &st));
	EXPECT_ERR(-EBADF, sys_statx(-1, "x", 0, STATX_SIZE, &st));
	EXPECT_ERR(-EFAULT, sys_statx(AT_FDCWD, "/", 0, STATX_SIZE, NOWHERE));
}

TEST(unlinkat)
{
	char name[] = ROOT "/iomodels-unlinkat-0000000000";
	int fd, pid = sys_getpid();
	long err;

	for (char *at = name + sizeof(name) - 2; pid; pid /= 10)
		*at-- = '0' + pid % 10;
	fd = ASSERT_GE(sys_openat(AT_FDCWD, name, O_CREAT | O_EXCL | O_RDWR,
				  0600), 0);
	EXPECT_EQ(0, sys_unlinkat(AT_FDCWD, name, 0));
	EXPECT_ERR(-ENOENT, sys_unlinkat(AT_FDCWD, name, 0));
	EXPECT_EQ(1, sys_write(fd, "x", 1));
	err = sys_unlinkat(AT_FDCWD, ROOT, 0);
	if (err != -EACCES)		/* EACCES: no right to write in "/" */
		EXPECT_ERR(-EISDIR, err);
	EXPECT_ERR(-EINVAL, sys_unlinkat(AT_FDCWD, ROOT, 1));
	EXPECT_ERR(-EBADF, sys_unlinkat(-1, "x", 0));
	EXPECT_ERR(-EFAULT, sys_unlinkat(AT_FDCWD, NOWHERE, 0));
}

TEST(fcntl)
{
	int fd = unnamed();

	EXPECT_EQ(0, sys_fcntl(fd, F_GETFD, 0));
	EXPECT_EQ(0, sys_fcntl(fd, F_SETFD, FD_CLOEXEC));
	EXPECT_EQ(FD_CLOEXEC, sys_fcntl(fd, F_GETFD, 0));
	EXPECT_EQ(100, sys_fcntl(fd, F_DUPFD, 100));
	EXPECT_ERR(-EBADF, sys_fcntl(-1, F_GETFD, 0));
	EXPECT_ERR(-EINVAL, sys_fcntl(fd, 9999, 0));
	EXPECT_ERR(-EINVAL, sys_fcntl(fd, F_DUPFD, -1));
}

#ifndef FIONREAD
#include <asm/ioctls.h>
#endif

TEST(ioctl)
{
	int fd[2], n = 0;

	ASSERT_EQ(0, sys_pipe2(fd, 0));
	ASSERT_EQ(3, sys_write(fd[1], "abc", 3));
	EXPECT_EQ(0, sys_ioctl(fd[0], FIONREAD, (unsigned long)&n));
	EXPECT_EQ(3, n);
	EXPECT_ERR(-EBADF, sys_ioctl(-1, FIONREAD, (unsigned long)&n));
	EXPECT_ERR(-ENOTTY, sys_ioctl(fd[0], TCGETS, (unsigned long)&n));
	EXPECT_ERR(-EFAULT, sys_ioctl(fd[0], FIONREAD, 8));
}

TEST(dup3)
{
	int fd = unnamed();

	EXPECT_EQ(50, sys_dup3(fd, 50, O_CLOEXEC));
	EXPECT_EQ(FD_CLOEXEC, sys_fcntl(50, F_GETFD, 0));
	EXPECT_ERR(-EINVAL, sys_dup3(fd, fd, 0));
	EXPECT_ERR(-EINVAL, sys_dup3(fd, 51, O_APPEND));
	EXPECT_ERR(-EBADF, sys_dup3(-1, 51, 0));
	EXPECT_ERR(-EBADF, sys_dup3(fd, -1, 0));
}

TEST(pipe2)
{
	int fd[2];

	EXPECT_EQ(0, sys_pipe2(fd, O_CLOEXEC));
	EXPECT_EQ(FD_CLOEXEC, sys_fcntl(fd[0], F_GETFD, 0));
	if (!tap_emulated())			/* it drops flags unknown to it */
		EXPECT_ERR(-EINVAL, sys_pipe2(fd, 1 << 30));
	EXPECT_ERR(-EFAULT, sys_pipe2(NOWHERE, 0));
}

TEST(eventfd2)
{
	int fd = ASSERT_GE(sys_eventfd2(3, EFD_NONBLOCK), 0);
	unsigned long long n = 0;

	EXPECT_EQ(8, sys_read(fd, &n, 8));
	EXPECT_EQ(3, n);
	EXPECT_ERR(-EAGAIN, sys_read(fd, &n, 8));
	EXPECT_ERR(-EINVAL, sys_read(fd, &n, 7));
	EXPECT_ERR(-EINVAL, sys_eventfd2(0, 1 << 30));
}

/* ---- Linux native AIO ---- */

TEST(io_setup_and_destroy)
{
	aio_context_t ctx = 0;
	long err = sys_io_setup(8, &ctx);

	if (err == -ENOSYS || err == -EPERM || err == -EAGAIN)
		SKIP("no native AIO here: io_setup: %s", errno_name(err));
	ASSERT_EQ(0, err);
	EXPECT_ERR(-EINVAL, sys_io_setup(8, &ctx));	/* not 0: in use */
	EXPECT_EQ(0, sys_io_destroy(ctx));
	EXPECT_ERR(-EINVAL, sys_io_destroy(ctx));
	ctx = 0;
	EXPECT_ERR(-EINVAL, sys_io_setup(0, &ctx));
	EXPECT_ERR(-EFAULT, sys_io_setup(8, NOWHERE));
}

TEST(io_submit_and_getevents)
{
	struct iocb cb = { .aio_lio_opcode = IOCB_CMD_PWRITE,
			   .aio_buf = (unsigned long)"abc", .aio_nbytes = 3,
			   .aio_data = 42 };
	struct iocb *list = &cb;
	struct timespec zero = { 0 };
	struct io_event event = { 0 };
	aio_context_t ctx = 0;
	long err = sys_io_setup(8, &ctx);

	if (err == -ENOSYS || err == -EPERM || err == -EAGAIN)
		SKIP("no native AIO here: io_setup: %s", errno_name(err));
	ASSERT_EQ(0, err);
	cb.aio_fildes = unnamed();
	EXPECT_EQ(0, sys_io_getevents(ctx, 0, 1, &event, &zero));
	EXPECT_EQ(1, sys_io_submit(ctx, 1, &list));
	EXPECT_EQ(1, sys_io_getevents(ctx, 1, 1, &event, NULL));
	EXPECT_EQ(3, event.res);
	EXPECT_EQ(42, event.data);
	EXPECT_EQ(0, sys_io_submit(ctx, 0, &list));
	EXPECT_ERR(-EINVAL, sys_io_submit(ctx, -1, &list));
	EXPECT_ERR(-EINVAL, sys_io_submit(0, 1, &list));
	EXPECT_ERR(-EFAULT, sys_io_submit(ctx, 1, NOWHERE));
	EXPECT_ERR(-EINVAL, sys_io_getevents(ctx, 2, 1, &event, &zero));
	EXPECT_ERR(-EINVAL, sys_io_cancel(ctx, &cb, &event));
	EXPECT_ERR(-EINVAL, sys_io_cancel(0, &cb, &event));
	cb.aio_fildes = -1;
	EXPECT_ERR(-EBADF, sys_io_submit(ctx, 1, &list));
}
