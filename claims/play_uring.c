/* SPDX-License-Identifier: MIT */
/*
 * play_uring.c - plays about native AIO and io_uring
 */
#include <dirent.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include "play.h"
#include "../syscalls/errno.h"
#include "../uring/ring.h"

/* A child that sends a byte when we sleep. */
static void send_later(int fd)
{
	pid_t parent = getpid();

	if (fork_child())
		return;
	wait_asleep(parent);
	send(fd, "x", 1, 0);
	_exit(0);
}

/* ---- native AIO ---- */

static aio_context_t aio_setup(void)
{
	aio_context_t ctx = 0;

	need(syscall(SYS_io_setup, 4, &ctx));
	return ctx;
}

static void aio_read_one(aio_context_t ctx, int fd, void *buf, long bytes)
{
	struct iocb cb = {
		.aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = fd,
		.aio_buf = (unsigned long)buf, .aio_nbytes = bytes,
	}, *list[] = { &cb };

	need(syscall(SYS_io_submit, ctx, 1, list));
}

/*
 * The context is the address of a ring of completions, in our own memory; its
 * layout is that of fs/aio.c.  No call fetches this completion.
 */
void aio_ring_in_memory(void)
{
	struct aio_ring {
		unsigned id, nr, head, tail, magic, compat, incompat, length;
		struct io_event events[];
	} *ring;
	static char buf[4096];
	aio_context_t ctx = aio_setup();

	ring = (void *)ctx;
	aio_read_one(ctx, cold_file(), buf, sizeof(buf));
	if (ring->magic != 0xa10a10a1)
		cannot("io_setup did not return the address of a completion "
		       "ring");
	if (__atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) != ring->head)
		remark("in memory: result %lld",
		       ring->events[ring->head].res);
}

/* A read of a socket that has nothing to read yet. */
void aio_of_socket(void)
{
	aio_context_t ctx = aio_setup();
	struct io_event ev;
	int ours, peer;
	char c;

	tcp_connection(&ours, &peer);
	send_later(peer);
	aio_read_one(ctx, ours, &c, 1);
	need(syscall(SYS_io_getevents, ctx, 1, 1, &ev, NULL));
	wait(NULL);
}

void aio_of_nonblocking(void)
{
	aio_context_t ctx = aio_setup();
	struct io_event ev;
	int ours, peer;
	char c;

	tcp_connection(&ours, &peer);
	need(fcntl(ours, F_SETFL, O_NONBLOCK));
	aio_read_one(ctx, ours, &c, 1);
	need(syscall(SYS_io_getevents, ctx, 1, 1, &ev, NULL));
}

/* Two contexts of one process. */
void aio_two_contexts(void)
{
	remark("two io_setup calls return %s",
	       aio_setup() == aio_setup() ? "one context" : "two contexts");
}

/* The context belongs to the memory, and a child has memory of its own. */
void aio_after_fork(void)
{
	aio_context_t ctx = aio_setup();
	struct timespec none = { 0 };
	struct io_event ev;

	syscall(SYS_io_getevents, ctx, 0, 1, &ev, &none);
	if (!fork_child()) {
		syscall(SYS_io_getevents, ctx, 0, 1, &ev, &none);
		_exit(0);
	}
	wait(NULL);
}

static long sleeps(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_nvcsw;
}

/*
 * O_DIRECT writes past the end, until one was waited for, in either call: a
 * disk may be done before.
 */
void aio_appends(void)
{
	enum { WRITES = 64 };
	static char buf[4096] __attribute__((aligned(4096)));
	struct iocb cb = {
		.aio_lio_opcode = IOCB_CMD_PWRITE,
		.aio_buf = (unsigned long)buf, .aio_nbytes = sizeof(buf),
	}, *list[] = { &cb };
	aio_context_t ctx = aio_setup();
	struct io_event ev;
	char path[64];
	int fd = cold_file();

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	cb.aio_fildes = need(open(path, O_RDWR | O_DIRECT));
	cb.aio_offset = 1 << 20;
	play_begins();
	for (int i = 0; i < WRITES; i++) {
		long slept = sleeps();

		need(syscall(SYS_io_submit, ctx, 1, list));
		need(syscall(SYS_io_getevents, ctx, 1, 1, &ev, NULL));
		if (sleeps() != slept)
			return;
		cb.aio_offset += sizeof(buf);
	}
	cannot("the disk is too fast: it did each of %d writes before the "
	       "program could wait for it", WRITES);
}

