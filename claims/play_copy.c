/* SPDX-License-Identifier: MIT */
/*
 * play_copy.c - plays about page faults, writes, and data that nobody copies
 */
#include <time.h>
#include <linux/errqueue.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include "play.h"

#ifndef RWF_DONTCACHE
#define RWF_DONTCACHE 0x80
#endif
#ifndef SO_ZEROCOPY
#define SO_ZEROCOPY 60
#endif

enum { PAGE = 4096, FILE_BYTES = 1 << 20 };

static char page[PAGE] __attribute__((aligned(PAGE)));

static struct rusage usage(void)
{
	struct rusage u;

	need(getrusage(RUSAGE_THREAD, &u));
	return u;
}

static void too_fast(int tries)
{
	cannot("the disk is too fast: it read each of %d pages before the "
	       "program could wait for it", tries);
}

/* ---- page faults ---- */

static char *mapped(int fd, int flags)
{
	char *map = mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED | flags, fd, 0);

	if (map == MAP_FAILED)
		cannot("mmap: %s", strerror(errno));
	return map;
}

/* Touch pages until the program had to wait for one: the disk may be fast. */
void fault_waits(void)
{
	volatile char *map = mapped(cold_file(), 0);
	long slept = usage().ru_nvcsw;
	int n = 0;

	need(madvise((void *)map, FILE_BYTES, MADV_RANDOM));
	play_begins();
	do {
		if (n == FILE_BYTES / PAGE)
			too_fast(n);
		(void)map[PAGE * n++];
	} while (usage().ru_nvcsw == slept);
}

void fault_counts(void)
{
	volatile char *map = mapped(cold_file(), 0);
	struct rusage before = usage(), after;

	need(madvise((void *)map, FILE_BYTES, MADV_RANDOM));
	play_begins();
	for (int i = 0; i < 16; i++)
		(void)map[PAGE * i];
	after = usage();
	remark("16 pages touched: %ld major faults",
	       after.ru_majflt - before.ru_majflt);
}

void fault_in_memory(void)
{
	int fd = cold_file();
	volatile char *map;
	long before;

	for (int i = 0; i < FILE_BYTES / PAGE; i++)
		need(pread(fd, page, PAGE, PAGE * i));
	map = mapped(fd, 0);
	before = usage().ru_majflt;
	for (int i = 0; i < FILE_BYTES / PAGE; i++)
		(void)map[PAGE * i];
	remark("pages in memory touched: %ld major faults",
	       usage().ru_majflt - before);
}

void fault_populate(void)
{
	int fd = cold_file();

	play_begins();
	mapped(fd, MAP_POPULATE);
}

void fault_willneed(void)
{
	char *map = mapped(cold_file(), 0);

	play_begins();
	need(madvise(map, FILE_BYTES, MADV_WILLNEED));
}

void readahead_starts(void)
{
	int fd = cold_file();

	play_begins();
	need(posix_fadvise(fd, 0, FILE_BYTES, POSIX_FADV_WILLNEED) ? -1 : 0);
}

/* ---- writes ---- */

void write_deferred(void)
{
	int fd = cold_file(), n = 0;
	long slept = usage().ru_nvcsw;

	play_begins();
	do {
		if (n == FILE_BYTES / PAGE)
			too_fast(n);
		need(pwrite(fd, page, PAGE, PAGE * n++));
		need(fsync(fd));
	} while (usage().ru_nvcsw == slept);
}

/* Write a byte of a page that is not in memory, until a write had to wait. */
void write_reads_first(void)
{
	int fd = cold_file(), n = 0;
	long slept = usage().ru_nvcsw;

	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	play_begins();
	do {
		if (n == FILE_BYTES / PAGE)
			too_fast(n);
		need(pwrite(fd, "x", 1, PAGE * n++));
	} while (usage().ru_nvcsw == slept);
}

static void write_until_slept(int flags)
{
	int fd = cold_file(), again, n = 0;
	long slept = usage().ru_nvcsw;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = need(open(path, O_RDWR | flags));
	play_begins();
	do {
		if (n == FILE_BYTES / PAGE)
			too_fast(n);
		need(pwrite(again, page, PAGE, PAGE * n++));
	} while (usage().ru_nvcsw == slept);
}

