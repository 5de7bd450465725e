/* SPDX-License-Identifier: MIT */
/*
 * rings_test.c - faults with io_uring are named by a capture, healthy use is not (with libc)
 *
 * The victim is this program itself, see victim.h: each one has one fault.
 */
#include <dirent.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "../../uring/ring.h"
#include "victim.h"

enum { ENTRIES = 128, BYTES = 4096 };

static char buffers[ENTRIES][BYTES];

/* ---- victims ---- */

static void begin(struct ring *ring, unsigned flags)
{
	struct io_uring_params p = { .flags = flags, .sq_thread_idle = 1,
				     .cq_entries = 8 };

	if (ring_setup(ring, flags & IORING_SETUP_CQSIZE ? 8 : ENTRIES, &p) < 0)
		_exit(SKIPPED);
}

static struct io_uring_sqe *add(struct ring *ring, unsigned opcode, int fd,
				void *buffer)
{
	struct io_uring_sqe *sqe = ring_sqe(ring);

	sqe->opcode = opcode;
	sqe->fd = fd;
	sqe->addr = (uintptr_t)buffer;
	sqe->len = opcode == IORING_OP_NOP ? 0 : BYTES;
	return sqe;
}

static void reap(struct ring *ring, unsigned n)
{
	while (n) {
		unsigned ready;

		if (ring_again(ring_wait(ring, 1, NULL)) < 0)
			_exit(1);
		ready = ring_ready(ring);
		if (ready > n)
			_exit(1);
		ring_seen(ring, ready);
		n -= ready;
	}
}

static int memory_file(void)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	for (int i = 0; i < ENTRIES; i++)
		if (write(fd, buffers[i], BYTES) != BYTES)
			_exit(1);
	return fd;
}

static void reads(unsigned char flags)
{
	int fd = memory_file();
	struct ring ring;

	begin(&ring, 0);
	for (int i = 0; i < ENTRIES; i++) {
		struct io_uring_sqe *sqe = add(&ring, IORING_OP_READ, fd,
					       buffers[i]);

		sqe->off = i * BYTES;
		sqe->flags = flags;
		sqe->user_data = i;
	}
	ring_submit(&ring);
	reap(&ring, ENTRIES);
	ring_close(&ring);
}

static void needless(void)
{
	reads(IOSQE_ASYNC);
}

static void healthy(void)
{
	reads(0);
}

static void single(void)
{
	int fd = memory_file();
	struct ring ring;

	begin(&ring, 0);
	for (int i = 0; i < 2000; i++) {
		add(&ring, IORING_OP_READ, fd, buffers[0]);
		reap(&ring, 1);
	}
}

/* Each second request needs the data of the one before. */
static void copy(void)
{
	int from = memory_file(), to = memory_file();
	struct ring ring;

	begin(&ring, 0);
	for (int i = 0; i < 500; i++) {
		add(&ring, IORING_OP_READ, from, buffers[0]);
		reap(&ring, 1);
		add(&ring, IORING_OP_WRITE, to, buffers[0]);
		reap(&ring, 1);
	}
}

static void overflow(void)
{
	struct ring ring;

	begin(&ring, IORING_SETUP_CQSIZE);
	for (int i = 0; i < 40; i++) {
		add(&ring, IORING_OP_NOP, -1, NULL);
		/* Not ring_submit: it fetches what has overflowed. */
		__atomic_store_n(ring.ksq_tail, ring.sq_tail, __ATOMIC_RELEASE);
		syscall(SYS_io_uring_enter, ring.fd, 1, 0, 0, NULL, 0);
	}
}

static void errors(void)
{
	struct ring ring;

	begin(&ring, 0);
	for (int i = 0; i < 100; i++)
		add(&ring, IORING_OP_READ, -1, buffers[i]);
	ring_submit(&ring);
	reap(&ring, 100);
}

static void new_pipe(int p[2])
{
	if (pipe(p))
		_exit(1);
}

static void stuck(void)
{
	struct ring ring;
	int p[2];

	new_pipe(p);
	begin(&ring, 0);
	for (int i = 0; i < 8; i++)
		add(&ring, IORING_OP_READ, p[0], buffers[i])->user_data = i;
	ring_submit(&ring);
	/* How long they wait is the fault itself. */
	nanosleep(&(struct timespec){ .tv_sec = 1, .tv_nsec = 200000000 },
		  NULL);
}

static void poller(void)
{
	struct ring ring;

	begin(&ring, IORING_SETUP_SQPOLL);
	for (int i = 0; i < 12; i++) {
		while (!(__atomic_load_n(ring.ksq_flags, __ATOMIC_ACQUIRE) &
			 IORING_SQ_NEED_WAKEUP))
			sched_yield();
		add(&ring, IORING_OP_NOP, -1, NULL);
		reap(&ring, 1);
	}
}

