/* SPDX-License-Identifier: MIT */
/* hazard.c - memory that a request has and another uses; see hazard.h */
#include "hazard.h"
#include "line.h"

enum {
	LOOK_MAX = 1024,		/* requests in flight that are compared */
	FAULT = -14,
	READ_FIXED = 4, WRITE_FIXED = 5, READ = 22, RECV = 27,
	READV_FIXED = 60, WRITEV_FIXED = 61,
	UNREGISTER_BUFFERS = 1, WAKE_POLLER = 2,
	/* The flags of a request are those of its SQE, and more. */
	DRAIN = 1 << 1, LINK = 1 << 2, HARDLINK = 1 << 3, SELECT = 1 << 5,
};

static void note(struct times *t, unsigned long line)
{
	if (!t->n++)
		t->line = line;
}

static unsigned long long argument(const struct tracepoint *p, unsigned i)
{
	struct slice args = tracepoint_text(p, "args");
	const char *at = args.at, *end = args.at + args.len;

	while (i-- && at < end) {
		at = memchr(at, ',', end - at);
		if (!at)
			return 0;
		at++;
	}
	return slice_number(slice_of(at, end), NULL);
}

static long process_of(const struct witness *w, long pid)
{
	const struct witness_task *t = map_get(&w->tasks, pid);

	return t ? t->process : pid;
}

static int is_of(const struct witness *w, const struct witness_ring *r,
		 const struct witness_task *t)
{
	return process_of(w, r->pid) == t->process;
}

static int overlap(uint64_t a, unsigned long a_len, uint64_t b,
		   unsigned long b_len)
{
	return a < b + b_len && b < a + a_len;
}

static void unmapped(struct witness *w, const struct witness_task *t,
		     uint64_t address, unsigned long bytes, unsigned long line)
{
	struct request *q;

	if (w->requests.used > LOOK_MAX)
		return;
	map_each(&w->requests, i, q) {
		if (!is_of(w, q->ring, t))
			continue;
		if (!q->buffer)
			note(&q->unmapped, line);
		else if (overlap(address, bytes, q->buffer, q->bytes))
			note(&q->ring->unmapped, line);
	}
}

static int is_fixed(unsigned opcode)
{
	return opcode == READ_FIXED || opcode == WRITE_FIXED ||
	       opcode == READV_FIXED || opcode == WRITEV_FIXED;
}

static void unregistered(struct witness *w, const struct witness_task *t, int fd,
			 unsigned long line)
{
	struct request *q;

	map_each(&w->requests, i, q)
		if (is_fixed(q->opcode) && q->ring->fd == fd && is_of(w, q->ring, t))
			note(&q->ring->unregistered, line);
}

static void woken(struct witness *w, const struct witness_task *t, int fd,
		  unsigned long line)
{
	for (unsigned i = w->n_rings; i--; )
		if (w->ring_list[i]->fd == fd && is_of(w, w->ring_list[i], t)) {
			note(&w->ring_list[i]->wakings, line);
			return;
		}
}

void hazard_call(struct witness *w, const struct witness_task *t,
		 const struct tracepoint *p, unsigned long line)
{
	if (!w->n_rings)
		return;
	if (!strcmp(t->now.call, "munmap"))
		unmapped(w, t, argument(p, 0), argument(p, 1), line);
	else if (!strcmp(t->now.call, "io_uring_register") &&
		 argument(p, 1) == UNREGISTER_BUFFERS)
		unregistered(w, t, argument(p, 0), line);
	else if (!strcmp(t->now.call, "io_uring_enter") &&
		 argument(p, 3) & WAKE_POLLER)
		woken(w, t, argument(p, 0), line);
}

/* The kernel writes into its buffer. */
static int is_writer(const struct request *q)
{
	return q->buffer && q->bytes && !(q->flags & (SELECT | DRAIN)) &&
	       (q->opcode == READ || q->opcode == READ_FIXED ||
		q->opcode == RECV);
}

static void overlapped(struct witness *w, struct request *q)
{
	struct request *other;

	if (!is_writer(q) || w->requests.used > LOOK_MAX)
		return;
	map_each(&w->requests, i, other)
		if (other != q && is_writer(other) &&
		    overlap(q->buffer, q->bytes, other->buffer, other->bytes) &&
		    process_of(w, q->ring->pid) ==
		    process_of(w, other->ring->pid) &&
		    /* The requests of a chain come one after the other. */
		    !(q->chained && other->chained)) {
			q->overlaps = 1;
			return;
		}
}

/*
 * Its address is that of an array of iovec or of a msghdr, of which the kernel
 * makes a copy; where the buffers are is not known.
 */
static int is_vector(unsigned opcode)
{
	switch (opcode) {
	case 1: case 2: case 9: case 10:	/* READV, WRITEV, SEND-, RECVMSG */
	case 48: case READV_FIXED: case WRITEV_FIXED:	/* SENDMSG_ZC */
		return 1;
	default:
		return 0;
	}
}

void hazard_submit(struct witness *w, struct request *q,
		   const struct tracepoint *p)
{
	int links = !!(q->flags & (LINK | HARDLINK));

	if (!is_vector(q->opcode)) {
		q->buffer = tracepoint_address(p, "buffer");
		q->bytes = tracepoint_number(p, "bytes", 0);
	}
	q->chained = links || q->ring->chained;
	q->ring->chained = links;
	overlapped(w, q);
}

void hazard_completed(struct request *q, int res)
{
	if (res > 0 && q->overlaps)		/* it has written there */
		note(&q->ring->overlapped, q->line);
	if (res == FAULT && q->unmapped.n)
		note(&q->ring->unmapped, q->unmapped.line);
}
