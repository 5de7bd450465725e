/* SPDX-License-Identifier: MIT */
/*
 * conn.h - a connection: its buffer, and what the service does with bytes
 */
#ifndef IOMODELS_CONN_H
#define IOMODELS_CONN_H

#include "listen.h"
#include "message.h"
#include "server_options.h"
#include "stop.h"

/*
 * SCRATCH bytes one recvfrom may bring
 * FIRST   bytes of a message that need no mmap
 */
enum { SCRATCH = 16384, FIRST = 2048 };
enum { LEFT_MOST = 16 * SOMAXCONN };	/* failed accepts in a row: below */

/*
 * echo: `owed` bytes at `out` are still to be sent, from the buffer of the
 * last recvfrom or, when the socket was full, from mem.
 * reply: likewise, from answer_bytes; mem holds the first `len` bytes of the
 * request, of which `rest` bytes are still to come.
 * print: mem holds the first `len` bytes of the message.
 */
struct conn {
	struct sockaddr_in peer;
	unsigned want;			/* events the interest set has */
	unsigned owed;			/* bytes */
	char *out;
	char *mem;			/* first[], or mmapped */
	unsigned len, cap;		/* bytes used in mem, and its size */
	unsigned rest;
	char first[FIRST];
};

/*
 * accept4 returned err, and asking again at once would not help: no descriptor
 * or memory is left (EMFILE, ENFILE, ENOBUFS, ENOMEM), or a filter refuses the
 * call (EPERM, ENOSYS).  The connections stay queued, the server pauses, and
 * stderr says why, once.
 * ECONNABORTED and EPROTO are about one peer.  (TCP of Linux has neither: it
 * accepts a peer that has reset.)  After many in a row, the server must pause.
 */
static inline int peers_must_wait(long err)
{
	static long said;
	static unsigned left;			/* in a row */

	if (err == -EINTR || err == -EINVAL ||	/* EINVAL: listener_ended() */
	    err == -ECANCELED)			/* an ACCEPT of io_uring */
		return 0;
	if (err >= 0 || err == -EAGAIN) {
		__atomic_store_n(&left, 0, __ATOMIC_RELAXED);
		return 0;
	}
	if (err == -ECONNABORTED || err == -EPROTO) {
		if (__atomic_add_fetch(&left, 1, __ATOMIC_RELAXED) < LEFT_MOST)
			return 0;
		__atomic_store_n(&left, 0, __ATOMIC_RELAXED);
	}
	if (__atomic_exchange_n(&said, err, __ATOMIC_RELAXED) != err)
		warn("accept: %s; new peers wait%s\n", errno_name(err),
		     err == -EMFILE ? " until a descriptor is free (ulimit -n)"
				    : "");
	return 1;
}

static int end_status;			/* of the server: its exit status */

/*
 * Does err of accept4 say that the listener is shut down?  If another program
 * did it (--fd), stderr says so; the server serves the connected peers and ends
 * with 1.  (AF_UNIX, EAGAIN: see listen.h.)
 */
static inline int listener_ended(long err)
{
	struct pollfd end = { .fd = listener, .events = POLLRDHUP };
	struct timespec now = { 0 };

	if (err != -EINVAL && (err != -EAGAIN || family != AF_UNIX ||
			       sys_ppoll(&end, 1, &now, NULL) != 1))
		return 0;
	if (!__atomic_load_n(&stopping, __ATOMIC_RELAXED) &&
	    !__atomic_exchange_n(&end_status, 1, __ATOMIC_RELAXED))
		warn("accept: another program has shut the listener down: no "
		     "new peers; the server ends with its last connection\n");
	return 1;
}

/*
 * For a call that waits for many descriptors: how many are ready; 0 after a
 * signal, or after a pause if the kernel has no memory for the call (ENOMEM).
 */
#define woken(call) ({							\
	long woken_ = (call);						\
	if (woken_ == -ENOMEM)						\
		pause_ms(100);						\
	woken_ == -EINTR || woken_ == -ENOMEM ? 0 :			\
		must_be(#call, woken_); })

/* Sleep for ms: for models that can only wait until a descriptor is free. */
static inline void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	long err = sys_ppoll(NULL, 0, &t, NULL);

	if (err != -EINTR && err != -ENOMEM)
		must_be("ppoll", err);		/* else it would spin */
}

/*
 * accept4 did not sleep (EAGAIN), because a program that shares the listener
 * has set O_NONBLOCK: sleep here.
 */
static inline void await_connection(void)
{
	struct pollfd in = { .fd = listener, .events = POLLIN };

	woken(sys_ppoll(&in, 1, NULL, NULL));
}

static inline void conn_begin(struct conn *c, const struct sockaddr_in *peer)
{
	c->peer = *peer;
	c->mem = c->first;
	c->cap = FIRST;
	c->len = c->owed = c->want = c->rest = 0;
}

static inline void conn_end(struct conn *c)
{
	if (c->mem != c->first)
		sys_munmap(c->mem, c->cap);
	c->mem = c->first;
	c->len = c->owed = 0;
}

