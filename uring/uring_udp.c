/* SPDX-License-Identifier: MIT */
/*
 * uring_udp.c - io_uring on a UDP socket, one request for all datagrams
 *
 * One RECVMSG stays in the kernel and completes for every datagram, each in a
 * buffer that the kernel takes from a ring of them:
 *
 *     | io_uring_recvmsg_out |   sender    |      datagram      |   unused   |
 *       lengths and flags      who sent it   at most DATAGRAM bytes
 *
 * An echo goes out of the same buffer, which is free again when the SENDMSG
 * has completed.  The thread waits in io_uring_enter and copies there.
 *
 *     rt_sigaction  rt_sigprocmask      SIGIO is blocked except while asleep:
 *                                       on_stop sends it (getpid kill)
 *     io_uring_setup  mmap x2           the ring
 *     mmap  io_uring_register PBUF_RING the buffers; RECVMSG is queued
 *   wait:
 *     io_uring_enter                    the only call: submits, sleeps, copies
 *       RECVMSG:  SENDMSG               echo; print writes a line
 *       SENDMSG:  nothing               its buffer is free
 *
 * Calls     2 per echo; datagrams that are ready together share the calls.
 * Needs     Linux 6.0 (multishot RECVMSG).
 * Limits    One datagram is one message: 65507 bytes, 65527 with IPv6 (--fd).  All
 *           buffers in use (ENOBUFS): RECVMSG ends, and is queued again when one
 *           is free.  What does not fit into the socket's receive buffer meanwhile
 *           is dropped by the kernel, as UDP allows.  On AF_UNIX (--fd) the server
 *           reports and drops a datagram of more than 65536 bytes, and an answer
 *           to a sender that has left too many answers unread.
 * Compare   models/sigio_udp.c: a signal and more calls per datagram.
 * Trace     traces/uring_udp.two.x86_64.strace, .kernel
 */
#include "serve.h"
#include "../models/datagram.h"

enum { ENTRIES = 256, BUFFERS = 64, DATAGRAM = 65536 };
enum {
	HEAD = sizeof(struct io_uring_recvmsg_out) + sizeof(union sender),
	BUF = (HEAD + DATAGRAM + 63) & ~63,
};
enum { PER_EVENT = 2 };			/* requests that one completion adds */
enum { RECEIVE = 1, SEND, CANCEL };

static struct ring_buffers buffers;
static struct answer {
	struct msghdr msg;
	struct iovec bytes;
} answers[BUFFERS];			/* by buffer */
static int receiving, sending;		/* RECVMSG is in flight; SENDMSGs are */

static void watch(void)
{
	/* Of this msghdr the kernel uses the lengths only; two of them are 0. */
	static struct msghdr room = { .msg_namelen = sizeof(union sender) };
	struct io_uring_sqe *sqe = ring_sqe(&ring);	/* PER_EVENT: never 0 */

	sqe->opcode = IORING_OP_RECVMSG;
	sqe->flags = IOSQE_BUFFER_SELECT;
	sqe->buf_group = buffers.group;
	sqe->ioprio = IORING_RECV_MULTISHOT;
	sqe->msg_flags = MSG_TRUNC;	/* payloadlen also counts what is cut off */
	sqe->fd = listener;
	sqe->addr = (unsigned long)&room;
	sqe->user_data = key(RECEIVE, 0);
	receiving = 1;
}

/* End the RECVMSG: else a flood would never let us end. */
static void unwatch(void)
{
	struct io_uring_sqe *sqe = ring_sqe(&ring);

	sqe->opcode = IORING_OP_ASYNC_CANCEL;
	sqe->addr = key(RECEIVE, 0);
	sqe->user_data = key(CANCEL, 0);
}