/* Threads of this process; io_uring's workers are among them. */
static int threads(void)
{
	DIR *d = opendir("/proc/self/task");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void workers(void)
{
	enum { N = 40 };
	int p[N][2], out = open("/dev/null", O_WRONLY);
	struct ring ring;

	begin(&ring, 0);
	for (int i = 0; i < N; i++) {
		struct io_uring_sqe *sqe;

		new_pipe(p[i]);
		sqe = ring_sqe(&ring);
		sqe->opcode = IORING_OP_SPLICE;
		sqe->fd = out;
		sqe->off = sqe->addr = -1;	/* no offsets */
		sqe->file_index = p[i][0];	/* splice_fd_in */
		sqe->len = 1;
		sqe->user_data = i;
	}
	ring_submit(&ring);
	while (threads() < N + 1)
		sched_yield();
	for (int i = 0; i < N; i++)
		if (write(p[i][1], "x", 1) != 1)
			_exit(1);
	reap(&ring, N);
}

static void unmapped(void)
{
	char *map = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct ring ring;
	int p[2];

	new_pipe(p);
	begin(&ring, 0);
	add(&ring, IORING_OP_READ, p[0], map);
	ring_submit(&ring);
	munmap(map, BYTES);
	if (write(p[1], "x", 1) != 1)
		_exit(1);
	reap(&ring, 1);
}

/* The other memory may go. */
static void other_unmapped(void)
{
	char *map = mmap(NULL, 2 * BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct ring ring;
	int p[2];

	new_pipe(p);
	begin(&ring, 0);
	add(&ring, IORING_OP_READ, p[0], map);
	ring_submit(&ring);
	munmap(map + BYTES, BYTES);
	if (write(p[1], "x", 1) != 1)
		_exit(1);
	reap(&ring, 1);
	munmap(map, BYTES);
}

static void fixed(int apart)
{
	struct iovec all = { buffers, sizeof(buffers) };
	struct ring ring;
	int p[2], q[2];

	new_pipe(p);
	new_pipe(q);
	begin(&ring, 0);
	if (ring_fixed_buffers(&ring, &all, 1) < 0)
		_exit(SKIPPED);			/* RLIMIT_MEMLOCK */
	add(&ring, IORING_OP_READ_FIXED, p[0], buffers[0]);
	add(&ring, IORING_OP_READ_FIXED, q[0], buffers[apart]);
	ring_submit(&ring);
	if (write(p[1], "x", 1) != 1 || write(q[1], "y", 1) != 1)
		_exit(1);
	reap(&ring, 2);
}

static void two_writers(void)
{
	fixed(0);
}

static void two_buffers(void)
{
	fixed(1);
}

static void unregistered(void)
{
	struct iovec all = { buffers, sizeof(buffers) };
	struct ring ring;
	int p[2];
	pid_t feeder;

	new_pipe(p);
	begin(&ring, 0);
	if (ring_fixed_buffers(&ring, &all, 1) < 0)
		_exit(SKIPPED);
	add(&ring, IORING_OP_READ_FIXED, p[0], buffers[0]);
	ring_submit(&ring);
	/* Some kernels wait in there for the request. */
	feeder = fork();
	if (!feeder) {
		nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
		_exit(write(p[1], "x", 1) != 1);
	}
	syscall(SYS_io_uring_register, ring.fd, IORING_UNREGISTER_BUFFERS,
		NULL, 0);
	reap(&ring, 1);
	waitpid(feeder, NULL, 0);
}

/* It lies there for as long as the other call takes. */
static void unread(void)
{
	struct ring ring;

	begin(&ring, 0);
	add(&ring, IORING_OP_NOP, -1, NULL);
	ring_submit(&ring);
	nanosleep(&(struct timespec){ .tv_nsec = 400000000 }, NULL);
	reap(&ring, 1);
}

/* It is read, and then the thread has nothing to do. */
static void read_at_once(void)
{
	struct ring ring;

	begin(&ring, 0);
	add(&ring, IORING_OP_NOP, -1, NULL);
	reap(&ring, 1);
	nanosleep(&(struct timespec){ .tv_nsec = 400000000 }, NULL);
}

static const struct victim {
	const char *name;
	void (*acts)(void);
	const char *finding;		/* NULL: none about rings */
} victims[] = {
	{ "needless", needless, "ring-needless-worker" },
	{ "single", single, "ring-single" },
	{ "overflow", overflow, "ring-overflow" },
	{ "errors", errors, "ring-failed" },
	{ "stuck", stuck, "ring-stuck" },
	{ "poller", poller, "ring-poller-asleep" },
	{ "workers", workers, "ring-many-workers" },
	{ "unmapped", unmapped, "ring-buffer-unmapped" },
	{ "unregistered", unregistered, "ring-buffer-unregistered" },
	{ "two-writers", two_writers, "ring-two-writers" },
	{ "unread", unread, "ring-unread" },
	{ "healthy", healthy, NULL },
	{ "copy", copy, NULL },
	{ "other-unmapped", other_unmapped, NULL },
	{ "two-buffers", two_buffers, NULL },
	{ "read-at-once", read_at_once, NULL },
};

static void be(const char *victim)
{
	for (unsigned i = 0; i < sizeof(victims) / sizeof(*victims); i++)
		if (!strcmp(victims[i].name, victim))
			victims[i].acts();
}

/* ---- what is found ---- */

/* Some of them need what BPF tells. */
static int needs_bpf(const char *finding)
{
	return !strcmp(finding, "ring-two-writers") ||
	       !strcmp(finding, "ring-unread");
}

static void names(void *arg)
{
	const struct victim *v = arg;
	const struct finding *d;
	int found = 0;

	capture(v->name);
	if (v->finding && needs_bpf(v->finding) &&
	    *r.merge->manifest.why_no_rings)
		SKIP("%s", r.merge->manifest.why_no_rings);
	for (d = r.findings.first; d; d = d->next) {
		printf("# %s: %s\n", d->about->id, d->says);
		if (v->finding && !strcmp(d->about->id, v->finding))
			found = 1;
		else if (!v->finding && !strncmp(d->about->id, "ring-", 5))
			FAIL("%s", d->about->id);
	}
	EXPECT_EQ(v->finding != NULL, found);
}

void tap_list(void)
{
	for (unsigned i = 0; i < sizeof(victims) / sizeof(*victims); i++)
		tap_add(victims[i].name, names, (void *)&victims[i])->seconds =
			120;
}
