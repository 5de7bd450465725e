/* SPDX-License-Identifier: MIT */
/*
 * fdinfo.c - what a descriptor is, and how many writes are in flight on it
 *
 * The flags of a descriptor (fcntl F_GETFL) are read for each request, its file
 * type only when the flags differ from those remembered or after TRUST
 * requests.  A number that becomes a pipe's or an eventfd's is noticed at once:
 * open marks a descriptor (O_LARGEFILE), pipe, socket and eventfd do not.
 *
 * Nothing here sleeps, not even for a server that does not answer (FUSE, NFS):
 * statx with AT_STATX_DONT_SYNC takes what the kernel knows.
 *
 * There is a slot for each number below SLOTS - 1; the last slot is shared by
 * all others, for which the kernel is asked each time.
 */
#include <fcntl.h>
#include <stdio.h>
#include <linux/kcmp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include "engine.h"

enum { SLOTS = 4096, TRUST = 16 };
#ifdef __aarch64__
enum { OPENED = 0400000 };	/* the kernel's O_LARGEFILE; libc's is 0 */
#else
enum { OPENED = 0100000 };
#endif

static struct slot {
	/* flags << 32 | FD_* << 8 | requests that may still rely on it */
	uint64_t known;
	unsigned writes;		/* in flight */
	unsigned lane;			/* EXCLUSIVE ones, for the pool */
	unsigned buffered;		/* reads that may skip F_GETFL */
} slots[SLOTS];

static int has_slot(int fd)
{
	return (unsigned)fd < SLOTS - 1;
}

static struct slot *slot_of(int fd)
{
	return &slots[has_slot(fd) ? fd : SLOTS - 1];
}

/* A seccomp filter that is older than statx refuses it. */
static int type_of(int fd, off_t *size)
{
	struct statx st;
	struct stat old;

	if (!enter_kernel(__NR_statx, fd, "", AT_EMPTY_PATH |
			  AT_STATX_DONT_SYNC, STATX_TYPE | STATX_SIZE, &st)) {
		*size = st.stx_size;
		return st.stx_mode & S_IFMT;
	}
	if (enter_kernel(__NR_fstat, fd, &old))
		return -1;
	*size = old.st_size;
	return old.st_mode & S_IFMT;
}

int fd_is_regular(int fd, off_t *size)
{
	off_t ignored;

	return type_of(fd, size ? size : &ignored) == S_IFREG;
}

static struct identity identity_of(const struct statx *st)
{
	return (struct identity){
		(uint64_t)st->stx_dev_major << 32 | st->stx_dev_minor,
		st->stx_ino
	};
}

struct identity fd_identity(int fd)
{
	struct statx st;

	if (enter_kernel(__NR_statx, fd, "", AT_EMPTY_PATH |
			 AT_STATX_DONT_SYNC, STATX_INO, &st))
		return (struct identity){ 0 };
	return identity_of(&st);
}

/* 0: the number was closed, or is another file's. */
int fd_is_still(int fd, const struct identity *id)
{
	struct identity now = fd_identity(fd);

	return now.device == id->device && now.inode == id->inode &&
	       enter_kernel(__NR_fcntl, fd, F_GETFD) != -EBADF;
}

/* What thread (0: this one) has at that number. */
static struct identity identity_in(int thread, int fd)
{
	char path[64], number[32] = "thread-self";
	struct statx st;

	if (thread)
		snprintf(number, sizeof(number), "self/task/%d", thread);
	snprintf(path, sizeof(path), "/proc/%s/fd/%d", number, fd);
	if (enter_kernel(__NR_statx, AT_FDCWD, path, AT_STATX_DONT_SYNC,
			 STATX_INO, &st))
		return (struct identity){ 0 };
	return identity_of(&st);
}

/*
 * Has another thread the same file at this number?  Two threads may have tables of
 * their own.  Where there may be no kcmp (a filter), compare the files in /proc.
 */
int fd_is_shared(int fd, int thread, int filtered)
{
	struct identity mine, other;
	long n = -EPERM;

	if (!filtered)
		n = enter_kernel(__NR_kcmp, enter_kernel(__NR_gettid), thread,
				 KCMP_FILE, fd, fd);
	if (n >= 0 || n == -EBADF)
		return !n;
	if (n == -ESRCH)
		return 0;		/* it has just ended: not known */
	other = identity_in(thread, fd);
	if (!other.inode)		/* or is there no /proc? */
		return !identity_in(0, fd).inode;
	mine = fd_identity(fd);
	return mine.device == other.device && mine.inode == other.inode;
}

/*
 * A FIFO that was opened for reading only.  If it was opened with O_NONBLOCK,
 * and before any writer, poll waits where read(2) finds the end.
 */
static int is_named_end(int flags)
{
	return flags & OPENED && (flags & O_ACCMODE) == O_RDONLY;
}

static int ask(int fd, int flags)
{
	off_t size;
	int type = type_of(fd, &size), kind = 0;

	if (type != S_IFREG && type != S_IFBLK) {
		kind = FD_STREAM;
		if (enter_kernel(__NR_lseek, fd, 0, SEEK_CUR) == -ESPIPE)
			kind |= FD_NOSEEK;
		if (type == S_IFSOCK)
			kind |= FD_SOCKET;
		else if (type != S_IFIFO || is_named_end(flags))
			kind |= FD_DEVICE;
	}
	if (flags & O_DIRECT)
		kind |= FD_DIRECT;
	if (flags & O_APPEND)
		kind |= FD_APPEND;
	if (flags & O_NONBLOCK)
		kind |= FD_NONBLOCK;
	if (flags & O_DSYNC)
		kind |= FD_DSYNC;
	return kind;
}

