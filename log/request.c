/* SPDX-License-Identifier: MIT */
/* request.c - the requests of io_uring; see request.h */
#include <stdio.h>
#include <stdlib.h>
#include "hazard.h"
#include "line.h"
#include "request.h"

enum {
	OPEN_MAX_REQUESTS = 1 << 17,
	FORCED = 1 << 4,		/* REQ_F_FORCE_ASYNC: IOSQE_ASYNC */
	MORE = 2, NOTIFICATION = 8,	/* of cflags */
	RECVMSG = 10,
	AGAIN = -11, CANCELED = -125, TIMED_OUT = -62,
	CANCELS = 14,			/* IORING_OP_ASYNC_CANCEL */
	CONNECT = 16,			/* IORING_OP_CONNECT */
	LONG_NS = 1000000000,		/* in flight to the end: no hurry */
};

/* The opcodes of <linux/io_uring.h> that move data; their numbers are ABI. */
enum kind { KIND_OTHER, KIND_RECEIVE, KIND_SEND, KIND_READ, KIND_WRITE,
	    KIND_ACCEPT };

static enum kind kind_of(unsigned opcode)
{
	switch (opcode) {
	case 10: case 27: case 58:		/* RECVMSG, RECV, RECV_ZC */
		return KIND_RECEIVE;
	case 9: case 26: case 47: case 48:	/* SENDMSG, SEND, and _ZC */
		return KIND_SEND;
	case 1: case 4: case 22: case 49:	/* READV, FIXED, READ, multishot */
	case 60:				/* READV_FIXED */
		return KIND_READ;
	case 2: case 5: case 23: case 61:	/* WRITEV, FIXED, WRITE, both */
		return KIND_WRITE;
	case 13:
		return KIND_ACCEPT;
	default:
		return KIND_OTHER;
	}
}

const char *way_name(enum way v)
{
	static const char *const names[] = {
		"inline", "poll-armed", "worker", "later",
	};

	return names[v];
}

/* ---- finding them ---- */

static uint64_t mix(uint64_t ring, uint64_t n)
{
	uint64_t h = ring * 0x9e3779b97f4a7c15ULL ^ n;

	h = (h ^ h >> 31) * 0xbf58476d1ce4e5b9ULL;
	return (h ^ h >> 29) | 1;
}

static struct witness_ring *ring_at(struct witness *w, uint64_t ctx)
{
	struct witness_ring *r = map_get(&w->rings, mix(ctx, 0));

	if (r || !ctx)
		return r;
	if (w->n_rings == RINGS)
		return w->ring_list[RINGS - 1];
	r = need(calloc(1, sizeof(*r)));
	r->ctx = ctx;
	r->fd = -1;
	w->ring_list[w->n_rings++] = r;
	map_put(&w->rings, mix(ctx, 0), r);
	return r;
}

static void forget(struct witness *w, struct request *q)
{
	struct request *head = map_get(&w->by_data, q->data_key), **at = &head;

	if (map_get(&w->requests, q->key) == q)
		map_remove(&w->requests, q->key);
	q->ring->at_workers -= q->queued;
	q->ring->in_flight--;
	while (*at && *at != q)
		at = &(*at)->next;
	if (*at) {
		*at = q->next;
		if (head)
			map_put(&w->by_data, q->data_key, head);
		else
			map_remove(&w->by_data, q->data_key);
	}
	free(q);
}

static struct request *request_of(struct witness *w, const struct tracepoint *p)
{
	uint64_t ctx = tracepoint_address(p, "ctx");
	uint64_t req = tracepoint_address(p, "req");
	uint64_t data = tracepoint_address(p, "user_data");
	struct request *q = req ? map_get(&w->requests, mix(ctx, req)) : NULL;

	/* The notification of a SEND_ZC is a request of its own. */
	return q ? q : map_get(&w->by_data, mix(ctx ^ 1, data));
}

/* ---- their lives ---- */

static void see(struct witness *w, enum sight_kind kind, struct request *q,
		struct witness_task *t, const struct tracepoint *p,
		unsigned long line)
{
	struct sight s = { .kind = kind, .request = q, .task = t, .point = p,
			   .line = line, .from_ns = p->ns };

	if (w->see)
		w->see(w->context, &s);
}

