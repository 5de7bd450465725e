/* SPDX-License-Identifier: MIT */
/*
 * rings.c - what no tracepoint tells of io_uring: buffers, unread completions
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "../uring/ring.h"
#include "rings.h"

enum {
	DUMP = 144,			/* bytes of a request */
	BUFFER = 4 << 20,		/* between the kernel and us */
	PAGE = 4096,
	LOOK_MS = 10,
	RINGS_MAX = 64, PIDS_MAX = 4096,
	WORTH_NS = 50000000,		/* completions that lay this long */
	NEAR_NS = 10000000,		/* two clocks, one event */
	AHEAD = 65536,
	SUBMITTED_MAX = 1 << 21,		/* beyond, buffers are not known */
};

/* What the programs send; of a new ring only up to first. */
struct record {
	uint64_t ns, thread_group, address, is_ring, first;
	unsigned char more[DUMP - 8];
};

/* A request, as far as it could be decoded. */
struct submitted {
	int64_t ns;
	uint64_t request, user_data, rw, sr;	/* addresses of buffers */
	uint32_t rw_bytes, sr_bytes;
	int used;
};

struct look {				/* at a ring */
	struct unread now, longest;
	unsigned head;
	int since;			/* now is being extended */
};

struct rings {
	char follows[200];		/* set_event_pid */
	int map, program[2], link[2];
	void *consumer;			/* a page: how far we have read */
	unsigned char *producer;	/* a page, then the data, twice */
	pthread_t thread;
	int started;
	atomic_int stopped;
	int calibrating;
	unsigned char seen[DUMP];	/* the last request, while calibrating */
	int user_data, rw, rw_bytes, sr, sr_bytes;	/* where; -1: unknown */
	unsigned cq_head, cq_tail;
	int64_t to_realtime;		/* of CLOCK_MONOTONIC */
	struct submitted *at;
	long n, next;
	struct look looks[RINGS_MAX];
	unsigned n_looks;
	struct unread unread[RINGS_MAX];
	unsigned n_unread;
	int pids[PIDS_MAX];		/* followed, as last read */
	unsigned n_pids;
};

/* ---- the programs ---- */

#define INSN(c, d, s, o, i) { .code = (c), .dst_reg = (d), .src_reg = (s), \
			      .off = (o), .imm = (i) }
#define LOAD(d, s, o) INSN(BPF_LDX | BPF_MEM | BPF_DW, d, s, o, 0)
#define STORE(o, s) INSN(BPF_STX | BPF_MEM | BPF_DW, 10, s, o, 0)
#define STORE_NUMBER(o, i) INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, o, i)
#define MOVE(d, s) INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define SET(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define ADD(d, i) INSN(BPF_ALU64 | BPF_ADD | BPF_K, d, 0, 0, i)
#define CALL(f) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, f)

enum { AT = -(int)sizeof(struct record) };

/* Both begin so; r6, and r7, hold arguments of the tracepoint already. */
#define BEGIN(kind, address)						\
	CALL(BPF_FUNC_ktime_get_ns), STORE(AT, 0),			\
	CALL(BPF_FUNC_get_current_pid_tgid), STORE(AT + 8, 0),		\
	STORE(AT + 16, address), STORE_NUMBER(AT + 24, kind)

/* ... and end so: the record, from r10 + AT on, is sent. */
#define SEND(map, bytes)						\
	INSN(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, map),	\
	INSN(0, 0, 0, 0, 0), MOVE(2, 10), ADD(2, AT), SET(3, bytes),	\
	SET(4, 0), CALL(BPF_FUNC_ringbuf_output), SET(0, 0),		\
	INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

static long bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int attach(struct rings *r, int i, const struct bpf_insn *insns, size_t n,
		  const char *tracepoint, const char *older)
{
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		.insns = (uintptr_t)insns, .insn_cnt = n,
		.license = (uintptr_t)"Dual MIT/GPL",
	};
	union bpf_attr open = { .raw_tracepoint.name = (uintptr_t)tracepoint };

	r->program[i] = bpf(BPF_PROG_LOAD, &load);
	if (r->program[i] < 0)
		return -1;
	open.raw_tracepoint.prog_fd = r->program[i];
	r->link[i] = bpf(BPF_RAW_TRACEPOINT_OPEN, &open);
	if (r->link[i] < 0 && older) {
		open.raw_tracepoint.name = (uintptr_t)older;
		r->link[i] = bpf(BPF_RAW_TRACEPOINT_OPEN, &open);
	}
	return r->link[i] < 0 ? -1 : 0;
}