void write_dsync(void)
{
	write_until_slept(O_DSYNC);
}

void write_direct(void)
{
	write_until_slept(O_DIRECT);
}

void direct_offset(void)
{
	char path[64];
	int fd = cold_file(), direct;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	direct = need(open(path, O_RDONLY | O_DIRECT));
	pread(direct, page, PAGE, 0);
	pread(direct, page, PAGE, 1);
}

/* How many of the first pages are in memory. */
static int kept(int fd, int pages)
{
	struct iovec v = { page, PAGE };
	int n = 0;

	for (int i = 0; i < pages; i++)
		n += preadv2(fd, &v, 1, PAGE * i, RWF_NOWAIT) == PAGE;
	return n;
}

/*
 * Read, then ask which pages were kept.  A page that the kernel still holds for
 * its lists may be kept, too.
 */
void dontcache_read(void)
{
	enum { PAGES = 64, TIMES = 16 };
	struct iovec v = { page, PAGE };
	int fd, other, left = PAGES;

	/* A page that another holds in this moment is not dropped. */
	for (int n = 0; n < TIMES; n++) {
		fd = cold_file();
		other = cold_file();
		posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
		posix_fadvise(other, 0, 0, POSIX_FADV_RANDOM);
		for (int i = 0; i < PAGES; i++) {
			if (preadv2(fd, &v, 1, PAGE * i, RWF_DONTCACHE) < 0)
				cannot("RWF_DONTCACHE: %s (XFS from Linux 6.16 "
				       "on, ext4 from 6.17)", strerror(errno));
			need(preadv2(other, &v, 1, PAGE * i, 0));
			need(preadv2(other, &v, 1, PAGE * i, RWF_DONTCACHE));
		}
		left = kept(fd, PAGES);		/* asking reads ahead: once */
		if (left != PAGES || n + 1 == TIMES)
			break;
		close(fd);
		close(other);
	}
	remark("of the pages that RWF_DONTCACHE read, %s were kept; of those "
	       "that were in memory before, %s",
	       left == PAGES ? "all" : "not all",
	       kept(other, PAGES) == PAGES ? "all" : "not all");
}

/* A blocking send into a full socket; a child reads when we sleep. */
void send_waits(void)
{
	static char much[65536];
	pid_t parent = getpid();
	int ours, peer, more;

	tcp_connection(&ours, &peer);
	/* A late ACK (40 to 200 ms) makes room: fill it until none is left. */
	do {
		more = 0;
		while (send(ours, much, sizeof(much), MSG_DONTWAIT) > 0)
			more = 1;
		poll(NULL, 0, 250);
	} while (more);
	if (!fork_child()) {
		close(ours);
		wait_asleep(parent);
		while (recv(peer, much, sizeof(much), 0) > 0)
			;
		_exit(0);
	}
	close(peer);
	play_begins();
	need(send(ours, much, sizeof(much), 0));
	close(ours);
	wait(NULL);
}

/* The buffer is the program's again when send returns. */
void send_copies(void)
{
	int ours, peer;
	char c[4] = "old";

	tcp_connection(&ours, &peer);
	need(send(peer, c, 3, 0));
	memcpy(c, "new", 3);
	need(recv(ours, c, 3, 0));
}

void accept_waits(void)
{
	pid_t parent = getpid();
	struct sockaddr_in a;
	int l = listener_on(&a);

	if (!fork_child()) {
		wait_asleep(parent);
		connected_to(&a);
		_exit(0);
	}
	need(accept(l, NULL, NULL));
	wait(NULL);
}

/* Of 20 messages, each sent while the receiver sleeps. */
void receive_path(void)
{
	struct sockaddr_in a;
	int l = listener_on(&a), peer, turn[2];
	pid_t child;
	char c;

	need(pipe(turn));
	child = fork_child();
	if (!child) {
		int fd = need(accept(l, NULL, NULL));

		while (recv(fd, &c, 1, 0) == 1)
			;
		_exit(0);
	}
	peer = connected_to(&a);
	for (int i = 0; i < 20; i++) {
		wait_asleep(child);
		need(send(peer, "x", 1, 0));
	}
	close(peer);
	wait(NULL);
}