static void made(struct witness *w, struct witness_task *t,
		 const struct tracepoint *p, unsigned long line)
{
	uint64_t ctx = tracepoint_address(p, "ctx");
	struct witness_ring *r = ring_at(w, ctx);

	if (!r)
		return;
	if (r->line && w->n_rings < RINGS) {	/* its address is used again */
		map_remove(&w->rings, mix(ctx, 0));
		r = ring_at(w, ctx);
	}
	r->fd = tracepoint_number(p, "fd", -1);
	r->flags = tracepoint_number(p, "flags", 0);
	r->pid = t->pid;
	r->line = line;
}

static void submitted(struct witness *w, struct witness_task *t,
		      const struct tracepoint *p, unsigned long line)
{
	uint64_t ctx = tracepoint_address(p, "ctx");
	/* Only a task of the program submits; another process may complete. */
	struct witness_ring *r = t->ours ? ring_at(w, ctx) : NULL;
	struct request *q;
	struct slice op = tracepoint_text(p, "op_str");
	uint64_t key = mix(ctx, tracepoint_address(p, "req"));

	if (!t->ours)
		return;
	if (!r || w->requests.used >= OPEN_MAX_REQUESTS) {
		w->unmatched++;
		return;
	}
	q = map_get(&w->requests, key);
	if (q)					/* IOSQE_CQE_SKIP_SUCCESS */
		forget(w, q);
	q = need(calloc(1, sizeof(*q)));
	q->ring = r;
	q->key = key;
	q->data_key = mix(ctx ^ 1, tracepoint_address(p, "user_data"));
	q->serial = ++w->serial;
	q->opcode = tracepoint_number(p, "opcode", 0);
	if (op.len)
		snprintf(q->op, sizeof(q->op), "%.*s",
			 (int)(op.len < 15 ? op.len : 15), op.at);
	else
		snprintf(q->op, sizeof(q->op), "opcode %u", q->opcode);
	q->fd = -1;
	q->pid = t->pid;
	q->flags = tracepoint_address(p, "flags");
	q->by_poller = tracepoint_number(p, "sq_thread", 0) ||
		       t->who == WHO_POLLER;
	q->submit_ns = p->ns;
	q->line = line;
	q->enter_ns = t->in_call ? t->now.enter_ns : 0;
	map_put(&w->requests, key, q);
	q->next = map_get(&w->by_data, q->data_key);
	map_put(&w->by_data, q->data_key, q);
	t->loose = 0;
	t->now.submitted++;
	if (!r->pid)
		r->pid = t->process;
	r->requests++;
	r->by_poller += q->by_poller;
	snprintf(r->op[q->opcode % OPS].name, sizeof(q->op), "%s", q->op);
	r->op[q->opcode % OPS].requests++;
	r->op[q->opcode % OPS].forced += !!(q->flags & FORCED);
	r->cancels += q->opcode == CANCELS;
	r->beside += r->in_flight++ > 0;
	r->passed_on += r->gave && (kind_of(q->opcode) == KIND_WRITE ||
				    kind_of(q->opcode) == KIND_SEND);
	r->movers += kind_of(q->opcode) >= KIND_RECEIVE &&
		     kind_of(q->opcode) <= KIND_WRITE;
	r->gave = 0;
	hazard_submit(w, q, p);
	see(w, SIGHT_SUBMITTED, q, t, p, line);
}

static void armed(struct witness *w, struct request *q, struct witness_task *t,
		  const struct tracepoint *p, unsigned long line)
{
	q->armed = 1;
	q->rounds++;
	q->arm_ns = p->ns;
	q->ring->polled_rounds++;
	see(w, SIGHT_ARMED, q, t, p, line);
}

static void given_away(struct request *q, const struct tracepoint *p,
		       unsigned long line)
{
	struct witness_ring *r = q->ring;
	enum kind k = kind_of(q->opcode);

	r->at_workers += !q->queued;
	if (r->at_workers > r->at_workers_most)
		r->at_workers_most = r->at_workers;
	q->queued = 1;
	q->queue_ns = p->ns;
	if (q->flags & FORCED || (k != KIND_RECEIVE && k != KIND_SEND &&
				  k != KIND_ACCEPT))
		return;
	if (!r->to_worker++)
		r->to_worker_line = line;
}

static enum way way_of(const struct request *q, const struct witness_task *t)
{
	if (q->queued)
		return WAY_WORKER;
	if (q->armed)
		return WAY_POLLED;
	/*
	 * io_uring_enter submits first and waits then.  A poller has no calls:
	 * what it submits it does at once, or the device does it later.
	 */
	if (q->pid == t->pid && t->ring_wait_ns < q->submit_ns &&
	    (q->by_poller || (t->in_call && q->enter_ns == t->now.enter_ns)))
		return WAY_INLINE;
	return WAY_LATER;
}

