/* SPDX-License-Identifier: MIT */
/*
 * engine.c - requests: their memory, their order and their end
 *
 * The requests of a descriptor number are in a list, in the order of the
 * calls.  Most start at once.  A request is held back while an earlier request
 * blocks it, as blocks() decides:
 *
 *   an fsync        by everything before it
 *   a stream's      by those of the same direction
 *   a write         by requests of the same bytes, and a read by a write of
 *                   them; where an O_APPEND write goes is not known, so it
 *                   blocks and waits for all
 *
 *   first -> read 0 -> write 4 -> fsync -> write 4 -> read 8 -> last
 *                                 held 2    held 1
 *
 * Each held request counts its blockers.  A request that ends looks at those
 * behind it, while any of them is held.
 *
 * Memory comes from mmap in large pieces.  It goes back to lists of the
 * library's own, never to the kernel: signal handlers take completions too, and
 * may not call malloc.
 */
#include <sys/mman.h>
#include "engine.h"

_Static_assert(sizeof(struct aiocb) == 168, "glibc's layout on 64 bits");
_Static_assert(offsetof(struct aiocb, __error_code) == 112, "glibc's layout");
_Static_assert(offsetof(struct aiocb, __return_value) == 120, "four bytes free");
_Static_assert(offsetof(struct aiocb, aio_offset) == 128, "glibc's layout");
_Static_assert(sizeof(struct aiocb) == sizeof(struct aiocb64), "one of both");

struct engine engine = { .idle_seconds = 1 };

/* ---- the lock ---- */

long futex(int *word, int op, int value, const struct timespec *timeout,
	   unsigned bits)
{
	return enter_kernel(__NR_futex, word, op | FUTEX_PRIVATE_FLAG, value,
			    timeout, 0, bits);
}

signals block_signals(void)
{
	signals all = ~0UL, old;

	enter_kernel(__NR_rt_sigprocmask, SIG_SETMASK, &all, &old, 8);
	return old;
}

void restore_signals(signals old)
{
	enter_kernel(__NR_rt_sigprocmask, SIG_SETMASK, &old, 0, 8);
}