int fd_kind(int fd)
{
	struct slot *s = slot_of(fd);
	uint64_t known = __atomic_load_n(&s->known, __ATOMIC_RELAXED);
	int flags = enter_kernel(__NR_fcntl, fd, F_GETFL), kind;

	if (flags == -EBADF)
		return flags;
	if (flags < 0)
		flags = 0;		/* a filter refuses to tell */
	if (has_slot(fd) && known >> 32 == (unsigned)flags && known & 0xff) {
		__atomic_store_n(&s->known, known - 1, __ATOMIC_RELAXED);
		return known >> 8 & 0xff;
	}
	kind = ask(fd, flags);
	__atomic_store_n(&s->known, (uint64_t)flags << 32 | kind << 8 | TRUST,
			 __ATOMIC_RELAXED);
	if (kind & (FD_STREAM | FD_DIRECT))
		__atomic_store_n(&s->buffered, 0, __ATOMIC_RELAXED);
	return kind;
}

static int has_timeout(int fd, int option)
{
	struct timeval t = { 0 };
	socklen_t size = sizeof(t);

	return !enter_kernel(__NR_getsockopt, fd, SOL_SOCKET, option, &t,
			     &size) && (t.tv_sec || t.tv_usec);
}

/* Does a read wait for more than one byte (SO_RCVLOWAT)? */
static int waits_for_more(int fd)
{
	int n = 1;
	socklen_t size = sizeof(n);

	return !enter_kernel(__NR_getsockopt, fd, SOL_SOCKET, SO_RCVLOWAT, &n,
			     &size) && n > 1;
}

/* A background process may not read its terminal: EIO at once.  The other end
 * of a pseudoterminal controls no process, although TIOCGPGRP works on it. */
static int is_in_background(int fd)
{
	unsigned number;
	pid_t group;

	return !enter_kernel(__NR_ioctl, fd, TIOCGPGRP, &group) &&
	       group != getpgrp() &&
	       enter_kernel(__NR_ioctl, fd, TIOCGPTN, &number);
}

/* A terminal whose read waits for bytes, not for a time. */
static int waits_for_input(int fd)
{
	struct termios t;
	int saved = errno, err = tcgetattr(fd, &t);

	errno = saved;
	return !err && (t.c_lflag & ICANON ||
			(t.c_cc[VMIN] && !t.c_cc[VTIME])) &&
	       !is_in_background(fd);
}

/*
 * Do read(2) and write(2) wait for what poll(2) reports, and for nothing else?
 * poll does not know O_NONBLOCK of pipes and sockets, timeouts, or whether a
 * device can be read.  These options change at any time, so ask for them each
 * time.  Pipes and sockets then fit the ring.  A terminal does not: the ring
 * begins its read again when input comes, but by then the process may be in the
 * background, or the other end of a pseudoterminal closed.
 */
int fd_is_pollable(int fd, int kind, int writes)
{
	if (kind & FD_NONBLOCK)
		return 0;
	if (kind & FD_SOCKET)
		return writes ? !has_timeout(fd, SO_SNDTIMEO) :
		       !has_timeout(fd, SO_RCVTIMEO) && !waits_for_more(fd);
	return !(kind & FD_DEVICE) || waits_for_input(fd);
}

/*
 * A file that was buffered when last asked, for TRUST reads more.  A mistake
 * costs only time: if the number belongs to an O_DIRECT file meanwhile,
 * aio_read waits for the device at most TRUST times.
 */
int fd_known_buffered(int fd)
{
	struct slot *s = slot_of(fd);
	unsigned left = __atomic_load_n(&s->buffered, __ATOMIC_RELAXED);

	if (!has_slot(fd) || !left)
		return 0;
	__atomic_store_n(&s->buffered, left - 1, __ATOMIC_RELAXED);
	return 1;
}

void fd_know_buffered(int fd)
{
	__atomic_store_n(&slot_of(fd)->buffered, TRUST, __ATOMIC_RELAXED);
}

unsigned fd_writes(int fd)
{
	return __atomic_load_n(&slot_of(fd)->writes, __ATOMIC_RELAXED);
}

void fd_write_enter(int fd)
{
	__atomic_fetch_add(&slot_of(fd)->writes, 1, __ATOMIC_RELAXED);
}

void fd_write_leave(int fd)
{
	__atomic_fetch_sub(&slot_of(fd)->writes, 1, __ATOMIC_RELAXED);
}

void fd_lane_enter(int fd)
{
	__atomic_fetch_add(&slot_of(fd)->lane, 1, __ATOMIC_SEQ_CST);
}

void fd_lane_leave(int fd)
{
	__atomic_fetch_sub(&slot_of(fd)->lane, 1, __ATOMIC_SEQ_CST);
}

/* Seq_cst: read after the request was put into the inbox (pool_call). */
int fd_lane_is_shared(int fd)
{
	return has_slot(fd) &&
	       __atomic_load_n(&slot_of(fd)->lane, __ATOMIC_SEQ_CST) > 1;
}

/* In the child of fork, which has no requests. */
void fd_forget(void)
{
	for (int i = 0; i < SLOTS; i++)
		slots[i] = (struct slot){ 0 };
}