/* ---- io_uring ---- */

static struct ring ring;

static void ring_open(unsigned flags)
{
	struct io_uring_params p = { .flags = flags, .sq_thread_idle = 20000 };
	long err = ring_setup(&ring, 8, &p);

	if (err)
		cannot("io_uring_setup: %s: %s", errno_name(err), ring_why(err));
}

static struct io_uring_sqe *request(int op, int fd, void *buf, unsigned len)
{
	struct io_uring_sqe *sqe = ring_sqe(&ring);

	sqe->opcode = op;
	sqe->fd = fd;
	sqe->addr = (unsigned long)buf;
	sqe->len = len;
	return sqe;
}

static void submit_all(void)
{
	long n = ring_submit(&ring);

	if (n < 0)
		cannot("io_uring_enter: %s", errno_name(n));
}

/* Submit, wait for a completion, take it. */
static struct io_uring_cqe finish(void)
{
	struct io_uring_cqe cqe;
	long n;

	do
		n = ring_again(ring_wait(&ring, 1, NULL));
	while (n >= 0 && !ring_ready(&ring));
	if (n < 0)
		cannot("io_uring_enter: %s", errno_name(n));
	cqe = *ring_cqe(&ring, 0);
	ring_seen(&ring, 1);
	return cqe;
}

/* The byte is there before it is asked for. */
void uring_inline(void)
{
	int ours, peer;
	char c;

	tcp_connection(&ours, &peer);
	ring_open(0);
	need(send(peer, "x", 1, 0));
	request(IORING_OP_RECV, ours, &c, 1);
	finish();
}

/* It comes when we sleep. */
void uring_polled(void)
{
	int ours, peer;
	char c;

	tcp_connection(&ours, &peer);
	ring_open(0);
	send_later(peer);
	request(IORING_OP_RECV, ours, &c, 1);
	finish();
	wait(NULL);
}

void uring_fsync(void)
{
	int fd = cold_file();

	ring_open(0);
	need(pwrite(fd, "x", 1, 0));
	request(IORING_OP_FSYNC, fd, NULL, 0);
	finish();
}

void uring_async_flag(void)
{
	static char buf[4096];
	int fd = cold_file();

	ring_open(0);
	need(pread(fd, buf, sizeof(buf), 0));	/* now it is in memory */
	request(IORING_OP_READ, fd, buf, sizeof(buf))->flags = IOSQE_ASYNC;
	finish();
}

void uring_cold_read(void)
{
	static char buf[4096];
	int fd = cold_file();

	ring_open(0);
	request(IORING_OP_READ, fd, buf, sizeof(buf));
	finish();
}

static void list_threads(void)
{
	DIR *d = opendir("/proc/self/task");
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char path[300], name[32] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm",
			 e->d_name);
		f = e->d_name[0] == '.' ? NULL : fopen(path, "re");
		if (f && fgets(name, sizeof(name), f))
			remark("/proc/PID/task: %s", name);
		if (f)
			fclose(f);
	}
	if (d)
		closedir(d);
}

/* The worker receives, and stays for a while. */
void uring_worker_untraced(void)
{
	int ours, peer;
	char c;

	tcp_connection(&ours, &peer);
	ring_open(0);
	need(send(peer, "x", 1, 0));
	request(IORING_OP_RECV, ours, &c, 1)->flags = IOSQE_ASYNC;
	finish();
	list_threads();
}

/* A request that does nothing; it is handed over and fetched in memory. */
static void nop_in_memory(int n)
{
	request(IORING_OP_NOP, -1, NULL, 0);
	submit_all();
	while (!ring_ready(&ring))
		;
	remark("request %d: result %d", n, ring_cqe(&ring, 0)->res);
	ring_seen(&ring, 1);
}

/* The first request may have to wake the poller; then it is awake for long. */
void uring_sqpoll_silent(void)
{
	ring_open(IORING_SETUP_SQPOLL);
	nop_in_memory(0);
	play_begins();
	for (int n = 1; n <= 3; n++)
		nop_in_memory(n);
}

void uring_multishot_accept(void)
{
	struct io_uring_sqe *sqe;
	struct sockaddr_in a;
	int l = listener_on(&a);

	ring_open(0);
	sqe = request(IORING_OP_ACCEPT, l, NULL, 0);
	sqe->ioprio = IORING_ACCEPT_MULTISHOT;
	submit_all();
	for (int i = 0; i < 5; i++) {
		connected_to(&a);
		if (finish().res < 0)
			cannot("no multishot ACCEPT (Linux 5.19)");
	}
}