static enum data count_data(struct witness_ring *r, enum kind k, int res,
			    int from_socket)
{
	switch (k) {
	case KIND_READ:
		if (!from_socket) {
			r->reads++;
			r->read_bytes += res;
			return DATA_READ;
		}
		/* fall through */
	case KIND_RECEIVE:
		if (!res) {
			r->ends++;
			return DATA_END;
		}
		r->messages++;
		r->bytes_in += res;
		return DATA_MESSAGE;
	case KIND_SEND:
		r->sends++;
		r->bytes_out += res;
		return DATA_SENT;
	case KIND_WRITE:
		r->writes++;
		r->written_bytes += res;
		return DATA_WRITTEN;
	case KIND_ACCEPT:
		r->accepts++;
		return DATA_ACCEPTED;
	default:
		return DATA_NONE;
	}
}

/* ... of a power of two, by its next two bits. */
static unsigned latency_class(long long ns)
{
	unsigned power = 63 - __builtin_clzll(ns | 4);
	unsigned at = power * 4 + (ns >> (power - 2) & 3);

	return at < LATENCIES ? at : LATENCIES - 1;
}

long long latency_at(const struct op_tally *t, unsigned percent)
{
	unsigned long long below = 0;

	for (unsigned i = 0; i < LATENCIES; i++) {
		below += t->latency[i];
		if (below * 100 >= (unsigned long long)t->timed * percent)
			return i < 8 ? 4 : (4LL + i % 4) << (i / 4 - 2);
	}
	return 0;
}

/*
 * Given to a worker, though it could be done at once: the worker did not sleep
 * in it.  A message that was there already tells nothing of the next one.
 */
static int is_needless(const struct request *q, const struct witness_task *t,
		       int res)
{
	enum kind k = kind_of(q->opcode);

	return (k == KIND_READ || k == KIND_WRITE) &&
	       q->flags & FORCED && q->queued && !q->armed && res >= 0 &&
	       t->who == WHO_WORKER && q->worker == t->pid && q->work_ns &&
	       t->woke_ns < q->work_ns;
}

static void note(struct times *t, unsigned long line)
{
	if (!t->n++)
		t->line = line;
}

/* Nobody has asked for it: the ring is closed, or its process ends. */
static void cut(struct witness_ring *r, const struct request *q,
		long long now, enum kind k)
{
	long long age = now - q->submit_ns;
	struct stuck *s;
	unsigned i = 0;

	if (r->cancels)
		return;
	note(&r->cut, q->line);
	if (age > r->cut_ns)
		r->cut_ns = age;
	if (k != KIND_READ || age < LONG_NS || q->fd < 0)
		return;
	while (i < r->n_stuck && r->stuck[i].fd != q->fd)
		i++;
	if (i == STUCK_MAX)
		return;
	s = &r->stuck[i];
	if (i == r->n_stuck)
		r->stuck[r->n_stuck++] = (struct stuck){ .fd = q->fd };
	note(&s->times, q->line);
	if (age > s->ns)
		s->ns = age;
}

/* A read of this descriptor has ended. */
static void answer(struct witness *w, const struct request *q)
{
	if (w->answered.used > OPEN_MAX_REQUESTS)
		map_free(&w->answered);
	if (q->fd >= 0)
		map_put(&w->answered, mix(q->ring->ctx ^ 2, q->fd), w);
}

int request_answered(const struct witness *w, const struct witness_ring *r,
		     int fd)
{
	return map_get(&w->answered, mix(r->ctx ^ 2, fd)) != NULL;
}

void requests_in_flight(struct witness *w)
{
	struct request *q;

	map_each(&w->requests, i, q)
		cut(q->ring, q, w->last_ns, kind_of(q->opcode));
}

/*
 * What ends a connection, or finds the listener shut down (EINVAL) or a
 * buffer ring empty (ENOBUFS), is not a fault of a request.
 */
static int is_peers(enum kind k, int res)
{
	return res == -32 || res == -103 || res == -104 || res == -105 ||
	       (k == KIND_ACCEPT && res == -22);
}