/* For a thread with all signals blocked anyway: the worker. */
void engine_lock_only(void)
{
	int free = 0;

	/* Acquire and release: what the lock guards. */
	if (!__atomic_compare_exchange_n(&engine.lock, &free, 1, 0,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		while (__atomic_exchange_n(&engine.lock, 2, __ATOMIC_ACQUIRE))
			futex(&engine.lock, FUTEX_WAIT, 2, NULL, 0);
	engine_adopt();
}

signals engine_lock(void)
{
	signals old = block_signals();

	engine_lock_only();
	return old;
}

/* The worker sleeps and no other thread is about to wake it. */
static int claim_wakeup(void)
{
	return __atomic_load_n(&engine.sleeping, __ATOMIC_SEQ_CST) &&
	       __atomic_exchange_n(&engine.sleeping, 0, __ATOMIC_SEQ_CST);
}

/*
 * A waiter counts itself, reads the sequence, looks at its requests and sleeps
 * while the sequence is the same.  The thread that ended requests changes the
 * sequence, then looks at the count.  Both sides are seq_cst: one of the two
 * sees the other.
 */
static void wake_waiters(unsigned bits)
{
	__atomic_fetch_add(&engine.sequence, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&engine.waiters, __ATOMIC_SEQ_CST))
		futex(&engine.sequence, FUTEX_WAKE_BITSET, INT_MAX, NULL, bits);
}

void engine_unlock(void)
{
	unsigned bits = engine.done_bits;
	int kicked = engine.kicked;
	int worker = (engine.ready.first || engine.cancels) && claim_wakeup();
	int pool = engine.runnable || engine.pool_look ||
		   engine.telling.first || engine.groups_telling;

	engine.done_bits = 0;
	engine.kicked = 0;
	engine.pool_look = 0;
	if (__atomic_exchange_n(&engine.lock, 0, __ATOMIC_RELEASE) == 2)
		futex(&engine.lock, FUTEX_WAKE, 1, NULL, 0);
	if (worker)
		engine.hooks->wake_worker();
	if (pool)
		engine.hooks->wake_pool();
	/* The leader may have found the ring empty: its kick was taken here. */
	if (kicked)
		engine.hooks->interrupt_leader(~0U);
	if (!bits)
		return;
	wake_waiters(bits);
	notify_descriptor();
	if (!kicked)
		engine.hooks->interrupt_leader(bits);
}

void engine_release(signals old)
{
	engine_unlock();
	restore_signals(old);
}

/*
 * The child of fork has the parent's memory and none of its requests, threads
 * and kernel objects.  The thread that held the lock does not exist here, so
 * nothing that the lock guards can be trusted: forget all of it.
 */
void engine_forget(void)
{
	uint64_t number = engine.free_requests >> 32 << 32;

	/* No serial number may be used again that an aiocb still has. */
	engine = (struct engine){
		.hooks = engine.hooks, .forks = engine.forks + 1,
		.idle_seconds = engine.idle_seconds,
		.threads_max = engine.threads_max, .free_requests = number,
	};
}

/* ---- memory ---- */

enum { PIECE = 64, PIECES = 1 << 18 };

/* As many descriptors as requests: so a descriptor is always free. */
static struct piece {
	struct request requests[PIECE];
	unsigned next_free[PIECE];	/* index + 1 */
	struct aiocb *adopted[PIECE];	/* guarded by the lock: whose it is */
	uint64_t life[PIECE];		/* atomic: serial << 32 | LIFE_* */
	struct descriptor descriptors[PIECE];
} first_piece, *pieces[PIECES];		/* the first needs no memory */

static void *memory(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

struct request *request_at(unsigned index)
{
	return &pieces[index / PIECE]->requests[index % PIECE];
}

static unsigned *next_free(unsigned index)
{
	return &pieces[index / PIECE]->next_free[index % PIECE];
}

/* Another thread may fill in the fields of a request at any time, without the
 * lock: a thread that looks for the request of an aiocb looks here instead. */
static struct aiocb **adopted(unsigned index)
{
	return &pieces[index / PIECE]->adopted[index % PIECE];
}

/* States of a native request with this serial number.  Alone: without the lock. */
enum {
	LIFE_AWAITED   = 1 << 0,	/* by an fsync or a group: not alone */
	LIFE_CLAIMED   = 1 << 1,	/* under the lock: to be ended there */
	LIFE_ALONE     = 1 << 2,	/* claimed without the lock: all is done */
	LIFE_PUBLISHED = 1 << 3,	/* the program can see its end */
	LIFE_UNLINKED  = 1 << 4,
};

static uint64_t *life(unsigned index)
{
	return &pieces[index / PIECE]->life[index % PIECE];
}

static int more_requests(void)
{
	unsigned first = engine.requests;
	struct piece **piece = &pieces[first / PIECE];

	if (first / PIECE == PIECES)
		return 0;
	/* In a child of fork the parent's pieces are used again. */
	if (!*piece)
		*piece = first ? memory(sizeof(**piece)) : &first_piece;
	if (!*piece)
		return 0;
	/* Release: a thread that sees the index sees its memory. */
	__atomic_store_n(&engine.requests, first + PIECE, __ATOMIC_RELEASE);
	for (int i = PIECE - 1; i >= 0; i--) {
		(*piece)->requests[i].index = first + i;
		(*piece)->adopted[i] = NULL;
		(*piece)->life[i] = 0;
		request_free(&(*piece)->requests[i]);
		(*piece)->descriptors[i].next = engine.free_descriptors;
		engine.free_descriptors = &(*piece)->descriptors[i];
	}
	return 1;
}

/*
 * Take the first request of the free list.  Between the load of the head and
 * the exchange other threads may have taken this request and given it back,
 * with a different one behind it: then the number above the index differs.
 * What was read meanwhile is still memory.  No two of 2^32 changes have the
 * same number, which is the serial number of the request, too.
 */
static struct request *take_free(uint32_t *serial)
{
	uint64_t head = __atomic_load_n(&engine.free_requests,
					__ATOMIC_ACQUIRE), behind;

	do {
		if (!(uint32_t)head)
			return NULL;
		behind = ((head >> 32) + 1) << 32 |
			 __atomic_load_n(next_free((uint32_t)head - 1),
					 __ATOMIC_RELAXED);
	} while (!__atomic_compare_exchange_n(&engine.free_requests, &head,
					      behind, 0, __ATOMIC_ACQ_REL,
					      __ATOMIC_ACQUIRE));
	*serial = behind >> 32;
	return request_at((uint32_t)head - 1);
}

void request_free(struct request *r)
{
	uint64_t head = __atomic_load_n(&engine.free_requests,
					__ATOMIC_RELAXED), mine;

	r->where = FREE;
	r->cb = NULL;
	do {
		__atomic_store_n(next_free(r->index), (uint32_t)head,
				 __ATOMIC_RELAXED);
		mine = ((head >> 32) + 1) << 32 | (r->index + 1);
	} while (!__atomic_compare_exchange_n(&engine.free_requests, &head,
					      mine, 0, __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED));
}

void group_free(struct group *g)
{
	g->next = engine.free_groups;
	engine.free_groups = g;
}

struct group *group_new(void)
{
	struct group *g = engine.free_groups;

	if (!g) {
		g = memory(64 * sizeof(*g));
		if (!g)
			return NULL;
		for (int i = 1; i < 64; i++) {
			g[i].next = engine.free_groups;
			engine.free_groups = &g[i];
		}
	} else {
		engine.free_groups = g->next;
	}
	*g = (struct group){ .pending = 1 };
	return g;
}

/* ---- lists ---- */

void list_add(struct list *l, struct request *r)
{
	r->next = NULL;
	if (l->first)
		*l->end = r;
	else
		l->first = r;
	l->end = &r->next;
}

struct request *list_take(struct list *l)
{
	struct request *all = l->first;

	l->first = NULL;
	return all;
}

void list_remove(struct list *l, struct request *r)
{
	struct request **at = &l->first;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	if (!*at)
		l->end = at;
}

/* ---- the requests of a descriptor ---- */

static struct descriptor *descriptor_of(int fd, int make)
{
	struct descriptor **bucket = &engine.buckets[fd % BUCKETS], *d;

	for (d = *bucket; d; d = d->next)
		if (d->fd == fd)
			return d;
	if (!make)
		return NULL;
	d = engine.free_descriptors;
	engine.free_descriptors = d->next;
	*d = (struct descriptor){ .fd = fd, .next = *bucket };
	*bucket = d;
	return d;
}

/* Free it when it has no request and no thread works on it. */
static void descriptor_put(struct descriptor *d)
{
	struct descriptor **at = &engine.buckets[d->fd % BUCKETS];

	if (d->first || d->running)
		return;
	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	d->next = engine.free_descriptors;
	engine.free_descriptors = d;
}

struct request *last_of(int fd)
{
	struct descriptor *d = descriptor_of(fd, 0);

	return d ? d->last : NULL;
}

static int is_sync(const struct request *r)
{
	return r->op >= OP_FSYNC;
}

static int overlap(off_t a, size_t a_len, off_t b, size_t b_len)
{
	return a < b + (off_t)b_len && b < a + (off_t)a_len;
}

/* Does r wait for e, which was made before it?  Fixed when r is adopted. */
static int blocks(const struct request *e, const struct request *r)
{
	if (r->flags & STREAM)
		return e->flags & r->flags & ORDERED && e->op == r->op;
	if (is_sync(r))
		return 1;
	if (is_sync(e) || (e->op == OP_READ && r->op == OP_READ))
		return 0;
	return (e->flags | r->flags) & ORDERED ||
	       overlap(e->offset, e->len, r->offset, r->len);
}

int write_overlaps(int fd, off_t offset, size_t len)
{
	struct descriptor *d = descriptor_of(fd, 0);

	for (struct request *e = d ? d->first : NULL; e; e = e->later)
		if (e->op == OP_WRITE && !(e->flags & STREAM) &&
		    (e->flags & ORDERED ||
		     overlap(e->offset, e->len, offset, len)))
			return 1;
	return 0;
}

static void unlink_request(struct request *r, int ended_alone);
static void life_goes_on(uint32_t serial, unsigned index, uint64_t what);

/* The caller fills in the rest, then calls request_send(). */
struct request *request_new(struct aiocb *cb, int op, unsigned flags,
			    struct group *group)
{
	uint32_t serial;
	struct request *r = take_free(&serial);

	if (!r) {
		signals old = engine_lock();

		while (!(r = take_free(&serial)) && more_requests())
			;
		engine_release(old);
		if (!r)
			return NULL;
	}
	*r = (struct request){
		.cb = cb, .index = r->index, .serial = serial,
		.fd = cb->aio_fildes, .op = op, .flags = flags,
		.buf = (char *)cb->aio_buf,
		.len = cb->aio_nbytes, .offset = cb->aio_offset,
		.group = group, .sigev = cb->aio_sigevent,
	};
	__atomic_store_n(life(r->index), (uint64_t)serial << 32 |
			 (group ? LIFE_AWAITED : 0), __ATOMIC_RELAXED);
	if (group)
		__atomic_fetch_add(&group->pending, 1, __ATOMIC_RELAXED);
	cb->__abs_prio = r->index;
	return r;
}

/* forks: when the call began.  If it differs now, r belongs to the parent. */
void request_drop(struct request *r, unsigned forks)
{
	if (r->group)
		__atomic_fetch_sub(&r->group->pending, 1, __ATOMIC_ACQ_REL);
	if (forks == engine.forks)
		request_free(r);
}

/* The thread that has the lock next adopts r, which is not ours any more. */
void request_send(struct request *r, int where)
{
	int wake = r->flags & VIA_RING;
	struct request *first = __atomic_load_n(&engine.inbox,
						__ATOMIC_RELAXED);
	signals old;

	r->where = where;
	do {
		r->next = first;
	} while (!__atomic_compare_exchange_n(&engine.inbox, &first, r, 0,
					      __ATOMIC_SEQ_CST,
					      __ATOMIC_RELAXED));
	/*
	 * The worker says that it sleeps, then looks into the inbox; here the
	 * request is put into the inbox, then `sleeping` is read.  Both are
	 * seq_cst: one of the two sees the other.
	 */
	if (!wake || !__atomic_load_n(&engine.sleeping, __ATOMIC_SEQ_CST))
		return;
	/* A signal handler between the steps would wait for ever. */
	old = block_signals();
	if (claim_wakeup())
		engine.hooks->wake_worker();
	restore_signals(old);
}

/* ---- natives ---- */

void native_add(struct request *r)
{
	engine.natives++;
	r->native_prev = NULL;
	r->native_next = engine.native_first;
	if (r->native_next)
		r->native_next->native_prev = r;
	engine.native_first = r;
}

void native_remove(struct request *r)
{
	engine.natives--;
	*(r->native_prev ? &r->native_prev->native_next :
			   &engine.native_first) = r->native_next;
	if (r->native_next)
		r->native_next->native_prev = r->native_prev;
}

static int has_ended_alone(const struct request *r)
{
	return !!(__atomic_load_n(life(r->index), __ATOMIC_ACQUIRE) &
		  LIFE_ALONE);
}

/*
 * Unlink natives that were ended without the lock.  They are found by looking
 * at each: a thread that ends one and is then taken away (longjmp, fork or a
 * long signal handler) has nothing more to do that others depend on.
 */
void engine_sweep(void)
{
	struct request *r, *next;

	__atomic_store_n(&engine.ended_alone, 0, __ATOMIC_RELAXED);
	for (r = engine.native_first; r; r = next) {
		uint32_t serial = r->serial;

		next = r->native_next;
		if (!has_ended_alone(r))
			continue;
		native_remove(r);
		unlink_request(r, 1);
		*adopted(r->index) = NULL;
		life_goes_on(serial, r->index, LIFE_UNLINKED);
	}
}

/* ---- adoption ---- */

/*
 * How many earlier requests r waits for.  Each of them is marked, so that it
 * ends under the lock, by a thread that sees r behind it.  A request that has
 * just ended without the lock blocks nobody: its I/O is done.
 */
static unsigned blockers_of(const struct request *r)
{
	unsigned n = 0;

	for (struct request *e = r->earlier; e; e = e->earlier)
		if (blocks(e, r) &&
		    !(__atomic_fetch_or(life(e->index), LIFE_AWAITED,
					__ATOMIC_ACQ_REL) & LIFE_ALONE))
			n++;
	return n;
}

/*
 * Was r made before a fork?  A signal handler may interrupt the call, fork, and
 * return into the call in the child.  The child has no request.
 */
int request_is_stale(const struct request *r)
{
	return r->forks != engine.forks;
}

static void adopt(struct request *r)
{
	struct descriptor *d = descriptor_of(r->fd, 1);

	*adopted(r->index) = r->cb;
	r->descriptor = d;
	r->earlier = d->last;
	*(d->last ? &d->last->later : &d->first) = r;
	d->last = r;
	if (r->where == NATIVE) {
		native_add(r);
		return;
	}
	r->blockers = blockers_of(r);
	if (!r->blockers) {
		request_ready(r);
		return;
	}
	d->held++;
	engine.held++;
	engine.pool_look |= !!engine.natives;	/* a pool thread reaps those */
}

/* In the order in which they were sent, each at the end of its list. */
static void adopt_sent(void)
{
	struct request *r, *next, *sent = NULL;

	r = __atomic_exchange_n(&engine.inbox, NULL, __ATOMIC_ACQUIRE);
	for (; r; r = next) {
		next = r->next;
		r->next = sent;
		sent = r;
	}
	for (r = sent; r; r = next) {
		next = r->next;
		if (request_is_stale(r))
			publish(r->cb, -ECANCELED);
		else
			adopt(r);
	}
}

void engine_adopt(void)
{
	if (__atomic_load_n(&engine.inbox, __ATOMIC_RELAXED))
		adopt_sent();
	if (__atomic_load_n(&engine.ended_alone, __ATOMIC_RELAXED))
		engine_sweep();
}

struct request *request_adopted(unsigned index)
{
	return *adopted(index) ? request_at(index) : NULL;
}

/* The request at index if it is still that of cb, else NULL. */
struct request *request_still(unsigned index, const struct aiocb *cb)
{
	return *adopted(index) == cb ? request_at(index) : NULL;
}

/* The request in flight of cb, or NULL. */
struct request *request_of(const struct aiocb *cb)
{
	unsigned index = cb->__abs_prio;

	if (index >= __atomic_load_n(&engine.requests, __ATOMIC_ACQUIRE))
		return NULL;
	return request_still(index, cb);
}

/* ---- jobs of the pool ---- */

enum {
	FILE_JOBS_MAX = 32,	/* threads for one descriptor ... */
	SPREAD = 64,		/* ... while no more are busy in all */
};

/*
 * May a thread take d's first job now?  The first thread of a descriptor always
 * may, so a file that is stuck stops no other.  Writes of a file go one by one:
 * the kernel lets buffered ones in one by one; more threads would only wait.
 */
static int next_may_run(const struct descriptor *d)
{
	const struct request *r = d->jobs.first;

	if (!r)
		return 0;
	if (!d->running || r->flags & STREAM)
		return 1;
	if (r->flags & EXCLUSIVE)
		return 0;
	return d->running < FILE_JOBS_MAX && engine.pool_busy < SPREAD;
}

void descriptor_may_run(struct descriptor *d)
{
	if (d->runnable || !next_may_run(d))
		return;
	d->runnable = 1;
	d->next_runnable = NULL;
	*(engine.runnable ? engine.runnable_end : &engine.runnable) = d;
	engine.runnable_end = &d->next_runnable;
}

static void remove_runnable(struct descriptor *d)
{
	struct descriptor **at = &engine.runnable;

	while (*at != d)
		at = &(*at)->next_runnable;
	*at = d->next_runnable;
	if (!*at)
		engine.runnable_end = at;
	d->runnable = 0;
}

/* One job of the descriptor whose turn it is, or NULL. */
struct request *job_take(void)
{
	struct descriptor *d = engine.runnable;
	struct request *r;

	if (!d)
		return NULL;
	remove_runnable(d);
	r = d->jobs.first;
	if (!(d->jobs.first = r->next))
		d->jobs.end = &d->jobs.first;
	d->running++;
	engine.pool_busy++;
	r->where = RUNNING;
	descriptor_may_run(d);
	return r;
}

void job_take_own(struct request *r)
{
	r->descriptor->running++;
	engine.pool_busy++;
	r->where = RUNNING;
}

void job_done(struct descriptor *d)
{
	d->running--;
	engine.pool_busy--;
	descriptor_may_run(d);
	descriptor_put(d);
}

/* The thread that took r has found that it would sleep. */
void job_park(struct request *r)
{
	r->where = PARKED;
	list_add(&engine.parked, r);
	job_done(r->descriptor);
}

void jobs_unpark(void)
{
	struct request *r, *next;

	for (r = list_take(&engine.parked); r; r = next) {
		next = r->next;
		request_ready(r);
	}
}

void request_ready(struct request *r)
{
	if (r->flags & OWN) {
		r->where = OWNED;
		return;
	}
	if (r->flags & VIA_RING && __atomic_load_n(&engine.worker,
				__ATOMIC_SEQ_CST) == WORKER_RUNS) {
		r->where = READY;
		list_add(&engine.ready, r);
		return;
	}
	engine.demoted |= !!(r->flags & VIA_RING);
	r->flags &= ~VIA_RING;
	r->slot = 0;
	r->where = QUEUED;
	list_add(&r->descriptor->jobs, r);
	descriptor_may_run(r->descriptor);
}

/* r waits to begin or to go on, and no earlier request blocks it. */
int request_waits(const struct request *r)
{
	return r->where == READY || r->where == QUEUED || r->where == OWNED ||
	       r->where == PARKED;
}

/* Out of the list in which it waits for a thread. */
void request_unqueue(struct request *r)
{
	struct descriptor *d = r->descriptor;

	if (r->where == READY)
		list_remove(&engine.ready, r);
	if (r->where == PARKED)
		list_remove(&engine.parked, r);
	if (r->where != QUEUED)
		return;
	list_remove(&d->jobs, r);
	if (d->runnable && !next_may_run(d))
		remove_runnable(d);
	else
		descriptor_may_run(d);
}

/*
 * A stream takes a long write in parts.  Between two of them the program may
 * close the descriptor, and its number may become another file's, which must
 * not get the rest.  Called without the lock, by the thread that carries r out.
 */
void request_know_file(struct request *r)
{
	unsigned flags = __atomic_load_n(&r->flags, __ATOMIC_RELAXED);

	if (flags & STREAM && r->op == OP_WRITE && !r->done)
		r->file = fd_identity(r->fd);
}

int request_lost_file(const struct request *r)
{
	return r->file.inode && r->done && !fd_is_still(r->fd, &r->file);
}

/* Atomic: the worker looks at its other flags without the lock. */
void request_stop(struct request *r)
{
	__atomic_fetch_or(&r->flags, STOP, __ATOMIC_RELAXED);
}

void group_owe(struct group *g)
{
	g->next = NULL;
	*(engine.owed ? engine.owed_end : &engine.owed) = g;
	engine.owed_end = &g->next;
	engine.pool_look = 1;
}

enum { RESERVE = 256 };			/* after use they are free groups */

void owe(const struct sigevent *sigev)
{
	static struct group reserve[RESERVE];	/* used when memory is short */
	struct group *g = group_new();

	if (!g && engine.reserve_used < RESERVE)
		g = &reserve[engine.reserve_used++];
	if (!g)
		return;			/* lost: no room is left */
	g->sigev = *sigev;
	group_owe(g);
}

static void group_telling(struct group *g)
{
	if (g->sigev.sigev_notify == SIGEV_SIGNAL) {
		if (notify_signal(&g->sigev) == -EAGAIN) {
			group_owe(g);
			return;
		}
	} else if (g->sigev.sigev_notify == SIGEV_THREAD) {
		g->next = engine.groups_telling;
		engine.groups_telling = g;
		return;
	}
	group_free(g);
}

void group_leave(struct group *g)
{
	/* Release and acquire: a thread that reads 0 sees all results. */
	if (__atomic_sub_fetch(&g->pending, 1, __ATOMIC_ACQ_REL))
		return;
	if (g->notify)
		group_telling(g);
	else
		group_free(g);
}

/*
 * Take r out of its list and start the requests that waited for it alone.
 * Those behind a native that ended without the lock have not counted it.
 */
static void unlink_request(struct request *r, int ended_alone)
{
	struct descriptor *d = r->descriptor;

	if (r->flags & COUNTED)
		fd_write_leave(r->fd);
	if (r->flags & STREAM)
		__atomic_fetch_sub(&engine.streams, 1, __ATOMIC_RELAXED);
	*(r->earlier ? &r->earlier->later : &d->first) = r->later;
	*(r->later ? &r->later->earlier : &d->last) = r->earlier;
	for (struct request *l = r->later; l && d->held && !ended_alone;
	     l = l->later) {
		if (l->where != HELD || !blocks(r, l) || --l->blockers)
			continue;
		d->held--;
		engine.held--;
		request_ready(l);
	}
	r->descriptor = NULL;
	descriptor_put(d);
}

/* The aio_cancel that asked about r learns how r ended; a later answer of the
 * ring is not counted. */
static void answer_cancel(struct request *r, long result)
{
	struct request **at = &engine.cancels;

	while (*at && *at != r)		/* those had no room in the ring yet */
		at = &(*at)->next_cancel;
	if (*at)
		*at = r->next_cancel;
	for (int i = 0; i < 2; i++)
		if (r->by->running[i] == r)
			r->by->running[i] = NULL;
	r->by->left--;
	r->by->done += result == -ECANCELED;
	/* A short write: it was in progress, and is over now. */
	r->by->refused += r->op == OP_WRITE && result >= 0;
	r->by = NULL;
}

/* r cannot be cancelled, and goes on. */
void cancel_refuse(struct request *r)
{
	r->by->refused++;
	r->by->left--;
	r->by = NULL;
}

/* The ring still has to answer for r's cancellation, and the answer names r:
 * until then r must not become another request. */
void request_over(struct request *r)
{
	if (r->asked)
		r->where = ENDED;
	else
		request_free(r);
}

/*
 * The end of r, under the lock.  What follows the publication must not touch
 * the program's aiocb: it may be gone.
 */
void request_end(struct request *r, long result)
{
	struct group *g = r->group;

	if (r->where == HELD) {
		r->descriptor->held--;
		engine.held--;
	}
	if (r->flags & EXCLUSIVE && r->where != NATIVE) {
		fd_lane_leave(r->fd);
		engine.pool_look = 1;	/* pool_call() may have relied on it */
	}
	if (r->by)
		answer_cancel(r, result);
	unlink_request(r, 0);
	engine.done_bits |= bit_of(r->index);
	*adopted(r->index) = NULL;
	publish(r->cb, names_no_signal(&r->sigev) ? -EINVAL : result);
	r->cb = NULL;
	if (r->sigev.sigev_notify == SIGEV_SIGNAL &&
	    notify_signal(&r->sigev) == -EAGAIN)
		owe(&r->sigev);
	if (r->sigev.sigev_notify == SIGEV_THREAD) {
		r->where = TELLING;
		list_add(&engine.telling, r);
	} else {
		request_over(r);
	}
	if (g)
		group_leave(g);
}

/*
 * r has transferred fewer bytes than asked for: try the rest?  A blocking write
 * to a stream writes all.  io_uring may read less of a file than there is,
 * where read(2) would not.  Of anything else, a short result is the answer.
 */
static int goes_on(const struct request *r)
{
	off_t size;

	if (r->done >= r->len || r->done >= TRANSFER_MAX)
		return 0;
	if (r->flags & STREAM)
		return r->op == OP_WRITE && !r->by &&
		       !(r->flags & (NONBLOCK | STOP));
	if (r->op == OP_READ && r->where == RUNNING)
		return 0;
	if (!fd_is_regular(r->fd, &size))
		return 0;
	return r->op == OP_WRITE || r->offset + (off_t)r->done < size;
}

/* Try it again, unless it was cancelled meanwhile. */
static void again(struct request *r)
{
	count(STAT_RETRIED);
	if (r->by)
		request_end(r, r->done ? (long)r->done : -ECANCELED);
	else
		request_ready(r);
}

/* A part of r, or all of it, was carried out by the ring or by a thread. */
void request_completed(struct request *r, long result)
{
	if (result > 0)
		r->done += result;
	if ((result > 0 && goes_on(r)) || result == -EINTR) {
		again(r);
		return;
	}
	/* The kernel could not make a thread for r (RLIMIT_NPROC).  With STOP, r may
	 * have been cancelled after all, later than the answer. */
	if (result == -ECANCELED && r->where == RING && !r->by &&
	    !(r->flags & STOP)) {
		r->flags &= ~VIA_RING;
		engine.demoted = 1;
		again(r);
		return;
	}
	if (result == -ESPIPE && !(r->flags & NO_OFFSET)) {
		r->flags |= NO_OFFSET;
		again(r);
		return;
	}
	/* The ring did not wait: try once more where the request may wait. */
	if (result == -EAGAIN && r->where == RING &&
	    !(r->flags & (NONBLOCK | TRIED))) {
		r->flags |= TRIED;
		again(r);
		return;
	}
	request_end(r, result < 0 && !r->done ? result : (long)r->done);
}

/* ---- notifications ---- */

/* Callbacks of requests and groups that have ended; not under the lock. */
void tell(struct request *told, struct group *groups)
{
	struct request *r;
	struct group *g;

	if (!told && !groups)
		return;
	for (r = told; r; r = r->next)
		r->done = !!notify(&r->sigev);
	for (g = groups; g; g = g->next)
		g->pending = !!notify(&g->sigev);
	engine_lock_only();
	while ((r = told)) {
		told = r->next;
		if (r->done)
			owe(&r->sigev);
		request_over(r);
	}
	while ((g = groups)) {
		groups = g->next;
		if (g->pending)
			group_owe(g);
		else
			group_free(g);
	}
	engine_unlock();
}

/*
 * Send refused notifications again, in order, until one is refused again.
 * When no thread can ever be made (a filter refuses clone), the callback runs
 * here, in a thread of the pool.  Not under the lock.
 */
void tell_again(void (*leave)(void *))
{
	struct sigevent sigev;
	struct group *g;
	long err;

	for (;;) {
		engine_lock_only();
		g = engine.owed;
		if (g)
			engine.owed = g->next;
		engine_unlock();
		if (!g)
			return;
		sigev = g->sigev;
		err = notify(&sigev);
		engine_lock_only();
		if (err == -EAGAIN) {
			g->next = engine.owed;	/* the first again */
			if (!g->next)
				engine.owed_end = &g->next;
			engine.owed = g;
		} else {
			group_free(g);
		}
		engine_unlock();
		if (err == -EAGAIN)
			return;
		if (err)
			notify_here(&sigev, leave);
	}
}

/* ---- the end of a native request, without the lock ---- */

/*
 * Two words decide, each by a compare-and-swap.  (1) The life of the request:
 * the thread that claims the request ends it, under the lock or alone.  (2) The
 * status word of the aiocb: when the request ends alone, any thread that was
 * asked about this aiocb may change it, if it claimed the request or finds it
 * claimed.  It is changed once, and only while it has this serial number.  So a
 * signal handler does not wait for the thread that it interrupts, and a late
 * thread does not touch an aiocb that the program uses again.
 *
 *   claim -> publish               the later of these two
 *         -> unlink (the sweep)    frees the request
 */

/* Nothing more is to be done for its event, which may be skipped. */
int request_is_over(uint32_t serial, unsigned index)
{
	uint64_t now = __atomic_load_n(life(index), __ATOMIC_ACQUIRE);

	return now >> 32 != serial || now & (LIFE_CLAIMED | LIFE_ALONE);
}

static int claim(unsigned index, uint64_t from, uint64_t how)
{
	return __atomic_compare_exchange_n(life(index), &from, from | how, 0,
					   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

int request_claim(uint32_t serial, unsigned index)
{
	uint64_t alive = (uint64_t)serial << 32;

	return claim(index, alive, LIFE_CLAIMED) ||
	       claim(index, alive | LIFE_AWAITED, LIFE_CLAIMED);
}

/* Was it claimed without the lock, and is it not another request yet? */
int request_ends_alone(uint32_t serial, unsigned index)
{
	uint64_t now;

	if (index >= __atomic_load_n(&engine.requests, __ATOMIC_ACQUIRE))
		return 0;
	now = __atomic_load_n(life(index), __ATOMIC_ACQUIRE);
	return now >> 32 == serial && now & LIFE_ALONE;
}

/* The serial number tells whether it is still this request.  (A child of fork
 * may run the rest of a call that a signal handler interrupted.) */
static void life_goes_on(uint32_t serial, unsigned index, uint64_t what)
{
	uint64_t both = LIFE_PUBLISHED | LIFE_UNLINKED;
	uint64_t was = __atomic_load_n(life(index), __ATOMIC_ACQUIRE);

	do {
		if (was >> 32 != serial)
			return;
	} while (!__atomic_compare_exchange_n(life(index), &was, was | what, 0,
					      __ATOMIC_ACQ_REL,
					      __ATOMIC_ACQUIRE));
	if ((was & both) == both - what)
		request_free(request_at(index));
}

/*
 * All of it was transferred: the return value is in the aiocb since the start.
 * word is the status word of cb when the event was looked for.
 */
void request_end_alone(struct aiocb *cb, uint64_t word, unsigned index)
{
	uint32_t serial = word >> 32;

	if (claim(index, (uint64_t)serial << 32, LIFE_ALONE))
		__atomic_store_n(&engine.ended_alone, 1, __ATOMIC_RELAXED);
	else if (!request_ends_alone(serial, index))
		return;
	/* Release: as publish() does. */
	if (!__atomic_compare_exchange_n(word_of(cb), &word, 0, 0,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return;
	life_goes_on(serial, index, LIFE_PUBLISHED);
	wake_waiters(bit_of(index));
	engine.hooks->interrupt_leader(bit_of(index));
}