/* O_NONBLOCK descriptors, and nothing to receive, to read, to accept. */
void uring_nonblock(void)
{
	struct sockaddr_in a;
	int ours, peer, pipes[2];
	char c;

	tcp_connection(&ours, &peer);
	need(fcntl(ours, F_SETFL, O_NONBLOCK));
	need(pipe2(pipes, O_NONBLOCK));
	ring_open(0);
	request(IORING_OP_RECV, ours, &c, 1);
	request(IORING_OP_READ, pipes[0], &c, 1);
	peer = listener_on(&a);
	need(fcntl(peer, F_SETFL, O_NONBLOCK));
	request(IORING_OP_ACCEPT, peer, NULL, 0);
	if (ring_submit(&ring) != 3)
		cannot("io_uring_enter took fewer than three requests");
}

/*
 * The first request goes to a worker, which then tries the read as read(2) does.
 * A read that waits gets a byte, from a child, once we sleep.
 */
void uring_nonblock_worker(void)
{
	pid_t parent = getpid();
	int pipes[2], begin[2];
	char c;

	need(pipe2(pipes, O_NONBLOCK));
	need(pipe(begin));
	if (!fork_child()) {
		need(read(begin[0], &c, 1));
		wait_asleep(parent);
		need(write(pipes[1], "x", 1));
		_exit(0);
	}
	ring_open(0);
	request(IORING_OP_NOP, -1, NULL, 0)->flags = IOSQE_ASYNC | IOSQE_IO_LINK;
	request(IORING_OP_READ, pipes[0], &c, 1);
	remark("first request: result %d", finish().res);
	need(write(begin[1], "x", 1));
	remark("READ: result %d", finish().res);
	wait(NULL);
}

void uring_dontwait(void)
{
	int ours, peer;
	char c;

	tcp_connection(&ours, &peer);
	ring_open(0);
	request(IORING_OP_RECV, ours, &c, 1)->op_flags = MSG_DONTWAIT;
	finish();
}

void uring_bad_descriptor(void)
{
	char c;

	ring_open(0);
	request(IORING_OP_RECV, 4242, &c, 1);
	finish();
}

/* A RECV that waits for its byte, seen from outside. */
void uring_fdinfo(void)
{
	static char text[4096];
	int ours, peer, fd;
	char name[32], *line, *at, c;

	tcp_connection(&ours, &peer);
	ring_open(0);
	request(IORING_OP_RECV, ours, &c, 1);
	submit_all();
	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", ring.fd);
	fd = need(open(name, O_RDONLY));
	need(read(fd, text, sizeof(text) - 1));
	for (at = text; (line = strsep(&at, "\n")); )
		remark("fdinfo: %s", line);
}

/* ---- when task work runs ---- */

static volatile int *flag_for_child, *flag_of_child;

/* A child that sends a byte when we say so, and says when it has. */
static void send_when_told(int fd)
{
	int *both = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (both == MAP_FAILED)
		cannot("mmap: %s", strerror(errno));
	flag_for_child = both;
	flag_of_child = both + 1;
	if (fork_child())
		return;
	while (!*flag_for_child)
		sched_yield();
	send(fd, "x", 1, 0);
	*flag_of_child = 1;
	_exit(0);
}

/* A RECV that waits; then, without any call of ours, its byte comes. */
static void receive_while_computing(unsigned flags)
{
	static char c;
	int ours, peer;

	tcp_connection(&ours, &peer);
	ring_open(flags);
	send_when_told(peer);
	request(IORING_OP_RECV, ours, &c, 1);
	submit_all();
	play_begins();
	*flag_for_child = 1;
	while (!*flag_of_child)
		;
}

void task_work_interrupts(void)
{
	receive_while_computing(0);
	while (!ring_ready(&ring))
		;
	remark("computing: %u completions", ring_ready(&ring));
}

void task_work_deferred(void)
{
	receive_while_computing(IORING_SETUP_SINGLE_ISSUER |
				IORING_SETUP_DEFER_TASKRUN);
	for (int i = 0; i < 100; i++)
		syscall(SYS_getppid);
	need(syscall(__NR_io_uring_enter, ring.fd, 0, 0, 0, NULL, 0));
	remark("before GETEVENTS: %u completions", ring_ready(&ring));
	finish();
	remark("after GETEVENTS: 1 completion");
}

