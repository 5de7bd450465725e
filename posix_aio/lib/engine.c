/* SPDX-License-Identifier: MIT */
/*
 * engine.c - requests: their memory, their order and their end
 *
 * The requests of a descriptor number are in a list, in the order of the
 * calls.  Most start at once.  Two kinds are held back:
 *
 *   fsync     until it is the first of its list: all before it have ended
 *   ordered   (a stream's, each direction by itself, and O_APPEND's writes)
 *             until no other of its kind is before it
 *
 *   first -> read -> write A -> fsync -> write A -> read -> last
 *                                 held     held
 *
 * so what ends looks for the next of its kind behind it, and at the first.
 *
 * Memory comes from mmap in large pieces, is given back to lists of our own
 * and never to the kernel: completions are taken in signal handlers too, where
 * malloc may not be called.
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

/* Is it asleep, and nobody on the way to ring its bell? */
static int wake_worker(void)
{
	return __atomic_load_n(&engine.sleeping, __ATOMIC_SEQ_CST) &&
	       __atomic_exchange_n(&engine.sleeping, 0, __ATOMIC_SEQ_CST);
}

/*
 * A waiter counts itself, reads the sequence, looks at its requests and sleeps
 * while the sequence is the same.  We ended requests, move the sequence, then
 * look at the count.  Both sides seq_cst: one of us sees the other.
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
	int bell = (engine.ready.first || engine.cancels ||
		    engine.telling.first || engine.groups_telling ||
		    engine.owes || engine.news) &&
		   wake_worker();

	engine.done_bits = 0;
	engine.kicked = 0;
	if (__atomic_exchange_n(&engine.lock, 0, __ATOMIC_RELEASE) == 2)
		futex(&engine.lock, FUTEX_WAKE, 1, NULL, 0);
	if (bell)
		worker_bell();
	/* It was for the leader, which may have found the ring empty. */
	if (kicked)
		wait_interrupt_leader(~0U);
	if (!bits)
		return;
	wake_waiters(bits);
	if (!kicked)
		wait_interrupt_leader(bits);
}

void engine_release(signals old)
{
	engine_unlock();
	restore_signals(old);
}

/*
 * The child of fork has the parent's memory and none of its requests, threads
 * and kernel objects.  Whoever held the lock is not here, so nothing that it
 * guards can be trusted: forget it all.
 */
void engine_forget(void)
{
	uint64_t number = engine.free_requests >> 32 << 32;
	unsigned idle = engine.idle_seconds;

	/* No serial number again that an aiocb of the parent's has. */
	engine = (struct engine){
		.idle_seconds = idle, .free_requests = number,
	};
	kind_forget();
	native_forget();
	wait_forget();
	worker_forget();
}

/* ---- memory ---- */

enum { PIECE = 256, PIECES = 1 << 16 };

/* As many descriptors as requests: when one is wanted, one is free. */
static struct piece {
	struct request requests[PIECE];
	unsigned next_free[PIECE];	/* index + 1 */
	struct aiocb *adopted[PIECE];	/* guarded by the lock: whose it is */
	uint64_t life[PIECE];		/* atomic: serial << 32 | LIFE_* */
	struct descriptor descriptors[PIECE];
} *pieces[PIECES];

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

/* A request's own words may be another's at any time, who fills it without the
 * lock: so who looks for the request of an aiocb looks here. */
static struct aiocb **adopted(unsigned index)
{
	return &pieces[index / PIECE]->adopted[index % PIECE];
}

/* Of a native request, while it has this serial number. */
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
	/* After fork, in the child: the parent's are free memory. */
	if (!*piece)
		*piece = memory(sizeof(**piece));
	if (!*piece)
		return 0;
	/* Release: whoever finds an index finds its memory. */
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
 * The first of the free list.  Between our look at it and the exchange others
 * may have taken it and given it back, with another behind it: then the number
 * above the index differs.  What we read of it meanwhile is still memory.  No
 * two of 2^32 changes make the same number: it is the request's serial number,
 * too.
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

