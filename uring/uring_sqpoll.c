/* SPDX-License-Identifier: MIT */
/*
 * uring_sqpoll.c - io_uring, a kernel thread submits: no call while it is busy
 *
 * SQPOLL: a kernel thread of this process (iou-sqp-PID) looks at the
 * submission queue over and over, submits what is new, and copies when data
 * are there.  It sleeps after 20 ms without work and must then be woken.  The
 * thread that serves looks at the completion queue SPINS times before it sleeps
 * (10 ms on an AMD EPYC): longer than a time slice of a client on the same
 * processor.
 *
 *     sched_getaffinity  sched_setaffinity   a processor for each of the two
 *     io_uring_setup  mmap x2           the ring
 *     mmap                              the buffers; ACCEPT is queued
 *   busy:
 *     nothing                           two threads share two queues
 *   wait:
 *     io_uring_enter                    to wake iou-sqp, to sleep, or to wait
 *                                       for room in a full submission queue
 *       ACCEPT done:  RECV, and ACCEPT again
 *       RECV done:    SEND, or RECV     0 or an error: close
 *       SEND done:    RECV              or SEND what is left
 *
 * Calls     between 0 and 2 per echo: 0 while requests come without a pause.
 * Needs     Linux 5.13 (5.11 with CAP_SYS_NICE).
 * Limits    Those of uring_basic.c.  Two processors are busy; on a machine with
 *           one, the thread that serves sleeps at once instead of looking.  Where
 *           other programs need the processors, too, a message waits for them.
 * Compare   uring_basic.c, whose additional call costs less than a thread.
 * Trace     traces/uring_sqpoll.two.x86_64.strace, .kernel
 */
#include "serve.h"

enum { ENTRIES = 256, BUF = SCRATCH };
enum { SPINS = 400000 };	/* 10 ms where cpu_pause() takes 25 ns (AMD EPYC) */
enum { PER_EVENT = 1 };			/* requests that one completion adds */
enum { ACCEPT = 1, RECV, SEND };

static struct conn conns[CONNS];	/* by descriptor */
static char (*bufs)[BUF];		/* likewise */
static struct sockaddr_in peer;		/* of the one ACCEPT */
static int peer_len, live, paused;	/* paused: no descriptor for ACCEPT */
static int unwatched;			/* no room for ACCEPT */

static struct io_uring_sqe *request(int op, unsigned what, int fd,
				    const void *addr, unsigned len)
{
	struct io_uring_sqe *sqe = ring_sqe(&ring);	/* PER_EVENT: never 0 */

	sqe->opcode = op;
	sqe->fd = fd;
	sqe->addr = (unsigned long)addr;
	sqe->len = len;
	sqe->user_data = key(what, fd);
	return sqe;
}

static void watch(int fd)
{
	struct conn *c = &conns[fd];
	struct io_uring_sqe *sqe;

	if (fd == listener) {
		peer_len = sizeof(peer);
		sqe = request(IORING_OP_ACCEPT, ACCEPT, fd, &peer, 0);
		sqe->addr2 = (unsigned long)&peer_len;
		sqe->accept_flags = SOCK_CLOEXEC;
	} else if (c->owed) {
		sqe = request(IORING_OP_SEND, SEND, fd, c->out, c->owed);
		sqe->msg_flags = MSG_NOSIGNAL;
	} else {
		request(IORING_OP_RECV, RECV, fd, bufs[fd], BUF);
	}
}

static void resume(void)
{
	watch(listener);
	paused = 0;
}

static void hang_up(int fd)
{
	conn_end(&conns[fd]);
	key_retire(fd);
	sys_close(fd);
	live--;
	if (paused)
		resume();			/* a descriptor is free */
}

static void greet(int fd)
{
	if (listener_ended(fd)) {
		sys_close(listener);
		listener = -1;
		return;
	}
	if (peers_must_wait(fd)) {
		paused = 1;
		return;
	}
	if (fd >= 0 && !beyond_table(fd)) {
		conn_begin(&conns[fd], &peer);
		live++;
		watch(fd);
	}					/* else it brought no peer */
	unwatched = !ring_room(&ring);
	if (!unwatched)
		watch(listener);
}

static void serve(unsigned what, int fd, int res)
{
	struct conn *c = &conns[fd];

	if (what == RECV ? conn_received(c, bufs[fd], res) : conn_sent(c, res))
		hang_up(fd);
	else
		watch(fd);
}

static void complete(const struct io_uring_cqe *cqe)
{
	unsigned what = key_what(cqe->user_data);

	if (what == ACCEPT)
		greet(cqe->res);
	else if (key_lives(cqe->user_data))
		serve(what, key_index(cqe->user_data), cqe->res);
}

/*
 * Two threads that look at the same queues need a processor each: left to
 * itself the scheduler often gives them one, and then each echo waits for
 * time slices.  Take the first that we may use, and give iou-sqp the second.
 * Returns the flag for that, or 0 where there is only one.
 */
static unsigned part_processors(void)
{
	unsigned long may[128] = { 0 }, ours[128] = { 0 };
	int first = -1;

	sys_sched_getaffinity(0, sizeof(may), may);
	for (int i = 0; i < 8 * (int)sizeof(may); i++) {
		if (!(may[i / 64] >> i % 64 & 1))
			continue;
		if (first >= 0) {
			sqpoll_cpu = i;
			ours[first / 64] = 1UL << first % 64;
			sys_sched_setaffinity(0, sizeof(ours), ours);
			return IORING_SETUP_SQ_AFF;
		}
		first = i;
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned apart;
	int spins;

	(void)argc;
	/* Not O_NONBLOCK: older kernels would not let ACCEPT wait then. */
	open_socket(argv, SOCK_STREAM | SOCK_CLOEXEC);
	apart = part_processors();
	spins = apart ? SPINS : 0;
	open_ring(ENTRIES, IORING_SETUP_SQPOLL | apart, "5.13");
	/* Reserves addresses only: a page takes memory once it is written. */
	bufs = sys_mmap(NULL, sizeof(*bufs) * CONNS, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	must((long)bufs);
	watch(listener);
	announce();
	while (listener >= 0 || live) {
		entered(ring_submit(&ring));	/* only wakes it */
		while (!ring_room(&ring))
			entered(ring_await_room(&ring));
		if (unwatched) {
			unwatched = 0;
			watch(listener);
			continue;
		}
		for (int i = 0; i < spins && !ring_ready(&ring); i++)
			cpu_pause();
		if (!ring_ready(&ring))
			entered(ring_wait(&ring, 1, paused ? &one_second : NULL));
		if (paused && ring_room(&ring))
			resume();		/* another program may have closed */
		while (ring_ready(&ring) && ring_room(&ring) >= PER_EVENT) {
			complete(ring_cqe(&ring, 0));
			ring_seen(&ring, 1);
		}
	}
	return end_status;
}