/* The thread sleeps in epoll_wait for something else. */
void task_work_ends_epoll(void)
{
	int ours, peer, ep = need(epoll_create1(0));
	struct epoll_event ev;
	char c;

	tcp_connection(&ours, &peer);
	ring_open(0);
	request(IORING_OP_RECV, ours, &c, 1);
	submit_all();
	send_later(peer);
	play_begins();
	epoll_wait(ep, &ev, 1, 20000);
	wait(NULL);
}

/* A ring ends a moment after its close; on a busy machine before the wait. */
void ring_close_ends_epoll(void)
{
	enum { TRIES = 20 };
	int ep = need(epoll_create1(0)), n = 0;
	struct epoll_event ev;

	for (int i = 0; i < TRIES && !n; i++) {
		ring_open(0);
		ring_close(&ring);
		n = epoll_wait(ep, &ev, 1, 400);
	}
	epoll_wait(ep, &ev, 1, 100);
}

/* ---- a ring among other descriptors ---- */

void uring_in_epoll(void)
{
	int ep = need(epoll_create1(0));
	struct epoll_event ev = { .events = EPOLLIN };

	ring_open(0);
	need(epoll_ctl(ep, EPOLL_CTL_ADD, ring.fd, &ev));
	epoll_wait(ep, &ev, 1, 7);
	request(IORING_OP_NOP, -1, NULL, 0);
	submit_all();
	epoll_wait(ep, &ev, 1, 8);
}

void uring_eventfd(void)
{
	unsigned long long n = 0;
	int fd = need(eventfd(0, EFD_NONBLOCK));
	long err;

	ring_open(0);
	err = sys_io_uring_register(ring.fd, IORING_REGISTER_EVENTFD, &fd, 1);
	if (err)
		cannot("IORING_REGISTER_EVENTFD: %s", errno_name(err));
	for (int i = 0; i < 3; i++)
		request(IORING_OP_NOP, -1, NULL, 0);
	for (int i = 0; i < 3; i++)
		finish();
	need(read(fd, &n, sizeof(n)));
	remark("3 completions, eventfd %llu", n);
}

void uring_single_issuer(void)
{
	ring_open(IORING_SETUP_SINGLE_ISSUER);
	request(IORING_OP_NOP, -1, NULL, 0);
	finish();
	if (!fork_child()) {
		syscall(__NR_io_uring_enter, ring.fd, 1, 0, 0, NULL, 0);
		_exit(0);
	}
	wait(NULL);
}

/* Two completions: the result, and that the buffer is free. */
void uring_send_zc(void)
{
	static char buf[4096];
	struct io_uring_cqe cqe;
	int ours, peer;

	tcp_connection(&ours, &peer);
	ring_open(0);
	request(IORING_OP_SEND_ZC, peer, buf, sizeof(buf));
	cqe = finish();
	if (cqe.res < 0)
		cannot("SEND_ZC: %s (Linux 6.0)", errno_name(cqe.res));
	remark("result %d, F_MORE %d, F_NOTIF %d", cqe.res,
	       !!(cqe.flags & IORING_CQE_F_MORE),
	       !!(cqe.flags & IORING_CQE_F_NOTIF));
	need(recv(ours, buf, sizeof(buf), MSG_WAITALL));
	cqe = finish();
	remark("then result %d, F_MORE %d, F_NOTIF %d", cqe.res,
	       !!(cqe.flags & IORING_CQE_F_MORE),
	       !!(cqe.flags & IORING_CQE_F_NOTIF));
}

/* The second of two linked requests, after the first has failed. */
static void link_of(unsigned flag)
{
	char c;

	ring_open(0);
	request(IORING_OP_RECV, 4242, &c, 1)->flags = flag;
	request(IORING_OP_NOP, -1, NULL, 0);
	remark("first request: result %d", finish().res);
	remark("second request: result %d", finish().res);
}

void uring_link_breaks(void)
{
	link_of(IOSQE_IO_LINK);
}

void uring_hard_link(void)
{
	link_of(IOSQE_IO_HARDLINK);
}

/* Two requests that wait; the later one's data come first. */
void uring_out_of_order(void)
{
	int a[2], b[2];
	char c;

	stream_pair(a);
	stream_pair(b);
	ring_open(0);
	request(IORING_OP_RECV, a[0], &c, 1)->user_data = 1;
	request(IORING_OP_RECV, b[0], &c, 1)->user_data = 2;
	submit_all();
	need(send(b[1], "x", 1, 0));
	remark("completion of request %d", (int)finish().user_data);
	need(send(a[1], "x", 1, 0));
	remark("completion of request %d", (int)finish().user_data);
}