/* ---- data that nobody copies ---- */

/* A page of this letter that is not on any disk, and an end to send it on. */
static int memory_file(char letter)
{
	int fd = need(memfd_create("iomodels", 0));

	memset(page, letter, PAGE);
	need(write(fd, page, PAGE));
	return fd;
}

/* The file changes between sendfile and recv. */
void sendfile_shares(void)
{
	int file = memory_file('o'), ours, peer;
	off_t from = 0;
	char c[4];

	tcp_connection(&ours, &peer);
	need(sendfile(peer, file, &from, PAGE));
	need(pwrite(file, "new", 3, 0));
	need(recv(ours, c, 3, 0));
}

void sendfile_waits(void)
{
	int file = cold_file(), ours, peer, n = 0;
	long slept = usage().ru_nvcsw;
	off_t from = 0;

	posix_fadvise(file, 0, 0, POSIX_FADV_RANDOM);
	tcp_connection(&ours, &peer);
	play_begins();
	do {
		if (n++ == FILE_BYTES / PAGE)
			too_fast(n);
		need(sendfile(peer, file, &from, PAGE));
		need(recv(ours, page, PAGE, MSG_WAITALL));
	} while (usage().ru_nvcsw == slept);
}

void sendfile_to_file(void)
{
	int from = memory_file('x'), to = memory_file('y');
	off_t at = 0;

	sendfile(to, from, &at, PAGE);
}

void splice_needs_pipe(void)
{
	int ours, peer, p[2];

	need(pipe(p));
	tcp_connection(&ours, &peer);
	need(send(peer, "x", 1, 0));
	splice(ours, NULL, ours, NULL, 1, 0);
	splice(ours, NULL, p[1], NULL, 1, 0);
}

void splice_copies_nothing(void)
{
	int ours, peer, p[2];

	need(pipe(p));
	tcp_connection(&ours, &peer);
	memset(page, 's', PAGE);
	need(send(peer, page, PAGE, 0));
	play_begins();
	need(splice(ours, NULL, p[1], NULL, PAGE, 0));
}

/* What is in the pipe is our own page. */
void vmsplice_shares(void)
{
	static char mine[PAGE] __attribute__((aligned(PAGE)));
	struct iovec v = { mine, PAGE };
	int p[2];
	char c[4];

	need(pipe(p));
	memset(mine, 'o', PAGE);
	need(vmsplice(p[1], &v, 1, 0));
	memcpy(mine, "new", 3);
	need(read(p[0], c, 3));
}

/* Send a page without a copy, then look at what the error queue has. */
static void zerocopy(int allowed)
{
	union {
		struct cmsghdr head;
		char room[256];
	} control;
	struct iovec v = { page, PAGE };
	struct msghdr m = { .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct sock_extended_err *e;
	int ours, peer, one = 1;
	struct pollfd p;

	tcp_connection(&ours, &peer);
	if (allowed)
		need(setsockopt(peer, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)));
	need(send(peer, v.iov_base, v.iov_len, MSG_ZEROCOPY));
	need(recv(ours, page, PAGE, MSG_WAITALL));
	p = (struct pollfd){ .fd = peer };	/* errors alone */
	poll(&p, 1, allowed ? 10000 : 100);
	if (recvmsg(peer, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return;
	e = (void *)CMSG_DATA(&control.head);
	remark("error queue: errno %u origin %u, %s", e->ee_errno, e->ee_origin,
	       e->ee_code & SO_EE_CODE_ZEROCOPY_COPIED ? "was copied"
						       : "was not copied");
}

void zerocopy_tells(void)
{
	zerocopy(1);
}

void zerocopy_not_allowed(void)
{
	zerocopy(0);
}

/* TCP takes the bytes out of the queue and gives them to nobody. */
void recv_trunc(void)
{
	int ours, peer;
	char c[4] = "old";

	tcp_connection(&ours, &peer);
	need(send(peer, "new", 3, 0));
	play_begins();
	need(recv(ours, c, 3, MSG_TRUNC));
	remark("in the buffer: %.3s", c);
}
