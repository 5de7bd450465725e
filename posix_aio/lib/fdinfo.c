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
#include <sys/stat.h>
#include <unistd.h>
#include "engine.h"

enum { SLOTS = 4096, TRUST = 16 };

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

static int type_of(int fd, struct statx *st)
{
	long err = enter_kernel(__NR_statx, fd, "", AT_EMPTY_PATH |
				AT_STATX_DONT_SYNC, STATX_TYPE | STATX_SIZE,
				st);

	return err < 0 ? err : st->stx_mode & S_IFMT;
}

int fd_is_regular(int fd, off_t *size)
{
	struct statx st;
	int regular = type_of(fd, &st) == S_IFREG;

	if (regular && size)
		*size = st.stx_size;
	return regular;
}

static int ask(int fd, int flags)
{
	struct statx st;
	int type = type_of(fd, &st), kind = 0;

	if (type != S_IFREG && type != S_IFBLK) {
		kind = FD_STREAM;
		if (enter_kernel(__NR_lseek, fd, 0, SEEK_CUR) == -ESPIPE)
			kind |= FD_NOSEEK;
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

	if (flags < 0)
		return flags;
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

/*
 * A file that was buffered when last asked, for TRUST reads more.  Nothing but
 * time depends on it: if the number belongs to an O_DIRECT file meanwhile,
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