/* ---- what goes to a worker ---- */

/* Threads of io_uring that this process has. */
static int workers_now(void)
{
	DIR *d = opendir("/proc/self/task");
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d))) {
		char path[300], name[32] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm",
			 e->d_name);
		f = e->d_name[0] == '.' ? NULL : fopen(path, "re");
		if (f && fgets(name, sizeof(name), f))
			n += !strncmp(name, "iou-wrk", 7);
		if (f)
			fclose(f);
	}
	if (d)
		closedir(d);
	return n;
}

/* A file of a MiB in this folder; cold: not in memory. */
static int file_here(int cold)
{
	static char some[4096];
	char name[] = "iomodels-XXXXXX";
	int fd = need(mkstemp(name));

	need(unlink(name));
	for (int i = 0; i < 256; i++)
		need(write(fd, some, sizeof(some)));
	need(fsync(fd));
	if (cold)
		need(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) ? -1 : 0);
	return fd;
}

static char page[4096] __attribute__((aligned(4096)));

static struct io_uring_sqe *on_file(int op, int cold)
{
	return request(op, file_here(cold), page, sizeof(page));
}

static void w_cold_read(void) { on_file(IORING_OP_READ, 1); }
static void w_hot_read(void) { on_file(IORING_OP_READ, 0); }
static void w_write(void) { on_file(IORING_OP_WRITE, 0); }
static void w_append(void) { on_file(IORING_OP_WRITE, 0)->off = 1 << 20; }

static void direct(int op)
{
	struct io_uring_sqe *sqe = on_file(op, 1);
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", sqe->fd);
	sqe->fd = open(path, O_RDWR | O_DIRECT);
}

static void w_direct_read(void) { direct(IORING_OP_READ); }
static void w_direct_write(void) { direct(IORING_OP_WRITE); }
static void w_fsync(void) { request(IORING_OP_FSYNC, file_here(0), NULL, 0); }
static void w_sync_range(void)
{
	request(IORING_OP_SYNC_FILE_RANGE, file_here(0), NULL, 4096)->op_flags = 2;
}
static void w_fallocate(void)
{
	/* The length is where other requests have their buffer. */
	request(IORING_OP_FALLOCATE, file_here(0), (void *)8192UL, 0);
}
static void w_willneed(void)
{
	request(IORING_OP_FADVISE, file_here(1), NULL, 4096)->op_flags =
		POSIX_FADV_WILLNEED;
}
static void w_normal(void)
{
	request(IORING_OP_FADVISE, file_here(0), NULL, 4096)->op_flags =
		POSIX_FADV_NORMAL;
}
static void w_openat(void)
{
	request(IORING_OP_OPENAT, AT_FDCWD, ".", 0)->op_flags = O_RDONLY;
}
static void w_create(void)
{
	request(IORING_OP_OPENAT, AT_FDCWD, "iomodels-open", 0600)->op_flags =
		O_RDWR | O_CREAT;
}
static void w_statx(void)
{
	static struct statx buf;

	request(IORING_OP_STATX, AT_FDCWD, ".", STATX_BASIC_STATS)->off =
		(unsigned long)&buf;
}
static void w_mkdir(void)
{
	request(IORING_OP_MKDIRAT, AT_FDCWD, "iomodels-folder", 0700);
}
static void w_close(void) { request(IORING_OP_CLOSE, file_here(0), NULL, 0); }

static int connected[2];

static void w_recv(void)
{
	need(send(connected[1], "x", 1, 0));
	request(IORING_OP_RECV, connected[0], page, 1);
}
static void w_send(void) { request(IORING_OP_SEND, connected[0], page, 1); }
static void w_shutdown(void)
{
	request(IORING_OP_SHUTDOWN, connected[0], NULL, SHUT_RDWR);
}
static void w_splice(void)
{
	struct io_uring_sqe *sqe;
	int p[2];

	need(pipe(p));
	need(write(p[1], "x", 1));
	sqe = request(IORING_OP_SPLICE, connected[0], NULL, 1);
	sqe->file_index = p[0];		/* its name there: splice_fd_in */
	sqe->addr = sqe->off = -1;		/* at no offset */
}
static void w_async(void) { on_file(IORING_OP_READ, 0)->flags = IOSQE_ASYNC; }
static void w_nop(void) { request(IORING_OP_NOP, -1, NULL, 0); }

