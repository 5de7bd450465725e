/* SPDX-License-Identifier: MIT */
/*
 * play_uring.c - plays about native AIO and io_uring
 */
#include <dirent.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <sys/mman.h>
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
		cannot("no ring of completions where io_setup says");
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
	if (ring_submit(&ring) < 0)
		cannot("io_uring_enter");
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
	if (ring_submit(&ring) < 0)
		cannot("io_uring_enter");
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
	if (ring_submit(&ring) < 0)
		cannot("io_uring_enter");
	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", ring.fd);
	fd = need(open(name, O_RDONLY));
	need(read(fd, text, sizeof(text) - 1));
	for (at = text; (line = strsep(&at, "\n")); )
		remark("fdinfo: %s", line);
}