/* Make room for need bytes in mem.  0, or the -errno of mmap. */
static long conn_grow(struct conn *c, unsigned need)
{
	unsigned cap = 4 * SCRATCH;
	char *mem;

	if (need <= c->cap)
		return 0;
	while (cap < need)
		cap *= 2;
	if (c->mem == c->first) {
		mem = sys_mmap(NULL, cap, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (failed(mem))
			return (long)mem;
		memcpy(mem, c->first, c->len);
	} else {
		mem = sys_mremap(c->mem, c->cap, cap, MREMAP_MAYMOVE);
		if (failed(mem))
			return (long)mem;
	}
	c->mem = mem;
	c->cap = cap;
	return 0;
}

/* Report on stderr why the server ends a connection early. */
static void conn_gave_up(const struct conn *c, const char *why)
{
	unsigned n = opt.echo ? c->owed : c->len;
	char text[24];

	warn("%s: %s; %u byte%s dropped\n", address(&c->peer, text), why, n,
	     n == 1 ? "" : "s");
}

/* Take bytes of a request, up to its end; return how many.  *wants is the
   length of its answer, or -1 if the request is not valid. */
static unsigned request_takes(struct conn *c, const char *bytes, unsigned n,
			      long *wants)
{
	unsigned took = 0;

	while (c->len < REQUEST && took < n) {
		c->mem[c->len++] = bytes[took++];
		if (c->len < REQUEST)
			continue;
		if (!request_is_valid(c->mem)) {
			*wants = -1;
			return took;
		}
		c->rest = request_number(c->mem) - REQUEST;
	}
	if (c->len < REQUEST)
		return took;
	n = c->rest < n - took ? c->rest : n - took;
	c->rest -= n;
	if (!c->rest) {				/* the request is whole */
		c->len = 0;
		do_work(request_number(c->mem + 8));
		*wants = request_number(c->mem + 4);
	}
	return took + n;
}

/*
 * Answer n > 0 bytes that came: returns the length of the answer, at *bytes.
 * 0: no answer yet.  -1: they ask for more than the service reply allows.
 */
static long conn_answer(struct conn *c, char **bytes, long n)
{
	long sum = 0;

	if (!opt.reply)
		return n;			/* echo */
	for (long took = 0; took < n; ) {
		long wants = 0;

		took += request_takes(c, *bytes + took, n - took, &wants);
		sum += wants;
		if (wants < 0 || sum > ANSWER_MOST)
			return -1;
	}
	*bytes = answer_bytes;
	return sum;
}

static const char bad_request[] = "the request asks for more than the service reply allows";

/*
 * recvfrom returned n: the service gets it.  Returns 0 to go on, 1 when the
 * connection has ended: the peer closed, failed, or sent more than is allowed.
 */
static int conn_received(struct conn *c, char *buf, long n)
{
	if (n == -EINTR)			/* a signal came first: again */
		return 0;
	if (n < 0) {
		conn_gave_up(c, errno_name(n));
		return 1;
	}
	if (n && opt.echo) {
		n = conn_answer(c, &buf, n);
		if (n < 0) {
			conn_gave_up(c, bad_request);
			return 1;
		}
		c->out = buf;
		c->owed = n;
		return 0;
	}
	if (!n && opt.echo)
		return 1;
	if (!n) {
		if (c->len)
			print_message(&c->peer, c->mem, c->len);
		return 1;
	}
	if (n > opt.max_message - c->len) {
		c->len += n;			/* these are dropped, too */
		conn_gave_up(c, "the message is longer than --max-message");
		return 1;
	}
	if (conn_grow(c, c->len + n)) {
		c->len += n;
		conn_gave_up(c, "no memory for the message");
		return 1;
	}
	memcpy(c->mem + c->len, buf, n);
	c->len += n;
	return 0;
}

/*
 * sendto returned n.  Returns 0 to go on, 1 when the peer is gone.  What a full
 * socket did not take is kept in mem, because all connections share the buffer.
 */
static int conn_sent(struct conn *c, long n)
{
	if (n < 0 && n != -EAGAIN && n != -EINTR) {
		conn_gave_up(c, errno_name(n));
		return 1;
	}
	if (n > 0) {
		c->out += n;
		c->owed -= n;
	}
	if (!c->owed || opt.reply ||
	    (c->out >= c->mem && c->out < c->mem + c->cap))
		return 0;
	if (conn_grow(c, c->owed)) {
		conn_gave_up(c, "no memory for output that is not sent yet");
		return 1;
	}
	memcpy(c->mem, c->out, c->owed);
	c->out = c->mem;
	return 0;
}

/* accept4 gave a descriptor that no table has a place for. */
static inline int beyond_table(int fd)
{
	if (fd < CONNS)
		return 0;
	warn("connection refused: descriptor %d is above %d\n", fd, CONNS - 1);
	sys_close(fd);
	return 1;
}

#endif