static void answer(unsigned buffer, struct io_uring_recvmsg_out *out,
		   char *bytes, unsigned n)
{
	struct io_uring_sqe *sqe = ring_sqe(&ring);
	struct answer *a = &answers[buffer];

	a->bytes = (struct iovec){ bytes, n };
	a->msg = (struct msghdr){
		.msg_name = out + 1,
		.msg_namelen = out->namelen,
		.msg_iov = &a->bytes,
		.msg_iovlen = 1,
	};
	sqe->opcode = IORING_OP_SENDMSG;
	sqe->fd = listener;
	sqe->addr = (unsigned long)&a->msg;
	/* The sender's queue is full: a poll could not wait for that. */
	if (family == AF_UNIX)
		sqe->msg_flags = MSG_DONTWAIT;
	sqe->user_data = key(SEND, buffer);
	sending++;
}

static void serve(unsigned buffer)
{
	struct io_uring_recvmsg_out *out =
		(void *)ring_buffers_at(&buffers, buffer);
	union sender *from = (void *)(out + 1);
	char *bytes = (char *)(from + 1);
	unsigned n = out->payloadlen;

	if (out->flags & MSG_TRUNC)
		not_served(from, n, "the datagram is longer than 65536 bytes");
	else if (opt.echo)
		return answer(buffer, out, bytes, n);
	else if (n <= opt.max_message)
		print_message(&from->in, bytes, n);
	else
		not_served(from, n, "the message is longer than --max-message");
	ring_buffers_put(&buffers, buffer);
}

/* On other families than AF_UNIX an answer may be lost: UDP. */
static void sent(unsigned buffer, long n)
{
	const union sender *from =
		(void *)(ring_buffers_at(&buffers, buffer) +
			 sizeof(struct io_uring_recvmsg_out));

	if (n < 0 && family == AF_UNIX)
		not_served(from, answers[buffer].bytes.iov_len, errno_name(n));
	ring_buffers_put(&buffers, buffer);
	sending--;
}

static void complete(const struct io_uring_cqe *cqe)
{
	if (key_what(cqe->user_data) == SEND)
		return sent(key_index(cqe->user_data), cqe->res);
	if (key_what(cqe->user_data) == CANCEL)
		return;
	if (cqe->res == -EINVAL)
		ring_refused("multishot RECVMSG", -EINVAL, "6.0");
	if (!(cqe->flags & IORING_CQE_F_MORE))
		receiving = 0;			/* ENOBUFS, or an overflow */
	if (cqe->flags & IORING_CQE_F_BUFFER)
		serve(ring_buffer_of(cqe));
}

static void complete_all(void)
{
	while (ring_ready(&ring) && ring_room(&ring) >= PER_EVENT) {
		complete(ring_cqe(&ring, 0));
		ring_seen(&ring, 1);
	}
	if (!receiving && !stopping && sending < BUFFERS && ring_room(&ring))
		watch();
}

static void on_wake(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)info, (void)context;	/* it has ended the sleep */
}

int main(int argc, char **argv)
{
	unsigned long wake = SIGNAL_BIT(SIGIO), while_asleep;
	long err;

	(void)argc;
	open_socket(argv, SOCK_DGRAM | SOCK_CLOEXEC);
	/* Else SIGTERM could come between reading `stopping` and the sleep. */
	on_signal(SIGIO, on_wake, 0);
	must(sys_rt_sigprocmask(SIG_BLOCK, &wake, &while_asleep));
	while_asleep &= ~wake;
	wake_with = SIGIO;
	open_ring(ENTRIES, 0, "6.0");
	ring.wait_mask = &while_asleep;
	err = ring_buffers_setup(&ring, &buffers, 0, BUFFERS, BUF);
	if (err)
		ring_refused("io_uring_register buffers", err, "5.19");
	watch();
	peer_text = sender_text;
	announce();
	while (!stopping) {
		entered(ring_wait(&ring, 1, NULL));
		complete_all();
	}
	while (!ring_room(&ring))
		entered(ring_submit(&ring));
	unwatch();
	while (receiving || sending) {		/* what came before the end */
		entered(ring_wait(&ring, 1, NULL));
		complete_all();
	}
	return 0;
}