static void descriptor_free(struct descriptor *d)
{
	struct descriptor **at = &engine.buckets[d->fd % BUCKETS];

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

/* One that has to wait for its like. */
static int alike(const struct request *a, const struct request *b)
{
	return a->flags & b->flags & ORDERED && a->op == b->op;
}

static void unlink_request(struct request *r);
static void life_goes_on(unsigned index, uint64_t what);

/* To be filled further, then sent. */
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

/* Whoever has the lock next adopts it; r is not ours any more. */
void request_send(struct request *r, int where)
{
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
	 * The worker says that it sleeps, then looks into the inbox; we put
	 * something there, then look whether it sleeps.  Both seq_cst: one of
	 * us sees the other.
	 */
	if (where == NATIVE || !__atomic_load_n(&engine.sleeping,
						__ATOMIC_SEQ_CST))
		return;
	/* No signal handler may wait for the worker before the bell rings. */
	old = block_signals();
	if (wake_worker())
		worker_bell();
	restore_signals(old);
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
		struct descriptor *d = descriptor_of(r->fd, 1);

		next = r->next;
		*adopted(r->index) = r->cb;
		r->descriptor = d;
		r->earlier = d->last;
		*(d->last ? &d->last->later : &d->first) = r;
		d->last = r;
		if (r->where == NATIVE)
			engine.natives++;
		else
			request_start(r);
	}
}

void engine_adopt(void)
{
	struct request *ended = NULL, *next;

	/* First: what has ended was sent before that. */
	if (__atomic_load_n(&engine.ended, __ATOMIC_RELAXED))
		ended = __atomic_exchange_n(&engine.ended, NULL,
					    __ATOMIC_ACQUIRE);
	if (__atomic_load_n(&engine.inbox, __ATOMIC_RELAXED))
		adopt_sent();
	for (; ended; ended = next) {
		next = ended->next_ended;
		engine.natives--;
		unlink_request(ended);
		*adopted(ended->index) = NULL;
		life_goes_on(ended->index, LIFE_UNLINKED);
	}
}

/* The request at index, if it is cb's still, or NULL. */
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

/*
 * An fsync does not wait for a request that somebody ends alone: it is done, and
 * a signal handler may keep him from saying so.  The others wait for the lock.
 */
static int ends_alone(const struct request *r)
{
	return r->where == NATIVE &&
	       __atomic_fetch_or(life(r->index), LIFE_AWAITED,
				 __ATOMIC_ACQ_REL) & LIFE_ALONE;
}

static int turn(const struct request *r)
{
	if (is_sync(r) && !(r->flags & STREAM)) {
		int first = 1;

		/* All of them: each is awaited from now on. */
		for (const struct request *e = r->earlier; e; e = e->earlier)
			first &= ends_alone(e);
		return first;
	}
	if (!(r->flags & ORDERED))
		return 1;
	for (const struct request *e = r->earlier; e; e = e->earlier)
		if (alike(e, r))
			return 0;
	return 1;
}

void request_ready(struct request *r)
{
	r->where = READY;
	list_add(&engine.ready, r);
}

void request_start(struct request *r)
{
	engine.load++;
	if (turn(r)) {
		request_ready(r);
		return;
	}
	if (is_sync(r)) {
		engine.held_syncs++;
		engine.news = 1;
	}
}

/* Atomic: the worker looks at its other flags without the lock. */
void request_stop(struct request *r)
{
	__atomic_fetch_or(&r->flags, STOP, __ATOMIC_RELAXED);
}

static void start_held(struct request *r)
{
	if (is_sync(r))
		engine.held_syncs--;
	request_ready(r);
}

void group_owe(struct group *g)
{
	g->next = NULL;
	*(engine.owed ? engine.owed_end : &engine.owed) = g;
	engine.owed_end = &g->next;
	engine.owes = 1;
	engine.load++;
}

void owe(const struct sigevent *sigev)
{
	struct group *g = group_new();

	if (!g)
		return;			/* not even memory to remember it */
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
		engine.load++;
		return;
	}
	group_free(g);
}

void group_leave(struct group *g)
{
	/* Release and acquire: who sees no more pending sees all results. */
	if (__atomic_sub_fetch(&g->pending, 1, __ATOMIC_ACQ_REL))
		return;
	if (g->notify) {
		group_telling(g);
	} else {
		group_free(g);
	}
}

/* Take r out of its list, and start who waited for it. */
static void unlink_request(struct request *r)
{
	struct descriptor *d = r->descriptor;
	struct request *next = r->later;

	*(r->earlier ? &r->earlier->later : &d->first) = r->later;
	*(r->later ? &r->later->earlier : &d->last) = r->earlier;
	r->descriptor = NULL;
	if (!d->first) {
		descriptor_free(d);
		return;
	}
	if (r->flags & ORDERED && r->where != HELD) {
		while (next && !alike(r, next))
			next = next->later;
		if (next)
			start_held(next);
	}
	if (!engine.held_syncs)
		return;
	for (next = d->first; next && ends_alone(next); next = next->later)
		;
	if (next && is_sync(next) && next->where == HELD)
		start_held(next);
}