static int load(struct rings *r)
{
	union bpf_attr map = { .map_type = BPF_MAP_TYPE_RINGBUF,
			       .max_entries = BUFFER };

	r->map = bpf(BPF_MAP_CREATE, &map);
	if (r->map < 0)
		return -1;
	const struct bpf_insn submits[] = {
		LOAD(6, 1, 0), BEGIN(0, 6),	/* the request */
		MOVE(1, 10), ADD(1, AT + 32), SET(2, DUMP), MOVE(3, 6),
		CALL(BPF_FUNC_probe_read_kernel), SEND(r->map, -AT),
	};
	const struct bpf_insn makes[] = {
		/* The descriptor, and the ring. */
		LOAD(6, 1, 0), LOAD(7, 1, 8), BEGIN(1, 7),
		STORE(AT + 32, 6), SEND(r->map, 40),
	};

	if (attach(r, 0, submits, sizeof(submits) / sizeof(*submits),
		   "io_uring_submit_req", "io_uring_submit_sqe") ||
	    attach(r, 1, makes, sizeof(makes) / sizeof(*makes),
		   "io_uring_create", NULL))
		return -1;
	r->consumer = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			   r->map, 0);
	r->producer = mmap(NULL, PAGE + 2 * BUFFER, PROT_READ, MAP_SHARED,
			   r->map, PAGE);
	return r->consumer == MAP_FAILED || r->producer == MAP_FAILED ? -1 : 0;
}

/* ---- which requests and rings are ours ---- */

static void read_followed(struct rings *r)
{
	FILE *f = fopen(r->follows, "re");

	r->n_pids = 0;
	while (f && r->n_pids < PIDS_MAX &&
	       fscanf(f, "%d", &r->pids[r->n_pids]) == 1)
		r->n_pids++;
	if (f)
		fclose(f);
}

static int is_followed(const struct rings *r, int pid)
{
	for (unsigned i = 0; i < r->n_pids; i++)
		if (r->pids[i] == pid)
			return 1;
	return 0;
}

static void new_ring(struct rings *r, const struct record *c)
{
	int pid = c->thread_group >> 32, fd = c->first;
	struct look *l = NULL;

	for (unsigned i = 0; i < r->n_looks; i++)
		if (r->looks[i].now.pid == pid && r->looks[i].now.fd == fd)
			l = &r->looks[i];
	if (!l && r->n_looks < RINGS_MAX)
		l = &r->looks[r->n_looks++];
	if (!l)
		return;
	l->since = 0;
	l->now = (struct unread){ .pid = pid, .fd = fd,
				  .thread = (int)c->thread_group };
}

static uint64_t u64_at(const unsigned char *dump, int at)
{
	uint64_t n = 0;

	if (at >= 0)
		memcpy(&n, dump + at, 8);
	return n;
}

static uint32_t u32_at(const unsigned char *dump, int at)
{
	uint32_t n = 0;

	if (at >= 0)
		memcpy(&n, dump + at, 4);
	return n;
}

static void new_request(struct rings *r, const struct record *c)
{
	const unsigned char *dump = (const unsigned char *)&c->first;

	if (r->n == SUBMITTED_MAX)
		return;
	if (!(r->n & (r->n - 1))) {		/* 0, 1, 2, 4 ...: full */
		struct submitted *more = realloc(r->at, (r->n ? 2 * r->n : 1) *
						 sizeof(*more));

		if (!more)
			return;
		r->at = more;
	}
	r->at[r->n++] = (struct submitted){
		.ns = c->ns, .request = c->address,
		.user_data = u64_at(dump, r->user_data),
		.rw = u64_at(dump, r->rw), .rw_bytes = u32_at(dump, r->rw_bytes),
		.sr = u64_at(dump, r->sr), .sr_bytes = u32_at(dump, r->sr_bytes),
	};
}

