/* SPDX-License-Identifier: MIT */
/*
 * kind.c - what a descriptor is, as far as it matters to a request on it
 *
 * To ask the kernel takes fcntl and lseek, a fifth of what a request costs the
 * caller.  While there are requests in flight on a descriptor, the answer is
 * used for TRUST more of them: a program that closes a descriptor, and opens
 * something of another kind under its number, has first waited for what was in
 * flight, or is told in posixaio(7) to do so.
 *
 * With none in flight it is asked each time, but not whether it can seek: open
 * marks a descriptor (O_LARGEFILE), pipe and socket do not, and a FIFO that was
 * opened is not O_DIRECT.  It could be made so by F_SETFL, and FUSE has files
 * that cannot seek: one of these that takes the number of an O_DIRECT file after
 * its last request is taken for a file TRUST times at most.
 *
 * A word for each slot, so that a compare-and-swap changes all of it:
 *
 *    63    descriptor    32 31  kind  24 23  trust  16 15   in flight   0
 */
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>
#include "engine.h"

enum { SLOTS = 1024, TRUST = 16, COUNT_MAX = 0xffff };

/* What libc calls O_LARGEFILE is 0 where the kernel sets it by itself. */
#ifdef __aarch64__
enum { OPENED = 0400000 };
#else
enum { OPENED = 0100000 };
#endif
#define ONE_LESS (1UL << 16)		/* of the trust */

static uint64_t kinds[SLOTS];

static uint64_t word(int fd, int kind, unsigned trust, unsigned count)
{
	return (uint64_t)fd << 32 | (unsigned)kind << 24 | trust << 16 | count;
}

static int fd_of(uint64_t w)	{ return w >> 32; }
static int kind_in(uint64_t w)	{ return w >> 24 & 0xff; }
static unsigned trust_in(uint64_t w)	{ return w >> 16 & 0xff; }
static unsigned count_in(uint64_t w)	{ return w & 0xffff; }

static int change(uint64_t *at, uint64_t *from, uint64_t to)
{
	return __atomic_compare_exchange_n(at, from, to, 0, __ATOMIC_RELAXED,
					   __ATOMIC_RELAXED);
}

static int is_stream(int fd)
{
	return enter_kernel(__NR_lseek, fd, 0, SEEK_CUR) == -ESPIPE;
}

/* direct: the number was that of an O_DIRECT file. */
static int look(int fd, int *direct)
{
	int flags = enter_kernel(__NR_fcntl, fd, F_GETFL), kind = 0;
	struct rlimit limit;

	if (flags < 0)
		return flags;
	*direct = *direct && flags & O_DIRECT && flags & OPENED;
	if (!*direct && is_stream(fd))
		kind |= KIND_STREAM;
	if (flags & O_DIRECT)
		kind |= KIND_DIRECT;
	if (flags & O_APPEND)
		kind |= KIND_APPEND;
	if (flags & O_NONBLOCK)
		kind |= KIND_NONBLOCK;
	if (flags & O_DSYNC)
		kind |= KIND_DSYNC;
	if (flags & O_DIRECT && (flags & O_ACCMODE) != O_RDONLY &&
	    (getrlimit(RLIMIT_FSIZE, &limit) ||
	     limit.rlim_cur != RLIM_INFINITY))
		kind |= KIND_LIMITED;
	return kind;
}

int kind_of(int fd)
{
	uint64_t *at = &kinds[(unsigned)fd % SLOTS];
	uint64_t w = __atomic_load_n(at, __ATOMIC_RELAXED);
	unsigned trust;
	int kind, direct;

	while (count_in(w) && fd_of(w) == fd && trust_in(w))
		if (change(at, &w, w - ONE_LESS))
			return kind_in(w);
	trust = fd_of(w) == fd ? trust_in(w) : 0;
	direct = trust && (kind_in(w) & (KIND_DIRECT | KIND_STREAM)) ==
			  KIND_DIRECT;
	kind = look(fd, &direct);
	trust = direct ? trust - 1 : TRUST;
	while (kind >= 0 && (fd_of(w) == fd || !count_in(w)) &&
	       !change(at, &w, word(fd, kind, trust, count_in(w))))
		;
	return kind;
}

int kind_enter(int fd)
{
	uint64_t *at = &kinds[(unsigned)fd % SLOTS];
	uint64_t w = __atomic_load_n(at, __ATOMIC_RELAXED);

	do {
		/* Another's slot: ours is asked for each time. */
		if (fd_of(w) != fd || count_in(w) == COUNT_MAX)
			return 0;
	} while (!change(at, &w, w + 1));
	return 1;
}

void kind_leave(int fd)
{
	__atomic_fetch_sub(&kinds[(unsigned)fd % SLOTS], 1, __ATOMIC_RELAXED);
}

/* In the child of fork, which has no requests. */
void kind_forget(void)
{
	for (int i = 0; i < SLOTS; i++)
		kinds[i] = 0;
}

/*
 * Descriptors that were not O_DIRECT when last asked, for some reads more,
 * whether requests are in flight or not.  Nothing depends on it but who waits:
 * were the number O_DIRECT's meanwhile, aio_read would wait for the device at
 * most TRUST times.
 */
static uint64_t buffered[SLOTS];	/* descriptor << 8 | times left */

int known_buffered(int fd)
{
	uint64_t *b = &buffered[fd % SLOTS];
	uint64_t v = __atomic_load_n(b, __ATOMIC_RELAXED);

	if (v >> 8 != (unsigned)fd || !(v & 0xff))
		return 0;
	__atomic_store_n(b, v - 1, __ATOMIC_RELAXED);
	return 1;
}

void know_buffered(int fd)
{
	__atomic_store_n(&buffered[fd % SLOTS], (uint64_t)fd << 8 | TRUST,
			 __ATOMIC_RELAXED);
}