/* Who cancelled r hears how that ended; a late answer of the ring's is not. */
static void answer_cancel(struct request *r, long result)
{
	struct request **at = &engine.cancels;

	while (*at && *at != r)		/* found no room in the ring yet */
		at = &(*at)->next_cancel;
	if (*at)
		*at = r->next_cancel;
	r->by->left--;
	r->by->done += result == -ECANCELED;
	/* A short write: it was in progress, and is over now. */
	r->by->refused += r->op == OP_WRITE && result >= 0;
	r->by = NULL;
}

/* An answer of the ring's that is still to come names r: it must not be
 * another request by then. */
void request_over(struct request *r)
{
	if (r->asked) {
		r->where = ENDED;
		return;
	}
	engine.load--;
	request_free(r);
}

/*
 * The end of r, under the lock.  What follows the publication must not touch
 * the program's aiocb: it may be gone.
 */
void request_end(struct request *r, long result)
{
	int counted = r->where != NATIVE;
	struct group *g = r->group;

	if (r->where == HELD && is_sync(r))
		engine.held_syncs--;
	if (r->by)
		answer_cancel(r, result);
	unlink_request(r);
	engine.done_bits |= bit_of(r->index);
	if (r->flags & COUNTED)
		kind_leave(r->fd);
	*adopted(r->index) = NULL;
	publish(r->cb, result);
	r->cb = NULL;
	if (r->sigev.sigev_notify == SIGEV_SIGNAL &&
	    notify_signal(&r->sigev) == -EAGAIN)
		owe(&r->sigev);
	if (r->sigev.sigev_notify == SIGEV_THREAD) {
		r->where = TELLING;	/* stays counted in the load */
		list_add(&engine.telling, r);
	} else if (counted) {
		request_over(r);
	} else {
		request_free(r);
	}
	if (g)
		group_leave(g);
}

/* ---- the end of a native request, without the lock ---- */

/*
 * Two words decide, each by a compare-and-swap.  The request's life: who claims
 * it ends it, under the lock or alone.  The aiocb's status word: alone, anybody
 * who was asked about this aiocb may change it, the claimer or who finds it
 * claimed; it is changed once, and only while it has this serial number.  So a
 * signal handler waits for nothing that the thread below it was about to do, and
 * a late comer does not touch what the program has used again.
 *
 *   claim -> to engine.ended -> publish      freed by the last of
 *                  unlink, under the lock    publish and unlink
 *
 * A signal handler that interrupts between the first two and leaves by longjmp
 * leaves a request of ours behind, which is never unlinked; its result is told
 * all the same.
 */

/* It needs nothing more from who sees its event. */
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

/* Claimed without the lock, and not another request yet. */
int request_ends_alone(uint32_t serial, unsigned index)
{
	uint64_t now;

	if (index >= __atomic_load_n(&engine.requests, __ATOMIC_ACQUIRE))
		return 0;
	now = __atomic_load_n(life(index), __ATOMIC_ACQUIRE);
	return now >> 32 == serial && now & LIFE_ALONE;
}

static void life_goes_on(unsigned index, uint64_t what)
{
	uint64_t both = LIFE_PUBLISHED | LIFE_UNLINKED;
	uint64_t was = __atomic_fetch_or(life(index), what, __ATOMIC_ACQ_REL);

	if ((was & both) == both - what)
		request_free(request_at(index));
}

static void to_be_unlinked(struct request *r)
{
	struct request *first = __atomic_load_n(&engine.ended,
						__ATOMIC_RELAXED);

	do {
		r->next_ended = first;
	} while (!__atomic_compare_exchange_n(&engine.ended, &first, r, 0,
					      __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED));
}

/*
 * All of it was transferred: the return value lies there since the start.
 * word is what cb's status word was when the event was looked for.
 */
void request_end_alone(struct aiocb *cb, uint64_t word, unsigned index)
{
	if (claim(index, word >> 32 << 32, LIFE_ALONE)) {
		struct request *r = request_at(index);

		if (__atomic_load_n(&r->flags, __ATOMIC_RELAXED) & COUNTED)
			kind_leave(r->fd);
		to_be_unlinked(r);
	} else if (!request_ends_alone(word >> 32, index)) {
		return;
	}
	/* Release: as publish() does. */
	if (!__atomic_compare_exchange_n(word_of(cb), &word, 0, 0,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return;
	life_goes_on(index, LIFE_PUBLISHED);
	wake_waiters(bit_of(index));
	wait_interrupt_leader(bit_of(index));
}