static void take(struct rings *r, const struct record *c)
{
	int pid = c->thread_group >> 32;

	if (r->calibrating) {
		if (pid == getpid() && !c->is_ring)
			memcpy(r->seen, &c->first, DUMP);
	} else if (!is_followed(r, pid)) {
		return;
	} else if (c->is_ring) {
		new_ring(r, c);
	} else if (r->rw >= 0) {
		new_request(r, c);
	}
}

/* Records that are there: the data are mapped twice, so that none is cut. */
static void drain(struct rings *r)
{
	_Atomic uint64_t *consumed = r->consumer;
	_Atomic uint64_t *produced = (_Atomic uint64_t *)r->producer;
	uint64_t at = atomic_load(consumed);
	int fresh = 1;

	while (at < atomic_load(produced)) {
		unsigned char *p = r->producer + PAGE + (at & (BUFFER - 1));
		uint32_t len = atomic_load((_Atomic uint32_t *)p);

		if (len & BPF_RINGBUF_BUSY_BIT)
			return;
		if (fresh && !r->calibrating)
			read_followed(r);
		fresh = 0;
		if (!(len & BPF_RINGBUF_DISCARD_BIT))
			take(r, (struct record *)(p + BPF_RINGBUF_HDR_SZ));
		len &= ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		at += (len + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
		atomic_store(consumed, at);
	}
}

/* ---- completions that lie ready ---- */

static int64_t now_in(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int is_ring(int fd)
{
	char path[64], to[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, to, sizeof(to) - 1);
	if (n < 0)
		return 0;
	to[n] = 0;
	return !strcmp(to, "anon_inode:[io_uring]");
}

/* The queue's head and tail; -1 when the ring is gone. */
static int peek(const struct rings *r, const struct look *l, unsigned *head,
		unsigned *tail)
{
	int process = syscall(SYS_pidfd_open, l->now.pid, 0), fd = -1;
	char *map = MAP_FAILED;

	if (process >= 0)
		fd = syscall(SYS_pidfd_getfd, process, l->now.fd, 0);
	if (fd >= 0 && is_ring(fd))
		map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd,
			   IORING_OFF_CQ_RING);
	if (map != MAP_FAILED) {
		/* The program moves the head, the kernel the tail. */
		*head = atomic_load((_Atomic unsigned *)(map + r->cq_head));
		*tail = atomic_load((_Atomic unsigned *)(map + r->cq_tail));
		munmap(map, PAGE);
	}
	if (fd >= 0)
		close(fd);
	if (process >= 0)
		close(process);
	return map == MAP_FAILED ? -1 : 0;
}

static void look_at(const struct rings *r, struct look *l)
{
	unsigned head, tail;
	int64_t now;

	if (peek(r, l, &head, &tail) || head == tail) {
		l->since = 0;
		return;
	}
	now = now_in(CLOCK_REALTIME);
	if (!l->since || head != l->head) {
		l->now.from = now;
		l->head = head;
		l->since = 1;
	}
	l->now.to = now;
	l->now.completions = tail - head;
	if (now - l->now.from > l->longest.to - l->longest.from)
		l->longest = l->now;
}

static void *watches(void *arg)
{
	struct rings *r = arg;

	for (;;) {
		int last = atomic_load(&r->stopped);

		drain(r);
		for (unsigned i = 0; i < r->n_looks && !last; i++)
			look_at(r, &r->looks[i]);
		if (last)
			return NULL;
		poll(NULL, 0, LOOK_MS);
	}
}

/* ---- where in a request things are ---- */

static int find(const void *dump, const void *what, size_t size)
{
	const unsigned char *d = dump;

	for (size_t i = 0; i + size <= DUMP; i += size < 8 ? 4 : 8)
		if (!memcmp(d + i, what, size))
			return i;
	return -1;
}

/* Neither has a file: it fails before it does anything. */
static int calibrate(struct rings *r)
{
	struct io_uring_params params = { 0 };
	uint64_t data = 0x1d0e5ca11b7a7e57, address = (uintptr_t)r->seen;
	uint32_t bytes = 0x7b3;
	struct ring ring;

	if (ring_setup(&ring, 4, &params) < 0)
		return -1;
	r->cq_head = params.cq_off.head;
	r->cq_tail = params.cq_off.tail;
	r->user_data = r->rw = r->rw_bytes = r->sr = r->sr_bytes = -1;
	r->calibrating = 1;
	for (int i = 0; i < 2; i++) {
		struct io_uring_sqe *sqe = ring_sqe(&ring);

		sqe->opcode = i ? IORING_OP_RECV : IORING_OP_READ;
		sqe->fd = -1;
		sqe->addr = address;
		sqe->len = bytes;
		sqe->user_data = data;
		memset(r->seen, 0, DUMP);
		if (ring_submit(&ring) != 1)
			break;
		drain(r);
		r->user_data = find(r->seen, &data, 8);
		*(i ? &r->sr : &r->rw) = find(r->seen, &address, 8);
		*(i ? &r->sr_bytes : &r->rw_bytes) = find(r->seen, &bytes, 4);
	}
	r->calibrating = 0;
	ring_close(&ring);
	if (r->user_data < 0 || r->rw_bytes < 0)
		r->rw = -1;
	return 0;
}

/* ---- the whole ---- */

struct rings *rings_begin(const char *instance, char why[128])
{
	struct rings *r = calloc(1, sizeof(*r));

	*why = 0;
	if (!r)
		return NULL;
	r->map = r->program[0] = r->program[1] = r->link[0] = r->link[1] = -1;
	r->consumer = MAP_FAILED;
	r->producer = MAP_FAILED;
	snprintf(r->follows, sizeof(r->follows), "%s/set_event_pid", instance);
	r->to_realtime = now_in(CLOCK_REALTIME) - now_in(CLOCK_MONOTONIC);
	if (load(r))
		snprintf(why, 128, "bpf: %s", strerror(errno));
	else if (calibrate(r))
		snprintf(why, 128, "io_uring is not available");
	else if (pthread_create(&r->thread, NULL, watches, r))
		snprintf(why, 128, "no thread");
	if (*why) {
		rings_free(r);
		return NULL;
	}
	r->started = 1;
	return r;
}

static void detach(struct rings *r)
{
	for (int i = 0; i < 2; i++) {
		if (r->link[i] >= 0)
			close(r->link[i]);
		if (r->program[i] >= 0)
			close(r->program[i]);
		r->link[i] = r->program[i] = -1;
	}
}

void rings_end(struct rings *r)
{
	atomic_store(&r->stopped, 1);
	if (r->started)
		pthread_join(r->thread, NULL);
	r->started = 0;
	detach(r);
	for (unsigned i = 0; i < r->n_looks; i++)
		if (r->looks[i].longest.to - r->looks[i].longest.from >=
		    WORTH_NS)
			r->unread[r->n_unread++] = r->looks[i].longest;
}

static int is_rw(unsigned opcode)
{
	return opcode == IORING_OP_READ || opcode == IORING_OP_WRITE ||
	       opcode == IORING_OP_READ_FIXED ||
	       opcode == IORING_OP_WRITE_FIXED;
}

int rings_buffer(struct rings *r, uint64_t request, uint64_t user_data,
		 unsigned opcode, int64_t ns, uint64_t *address,
		 uint32_t *bytes)
{
	while (r->next < r->n && r->at[r->next].ns < ns - NEAR_NS)
		r->next++;
	for (long i = r->next; i < r->n && i < r->next + AHEAD; i++) {
		struct submitted *s = &r->at[i];

		if (s->ns > ns + NEAR_NS)
			break;
		if (s->used || s->request != request ||
		    s->user_data != user_data)
			continue;
		s->used = 1;
		if (is_rw(opcode)) {
			*address = s->rw;
			*bytes = s->rw_bytes;
		} else if (opcode == IORING_OP_RECV ||
			   opcode == IORING_OP_SEND) {
			*address = s->sr;
			*bytes = s->sr_bytes;
		} else {
			return -1;
		}
		return *address ? 0 : -1;
	}
	return -1;
}

const struct unread *rings_unread(const struct rings *r, unsigned *n)
{
	*n = r->n_unread;
	return r->unread;
}

void rings_free(struct rings *r)
{
	if (!r)
		return;
	atomic_store(&r->stopped, 1);
	if (r->started)
		pthread_join(r->thread, NULL);
	detach(r);
	if (r->consumer != MAP_FAILED)
		munmap(r->consumer, PAGE);
	if (r->producer != MAP_FAILED)
		munmap(r->producer, PAGE + 2 * BUFFER);
	if (r->map >= 0)
		close(r->map);
	free(r->at);
	free(r);
}