static void completed(struct witness *w, struct request *q,
		      struct witness_task *t, const struct tracepoint *p,
		      unsigned long line)
{
	int res = tracepoint_number(p, "res", 0);
	unsigned flags = tracepoint_number(p, "cflags", 0);
	int last = tracepoint_address(p, "req") && !(flags & MORE);
	struct witness_ring *r = q->ring;
	struct op_tally *op = &r->op[q->opcode % OPS];
	enum kind k = kind_of(q->opcode);
	enum way way = way_of(q, t);
	struct sight s = { .kind = SIGHT_COMPLETED, .request = q, .task = t,
			   .point = p, .line = line, .from_ns = p->ns,
			   .res = res, .final = last, .more = flags & MORE,
			   .bytes = t->loose };

	if (flags & NOTIFICATION) {
		forget(w, q);
		return;
	}
	r->completions++;
	r->gave = res > 0 && (k == KIND_READ || k == KIND_RECEIVE);
	r->more += !!(flags & MORE);
	op->completions++;
	op->way[way]++;
	r->way[way]++;
	q->way = way;
	/* A multishot RECVMSG counts the header that it puts before the data. */
	if (q->opcode == RECVMSG && res > 0 && t->loose && t->loose <
					    (unsigned long long)res)
		s.res = res = t->loose;
	if (res >= 0) {
		op->bytes += k == KIND_OTHER || k == KIND_ACCEPT ? 0 : res;
		s.data = count_data(r, k, res, t->loose > 0);
	} else if (res == AGAIN) {
		/* Of FUTEX_WAIT it is an answer: the word had another value. */
		if ((k != KIND_OTHER || q->opcode == CONNECT) && !r->again++)
			r->again_line = line;
	} else if (res != CANCELED && res != TIMED_OUT) {
		op->failed++;
		if (!is_peers(k, res) && !r->failed++) {
			r->failed_line = line;
			r->failed_res = res;
		}
	}
	if (res == CANCELED)
		cut(r, q, p->ns, k);
	else if (k == KIND_READ)
		answer(w, q);
	if (is_needless(q, t, res))
		note(&r->needless, q->line);
	hazard_completed(q, res);
	q->more |= flags & MORE;
	if (last && !q->more && res != CANCELED && p->ns >= q->submit_ns) {
		op->timed++;
		op->latency[latency_class(p->ns - q->submit_ns)]++;
	}
	if (w->see)
		w->see(w->context, &s);
	t->loose = 0;
	if (last)
		forget(w, q);
}

void request_take(struct witness *w, struct witness_task *t,
		  const struct tracepoint *p, unsigned long line)
{
	struct request *q;
	struct witness_ring *r;

	if (p->kind == POINT_RING_WAIT) {
		t->ring_wait_ns = p->ns;
		return;
	}
	if (p->kind == POINT_RING) {
		if (t->ours)
			made(w, t, p, line);
		return;
	}
	if (p->kind == POINT_SUBMIT) {
		submitted(w, t, p, line);
		return;
	}
	if (p->kind == POINT_OVERFLOW) {
		r = map_get(&w->rings, mix(tracepoint_address(p, "ctx"), 0));
		if (r)
			r->overflows++;
		q = request_of(w, p);		/* it has ended all the same */
		if (q && !(tracepoint_number(p, "cflags", 0) & MORE))
			forget(w, q);
		return;
	}
	q = request_of(w, p);
	if (!q) {
		w->unmatched += p->kind == POINT_COMPLETE &&
			(t->ours || map_get(&w->rings, mix(
				tracepoint_address(p, "ctx"), 0)));
		return;
	}
	switch (p->kind) {
	case POINT_FILE:
		q->fd = tracepoint_number(p, "fd", -1);
		q->worker = t->pid;
		q->work_ns = p->ns;
		t->loose = 0;
		break;
	case POINT_ARM: armed(w, q, t, p, line); break;
	case POINT_ASYNC: given_away(q, p, line); break;
	case POINT_TASK_ADD:
		q->ready_ns = p->ns;
		see(w, SIGHT_READY, q, t, p, line);
		break;
	case POINT_COMPLETE: completed(w, q, t, p, line); break;
	default: break;
	}
}

void requests_free(struct witness *w)
{
	struct request *q;

	map_each(&w->requests, i, q)
		free(q);
	map_free(&w->requests);
	map_free(&w->by_data);
	map_free(&w->answered);
	map_free(&w->rings);
	for (unsigned i = 0; i < w->n_rings; i++)
		free(w->ring_list[i]);
}