static const struct {
	const char *what;
	void (*fill)(void);
	int needs_folder;		/* it is tried in each file system */
} requests[] = {
	{ "NOP", w_nop, 0 },
	{ "RECV, a byte is there", w_recv, 0 },
	{ "SEND, there is room", w_send, 0 },
	{ "SPLICE of a pipe to a socket", w_splice, 0 },
	{ "SHUTDOWN", w_shutdown, 0 },
	{ "READ, in memory", w_hot_read, 1 },
	{ "READ, not in memory", w_cold_read, 1 },
	{ "READ, in memory, IOSQE_ASYNC", w_async, 1 },
	{ "READ, O_DIRECT", w_direct_read, 1 },
	{ "WRITE into the file", w_write, 1 },
	{ "WRITE past the end", w_append, 1 },
	{ "WRITE, O_DIRECT", w_direct_write, 1 },
	{ "FSYNC", w_fsync, 1 },
	{ "SYNC_FILE_RANGE", w_sync_range, 1 },
	{ "FALLOCATE", w_fallocate, 1 },
	{ "FADVISE WILLNEED", w_willneed, 1 },
	{ "FADVISE NORMAL", w_normal, 1 },
	{ "OPENAT of an existing folder", w_openat, 1 },
	{ "OPENAT with O_CREAT", w_create, 1 },
	{ "STATX", w_statx, 1 },
	{ "MKDIRAT", w_mkdir, 1 },
	{ "CLOSE", w_close, 1 },
};

static const char *file_system(void)
{
	struct statfs s;

	need(statfs(".", &s));
	return s.f_type == 0xEF53 ? "ext4" : s.f_type == 0x01021994 ? "tmpfs" :
	       s.f_type == 0x58465342 ? "xfs" :
	       s.f_type == 0x9123683E ? "btrfs" : "another file system";
}

/* Each in a process of its own, so that its threads are counted alone. */
static void try_request(int i, const char *where)
{
	struct io_uring_cqe cqe;

	if (!fork_child()) {
		ring_open(0);
		requests[i].fill();
		cqe = finish();
		if (cqe.res < 0)
			remark("worker: %s | %s | %s", requests[i].what, where,
			       errno_name(cqe.res));
		else
			remark("worker: %s | %s | %s", requests[i].what, where,
			       workers_now() ? "a worker" : "the submitter");
		_exit(0);
	}
	wait(NULL);
	unlink("iomodels-open");
	rmdir("iomodels-folder");
}

/* A claim wants its own request only, unless its whole record is printed. */
static int is_asked_for(int i)
{
	return getenv("IOMODELS_RECORD") || !claim_played ||
	       strstr(claim_played->lines, requests[i].what);
}

static void try_requests(int of_files)
{
	tcp_connection(&connected[0], &connected[1]);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (requests[i].needs_folder == of_files && is_asked_for(i))
			try_request(i, of_files ? file_system() : "-");
	close(connected[0]);
	close(connected[1]);
}

static void in_own_folder(const char *parent, void (*play)(void))
{
	char name[64];
	int back = need(open(".", O_RDONLY | O_DIRECTORY));

	snprintf(name, sizeof(name), "%s/iomodels-XXXXXX", parent);
	if (!mkdtemp(name))
		cannot("a folder in %s: %s", parent, strerror(errno));
	need(chdir(name));
	play();
	need(fchdir(back));
	rmdir(name);
	close(back);
}

static void of_files(void)
{
	try_requests(1);
}

void worker_sockets(void)
{
	try_requests(0);
}

/* In this folder, on a file system of which the claims are. */
static void need_file_system(const char *list)
{
	if (!strstr(list, file_system()))
		cannot("this folder is on %s: cd to a folder on %s",
		       file_system(), list);
}

void worker_disk(void)
{
	need_file_system("ext4, xfs or btrfs");
	in_own_folder(".", of_files);
}

void worker_ext4(void)
{
	need_file_system("ext4");
	in_own_folder(".", of_files);
}

void worker_tmpfs(void)
{
	in_own_folder("/dev/shm", of_files);
}

void worker_table(void)
{
	need_file_system("ext4, xfs or btrfs");
	try_requests(0);
	in_own_folder(".", of_files);
	in_own_folder("/dev/shm", of_files);
}
